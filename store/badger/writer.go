package badger

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/wal"
)

const (
	// queueLength is how many changes may wait for the writer; further callers
	// block. The memory it bounds is a few megabytes.
	queueLength = 1024
	// maxBatch is the most changes one transaction takes. Past a few hundred the
	// fsync no longer weighs and only latency grows.
	maxBatch = 256
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
func (e *Engine) write() {
	defer close(e.writerDone)
	lingering := time.NewTimer(linger)
	defer lingering.Stop()
	turn := newBulkTurn(&e.other)
	defer turn.turned.Stop()
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
			waiting := e.gather(c)
			began, others := time.Now(), len(waiting)
			if turn.now() {
				waiting = e.addBulk(waiting)
			}
			e.commitAll(waiting)
			turn.took(began, len(waiting) > others, true)
		case c := <-bulk:
			waiting := e.addQueue(nil, math.MaxInt)
			began, others := time.Now(), len(waiting)
			e.commitAll(append(waiting, c))
			turn.took(began, true, others > 0)
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
	if err := e.writable(); err != nil {
		return len(waiting), err
	}
	events := 0
	for _, c := range waiting {
		events += c.events
	}
	b := newBatch(e, len(waiting), events)
	defer b.discard()
	for _, c := range waiting {
		c.err = b.try(c.run)
		if errors.Is(c.err, store.ErrTooBig) && !b.empty() {
			break // it gets a transaction of its own
		}
		n++
	}
	if !b.empty() {
		if err := e.keep(b, n); err != nil {
			return n, err
		}
	}
	b.publish()
	return n, nil
}

// keep puts a batch of so many changes on disk, and where everybody sees it.
func (e *Engine) keep(b *batch, changes int) error {
	at := b.follow(e.head)
	e.frame = b.appendChanges(e.frame[:0], e.meta.Start, at)
	defer func() {
		if cap(e.frame) > largestFrameKept {
			e.frame = nil
		}
	}()
	if len(e.frame)+e.cipher.overhead() > wal.MaxChanges {
		return fmt.Errorf("%d bytes at once: %w", len(e.frame), store.ErrTooBig)
	}
	if err := e.makeRoom(b, len(e.frame)+e.cipher.overhead()); err != nil {
		return fmt.Errorf("writing %s: %w", count(len(b.writes)+len(b.lines), "record"), err)
	}
	began := time.Now()
	number, err := e.changes.Append(e.cipher.seal(at.Frame, e.frame))
	e.took(changes, time.Since(began))
	if err == nil && number != at.Frame {
		err = fmt.Errorf("the change is number %d in the log, and %d by the store", number, at.Frame)
	}
	if err == nil {
		err = errors.Join(e.changes.Check(), e.keeper.committed(at))
	}
	if err != nil {
		e.fail(err)
		return fmt.Errorf("writing to %s: %w: %w", e.dir, store.ErrFailed, err)
	}
	e.head = at
	e.recentMu.RLock() // so that nobody takes it
	e.recent.add(b, at)
	full := e.recent.size >= applySize
	e.recentMu.RUnlock()
	if full {
		select {
		case e.filled <- struct{}{}:
		default: // it is awake
		}
	}
	return nil
}

// largestFrameKept bounds the memory that is kept for the next frame.
const largestFrameKept = 1 << 20

// makeRoom moves what was committed into Badger, where what a batch leaves behind
// wouldn't fit into a transaction of Badger's beside it, or into the log.
func (e *Engine) makeRoom(b *batch, frame int) error {
	if r := e.latest()[0]; !e.roomFor(r.size+b.size, r.count()+len(b.writes)+len(b.lines)) {
		if err := e.flush(); err != nil {
			return err
		}
	}
	if e.changes.Room(frame) {
		return nil
	}
	for range 2 { // what is in the other file may not have been moved yet
		e.flushing.Lock()
		applied := e.applied.Frame
		e.flushing.Unlock()
		if turned, err := e.changes.Turn(applied); turned || err != nil {
			return err
		}
		if err := e.flush(); err != nil {
			return err
		}
	}
	return errors.New("the log of changes is full")
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
