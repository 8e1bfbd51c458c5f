package store

import (
	"context"
	"fmt"
	"iter"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// Received is a message that reached somebody, as far as conversations depend on it.
type Received struct {
	ID ID
	// At is when the message was decided, and Delivered when it reached the person, by the
	// earliest status that tells: never before At, though Meta's clock may say so.
	At, Delivered policy.Moment
	// Person is whom it reached, by the name that they were known by then.
	Person policy.ContactID
	Alike
}

// Received yields the messages that were decided in a time, from a business phone number or
// all (""), and have reached somebody since: newest first, of a message to a group each copy of
// which a status has told. It reads each entry of the time, as little of it as counting does.
func (s *Book) Received(ctx context.Context, from, to policy.Moment, phoneNumberID string) iter.Seq2[*Received, error] {
	return func(yield func(*Received, error) bool) {
		if err := s.received(ctx, Filter{From: from, To: to, PhoneNumberID: phoneNumberID}, yield); err != nil {
			yield(nil, fmt.Errorf("reading the ledger: %w", err))
		}
	}
}

func (s *Book) received(ctx context.Context, f Filter, yield func(*Received, error) bool) error {
	sc, err := s.newScan(ctx, Ledger, f)
	if err != nil {
		return err
	}
	chunk := make([]Received, 0, chunkLooks)
	for !sc.done {
		chunk = chunk[:0]
		err := s.view(ctx, func(r *reading) error {
			return sc.lines(r, func(l *Line) (enough bool, err error) {
				chunk, err = r.received(l, &f, chunk)
				return false, err
			})
		})
		if err != nil {
			return err
		}
		for i := range chunk {
			if !yield(&chunk[i], nil) {
				return nil
			}
		}
	}
	return nil
}

// received appends to a list what a line tells of messages that reached somebody.
func (r *reading) received(l *Line, f *Filter, list []Received) ([]Received, error) {
	k, ok, err := skim(r, l)
	if err != nil {
		return list, err
	}
	if ok && !k.unnamed && k.Part == billing.Whole {
		if k.received != 0 && f.selects(&k.Alike) {
			list = append(list, Received{l.ID, k.at, k.received, k.person, k.Alike})
		}
		return list, nil
	}
	logged, err := newLogged(l)
	if err != nil {
		return list, err
	}
	e, err := r.s.assemble(r, logged)
	if err != nil {
		return list, err
	}
	for i, a := range e.Counts() {
		person, delivery := e.Contact(), &e.Delivery
		if other := e.Outcome.ReachedOther; other != nil {
			person = *other
		}
		if a.Part == billing.Copy {
			person, delivery = e.Copies[i-1].Contact, &e.Copies[i-1].Delivery
		}
		if a.Part != billing.Divided && a.Status.Delivered() && f.selects(&a) {
			list = append(list, Received{l.ID, e.At, max(e.At, delivery.Delivered), person, a})
		}
	}
	return list, nil
}
