package policy

import (
	"slices"
	"time"
)

// Person computes the facts about the person behind the identity who, in
// relation to one business phone number.
//
//   - The window is open if any current name of the person opened it, but not
//     if only a name from before a number change did.
//   - The person is opted out if any of their names ever was, unless they opted
//     in later, by that name or by one then known to be theirs. So an opt-in
//     given under a user id doesn't undo the opt-out of a phone number that
//     only later turns out to be the same person's.
//   - An opt-out given under a number that has since gone to somebody new stays
//     with the person who gave it, under their other names.
//   - A general opt-in, such as START, gives back what general opt-outs took and
//     no more: see [Contact.consent].
func (c *Contact) Person(who Alias, fold *Fold) PersonFacts {
	names := c.reach(who, Forever, SamePerson, Successor)
	f := PersonFacts{Contact: who}
	if len(names) > 0 {
		f.Contact = slices.MinFunc(names, func(a, b Alias) int { return slices.Compare(a[:], b[:]) })
	}
	same := names
	if len(c.Links) > 0 {
		same = c.reach(who, Forever, SamePerson)
	}
	var entry Mark
	var free freeEntry
	for _, a := range same {
		if r, ok := c.relation(a, fold.PhoneNumberID); ok {
			free.ads, free.told = append(free.ads, r.Ads...), append(free.told, r.Free...)
			f.Opened = max(f.Opened, r.Opened)
			f.Spoke = max(f.Spoke, r.spoke())
			entry = newest(entry, r.Entry)
		}
	}
	if WindowOf(entry.At, 0).OpenAt(f.Opened) {
		f.Entry = string(entry.Source)
	}
	var calls Relation
	for _, a := range names {
		if r, ok := c.relation(a, fold.PhoneNumberID); ok {
			calls.PermitCalls(r.CallSaid, r.CallUntil)
			free.answers = append(free.answers, r.Answers...)
		}
		m := c.member(a)
		for i := range m.Numbers {
			if r := &m.Numbers[i]; r.Welcomed != 0 && !m.before(r.Welcomed) {
				if _, optIn := fold.Reach(r.PhoneNumberID); optIn {
					f.Welcomed = earliest(f.Welcomed, r.Welcomed)
				}
			}
			if r := &m.Numbers[i]; len(r.Limits) > 0 {
				f.Limits = appendLimits(f.Limits, r.since(m), fold)
			}
			// A confirmation follows the opt-out it confirms.
			if r := &m.Numbers[i]; len(r.Sent) > 0 {
				if optOut, _ := fold.Reach(r.PhoneNumberID); optOut {
					f.Sent = appendSent(f.Sent, r.since(m), fold)
				}
			}
			if r := &m.Numbers[i]; r.Confirmed != 0 && !m.before(r.Confirmed) {
				if optOut, _ := fold.Reach(r.PhoneNumberID); optOut {
					f.Confirmed = max(f.Confirmed, r.Confirmed)
				}
			}
		}
	}
	slices.SortFunc(f.Sent, compareSent)
	f.CallUntil = calls.CallUntil
	f.FreeUntil, f.AdAt = free.facts()
	for s := range f.Consent {
		f.Consent[s] = c.consent(names, Scope(s), fold)
	}
	f.Suspected = c.suspected(names, fold)
	f.Requested = c.requested(names, fold)
	return f
}

// SamePerson reports whether a and b are known to be names of one person.
func (c *Contact) SamePerson(a, b Alias) bool {
	if a == b || len(c.Links) == 0 { // as nearly always
		return a == b
	}
	return slices.Contains(c.reach(a, Forever, SamePerson, Successor), b)
}

// namedRecord is a consent record on one scope, and the name it stands under.
type namedRecord struct {
	Mark
	name Alias
	// general: it is one for everything.
	general bool
}

