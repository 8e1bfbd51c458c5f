package policy

import "slices"

// Person computes the facts about the person behind the identity who, in
// relation to the business phone number phoneNumberID. Consent counts for all
// the numbers in group: those of one WhatsApp Business Account, phoneNumberID
// among them.
//
//   - The window is open if any current name of the person opened it, but not
//     if only a name from before a number change did.
//   - The person is opted out if any of their names ever was, unless they opted
//     in later, by that name or by one then known to be theirs. So an opt-in
//     given under a user id doesn't undo the opt-out of a phone number that
//     only later turns out to be the same person's.
//   - An opt-out given under a number that has since gone to somebody new stays
//     with the person who gave it, under their other names.
func (c *Contact) Person(who Alias, phoneNumberID string, group []string) PersonFacts {
	names := c.reach(who, Forever, SamePerson, Successor)
	f := PersonFacts{Contact: who}
	if len(names) > 0 {
		f.Contact = slices.MinFunc(names, func(a, b Alias) int { return slices.Compare(a[:], b[:]) })
	}
	for _, a := range c.reach(who, Forever, SamePerson) {
		if r, ok := c.relation(a, phoneNumberID); ok {
			f.Opened = max(f.Opened, r.Opened)
		}
	}
	var calls Relation
	for _, a := range names {
		if r, ok := c.relation(a, phoneNumberID); ok {
			calls.PermitCalls(r.CallSaid, r.CallUntil)
		}
		for _, id := range group {
			if r, ok := c.relation(a, id); ok {
				f.Confirmed = max(f.Confirmed, r.Confirmed)
			}
		}
	}
	f.CallUntil = calls.CallUntil
	for s := range f.Consent {
		f.Consent[s] = c.consent(names, Scope(s), group)
	}
	return f
}

// SamePerson reports whether a and b are known to be names of one person.
func (c *Contact) SamePerson(a, b Alias) bool {
	return slices.Contains(c.reach(a, Forever, SamePerson, Successor), b)
}

// consent folds what all names of a person said on one scope, to any number of
// the group.
func (c *Contact) consent(names []Alias, s Scope, group []string) Consent {
	said := make([]register, len(names))
	for i, a := range names {
		for _, id := range group {
			if r, ok := c.relation(a, id); ok {
				reg := &r.Consent[s]
				said[i].In, said[i].Out = newest(said[i].In, reg.In), newest(said[i].Out, reg.Out)
				said[i].Pending = newest(said[i].Pending, reg.Pending)
			}
		}
	}
	var in, out, pending mark
	for i, a := range names {
		in, pending = newest(in, said[i].In), newest(pending, said[i].Pending)
		if said[i].Out.At != 0 && !c.undone(a, said[i].Out.At, names, said) {
			out = newest(out, said[i].Out)
		}
	}
	out = newest(out, c.formerOptOut(names, said, s, group))
	switch {
	case out.At != 0:
		return Consent{State: OptedOut, Since: out.At, Source: out.Source, LastOptIn: in.At}
	case in.At != 0:
		return Consent{State: OptedIn, Since: in.At, Source: in.Source, LastOptIn: in.At}
	case pending.At != 0:
		return Consent{State: ConsentPending, Since: pending.At, Source: pending.Source}
	}
	return Consent{}
}

// undone reports whether the opt-out of the name a at the time out was followed
// by an opt-in of a, or of a name that by then was known to be the same
// person's.
func (c *Contact) undone(a Alias, out Moment, names []Alias, said []register) bool {
	for i, b := range names {
		in := said[i].In.At
		if in > out && (a == b || slices.Contains(c.reach(a, in, SamePerson, Successor), b)) {
			return true
		}
	}
	return false
}

// formerOptOut is the newest opt-out the person gave under a name that has since
// gone to somebody new. What else happened under that name is forgotten.
func (c *Contact) formerOptOut(names []Alias, said []register, s Scope, group []string) (out mark) {
	recycled := func(m Member) bool { return m.NewSince != 0 }
	if !slices.ContainsFunc(c.Members, recycled) {
		return out
	}
	for _, l := range c.formerLives(names) {
		i, _ := c.find(l.alias)
		m := &c.Members[i]
		for _, r := range m.Numbers {
			if !slices.Contains(group, r.PhoneNumberID) {
				continue
			}
			was := r.Consent[s].until(m.NewSince)
			if was.Out.At == 0 || was.In.At > was.Out.At || undoneSince(was.Out.At, l.seen, said) {
				continue
			}
			out = newest(out, was.Out)
		}
	}
	return out
}

