module example.org/assigned

go 1.21
