module example.com/x

go 1.20

require example.com/a v1.0.0

replace example.com/a v1.0.0 => example.com/b v2.0.0

replace example.com/a => example.com/c v3.0.0
