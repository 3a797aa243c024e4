// Command assigned has a map in two variables, and a clone of it. Who changes what?
package main

import (
	"maps"
	"os"
	"syscall"
	"time"
)

var (
	prices = map[string]int{"apples": 3, "pears": 5, "plums": 2}
	offers = prices
	backup = maps.Clone(prices)

	baskets = map[string][]string{"ada": {"apples"}, "ken": {"pears"}}
	saved   = maps.Clone(baskets)
)

// reduce changes the map that its caller has, as its parameter leads to the same one.
func reduce(m map[string]int) { m["pears"] = 1 }

// replace leaves the caller's variable alone, and gives its own parameter another map.
func replace(m map[string]int) {
	m = map[string]int{"cherries": 9}
	m["cherries"]++
}

func main() {
	reduce(offers)
	replace(offers)
	delete(prices, "plums")
	baskets["ada"][0] = "quinces"
	if err := syscall.Kill(os.Getpid(), syscall.SIGABRT); err != nil {
		panic(err)
	}
	time.Sleep(time.Minute)
}
