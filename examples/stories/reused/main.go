// Command reused counts requests by path. Its server reads each request into the same buffer, and hands out paths that are
// not copied, as some HTTP servers do to be fast: a string that is kept changes with the next request.
package main

import (
	"fmt"
	"unsafe"
)

// A server has one buffer for all requests.
type server struct {
	buffer [64]byte
}

// read has the next request, and its path; that is good until the request after it is read.
func (s *server) read(request string) string {
	length := copy(s.buffer[:], request)
	return unsafe.String(&s.buffer[len("GET ")], length-len("GET "))
}

type counter struct {
	byPath map[string]int
}

var hits = &counter{byPath: make(map[string]int, 50)}

// serve counts the request's path, and forgets that the map keeps it.
func (c *counter) serve(s *server, request string) {
	c.byPath[s.read(request)]++
}

// report wants to know of each article how often somebody has read it.
func (c *counter) report(articles int) {
	for i := 0; i < articles; i++ {
		if path := fmt.Sprintf("/article/%02d", i); c.byPath[path] == 0 {
			panic(fmt.Sprintf("%d paths are counted, and none is %s", len(c.byPath), path))
		}
	}
}

func main() {
	s := &server{}
	for i := 0; i < 30; i++ {
		hits.serve(s, fmt.Sprintf("GET /article/%02d", i))
	}
	hits.report(30)
}
