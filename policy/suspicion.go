package policy

import "slices"

// A message that may be an opt-out, and is not certainly one, is neither taken for
// one nor passed over: marketing to the person waits until somebody has read it and
// decided. What they decide is a record of its own: an opt-out, or that it was none.
//
// A suspicion holds until then, or until the person opts in later, as if it had been
// an opt-out from everything. What is dismissed is what had come in by the time the
// reviewer looked: one that comes in after, or late, is a new one.

// suspect records a suspicion.
func (r *Relation) suspect(m Mark) {
	m.At, m.Recorded = max(m.At, 1), max(m.Recorded, 1)
	r.Suspected = latest(r.Suspected, m)
}

// dismiss records that the suspicions which had come in by a time are none.
func (r *Relation) dismiss(until Moment) { r.Dismissed = max(r.Dismissed, until) }

// undecided reports whether a suspicion waits for somebody.
func (r *Relation) undecided() bool { return r.Suspected.At != 0 && r.Suspected.Recorded > r.Dismissed }

// suspected is the time of the newest suspicion about the person that holds, as far
// as opt-outs reach; 0 where there is none.
func (c *Contact) suspected(names []Alias, fold *Fold) (newest Moment) {
	for _, a := range names {
		m := c.member(a)
		for i := range m.Numbers {
			if !m.Numbers[i].undecided() { // as nearly always
				continue
			}
			r := m.Numbers[i].since(m)
			if optOut, _ := fold.Reach(r.PhoneNumberID); optOut && r.undecided() &&
				!c.undone(namedRecord{Mark: r.Suspected, name: a, general: true}, c.marketingOptIns(names, fold), fold.Skew) {
				newest = max(newest, r.Suspected.At)
			}
		}
	}
	return newest
}

func (c *Contact) marketingOptIns(names []Alias, fold *Fold) (ins []namedRecord) {
	for _, a := range names {
		m := c.member(a)
		for i := range m.Numbers {
			if _, optIn := fold.Reach(m.Numbers[i].PhoneNumberID); optIn {
				ins = appendIns(ins, &m.Numbers[i].since(m).Consent[Marketing], a)
			}
		}
	}
	return ins
}

// Suspicion is a suspected opt-out that waits for somebody to decide.
type Suspicion struct {
	// Names are those of the person under which it came, sorted.
	Names         []Alias
	PhoneNumberID string
	// Mark is the newest message of all that nobody has decided about.
	Mark
}

// Suspicions are those of all names of the contact, each once, whether or not the
// person has opted in or out since.
func (c *Contact) Suspicions() (list []Suspicion) {
	for i := range c.Members {
		m := &c.Members[i]
		for j := range m.Numbers {
			r := m.Numbers[j].since(m)
			if !r.undecided() {
				continue
			}
			same := slices.IndexFunc(list, func(s Suspicion) bool {
				return s.PhoneNumberID == r.PhoneNumberID && s.Mark == r.Suspected && c.SamePerson(s.Names[0], m.Alias)
			})
			if same < 0 {
				list = append(list, Suspicion{[]Alias{m.Alias}, r.PhoneNumberID, r.Suspected})
				continue
			}
			list[same].Names = append(list[same].Names, m.Alias)
		}
	}
	return list
}

// suspectedOptOut holds marketing back from a person who may have opted out.
func (c *Case) suspectedOptOut() bool {
	return c.billed && c.Category.Scope() == Marketing && c.Category != CategoryUnknown && c.mayHaveOptedOut() &&
		c.refuse(RuleOptOutSuspected, c.person.suspicion()+", and marketing waits until somebody has read it and decided", decideFirst)
}

// mayHaveOptedOut reports that nothing but a suspicion stands against marketing.
func (c *Case) mayHaveOptedOut() bool {
	return c.person.Suspected != 0 && c.consent(Marketing).State == OptedIn
}

func (p *PersonFacts) suspicion() string {
	return "the user wrote at " + p.Suspected.String() + " what may be an opt-out"
}

const decideFirst = "don't send it before somebody has read the message and decided with `waguard consent review`"
