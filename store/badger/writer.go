package badger

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
)

const (
	// queueLength is how many changes may wait for the writer; further callers
	// block. The memory it bounds is a few megabytes.
	queueLength = 1024
	// maxBatch is the most changes one transaction takes. Past a few hundred the
	// fsync no longer weighs and only latency grows.
	maxBatch = 256
	// manyCallers is the most callers a batch waits for, gathering how long at most,
	// and lull how long nobody must come for it to wait no longer. To sync a batch to
	// disk costs as much CPU as dozens of its changes: fewer and larger batches leave
	// more of it to all else. See [Store.write] for how many are waited for.
	manyCallers = 32
	gathering   = 5 * time.Millisecond
	lull        = 2 * time.Millisecond
	// maxInFlight is how many heads of unsettled entries are kept in memory, about
	// 200 bytes each. Further ones are read when they are settled.
	maxInFlight = 4096
)

// change is something to be written. It sees the changes before it, in the same
// batch too.
type change struct {
	// before are reservations that were held and must come first.
	before []*change
	run    func(*batch) error
	// done is called once, when the change is on disk or has failed.
	done func(error)
	err  error
	// events is how many a bulky change applies; see [Store.doBulk].
	events int
}

// submit hands a change to the writer, behind the reservations that before takes
// out of those held. It blocks while the queue is full.
func (s *Store) submit(ctx context.Context, c *change, before func() []*change) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.alive(); err != nil {
		return err
	}
	s.held.order.Lock()
	defer s.held.order.Unlock()
	c.before = before()
	select {
	case s.queue <- c:
		return nil
	case <-ctx.Done():
		for _, r := range c.before {
			s.queue <- r
		}
		return ctx.Err()
	}
}

// beginReservation submits the reservation id, which may linger until somebody
// waits for it. Where the disk has no room for it, it fails at once: nobody waits
// for one that lingers before its message leaves.
func (s *Store) beginReservation(id store.ID, run func(*batch) error) *store.Write {
	w, done := store.NewWrite()
	c := &change{run: run, done: done}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.alive(); err != nil {
		done(err)
		return w
	}
	if err := s.home.room("taking a send", reservedSpace+reservedForSends); err != nil {
		done(err)
		return w
	}
	if !s.held.add(id, c) {
		s.queue <- c
		return w
	}
	w.Hurry(func() {
		s.mu.RLock()
		defer s.mu.RUnlock()
		if s.closed {
			return // the writer takes what is held
		}
		s.held.order.Lock()
		defer s.held.order.Unlock()
		for _, c := range s.held.take(id) {
			s.queue <- c
		}
	})
	return w
}

// beginSettlement submits the settlement of id. It overtakes the reservations of
// other sends, which have nothing to do with it.
func (s *Store) beginSettlement(id store.ID, run func(*batch) error) *store.Write {
	w, done := store.NewWrite()
	own := func() []*change { return s.held.take(id) }
	if err := s.submit(context.Background(), &change{run: run, done: done}, own); err != nil {
		done(err)
	}
	return w
}

// do submits a change, behind all reservations made before, and waits for it, or
// until ctx ends; then it may still be written.
func (s *Store) do(ctx context.Context, run func(*batch) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan error, 1)
	if err := s.submit(ctx, &change{run: run, done: func(err error) { done <- err }}, s.held.takeAll); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write is the writer goroutine. It ends when Close has closed the queue and
