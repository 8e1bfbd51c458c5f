package store

import (
	"context"
	"sync"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

// keptSums are the sums of quarters that are on disk. They hold what reading the
// entries would come to, because every change of that deletes the sums of its quarter
// in the same transaction:
//
//   - an entry is entered, or settled: its id tells the quarter;
//   - statuses tell something about a message. Of each message whose entry is in a sum,
//     the record says in which quarter that is (statusRecord.quarter). Sums are written
//     once that is so.
//
// What became of other entries isn't theirs and their message's alone: they are kept
// open. Only a [Sole] engine has kept sums: it makes one change after the other.
type keptSums struct {
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
	// watched is the quarter that is being summed up, and touched that something
	// happened there.
	watched int64
	touched bool
	// sent says of messages sent lately in which quarter; older is what it said before.
	sent, older map[policy.Alias]int64
}

// sentKept is how many messages sent and older have each: what the busiest number sends
// in some minutes. Statuses come within seconds; of one that comes later the message is
// found when sums are made.
const sentKept = 1 << 14

// mostQuarters bounds gone: some years.
const mostQuarters = 1 << 17

func newKeptSums() *keptSums {
	return &keptSums{gone: make(map[int64]bool), done: make(map[int64]bool), sent: make(map[policy.Alias]int64), watched: -1}
}

// loadSums begins to keep sums. Those on disk hold if whoever opened the store the last
// time knew of them, and nothing has been lost since.
func (s *Book) loadSums(ctx context.Context, lossy bool) {
	if s.sole == nil || s.start == 0 {
		return
	}
	kept := newKeptSums()
	looked := func(t *tx) error {
		r, err := readRecord[chainRecord](t, []byte{SumsPrefix})
		if err != nil {
			return err
		}
		if r.Start != s.start-1 || lossy || r.Chain == 0 {
			r.Chain = s.start
		}
		kept.chain, kept.chained = r.Chain, r.Start != 0
		if !kept.chained {
			return nil
		}
		r.Start = s.start
		return t.put([]byte{SumsPrefix}, r, 0)
	}
	if err := s.update(ctx, looked); err != nil { // the next start knows that sums weren't looked after in this one
		s.log.Warn("no sums of the ledger are kept until the next start, so that reports take longer", zap.Error(err))
		return
	}
	s.sums = kept
}

// touch deletes the sums of a quarter, in which something happens.
func (t *tx) touch(q int64) error {
	kept := t.s.sums
	if kept == nil || q == 0 {
		return nil
	}
	absent, writes := kept.absent(q)
	if absent {
		return nil
	}
	key := sumsKey(q)
	value, err := t.get(key)
	if err != nil {
		return err
	}
	t.Committed(func() { kept.isGone(q, writes) })
	if value == nil {
		return nil
	}
	return t.Delete(key)
}

// absent notes that something happens in a quarter, and reports that it surely has no
// sums, and how many were written before.
func (k *keptSums) absent(q int64) (absent bool, writes uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.watched == q {
		k.touched = true
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

// sentIn notes in which quarter a message was sent.
func (k *keptSums) sentIn(wamid policy.Alias, q int64) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.sent) >= sentKept {
		k.sent, k.older = make(map[policy.Alias]int64, sentKept), k.sent
	}
	k.sent[wamid] = q
}

// quarterOf is the quarter in which a message was sent; zero where that isn't known.
func (k *keptSums) quarterOf(wamid policy.Alias) int64 {
	if k == nil {
		return 0
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if q, ok := k.sent[wamid]; ok {
		return q
	}
	return k.older[wamid]
}

// watch begins to watch a quarter. It is called within a change: those before are on
// disk when that is, and those after it are seen.
func (k *keptSums) watch(q int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.watched, k.touched = q, false
}

// undisturbed reports that nothing has happened in the quarter that is watched.
func (k *keptSums) undisturbed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.touched
}

// writing notes that a quarter may have sums from now on, within the change that writes
// them.
func (k *keptSums) writing(q int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.writes++
	delete(k.gone, q)
}

func (k *keptSums) isDone(q int64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
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
