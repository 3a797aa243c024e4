module example.org/redirect

go 1.21
