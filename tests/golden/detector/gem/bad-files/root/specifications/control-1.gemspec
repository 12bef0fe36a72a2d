# stub: control 1 ruby lib
