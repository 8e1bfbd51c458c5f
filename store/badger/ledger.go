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

// ledgerRecord is a send as it was reserved or refused. It is written once; what
// becomes of it stands beside it, in a settlement.
type ledgerRecord struct {
	// Start is in which start of the gateway it was written.
	Start uint64          `cbor:"1,keyasint"`
	Entry cbor.RawMessage `cbor:"2,keyasint"` // store.Entry
	// Claims are what the send used up.
	Claims []claim `cbor:"3,keyasint,omitempty"`
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
		Persons []struct {
			Contact policy.Alias `cbor:"1,keyasint"`
		} `cbor:"1,keyasint,omitempty"`
	} `cbor:"5,keyasint"`
	Decision struct {
		Verdict  policy.Verdict  `cbor:"1,keyasint"`
		Rule     policy.Rule     `cbor:"2,keyasint"`
		Category policy.Category `cbor:"5,keyasint"`
	} `cbor:"7,keyasint"`
	Opaque policy.Alias `cbor:"14,keyasint,omitempty"`

	claims []claim
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

// head is the head of a ledger entry, nil if there is no such entry.
func (b *batch) head(id store.ID) (*entryHead, error) {
	value, err := b.get(ledgerKey(ledgerPrefix, id, entryPart))
	if err != nil || value == nil {
		return nil, err
	}
	var r ledgerRecord
	if err := decode(value, &r); err != nil {
		return nil, err
	}
	h := &entryHead{claims: r.Claims}
	return h, decode(r.Entry, h)
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
		id: e.ID, at: e.At, phoneNumberID: e.Send.PhoneNumberID, group: groupOf(e.Group, e.Send.PhoneNumberID),
		violation: e.Violation(), reserved: e.Outcome.State == store.Reserved, opaque: e.Opaque,
		record: ledgerRecord{Start: s.start, Entry: raw},
	}
	for _, p := range e.Facts.Persons {
		if !slices.Contains(r.contacts, p.Contact) {
			r.contacts = append(r.contacts, p.Contact)
		}
	}
	r.claims = e.Decision.Claims && r.reserved
	return s.begin(func(b *batch) error {
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
	id                          store.ID
	at                          policy.Moment
	phoneNumberID               string
	group                       []string
	contacts                    []policy.Alias
	opaque                      policy.Alias
	violation, reserved, claims bool
	record                      ledgerRecord
}

func (b *batch) reserve(r reservation) error {
	if r.claims {
		claims, err := b.claim(r)
		if err != nil {
			return err
		}
		r.record.Claims = claims
	}
	value, err := encode(r.record)
	if err != nil {
		return err
	}
	if err := b.put(ledgerKey(ledgerPrefix, r.id, entryPart), value, b.s.keep(r.id, b.s.options.LedgerRetention)); err != nil {
		return err
	}
	if r.violation {
		if err := b.put(ledgerKey(violationPrefix, r.id, entryPart), value, b.s.keep(r.id, b.s.options.ViolationRetention)); err != nil {
			return err
		}
	}
	if r.reserved && !r.opaque.IsZero() {
		return b.echoAwaited(r.opaque, echoSend{ID: r.id, Contacts: r.contacts})
	}
	return nil
}
