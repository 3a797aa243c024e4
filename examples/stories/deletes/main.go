// Command deletes stores ten keys in a map of two buckets, or of a table of two groups, such that all ten belong in the
// first, which has room for eight. Then it deletes some. Each of its maps has come one step further than the one before.
package main

import (
	"os"
	"syscall"
	"time"
	"unsafe"
)

// An element says when it was stored: 0 is the first, 9 the last.
var (
	stored = crowded()
	some   = crowded(3, 9)
	most   = crowded(3, 9, 8, 7, 6, 5, 4)
	again  = crowded(3, 9, 8, 7, 6, 5, 4)
	none   = crowded(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	small  = map[string]int{"a": 1, "b": 2, "c": 3}
)

// crowded makes a map of ten keys that belong together, and deletes some by the order in which they were stored.
func crowded(deleted ...int) map[int]int {
	m := make(map[int]int, 13)
	keys := belongFirst(m, 10)
	for number, key := range keys {
		m[key] = number
	}
	for _, number := range deleted {
		delete(m, keys[number])
	}
	return m
}

// belongFirst finds keys that a lookup seeks in the first bucket or group of m. It asks the runtime's own hash function,
// which stands in the description of the map's type: behind the 48 bytes that all types have, and three pointers.
func belongFirst(m map[int]int, n int) (keys []int) {
	var holder any = m
	words := (*[2]unsafe.Pointer)(unsafe.Pointer(&holder))
	hash := *(*func(unsafe.Pointer, uintptr) uintptr)(unsafe.Add(words[0], 48+3*8))
	for key := 100; len(keys) < n; key++ {
		if _, there := m[key]; !there && first(hash(unsafe.Pointer(&key), seed(words[1]))) {
			keys = append(keys, key)
		}
	}
	return keys
}

func main() {
	again[belongFirst(again, 1)[0]] = 10
	delete(small, "b")
	if err := syscall.Kill(os.Getpid(), syscall.SIGABRT); err != nil {
		panic(err)
	}
	time.Sleep(time.Minute)
}
