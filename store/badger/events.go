package badger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// accountEvent keeps an event under its time and the hash of all it says: told
// again it is the same record.
func (b *batch) accountEvent(e policy.AccountEvent) error {
	value, err := encode(e)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(value)
	key := binary.BigEndian.AppendUint64([]byte{eventPrefix}, uint64(max(e.At, 0)))
	key = append(key, hash[:8]...)
	if known, err := b.get(key); err != nil || known != nil {
		return err
	}
	return b.put(key, value, b.s.keepSince(e.At))
}

// keepSince is for how long a record about a moment is kept, as long as the
// ledger; zero is for ever.
func (s *Store) keepSince(at policy.Moment) time.Duration {
	if s.options.LedgerRetention <= 0 {
		return 0
	}
	return max(s.options.LedgerRetention-s.options.Now().Sub(at.Time()), 0) + brooms
}

// AccountEvents yields the account events that match, newest first.
func (s *Store) AccountEvents(ctx context.Context, f store.EventFilter) iter.Seq2[*store.AccountEvent, error] {
	return func(yield func(*store.AccountEvent, error) bool) {
		if f.PhoneNumberID != "" && f.WABA == "" {
			f.WABA = s.Number(f.PhoneNumberID).WABA
		}
		f.From = max(f.From, s.oldest(s.options.LedgerRetention))
		for left, done := f.Limit, false; !done; {
			var chunk []*store.AccountEvent
			err := s.view(ctx, func(snap snapshot) (err error) {
				chunk, done, err = s.eventChunk(snap.txn, &f)
				return err
			})
			if err != nil {
				yield(nil, fmt.Errorf("reading account events: %w", err))
				return
			}
			for _, e := range chunk {
				if !yield(e, nil) {
					return
				}
				if left--; left == 0 {
					return
				}
			}
		}
	}
}

// eventChunk reads the newest events that match, and moves f.Before to the last
// one it has looked at. It reports whether that was the oldest.
func (s *Store) eventChunk(txn *badger.Txn, f *store.EventFilter) (chunk []*store.AccountEvent, done bool, err error) {
	o := badger.DefaultIteratorOptions
	o.Prefix, o.Reverse = []byte{eventPrefix}, true
	it := txn.NewIterator(o)
	defer it.Close()
	it.Seek(eventSeek(f))
	for range chunkLooks {
		if !it.Valid() {
			return chunk, true, nil
		}
		e := new(store.AccountEvent)
		copy(e.ID[:], it.Item().Key()[1:])
		if err := it.Item().Value(func(value []byte) error { return decode(value, &e.AccountEvent) }); err != nil {
			return nil, false, err
		}
		if e.At < f.From {
			return chunk, true, nil
		}
		f.Before = e.ID
		if e.PhoneNumberID == "" && e.Display != "" {
			e.PhoneNumberID = s.known.numberShown(e.Display)
		}
		if f.Selects(&e.AccountEvent) {
			if chunk = append(chunk, e); len(chunk) == chunkEntries {
				return chunk, false, nil
			}
		}
		it.Next()
	}
	return chunk, false, nil
}

// eventSeek is the key from which a reverse walk for f begins: the largest that
// is before both f.To and f.Before.
func eventSeek(f *store.EventFilter) []byte {
	bound := lastID
	if f.To != 0 {
		binary.BigEndian.PutUint64(bound[:8], uint64(max(f.To, 0)))
		clear(bound[8:])
	}
	if id := store.ID(f.Before); !id.IsZero() && compareIDs(id, bound) < 0 {
		bound = id
	}
	// One less: neither bound is itself wanted.
	for i := len(bound) - 1; i >= 0; i-- {
		bound[i]--
		if bound[i] != 0xff {
			break
		}
	}
	return append([]byte{eventPrefix}, bound[:]...)
}
