//go:build !go1.24

package main

import "unsafe"

// seed is hmap.hash0.
func seed(header unsafe.Pointer) uintptr { return uintptr(*(*uint32)(unsafe.Add(header, 12))) }

// first: the lowest bit of the hash chooses one of two buckets.
func first(hash uintptr) bool { return hash&1 == 0 }
