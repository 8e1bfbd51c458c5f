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
	r, err := s.reservationOf(e)
	if err != nil {
		w, done := NewWrite()
		done(err)
		return w
	}
	return s.enter(ctx, r.id, func(t *tx) error {
		err := t.rest(r)
		if err == nil {
			err = t.reserve(r)
		}
		if err != nil {
			return fmt.Errorf("reserving a send: %w", err)
		}
		return nil
	})
}

// NotReserved is the error of sends that were to be reserved together, of which one, by its
// place, can't be.
type NotReserved struct {
	Place int
	Err   error
}

func (e *NotReserved) Error() string { return fmt.Sprintf("reserving send %d: %v", e.Place, e.Err) }

// Unwrap is why.
func (e *NotReserved) Unwrap() error { return e.Err }

// mostTogether bounds the bytes of what is reserved together.
const mostTogether = 4 << 20

// ReserveTogether is Reserve for the sends of one request: all are entered, or none. It
// does nothing and reports false where the engine has no use for that, or there is too much.
//
// Where a decision must still rest on what was known ([Versioned]), each but the first would
// find that the ones before it have changed that.
func (s *Book) ReserveTogether(_ context.Context, entries []*Entry) (w *Write, ok bool) {
	joint, ok := s.deferring.(Joint)
	if !ok {
		return nil, false
	}
	all, ids, size := make([]*reservation, len(entries)), make([]ID, len(entries)), 0
	for i, e := range entries {
		r, err := s.reservationOf(e)
		if err != nil {
			return nil, false // it says so by itself
		}
		all[i], ids[i] = r, r.id
		size += len(r.raw)
	}
	if size > mostTogether {
		return nil, false
	}
	return joint.EnterAll(ids, s.with(func(t *tx) error {
		for _, do := range []func(*reservation) error{t.rest, t.reserve} {
			for i, r := range all {
				if err := do(r); err != nil {
					return &NotReserved{i, err}
				}
			}
		}
		return nil
	})), true
}

// reservationOf is what entering a send needs.
func (s *Book) reservationOf(e *Entry) (*reservation, error) {
	kept := *e
	inForce := s.abridge(e, &kept)
	raw := encodeEntry(&kept) // here and not in the change, for which others wait
	if err := checkEntry(e, raw); err != nil {
		return nil, fmt.Errorf("reserving a send: %w", err)
	}
	r := &reservation{basis: e.Basis, columns: columnsOf(e), id: e.ID, raw: raw, head: headOf(e), at: e.At, terms: e.Terms, kind: e.Send.Kind, template: e.Send.Template, waba: e.WABA, policy: inForce, budgets: e.Facts.Budgets}
	if r.head.reserved {
		r.claims = e.Decision.Claims
	}
	if e.Attempt != nil && r.head.reserved {
		attempt := *e.Attempt
		r.attempt = &attempt
		r.head.Attempt = &attempt.Key
	}
	return r, nil
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

// rest has a send entered only if what it was decided on still holds. It comes before the
// change writes anything.
func (t *tx) rest(r *reservation) error {
	rests, ok := t.Tx.(Resting)
	if !ok || r.basis == nil || !r.head.reserved {
		return nil
	}
	return rests.Rest(r.basis)
}

func (t *tx) reserve(r *reservation) (err error) {
	data := r.raw
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
