package policy

import (
	"bytes"
	"slices"
	"time"
)

// Compare orders aliases by their bytes.
func (a Alias) Compare(b Alias) int { return bytes.Compare(a[:], b[:]) }

// SortAliases sorts aliases in place and drops repeated ones.
func SortAliases(names []Alias) []Alias {
	slices.SortFunc(names, Alias.Compare)
	return slices.Compact(names)
}

// fullyLinked is up to how many names of one person are linked each with each.
// Webhooks have three at most.
const fullyLinked = 8

// LinkAll records that the names are one person's. Each is linked with each, so
// that the others stay together when one of them, a recycled number, goes to
// somebody else.
func (c *Contact) LinkAll(names []Alias, at Moment) {
	for i, a := range names {
		for _, other := range names[i+1:] {
			if i == 0 || len(names) <= fullyLinked {
				c.Link(a, other, SamePerson, at)
			}
		}
	}
}

// linkSeen is how old the last sight of a link may be before another one is
// worth a record. Finer than a day it would cost every send one; it only matters
// for an identity that an operator says went to somebody else within that day.
const linkSeen = 24 * time.Hour

// Linked reports that all names were already linked with one another as one
// person's by the time at, by links that count and were seen lately.
func (c *Contact) Linked(names []Alias, at Moment) bool {
	if len(names) > 0 && !c.Has(names[0]) {
		return false
	}
	for i, a := range names {
		for _, other := range names[i+1:] {
			since := max(c.NewSince(a), c.NewSince(other))
			seen := slices.ContainsFunc(c.Links, func(l Link) bool {
				return l.A == a && l.B == other && l.Kind == SamePerson &&
					l.First <= at && l.Last > since && l.Last > at.Add(-linkSeen)
			})
			if !seen {
				return false
			}
		}
	}
	return true
}

// Names are those under which c knows the person behind a, a among them, sorted.
func (c *Contact) Names(a Alias) []Alias {
	names := []Alias{a}
	for i := range c.Members {
		if m := c.Members[i].Alias; m != a && c.SamePerson(a, m) {
			names = append(names, m)
		}
	}
	return SortAliases(names)
}

// Owns reports whether a name already was its present person's at the time at:
// what was done under it before is another's.
func (c *Contact) Owns(name Alias, at Moment) bool { return !c.member(name).before(at) }

// Counts reports whether a consent record under a name is one of its present person,
// and not of whom it belonged to before.
func (c *Contact) Counts(name Alias, state ConsentState, at, recorded Moment) bool {
	m := c.member(name)
	if state == OptedOut || state == OptOutSuspected {
		return !m.optOutBefore(at, recorded)
	}
	return !m.before(at)
}

// before reports what happened under the identity before it was given to a new
// person. What happened in that very moment is the former one's: lists are often
// dated by the day.
func (m *Member) before(at Moment) bool { return m.NewSince != 0 && at <= m.NewSince }

// optOutBefore is before for opt-outs. One from the very moment is the new
// person's, and so is one the gateway heard of later, whatever the clocks say.
func (m *Member) optOutBefore(at, recorded Moment) bool {
	return at < m.NewSince && recorded <= m.NewRecorded
}
