package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/waguard/waguard/policy"
)

// maxEntry bounds the size of an entry.
const maxEntry = 512 << 10

// Reserve enters a send into the ledger before it leaves, or a refusal.
//
// It becomes a line of the ledger, another one for a violation, and a record each
// for an opaque value and a claim.
func (s *Book) Reserve(ctx context.Context, e *Entry) *Write {
	kept := *e
	inForce := s.abridge(e, &kept)
	raw := encodeEntry(&kept) // here and not in the change, for which others wait
	if err := checkEntry(e, raw); err != nil {
		w, done := NewWrite()
		done(fmt.Errorf("reserving a send: %w", err))
		return w
	}
	r := reservation{basis: e.Basis, columns: columnsOf(e), id: e.ID, raw: raw, head: headOf(e), at: e.At, terms: e.Terms, kind: e.Send.Kind, template: e.Send.Template, waba: e.WABA, policy: inForce, budgets: e.Facts.Budgets}
	if r.head.reserved {
		r.claims = e.Decision.Claims
	}
	if e.Attempt != nil && r.head.reserved {
		attempt := *e.Attempt
		r.attempt = &attempt
		r.head.Attempt = &attempt.Key
	}
	return s.enter(ctx, r.id, func(t *tx) error {
		if err := t.reserve(&r); err != nil {
			return fmt.Errorf("reserving a send: %w", err)
		}
		return nil
	})
}

func checkEntry(e *Entry, raw []byte) error {
	switch {
	case e.ID.IsZero():
		return errors.New("the entry has no id")
	case e.Outcome.State != Reserved && e.Outcome.State != Refused:
		return fmt.Errorf("a new entry is reserved or refused, not %q", e.Outcome.State)
	case len(raw) > maxEntry:
		return fmt.Errorf("the entry has %d bytes: %w", len(raw), ErrTooBig)
	}
	return nil
}

// reservation is what entering a send needs. The entry itself is the caller's
// again.
type reservation struct {
	id    ID
	basis *Basis
	// columns are what the entry is looked for by.
	columns *Columns
	raw     []byte
	head    *entryHead
	at      policy.Moment
	terms   *policy.Terms
	claims  []policy.Claim
	// Whose template it is, and which; waba is "" where nobody said.
	kind     policy.Kind
	template policy.TemplateRef
	waba     string
	// policy is what it was decided under; nil for the default one.
	policy *policyRecord
	// attempt is the request's idempotency key, if it has one.
	attempt *Attempt
	// budgets are those it counts under, as it was decided.
	budgets []policy.BudgetFacts
}

func (t *tx) reserve(r *reservation) (err error) {
	data := r.raw
	if rests, ok := t.Tx.(Resting); ok && r.basis != nil && r.head.reserved {
		if err := rests.Rest(r.basis); err != nil {
			return err
		}
	}
	if err := t.outdated(r.head); err != nil {
		return err
	}
	if r.attempt != nil {
		if err := t.attempt(r.id, r.at, r.attempt); err != nil {
			return err
		}
		if data, err = addRecord(data, KeyAttempt, r.attempt.Key); err != nil {
			return err
		}
	}
	if len(r.claims) > 0 {
		if r.head.Claims, err = t.claim(r); err != nil {
			return err
		}
		if data, err = addRecord(data, KeyClaims, r.head.Claims); err != nil {
			return err
		}
	}
	if r.head.reserved && !r.head.Opaque.IsZero() {
		if err := t.awaitMessage(r.head.Opaque, waitingSend{ID: r.id, Contacts: r.head.contacts()}); err != nil {
			return err
		}
	}
	if r.head.template, err = t.sentTemplate(r); err != nil {
		return err
	}
	if err := t.putPolicy(r.policy); err != nil {
		return err
	}
	if err := t.meterReserved(r); err != nil {
		return err
	}
	line := Line{ID: r.id, Data: data, Columns: r.columns}
	if r.head.violation() {
		if err := t.Append(Violations, &line); err != nil {
			return err
		}
	}
	if err := t.correct(r.id); err != nil {
		return err
	}
	if err := t.Append(Ledger, &line); err != nil {
		return err
	}
	if r.head.reserved {
		t.certainly(func() { t.s.inFlight.add(r.id, r.head) })
	}
	return nil
}

// outdated is the error of a send that was decided by what was known of a person before
// their data was erased: decided again, it is to nobody who is known.
func (t *tx) outdated(h *entryHead) error {
	if !h.reserved || t.s.nobodyErased() {
		return nil
	}
	for i := range h.Facts.Persons {
		a := h.Facts.Persons[i].Contact
		e, err := t.s.erasure(peeking{t}, a)
		if err != nil {
			return err
		}
		if e.At == 0 {
			continue
		}
		if c, err := t.contact(a); err != nil {
			return err
		} else if !c.Has(a) {
			return fmt.Errorf("the person was erased meanwhile: %w", ErrClaimed)
		}
	}
	return nil
}

// addRecord adds a record to an encoded one, under a key.
func addRecord(data []byte, key byte, record any) ([]byte, error) {
	value, err := encode(record)
	if err != nil {
		return nil, err
	}
	return AddMember(data, key, value)
}

// AddMember adds a member to a record: a map in CBOR of fewer than 23 members, all
// of which have other keys. What was handed in stays as it is.
func AddMember(data []byte, key byte, value []byte) ([]byte, error) {
	if len(data) == 0 || data[0]>>5 != cborMap || data[0]&0x1f >= 22 || key < 24 {
		return nil, fmt.Errorf("a record can't take another member: %w", ErrUnreadable)
	}
	added := slices.Concat(data, []byte{24, key}, value)
	added[0]++
	return added, nil
}
