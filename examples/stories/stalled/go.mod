module example.org/stalled

go 1.20
