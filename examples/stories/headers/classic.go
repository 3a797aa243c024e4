//go:build !go1.24

package main

import (
	"fmt"
	"unsafe"
)

// fields shows B and buckets of an hmap.
func fields(header unsafe.Pointer) string {
	b, buckets := *(*uint8)(unsafe.Add(header, 9)), *(*unsafe.Pointer)(unsafe.Add(header, 16))
	return fmt.Sprintf("B %d, buckets %s", b, made(buckets))
}
