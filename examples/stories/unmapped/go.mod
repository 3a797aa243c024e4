module example.org/unmapped

go 1.20
