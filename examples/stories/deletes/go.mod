module example.org/deletes

go 1.19
