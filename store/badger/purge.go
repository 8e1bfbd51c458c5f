package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/store"
)

// What was deleted or written over stays in files for a while: in the log of changes
// until its file is written anew, in the log of Badger's newest writes until those go
// into a table, in tables until they are merged with newer ones, and in the value log
// until that is collected. Purge does all of it.

// purgePrefix begins the key of a record that is written for Badger to move its newest
// writes into a table, and dropped with that.
const purgePrefix = "yp"

// purgeTries is how often tables are merged. What is written meanwhile needs another time,
// and what a reading might still need goes once Badger has noted that it is over, which
// it does a little later: purgeWait is how long that takes at first, twice as long each
// time.
const (
	purgeTries = 10
	purgeWait  = 10 * time.Millisecond
)

// Purge takes what was deleted or written over before out of every file.
func (e *Engine) Purge(ctx context.Context) error {
	if err := e.beginBackup(); err != nil { // so that Close waits
		return err
	}
	defer e.backups.Done()
	horizon, err := e.rollLogs(ctx)
	if err != nil {
		return err
	}
	for try := range purgeTries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.db.Flatten(1); err != nil {
			return fmt.Errorf("merging tables: %w", err)
		}
		stale, err := e.stale(ctx, horizon)
		if err != nil {
			return err
		}
		if !stale {
			return e.collect()
		}
		select {
		case <-ctx.Done():
		case <-time.After(purgeWait << try):
		}
	}
	return errStale
}

// rollLogs writes the log of changes anew, and moves Badger's newest writes into a table.
// It gives the newest version there was.
func (e *Engine) rollLogs(ctx context.Context) (horizon uint64, err error) {
	err = e.between(ctx, func() error {
		if err := e.flush(); err != nil {
			return err
		}
		if err := e.writable(); err != nil {
			return err
		}
		e.flushing.Lock()
		defer e.flushing.Unlock()
		if err := e.changes.Blank(); err != nil {
			e.fail(err)
			return store.ErrFailed
		}
		e.frame = nil
		prefix := []byte(purgePrefix)
		err := e.db.Update(func(txn *badger.Txn) error { return txn.Set([]byte(purgePrefix), []byte{0xa0}) })
		if err == nil {
			err = e.db.DropPrefix(prefix)
		}
		if err == nil {
			err = e.keeper.list(true)
		}
		if err != nil {
			e.fail(fmt.Errorf("moving the newest writes into a table: %w", err))
			return store.ErrFailed
		}
		horizon = e.db.MaxVersion()
		return nil
	})
	return horizon, err
}

// stale reports that there is something in a table that was deleted or written over by a
// version.
func (e *Engine) stale(ctx context.Context, horizon uint64) (stale bool, err error) {
	err = e.view(ctx, func(snap snapshot) error {
		it := snap.txn.NewIterator(badger.IteratorOptions{AllVersions: true})
		defer it.Close()
		var newer []byte
		var version uint64
		for it.Rewind(); it.Valid(); it.Next() {
			item := it.Item()
			if item.IsDeletedOrExpired() && item.Version() <= horizon || bytes.Equal(item.Key(), newer) && version <= horizon {
				stale = true
				return nil
			}
			newer, version = item.KeyCopy(newer), item.Version()
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	return stale, err
}

// collect frees what of the value log nobody needs.
func (e *Engine) collect() error {
	for {
		err := e.db.RunValueLogGC(0.001)
		if errors.Is(err, badger.ErrNoRewrite) || errors.Is(err, badger.ErrRejected) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("collecting the value log: %w", err)
		}
	}
}
