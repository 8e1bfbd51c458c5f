package policy

import "fmt"

// recipients says which of [Facts.Persons] a send is judged by.
type recipients struct {
	// phones is how many of them are readings of the phone number; those behind
	// are named by user id.
	phones int
	// meant is the reading that counts.
	meant int
	// all: every reading counts.
	all bool
}

// recipientsOf tells whom a send means. Digits without a plus sign are first
// whom Meta showed them to be, then whom webhooks call so, then an international
// number, and a national one of the business's country only where no numbering
// plan has them as an international one. So it makes no difference whether that
// country is known yet.
func recipientsOf(s *Send, f *Facts, p *Policy) recipients {
	r := recipients{phones: len(f.Persons), all: s.Bare == NotBare || p.BareNumbers == BareBoth}
	if s.namesTwice() && r.phones > 0 {
		r.phones--
	}
	switch {
	case r.all:
	case f.Shown > 0 && int(f.Shown) <= r.phones:
		r.meant = int(f.Shown) - 1
	case s.Bare == BareNational && r.phones > 1 && f.Persons[1].Known:
		r.meant = 1
	}
	return r
}

// counts reports whether the send is judged by the person at place i.
func (r recipients) counts(i int) bool { return r.all || i == r.meant || i >= r.phones }

// Judged lists the places in [Facts.Persons] of those the send was judged by: the
// person it is for, by each name.
func Judged(s *Send, f *Facts, p *Policy) (places []int) {
	r := recipientsOf(s, f, p)
	for i := range f.Persons {
		if r.counts(i) {
			places = append(places, i)
		}
	}
	return places
}

// onePerson reports whether a phone number and a user id named together are one
// person's, as far as is known.
func (r recipients) onePerson(f *Facts) bool {
	return f.OnePerson && (r.all || f.Persons[r.meant].Contact == f.Persons[len(f.Persons)-1].Contact)
}

const writePlus = "write + and the country code before the number"

// otherReadingOptedOut lets the readings of a number that were not meant count
// against a send that is allowed: if one is a person who opted out of what it
// needs. An exception made for that person is none for the send.
func (c *Case) otherReadingOptedOut() bool {
	for i := range c.Facts.Persons[:c.who.phones] {
		other := &c.Facts.Persons[i]
		if c.who.counts(i) || other.Contact == c.Facts.Persons[c.who.meant].Contact {
			continue
		}
		scope, out := c.optedOutOfNeeded(other)
		suspected := !out && other.Suspected != 0 && c.billed && c.Category.Scope() == Marketing
		if !out && !suspected {
			continue
		}
		if c.judgePerson(i); c.decision.Verdict == Allow && !c.decision.Exception() {
			continue // such as a reply to a person who opted out and wrote again
		}
		if suspected {
			return c.refuse(RuleOptOutSuspected, "the phone number has no plus sign and can be read as two numbers, and of the other one "+other.suspicion(), writePlus)
		}
		consent := other.Consent[scope]
		return c.refuse(optedOutRule(scope), fmt.Sprintf("the phone number has no plus sign and can be read as two numbers, and the user of the other one opted out of %s messages at %s (%s)", scope, consent.Since, consent.Source),
			writePlus)
	}
	return false
}

// nameReading adds to the refusal of a number that can be read in two ways whom it
// is about, and how to name the other one.
func (r recipients) nameReading(d *Decision) {
	if r.all {
		d.Reason = "the phone number has no plus sign and can be read as two numbers, and this business judges both; for one of them " + d.Reason
	}
	d.Remedy += "; if another number was meant, " + writePlus
}

// optedOutOfNeeded finds a scope the send needs consent to, or silence, that the
// person opted out of.
func (c *Case) optedOutOfNeeded(person *PersonFacts) (Scope, bool) {
	needed := AllScopes
	switch {
	case !c.billed:
		needed = transactionalScope
	case c.requests():
		needed = c.requestTouches().list()
	case c.Category != CategoryUnknown:
		needed = []Scope{c.Category.Scope()}
	}
	for _, scope := range needed {
		if person.Consent[scope].State == OptedOut {
			return scope, true
		}
	}
	return 0, false
}

// SentToAnother says in words what [RuleSentToAnother] found about a send, and
// what its sender can do.
func SentToAnother(s *Send) (reason, remedy string) {
	if s.Bare == NotBare {
		return "the send was allowed for the person it names, and Meta's answer names the phone number of somebody else: that is where the message went",
			"check the number with the person; what they agreed to holds for their own number"
	}
	return "the send was allowed for the person its phone number was read as, and Meta's answer names somebody else: the number has no plus sign, and Meta read it otherwise", writePlus
}
