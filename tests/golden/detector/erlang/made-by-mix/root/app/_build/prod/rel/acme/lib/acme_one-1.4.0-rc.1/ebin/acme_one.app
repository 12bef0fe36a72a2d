{application,acme_one,
             [{applications,[kernel,stdlib,elixir,logger,acme_two]},
              {description,"acme_one"},
              {modules,['Elixir.AcmeOne']},
              {registered,[]},
              {vsn,"1.4.0-rc.1"}]}.
