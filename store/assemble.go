package store

import (
	"context"
	"fmt"
	"time"

	"github.com/waguard/waguard/policy"
)

// Entry is the ledger entry with that id.
func (s *Book) Entry(ctx context.Context, id ID) (*Entry, error) {
	var e *Entry
	err := s.view(ctx, func(r *reading) (err error) {
		e, err = s.entry(r, Ledger, id)
		if e == nil && err == nil {
			e, err = s.entry(r, Violations, id) // may be kept longer
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading entry %s: %w", id, err)
	}
	if e == nil {
		return nil, fmt.Errorf("reading entry %s: %w", id, ErrNotFound)
	}
	return e, nil
}

// entry is the entry in a journal, nil if there is none.
func (s *Book) entry(r *reading, j Journal, id ID) (*Entry, error) {
	if s.expired(id, s.retention(j)) {
		return nil, nil
	}
	l, err := r.Find(j, id)
	if l == nil || err != nil {
		return nil, err
	}
	e, err := newLogged(l)
	if err != nil {
		return nil, err
	}
	return s.assemble(r, e)
}

func (s *Book) retention(j Journal) time.Duration {
	if j == Violations {
		return s.options.ViolationRetention
	}
	return s.options.LedgerRetention
}

// assemble is the entry with what became of it.
func (s *Book) assemble(src source, l *logged) (*Entry, error) {
	e := new(Entry)
	if err := decode(l.Data, e); err != nil {
		return nil, err
	}
	if err := l.readHead(); err != nil {
		return nil, err
	}
	for i := range l.head.Claims {
		e.Decision.Claims = append(e.Decision.Claims, l.head.Claims[i].Claim())
	}
	if err := s.complete(src, e); err != nil {
		return nil, err
	}
	settled := l.settled
	switch {
	case settled != nil:
		e.Outcome = settled.Outcome
	case e.Outcome.State == Reserved && (l.Left || s.outlived(l.ID)):
		e.Outcome.State = Unknown
	}
	if settled == nil {
		settled = &settlement{Outcome: e.Outcome}
	}
	wamid := settled.Wamid
	if settled.awaited() && !e.Opaque.IsZero() {
		seen, ok, err := messageOf(src, e.ID, e.Opaque, policy.MomentOf(s.options.Now()))
		if err != nil {
			return nil, err
		}
		if ok {
			wamid = &seen.Wamid
			if e.Outcome.State != Accepted {
				e.Outcome.State, e.Outcome.At = Accepted, seen.At
			}
		}
	}
	if wamid == nil {
		return e, nil
	}
	status, err := readStatus(src, *wamid)
	if err != nil {
		return nil, err
	}
	if e.Delivery = status.delivery(); status.Copies {
		copies, err := readCopies(src, *wamid)
		if err != nil {
			return nil, err
		}
		e.Copies = copies.copies()
	}
	return e, nil
}
