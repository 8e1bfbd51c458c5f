package badger

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// maxBulk is the most events one change applies. More are written as several
	// changes, so that sends get between them: at some 50 µs each, a webhook of
	// 1,000 updates would keep them waiting for longer than all else together.
	maxBulk = 64
	// stormBulk is the same while there are other changes, to which each event adds
	// what it takes.
	stormBulk = 16
	// smallApply is the most events that are written as a send is, with all others.
	smallApply = 8
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
func (s *Store) others() bool { return time.Now().UnixNano()-s.other.Load() < int64(othersLately) }

// bulkSize is the most events one change applies now.
func (s *Store) bulkSize() int {
	if s.others() {
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

// doBulk is like [Store.do] for a change that takes long. It goes behind what
// waits, and few of its kind are in one transaction.
func (s *Store) doBulk(ctx context.Context, events int, run func(*batch) error) error {
	// Whoever has a place never waits for room in s.bulk, where he holds locks.
	select {
	case s.places <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	done := make(chan error, 1)
	c := &change{run: run, events: events, done: func(err error) { <-s.places; done <- err }}
	if err := s.submitBulk(c); err != nil {
		<-s.places
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
func (s *Store) submitBulk(c *change) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.alive(); err != nil {
		return err
	}
	s.held.order.Lock()
	defer s.held.order.Unlock()
	for _, r := range s.held.takeAll() {
		s.queue <- r
	}
	s.bulk <- c
	return nil
}

// addBulk adds to a batch as many bulky changes as may be in one, each behind
// what was in the queue before it.
func (s *Store) addBulk(waiting []*change) []*change {
	most := s.bulkSize()
	for events := 0; events < most; {
		select {
		case c := <-s.bulk:
			waiting = append(s.addQueue(waiting), c)
			events += c.events
		default:
			return waiting
		}
	}
	return waiting
}

// addQueue adds to a batch what is in the queue.
func (s *Store) addQueue(waiting []*change) []*change {
	for {
		select {
		case c, ok := <-s.queue:
			if !ok {
				return waiting
			}
			waiting = append(append(waiting, c.before...), c)
		default:
			return waiting
		}
	}
}
