// Command stalled loads a table once, and only reads it from then on. Up to Go 1.23 a map that outgrows its buckets gets
// twice as many, and moves its entries with each further write, two old buckets at a time; where nobody writes any more,
// it keeps both. Whoever watches its memory takes a core of it: kill -ABRT.
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

type rates struct {
	byCode map[uint32][4]float64
}

var table = &rates{byCode: map[uint32][4]float64{}}

// load takes in one entry more than 2^14 buckets hold: a map grows at 6.5 entries a bucket.
func (r *rates) load() {
	for i := 0; i <= 13<<13; i++ {
		r.byCode[uint32(i)] = [4]float64{float64(i)}
	}
}

func main() {
	table.load()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("%d rates, %d MB in use\n", len(table.byCode), m.HeapAlloc>>20)
	if err := syscall.Kill(os.Getpid(), syscall.SIGABRT); err != nil {
		panic(err)
	}
	time.Sleep(time.Minute)
}
