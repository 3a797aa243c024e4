module example.org/hangs

go 1.24
