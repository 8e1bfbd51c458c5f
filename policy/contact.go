package policy

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Contact is everything remembered about a set of identities that are linked
// with one another, directly or through others: usually one person.
//
// It is a join-semilattice: it only ever grows, every change takes the larger
// (or, for the first sight of a link, the earlier) of two values, and [Contact.Merge]
// joins two of them. That is why events may come in any order, and repeatedly,
// and give the same contact. What follows from it (the consent, the window) is
// computed by [Contact.Person] and never stored.
type Contact struct {
	// Members are sorted by alias.
	Members []Member `cbor:"1,keyasint"`
	// Links are sorted by their ends and kind.
	Links []Link `cbor:"2,keyasint,omitempty"`
}

// Member is one identity of a contact, under its pseudonym.
type Member struct {
	Alias Alias `cbor:"1,keyasint"`
	// Numbers are sorted by phone number id.
	Numbers []Relation `cbor:"2,keyasint,omitempty"`
	// NewSince is when the identity was last given to a new person: nothing
	// older counts for it.
	NewSince Moment `cbor:"3,keyasint,omitempty"`
	// NewRecorded is when the gateway was told so, on the clock of
	// [ConsentChanged.Recorded].
	NewRecorded Moment `cbor:"4,keyasint,omitempty"`
	// Given are the other times it was given to a new person, sorted: earlier ones,
	// and those that were taken back.
	Given []Handover `cbor:"5,keyasint,omitempty"`
	// Undone are the times of those that were taken back, sorted.
	Undone []Moment `cbor:"6,keyasint,omitempty"`
	// Beside: it was never heard of but with another name that goes before it, such as a user
	// id with a phone number. See [Contact.Lots].
	Beside bool `cbor:"7,keyasint,omitempty"`
}

// Handover is a statement that an identity belongs to somebody new.
type Handover struct {
	Since    Moment `cbor:"1,keyasint"`
	Recorded Moment `cbor:"2,keyasint,omitempty"`
}

// Relation is what happened between one identity and one business phone number.
type Relation struct {
	PhoneNumberID string           `cbor:"1,keyasint"`
	Opened        Moment           `cbor:"2,keyasint,omitempty"` // newest event that opened the window
	Consent       [Scopes]register `cbor:"3,keyasint,omitempty"`
	Confirmed     Moment           `cbor:"4,keyasint,omitempty"` // newest opt-out confirmation
	CallSaid      Moment           `cbor:"5,keyasint,omitempty"` // newest permission, or withdrawal, of calls
	CallUntil     Moment           `cbor:"6,keyasint,omitempty"` // until when it allows them
	// Spoke is the newest event that opened the window and was no opt-out; 1 where
	// all were. Records from before this was kept have none: see [Relation.spoke].
	Spoke Moment `cbor:"7,keyasint,omitempty"`
	// Suspected is the newest message that may be an opt-out, by WhatsApp's clock and
	// by ours; Dismissed the arrival of the newest of which somebody said that it is
	// none.
	Suspected Mark   `cbor:"8,keyasint,omitempty"`
	Dismissed Moment `cbor:"9,keyasint,omitempty"`
	// Sent are the messages that counted under a cap when they left, oldest first.
	Sent []Sent `cbor:"10,keyasint,omitempty"`
	// Requested is the newest request of a one-time code: when it was made, at the latest
	// when it came in, and when that was.
	Requested Mark `cbor:"11,keyasint,omitempty"`
	// Welcomed is when the first template after an opt-in left. It is filled in once.
	Welcomed Moment `cbor:"12,keyasint,omitempty"`
	// Limits are words of Meta's that it sends the person less from the number.
	Limits []Limited `cbor:"13,keyasint,omitempty"`
	// Entry is how the person came to the chat, where a message told: see [Entries].
	Entry Mark `cbor:"14,keyasint,omitempty"`
	// Started are the sends outside of windows that counted under a messaging limit.
	Started []Started `cbor:"15,keyasint,omitempty"`
	// Ads are the newest messages that came through an ad, sorted; Answers what was sent to
	// whoever waited for an answer to one; Free Meta's words that nothing is charged for.
	Ads     []Moment   `cbor:"16,keyasint,omitempty"`
	Answers []AdAnswer `cbor:"17,keyasint,omitempty"`
	Free    []ToldFree `cbor:"18,keyasint,omitempty"`
}

