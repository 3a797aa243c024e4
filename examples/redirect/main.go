// Command redirect keeps a shop's stock in a map and looks one fruit up each time round. A debugger can have it reserve
// memory, by calling main.reserve.
package main

import (
	"fmt"
	"runtime"
)

var (
	stock = map[string]int{"apples": 3, "pears": 5, "quinces": 7}
	// reserved has room for one bucket or group of such a map, and the collector looks for pointers in it as in these.
	reserved *[26]*byte
)

//go:noinline
func reserve() {
	reserved = new([26]*byte)
}

// stop is where the debugger stops.
//
//go:noinline
func stop() {}

func main() {
	runtime.LockOSThread()
	if stock == nil {
		reserve()
	}
	for {
		stop()
		fmt.Println("pears:", stock["pears"])
	}
}
