package policy

import (
	"iter"
	"slices"
	"time"
)

// ClaimKind says what a send uses up.
type ClaimKind uint8

const (
	// ClaimConfirmation is the one message that may confirm a person's opt-out. All
	// claims were of this kind before there were others.
	ClaimConfirmation ClaimKind = iota
	// ClaimMessage is one of the messages a person gets under a cap.
	ClaimMessage
	// ClaimRequest is one of the times a person may be asked for consent.
	ClaimRequest
	// ClaimFollowup is the one template after a window that closed.
	ClaimFollowup
	// ClaimWelcome is the first template after a person agreed.
	ClaimWelcome
	// ClaimPair is one of the messages that a business phone number sends to one person as
	// fast as Meta takes them.
	ClaimPair
	// ClaimConversation is one of the people that a portfolio writes to outside of their
	// windows.
	ClaimConversation
	// ClaimBudget is a part of the money of a budget.
	ClaimBudget
)

var claimKindNames = [...]string{ClaimConfirmation: "opt_out_confirmation", ClaimMessage: "message", ClaimRequest: "consent_request", ClaimFollowup: "followup", ClaimWelcome: "welcome", ClaimPair: "pair_rate", ClaimConversation: "messaging_limit", ClaimBudget: "budget"}

// String is the kind's name in reports.
func (k ClaimKind) String() string { return nameOf(claimKindNames[:], k) }

// MarshalText writes k as String does.
func (k ClaimKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *ClaimKind) UnmarshalText(text []byte) error {
	return parseName(claimKindNames[:], string(text), k)
}

// sent is what a send counts as that has a claim of the kind; false for what isn't
// counted.
func (k ClaimKind) sent() (SentKind, bool) {
	switch k {
	case ClaimMessage:
		return SentMessage, true
	case ClaimRequest:
		return SentRequest, true
	case ClaimFollowup:
		return SentFollowup, true
	case ClaimPair:
		return SentToPair, true
	}
	return 0, false
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
	// Scope is that of a message, Counts are those that count under its cap.
	Scope  Scope    `json:"scope,omitempty"`
	Counts ScopeSet `json:"-"`
	// Portfolio is whose limit it is, of a conversation.
	Portfolio string `json:"portfolio,omitempty"`
	// Budget is what is taken of a budget; such a claim is of no contact.
	Budget BudgetClaim `json:"budget,omitzero"`
	// Left is how many sends could take it when the send was judged.
	Left int `json:"-"`
}

// Taken is a claim as it is recorded with the send that took it.
type Taken struct {
	Key    Alias     `cbor:"1,keyasint"`
	At     Moment    `cbor:"2,keyasint"`           // under which it is recorded
	Before Moment    `cbor:"3,keyasint,omitempty"` // what was recorded before
	Kind   ClaimKind `cbor:"4,keyasint,omitempty"`
	// Of what is counted: its scope, and what it was taken from.
	Scope  Scope         `cbor:"5,keyasint,omitempty"`
	Limit  int           `cbor:"6,keyasint,omitempty"`
	Period time.Duration `cbor:"7,keyasint,omitempty"`
	Counts ScopeSet      `cbor:"8,keyasint,omitempty"`
	Left   int           `cbor:"9,keyasint,omitempty"`
	// Portfolio is whose limit it was taken from.
	Portfolio string `cbor:"10,keyasint,omitempty"`
	// Budget is what was taken of a budget.
	Budget BudgetClaim `cbor:"11,keyasint,omitempty"`
}

// confirmations is how many sends may take the confirmation of one opt-out.
const confirmations = 1

// confirmationOf is the claim on the confirmation of a person's opt-out.
func confirmationOf(contact ContactID) Claim {
	return Claim{Kind: ClaimConfirmation, Key: contact, Limit: confirmations, Left: confirmations}
}

// Claim is the claim that was taken.
func (t *Taken) Claim() Claim {
	if _, counted := t.Kind.sent(); counted {
		return Claim{Kind: t.Kind, Key: t.Key, Limit: t.Limit, Period: t.Period, Scope: t.Scope, Counts: t.Counts, Left: t.Left}
	}
	switch t.Kind {
	case ClaimWelcome:
		return welcomeOf(t.Key)
	case ClaimConversation:
		return Claim{Kind: t.Kind, Key: t.Key, Limit: t.Limit, Scope: t.Scope, Left: t.Left, Portfolio: t.Portfolio}
	case ClaimBudget:
		return Claim{Kind: t.Kind, Budget: t.Budget}
	}
	return confirmationOf(t.Key)
}

