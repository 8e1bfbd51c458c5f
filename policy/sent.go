package policy

import (
	"cmp"
	"slices"
)

// Sent is a send that counts: under a cap, or as one of the few of its kind that a
// person gets.
type Sent struct {
	Scope Scope  `json:"scope" cbor:"1,keyasint"`
	At    Moment `json:"at" cbor:"2,keyasint"`
	// Kind is what it counts as. Where it counts twice it is kept twice.
	Kind SentKind `json:"kind,omitempty" cbor:"3,keyasint,omitempty"`
}

// SentKind is what a send counts as.
type SentKind uint8

const (
	// SentMessage: a message under a frequency cap. All were before there were others.
	SentMessage SentKind = iota
	// SentRequest: a template that asks for consent.
	SentRequest
	// SentFollowup: the one template after a window that closed.
	SentFollowup
	// SentToPair: a message that counts under the rate of a business phone number and a
	// person.
	SentToPair
)

var sentKindNames = [...]string{SentMessage: "message", SentRequest: "consent_request", SentFollowup: "followup", SentToPair: "pair_rate"}

// String is the kind's name in reports.
func (k SentKind) String() string { return nameOf(sentKindNames[:], k) }

// MarshalText writes k as String does.
func (k SentKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *SentKind) UnmarshalText(text []byte) error {
	return parseName(sentKindNames[:], string(text), k)
}

// mostSent is how many sends are remembered between a person's name and a business
// phone number, the newest: as many as can count of each kind.
const mostSent = LargestCap * (Scopes + 3)

func compareSent(a, b Sent) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Kind, b.Kind))
}

// withSent is the list and s, sorted, the newest mostSent of it. The list itself is
// shared between copies of a contact and stays as it is.
func withSent(list []Sent, s Sent) []Sent {
	list, added := inserted(list, s, compareSent)
	if !added {
		return list
	}
	if s.Kind == SentToPair {
		list = withoutPaid(list, s.At)
	}
	return list[max(len(list)-mostSent, 0):]
}

// inserted is the sorted list with x in it, and whether that is new. The list itself stays
// as it is.
func inserted[T any](list []T, x T, compare func(a, b T) int) (with []T, added bool) {
	i, known := slices.BinarySearchFunc(list, x, compare)
	if known {
		return list, false
	}
	return slices.Insert(slices.Clone(list), i, x), true
}

// without is the sorted list without x, nil where nothing is left. The list itself stays as
// it is.
func without[T any](list []T, x T, compare func(a, b T) int) []T {
	i, known := slices.BinarySearchFunc(list, x, compare)
	if !known {
		return list
	}
	if list = slices.Delete(slices.Clone(list), i, i+1); len(list) == 0 {
		return nil
	}
	return list
}

// Counted keeps of what was sent to the persons only what the rules on a send go by.
func (f *Facts) Counted(p *Policy, send *Send, now Moment) {
	c := Case{Send: send, Facts: f, Policy: p, Now: now, Category: CategoryOf(send, f, now)}
	for i := range f.Persons {
		var counted []Sent
		c.person = &f.Persons[i]
		for _, s := range f.Persons[i].Sent {
			if c.goesBy(s) {
				counted = append(counted, s)
			}
		}
		f.Persons[i].Sent = counted
		if f.Persons[i].EntryAt(now) == "" {
			f.Persons[i].Entry = ""
		}
		f.Persons[i].freeEntry(send, now)
		if p.CodeOnRequest == 0 || c.Category != CategoryAuthentication {
			f.Persons[i].Requested = 0
		}
	}
}

// goesBy reports that it makes a difference to the send that another one was sent.
func (c *Case) goesBy(s Sent) bool {
	switch s.Kind {
	case SentMessage:
		return slices.ContainsFunc(c.Policy.Caps, func(k Cap) bool {
			return k.covers(c.Category.Scope()) && k.covers(s.Scope) && s.At > c.Now.Add(-k.Period)
		})
	case SentRequest:
		return c.requests() && s.At > c.Now.Add(-c.Policy.RequestPeriod)
	case SentToPair:
		return c.countsForPair() && s.At > c.Now.Add(-2*pairKept)
	case SentFollowup:
		return c.Policy.Followup && c.Send.Kind == TemplateMessage && s.At > c.person.Opened
	}
	return false
}
