{application, 'quoted-app', [{description, "vsn of {vsn"}, {vsn , "1.0.0-rc.1"}]}.
