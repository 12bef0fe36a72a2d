{application, kernel,
 [{description, "cut short"}, {vsn, "8.5.3"}]}.
