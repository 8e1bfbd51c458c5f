package badger

import (
	"context"
	"fmt"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Entry is the ledger entry with that id.
func (s *Store) Entry(ctx context.Context, id store.ID) (*store.Entry, error) {
	var e *store.Entry
	err := s.view(ctx, func(snap snapshot) (err error) {
		e, err = s.entry(snap, ledger, id)
		if e == nil && err == nil {
			e, err = s.entry(snap, violations, id) // may be kept longer
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading entry %s: %w", id, err)
	}
	if e == nil {
		return nil, fmt.Errorf("reading entry %s: %w", id, store.ErrNotFound)
	}
	return e, nil
}

// entry is the entry in a journal, nil if there is none.
func (s *Store) entry(snap snapshot, j journal, id store.ID) (*store.Entry, error) {
	if s.expired(id, s.retention(j)) {
		return nil, nil
	}
	e, err := j.find(snap.txn, id)
	if e == nil || err != nil {
		return nil, err
	}
	settled, err := j.settled(snap, e)
	if err != nil {
		return nil, err
	}
	return s.assemble(snap, e, settled)
}

func (s *Store) retention(j journal) time.Duration {
	if j == violations {
		return s.options.ViolationRetention
	}
	return s.options.LedgerRetention
}

// assemble is the entry with what became of it.
func (s *Store) assemble(src source, l *ledgerEntry, settled *settlement) (*store.Entry, error) {
	e := new(store.Entry)
	if err := decode(l.Entry, e); err != nil {
		return nil, err
	}
	for i := range l.Claims {
		e.Decision.Claims = append(e.Decision.Claims, l.Claims[i].Claim())
	}
	switch {
	case settled != nil:
		e.Outcome = settled.Outcome
	case e.Outcome.State == store.Reserved && l.start != s.start:
		e.Outcome.State = store.Unknown
	}
	if settled == nil {
		settled = &settlement{Outcome: e.Outcome}
	}
	wamid := settled.Wamid
	if settled.awaited() && !e.Opaque.IsZero() {
		seen, ok, err := echoOf(src, e.ID, e.Opaque, policy.MomentOf(s.options.Now()))
		if err != nil {
			return nil, err
		}
		if ok {
			wamid = &seen.Wamid
			if e.Outcome.State != store.Accepted {
				e.Outcome.State, e.Outcome.At = store.Accepted, seen.At
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
	e.Delivery = status.delivery()
	return e, nil
}