// consent folds what all names of a person said on one scope, as far as it
// reaches.
//
// Records for this scope and records for everything are told apart. START lifts STOP
// but not "stop promotions". When nothing stands in the way any more, the person
// is opted in if they ever opted in to this scope. START alone is that only where
// the terms say so, and only if the person had never said no before: it is the
// statement of somebody who comes, and not of somebody who comes back to what they
// never had.
func (c *Contact) consent(names []Alias, s Scope, fold *Fold) Consent {
	var outsBuffer, insBuffer [6]namedRecord
	outs, ins := outsBuffer[:0], insBuffer[:0]
	var pending Mark
	var firstOut, firstStart Moment
	for _, a := range names {
		m := c.member(a)
		for i := range m.Numbers {
			optOut, optIn := fold.Reach(m.Numbers[i].PhoneNumberID)
			if !optOut && !optIn {
				continue
			}
			r := m.Numbers[i].since(m)
			g := &r.Consent[s]
			if optOut {
				outs = appendOuts(outs, r, s, a)
				firstOut = earliest(firstOut, g.FirstOut)
			}
			if optIn {
				ins = appendIns(ins, g, a)
				firstStart = earliest(firstStart, g.FirstStart)
				pending = newest(pending, g.Pending)
			}
		}
	}
	ins = slices.DeleteFunc(ins, func(in namedRecord) bool { return in.Tap && (fold.tapless || c.void(in, outs, ins, fold.Skew)) })

	var in, start, out Mark
	specific := false // an opt-out that START doesn't lift
	for _, w := range ins {
		if w.general {
			start = newest(start, w.Mark)
		} else {
			in = newest(in, w.Mark)
		}
	}
	for _, w := range outs {
		if !c.undone(w, ins, fold.Skew) {
			out = newest(out, w.Mark)
			specific = specific || !w.general
		}
	}
	if former := c.formerOptOut(names, ins, s, fold); former.At != 0 {
		out, specific = newest(out, former), true
	}
	comes := fold.Start[s] && firstStart != 0 && (firstOut == 0 || firstStart.second() < firstOut.second())
	if (in.At != 0 || comes) && !specific {
		in = newest(in, start)
	}
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

func appendOuts(outs []namedRecord, r *Relation, s Scope, a Alias) []namedRecord {
	g := &r.Consent[s]
	if g.Out.At != 0 {
		outs = append(outs, namedRecord{Mark: g.Out, name: a, general: r.onceGeneral(s)})
	}
	for i, m := range [...]*Mark{&g.Stop, &g.Told, &g.StopAll, &g.ToldAll} {
		if m.At != 0 {
			outs = append(outs, namedRecord{Mark: *m, name: a, general: i >= 2})
		}
	}
	return outs
}

func appendIns(ins []namedRecord, g *register, a Alias) []namedRecord {
	if g.In.At != 0 {
		ins = append(ins, namedRecord{Mark: g.In, name: a})
	}
	for _, m := range g.Ins {
		ins = append(ins, namedRecord{Mark: m, name: a})
	}
	for _, m := range g.Starts {
		ins = append(ins, namedRecord{Mark: m, name: a, general: true})
	}
	return ins
}

// onceGeneral reports that an opt-out that doesn't tell was one
// for everything: then it stands on all scopes alike, except where a newer one
// took its place.
func (r *Relation) onceGeneral(s Scope) bool {
	out := r.Consent[s].Out
	if out.Source != SourceKeyword && out.Source != SourceButton {
		return false
	}
	alike := 0
	for other := range r.Consent {
		o := r.Consent[other].Out
		switch {
		case o.At < out.At:
			return false
		case o == out:
			alike++
		}
	}
	return alike > 1
}

// undone reports whether the opt-out was followed by an opt-in of the same name,
// or of one that by then was known to be the same person's.
func (c *Contact) undone(out namedRecord, ins []namedRecord, skew time.Duration) bool {
	return slices.ContainsFunc(ins, func(in namedRecord) bool { return !in.Tap && c.lifts(in, out, skew) })
}

func (c *Contact) lifts(in, out namedRecord, skew time.Duration) bool {
	return (out.general || !in.general) && in.undoes(out.Mark, skew) &&
		(in.name == out.name || slices.Contains(c.reach(out.name, in.At, SamePerson, Successor), in.name))
}

// void reports that a tap, which lifts nothing, came while the person was opted
// out.
func (c *Contact) void(tap namedRecord, outs, ins []namedRecord, skew time.Duration) bool {
	return slices.ContainsFunc(outs, func(out namedRecord) bool {
		return tap.undoes(out.Mark, skew) && !slices.ContainsFunc(ins, func(in namedRecord) bool {
			return !in.Tap && in.At <= tap.At && c.lifts(in, out, skew)
		})
	})
}

// formerOptOut is the newest opt-out the person gave under a name that has since
// gone to somebody new. What else happened under that name is forgotten.
func (c *Contact) formerOptOut(names []Alias, ins []namedRecord, s Scope, fold *Fold) (out Mark) {
	recycled := func(m Member) bool { return m.NewSince != 0 }
	if !slices.ContainsFunc(c.Members, recycled) {
		return out
	}
	for _, l := range c.formerLives(names) {
		m := c.member(l.alias)
		for i := range m.Numbers {
			r := &m.Numbers[i]
			if optOut, _ := fold.Reach(r.PhoneNumberID); !optOut {
				continue
			}
			own := appendIns(nil, &r.Consent[s], l.alias)
			own = slices.DeleteFunc(own, func(in namedRecord) bool { return in.Tap || in.At > m.NewSince })
			for _, w := range appendOuts(nil, r, s, l.alias) {
				if w.At > m.NewSince {
					// It is the new person's. There may have been one before.
					if w.At = r.Consent[s].FirstOut; w.At == 0 || w.At > m.NewSince {
						continue
					}
					w.general = false // nobody kept what it was
				}
				undone := func(in namedRecord) bool {
					return !in.Tap && (w.general || !in.general) && in.undoes(w.Mark, fold.Skew)
				}
				undoneSince := func(in namedRecord) bool { return undone(in) && c.knownThen(in, l.alias) }
				if !slices.ContainsFunc(own, undone) && !slices.ContainsFunc(ins, undoneSince) {
					out = newest(out, w.Mark)
				}
			}
		}
	}
	return out
}

// knownThen reports that a name which has gone to somebody new was known to have been that
// person's who said the word, by the names that were theirs when they said it.
func (c *Contact) knownThen(in namedRecord, former Alias) bool {
	return slices.ContainsFunc(c.formerLives(c.reach(in.name, in.At, SamePerson, Successor)), func(l formerLife) bool {
		return l.alias == former && l.seen <= in.At
	})
}

// until is what of the register was certainly said by t.
func (g *register) until(t Moment) register {
	later := func(m Mark) bool { return m.At > t }
	was := *g
	for _, in := range []*Mark{&was.In, &was.Pending} {
		if later(*in) {
			*in = Mark{}
		}
	}
	was.Ins, was.Starts = slices.DeleteFunc(slices.Clone(g.Ins), later), slices.DeleteFunc(slices.Clone(g.Starts), later)
	for _, out := range []*Mark{&was.Out, &was.Stop, &was.StopAll, &was.Told, &was.ToldAll} {
		if !later(*out) {
			continue
		}
		// There may have been one before.
		first := Mark{At: g.FirstOut, Source: out.Source, Recorded: out.Recorded}
		if *out = (Mark{}); first.At != 0 && !later(first) {
			was.Told = latest(was.Told, first) // nobody kept what it was
		}
	}
	return was
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
			ended := c.NewSince(other)
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
			follow(lives[i].alias, c.NewSince(lives[i].alias), lives[i].seen)
		}
	}
	return lives
}

