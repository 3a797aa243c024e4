// Command writers keeps sessions in a map with a mutex beside it, and one of its two functions that write to the map
// forgets the mutex. All is well for a few milliseconds.
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

// logins has people log in, one by one, as a handler would.
func (s *store) logins() {
	for i := 0; ; i++ {
		token := fmt.Sprint("t-", i%1000)
		s.mu.Lock()
		s.byToken[token] = &session{user: "ada"}
		s.mu.Unlock()
	}
}

// renewals has them seen again, and forgets the mutex.
func (s *store) renewals() {
	for i := 0; ; i++ {
		s.byToken[fmt.Sprint("t-", i%1000)] = &session{user: "ada", seen: i}
	}
}

func main() {
	go sessions.logins()
	go sessions.renewals()
	select {}
}
