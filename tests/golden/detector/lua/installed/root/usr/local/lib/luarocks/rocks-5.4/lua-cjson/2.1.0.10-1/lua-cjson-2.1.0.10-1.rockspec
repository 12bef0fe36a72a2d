package = "lua-cjson"
version = "2.1.0.10-1"
