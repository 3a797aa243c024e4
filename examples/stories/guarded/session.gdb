set environment GODEBUG asyncpreemptoff=1
tbreak main.serve
run
gomap-guard main.sessions
continue
gomap-guard -off
