package store

import (
	"context"
	"maps"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

// keptSums are the sums of quarters that are on disk. With their corrections they come
// to what reading the entries would, because every change of that corrects them in the
// same transaction:
//
//   - an entry is entered, or settled: its id tells the quarter;
//   - statuses tell something about a message. Of each message whose entry is in a sum,
//     the record says which entry that is (statusRecord.sent). Sums are written once
//     that is so.
//
// What became of other entries isn't theirs and their message's alone: they are in no
// sum, and have a correction that says so from the beginning. An entry is corrected once
// at most, until its quarter is summed up again: from then on it is read.
//
// Where several gateways share the records, whoever sums up a quarter says so in its record
// (sumsLook), and everybody to whose entries something happens says so there, too. That
// record is read by every change of an entry, but not of one of the last minutes: sums of
// those are made by nobody.
type keptSums struct {
	// shared: others change the records, too.
	shared bool
	// look is that of the quarter that is being summed up, where they are shared.
	look ID
	// summing is locked by whoever sums up a quarter.
	summing sync.Mutex
	// mu guards what follows.
	mu sync.Mutex
	// chain is that of the sums that hold; zero where none do.
	chain uint64
	// chained is set once the store says so: not before there are sums.
	chained bool
	// gone are quarters that have no sums on disk, and writes counts sums written.
	gone   map[int64]bool
	writes uint64
	// done are quarters that need no look, since nothing happened in them after the
	// last one.
	done map[int64]bool
	// doneSince is since when, where they are shared: what others do to entries nobody
	// hears of.
	doneSince policy.Moment
	// watched is the quarter that is being summed up, and touched the entries to which
	// something happened meanwhile.
	watched int64
	touched map[ID]bool
	// entries says of messages sent lately which entry is theirs; older is what it said
	// before.
	entries, older map[policy.Alias]ID
}

// sentKept is how many messages entries and older have each: what the busiest number sends
// in some minutes. Statuses come within seconds; of one that comes later the message is
// found when sums are made.
const sentKept = 1 << 14

// doneFor is how long quarters need no look that are shared.
const doneFor = 24 * time.Hour

// mostQuarters bounds gone: some years.
const mostQuarters = 1 << 17

func newKeptSums() *keptSums {
	return &keptSums{gone: make(map[int64]bool), done: make(map[int64]bool), entries: make(map[policy.Alias]ID), watched: -1}
}

// loadSums begins to keep sums. Those on disk hold if whoever opened the store the last
// time knew of them, and nothing has been lost since.
func (s *Book) loadSums(ctx context.Context, lossy bool) {
	kept := newKeptSums()
	if s.sole == nil {
		kept.shared, kept.chain, kept.chained = true, sharedChain, true
		s.sums = kept
		return
	}
	if s.start == 0 {
		return
	}
	looked := func(t *tx) error {
		r, err := readRecord[chainRecord](t, []byte{SumsPrefix})
		if err != nil {
			return err
		}
		if r.Start != s.start-1 || lossy || r.Chain == 0 || r.Method != sumsMethod {
			r.Chain = s.start
		}
		kept.chain, kept.chained = r.Chain, r.Start != 0
		if !kept.chained {
			return nil
		}
		r.Start, r.Method = s.start, sumsMethod
		return t.put([]byte{SumsPrefix}, r, 0)
	}
	if err := s.update(ctx, looked); err != nil { // the next start knows that sums weren't looked after in this one
		s.log.Warn("no sums of the ledger are kept until the next start, so that reports take longer", zap.Error(err))
		return
	}
	s.sums = kept
}

// correct sees to it that the sums of a quarter and their corrections still say what
// there is, before something happens to an entry in it.
func (t *tx) correct(id ID) error {
	kept := t.s.sums
	if kept == nil {
		return nil
	}
	q := numberOf(id.Moment())
	if kept.shared {
		return t.correctShared(q, id)
	}
	absent, writes := kept.happens(q, id)
	if absent {
		return nil
	}
	values, err := t.Get(sumsKey(q), correctionKey(id))
	switch {
	case err != nil:
		return err
	case t.s.heldSums(values[0]) == nil:
		t.Committed(func() { kept.isGone(q, writes) })
		return nil
	case values[1] != nil:
		return nil
	}
	return t.putCorrection(q, id)
}

// putCorrection says what an entry counts as before something happens to it.
func (t *tx) putCorrection(q int64, id ID) error {
	l, err := t.Find(Ledger, id)
	if err != nil {
		return err
	}
	var c correctionRecord
	if l != nil {
		is, ok, err := skim(t, l)
		if err != nil {
			return err
		}
		if !ok || numberOf(is.at) != q { // which no entry in a sum is
			return t.Delete(sumsKey(q))
		}
		c = newCorrection(&is.counted)
	}
	return t.put(correctionKey(id), &c, 0)
}

// happens notes that something happens to an entry, and reports that its quarter surely has
// no sums, and how many were written before.
func (k *keptSums) happens(q int64, id ID) (absent bool, writes uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.watched == q {
		k.touched[id] = true
	}
	delete(k.done, q)
	return k.gone[q], k.writes
}

// isGone notes that a quarter has no sums, unless some were written meanwhile.
func (k *keptSums) isGone(q int64, writes uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if writes != k.writes {
		return
	}
	if len(k.gone) >= mostQuarters {
		clear(k.gone)
	}
	k.gone[q] = true
}

// sent notes as which entry a message was sent.
func (k *keptSums) sent(wamid policy.Alias, id ID) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.entries) >= sentKept {
		k.entries, k.older = make(map[policy.Alias]ID, sentKept), k.entries
	}
	k.entries[wamid] = id
}

// sentAs is the entry of a message; nil where that isn't known.
func (k *keptSums) sentAs(wamid policy.Alias) *ID {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	id, ok := k.entries[wamid]
	if !ok {
		id, ok = k.older[wamid]
	}
	if !ok {
		return nil
	}
	return &id
}

// forget forgets whose messages these were: nothing is to lead to their entries any more.
func (k *keptSums) forget(wamid policy.Alias) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.entries, wamid)
	delete(k.older, wamid)
}

// watch begins to watch a quarter. It is called within a change: those before are on
// disk when that is, and those after it are seen.
func (k *keptSums) watch(q int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.watched, k.touched = q, make(map[ID]bool)
}

// disturbed are the entries to which something has happened in the quarter that is
// watched.
func (k *keptSums) disturbed() map[ID]bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.touched)
}

// watchNone ends watching.
func (k *keptSums) watchNone() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.watched, k.touched = -1, nil
}

// writing notes that a quarter may have sums from now on, within the change that writes
// them.
func (k *keptSums) writing(q int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.writes++
	delete(k.gone, q)
}

func (k *keptSums) isDone(q int64, now policy.Moment) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shared && k.doneSince.Add(doneFor) < now {
		clear(k.done)
		k.doneSince = now
	}
	return k.done[q]
}

// setDone notes that a quarter needs no further look.
func (k *keptSums) setDone(q int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.done) >= mostQuarters {
		clear(k.done)
	}
	k.done[q] = true
}
