module "host.example/a b" // the name may be quoted
go 1.16
require host.example/one v1.0.0 // indirect
require (
	host.example/two v2.0.0+incompatible
	host.example/local v0.0.0
	host.example/moved v1.0.0
	host.example/kept v1.5.0
)
exclude host.example/two v1.9.0
replace (
	host.example/local => ./local
	host.example/moved v1.0.0 => host.example/elsewhere v1.1.0
	host.example/kept v1.4.0 => host.example/never v1.0.0
)
retract v0.1.0
