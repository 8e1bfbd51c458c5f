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
	// more of it to all else. See [Engine.write] for how many are waited for.
	manyCallers = 32
	gathering   = 5 * time.Millisecond
	lull        = 2 * time.Millisecond
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
	// events is how many a bulky change applies; see [Engine.doBulk].
	events int
}

// submit hands a change to the writer, behind the reservations that before takes
// out of those held. It blocks while the queue is full.
func (e *Engine) submit(ctx context.Context, c *change, before func() []*change) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if err := e.alive(); err != nil {
		return err
	}
	e.held.order.Lock()
	defer e.held.order.Unlock()
	c.before = before()
	select {
	case e.queue <- c:
		return nil
	case <-ctx.Done():
		for _, r := range c.before {
			e.queue <- r
		}
		return ctx.Err()
	}
}

// Enter submits a change that enters the line id. It may linger until somebody
// waits for it. Where the disk has no room for it, it fails at once: nobody waits
// for one that lingers before its message leaves.
func (e *Engine) Enter(id store.ID, run func(store.Tx) error) *store.Write {
	w, done := store.NewWrite()
	c := &change{run: onBatch(run), done: done}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if err := e.alive(); err != nil {
		done(err)
		return w
	}
	if err := e.home.room("taking a send", reservedSpace+reservedForSends); err != nil {
		done(err)
		return w
	}
	if !e.held.add(id, c) {
		e.queue <- c
		return w
	}
	w.Hurry(func() {
		e.mu.RLock()
		defer e.mu.RUnlock()
		if e.closed {
			return // the writer takes what is held
		}
		e.held.order.Lock()
		defer e.held.order.Unlock()
		for _, c := range e.held.take(id) {
			e.queue <- c
		}
	})
	return w
}

// Follow submits a change that comes behind the one that entered the line id. It
// overtakes those that linger besides, which have nothing to do with it.
func (e *Engine) Follow(id store.ID, run func(store.Tx) error) *store.Write {
	w, done := store.NewWrite()
	own := func() []*change { return e.held.take(id) }
	if err := e.submit(context.Background(), &change{run: onBatch(run), done: done}, own); err != nil {
		done(err)
	}
	return w
}

// Update makes a change and waits for it.
func (e *Engine) Update(ctx context.Context, run func(store.Tx) error) error {
	return e.do(ctx, onBatch(run))
}

func onBatch(run func(store.Tx) error) func(*batch) error {
	return func(b *batch) error { return run(b) }
}

// do submits a change, behind all that linger, and waits for it, or
// until ctx ends; then it may still be written.
func (e *Engine) do(ctx context.Context, run func(*batch) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan error, 1)
	if err := e.submit(ctx, &change{run: run, done: func(err error) { done <- err }}, e.held.takeAll); err != nil {
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
func (e *Engine) write() {
	defer close(e.writerDone)
	lingering := time.NewTimer(linger)
	defer lingering.Stop()
	quiet := time.NewTimer(lull)
	defer quiet.Stop()
	turn := newBulkTurn(&e.other)
	defer turn.turned.Stop()
	var callers int     // of the newest batch, and those who came while it was written
	var ended time.Time // that batch
	for {
		bulk := e.bulk
		if !turn.now() {
			bulk = nil
		}
		select {
		case c, ok := <-e.queue:
			if !ok {
				e.commitAll(e.held.takeAll())
				for len(e.bulk) > 0 {
					e.commitAll(e.addBulk(nil))
				}
				return
			}
			if time.Since(ended) > gathering {
				callers = 0 // they have gone
			}
			var waiting []*change
			waiting, callers = e.collect(c, min(callers, manyCallers), quiet)
			began, others := time.Now(), len(waiting)
			if turn.now() {
				waiting = e.addBulk(waiting)
			}
			e.commitAll(waiting)
			turn.took(began, len(waiting) > others, true)
			callers += len(e.queue)
			ended = time.Now()
		case c := <-bulk:
			waiting := e.addQueue(nil)
			callers = len(waiting)
			began := time.Now()
			e.commitAll(append(waiting, c))
			turn.took(began, true, callers > 0)
			callers += len(e.queue)
			ended = time.Now()
		case <-turn.turned.C: // look for bulky changes again
		case run := <-e.breaks:
			run()
		case <-e.held.filled:
			lingering.Reset(linger)
		case <-lingering.C:
			expired, watch := e.held.expire(time.Now().Add(-linger / 2))
			if watch {
				lingering.Reset(linger / 2)
			}
			e.commitAll(expired)
		}
	}
}

// collect adds to c what waits behind it, and what comes soon until that is from
// as many callers as expected. It returns how many callers it is from.
func (e *Engine) collect(c *change, expected int, quiet *time.Timer) (waiting []*change, callers int) {
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
		case c, ok = <-e.queue:
		default:
			patience := min(lull, time.Until(late))
			if callers >= expected || patience <= 0 {
				return waiting, callers
			}
			quiet.Reset(patience)
			select {
			case c, ok = <-e.queue:
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
func (e *Engine) commitAll(waiting []*change) {
	for len(waiting) > 0 {
		n, err := e.commit(waiting)
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
func (e *Engine) commit(waiting []*change) (n int, err error) {
	e.writing.Lock()
	defer e.writing.Unlock()
	if err := e.writable(); err != nil {
		return len(waiting), err
	}
	var b *batch
	at := e.head
	err = e.db.Update(func(txn *badger.Txn) error {
		b = newBatch(e, txn, len(waiting))
		for _, c := range waiting {
			c.err = b.try(c.run)
			if errors.Is(c.err, store.ErrTooBig) && !b.empty() {
				break // it gets a transaction of its own
			}
			n++
		}
		if b.empty() {
			return nil
		}
		at = b.follow(e.head)
		return b.flush(at)
	})
	if err == nil && at != e.head {
		e.head = at
		err = e.keeper.committed(at)
	}
	switch {
	case errors.Is(err, badger.ErrTxnTooBig): // before anything was written
		return n, fmt.Errorf("writing %d changes: %w", n, err)
	case err != nil:
		e.fail(err)
		return n, fmt.Errorf("writing to %s: %w: %w", e.dir, store.ErrFailed, err)
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
			b.e.log.Error("a change could not be made; this is a bug in waguard", zap.Any("panic", r), zap.ByteString("stack", debug.Stack()))
			err = errors.New("the store could not make this change because of a bug; the log has the details")
		}
		if err != nil {
			b.rollBack()
		}
	}()
	return run(b)
}
