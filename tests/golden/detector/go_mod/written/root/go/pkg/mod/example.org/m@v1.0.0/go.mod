module example.org/m

go 1.21

require example.org/n v1.2.3