// until is what of the register was certainly said by t.
func (r register) until(t Moment) (was register) {
	if r.In.At <= t {
		was.In = r.In
	}
	switch {
	case r.Out.At <= t:
		was.Out = r.Out
	case r.FirstOut != 0 && r.FirstOut <= t:
		was.Out = mark{At: r.FirstOut, Source: r.Out.Source}
	}
	return was
}

// undoneSince reports whether one of the person's names opted in after the
// opt-out, and after its name was seen to be theirs.
func undoneSince(out, seen Moment, said []register) bool {
	return slices.ContainsFunc(said, func(r register) bool { return r.In.At > out && r.In.At >= seen })
}

// formerLife is a name the person had before it went to somebody new, and when
// that was first seen.
type formerLife struct {
	alias Alias
	seen  Moment
}

// formerLives lists the names that were the person's, directly or through one
// another, before they went to somebody new, each as early as it was seen to be.
func (c *Contact) formerLives(names []Alias) (lives []formerLife) {
	is := func(a Alias) func(formerLife) bool { return func(l formerLife) bool { return l.alias == a } }
	changed := true
	// follow adds what was linked with the name a while a was theirs: until the
	// given time, if it has gone to somebody new itself.
	follow := func(a Alias, until, seen Moment) {
		for _, l := range c.Links {
			other := l.B
			switch a {
			case l.A:
			case l.B:
				other = l.A
			default:
				continue
			}
			ended := c.newSince(other)
			if ended == 0 || l.First > ended || l.First > until {
				continue
			}
			life := formerLife{other, max(seen, l.First)}
			switch i := slices.IndexFunc(lives, is(other)); {
			case i < 0:
				lives, changed = append(lives, life), true
			case life.seen < lives[i].seen:
				lives[i], changed = life, true
			}
		}
	}
	// A name can be found in several ways. Which one comes first depends on
	// pseudonyms, the earliest doesn't.
	for changed {
		changed = false
		for _, a := range names {
			follow(a, Forever, 0)
		}
		for i := 0; i < len(lives); i++ {
			follow(lives[i].alias, c.newSince(lives[i].alias), lives[i].seen)
		}
	}
	return lives
}

// relation is what counts of the record between a and a business phone number:
// nothing from before a was given to a new person. An opt-out from that very
// moment is the new person's, everything else is not: lists are often dated by
// the day.
func (c *Contact) relation(a Alias, phoneNumberID string) (*Relation, bool) {
	i, found := c.find(a)
	if !found {
		return nil, false
	}
	m := &c.Members[i]
	for i := range m.Numbers {
		if r := &m.Numbers[i]; r.PhoneNumberID == phoneNumberID {
			return r.since(m.NewSince), true
		}
	}
	return nil, false
}

// since is what of a record came after t.
func (r *Relation) since(t Moment) *Relation {
	if t == 0 {
		return r
	}
	was := *r
	r = &was
	forget := func(m *Moment) {
		if *m <= t {
			*m = 0
		}
	}
	forget(&r.Opened)
	forget(&r.Confirmed)
	if r.CallSaid <= t {
		r.CallSaid, r.CallUntil = 0, 0
	}
	for s := range r.Consent {
		reg := &r.Consent[s]
		for _, m := range []*mark{&reg.In, &reg.Pending} {
			if m.At <= t {
				*m = mark{}
			}
		}
		if reg.Out.At < t {
			reg.Out = mark{}
		}
	}
	return r
}

// reach lists the names connected with a by links of the given kinds first seen
// by the time known, a first. Links last seen before an end of theirs was given
// to a new person don't count; of those seen before and after, the latest sight
// alone is certain to be about the new person.
func (c *Contact) reach(a Alias, known Moment, kinds ...LinkKind) []Alias {
	names := []Alias{a}
	if len(c.Links) == 0 {
		return names
	}
	for i := 0; i < len(names); i++ {
		for _, l := range c.Links {
			if !slices.Contains(kinds, l.Kind) || !c.knownBy(l, known) {
				continue
			}
			if l.A == names[i] && !slices.Contains(names, l.B) {
				names = append(names, l.B)
			}
			if l.B == names[i] && !slices.Contains(names, l.A) {
				names = append(names, l.A)
			}
		}
	}
	return names
}

// knownBy reports whether the link counts and was known at the time known.
func (c *Contact) knownBy(l Link, known Moment) bool {
	recycled := max(c.newSince(l.A), c.newSince(l.B))
	switch {
	case recycled == 0 || l.First > recycled:
		return l.First <= known
	case l.Last > recycled:
		return l.Last <= known
	}
	return false
}

func (c *Contact) newSince(a Alias) Moment {
	if i, found := c.find(a); found {
		return c.Members[i].NewSince
	}
	return 0
}
