package badger

import (
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/waguard/waguard/policy"
)

// contactCache keeps, by alias, the contact each alias belongs to; for unknown
// aliases an empty one. The contacts are shared and never changed.
type contactCache struct {
	lru *lru.Cache[policy.Alias, *policy.Contact]
	// stripes keep a slow reader from putting back what a write has made stale.
	//
	// The invariant: once a write is acknowledged, the cache holds nothing older
	// than it. The writer, after the commit and before the acknowledgement, locks
	// the stripe of every alias of a changed contact, counts its generation up
	// and removes the alias. A reader notes the generation before it opens its
	// snapshot, and fills the cache under the stripe's lock and only if the
	// generation is still the same. So a fill comes either before the removal,
	// and is removed; or after it, with an older generation, and is dropped; or
	// from a snapshot that was opened after the removal, hence after the commit,
	// and is not stale.
	stripes [256]stripe
}

// stripe counts the changes to the aliases that share it.
type stripe struct {
	// mu guards generation, and that fills and removals of these aliases don't
	// overlap.
	mu         sync.Mutex
	generation uint64
}

func newContactCache(size int) *contactCache {
	c, err := lru.New[policy.Alias, *policy.Contact](size)
	if err != nil {
		panic(err) // the size is not positive, which Open sees to
	}
	return &contactCache{lru: c}
}

// stripe is that of an alias. Aliases are evenly distributed.
func (c *contactCache) stripe(a policy.Alias) *stripe { return &c.stripes[a[0]] }

func (c *contactCache) get(a policy.Alias) (*policy.Contact, bool) { return c.lru.Get(a) }

// generation is to be noted before opening the snapshot whose contact is handed
// to fill.
func (c *contactCache) generation(a policy.Alias) uint64 {
	s := c.stripe(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.generation
}

// fill remembers what a reader has found, unless it may be stale.
func (c *contactCache) fill(a policy.Alias, contact *policy.Contact, generation uint64) {
	s := c.stripe(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.generation == generation {
		c.lru.Add(a, contact)
	}
}

// forget drops what is known about a. Only the writer calls it.
func (c *contactCache) forget(a policy.Alias) {
	s := c.stripe(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
	c.lru.Remove(a)
}
