package badger

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/waguard/waguard/store"
)

const (
	// maxBulk is the size of the bulky changes that are in one transaction.
	maxBulk = 256
	// stormBulk is the same while there are other changes, to which each adds what it
	// takes.
	stormBulk = 16
	// bulkLength is how many bulky changes may wait; further callers block.
	bulkLength = 64
	// bulkRest is how many times as long as bulky changes took the next ones are
	// put off while there are others, longestBulkRest how long at most.
	bulkRest        = 2
	longestBulkRest = 20 * time.Millisecond
	// othersLately is for how long a change shows that there are others.
	othersLately = 100 * time.Millisecond
)

// bulkTurn says when it is the turn of bulky changes. It belongs to the writer,
// but for other.
type bulkTurn struct {
	next   time.Time // when it is again
	turned *time.Timer
	other  *atomic.Int64 // when there was another change, in nanoseconds since 1970
}

func newBulkTurn(other *atomic.Int64) *bulkTurn {
	return &bulkTurn{turned: time.NewTimer(0), other: other}
}

// others reports whether there was another change lately.
func (e *Engine) others() bool { return time.Now().UnixNano()-e.other.Load() < int64(othersLately) }

// BulkSize is the size of the bulky changes that are in one transaction now.
func (e *Engine) BulkSize() int {
	if e.others() {
		return stormBulk
	}
	return maxBulk
}

// took notes what a batch took that had bulky changes in it, or others.
func (t *bulkTurn) took(began time.Time, bulky, others bool) {
	now := time.Now()
	if others {
		t.other.Store(now.UnixNano())
	}
	if bulky && now.UnixNano()-t.other.Load() < int64(othersLately) {
		rest := min(longestBulkRest, bulkRest*now.Sub(began))
		t.next = now.Add(rest)
		t.turned.Reset(rest)
	}
}

func (t *bulkTurn) now() bool { return !time.Now().Before(t.next) }

// UpdateBulk makes a change that takes long, and waits for it.
func (e *Engine) UpdateBulk(ctx context.Context, size int, run func(store.Tx) error) error {
	return e.doBulk(ctx, size, onBatch(run))
}

// doBulk is like [Engine.do] for a change that takes long. It goes behind what
// waits, and few of its kind are in one transaction.
func (e *Engine) doBulk(ctx context.Context, events int, run func(*batch) error) error {
	// Whoever has a place never waits for room in e.bulk, where he holds locks.
	select {
	case e.places <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	done := make(chan error, 1)
	c := &change{run: run, events: events, done: func(err error) { <-e.places; done <- err }}
	if err := e.submitBulk(c); err != nil {
		<-e.places
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// submitBulk hands a bulky change to the writer. All reservations made before it
// go into the queue, of which the writer takes everything before the change.
func (e *Engine) submitBulk(c *change) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if err := e.alive(); err != nil {
		return err
	}
	e.held.order.Lock()
	defer e.held.order.Unlock()
	for _, r := range e.held.takeAll() {
		e.queue <- r
	}
	e.bulk <- c
	return nil
}

// addBulk adds to a batch as many bulky changes as may be in one, each behind
// what was in the queue before it.
func (e *Engine) addBulk(waiting []*change) []*change {
	most := e.BulkSize()
	for events := 0; events < most; {
		select {
		case c := <-e.bulk:
			waiting = append(e.addQueue(waiting, math.MaxInt), c)
			events += c.events
		default:
			return waiting
		}
	}
	return waiting
}

// addQueue adds to a batch what is in the queue, until there are so many.
func (e *Engine) addQueue(waiting []*change, most int) []*change {
	for len(waiting) < most {
		select {
		case c, ok := <-e.queue:
			if !ok {
				return waiting
			}
			waiting = append(append(waiting, c.before...), c)
		default:
			return waiting
		}
	}
	return waiting
}
