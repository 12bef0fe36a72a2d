{application,elixir,[{description,"cut short"},{vsn,"1.14.0"}]}.
