package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
)

// What is no longer kept leaves the disk when the store is swept. Badger's own
// expiry does it badly: it goes by the machine's clock, so that one that is a
// year ahead for a minute erases the ledger; and it frees the bytes of a record
// only when a neighbour is written, which records in the order of their time
// have none of any more.
//
// The present of a sweep is none that a wrong clock could make: it is not after
// the newest entry of the ledger, and it has been there on two days before.

// sweepEvery is how often the store is swept. What it finds gone past is some
// hours' worth; see bucket.
const sweepEvery = time.Hour

// days are those on which the store was swept last.
type daysRecord struct {
	Days []int64 `cbor:"1,keyasint"` // since 1970, in order, three at most
}

const msOfDay = 24 * 60 * 60 * 1000

// sweepDays is how many days the clock must have shown, one after the other,
// before records are swept by the first of them.
const sweepDays = 3

// add enters a day. Days after it came from a clock that was wrong.
func (r *daysRecord) add(day int64) {
	r.Days = slices.DeleteFunc(r.Days, func(d int64) bool { return d >= day })
	r.Days = append(r.Days, day)
	if len(r.Days) > sweepDays {
		r.Days = r.Days[len(r.Days)-sweepDays:]
	}
}

// present is the day that is surely there, in milliseconds; zero where that isn't
// known.
func (r *daysRecord) present() int64 {
	if len(r.Days) < sweepDays {
		return 0
	}
	return r.Days[0] * msOfDay
}

// sweeping sweeps until the store is closed.
func (e *Engine) sweeping(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := e.sweep(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrFailed) {
				e.log.Error("what is no longer kept could not be deleted", zap.String("path", e.dir), zap.Error(err))
			}
		case <-ctx.Done():
			return
		}
	}
}

// sweep deletes what is no longer kept.
func (e *Engine) sweep(ctx context.Context) error {
	now, err := e.sweepTime(ctx)
	if err != nil || now == 0 {
		return err
	}
	if err := e.flush(); err != nil { // so that all there is can be found
		return err
	}
	for _, j := range []journal{ledger, violations} {
		if err := e.sweepJournal(ctx, j, now); err != nil {
			return fmt.Errorf("sweeping the ledger: %w", err)
		}
	}
	for _, prefix := range []byte(store.ExpiringKinds) {
		if err := e.sweepRecords(ctx, prefix, now); err != nil {
			return fmt.Errorf("sweeping records %c: %w", prefix, err)
		}
	}
	return nil
}

// sweepTime enters today among the days and gives the present; zero where none is
// sure yet.
func (e *Engine) sweepTime(ctx context.Context) (now int64, err error) {
	today := e.options.Now().Unix() / int64(24*time.Hour/time.Second)
	err = e.do(ctx, func(b *batch) error {
		var days daysRecord
		value, err := b.get(daysKey)
		if err == nil && value != nil {
			err = decode(value, &days)
		}
		if err != nil {
			return err
		}
		before := slices.Clone(days.Days)
		days.add(today)
		now = min(days.present(), int64(b.e.head.Entry.Moment()))
		if slices.Equal(before, days.Days) {
			return nil
		}
		if value, err = encode(days); err != nil {
			return err
		}
		return b.Put(daysKey, value, 0)
	})
	return now, err
}

// Entries and settlements of a journal lie in the order of their time, so that
// those of some hours have a prefix in common and are dropped together, tables
// and all: the first three of the six bytes of a time are the same for 2^24
// milliseconds.
const (
	bucketPrefix = 1 + 3
	bucket       = 1 << 24
	// maxBuckets is how many are dropped at a time: nobody can read or write
	// meanwhile.
	maxBuckets = 64
)

// sweepJournal drops the hours that are no longer kept.
func (e *Engine) sweepJournal(ctx context.Context, j journal, now int64) error {
	retention := e.options.LedgerRetention
	if j == violations {
		retention = e.options.ViolationRetention
	}
	if retention <= 0 {
		return nil
	}
	dropped := []byte{j.pages, j.settlements}
	if j == ledger {
		dropped = append(dropped, store.SumsPrefix)
	}
	last := now - retention.Milliseconds()
	for {
		var prefixes [][]byte
		err := e.view(ctx, func(snap snapshot) error {
			for _, prefix := range dropped {
				prefixes = append(prefixes, expiredBuckets(snap.txn, prefix, last, maxBuckets-len(prefixes))...)
			}
			return nil
		})
		if err != nil || len(prefixes) == 0 {
			return err
		}
		if err := e.drop(ctx, prefixes); err != nil {
			return err
		}
	}
}

