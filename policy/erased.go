package policy

// SourceErasure is how an opt-out is known of a person whose data was erased: nothing
// else is known of them.
const SourceErasure Source = "erasure"

// Erasure is when the data of a person was erased. It is all that is kept, and counts as
// an opt-out of everything, until the person agrees again.
type Erasure struct {
	// At is by the gateway's clock; zero where nobody was erased.
	At Moment `cbor:"1,keyasint"`
	// Heard is the newest of what was erased by WhatsApp's clock, where that is not
	// before the second of At: what comes again with that time comes from before.
	Heard Moment `cbor:"2,keyasint,omitempty"`
}

// ErasureOf is an erasure at a time, of somebody who was heard of last at another.
func ErasureOf(at, heard Moment) Erasure {
	e := Erasure{At: at}
	if heard.second() >= at.second() {
		e.Heard = heard
	}
	return e
}

// Join is what holds of two erasures of one person.
func (e Erasure) Join(other Erasure) Erasure {
	return Erasure{At: max(e.At, other.At), Heard: max(e.Heard, other.Heard)}
}

// Before reports that something that was said at a time was said before the erasure.
// What was seen on WhatsApp has WhatsApp's time, in whole seconds.
func (e Erasure) Before(at Moment, observed bool) bool {
	if observed {
		return at.second() < e.At.second() || e.Heard != 0 && at.second() <= e.Heard.second()
	}
	return at <= e.At
}

// Past reports that a change tells of the time before the erasure.
func (e Erasure) Past(ch *Change) bool {
	switch ev := ch.Event.(type) {
	case ServiceWindowOpened:
		return e.Before(ev.At, true)
	case CallPermission:
		return e.Before(ev.At, true)
	case ConsentChanged:
		return !ev.OfNow() && e.Before(ev.At, ev.Source.Observed())
	case IdentityLinked:
		return e.Before(ev.At, true)
	case IdentityChanged:
		return e.Before(ev.At, true)
	case StatusChanged:
		return e.Before(ev.At, true)
	case NewPerson:
		return ev.At != 0 && e.Before(ev.At, false)
	case NewPersonUndone:
		return e.Before(ev.Since, false)
	}
	return false
}

// Told reports that a change tells about its person and is nothing they did or an
// operator says: it makes nobody known again who was erased.
func (ch *Change) Told() bool {
	switch ev := ch.Event.(type) {
	case IdentityLinked, IdentityChanged, StatusChanged:
		return true
	case ConsentChanged:
		return ev.Source == SourceMeta131050 || ev.Source == SourceQuestion
	}
	return false
}

// OnePersons reports that the names of a change are one person's.
func (ch *Change) OnePersons() bool {
	e, ok := ch.Event.(ConsentChanged)
	return !ok || len(e.Known) == 0
}

// HeedErasure lets the erasure of the person count: whatever they have not agreed to
// since, they are opted out of.
func (p *PersonFacts) HeedErasure(e Erasure) {
	if e.At == 0 {
		return
	}
	for s := range p.Consent {
		c := &p.Consent[s]
		if (c.State == OptedIn || c.State == OptedOut) && !e.Before(c.Since, c.Source.Observed()) {
			continue
		}
		*c = Consent{State: OptedOut, Since: e.At, Source: SourceErasure}
	}
}
