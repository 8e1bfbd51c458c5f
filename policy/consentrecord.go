package policy

import (
	"cmp"
	"slices"
	"time"
)

// ConsentRecord is a statement on consent as it is recorded; see [ConsentChanged].
type ConsentRecord struct {
	State    ConsentState
	Scopes   []Scope
	At       Moment
	Source   Source
	General  bool
	Tap      bool
	Recorded Moment
	Reviewed Moment
}

// register holds what was said on one scope, each kind apart: which record undoes
// which is computed when somebody asks.
type register struct {
	// In and Out are the newest records of which nobody kept when they came in: so
	// were all records once.
	In      Mark `cbor:"1,keyasint,omitempty"`
	Out     Mark `cbor:"2,keyasint,omitempty"`
	Pending Mark `cbor:"3,keyasint,omitempty"`
	// FirstOut is the earliest opt-out. It shows that there was one before the
	// identity went to a new person, also where the newest is the new person's.
	FirstOut Moment `cbor:"4,keyasint,omitempty"`
	// Ins are the opt-ins to this scope, Starts those to everything: of each the
	// ones no other is as new as both by its own time and by arrival.
	Ins    []Mark `cbor:"5,keyasint,omitempty"`
	Starts []Mark `cbor:"6,keyasint,omitempty"`
	// Opt-outs of this scope and of everything, by WhatsApp's clock and by ours:
	// each holds the newest time said and the newest arrival.
	Stop    Mark `cbor:"7,keyasint,omitempty"`
	StopAll Mark `cbor:"8,keyasint,omitempty"`
	Told    Mark `cbor:"9,keyasint,omitempty"`
	ToldAll Mark `cbor:"10,keyasint,omitempty"`
	// FirstStart is the earliest opt-in to everything.
	FirstStart Moment `cbor:"11,keyasint,omitempty"`
}

// Mark is when something was said, how it reached us, and when.
type Mark struct {
	At     Moment `cbor:"1,keyasint,omitempty"`
	Source Source `cbor:"2,keyasint,omitempty"`
	// Recorded is when the gateway heard of it: a stamp that never goes backwards
	// within one contact, whatever the clock does. Zero where nobody kept it.
	Recorded Moment `cbor:"3,keyasint,omitempty"`
	// Tap marks an opt-in that never lifts an opt-out.
	Tap bool `cbor:"4,keyasint,omitempty"`
}

// Observed reports that the gateway itself saw the statement on WhatsApp. Its time is
// then WhatsApp's, in whole seconds; all others have our clock's.
func (s Source) Observed() bool {
	switch s {
	case SourceKeyword, SourceButton, SourcePreference, SourceMeta131050:
		return true
	}
	return false
}

// undoes reports whether the opt-in lifts the opt-out as far as time goes.
//
//   - On one clock the later record holds; in the same second of WhatsApp's the
//     opt-out. An opt-in of tomorrow lifts nothing that comes in after it.
//   - A record of ours and one of WhatsApp's were told by two clocks, which differ.
//     The opt-in must be later by more than skew, in WhatsApp's whole seconds,
//     and the gateway must have heard of the opt-out before: what arrives after an
//     opt-in comes after it, whatever the clocks say.
func (in Mark) undoes(out Mark, skew time.Duration) bool {
	switch {
	case in.Recorded == 0 && out.Recorded == 0:
		return in.At > out.At
	case in.Source.Observed() && out.Source.Observed():
		return in.At.second() > out.At.second() && (in.ahead() <= Moment(0).Add(max(skew, 0)) || in.Recorded > out.Recorded)
	case in.Recorded <= out.Recorded:
		return false
	case !in.Source.Observed() && !out.Source.Observed():
		return in.At > out.At
	}
	return in.At.second() > out.At.Add(max(skew, 0)).second()
}

// ahead is by how much the record is later than its arrival, zero where it isn't:
// one of the two clocks is wrong then.
func (m Mark) ahead() Moment {
	if m.Recorded == 0 {
		return 0
	}
	return max(m.At-m.Recorded, 0)
}

// second is the whole second m is in, WhatsApp's finest unit.
func (m Moment) second() Moment { return m / 1000 }

// newest orders marks by time; at the same time by source, so that the order of
// arrival makes no difference.
func newest(a, b Mark) Mark {
	if b.At > a.At || b.At == a.At && b.Source > a.Source {
		return b
	}
	return a
}

// latest joins two opt-outs of one kind: an opt-in must come after both, in what
// it says and in when it came.
func latest(a, b Mark) Mark {
	m := newest(a, b)
	m.Recorded = max(a.Recorded, b.Recorded)
	return m
}

// covers reports that b makes no difference beside a: whatever b lifts, a does.
func (a Mark) covers(b Mark) bool {
	switch {
	case a.Source.Observed() != b.Source.Observed(), a.Tap && !b.Tap:
		return false
	case a.At == b.At && a.Recorded == b.Recorded && a.Tap == b.Tap:
		return a.Source >= b.Source
	}
	return a.At >= b.At && a.Recorded >= b.Recorded && (!a.Source.Observed() || a.ahead() <= b.ahead())
}