// expiredBuckets are the prefixes of the hours with something in them that end
// before last: also what an older waguard let Badger expire, which keeps it on
// disk and out of sight.
func expiredBuckets(txn *badger.Txn, prefix byte, last int64, most int) (prefixes [][]byte) {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{prefix}, AllVersions: true})
	defer it.Close()
	for it.Seek(idKey(prefix, store.ID{})); it.Valid() && len(prefixes) < most; {
		begin := idOf(it.Item().Key()).Moment() / bucket * bucket
		end := begin + bucket
		if int64(end)+pageSpan > last { // the last page of a bucket may reach beyond it
			break
		}
		prefixes = append(prefixes, idKey(prefix, store.FirstID(begin))[:bucketPrefix])
		it.Seek(idKey(prefix, store.FirstID(end)))
	}
	return prefixes
}

// drop deletes everything under prefixes, between two transactions.
func (e *Engine) drop(ctx context.Context, prefixes [][]byte) error {
	return e.between(ctx, func() error {
		if err := e.writable(); err != nil {
			return err
		}
		e.flushing.Lock()
		defer e.flushing.Unlock()
		err := e.db.Update(func(txn *badger.Txn) error { return mark(txn, prefixes) })
		if err == nil {
			err = e.db.DropPrefix(prefixes...)
		}
		if err == nil {
			err = e.keeper.list(true)
		}
		if err != nil {
			e.fail(fmt.Errorf("dropping what is no longer kept: %w", err))
			return store.ErrFailed
		}
		return nil
	})
}

// mark writes an empty record under each prefix: Badger drops none in which it
// sees nothing.
func mark(txn *badger.Txn, prefixes [][]byte) error {
	page, err := encodePage(pageRecord{})
	if err != nil {
		return err
	}
	for _, prefix := range prefixes {
		value := page
		if prefix[0] != ledger.pages && prefix[0] != violations.pages {
			value = []byte{0xa0} // an empty map in CBOR
		}
		key := append(bytes.Clone(prefix), make([]byte, 1+len(store.ID{})-bucketPrefix)...)
		if err := txn.Set(key, value); err != nil {
			return err
		}
	}
	return nil
}

// between has the writer run something between two transactions.
func (e *Engine) between(ctx context.Context, run func() error) error {
	done := make(chan error, 1)
	select {
	case e.breaks <- func() { done <- run() }:
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-done
}

// Records that are kept for a time carry when that ends. Badger would take it
// for an order to expire them by its clock, if it weren't so far in the future.
const farFuture = 1 << 34 // seconds; the year 2514

// keptUntil is what a record carries that is written at a time.
func keptUntil(now time.Time, ttl time.Duration) uint64 {
	return uint64(farFuture + now.Add(ttl).Unix())
}

// outlived reports that a record carries a time before now.
func outlived(item *badger.Item, now int64) bool {
	at := item.ExpiresAt()
	return at > farFuture && int64(at-farFuture) < now/1000
}

const (
	// sweepChunk is how many records are deleted in a transaction.
	sweepChunk = 128
	// sweepLooks is how many keys are looked at in one snapshot.
	sweepLooks = 4096
)

// sweepRecords deletes records that are no longer kept.
func (e *Engine) sweepRecords(ctx context.Context, prefix byte, now int64) error {
	for from := []byte{prefix}; from != nil; {
		var keys [][]byte
		err := e.view(ctx, func(snap snapshot) error {
			keys, from = outlivedKeys(snap.txn, prefix, from, now)
			return nil
		})
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			continue
		}
		err = e.do(ctx, func(b *batch) error { return b.deleteOutlived(keys, now) })
		if err != nil {
			return err
		}
	}
	return nil
}

// outlivedKeys looks at some thousand keys, and gives the next one; nil after the
// last.
func outlivedKeys(txn *badger.Txn, prefix byte, from []byte, now int64) (keys [][]byte, next []byte) {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{prefix}})
	defer it.Close()
	looks := 0
	for it.Seek(from); it.Valid(); it.Next() {
		if looks++; looks > sweepLooks || len(keys) == sweepChunk {
			return keys, it.Item().KeyCopy(nil)
		}
		if outlived(it.Item(), now) {
			keys = append(keys, it.Item().KeyCopy(nil))
		}
	}
	return keys, nil
}

// deleteOutlived deletes those of the records that weren't written again.
func (b *batch) deleteOutlived(keys [][]byte, now int64) error {
	for _, key := range keys {
		if _, again := b.writes[string(key)]; again {
			continue
		}
		if _, again := b.recents.get(key); again {
			continue
		}
		item, err := b.inBadger().Get(key)
		if errors.Is(err, badger.ErrKeyNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if outlived(item, now) {
			if err := b.Delete(key); err != nil {
				return err
			}
		}
	}
	return nil
}
