package badger

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// settlement is what the upstream made of a send.
type settlement struct {
	Outcome store.Outcome `cbor:"1,keyasint"`
	Wamid   *policy.Alias `cbor:"2,keyasint,omitempty"`
}

// awaited reports that the message of the send is not known, but there may be
// one.
func (s *settlement) awaited() bool {
	switch s.Outcome.State {
	case store.Reserved, store.Unknown, store.Accepted:
		return s.Wamid == nil
	}
	return false
}

// strayed reports that the message went to somebody else than the send was judged
// by. It is nil-safe: of many entries nobody knows what became of them.
func (s *settlement) strayed() bool { return s != nil && s.Outcome.ReachedOther != nil }

// entryHead is the part of an entry that settling and scanning need. Reading it
// costs a fraction of reading all of it.
type entryHead struct {
	Send struct {
		PhoneNumberID string `cbor:"2,keyasint,omitempty"`
		Template      struct {
			Name string `cbor:"1,keyasint,omitempty"`
		} `cbor:"5,keyasint,omitempty"`
		TwoNames bool        `cbor:"9,keyasint,omitempty"`
		Bare     policy.Bare `cbor:"10,keyasint,omitempty"`
	} `cbor:"4,keyasint"`
	Facts struct {
		Persons []headPerson `cbor:"1,keyasint,omitempty"`
	} `cbor:"5,keyasint"`
	Policy struct {
		BareNumbers policy.BareNumbers `cbor:"7,keyasint,omitempty"`
	} `cbor:"6,keyasint"`
	Decision struct {
		Verdict policy.Verdict `cbor:"1,keyasint"`
		Rule    policy.Rule    `cbor:"2,keyasint"`
		Person  int            `cbor:"8,keyasint,omitempty"`
	} `cbor:"7,keyasint"`
	Opaque policy.Alias `cbor:"14,keyasint,omitempty"`
	Sender string       `cbor:"15,keyasint,omitempty"`
	Token  string       `cbor:"16,keyasint,omitempty"`

	claims   []policy.Taken
	attempt  *policy.Alias
	reserved bool // it was when it was entered
	// template is that of a send, as long as the gateway runs that sent it.
	template *sentTemplate
}

type headPerson struct {
	Contact policy.Alias `cbor:"1,keyasint"`
}

// contacts are the recipient's by all readings, each once, in their order.
func (h *entryHead) contacts() []policy.Alias {
	var contacts []policy.Alias
	for _, p := range h.Facts.Persons {
		if !slices.Contains(contacts, p.Contact) {
			contacts = append(contacts, p.Contact)
		}
	}
	return contacts
}

// judged are the contacts the send was judged by, each once; see [policy.Judged].
func (h *entryHead) judged() []policy.Alias {
	if h.Send.Bare == policy.NotBare || h.Policy.BareNumbers == policy.BareBoth {
		return h.contacts()
	}
	var judged []policy.Alias
	for i, p := range h.Facts.Persons {
		counts := i == h.Decision.Person || h.Send.TwoNames && i == len(h.Facts.Persons)-1
		if counts && !slices.Contains(judged, p.Contact) {
			judged = append(judged, p.Contact)
		}
	}
	return judged
}

func (h *entryHead) violation() bool { return h.Decision.Verdict == policy.Refuse }

// journals are those the entry is in.
func (h *entryHead) journals() []journal {
	if h.violation() {
		return []journal{ledger, violations}
	}
	return []journal{ledger}
}

// headOf is the head of e, as it would be read from its record.
func headOf(e *store.Entry) *entryHead {
	h := new(entryHead)
	h.Send.PhoneNumberID, h.Send.TwoNames, h.Send.Bare = e.Send.PhoneNumberID, e.Send.TwoNames, e.Send.Bare
	h.Policy.BareNumbers, h.Decision.Person = e.Policy.BareNumbers, e.Decision.Person
	h.Facts.Persons = make([]headPerson, len(e.Facts.Persons))
	for i := range e.Facts.Persons {
		h.Facts.Persons[i].Contact = e.Facts.Persons[i].Contact
	}
	h.Send.Template.Name = e.Send.Template.Name
	h.Decision.Verdict, h.Decision.Rule = e.Decision.Verdict, e.Decision.Rule
	h.Opaque, h.Sender, h.Token = e.Opaque, e.Sender, e.Token
	h.reserved = e.Outcome.State == store.Reserved
	return h
}

