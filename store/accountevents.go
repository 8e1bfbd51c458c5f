package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"time"

	"github.com/waguard/waguard/policy"
)

// accountEvent keeps an event under its time and the hash of all it says: told
// again it is the same record.
func (t *tx) accountEvent(e policy.AccountEvent) error {
	e.Cost = nil
	key, value, err := keyOfEvent(e)
	if err != nil {
		return err
	}
	if known, err := t.get(key); err != nil || known != nil {
		return err
	}
	if err := t.Put(key, value, t.s.keepSince(e.At)); err != nil {
		return err
	}
	return t.arrived(&arrivalRecord{Event: EventID(key[1:])})
}

// keyOfEvent is where an event without a cost stands, and what stands there.
func keyOfEvent(e policy.AccountEvent) (key, value []byte, err error) {
	if value, err = encode(e); err != nil {
		return nil, nil, err
	}
	hash := sha256.Sum256(value)
	key = binary.BigEndian.AppendUint64([]byte{eventPrefix}, uint64(max(e.At, 0)))
	return append(key, hash[:8]...), value, nil
}

// driftCosted adds to an event what it costs, unless it says so.
func (t *tx) driftCosted(c *policy.DriftCosted) error {
	e := c.Event
	e.Cost = nil
	key, value, err := keyOfEvent(e)
	if err != nil {
		return err
	}
	// What has been added since would be lost, and so would be what is no longer kept.
	if known, err := t.get(key); err != nil || !bytes.Equal(known, value) {
		return err
	}
	e.Cost = &c.Cost
	if value, err = encode(e); err != nil {
		return err
	}
	return t.Put(key, value, t.s.keepSince(e.At))
}

// keepSince is for how long a record about a moment is kept, as long as the
// ledger; zero is for ever.
func (s *Book) keepSince(at policy.Moment) time.Duration {
	if s.options.LedgerRetention <= 0 {
		return 0
	}
	return max(s.options.LedgerRetention-s.options.Now().Sub(at.Time()), 0) + keptLonger
}

// AccountEvents yields the account events that match, newest first.
func (s *Book) AccountEvents(ctx context.Context, f EventFilter) iter.Seq2[*AccountEvent, error] {
	return func(yield func(*AccountEvent, error) bool) {
		if f.PhoneNumberID != "" && f.WABA == "" {
			n, err := s.Number(ctx, f.PhoneNumberID)
			if err != nil {
				yield(nil, err)
				return
			}
			f.WABA = n.WABA
		}
		f.From = max(f.From, s.oldest(s.options.LedgerRetention))
		for left, done := f.Limit, false; !done; {
			var chunk []*AccountEvent
			err := s.view(ctx, func(r *reading) (err error) {
				chunk, done, err = r.eventChunk(&f)
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
func (r *reading) eventChunk(f *EventFilter) (chunk []*AccountEvent, done bool, err error) {
	looks := 0
	done = true
	err = r.ScanBack([]byte{eventPrefix}, eventSeek(f), func(key, value []byte) (enough bool, err error) {
		e := new(AccountEvent)
		copy(e.ID[:], key[1:])
		if err := decode(value, &e.AccountEvent); err != nil {
			return false, err
		}
		if e.At < f.From {
			return true, nil
		}
		f.Before = e.ID
		if e.PhoneNumberID == "" && e.Display != "" {
			if e.PhoneNumberID, err = r.numberShown(e.Display); err != nil {
				return false, err
			}
		}
		if f.Selects(&e.AccountEvent) {
			chunk = append(chunk, e)
		}
		looks++
		done = len(chunk) < chunkEntries && looks < chunkLooks
		return !done, nil
	})
	return chunk, done, err
}

// eventSeek is the key from which a reverse walk for f begins: the largest that
// is before both f.To and f.Before.
func eventSeek(f *EventFilter) []byte {
	bound := maxID
	if f.To != 0 {
		binary.BigEndian.PutUint64(bound[:8], uint64(max(f.To, 0)))
		clear(bound[8:])
	}
	if id := ID(f.Before); !id.IsZero() && compareIDs(id, bound) < 0 {
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
