{application,acme,
             [{applications,[kernel,stdlib,elixir,logger,acme_one]},
              {description,"acme"},
              {modules,['Elixir.Acme']},
              {registered,[]},
              {vsn,"0.1.0"}]}.
