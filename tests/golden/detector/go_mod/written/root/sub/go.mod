module host.example/v

go 1.23

require host.example/x v1.0.0