// relation is what counts of the record between a and a business phone number.
func (c *Contact) relation(a Alias, phoneNumberID string) (*Relation, bool) {
	m := c.member(a)
	for i := range m.Numbers {
		if r := &m.Numbers[i]; r.PhoneNumberID == phoneNumberID {
			return r.since(m), true
		}
	}
	return nil, false
}

// member is the record of a, an empty one where there is none.
func (c *Contact) member(a Alias) *Member {
	if i, found := c.find(a); found {
		return &c.Members[i]
	}
	return &noMember
}

// noMember is nobody's record and never changed.
var noMember Member

// since is what counts of a record of m: nothing from before m was given to a new
// person.
func (r *Relation) since(m *Member) *Relation {
	if m.NewSince == 0 {
		return r
	}
	was := *r
	r = &was
	r.Spoke = r.spoke()
	forget := func(at *Moment) {
		if m.before(*at) {
			*at = 0
		}
	}
	forget(&r.Opened)
	forget(&r.Spoke)
	if r.Opened != 0 {
		r.Spoke = max(r.Spoke, 1)
	}
	forget(&r.Confirmed)
	forget(&r.Welcomed)
	if m.before(r.CallSaid) {
		r.CallSaid, r.CallUntil = 0, 0
	}
	r.Sent = slices.DeleteFunc(slices.Clone(r.Sent), func(s Sent) bool { return m.before(s.At) })
	r.Started = slices.DeleteFunc(slices.Clone(r.Started), func(s Started) bool { return m.before(s.At) })
	r.Limits = slices.DeleteFunc(slices.Clone(r.Limits), func(l Limited) bool { return m.before(l.At) })
	if m.before(r.Entry.At) {
		r.Entry = Mark{}
	}
	r.freeSince(m)
	if m.before(r.Requested.At) {
		r.Requested = Mark{}
	}
	if m.optOutBefore(r.Suspected.At, r.Suspected.Recorded) {
		r.Suspected = Mark{}
	}
	for s := range r.Consent {
		r.Consent[s].since(m)
	}
	return r
}

func (g *register) since(m *Member) {
	older := func(in Mark) bool { return m.before(in.At) }
	for _, in := range []*Mark{&g.In, &g.Pending} {
		if older(*in) {
			*in = Mark{}
		}
	}
	g.FirstOut, g.FirstStart = 0, 0
	for _, out := range []*Mark{&g.Out, &g.Stop, &g.StopAll, &g.Told, &g.ToldAll} {
		if m.optOutBefore(out.At, out.Recorded) {
			*out = Mark{}
		}
		g.FirstOut = earliest(g.FirstOut, out.At)
	}
	g.Ins = slices.DeleteFunc(slices.Clone(g.Ins), older)
	g.Starts = slices.DeleteFunc(slices.Clone(g.Starts), older)
	for _, in := range g.Starts {
		g.FirstStart = earliest(g.FirstStart, in.At)
	}
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
	recycled := max(c.NewSince(l.A), c.NewSince(l.B))
	switch {
	case recycled == 0 || l.First > recycled:
		return l.First <= known
	case l.Last > recycled:
		return l.Last <= known
	}
	return false
}
