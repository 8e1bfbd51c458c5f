package store

import (
	"context"
	"time"
)

// Measured is what a store can tell in addition about what it takes up.
type Measured interface {
	Measure() Measure
}

// Measure is what a store takes up at a moment.
type Measure struct {
	// Bytes is what its files take on disk.
	Bytes uint64
	// Free is how much may still be written to its disk, Needed how much of that
	// must be left for a send to be taken. Both are zero where nobody knows.
	Free, Needed uint64
	// Waiting is how many changes are on their way to disk.
	Waiting int
	// Synced is how long the newest changes took to get there, and Together how many
	// shared that.
	Synced   time.Duration
	Together int
}

// Full reports that the disk has no room for sends.
func (m *Measure) Full() bool { return m.Free < m.Needed }

// Counted is what a store can tell in addition about how much it knows.
type Counted interface {
	// Count counts for a moment, and where that isn't enough goes on by estimate.
	Count(ctx context.Context) (Count, error)
}

// Count is how much a store knows, about.
type Count struct {
	People, Entries Tally
	// Where is the store, for people: its directory.
	Where string
}

// Tally is a number that was counted, or estimated.
type Tally struct {
	N         int64
	Estimated bool
}

// PeoplePrefix begins the keys of what is known of people.
const PeoplePrefix = contactPrefix

// HoldsPerson reports that a record under PeoplePrefix is a person's, and not a
// further name of one.
func HoldsPerson(value []byte) bool {
	var r contactRecord
	return decode(value, &r) == nil && r.Contact != nil
}
