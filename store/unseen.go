package store

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/waguard/waguard/policy"
)

// Unseen is what Meta told of a message that isn't in the ledger: it was sent past the gateway,
// or its entry is gone.
type Unseen struct {
	// At is when it was delivered, or else of the newest status.
	At     policy.Moment
	Status policy.DeliveryStatus
	// Pricing is what Meta told of its price; nil where it told nothing.
	Pricing *policy.Pricing
}

// UnseenAfter is how old a status is before it is known that no send is behind it: sends may be
// told of before their answer has come, and which message is whose is on disk half an hour
// later.
const UnseenAfter = 2 * time.Hour

// TellsUnseen is what a store can do in addition that keeps sums of its ledger.
type TellsUnseen interface {
	// Unseen yields what statuses of a time, zero for no bound, told of messages that aren't in
	// the ledger, in no order, as far as those are older than UnseenAfter. It reads what is
	// known of all messages.
	Unseen(ctx context.Context, from, to policy.Moment) iter.Seq2[Unseen, error]
}

// Unseen is that of [TellsUnseen].
func (s *Book) Unseen(ctx context.Context, from, to policy.Moment) iter.Seq2[Unseen, error] {
	return func(yield func(Unseen, error) bool) {
		if err := s.unseen(ctx, from, to, yield); err != nil {
			yield(Unseen{}, fmt.Errorf("reading what statuses told: %w", err))
		}
	}
}

func (s *Book) unseen(ctx context.Context, from, to policy.Moment, yield func(Unseen, error) bool) error {
	if s.sums == nil {
		return ErrNoSums
	}
	until := policy.MomentOf(s.options.Now()).Add(-UnseenAfter)
	if to == 0 || to > until {
		to = until
	}
	// Of messages whose quarter of an hour is summed up it is noted whose they are.
	if err := s.SumUp(ctx); err != nil {
		return err
	}
	unlinked, err := s.unlinked(ctx, from, to)
	if err != nil {
		return err
	}
	if err := s.findSent(ctx, unlinked); err != nil {
		return err
	}
	for _, u := range unlinked {
		if !yield(u, nil) {
			return nil
		}
	}
	return nil
}

// unlinked is what statuses of a time told of messages of which nothing says whose they are.
func (s *Book) unlinked(ctx context.Context, from, to policy.Moment) (map[policy.Alias]Unseen, error) {
	messages := make(map[policy.Alias]Unseen)
	for part := range 256 {
		err := s.view(ctx, func(r *reading) error {
			return r.Scan([]byte{statusPrefix, byte(part)}, func(key, value []byte) (bool, error) {
				is, err := decodeStatus(value)
				if err != nil || is.sent() != nil {
					return false, err
				}
				u := Unseen{At: cmp.Or(is.Delivered, is.Status.At), Status: is.Status.Status, Pricing: is.Priced.Pricing}
				if u.At != 0 && from <= u.At && u.At < to {
					messages[policy.Alias(key[1:])] = u
				}
				return false, ctx.Err()
			})
		})
		if err != nil {
			return nil, err
		}
	}
	return messages, nil
}

// findSent takes out the messages that are in the ledger after all: those that were sent in
// quarters of an hour without sums, in which there were few, and those that no sum has, since
// what became of them is known by their opaque value alone.
func (s *Book) findSent(ctx context.Context, messages map[policy.Alias]Unseen) error {
	before := numberOf(policy.MomentOf(s.options.Now())) + 1
	for len(messages) > 0 {
		q, err := s.entriesBefore(ctx, before, 0)
		if q < 0 || err != nil {
			return err
		}
		before = q
		if err := s.findSentIn(ctx, q, messages); err != nil {
			return err
		}
	}
	return nil
}

func (s *Book) findSentIn(ctx context.Context, q int64, messages map[policy.Alias]Unseen) error {
	find := func(r *reading, l *logged) error {
		wamid, err := s.sentAs(r, l)
		if err == nil && wamid != nil {
			delete(messages, *wamid)
		}
		return err
	}
	summed := false
	err := s.view(ctx, func(r *reading) error {
		value, err := r.get(sumsKey(q))
		if err != nil {
			return err
		}
		if summed = s.heldSums(value) != nil; !summed {
			return nil
		}
		return r.corrections(q, -1, func(c correction) error {
			line, err := r.Find(Ledger, c.id)
			if line == nil || err != nil {
				return err
			}
			l, err := newLogged(line)
			if err != nil {
				return err
			}
			return find(r, l)
		})
	})
	if err != nil || summed {
		return err
	}
	for w := walkQuarter(q); !w.done; {
		err := s.view(ctx, func(r *reading) error {
			return w.read(r, func(l *logged) (enough bool, err error) { return false, find(r, l) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}
