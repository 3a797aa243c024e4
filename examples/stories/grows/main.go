// Command grows has an iteration under way over a map of 52 entries whose loop adds nine more. A classic map of 8 buckets is
// full at 52; a Swiss map of one table with 64 slots takes 56. look is where to stop: before each is added, and at last.
package main

import "runtime"

var ages = map[int]int{}

//go:noinline
func look() {}

func main() {
	runtime.LockOSThread() // or a debugger has the goroutine on another thread at every other stop
	for key := 0; key < 52; key++ {
		ages[key] = key
	}
	turns := 0
	for range ages {
		turns++
		if turns > 10 && turns <= 19 {
			look()
			ages[100+turns] = turns
		}
	}
	look()
}
