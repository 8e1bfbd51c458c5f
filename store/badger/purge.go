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
	var stale [][]byte // keys of which a table has more than what holds
	for try := range purgeTries {
		horizon, err := e.rollLogs(ctx, stale)
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.db.Flatten(1); err != nil {
			return fmt.Errorf("merging tables: %w", err)
		}
		if stale, err = e.stale(ctx, horizon); err != nil {
			return err
		}
		if len(stale) == 0 {
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
// Records under stale keys are written again as they are, so that the tables which have them
// are merged with that one: the lowest of them are merged with nothing else. It gives the
// newest version there was.
func (e *Engine) rollLogs(ctx context.Context, stale [][]byte) (horizon uint64, err error) {
	err = e.between(ctx, func() error {
		if err := e.flush(); err != nil {
			return err
		}
		if err := e.writable(); err != nil {
			return err
		}
		e.flushing.Lock() // nobody writes to Badger between what is read and what is written
		defer e.flushing.Unlock()
		again, err := e.again(stale)
		if err != nil {
			return err
		}
		if err := e.changes.Blank(); err != nil {
			e.fail(err)
			return store.ErrFailed
		}
		e.frame = nil
		prefix := []byte(purgePrefix)
		err = e.rewrite(again)
		if err == nil { // after it: with this Badger notes that nothing older is read any more
			err = e.db.Update(func(txn *badger.Txn) error { return txn.Set(prefix, []byte{0xa0}) })
		}
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

// again are the records under keys as they are, to be written again; one without a value
// is to be deleted again.
func (e *Engine) again(keys [][]byte) (records []*badger.Entry, err error) {
	defer func() { // as in view, which is not for the writer
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", store.ErrUnreadable, r)
		}
	}()
	err = e.db.View(func(txn *badger.Txn) error {
		for _, key := range keys {
			record := &badger.Entry{Key: key}
			item, err := txn.Get(key)
			if err == nil {
				if record.Value, err = item.ValueCopy([]byte{}); err == nil {
					record.ExpiresAt, record.UserMeta = item.ExpiresAt(), item.UserMeta()
				}
			}
			if err != nil && !errors.Is(err, badger.ErrKeyNotFound) {
				return fmt.Errorf("reading what is written again: %w", err)
			}
			records = append(records, record)
		}
		return nil
	})
	return records, err
}

// rewrite writes what again gave.
func (e *Engine) rewrite(records []*badger.Entry) error {
	batch := e.db.NewWriteBatch()
	defer batch.Cancel()
	for _, record := range records {
		var err error
		if record.Value == nil {
			err = batch.Delete(record.Key)
		} else {
			err = batch.SetEntry(record)
		}
		if err != nil {
			return err
		}
	}
	return batch.Flush()
}

// mostStale is how many stale keys are found at most: nobody writes while they are written
// again.
const mostStale = 256

// stale are keys under which a table has something that was deleted or written over by a
// version: all of them, or else the last one and the first of the others, between which are
// all that there are.
func (e *Engine) stale(ctx context.Context, horizon uint64) (stale [][]byte, err error) {
	err = e.view(ctx, func(snap snapshot) error {
		it := snap.txn.NewIterator(badger.IteratorOptions{AllVersions: true})
		defer it.Close()
		var newer []byte
		var version uint64
		for it.Rewind(); it.Valid(); it.Next() {
			item := it.Item()
			if item.IsDeletedOrExpired() && item.Version() <= horizon || bytes.Equal(item.Key(), newer) && version <= horizon {
				stale = stale[:min(len(stale), mostStale-1)]
				if len(stale) == 0 || !bytes.Equal(stale[len(stale)-1], item.Key()) {
					stale = append(stale, item.KeyCopy(nil))
				}
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