// with is the list of opt-ins and m, without those that make no difference. The
// list itself is shared between copies of a contact and stays as it is.
func with(list []Mark, m Mark) []Mark {
	for _, other := range list {
		if other.covers(m) {
			return list
		}
	}
	joined := make([]Mark, 0, len(list)+1)
	for _, other := range list {
		if !m.covers(other) {
			joined = append(joined, other)
		}
	}
	joined = append(joined, m)
	slices.SortFunc(joined, func(a, b Mark) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Recorded, b.Recorded), cmp.Compare(a.Source, b.Source), btoi(a.Tap)-btoi(b.Tap))
	})
	return joined
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Record keeps a consent record. An opt-out of an unknown time is one from long
// ago, but an opt-out; other records need a time.
func (r *Relation) Record(w ConsentRecord) {
	switch w.State {
	case OptOutSuspected:
		r.suspect(Mark{At: w.At, Source: w.Source, Recorded: w.Recorded})
		return
	case OptOutDismissed:
		r.dismiss(w.Reviewed)
		return
	case CodeRequested:
		if w.At > 0 && w.Recorded > 0 {
			r.request(Mark{At: min(w.At, w.Recorded), Source: w.Source, Recorded: w.Recorded})
		}
		return
	}
	if w.State == OptedOut {
		w.At = max(w.At, 1)
	}
	for _, s := range w.Scopes {
		r.Consent[s].record(&w)
	}
}

func (g *register) record(w *ConsentRecord) {
	m := Mark{At: w.At, Source: w.Source, Recorded: w.Recorded}
	switch {
	case w.State == ConsentPending:
		m.Recorded = 0
		g.Pending = newest(g.Pending, m)
	case w.State == OptedOut:
		g.FirstOut = earliest(g.FirstOut, m.At)
		kind := g.out(w.General, m)
		*kind = latest(*kind, m)
	case w.State != OptedIn || m.At <= 0:
	case w.General:
		g.FirstStart = earliest(g.FirstStart, m.At)
		g.Starts = with(g.Starts, m)
	case w.Recorded == 0 && !w.Tap:
		g.In = newest(g.In, m)
	default:
		m.Tap = w.Tap
		g.Ins = with(g.Ins, m)
	}
}

// out is where an opt-out is kept.
func (g *register) out(general bool, m Mark) *Mark {
	switch observed := m.Source.Observed(); {
	case general && observed:
		return &g.StopAll
	case general:
		return &g.ToldAll
	case m.Recorded == 0:
		return &g.Out
	case observed:
		return &g.Stop
	}
	return &g.Told
}

func (g *register) merge(other *register) {
	g.In, g.Out, g.Pending = newest(g.In, other.In), newest(g.Out, other.Out), newest(g.Pending, other.Pending)
	g.FirstOut, g.FirstStart = earliest(g.FirstOut, other.FirstOut), earliest(g.FirstStart, other.FirstStart)
	g.Stop, g.StopAll = latest(g.Stop, other.Stop), latest(g.StopAll, other.StopAll)
	g.Told, g.ToldAll = latest(g.Told, other.Told), latest(g.ToldAll, other.ToldAll)
	for _, m := range other.Ins {
		g.Ins = with(g.Ins, m)
	}
	for _, m := range other.Starts {
		g.Starts = with(g.Starts, m)
	}
}

// Recorded is the newest arrival of a consent record in the contact: the next
// one is later.
func (c *Contact) Recorded() (newest Moment) {
	for i := range c.Members {
		m := &c.Members[i]
		newest = max(newest, m.NewRecorded)
		for _, h := range m.Given {
			newest = max(newest, h.Recorded)
		}
		for j := range m.Numbers {
			newest = max(newest, m.Numbers[j].Suspected.Recorded, m.Numbers[j].Requested.Recorded)
			for s := range m.Numbers[j].Consent {
				newest = max(newest, m.Numbers[j].Consent[s].recorded())
			}
		}
	}
	return newest
}

func (g *register) recorded() Moment {
	newest := max(g.Stop.Recorded, g.StopAll.Recorded, g.Told.Recorded, g.ToldAll.Recorded)
	for _, list := range [...][]Mark{g.Ins, g.Starts} {
		for _, m := range list {
			newest = max(newest, m.Recorded)
		}
	}
	return newest
}

// Heard is WhatsApp's newest time of anything the contact's identities did, as
// far as it could undo an opt-out.
func (c *Contact) Heard() (newest Moment) {
	for i := range c.Members {
		for j := range c.Members[i].Numbers {
			r := &c.Members[i].Numbers[j]
			newest = max(newest, r.Opened)
			for s := range r.Consent {
				for _, list := range [...][]Mark{r.Consent[s].Ins, r.Consent[s].Starts} {
					for _, m := range list {
						if m.Source.Observed() {
							newest = max(newest, m.At)
						}
					}
				}
			}
		}
	}
	return newest
}

// AnswerTime is how long a question waits for its answer: an ordinary word that
// comes later answers something else.
const AnswerTime = 7 * 24 * time.Hour

// Asked reports whether the person behind a was asked for consent to the scope by
// a business phone number not long before at.
func (c *Contact) Asked(a Alias, phoneNumberID string, s Scope, at Moment) bool {
	for _, name := range c.reach(a, Forever, SamePerson, Successor) {
		if r, ok := c.relation(name, phoneNumberID); ok {
			p := r.Consent[s].Pending.At
			if p != 0 && p.second() < at.second() && at <= p.Add(AnswerTime) {
				return true
			}
		}
	}
	return false
}

// NewSince is when the identity was last given to a new person.
func (c *Contact) NewSince(a Alias) Moment { return c.member(a).NewSince }

// NewRecorded is when the gateway was told that the identity was given to a new
// person.
func (c *Contact) NewRecorded(a Alias) Moment { return c.member(a).NewRecorded }
