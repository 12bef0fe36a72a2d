module host.example/shop

go 1.22.0

toolchain go1.22.5

require (
	github.com/pkg/errors v0.9.0 // why not
	golang.org/x/text v0.14.0
)

replace github.com/pkg/errors => github.com/pkg/errors v0.9.1
