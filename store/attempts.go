package store

import (
	"context"
	"fmt"
	"time"

	"github.com/waguard/waguard/policy"
)

// attemptRecord is the request under an idempotency key.
type attemptRecord struct {
	Entry   ID            `cbor:"1,keyasint"`
	Request policy.Alias  `cbor:"2,keyasint"`
	Until   policy.Moment `cbor:"3,keyasint"` // the key is free again
	// Start is in which start of the engine the request was reserved. An answer that
	// is missing then may be still to come, later it is lost.
	Start  uint64 `cbor:"4,keyasint"`
	Ended  bool   `cbor:"5,keyasint,omitempty"` // settled, with an answer or without
	Status int    `cbor:"6,keyasint,omitempty"`
	Answer []byte `cbor:"7,keyasint,omitempty"`
}

// knownAttempt is what the record says at a time; nil if there is none any more.
func (s *Book) knownAttempt(a *attemptRecord, at policy.Moment) *KnownAttempt {
	if a.Until <= at {
		return nil // none, or one that has lapsed
	}
	k := &KnownAttempt{State: AttemptUnknown, Request: a.Request, Entry: a.Entry, Status: a.Status, Answer: a.Answer}
	switch {
	case a.Answer != nil:
		k.State = AttemptAnswered
	case !a.Ended && a.Start == s.start && !s.outlived(a.Entry):
		k.State = AttemptOpen
	}
	return k
}

// attempt records that a request leaves under its idempotency key, or fails with
// ErrRepeated. Of two requests one is first: see [Engine.Update].
func (t *tx) attempt(id ID, at policy.Moment, a *Attempt) error {
	key := aliasKey(attemptPrefix, a.Key)
	before, err := readRecord[attemptRecord](t, key)
	if err != nil {
		return err
	}
	if t.s.knownAttempt(&before, at) != nil {
		return ErrRepeated
	}
	return t.put(key, attemptRecord{Entry: id, Request: a.Request, Until: at.Add(a.Keep), Start: t.s.start}, a.Keep+keptLonger)
}

// settleAttempt records what a repetition of the entry's request is to be
// answered, or frees the idempotency key of one that had no effect.
func (t *tx) settleAttempt(id ID, h *entryHead, o Outcome) error {
	if h.Attempt == nil {
		return nil
	}
	key := aliasKey(attemptPrefix, *h.Attempt)
	a, err := readRecord[attemptRecord](t, key)
	if err != nil || a.Entry != id {
		return err // it has lapsed, or is another request's by now
	}
	if o.State == NotSent || o.Repeatable {
		return t.Delete(key)
	}
	a.Ended, a.Status, a.Answer = true, o.HTTPStatus, o.Answer
	return t.put(key, a, max(time.Duration(a.Until-policy.MomentOf(t.s.options.Now()))*time.Millisecond, 0)+keptLonger)
}

// Attempt is what is remembered under the pseudonym of an idempotency key.
func (s *Book) Attempt(ctx context.Context, key policy.Alias) (*KnownAttempt, error) {
	var a attemptRecord
	err := s.view(ctx, func(r *reading) (err error) {
		a, err = readRecord[attemptRecord](r, aliasKey(attemptPrefix, key))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading an idempotency key: %w", err)
	}
	known := s.knownAttempt(&a, policy.MomentOf(s.options.Now()))
	if known == nil {
		return nil, fmt.Errorf("reading an idempotency key: %w", ErrNotFound)
	}
	return known, nil
}
