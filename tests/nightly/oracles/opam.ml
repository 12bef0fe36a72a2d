(* SPDX-License-Identifier: Apache-2.0 *)
(* What opam makes of pairs of versions: "A<TAB>B" lines in; "<op>--" lines out. Built with opam's own opamVersionCompare.ml. *)
let () =
  try
    while true do
      match String.split_on_char '\t' (input_line stdin) with
      | [ a; b ] ->
        let c = OpamVersionCompare.compare a b in
        print_string (if c < 0 then "<--\n" else if c > 0 then ">--\n" else "=--\n")
      | _ -> failwith "no pair"
    done
  with End_of_file -> ()
