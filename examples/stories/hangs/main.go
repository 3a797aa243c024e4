// Command hangs keeps for each device its last samples, and settings by number. Samples are cleared by way of unsafe, to be
// fast, and by a length that is wrong. One day the service does not answer any more, and one of its processors is busy: the
// watchdog, which sees that no request has been done for a second, has it leave a core.
package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const samples = 36

type device struct {
	last     *[samples]uint32
	settings map[uint32]uint32
}

var (
	devices [100]*device
	done    atomic.Int64
)

func newDevice() *device {
	d := &device{last: new([samples]uint32), settings: make(map[uint32]uint32, 9)}
	for i := range d.last {
		d.last[i] = uint32(1000 + i)
	}
	for number := uint32(1); number <= 9; number++ {
		d.settings[number] = 100 * number
	}
	return d
}

// reset clears the samples; their number of bytes would be right for a byte's pointer.
func (d *device) reset() {
	clear(unsafe.Slice((*uint16)(unsafe.Pointer(d.last)), unsafe.Sizeof(*d.last)))
}

func (d *device) set(number, value uint32) {
	d.settings[number] = value
	done.Add(1)
}

func serve() {
	for _, d := range devices {
		d.reset()
		d.set(3, 7)
	}
}

func watchdog() {
	for before := int64(-1); before != done.Load(); time.Sleep(time.Second) {
		before = done.Load()
	}
	fmt.Println("no request was done for a second")
	if err := syscall.Kill(os.Getpid(), syscall.SIGABRT); err != nil {
		panic(err)
	}
	time.Sleep(time.Minute)
}

func main() {
	for i := range devices {
		devices[i] = newDevice()
	}
	go serve()
	watchdog()
}
