package store

import "github.com/waguard/waguard/policy"

// Doors for tests that need an engine.

// ChunkLooks is how many entries are looked at before a webhook is answered.
const ChunkLooks = chunkLooks

// NewTestEntry is a reserved send to an alias.
var NewTestEntry = newEntry

// EndSearch ends the search for people who stopped marketing.
func (s *Book) EndSearch() { s.stops.end() }

// MostAccounts is how many accounts are known.
const MostAccounts = mostAccounts

// AccountsListed is how many are.
func (s *Book) AccountsListed() int { return len(s.known.listed) }

// TemplateFacts are what is known about a template.
func (s *Book) TemplateFacts(waba string, ref policy.TemplateRef) policy.TemplateFacts {
	f, err := s.templateFacts(nil, waba, testNumber, ref)
	if err != nil {
		panic(err) // it is in memory
	}
	return f
}

// InFlight is how many heads of unsettled entries are kept in memory.
func (s *Book) InFlight() int {
	s.inFlight.mu.Lock()
	defer s.inFlight.mu.Unlock()
	return len(s.inFlight.heads)
}
