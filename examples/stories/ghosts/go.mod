module example.org/ghosts

go 1.20
