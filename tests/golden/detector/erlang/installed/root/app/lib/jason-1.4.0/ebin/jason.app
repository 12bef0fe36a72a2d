{application,jason,
             [{applications,[kernel,stdlib,elixir]},
              {description,"A blazing fast JSON parser and generator in pure Elixir.\n"},
              {modules,['Elixir.Jason']},
              {registered,[]},
              {vsn,"1.4.0"}]}.
