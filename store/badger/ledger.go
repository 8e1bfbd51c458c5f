package badger

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// ledgerRecord is a send as it was reserved or refused. It is written once. What
// becomes of it stands beside it, in a settlement; or inside, if that was known
// before the record was written.
type ledgerRecord struct {
	// Start is in which start of the gateway it was written.
	Start uint64          `cbor:"1,keyasint"`
	Entry cbor.RawMessage `cbor:"2,keyasint"` // store.Entry
	// Claims are what the send used up.
	Claims []claim `cbor:"3,keyasint,omitempty"`
	// Settled holds where there is no settlement beside the record.
	Settled *settlement `cbor:"4,keyasint,omitempty"`
}

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

// entryHead is the part of an entry that settling and scanning need. Reading it
// costs a fraction of reading all of it.
type entryHead struct {
	Send struct {
		PhoneNumberID string `cbor:"2,keyasint,omitempty"`
	} `cbor:"4,keyasint"`
	Facts struct {
		Persons []headPerson `cbor:"1,keyasint,omitempty"`
	} `cbor:"5,keyasint"`
	Decision struct {
		Verdict  policy.Verdict  `cbor:"1,keyasint"`
		Rule     policy.Rule     `cbor:"2,keyasint"`
		Category policy.Category `cbor:"5,keyasint"`
	} `cbor:"7,keyasint"`
	Opaque policy.Alias `cbor:"14,keyasint,omitempty"`

	claims  []claim
	settled *settlement // in the record itself
}

// reserved is a send whose reservation is in the batch.
type reserved struct {
	head   *entryHead
	record ledgerRecord
}

type headPerson struct {
	Contact policy.Alias `cbor:"1,keyasint"`
}

// contacts are the recipient's, each once, in the order of the readings.
func (h *entryHead) contacts() []policy.Alias {
	var contacts []policy.Alias
	for _, p := range h.Facts.Persons {
		if !slices.Contains(contacts, p.Contact) {
			contacts = append(contacts, p.Contact)
		}
	}
	return contacts
}

func (h *entryHead) violation() bool { return h.Decision.Verdict == policy.Refuse }

// headOf is the head of e, as it would be read from its record.
func headOf(e *store.Entry) *entryHead {
	h := new(entryHead)
	h.Send.PhoneNumberID = e.Send.PhoneNumberID
	h.Facts.Persons = make([]headPerson, len(e.Facts.Persons))
	for i := range e.Facts.Persons {
		h.Facts.Persons[i].Contact = e.Facts.Persons[i].Contact
	}
	h.Decision.Verdict, h.Decision.Rule, h.Decision.Category = e.Decision.Verdict, e.Decision.Rule, e.Decision.Category
	h.Opaque = e.Opaque
	return h
}

// head is the head of a ledger entry, nil if there is no such entry.
func (b *batch) head(id store.ID) (*entryHead, error) {
	if h := b.unsettled(id); h != nil {
		return h, nil
	}
	value, err := b.get(ledgerKey(ledgerPrefix, id, entryPart))
	if err != nil || value == nil {
		return nil, err
	}
	var r ledgerRecord
	if err := decode(value, &r); err != nil {
		return nil, err
	}
	h := &entryHead{claims: r.Claims, settled: r.Settled}
	return h, decode(r.Entry, h)
}

// unsettled is the head of an entry that is reserved and not yet settled, from
// memory; nil if it isn't, or isn't known to be.
func (b *batch) unsettled(id store.ID) *entryHead {
	if r, ok := b.sends[id]; ok {
		if r == nil {
			return nil
		}
		return r.head
	}
	return b.s.inFlight[id]
}

// brooms is how much longer than it is shown a record stays on disk. Badger's
// TTL goes by the real clock and in whole seconds; it only sweeps up.
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
// It writes one record, and another one each for a violation, an opaque value
// and a claim.
func (s *Store) Reserve(e *store.Entry) *store.Write {
	raw, err := encode(e) // here and not in the writer, which is everybody's
	if err == nil {
		err = checkEntry(e)
	}
	if err != nil {
		w, done := store.NewWrite()
		done(fmt.Errorf("reserving a send: %w", err))
		return w
	}
	r := reservation{
		id: e.ID, at: e.At, group: groupOf(e.Group, e.Send.PhoneNumberID),
		reserved: e.Outcome.State == store.Reserved,
		head:     headOf(e), record: ledgerRecord{Start: s.start, Entry: raw},
	}
	r.claims = e.Decision.Claims && r.reserved
	return s.beginReservation(r.id, func(b *batch) error {
		if err := b.reserve(r); err != nil {
			return fmt.Errorf("reserving a send: %w", err)
		}
		return nil
	})
}

func checkEntry(e *store.Entry) error {
	switch {
	case e.ID.IsZero():
		return errors.New("the entry has no id")
	case e.Outcome.State != store.Reserved && e.Outcome.State != store.Refused:
		return fmt.Errorf("a new entry is reserved or refused, not %q", e.Outcome.State)
	}
	return nil
}

// reservation is what the writer needs of an entry. The entry itself is the
// caller's again.
type reservation struct {
	id               store.ID
	at               policy.Moment
	group            []string
	reserved, claims bool
	head             *entryHead
	record           ledgerRecord
}

func (b *batch) reserve(r reservation) error {
	if r.claims {
		claims, err := b.claim(r)
		if err != nil {
			return err
		}
		r.record.Claims, r.head.claims = claims, claims
	}
	if err := b.putLedger(r.id, entryPart, r.head.violation(), r.record); err != nil {
		return err
	}
	if !r.reserved {
		return nil
	}
	if !r.head.Opaque.IsZero() {
		if err := b.echoAwaited(r.head.Opaque, echoSend{ID: r.id, Contacts: r.head.contacts()}); err != nil {
			return err
		}
	}
	b.sends[r.id] = &reserved{r.head, r.record} // nothing can fail any more
	return nil
}

// putLedger writes a part of a ledger entry, of a violation also its copy.
func (b *batch) putLedger(id store.ID, part byte, violation bool, record any) error {
	value, err := encode(record)
	if err != nil {
		return err
	}
	if err := b.put(ledgerKey(ledgerPrefix, id, part), value, b.s.keep(id, b.s.options.LedgerRetention)); err != nil || !violation {
		return err
	}
	return b.put(ledgerKey(violationPrefix, id, part), value, b.s.keep(id, b.s.options.ViolationRetention))
}
