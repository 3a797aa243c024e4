// Command overflow fills three maps that are made for the same number of entries, each further than the one before.
package main

import (
	"os"
	"syscall"
	"time"
)

// A classic map that grew to 1024 buckets has 3,329 entries, and at 6,656 it is full: 6.5 to a bucket.
var (
	grown = filled(3_329)
	m5000 = filled(5_000)
	full  = filled(6_656)
)

func filled(n int) map[int]int {
	m := make(map[int]int, 6_656)
	for key := 0; key < n; key++ {
		m[key] = key
	}
	return m
}

func main() {
	if err := syscall.Kill(os.Getpid(), syscall.SIGABRT); err != nil {
		panic(err)
	}
	time.Sleep(time.Minute)
}
