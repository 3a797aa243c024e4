// Command writers keeps sessions in a map with a mutex beside it, and one of its two functions that write to the map
// forgets the mutex. It serves well for a few milliseconds.
package main

import (
	"fmt"
	"sync"
)

type session struct {
	user string
	seen int
}

type store struct {
	mu      sync.Mutex
	byToken map[string]*session
}

var sessions = &store{byToken: map[string]*session{}}

//go:noinline
func (s *store) login(token, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byToken[token] = &session{user: user}
}

//go:noinline
func (s *store) renew(token string, seen int) {
	s.byToken[token] = &session{user: "renewed", seen: seen}
}

func main() {
	go func() {
		for i := 0; ; i++ {
			sessions.login(fmt.Sprint("t-", i%1000), "ada")
		}
	}()
	for i := 0; ; i++ {
		sessions.renew(fmt.Sprint("t-", i%1000), i)
	}
}
