// Command headers makes maps with hints, stores nothing in them, and prints what their headers start with.
package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"
)

var (
	unset   map[string]int
	literal = map[string]int{}
	hint8   = make(map[string]int, 8)
	hint9   = make(map[string]int, 9)
	hint100 = make(map[string]int, 100)
)

func main() {
	for _, each := range []struct {
		name string
		m    *map[string]int
	}{{"unset", &unset}, {"literal", &literal}, {"hint8", &hint8}, {"hint9", &hint9}, {"hint100", &hint100}} {
		// A variable that is a map is a pointer to its header.
		header := *(*unsafe.Pointer)(unsafe.Pointer(each.m))
		if header == nil {
			fmt.Printf("own view: %-8s no header\n", each.name)
			continue
		}
		fmt.Printf("own view: %-8s %s\n", each.name, fields(header))
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGABRT); err != nil {
		panic(err)
	}
	time.Sleep(time.Minute)
}

func made(storage unsafe.Pointer) string {
	if storage == nil {
		return "nil"
	}
	return "allocated"
}
