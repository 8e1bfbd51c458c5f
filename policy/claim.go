package policy

import "time"

// ClaimKind says what a send uses up.
type ClaimKind uint8

// ClaimConfirmation is the one message that may confirm a person's opt-out. All
// claims were of this kind before there were others.
const ClaimConfirmation ClaimKind = 0

var claimKindNames = [...]string{ClaimConfirmation: "opt_out_confirmation"}

// String is the kind's name in reports.
func (k ClaimKind) String() string { return nameOf(claimKindNames[:], k) }

// MarshalText writes k as String does.
func (k ClaimKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *ClaimKind) UnmarshalText(text []byte) error {
	return parseName(claimKindNames[:], string(text), k)
}

// Claim is something a send uses up, of which there is only so much. It must be
// taken durably before the send leaves, so that no two sends take the same.
type Claim struct {
	Kind ClaimKind `json:"kind"`
	// Key says whose it is: a contact's.
	Key Alias `json:"key"`
	// Limit is how many sends may take it.
	Limit int `json:"limit"`
	// Period is for how long a send has it. Zero: until what gives it back, for a
	// confirmation an opt-in.
	Period time.Duration `json:"period,omitempty"`
}

// Taken is a claim as it is recorded with the send that took it.
type Taken struct {
	Key    Alias     `cbor:"1,keyasint"`
	At     Moment    `cbor:"2,keyasint"`           // under which it is recorded
	Before Moment    `cbor:"3,keyasint,omitempty"` // what was recorded before
	Kind   ClaimKind `cbor:"4,keyasint,omitempty"`
}

// confirmations is how many sends may take the confirmation of one opt-out.
const confirmations = 1

// confirmationOf is the claim on the confirmation of a person's opt-out.
func confirmationOf(contact ContactID) Claim {
	return Claim{Kind: ClaimConfirmation, Key: contact, Limit: confirmations}
}

// Claim is the claim that was taken.
func (t *Taken) Claim() Claim { return Claim{Kind: t.Kind, Key: t.Key, Limit: confirmations} }

// Take is the claim as a send takes it, by the gateway's clock; false where it is
// used up. c is what is known of whom it belongs to. [Taken.Record] makes it
// count.
func (k *Claim) Take(c *Contact, fold *Fold, now Moment) (Taken, bool) {
	if k.Kind != ClaimConfirmation {
		return Taken{}, false // nobody counts it here
	}
	p := c.Person(k.Key, fold)
	used := 0
	if p.confirmedOptOut() {
		used = 1
	}
	if used >= k.Limit {
		return Taken{}, false
	}
	// Our clock and WhatsApp's may differ, and a step back of ours must not make
	// the record look older than what it answers.
	at := max(now, p.Consent[Transactional].LastOptIn, c.NewSince(k.Key)+1)
	return Taken{Key: k.Key, At: at, Kind: k.Kind}, true
}

// confirmedOptOut reports that the one confirmation of the person's opt-out is
// used up: one was sent since the person was last opted in. A second STOP is the
// same opt-out and earns no second confirmation.
func (p *PersonFacts) confirmedOptOut() bool {
	return p.Confirmed != 0 && p.Confirmed >= p.Consent[Transactional].LastOptIn
}

// ClaimTheSame reports whether two sends that leave together would take the same
// thing, each from the business phone number of its fold.
func ClaimTheSame(a, b []Claim, from, to *Fold) bool {
	for i := range a {
		for j := range b {
			if a[i].Kind == b[j].Kind && a[i].Key == b[j].Key {
				return from.SharesOptOuts(to)
			}
		}
	}
	return false
}

// Record makes a claim count that a send from the number took.
func (t *Taken) Record(c *Contact, phoneNumberID string) {
	r := t.relation(c, phoneNumberID)
	t.Before = r.Confirmed
	r.Confirm(t.At)
}

// Release gives a claim back: the send reached nobody.
//
// This makes a smaller value of one that otherwise only grows. It is safe since
// nothing but claims ever changes Confirmed, one after the other, and never an
// event: no webhook can arrive late and bring the released claim back. A record
// that is no longer the send's own is left alone.
func (t *Taken) Release(c *Contact, phoneNumberID string) {
	if r := t.relation(c, phoneNumberID); r.Confirmed == t.At {
		r.Confirmed = t.Before
	}
}

// Retake makes a released claim count again: the send may have reached somebody
// after all.
func (t *Taken) Retake(c *Contact, phoneNumberID string) {
	t.relation(c, phoneNumberID).Confirm(t.At)
}

func (t *Taken) relation(c *Contact, phoneNumberID string) *Relation {
	return c.Member(t.Key).Relation(phoneNumberID)
}
