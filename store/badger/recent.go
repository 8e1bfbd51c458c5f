package badger

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/waguard/waguard/store"
)

// recent is what was committed and isn't in Badger yet: it is on disk in the log of
// changes alone. The writer adds to it what each batch leaves behind, and the applier
// puts all of it into Badger in one transaction.
type recent struct {
	// mu guards everything. The writer alone writes, and reads without it.
	mu sync.RWMutex
	// writes are records by key; kinds counts them by the first byte of it.
	writes map[string]write
	kinds  [256]int
	// lines are by id, and sorted in the order of their ids once somebody needs that.
	lines  map[lineName]*line
	sorted [store.Violations + 1][]*line
	// size is what the transaction will hold, as Badger counts it.
	size int64
	// at is how far the store has got with it.
	at head
}

func newRecent() *recent {
	return &recent{writes: make(map[string]write), lines: make(map[lineName]*line)}
}

func (r *recent) empty() bool { return len(r.writes) == 0 && len(r.lines) == 0 }

// add adds what a batch leaves behind.
func (r *recent) add(b *batch, at head) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, w := range b.writes {
		r.put(key, w)
	}
	for _, l := range b.lines {
		r.enter(l.journal, l.line)
	}
	r.at = at
}

// put adds a record. What became of a line that is here goes into that.
func (r *recent) put(key string, w write) {
	if j, ok := settlementsOf(key[0]); ok {
		if l := r.lines[lineName{j, idOf([]byte(key))}]; l != nil && !w.deleted {
			r.size += int64(len(w.value) - len(l.Settled))
			l.Settled = w.value
			return
		}
	}
	if old, ok := r.writes[key]; ok {
		r.size -= cost(key, old)
	} else {
		r.kinds[key[0]]++
	}
	r.writes[key] = w
	r.size += cost(key, w)
}

func (r *recent) enter(j store.Journal, l *line) {
	r.lines[lineName{j, l.ID}] = l
	r.sorted[j] = nil
	r.size += int64(l.size())
}

// shownLine is a line as it is now, nil where it isn't here.
func (r *recent) shownLine(j store.Journal, id store.ID) *line {
	l := r.lines[lineName{j, id}]
	if l == nil {
		return nil
	}
	shown := *l
	return &shown
}

// under are the keys of records that begin with prefix.
func (r *recent) under(prefix []byte) (keys []string) {
	if len(prefix) > 0 && r.kinds[prefix[0]] == 0 {
		return nil
	}
	for key := range r.writes {
		if strings.HasPrefix(key, string(prefix)) {
			keys = append(keys, key)
		}
	}
	return keys
}

// between are copies of the lines of a journal from an id to before another one,
// oldest first.
func (r *recent) between(j store.Journal, from, before store.ID) []line {
	sorted := r.sort(j)
	r.mu.RLock()
	defer r.mu.RUnlock()
	begin, _ := slices.BinarySearchFunc(sorted, from, func(l *line, id store.ID) int { return compareIDs(l.ID, id) })
	end, _ := slices.BinarySearchFunc(sorted, before, func(l *line, id store.ID) int { return compareIDs(l.ID, id) })
	if begin >= end {
		return nil
	}
	lines := make([]line, 0, end-begin)
	for _, l := range sorted[begin:end] {
		lines = append(lines, *l)
	}
	return lines
}

func (r *recent) sort(j store.Journal) []*line {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sorted[j] == nil {
		sorted := make([]*line, 0, len(r.lines))
		for name, l := range r.lines {
			if name.journal == j {
				sorted = append(sorted, l)
			}
		}
		slices.SortFunc(sorted, compareLines)
		r.sorted[j] = sorted
	}
	return r.sorted[j]
}

// recents are those that must be looked through before Badger, the newest first.
type recents []*recent

// lock locks them for reading, and gives what ends that.
func (rs recents) lock() (unlock func()) {
	for _, r := range rs {
		r.mu.RLock()
	}
	return func() {
		for _, r := range rs {
			r.mu.RUnlock()
		}
	}
}

// get is the newest word on a record; false where there is none.
func (rs recents) get(key []byte) (value []byte, ok bool) {
	defer rs.lock()()
	return rs.getLocked(key)
}

func (rs recents) getLocked(key []byte) (value []byte, ok bool) {
	for _, r := range rs {
		if w, ok := r.writes[string(key)]; ok {
			return w.value, true
		}
	}
	return nil, false
}

// find is a line with the newest word on what became of it, nil where it isn't here.
func (rs recents) find(j journal, id store.ID) *line {
	for i, r := range rs {
		r.mu.RLock()
		l := r.shownLine(j.Journal, id)
		r.mu.RUnlock()
		if l == nil {
			continue
		}
		if settled, ok := rs[:i].get(idKey(j.settlements, id)); ok {
			l.Settled = settled
		}
		return l
	}
	return nil
}

// lines are those of a journal from an id to before another one, oldest first.
func (rs recents) lines(j journal, from, before store.ID) []line {
	var all []line
	for i, r := range rs {
		lines := r.between(j.Journal, from, before)
		for k := range lines {
			if settled, ok := rs[:i].get(idKey(j.settlements, lines[k].ID)); ok {
				lines[k].Settled = settled
			}
		}
		all = append(all, lines...)
	}
	if len(rs) > 1 {
		slices.SortFunc(all, func(a, b line) int { return compareIDs(a.ID, b.ID) })
	}
	return all
}

// kept is a record with its key.
type kept struct {
	key string
	write
}

// under are the newest words on the records whose keys begin with prefix, in the order
// of their keys; also those that were deleted.
func (rs recents) under(prefix []byte) []kept {
	var found map[string]write
	for _, r := range slices.Backward(rs) {
		r.mu.RLock()
		for _, key := range r.under(prefix) {
			if found == nil {
				found = make(map[string]write)
			}
			found[key] = r.writes[key]
		}
		r.mu.RUnlock()
	}
	all := make([]kept, 0, len(found))
	for _, key := range slices.Sorted(maps.Keys(found)) {
		all = append(all, kept{key, found[key]})
	}
	return all
}

// settles reports that there are words on what became of lines that are in Badger.
func (rs recents) settles(j journal) bool {
	return slices.ContainsFunc(rs, func(r *recent) bool {
		r.mu.RLock()
		defer r.mu.RUnlock()
		return r.kinds[j.settlements] > 0
	})
}

func settlementsOf(prefix byte) (store.Journal, bool) {
	switch prefix {
	case ledger.settlements:
		return store.Ledger, true
	case violations.settlements:
		return store.Violations, true
	}
	return 0, false
}
