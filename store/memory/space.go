// Package memory is an engine that keeps everything in memory, for tests: it
// proves in a second what on disks takes a minute, and shows how little an engine
// has to be.
package memory

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"github.com/waguard/waguard/store"
)

// Space is what engines keep, for as long as it is referred to. Several engines
// may be open over one space at a time, as several processes over a database.
type Space struct {
	key []byte // of the pseudonyms

	// mu guards what follows. It is held for single reads and for commits, never
	// while a change runs.
	mu       sync.RWMutex
	records  map[string]record
	journals map[store.Journal]map[store.ID]line
	// version counts commits. Starts counts the engines that had the space alone.
	version, starts uint64
}

// record is a record and the commit that wrote it. A deleted one stays, so that no
// version ever comes again.
type record struct {
	value   []byte
	version uint64
	until   time.Time // zero: for ever
}

type line struct {
	store.Line
	version uint64
	start   uint64 // of the engine that entered it; zero where it had company
}

// NewSpace is an empty space.
func NewSpace() *Space {
	s := &Space{
		key: make([]byte, 32), records: make(map[string]record),
		journals: map[store.Journal]map[store.ID]line{store.Ledger: {}, store.Violations: {}},
	}
	rand.Read(s.key)
	return s
}

// Empty is an empty space with the same key.
func (s *Space) Empty() *Space {
	other := NewSpace()
	other.key = s.key
	return other
}

// Open opens an engine over the space that knows of others. It must be closed.
func (s *Space) Open(now func() time.Time) *Engine { return &Engine{space: s, now: now} }

// OpenAlone opens one that has the space for itself: see [store.Sole]. The one
// before must have been closed.
func (s *Space) OpenAlone(now func() time.Time) *Alone {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starts++
	return &Alone{Engine: Engine{space: s, now: now, start: s.starts}}
}

// Sweep deletes what is no longer kept at a time, and the lines that are older
// than their journal's retention; zero is for ever.
func (s *Space) Sweep(at time.Time, retention map[store.Journal]time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	for key, r := range s.records {
		if !r.until.IsZero() && r.until.Before(at) {
			s.records[key] = record{version: s.version}
		}
	}
	for j, lines := range s.journals {
		for id := range lines {
			if kept := retention[j]; kept > 0 && id.Moment().Time().Before(at.Add(-kept)) {
				delete(lines, id)
			}
		}
	}
}

// keys are those that begin with prefix, in order. The caller holds mu.
func (s *Space) keys(prefix []byte) []string {
	var keys []string
	for key, r := range s.records {
		if r.value != nil && len(key) >= len(prefix) && key[:len(prefix)] == string(prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
