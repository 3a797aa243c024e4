module example.org/reused

go 1.20
