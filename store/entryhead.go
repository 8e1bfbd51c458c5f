package store

import (
	"slices"

	"github.com/waguard/waguard/policy"
)

// settlement is what the upstream made of a send.
type settlement struct {
	Outcome Outcome       `cbor:"1,keyasint"`
	Wamid   *policy.Alias `cbor:"2,keyasint,omitempty"`
}

// awaited reports that the message of the send is not known, but there may be
// one.
func (s *settlement) awaited() bool {
	switch s.Outcome.State {
	case Reserved, Unknown, Accepted:
		return s.Wamid == nil
	}
	return false
}

// reachedNobody reports that the send is certain to have reached nobody.
func (s *settlement) reachedNobody() bool {
	return s.Outcome.State == Rejected || s.Outcome.State == NotSent
}

// strayed reports that the message went to somebody else than the send was judged
// by. It is nil-safe: of many entries nobody knows what became of them.
func (s *settlement) strayed() bool { return s != nil && s.Outcome.ReachedOther != nil }

// entryHead is the part of an entry that settling and scanning need. Reading it
// costs a fraction of reading all of it.
type entryHead struct {
	Send struct {
		PhoneNumberID string             `cbor:"2,keyasint,omitempty"`
		Kind          policy.Kind        `cbor:"3,keyasint,omitempty"`
		Type          string             `cbor:"4,keyasint,omitempty"`
		Template      policy.TemplateRef `cbor:"5,keyasint,omitempty"`
		TwoNames      bool               `cbor:"9,keyasint,omitempty"`
		Bare          policy.Bare        `cbor:"10,keyasint,omitempty"`
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
		RuleID  string         `cbor:"10,keyasint,omitempty"`
	} `cbor:"7,keyasint"`
	Monitored bool         `cbor:"8,keyasint,omitempty"`
	Opaque    policy.Alias `cbor:"14,keyasint,omitempty"`
	Sender    string       `cbor:"15,keyasint,omitempty"`
	Token     string       `cbor:"16,keyasint,omitempty"`
	Metering  Metering     `cbor:"22,keyasint,omitempty"`
	Shadow    *Shadow      `cbor:"23,keyasint,omitempty"`
	// Claims are what the send used up, and Attempt is the pseudonym of its request's
	// idempotency key, if it had one. Both are added when the entry is entered.
	Claims  []policy.Taken `cbor:"30,keyasint,omitempty"`
	Attempt *policy.Alias  `cbor:"31,keyasint,omitempty"`
	// Erased: the data of the person was erased, and the entry names them no longer.
	Erased bool `cbor:"32,keyasint,omitempty"`

	reserved bool // it was when it was entered
	// template is that of a send, as long as the gateway runs that sent it.
	template *sentTemplate
}

// Keys of what is added to an entry.
const (
	KeyClaims  = 30
	KeyAttempt = 31
)

type headPerson struct {
	Contact policy.Alias  `cbor:"1,keyasint"`
	AdAt    policy.Moment `cbor:"19,keyasint,omitempty"`
}

// meant is the person that the decision says the send is for; nil where it names none.
func (h *entryHead) meant() *headPerson {
	if h.Decision.Person >= len(h.Facts.Persons) {
		return nil
	}
	return &h.Facts.Persons[h.Decision.Person]
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

// headOf is the head of e, as it would be read from its record.
func headOf(e *Entry) *entryHead {
	h := new(entryHead)
	h.Send.PhoneNumberID, h.Send.TwoNames, h.Send.Bare = e.Send.PhoneNumberID, e.Send.TwoNames, e.Send.Bare
	h.Policy.BareNumbers, h.Decision.Person = e.Policy.BareNumbers, e.Decision.Person
	h.Facts.Persons = make([]headPerson, len(e.Facts.Persons))
	for i := range e.Facts.Persons {
		h.Facts.Persons[i] = headPerson{e.Facts.Persons[i].Contact, e.Facts.Persons[i].AdAt}
	}
	h.Send.Kind, h.Send.Type, h.Send.Template, h.Monitored = e.Send.Kind, e.Send.Type, e.Send.Template, e.Monitored
	h.Decision.Verdict, h.Decision.Rule, h.Decision.RuleID = e.Decision.Verdict, e.Decision.Rule, e.Decision.RuleID
	h.Shadow = e.Shadow
	h.Opaque, h.Sender, h.Token = e.Opaque, e.Sender, e.Token
	h.Metering = e.Metering
	h.reserved = e.Outcome.State == Reserved
	return h
}

// logged is a line of a journal as it is read.
type logged struct {
	*Line
	head    *entryHead  // nil until readHead
	settled *settlement // nil while nobody knows what became of it
}

func newLogged(l *Line) (*logged, error) {
	e := &logged{Line: l}
	if l.Settled == nil {
		return e, nil
	}
	e.settled = new(settlement)
	return e, decode(l.Settled, e.settled)
}

// readHead reads what settling and scanning need.
func (e *logged) readHead() error {
	if e.head != nil {
		return nil
	}
	e.head = new(entryHead)
	return decode(e.Data, e.head)
}
