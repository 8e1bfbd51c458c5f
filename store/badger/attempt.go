package badger

import (
	"context"
	"fmt"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// attemptRecord is the request under an idempotency key.
type attemptRecord struct {
	Entry   store.ID      `cbor:"1,keyasint"`
	Request policy.Alias  `cbor:"2,keyasint"`
	Until   policy.Moment `cbor:"3,keyasint"` // the key is free again
	// Start is in which start of the gateway the request was reserved. An answer
	// that is missing then is still to come, later it is lost.
	Start  uint64 `cbor:"4,keyasint"`
	Ended  bool   `cbor:"5,keyasint,omitempty"` // settled, with an answer or without
	Status int    `cbor:"6,keyasint,omitempty"`
	Answer []byte `cbor:"7,keyasint,omitempty"`
}

// known is the record as it stands at a time; nil if there is none any more.
func (a *attemptRecord) known(at policy.Moment, start uint64) *store.KnownAttempt {
	if a.Until <= at {
		return nil // none, or one that has lapsed
	}
	k := &store.KnownAttempt{State: store.AttemptUnknown, Request: a.Request, Entry: a.Entry, Status: a.Status, Answer: a.Answer}
	switch {
	case a.Answer != nil:
		k.State = store.AttemptAnswered
	case !a.Ended && a.Start == start:
		k.State = store.AttemptOpen
	}
	return k
}

// attempt records that a request leaves under its idempotency key, or fails with
// ErrRepeated. It runs in the writer, so of two requests one is first.
func (b *batch) attempt(id store.ID, at policy.Moment, a *store.Attempt) error {
	key := aliasKey(attemptPrefix, a.Key)
	before, err := readRecord[attemptRecord](b, key)
	if err != nil {
		return err
	}
	if before.known(at, b.s.start) != nil {
		return store.ErrRepeated
	}
	return b.putRecord(key, attemptRecord{Entry: id, Request: a.Request, Until: at.Add(a.Keep), Start: b.s.start}, a.Keep+brooms)
}

// settleAttempt records what a repetition of the entry's request is to be
// answered, or frees the idempotency key of one that had no effect.
func (b *batch) settleAttempt(id store.ID, h *entryHead, o store.Outcome) error {
	if h.attempt == nil {
		return nil
	}
	key := aliasKey(attemptPrefix, *h.attempt)
	a, err := readRecord[attemptRecord](b, key)
	if err != nil || a.Entry != id {
		return err // it has lapsed, or is another request's by now
	}
	if o.State == store.NotSent || o.Repeatable {
		return b.delete(key)
	}
	a.Ended, a.Status, a.Answer = true, o.HTTPStatus, o.Answer
	return b.putRecord(key, a, max(time.Duration(a.Until-policy.MomentOf(b.s.options.Now()))*time.Millisecond, 0)+brooms)
}

// Attempt is what is remembered under the pseudonym of an idempotency key.
func (s *Store) Attempt(ctx context.Context, key policy.Alias) (*store.KnownAttempt, error) {
	var a attemptRecord
	err := s.view(ctx, func(snap snapshot) (err error) {
		a, err = readRecord[attemptRecord](snap, aliasKey(attemptPrefix, key))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading an idempotency key: %w", err)
	}
	known := a.known(policy.MomentOf(s.options.Now()), s.start)
	if known == nil {
		return nil, fmt.Errorf("reading an idempotency key: %w", store.ErrNotFound)
	}
	return known, nil
}
