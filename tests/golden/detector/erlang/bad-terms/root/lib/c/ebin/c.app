{application, c, [{description, "no version"}]}.
