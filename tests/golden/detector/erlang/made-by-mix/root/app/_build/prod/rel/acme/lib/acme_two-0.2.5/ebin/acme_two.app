{application,acme_two,
             [{applications,[kernel,stdlib,elixir,logger]},
              {description,"acme_two"},
              {modules,['Elixir.AcmeTwo']},
              {registered,[]},
              {vsn,"0.2.5"}]}.
