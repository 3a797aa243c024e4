//go:build go1.24

package main

import (
	"fmt"
	"unsafe"
)

// fields shows dirLen and dirPtr of a Map, and the capacity of its only table.
func fields(header unsafe.Pointer) string {
	storage, length := *(*unsafe.Pointer)(unsafe.Add(header, 16)), *(*int)(unsafe.Add(header, 24))
	shown := fmt.Sprintf("dirLen %d, dirPtr %s", length, made(storage))
	if length == 1 {
		table := *(*unsafe.Pointer)(storage)
		shown += fmt.Sprintf(", a table of %d slots", *(*uint16)(unsafe.Add(table, 2)))
	}
	return shown
}
