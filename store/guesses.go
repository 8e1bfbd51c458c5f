package store

import (
	"slices"
	"sync"
	"time"
)

// guesses are what the facts about a send are likely to be read of besides what is known
// from the start, so that it can be read in the same round trip. Where they are wrong it is
// read after all.
type guesses struct {
	mu sync.Mutex
	// read are business phone numbers as they were last read, and when.
	read map[string]readNumberAt
	// numbers are those that people had to do with who were sent to from others.
	numbers []string
}

const (
	// mostRead bounds how many business phone numbers are remembered.
	mostRead = 1024
	// freshFor is how long what is known of one is told again without a look, where it
	// isn't what a send is judged by: a spelling, and by it a country.
	freshFor = time.Second
	// mostNumbers bounds what is read for nothing.
	mostNumbers = 8
)

type readNumberAt struct {
	Number
	at time.Time
}

// saw notes what was read of a business phone number.
func (g *guesses) saw(phoneNumberID string, n Number) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.read == nil || len(g.read) >= mostRead {
		g.read = make(map[string]readNumberAt)
	}
	g.read[phoneNumberID] = readNumberAt{n, time.Now()}
}

// fresh is what was read of a business phone number just now, if that was anything.
func (g *guesses) fresh(phoneNumberID string) (Number, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, ok := g.read[phoneNumberID]
	return n.Number, ok && n.Display != "" && time.Since(n.at) < freshFor
}

// forget forgets what was read of a business phone number, since that has changed.
func (g *guesses) forget(phoneNumberID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.read, phoneNumberID)
}

// number notes one that a person had to do with.
func (g *guesses) number(phoneNumberID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if slices.Contains(g.numbers, phoneNumberID) {
		return
	}
	g.numbers = append(g.numbers, phoneNumberID)
	if len(g.numbers) > mostNumbers {
		g.numbers = g.numbers[1:]
	}
}

// account is the WABA that a business phone number was of; "" where nobody knows.
func (g *guesses) account(phoneNumberID string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.read[phoneNumberID].WABA
}

// keys are those of records that are needed for a send from a business phone number.
func (g *guesses) keys(phoneNumberID string) (keys [][]byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if display := g.read[phoneNumberID].Display; display != "" {
		keys = append(keys, limitSubject{limitedDisplay, display}.key())
	}
	for _, number := range g.numbers {
		if number != phoneNumberID {
			keys = append(keys, numberKey(number))
		}
	}
	return keys
}
