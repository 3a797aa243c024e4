// Command unmapped indexes a file by its lines. It maps the file into memory, and its keys are strings that lie in there,
// not copied. When the file is replaced it is mapped anew, and the old mapping goes; but the index still has keys in it.
package main

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

type index struct {
	file   []byte
	byLine map[string]int
}

var words = &index{byLine: map[string]int{}}

// load has the index of a file that holds content.
func (x *index) load(content []byte) {
	file, err := os.CreateTemp("", "words")
	check(err)
	defer os.Remove(file.Name())
	_, err = file.Write(content)
	check(err)
	old := x.file
	x.file, err = syscall.Mmap(int(file.Fd()), 0, len(content), syscall.PROT_READ, syscall.MAP_PRIVATE)
	check(err)
	if old != nil {
		check(syscall.Munmap(old))
	}
	for number, line := range bytes.Split(x.file, []byte("\n")) {
		if len(line) > 0 {
			x.byLine[unsafe.String(&line[0], len(line))] = number
		}
	}
}

func lines(prefix string, n int) []byte {
	var text bytes.Buffer
	for i := 0; i < n; i++ {
		fmt.Fprintf(&text, "%s number %d, long enough to be compared\n", prefix, i)
	}
	return text.Bytes()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	words.load(lines("the first", 100))
	words.load(lines("the other", 200))
	fmt.Println(len(words.byLine), "lines")
}
