package badger

import (
	"context"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/store"
)

// countingTime is how long it may take to count one kind of thing: whoever starts a
// gateway waits for it.
const countingTime = 30 * time.Millisecond

// Count counts people and ledger entries. What there are too many of to be counted in
// time is estimated: by how many the records that were read hold, and how many records
// the tables have.
func (e *Engine) Count(ctx context.Context) (c store.Count, err error) {
	c.Where = e.dir
	if err := e.flush(); err != nil {
		return c, err
	}
	err = e.view(ctx, func(s snapshot) error {
		c.People = e.tally(s, store.PeoplePrefix, func(value []byte) int64 {
			if store.HoldsPerson(value) {
				return 1
			}
			return 0
		})
		c.Entries = e.tally(s, ledger.pages, func(value []byte) int64 {
			p, err := decodePage(value)
			if err != nil {
				return 0
			}
			return int64(len(p.Lines))
		})
		return nil
	})
	return c, err
}

// Count counts people and ledger entries.
func (s *Store) Count(ctx context.Context) (store.Count, error) { return s.engine.Count(ctx) }

// tally adds up what the records under a prefix hold.
func (e *Engine) tally(s snapshot, prefix byte, holds func(value []byte) int64) store.Tally {
	var records, n int64
	late := time.Now().Add(countingTime)
	for _, value := range s.all(prefix) {
		if records++; records%64 == 0 && time.Now().After(late) {
			total := max(inTables(e.db.Tables(), prefix), records)
			return store.Tally{N: int64(float64(n) / float64(records) * float64(total)), Estimated: true}
		}
		n += holds(value)
	}
	return store.Tally{N: n}
}

// inTables is about how many records under a prefix the tables have. One that holds
// other records too counts by half.
func inTables(tables []badger.TableInfo, prefix byte) (n int64) {
	for _, t := range tables {
		if len(t.Left) == 0 || len(t.Right) == 0 || t.Left[0] > prefix || t.Right[0] < prefix {
			continue
		}
		count := int64(t.KeyCount)
		if t.Left[0] != prefix || t.Right[0] != prefix {
			count /= 2
		}
		n += count
	}
	return n
}

// Interface guard
var _ store.Counted = (*Store)(nil)
