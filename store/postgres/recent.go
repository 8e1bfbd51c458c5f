package postgres

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/waguard/waguard/store"
)

const (
	// recentLines is how many lines are remembered: those that are settled soon.
	recentLines = 4096
	// recentRecords is how many records are, none of them longer than longestRecent.
	recentRecords = 16384
	longestRecent = 4 << 10
)

// recent is what this process has committed lately, as far as it knows. A change may take it
// for what is committed now, which spares a round trip: the statement compares versions, and
// where others have been there meanwhile, the change runs again on what it reads then.
type recent struct {
	lines   *lru.Cache[lineName, recentLine]
	records *lru.Cache[string, record]
}

// recentLine is one that wasn't settled since it was entered, and the records that the
// change rested on that entered it: who settles it needs the same.
type recentLine struct {
	foundLine
	basis map[string]record
}

func newRecent() *recent {
	lines, err := lru.New[lineName, recentLine](recentLines)
	if err != nil {
		panic(err) // the size is positive
	}
	records, err := lru.New[string, record](recentRecords)
	if err != nil {
		panic(err)
	}
	return &recent{lines, records}
}

// committed remembers what a transaction has left in journals.
func (r *recent) committed(t *tx) {
	for name, l := range t.lines {
		if l.Settled != nil || name.journal != store.Ledger {
			continue
		}
		basis := make(map[string]record, len(t.peeked)+len(t.read))
		for key, read := range t.peeked {
			basis[key] = read
		}
		for key, read := range t.read {
			basis[key] = read
		}
		r.lines.Add(name, recentLine{foundLine{version: 1, data: l.Data}, basis})
	}
	for name := range t.settled {
		r.lines.Remove(name)
	}
}

// wrote remembers a record.
func (r *recent) wrote(key string, version int64, value []byte) {
	if len(value) > longestRecent {
		r.records.Remove(key)
		return
	}
	r.records.Add(key, record{version, value})
}

// basisOf are the records that rest behind a line, as they were.
func (r *recent) basisOf(id store.ID) map[string]record {
	l, _ := r.lines.Get(lineName{store.Ledger, id})
	return l.basis
}

// newer is a record as it was last written, if that is newer than what was read.
func (r *recent) newer(key string, than int64) (record, bool) {
	last, ok := r.records.Get(key)
	return last, ok && last.version > than
}

// versions are those in which records are remembered, zero for none.
func (r *recent) versions(keys [][]byte) []int64 {
	all := make([]int64, len(keys))
	for i, key := range keys {
		last, _ := r.records.Peek(string(key))
		all[i] = last.version
	}
	return all
}

// found is told in which version a record was read that was remembered in another one before
// that was asked for. Whoever reads sees what was committed before, so that what is remembered
// is over: others have written since, or the row has gone, and may have been made anew by a
// clock that is behind.
func (r *recent) found(key string, remembered, version int64) {
	if remembered == 0 || remembered == version {
		return
	}
	if last, ok := r.records.Peek(key); ok && last.version == remembered {
		r.records.Remove(key)
	}
}
