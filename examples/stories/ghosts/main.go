// Command ghosts damages three maps the way that a stray write or a race can, with overflow buckets that are something else
// by now. Nothing crashes; it prints what goes wrong instead. Only maps of Go up to 1.23 have overflow buckets.
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// header is an hmap, bucket what its buckets are where keys and elements are words.
type header struct {
	count      int
	flags, b   uint8
	noverflow  uint16
	hash0      uint32
	buckets    *[2]bucket
	oldbuckets unsafe.Pointer
	nevacuate  uintptr
	extra      *struct{ overflow, oldoverflow *[]*bucket }
}

type bucket struct {
	tophash     [8]uint8
	keys, elems [8]int
	overflow    *bucket
}

// session is as large as a bucket, and has a pointer where a bucket has that to its overflow bucket.
type session struct {
	fields  [17]int
	archive *[128]int
}

var (
	missed   = map[int]int{}
	repeated = map[int]int{}
	kept     = map[int]*int{}

	last     int // the key that was stored last
	reused   []*[18]int
	finished bool
)

func main() {
	// The map forgets its overflow bucket, on whose list alone it is for the collector; and the memory is used anew.
	missed, last = crowded()
	h := *(**header)(unsafe.Pointer(&missed))
	freed := uintptr(unsafe.Pointer(h.buckets[0].overflow))
	*h.extra.overflow = nil
	runtime.GC()
	for new := new([18]int); ; new = newer() {
		if uintptr(unsafe.Pointer(new)) == freed {
			break
		}
	}
	_, there := missed[last]
	fmt.Printf("own view: len %d; the key that was stored last is there: %v\n", len(missed), there)

	// One overflow bucket on the chains of both buckets, as if it had been freed and handed out again.
	repeated, _ = crowded()
	h = *(**header)(unsafe.Pointer(&repeated))
	h.buckets[1].overflow = h.buckets[0].overflow
	visited := 0
	for range repeated {
		visited++
	}
	fmt.Printf("own view: len %d; a loop visits %d\n", len(repeated), visited)

	// An overflow pointer that leads to a session, which nobody else has any more.
	kept = make(map[int]*int, 13)
	kept[1] = new(int)
	h = *(**header)(unsafe.Pointer(&kept))
	haunt(h)
	for i := 0; i < 3; i++ {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Printf("own view: the archive of a session that is gone was collected: %v\n", finished)

	if err := syscall.Kill(os.Getpid(), syscall.SIGABRT); err != nil {
		panic(err)
	}
	time.Sleep(time.Minute)
}

// crowded makes a map of two buckets in which ten keys belong in the first, and so two are in its overflow bucket.
func crowded() (m map[int]int, last int) {
	for {
		m = make(map[int]int, 13)
		h := *(**header)(unsafe.Pointer(&m))
		for last = 0; last < 13 && h.noverflow == 0; last++ {
			m[last] = last
		}
		if h.noverflow == 1 && h.buckets[0].overflow != nil {
			return m, last - 1
		}
	}
}

func newer() *[18]int {
	reused = append(reused, new([18]int))
	return reused[len(reused)-1]
}

//go:noinline
func haunt(h *header) {
	ghost := &session{archive: new([128]int)}
	runtime.SetFinalizer(ghost.archive, func(*[128]int) { finished = true })
	h.buckets[0].overflow = (*bucket)(unsafe.Pointer(ghost))
}
