package policy

import "slices"

// Change is an event about one person, under the names by which records know
// that person.
type Change struct {
	Event Event
	// Names are all the event tells of the person, sorted, each once.
	Names []Alias
	// First are those that go before others, such as a phone number before user ids, and
	// Beside the others, of which that is told; see [Member.Beside].
	First, Beside []Alias
	// before and after are those of a person who changed their name.
	before, after []Alias
}

// ChangeOf is what an event changes about a person; false where it changes
// nothing. alias gives an identity the name by which records know it.
func ChangeOf(e Event, alias func(Identity) Alias) (Change, bool) {
	ch := Change{Event: e}
	switch e := e.(type) {
	case ServiceWindowOpened:
		ch.Names = ch.order(e.Who, alias)
	case CallPermission:
		ch.Names = ch.order(e.Who, alias)
	case IdentityLinked:
		ch.Names = ch.order(e.Who, alias)
	case ConsentChanged:
		if e.State == ConsentUnknown || len(e.Scopes) == 0 {
			return Change{}, false
		}
		ch.Names = SortAliases(append(ch.order(e.Who, alias), e.Known...))
	case StatusChanged:
		// It shows that its names are one person's. One name alone shows nothing, unless
		// the message was free.
		ch.Names = ch.order(e.Who, alias)
		if _, free := e.toldFree(); len(ch.Names) == 1 && !free {
			return Change{}, false
		}
	case IdentityChanged:
		ch.before, ch.after = ch.order(e.Old, alias), ch.order(e.New, alias)
		ch.Names = SortAliases(slices.Concat(ch.before, ch.after))
	case NewPerson:
		ch.Names = ch.order([]Identity{e.Who}, alias)
	case NewPersonUndone:
		ch.Names = ch.order([]Identity{e.Who}, alias)
	}
	return ch, len(ch.Names) > 0
}

// Apply records a change. The contact must hold all that is known under any of
// the names of the change. Changes may be applied in any order and repeatedly, as
// long as each is complete: see [Contact.Answer] and [Contact.Date].
//
// What a person does is recorded under all names it came with: when one of them
// goes to somebody else, it still holds for the others.
func (c *Contact) Apply(ch *Change) {
	for _, a := range ch.Names {
		c.hear(a, ch)
	}
	switch e := ch.Event.(type) {
	case ServiceWindowOpened:
		c.LinkAll(ch.Names, e.At)
		c.each(ch.Names, func(m *Member) {
			r := m.Relation(e.PhoneNumberID)
			r.Open(e.At, e.OptOut)
			r.Enter(e.At, e.Entry)
			if e.Ad {
				r.Advertise(e.At)
			}
		})
	case CallPermission:
		c.LinkAll(ch.Names, e.At)
		c.each(ch.Names, func(m *Member) { m.Relation(e.PhoneNumberID).PermitCalls(e.At, e.Until) })
	case ConsentChanged:
		if len(e.Known) == 0 { // who decides about several names has not seen them together
			c.LinkAll(ch.Names, e.At)
		}
		record := ConsentRecord{State: e.State, Scopes: e.Scopes, At: e.At, Source: e.Source, General: e.General, Tap: e.Tap, Recorded: e.Recorded, Reviewed: e.Reviewed}
		c.each(ch.Names, func(m *Member) { m.Relation(e.PhoneNumberID).Record(record) })
	case IdentityLinked:
		c.LinkAll(ch.Names, e.At)
	case StatusChanged:
		c.LinkAll(ch.Names, e.At)
		if told, free := e.toldFree(); free {
			c.each(ch.Names, func(m *Member) { m.Relation(e.PhoneNumberID).tellFree(told) })
		}
	case IdentityChanged:
		c.succeed(ch, e.At)
	case NewPerson:
		c.each(ch.Names, func(m *Member) { m.GiveAway(e.At, e.Recorded) })
	case NewPersonUndone:
		c.each(ch.Names, func(m *Member) { m.TakeBack(e.Since) })
	}
}

func (c *Contact) each(names []Alias, change func(*Member)) {
	for _, a := range names {
		change(c.Member(a))
	}
}

// succeed links each old name with each new one, so that the person is still
// known when one of the old ones, a number, goes to somebody else.
func (c *Contact) succeed(ch *Change, at Moment) {
	c.LinkAll(ch.before, at)
	c.LinkAll(ch.after, at)
	for i, old := range ch.before {
		for j, next := range ch.after {
			if i+j == 0 || len(ch.Names) <= fullyLinked {
				c.Link(old, next, Successor, at)
			}
		}
	}
}

// Answer takes an ordinary word, such as "yes", for an answer on the scopes the
// person was asked about. It says nothing on others, and is false on none: then there
// is nothing to apply. Every other change stays as it is.
func (c *Contact) Answer(ch *Change) bool {
	e, ok := ch.Event.(ConsentChanged)
	if !ok || !e.Answer {
		return true
	}
	var scopes []Scope
	for _, a := range ch.Names {
		for _, s := range e.Scopes {
			if !slices.Contains(scopes, s) && c.Asked(a, e.PhoneNumberID, s, e.At) {
				scopes = append(scopes, s)
			}
		}
	}
	e.Scopes = scopes
	ch.Event = e
	return len(scopes) > 0
}

// OfNow reports a statement of an operator without a time: it is one of the moment
// in which the gateway hears of it.
func (e *ConsentChanged) OfNow() bool {
	return e.At == 0 && e.Recorded == 0 && !e.Source.Observed()
}

// Date notes when the gateway heard of a change, where its event doesn't tell:
// when it heard of it first, if it was told the same before, else now, by the
// gateway's clock. told is for a statement on consent: when the same one was heard
// of first, nil if never.
func (c *Contact) Date(ch *Change, told *Moment, now Moment) {
	switch e := ch.Event.(type) {
	case NewPerson:
		if e.Recorded == 0 {
			e.Recorded = c.arrival(now)
			if known := c.NewSince(ch.Names[0]); known != 0 && known == e.At {
				e.Recorded = c.NewRecorded(ch.Names[0])
			}
		}
		if e.At == 0 {
			e.At = e.Recorded
		}
		ch.Event = e
	case NewPersonUndone:
		if e.Recorded == 0 {
			e.Recorded = c.arrival(now)
		}
		if e.At == 0 {
			e.At = e.Recorded
		}
		ch.Event = e
	case ConsentChanged:
		switch {
		case e.Recorded != 0:
		case e.OfNow():
			e.Recorded = c.arrival(now)
			switch e.At = e.Recorded; e.State {
			case OptedOut:
				e.At = max(e.At, c.Heard())
			case CodeRequested:
				e.At = now // its time is counted, to the second
			}
		case told != nil:
			e.Recorded = *told
		default:
			e.Recorded = c.arrival(now)
		}
		ch.Event = e
	}
}

// arrival is when something about a person comes in: now, but always later than
// anything before. A clock that is put back must not make what comes look older
// than what was there.
func (c *Contact) arrival(now Moment) Moment { return max(now, c.Recorded()+1) }