// Take is the claim as a send takes it, by the gateway's clock; false where it is
// used up. c is what is known of whom it belongs to. [Taken.Record] makes it
// count.
func (k *Claim) Take(c *Contact, fold *Fold, now Moment) (Taken, bool) {
	p := c.Person(k.Key, fold)
	if _, counted := k.Kind.sent(); counted {
		return k.takeCounted(c, &p, now)
	}
	switch k.Kind {
	case ClaimWelcome:
		return Taken{Key: k.Key, At: max(now, c.NewSince(k.Key)+1), Kind: k.Kind}, p.Welcomed == 0
	case ClaimConfirmation:
	default:
		return Taken{}, false // nobody counts it here
	}
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

// takeCounted takes one of the sends of a kind that a person gets within a period.
func (k *Claim) takeCounted(c *Contact, p *PersonFacts, now Moment) (Taken, bool) {
	after := now.Add(-k.Period)
	if k.Kind == ClaimFollowup { // until the person writes again
		after = p.Opened
	}
	if k.Kind == ClaimPair {
		if left, _ := pairLeft(p.Sent, now); left == 0 {
			return Taken{}, false
		}
	} else if k.used(p.Sent, after) >= k.Limit {
		return Taken{}, false
	}
	t := Taken{Key: k.Key, At: max(now, c.NewSince(k.Key)+1), Kind: k.Kind, Scope: k.Scope, Limit: k.Limit, Period: k.Period, Counts: k.Counts, Left: k.Left}
	for slices.Contains(p.Sent, t.sent()) { // another one of the same moment
		t.At++
	}
	return t, true
}

// used is how many sends after a moment count with the one of the claim.
func (k *Claim) used(sent []Sent, after Moment) (n int) {
	kind, _ := k.Kind.sent()
	for _, s := range sent {
		if s.Kind == kind && (kind != SentMessage || k.Counts.Has(s.Scope)) && s.At > after {
			n++
		}
	}
	return n
}

// confirmedOptOut reports that the one confirmation of the person's opt-out is
// used up: one was sent since the person was last opted in. A second STOP is the
// same opt-out and earns no second confirmation.
func (p *PersonFacts) confirmedOptOut() bool {
	return p.Confirmed != 0 && p.Confirmed >= p.Consent[Transactional].LastOptIn
}

// UsedUpBy reports that sends which would leave together with the one of the claim, from
// the business phone number of its fold, leave nothing of it.
func (k *Claim) UsedUpBy(others iter.Seq2[[]Claim, *Fold], fold *Fold) bool {
	taking := 0
	var all []Claim
	for claims, from := range others {
		all = append(all, claims...)
		same := slices.ContainsFunc(claims, func(other Claim) bool {
			return other.Kind == k.Kind && other.Key == k.Key && (k.Kind != ClaimMessage || k.Counts.Has(other.Scope))
		})
		if same && from.SharesOptOuts(fold) {
			taking++
		}
	}
	switch k.Kind {
	case ClaimConversation:
		taking = k.rivals(all)
	case ClaimBudget:
		return k.Budget.usedUpBy(all)
	}
	return taking > 0 && k.Left != Unlimited && taking >= k.Left
}

// Record makes a claim count that a send from the number took.
func (t *Taken) Record(c *Contact, phoneNumberID string) {
	r := t.relation(c, phoneNumberID)
	if _, counted := t.Kind.sent(); counted {
		r.Sent = withSent(r.Sent, t.sent())
		return
	}
	switch t.Kind {
	case ClaimWelcome:
		r.Welcomed = t.At
		return
	case ClaimConversation:
		r.Started = withStarted(r.Started, t.started())
		return
	}
	t.Before = r.Confirmed
	r.Confirm(t.At)
}

// Release gives a claim back: the send reached nobody.
//
// This makes a smaller value of one that otherwise only grows. It is safe since
// nothing but claims ever changes Confirmed, Sent, Started and Welcomed, one after the other, and never an
// event: no webhook can arrive late and bring the released claim back. A record
// that is no longer the send's own is left alone.
func (t *Taken) Release(c *Contact, phoneNumberID string) {
	r := t.relation(c, phoneNumberID)
	switch _, counted := t.Kind.sent(); {
	case counted:
		r.Sent = without(r.Sent, t.sent(), compareSent)
	case t.Kind == ClaimConversation:
		r.Started = without(r.Started, t.started(), compareStarted)
	case t.Kind == ClaimWelcome:
		if r.Welcomed == t.At {
			r.Welcomed = 0
		}
	case r.Confirmed == t.At:
		r.Confirmed = t.Before
	}
}

// Retake makes a released claim count again: the send may have reached somebody
// after all.
func (t *Taken) Retake(c *Contact, phoneNumberID string) {
	r := t.relation(c, phoneNumberID)
	if _, counted := t.Kind.sent(); counted {
		r.Sent = withSent(r.Sent, t.sent())
		return
	}
	switch t.Kind {
	case ClaimWelcome:
		r.Welcomed = earliest(r.Welcomed, t.At)
		return
	case ClaimConversation:
		r.Started = withStarted(r.Started, t.started())
		return
	}
	r.Confirm(t.At)
}

func (t *Taken) sent() Sent {
	kind, _ := t.Kind.sent()
	return Sent{Scope: t.Scope, At: t.At, Kind: kind}
}

func (t *Taken) relation(c *Contact, phoneNumberID string) *Relation {
	return c.Member(t.Key).Relation(phoneNumberID)
}
