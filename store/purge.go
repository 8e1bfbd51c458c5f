package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

// What was erased is gone for everybody who asks, but engines write beside what they
// delete: its bytes stay in files until those are written anew. That is done some time
// after an erasure, for all there were by then.

// Purging is an engine that can take what was deleted or written over out of its files.
type Purging interface {
	// Purge does so. Whatever was deleted before is in no file when it returns.
	Purge(ctx context.Context) error
}

// purgeRecord is since when bytes of what was erased are still in files.
type purgeRecord struct {
	Since policy.Moment `cbor:"1,keyasint"`
}

var purgeKey = []byte{erasurePrefix, purgeKind}

const (
	// purgeAfter is how long it waits for further erasures, purgeSoon what it waits at
	// least, so that a start isn't burdened, and purgeAgain until it is tried again: all
	// fit into PurgeWithin.
	purgeAfter = 30 * time.Minute
	purgeSoon  = time.Minute
	purgeAgain = 5 * time.Minute
)

// purgeIn is how long to wait with what is pending since a moment. A gateway that is
// started again and again must come to it all the same.
func purgeIn(since, now policy.Moment) time.Duration {
	waited := time.Duration(now-since) * time.Millisecond
	return min(max(purgeAfter-waited, purgeSoon), purgeAfter)
}

func (s *Book) purges() bool {
	_, ok := s.engine.(Purging)
	return ok
}

// awaitPurge notes that there is something to purge.
func (t *tx) awaitPurge(at policy.Moment) error {
	if !t.s.purges() {
		return nil
	}
	before, err := readRecord[purgeRecord](t, purgeKey)
	if err != nil || before.Since != 0 {
		return err
	}
	return t.put(purgeKey, purgeRecord{at}, 0)
}

// PurgePending is since when bytes of what was erased are still in files; zero where
// none are.
func (s *Book) PurgePending(ctx context.Context) (policy.Moment, error) {
	var pending purgeRecord
	err := s.view(ctx, func(r *reading) (err error) {
		pending, err = readRecord[purgeRecord](r, purgeKey)
		return err
	})
	return pending.Since, err
}

// Purge takes everything that was erased out of the files now.
func (s *Book) Purge(ctx context.Context) error {
	engine, ok := s.engine.(Purging)
	if !ok {
		return errors.New("the store's engine keeps no files of its own; see to it that its database takes deleted rows out of them")
	}
	s.erasing.Lock() // so that nothing is erased meanwhile, and taken for purged
	defer s.erasing.Unlock()
	if err := engine.Purge(ctx); err != nil {
		return fmt.Errorf("taking what was erased out of the files: %w", err)
	}
	return s.update(ctx, func(t *tx) error { return t.Delete(purgeKey) })
}

// purger purges some time after erasures.
type purger struct {
	meanwhile
	woken chan struct{}
}

func newPurger() *purger { return &purger{woken: make(chan struct{}, 1)} }

func (p *purger) wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// purgeDue is in how long to purge.
func (s *Book) purgeDue(ctx context.Context) time.Duration {
	since, err := s.PurgePending(ctx)
	if err != nil || since == 0 {
		return purgeAfter
	}
	return purgeIn(since, policy.MomentOf(s.options.Now()))
}

// run goes on until the store is closed.
func (p *purger) run(ctx context.Context, s *Book) {
	var due <-chan time.Time // nil: nothing was erased
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.woken:
			if due == nil {
				due = time.After(s.purgeDue(ctx))
			}
			continue
		case <-due:
		}
		due = nil
		pending, err := s.PurgePending(ctx)
		if err == nil && pending != 0 {
			err = s.Purge(ctx)
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, ErrClosed) {
			s.log.Error("what was erased can't be taken out of the files now; it is tried again", zap.Error(err))
			due = time.After(purgeAgain)
		}
	}
}