// everything in it has been answered.
//
// A batch waits for as many callers as there seem to be: those of the batch
// before, who are likely to be back soon with their next sends, and those who
// came while it was written. So a lone caller waits for nobody, and a few don't
// wait for strangers.
func (s *Store) write() {
	defer close(s.writerDone)
	lingering := time.NewTimer(linger)
	defer lingering.Stop()
	quiet := time.NewTimer(lull)
	defer quiet.Stop()
	turn := newBulkTurn(&s.other)
	defer turn.turned.Stop()
	var callers int     // of the newest batch, and those who came while it was written
	var ended time.Time // that batch
	for {
		bulk := s.bulk
		if !turn.now() {
			bulk = nil
		}
		select {
		case c, ok := <-s.queue:
			if !ok {
				s.commitAll(s.held.takeAll())
				for len(s.bulk) > 0 {
					s.commitAll(s.addBulk(nil))
				}
				return
			}
			if time.Since(ended) > gathering {
				callers = 0 // they have gone
			}
			var waiting []*change
			waiting, callers = s.collect(c, min(callers, manyCallers), quiet)
			began, others := time.Now(), len(waiting)
			if turn.now() {
				waiting = s.addBulk(waiting)
			}
			s.commitAll(waiting)
			turn.took(began, len(waiting) > others, true)
			callers += len(s.queue)
			ended = time.Now()
		case c := <-bulk:
			waiting := s.addQueue(nil)
			callers = len(waiting)
			began := time.Now()
			s.commitAll(append(waiting, c))
			turn.took(began, true, callers > 0)
			callers += len(s.queue)
			ended = time.Now()
		case <-turn.turned.C: // look for bulky changes again
		case run := <-s.breaks:
			run()
		case <-s.held.filled:
			lingering.Reset(linger)
		case <-lingering.C:
			expired, watch := s.held.expire(time.Now().Add(-linger / 2))
			if watch {
				lingering.Reset(linger / 2)
			}
			s.commitAll(expired)
		}
	}
}

// collect adds to c what waits behind it, and what comes soon until that is from
// as many callers as expected. It returns how many callers it is from.
func (s *Store) collect(c *change, expected int, quiet *time.Timer) (waiting []*change, callers int) {
	waiting = make([]*change, 0, 2*manyCallers)
	late := time.Now().Add(gathering)
	for {
		waiting = append(append(waiting, c.before...), c)
		callers++
		if len(waiting) >= maxBatch {
			return waiting, callers
		}
		var ok bool
		select {
		case c, ok = <-s.queue:
		default:
			patience := min(lull, time.Until(late))
			if callers >= expected || patience <= 0 {
				return waiting, callers
			}
			quiet.Reset(patience)
			select {
			case c, ok = <-s.queue:
			case <-quiet.C:
			}
		}
		if !ok { // nobody came, or the store closes
			return waiting, callers
		}
	}
}

// commitAll writes changes, in as few transactions as they fit in, and answers
// them.
func (s *Store) commitAll(waiting []*change) {
	for len(waiting) > 0 {
		n, err := s.commit(waiting)
		for _, c := range waiting[:n] {
			if err != nil {
				c.err = err
			}
			c.done(c.err)
		}
		waiting = waiting[n:]
	}
}

// commit writes as many changes as one transaction takes, at least one, and
// returns their number. An error is that of all of them; a change that fails by
// itself has its own error and leaves nothing behind.
func (s *Store) commit(waiting []*change) (n int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.writable(); err != nil {
		return len(waiting), err
	}
	var b *batch
	at := s.head
	err = s.db.Update(func(txn *badger.Txn) error {
		b = newBatch(s, txn, len(waiting))
		for _, c := range waiting {
			c.err = b.try(c.run)
			if errors.Is(c.err, errTooBig) && !b.empty() {
				break // it gets a transaction of its own
			}
			n++
		}
		if b.empty() {
			return nil
		}
		at = b.follow(s.head)
		return b.flush(at)
	})
	if err == nil && at != s.head {
		s.head = at
		err = s.keeper.committed(at)
	}
	switch {
	case errors.Is(err, badger.ErrTxnTooBig): // before anything was written
		return n, fmt.Errorf("writing %d changes: %w", n, err)
	case err != nil:
		s.fail(err)
		return n, fmt.Errorf("writing to %s: %w: %w", s.dir, store.ErrFailed, err)
	}
	b.publish()
	return n, nil
}

// try runs a change. If it fails, what it has put into the batch is taken out
// again. A change that panics would do so again after every restart, because
// Meta delivers its webhooks again: it fails alone.
func (b *batch) try(run func(*batch) error) (err error) {
	b.begin()
	defer func() {
		if r := recover(); r != nil {
			b.s.log.Error("a change could not be made; this is a bug in waguard", zap.Any("panic", r), zap.ByteString("stack", debug.Stack()))
			err = errors.New("the store could not make this change because of a bug; the log has the details")
		}
		if err != nil {
			b.rollBack()
		}
	}()
	return run(b)
}
