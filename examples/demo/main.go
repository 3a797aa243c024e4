// Command shop is a small web shop that dies as real ones do: it restores a session and forgets to make its cart, and
// the first article put there is written to a nil map. Its other maps are left as a busy process leaves them: the stock
// has just outgrown its memory, and a few articles are sold out.
package main

import "fmt"

// Session is a visitor, with the pieces of each article in the cart.
type Session struct {
	User string
	Cart map[string]int
}

var (
	// sessions has who is logged in, by token.
	sessions = map[string]Session{}
	// stock has how many pieces of each article there are.
	stock = map[string]int{}
)

func main() {
	fill()
	login("t-100", "ada")
	login("t-101", "grace")
	login("t-102", "\x1b[31mmallory")
	restore("t-103", "linus")
	login("t-104", "ken")
	logout("t-101")

	buy("t-100", "article-7", 2)
	buy("t-104", "article-42", 1)
	buy("t-103", "article-7", 1)
	fmt.Println(len(sessions), "sessions") // never reached
}

// fill takes in 1,680 articles, of which 24 sell out. A classic map starts to grow when it gets its 1,665th entry, and
// moves two old buckets with each change from there on.
func fill() {
	for i := 0; i < 1680; i++ {
		stock[fmt.Sprintf("article-%d", i)] = i % 10
	}
	for i := 0; i < 24; i++ {
		delete(stock, fmt.Sprintf("article-%d", 70*i+10))
	}
}

func login(token, user string) {
	sessions[token] = Session{User: user, Cart: map[string]int{}}
}

func restore(token, user string) {
	sessions[token] = Session{User: user}
}

func logout(token string) {
	delete(sessions, token)
}

func buy(token, article string, pieces int) {
	sessions[token].Cart[article] += pieces
	stock[article] -= pieces
}
