module m
require (
	host.example/a
	host.example/b latest
)
require host.example/c v1.0.0
replace host.example/c
replace host.example/c =>
