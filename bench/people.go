package main

import (
	"fmt"
	"math/rand/v2"
)

// contact is the phone number of a person the gateway knows, in bare digits, as
// Meta writes them.
func contact(i int) string { return fmt.Sprintf("49151%08d", i) }

// stranger is the phone number of a person it doesn't know.
func stranger(i int) string { return fmt.Sprintf("49152%08d", i) }

// spellings are the ways in which senders write phone numbers. Meta's own
// documentation has bare digits.
var spellings = map[string]func(number string, i int) string{
	"digits": func(number string, _ int) string { return number },
	"plus":   func(number string, _ int) string { return "+" + number },
	"mixed": func(number string, i int) string {
		if i%2 == 0 {
			return number
		}
		return "+" + number
	},
}

// spreads are the ways in which people are drawn.
var spreads = map[string]func(r *rand.Rand, people int) func() int{
	"uniform": func(r *rand.Rand, people int) func() int { return func() int { return r.IntN(people) } },
	"zipf": func(r *rand.Rand, people int) func() int {
		z := rand.NewZipf(r, zipfExponent, 1, uint64(people-1))
		return func() int { return scattered(z.Uint64(), people) }
	},
}

// zipfExponent makes the first hundredth of 100,000 people get three quarters of
// the messages.
const zipfExponent = 1.1

// scattered is person n in an order that jumps about, so that those who get many
// messages don't lie side by side. The stride is a prime larger than the number of
// people can be, so that each has one place.
func scattered(n uint64, people int) int { return int(n * 2_654_435_761 % uint64(people)) }
