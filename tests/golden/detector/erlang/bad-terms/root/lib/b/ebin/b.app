{application, b, [{vsn, 1}]}.
