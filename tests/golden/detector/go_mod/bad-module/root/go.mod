require (
	host.example/a v1.0.0
