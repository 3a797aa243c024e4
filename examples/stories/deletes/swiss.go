//go:build go1.24

package main

import "unsafe"

// seed is Map.seed.
func seed(header unsafe.Pointer) uintptr { return *(*uintptr)(unsafe.Add(header, 8)) }

// first: the lowest seven bits of the hash go into the control byte, the next one chooses one of two groups.
func first(hash uintptr) bool { return hash>>7&1 == 0 }
