package badger

import (
	"runtime"
	"time"
)

// How many changes share a sync to disk decides what a send costs: a sync takes as long
// for one as for a hundred. Whoever is waited for must come by himself, though; so the
// writer waits for nobody longer than that pays.

const (
	// mostYields is how often the writer lets others run before a batch.
	mostYields = 8
	// slowSync is how long a sync takes where it pays to wait for others: waking up costs
	// a tenth of that.
	slowSync = time.Millisecond
	// glance is how long the writer sleeps between two looks for others.
	glance = 100 * time.Microsecond
)

// pace is how the newest batches went.
type pace struct {
	// synced is how long the newest one took to sync, last and before are how many
	// changes were in it and in the one before.
	synced       time.Duration
	last, before int
}

// took notes a batch of so many changes.
func (e *Engine) took(changes int, synced time.Duration) {
	p := &pace{synced: synced, last: changes}
	if former := e.pace.Load(); former != nil {
		p.before = former.last
	}
	e.pace.Store(p)
}

// gather adds to c what waits behind it, and what is about to come.
//
// Whoever was answered by the batch before, and has another change to make, makes it as
// soon as he runs: the writer lets others run while that brings any. It costs a lone
// caller nothing. Where the disk is slow, callers would fall into two groups, one of
// which waits while the other is synced. There the writer waits until as many are there
// as both groups had, but no longer than a quarter of a sync.
func (e *Engine) gather(c *change) (waiting []*change) {
	var p pace
	if newest := e.pace.Load(); newest != nil {
		p = *newest
	}
	waiting = append(append(make([]*change, 0, 2*max(p.last, 8)), c.before...), c)
	for range mostYields {
		runtime.Gosched()
		before := len(waiting)
		if waiting = e.addQueue(waiting, maxBatch); len(waiting) == before || len(waiting) >= maxBatch {
			break
		}
	}
	if p.synced < slowSync {
		return waiting
	}
	enough := (p.last + p.before) * 9 / 10
	for late := time.Now().Add(p.synced / 4); len(waiting) < min(enough, maxBatch) && time.Now().Before(late); {
		time.Sleep(glance)
		waiting = e.addQueue(waiting, maxBatch)
	}
	return waiting
}
