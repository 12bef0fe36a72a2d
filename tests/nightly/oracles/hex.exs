# SPDX-License-Identifier: Apache-2.0
# What Elixir's Version makes of pairs of versions: "A<TAB>B" lines in; "<op><A valid><B valid>" lines out, as "<11"; "?"
# where it refuses one of them.
parse = fn text ->
  case Version.parse(text) do
    {:ok, v} -> v
    :error -> nil
  end
end

IO.stream(:stdio, :line)
|> Enum.map(fn line ->
  [a, b] = line |> String.trim_trailing("\n") |> String.split("\t") |> Enum.map(parse)
  op = if a && b, do: %{lt: "<", eq: "=", gt: ">"}[Version.compare(a, b)], else: "?"
  [op, if(a, do: "1", else: "0"), if(b, do: "1", else: "0"), "\n"]
end)
|> IO.write()
