package store

import (
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/waguard/waguard/policy"
)

// contactCache keeps of a [Sole] engine's records, by alias, the record of the contact each alias belongs to;
// for unknown aliases an empty one. The records are shared and never changed.
//
// It keeps records as they are on disk: decoding one takes less than a
// microsecond, and kept decoded, 100,000 of them take four times the memory and
// a tenth of all CPU in garbage collection.
type contactCache struct {
	lru *lru.Cache[policy.Alias, []byte]
	// stripes keep a slow reader from putting back what a write has made stale.
	//
	// The invariant: once a write is acknowledged, the cache holds nothing older
	// than it. Between a commit and its acknowledgement somebody locks
	// the stripe of every alias of a changed contact, counts its generation up
	// and replaces what the cache holds for the alias. A reader notes the
	// generation before it opens its snapshot, and fills the cache under the
	// stripe's lock and only if the generation is still the same. So a fill comes
	// either before the replacement, and is replaced; or after it, with an older
	// generation, and is dropped; or from a snapshot that was opened after the
	// replacement, hence after the commit, and is not stale.
	stripes [256]stripe
}

// stripe counts the changes to the aliases that share it.
type stripe struct {
	// mu guards generation, and that fills and replacements of these aliases don't
	// overlap.
	mu         sync.Mutex
	generation uint64
}

func newContactCache(size int) *contactCache {
	c, err := lru.New[policy.Alias, []byte](size)
	if err != nil {
		panic(err) // the size is not positive, which Open sees to
	}
	return &contactCache{lru: c}
}

// stripe is that of an alias. Aliases are evenly distributed.
func (c *contactCache) stripe(a policy.Alias) *stripe { return &c.stripes[a[0]] }

// get is the contact a belongs to. It reports false where that isn't known.
func (c *contactCache) get(a policy.Alias) (*policy.Contact, bool) {
	record, ok := c.lru.Get(a)
	if !ok {
		return nil, false
	}
	return cached(record, new(policy.Contact))
}

// peek is like get for who changes the contact, and so replaces it in a moment:
// that it was asked for need not be noted. It gives the record as well, and may read
// it into a contact that is spare.
func (c *contactCache) peek(a policy.Alias, spare *policy.Contact) (contact *policy.Contact, record []byte, ok bool) {
	if record, ok = c.lru.Peek(a); !ok {
		return nil, nil, false
	}
	contact, ok = cached(record, spare)
	return contact, record, ok
}

func cached(record []byte, into *policy.Contact) (*policy.Contact, bool) {
	if len(record) == 0 {
		return nobody, true
	}
	r, err := decodeContactInto(into, record)
	if err != nil || r.Contact == nil {
		return nil, false // it is read again, and the error with it
	}
	return r.Contact, true
}

// generation is to be noted before opening the snapshot whose record is handed
// to fill.
func (c *contactCache) generation(a policy.Alias) uint64 {
	s := c.stripe(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.generation
}

// fill remembers what a reader has found, unless it may be stale.
func (c *contactCache) fill(a policy.Alias, record []byte, generation uint64) {
	s := c.stripe(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.generation == generation {
		c.lru.Add(a, record)
	}
}

// replace makes record what is known about a: who was just heard of is likely to
// be written to. It is called once for each commit, in their order.
func (c *contactCache) replace(a policy.Alias, record []byte) {
	s := c.stripe(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
	c.lru.Add(a, record)
}
