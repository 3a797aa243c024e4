// Command guarded keeps sessions in a map, and metrics that somebody wanted to be fast: the gauge of how many sessions there
// are is a pointer to the map's own count, by package unsafe. Reading it is harmless. But gauges are reset now and then.
package main

import (
	"fmt"
	"runtime"
	"unsafe"
)

type gauge struct {
	name  string
	value *int
}

var (
	sessions = map[string]int{}
	gauges   []gauge
)

func login(user string, at int) { sessions[user] = at }

func logout(user string) { delete(sessions, user) }

// resetGauges is called at midnight.
func resetGauges() {
	for _, each := range gauges {
		*each.value = 0
	}
}

//go:noinline
func serve() {
	for i := 0; i < 150; i++ {
		if i == 100 {
			resetGauges()
		}
		login(fmt.Sprint("user-", i), i)
		if i%3 == 2 {
			logout(fmt.Sprint("user-", i-2))
		}
	}
}

func main() {
	runtime.LockOSThread() // or a debugger has the goroutine on another thread at every other stop
	logins := 0
	gauges = []gauge{{"logins", &logins}, {"sessions", *(**int)(unsafe.Pointer(&sessions))}}
	serve()
	fmt.Println(len(sessions), "sessions")
}
