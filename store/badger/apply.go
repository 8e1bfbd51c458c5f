package badger

import (
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/wal"
)

const (
	// applyEvery is how long what was committed stays out of Badger at most, while
	// nothing else makes it go there. What happens to a send within that time is one
	// record of Badger's, which otherwise were several.
	applyEvery = time.Second
	// applySize is how much of it there is before it goes there at once.
	applySize = 512 << 10
)

// latest is what must be looked through before Badger. Whoever then takes a snapshot
// of Badger misses nothing: what leaves recents meanwhile is in it.
func (e *Engine) latest() recents {
	e.recentMu.RLock()
	defer e.recentMu.RUnlock()
	if e.applying == nil {
		return recents{e.recent}
	}
	return recents{e.recent, e.applying}
}

// apply goes on until the writer has ended, and puts into Badger what was committed.
func (e *Engine) apply() {
	defer close(e.applierDone)
	tick := time.NewTicker(e.options.applyEvery)
	defer tick.Stop()
	for last := false; !last; {
		select {
		case <-tick.C:
		case <-e.filled:
		case <-e.writerDone:
			last = true
		}
		if err := e.flush(); err != nil && !errors.Is(err, store.ErrFailed) {
			e.delayed(err)
		}
	}
}

// delayed says, once a minute at most, that changes stay in their log.
func (e *Engine) delayed(err error) {
	if now := time.Now(); now.Sub(e.toldDelay) > time.Minute {
		e.toldDelay = now
		e.log.Warn("changes can't be moved into the store's database now, and stay in their log", zap.String("path", e.dir), zap.Error(err))
	}
}

// flush puts everything that was committed before into Badger.
func (e *Engine) flush() error {
	e.flushing.Lock()
	defer e.flushing.Unlock()
	if e.failed.Load() {
		return store.ErrFailed
	}
	// Before anything is taken: it stays in the log until there is room.
	if err := e.writable(); err != nil {
		return err
	}
	r := e.take()
	if r == nil {
		return nil
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	at, err := e.move(r, e.applied, e.meta.Start)
	if err == nil {
		err = e.keeper.applied(at)
	}
	if err != nil {
		e.fail(err)
		return fmt.Errorf("writing to %s: %w: %w", e.dir, store.ErrFailed, err)
	}
	e.applied = at
	e.recentMu.Lock()
	e.applying = nil
	e.recentMu.Unlock()
	return nil
}

// take takes what was committed, nil where there is nothing.
func (e *Engine) take() *recent {
	e.recentMu.Lock()
	defer e.recentMu.Unlock()
	if e.recent.empty() {
		return nil
	}
	e.applying, e.recent = e.recent, newRecent()
	return e.applying
}

// move puts what was committed in a start into Badger, which has got as far as at.
func (e *Engine) move(r *recent, at head, start uint64) (head, error) {
	at.Seq++
	at.Frame, at.Entry = r.at.Frame, r.at.Entry
	return at, e.db.Update(func(txn *badger.Txn) error {
		records, err := r.records(at, start)
		if err != nil {
			return err
		}
		for _, record := range records {
			if err := record.putInto(txn); err != nil {
				return err
			}
		}
		return nil
	})
}

func (k *kept) putInto(txn *badger.Txn) error {
	if k.deleted {
		return txn.Delete([]byte(k.key))
	}
	e := badger.NewEntry([]byte(k.key), k.value)
	e.ExpiresAt = k.expires
	return txn.SetEntry(e)
}

// records are those of Badger's that hold what is here, and how far the store has got
// with them.
func (r *recent) records(at head, start uint64) ([]kept, error) {
	records := []kept{{string(commitKey), write{value: at.commit()}}}
	for _, j := range []journal{violations, ledger} {
		pages, err := r.pages(j, start)
		if err != nil {
			return nil, err
		}
		records = append(records, pages...)
	}
	for key, w := range r.writes {
		records = append(records, kept{key, w})
	}
	return records, nil
}

// replay puts into Badger what the log of changes holds beyond it, after a crash.
func (e *Engine) replay(found *wal.Found) error {
	r, start := newRecent(), uint64(0)
	move := func() error {
		if r.empty() {
			return nil
		}
		at, err := e.move(r, e.applied, start)
		e.applied, r = at, newRecent()
		return err
	}
	err := found.Changes(func(number uint64, changes []byte) error {
		next := newRecent()
		changes, err := e.cipher.open(number, changes)
		if err != nil {
			return err
		}
		began, err := next.replay(number, changes)
		if err != nil {
			return err
		}
		if began != start || !e.roomFor(r.size+next.size, r.count()+next.count()) {
			if err := move(); err != nil {
				return err
			}
		}
		start = began
		r.join(next)
		return nil
	})
	return errors.Join(err, move())
}

func (r *recent) count() int { return len(r.writes) + len(r.lines) }

// join adds what was committed after it.
func (r *recent) join(later *recent) {
	for name, l := range later.lines {
		r.enter(name.journal, l)
	}
	for key, w := range later.writes {
		r.put(key, w)
	}
	r.at = later.at
}