// earliest is the smaller of two times, of which zero is none.
func earliest(a, b Moment) Moment {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// LinkKind says what ties two identities together.
type LinkKind uint8

const (
	// SamePerson: both are names of one person at one time. Consent and windows
	// are shared.
	SamePerson LinkKind = iota + 1
	// Successor: the person went from one to the other. Consent is shared,
	// windows are not.
	Successor
)

// Link ties two identities of a contact together. A is the smaller alias.
type Link struct {
	A     Alias    `cbor:"1,keyasint"`
	B     Alias    `cbor:"2,keyasint"`
	Kind  LinkKind `cbor:"3,keyasint"`
	First Moment   `cbor:"4,keyasint"` // earliest sight
	Last  Moment   `cbor:"5,keyasint"` // latest sight
}

// ID is the name of the contact as a whole: its smallest alias.
func (c *Contact) ID() ContactID {
	if len(c.Members) == 0 {
		return ContactID{}
	}
	return c.Members[0].Alias
}

// Has reports whether a is one of the contact's identities.
func (c *Contact) Has(a Alias) bool {
	_, found := c.find(a)
	return found
}

func (c *Contact) find(a Alias) (int, bool) {
	return slices.BinarySearchFunc(c.Members, a, func(m Member, a Alias) int { return bytes.Compare(m.Alias[:], a[:]) })
}

// Member returns the contact's record of a, adding one where there is none. The
// pointer is good until the next call.
func (c *Contact) Member(a Alias) *Member {
	i, found := c.find(a)
	if !found {
		c.Members = slices.Insert(c.Members, i, Member{Alias: a})
	}
	return &c.Members[i]
}

// GiveAway records that the identity belongs to somebody new since at, which the
// gateway was told at the time recorded. Of two statements of one time the one
// told earlier holds: more opt-outs then count as the new person's.
func (m *Member) GiveAway(at, recorded Moment) {
	if at == 0 {
		return
	}
	m.hand(Handover{at, recorded})
	m.settleHandovers()
}

// TakeBack records that the identity was not given to somebody new at a time,
// although somebody says so or will.
func (m *Member) TakeBack(at Moment) {
	if i, known := slices.BinarySearch(m.Undone, at); !known && at != 0 {
		m.Undone = slices.Insert(slices.Clone(m.Undone), i, at)
	}
	m.settleHandovers()
}

func compareHandovers(a, b Handover) int { return cmp.Compare(a.Since, b.Since) }

// hand adds a handover to those that are given.
func (m *Member) hand(h Handover) {
	i, known := slices.BinarySearchFunc(m.Given, h, compareHandovers)
	m.Given = slices.Clone(m.Given)
	if !known {
		m.Given = slices.Insert(m.Given, i, h)
		return
	}
	m.Given[i].Recorded = min(m.Given[i].Recorded, h.Recorded)
}

// settleHandovers finds the handover that holds: the newest that was not taken back.
func (m *Member) settleHandovers() {
	if m.NewSince != 0 {
		m.hand(Handover{m.NewSince, m.NewRecorded})
		m.NewSince, m.NewRecorded = 0, 0
	}
	for i, h := range slices.Backward(m.Given) {
		if _, undone := slices.BinarySearch(m.Undone, h.Since); !undone {
			m.NewSince, m.NewRecorded = h.Since, h.Recorded
			if m.Given = slices.Delete(m.Given, i, i+1); len(m.Given) == 0 {
				m.Given = nil
			}
			return
		}
	}
}

// Relation returns the record between m and a business phone number, adding one
// where there is none. The pointer is good until the next call.
func (m *Member) Relation(phoneNumberID string) *Relation {
	i, found := slices.BinarySearchFunc(m.Numbers, phoneNumberID, func(r Relation, id string) int { return strings.Compare(r.PhoneNumberID, id) })
	if !found {
		m.Numbers = slices.Insert(m.Numbers, i, Relation{PhoneNumberID: phoneNumberID})
	}
	return &m.Numbers[i]
}

// Open records an event that opened the window. optOut reports that the person
// did nothing by it but opt out, or may have.
func (r *Relation) Open(at Moment, optOut bool) {
	spoke := at
	if optOut {
		spoke = min(at, 1)
	}
	r.Spoke = max(r.spoke(), spoke)
	r.Opened = max(r.Opened, at)
}

// spoke is when the person last did something that opened the window and was no
// opt-out. In records from before that was kept, every opening stands for it.
func (r *Relation) spoke() Moment {
	if r.Spoke == 0 {
		return r.Opened
	}
	return r.Spoke
}

// Confirm records that the confirmation of an opt-out was sent.
func (r *Relation) Confirm(at Moment) { r.Confirmed = max(r.Confirmed, at) }

// PermitCalls records a permission to call, or its withdrawal. Of two at the
// same time the one that permits less holds.
func (r *Relation) PermitCalls(at, until Moment) {
	if at > r.CallSaid || at == r.CallSaid && until < r.CallUntil {
		r.CallSaid, r.CallUntil = at, until
	}
}

// Link ties two identities together. It adds them where they are new.
func (c *Contact) Link(a, b Alias, kind LinkKind, at Moment) {
	c.Member(a)
	c.Member(b)
	if a == b {
		return
	}
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	c.addLink(Link{A: a, B: b, Kind: kind, First: at, Last: at})
}

func (c *Contact) addLink(l Link) {
	i, found := slices.BinarySearchFunc(c.Links, l, compareLinks)
	if !found {
		c.Links = slices.Insert(c.Links, i, l)
		return
	}
	c.Links[i].First = min(c.Links[i].First, l.First)
	c.Links[i].Last = max(c.Links[i].Last, l.Last)
}

func compareLinks(x, y Link) int {
	if d := bytes.Compare(x.A[:], y.A[:]); d != 0 {
		return d
	}
	if d := bytes.Compare(x.B[:], y.B[:]); d != 0 {
		return d
	}
	return int(x.Kind) - int(y.Kind)
}

// Merge joins other into c.
func (c *Contact) Merge(other *Contact) {
	for i := range other.Members {
		from := &other.Members[i]
		known := c.Has(from.Alias)
		to := c.Member(from.Alias)
		to.Beside = from.Beside && (to.Beside || !known)
		for _, h := range from.Given {
			to.hand(h)
		}
		for _, at := range from.Undone {
			to.TakeBack(at)
		}
		to.GiveAway(from.NewSince, from.NewRecorded)
		to.settleHandovers()
		for j := range from.Numbers {
			to.Relation(from.Numbers[j].PhoneNumberID).merge(&from.Numbers[j])
		}
	}
	for _, l := range other.Links {
		c.addLink(l)
	}
}

func (r *Relation) merge(other *Relation) {
	r.Spoke = max(r.spoke(), other.spoke())
	r.Opened = max(r.Opened, other.Opened)
	r.Confirm(other.Confirmed)
	r.PermitCalls(other.CallSaid, other.CallUntil)
	r.Suspected = latest(r.Suspected, other.Suspected)
	r.dismiss(other.Dismissed)
	r.request(other.Requested)
	r.Entry = newest(r.Entry, other.Entry)
	r.Welcomed = earliest(r.Welcomed, other.Welcomed)
	for _, s := range other.Sent {
		r.Sent = withSent(r.Sent, s)
	}
	for _, s := range other.Started {
		r.Started = withStarted(r.Started, s)
	}
	for _, l := range other.Limits {
		r.limit(l)
	}
	r.mergeFree(other)
	for s := range r.Consent {
		r.Consent[s].merge(&other.Consent[s])
	}
}

// Clone is a copy of c that shares nothing with it.
func (c *Contact) Clone() *Contact {
	d := &Contact{Members: slices.Clone(c.Members), Links: slices.Clone(c.Links)}
	for i := range d.Members {
		d.Members[i].Numbers = slices.Clone(d.Members[i].Numbers)
		d.Members[i].Given, d.Members[i].Undone = slices.Clone(d.Members[i].Given), slices.Clone(d.Members[i].Undone)
	}
	return d
}
