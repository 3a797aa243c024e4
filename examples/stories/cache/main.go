// Command cache has a cache that was full once. It throws out what is old, as it should; and yet its memory does not come
// back. After the rush it does nothing any more, and whoever watches its memory takes a core of it: kill -ABRT.
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

type page struct {
	hash [32]byte
	size int
}

type cache struct {
	name  string
	pages map[string]page
}

var front = &cache{name: "front", pages: map[string]page{}}

func (c *cache) put(i int) { c.pages[fmt.Sprint("/page/", i)] = page{size: i} }

func (c *cache) evict(i int) { delete(c.pages, fmt.Sprint("/page/", i)) }

func main() {
	for i := 0; i < 200_000; i++ {
		front.put(i)
	}
	for i := 0; i < 190_000; i++ {
		front.evict(i)
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("%d pages, %d MB in use\n", len(front.pages), m.HeapAlloc>>20)
	if err := syscall.Kill(os.Getpid(), syscall.SIGABRT); err != nil {
		panic(err)
	}
	time.Sleep(time.Minute)
}
