module example.org/writers

go 1.19