// entry is the head of a ledger entry and what became of it so far; nil if there
// is no such entry.
func (b *batch) entry(id store.ID) (*entryHead, *settlement, error) {
	if e, ok := b.entered[id]; ok {
		return e.head, e.Settled, nil
	}
	h := b.s.inFlight[id]
	if h != nil && !b.settled[id] {
		return h, nil, nil
	}
	e, err := ledger.find(b.txn, id)
	if e == nil || err != nil {
		return nil, nil, err
	}
	if err := e.readHead(); err != nil {
		return nil, nil, err
	}
	settled, err := ledger.settled(b, e)
	return e.head, settled, err
}

// brooms is how much longer than it is shown a record stays on disk at least.
const brooms = time.Hour

// keep is for how long a record about the entry id is still to be kept; zero is
// for ever.
func (s *Store) keep(id store.ID, retention time.Duration) time.Duration {
	if retention <= 0 {
		return 0
	}
	age := s.options.Now().Sub(id.Moment().Time())
	return max(retention-age, 0) + brooms
}

// expired reports that the entry id is older than it is to be kept.
func (s *Store) expired(id store.ID, retention time.Duration) bool {
	return retention > 0 && id.Moment() < s.oldest(retention)
}

// oldest is the time of the oldest entry that is kept.
func (s *Store) oldest(retention time.Duration) policy.Moment {
	if retention <= 0 {
		return 0
	}
	return policy.MomentOf(s.options.Now()).Add(-retention)
}

// Reserve enters a send into the ledger before it leaves, or a refusal.
//
// It becomes part of one record, of another one for a violation, and writes one
// more each for an opaque value and a claim.
func (s *Store) Reserve(e *store.Entry) *store.Write {
	raw, err := encodeEntry(e) // here and not in the writer, which is everybody's
	if err == nil {
		err = checkEntry(e, raw)
	}
	if err != nil {
		w, done := store.NewWrite()
		done(fmt.Errorf("reserving a send: %w", err))
		return w
	}
	r := reservation{
		ledgerEntry: &ledgerEntry{ID: e.ID, Entry: raw, head: headOf(e)},
		at:          e.At, terms: e.Terms,
	}
	if r.head.reserved {
		r.claims = e.Decision.Claims
	}
	r.head.template = s.sentTemplate(e)
	if e.Attempt != nil && r.head.reserved {
		attempt := *e.Attempt
		r.attempt = &attempt
		r.Attempt, r.head.attempt = &attempt.Key, &attempt.Key
	}
	return s.beginReservation(r.ID, func(b *batch) error {
		if err := b.reserve(r); err != nil {
			return fmt.Errorf("reserving a send: %w", err)
		}
		return nil
	})
}

func checkEntry(e *store.Entry, raw []byte) error {
	switch {
	case e.ID.IsZero():
		return errors.New("the entry has no id")
	case e.Outcome.State != store.Reserved && e.Outcome.State != store.Refused:
		return fmt.Errorf("a new entry is reserved or refused, not %q", e.Outcome.State)
	case len(raw) > maxValue:
		return fmt.Errorf("the entry has %d bytes: %w", len(raw), errTooBig)
	}
	return nil
}

// reservation is what the writer needs of an entry. The entry itself is the
// caller's again.
type reservation struct {
	*ledgerEntry
	at     policy.Moment
	terms  *policy.Terms
	claims []policy.Claim
	// attempt is the request's idempotency key, if it has one.
	attempt *store.Attempt
}

func (b *batch) reserve(r reservation) error {
	if r.attempt != nil {
		if err := b.attempt(r.ID, r.at, r.attempt); err != nil {
			return err
		}
	}
	if len(r.claims) > 0 {
		taken, err := b.claim(r)
		if err != nil {
			return err
		}
		r.Claims, r.head.claims = taken, taken
	}
	if r.head.reserved && !r.head.Opaque.IsZero() {
		if err := b.echoAwaited(r.head.Opaque, echoSend{ID: r.ID, Contacts: r.head.contacts()}); err != nil {
			return err
		}
	}
	return b.enter(r.ledgerEntry)
}
