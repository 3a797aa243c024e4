module example.org/headers

go 1.19
