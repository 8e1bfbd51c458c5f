package policy

import (
	"cmp"
	"slices"
	"time"
)

// Who writes through an ad that opens a chat, and is answered within a day, opens a free
// entry point window: for 72 hours from the answer on Meta charges for no message, templates
// included. It is none of the windows that allow free-form messages, and changes no decision.

const (
	// FreeEntryLength is how long the window is open, from the delivery of the answer on.
	FreeEntryLength = 72 * time.Hour
	// freeEntryAnswer is how long after the message through the ad an answer opens it.
	freeEntryAnswer = 24 * time.Hour
)

// What is remembered between a name and a business phone number, the newest.
const (
	mostAds     = 8
	mostAnswers = 16
	mostToldEnd = 4
	mostToldDay = 5 // more than a window touches
)

// AdAnswer is a message to somebody who had written through an ad that nobody had answered.
type AdAnswer struct {
	// Ad is when the person wrote.
	Ad      Moment `cbor:"1,keyasint"`
	Message Alias  `cbor:"2,keyasint"`
	// At is when Meta took the message, Delivered when it reached the person; zero as long
	// as nobody has said so.
	At        Moment `cbor:"3,keyasint"`
	Delivered Moment `cbor:"4,keyasint,omitempty"`
	// Failed: it reached nobody. Charged: Meta names another price than that of a free
	// entry point, so the message opened none.
	Failed  bool `cbor:"5,keyasint,omitempty"`
	Charged bool `cbor:"6,keyasint,omitempty"`
}

func compareAnswers(a, b AdAnswer) int {
	return cmp.Or(-cmp.Compare(a.Ad, b.Ad), cmp.Compare(a.At, b.At), a.Message.Compare(b.Message))
}

// failed reports that the person got nothing.
func (a *AdAnswer) failed() bool { return a.Failed && a.Delivered == 0 }

// from is when a window begins that the message opened.
func (a *AdAnswer) from() Moment {
	if a.Delivered != 0 {
		return a.Delivered
	}
	return a.At
}

// ToldFree is Meta's word at a time that a free entry point window is open.
type ToldFree struct {
	At Moment `cbor:"1,keyasint"`
	// Until is its end; zero where that wasn't told.
	Until Moment `cbor:"2,keyasint,omitempty"`
}

// same reports that one of the two is enough: they tell the same end, or are of one day and
// tell none.
func (f ToldFree) same(g ToldFree) bool {
	const day = Moment(24 * time.Hour / time.Millisecond)
	return f.Until == g.Until && (f.Until != 0 || f.At/day == g.At/day)
}

// Advertise records that the person wrote through an ad.
func (r *Relation) Advertise(at Moment) {
	i, known := slices.BinarySearch(r.Ads, at)
	if known || at == 0 {
		return
	}
	r.Ads = slices.Insert(slices.Clone(r.Ads), i, at)
	r.Ads = r.Ads[max(len(r.Ads)-mostAds, 0):]
}

// tellFree records Meta's word. Of several of which one is enough the earliest holds.
func (r *Relation) tellFree(f ToldFree) {
	list := slices.Clone(r.Free)
	if i := slices.IndexFunc(list, f.same); i >= 0 {
		f.At = min(f.At, list[i].At)
		list = slices.Delete(list, i, i+1)
	}
	list = append(list, f)
	slices.SortFunc(list, func(a, b ToldFree) int { return cmp.Or(cmp.Compare(a.Until, b.Until), cmp.Compare(a.At, b.At)) })
	ends := slices.IndexFunc(list, func(f ToldFree) bool { return f.Until != 0 })
	if ends < 0 {
		ends = len(list)
	}
	days, list := list[:ends], list[ends:]
	r.Free = slices.Concat(days[max(len(days)-mostToldDay, 0):], list[max(len(list)-mostToldEnd, 0):])
}

// answerAd joins an answer with what is known of it.
func (r *Relation) answerAd(a AdAnswer) {
	r.setAnswer(a, func(known *AdAnswer) {
		known.Delivered = earliest(known.Delivered, a.Delivered)
		known.Failed, known.Charged = known.Failed || a.Failed, known.Charged || a.Charged
	})
}

func (r *Relation) setAnswer(a AdAnswer, change func(known *AdAnswer)) {
	i, known := slices.BinarySearchFunc(r.Answers, a, compareAnswers)
	r.Answers = slices.Clone(r.Answers)
	if known {
		change(&r.Answers[i])
		return
	}
	r.Answers = slices.Insert(r.Answers, i, a)
	r.Answers = r.Answers[:min(len(r.Answers), mostAnswers)]
}

// AnswerAd records an answer, and what is known of it by now. Whoever does so must know all
// that was ever told of the message, so that the order of it makes no difference.
func (c *Contact) AnswerAd(who Alias, phoneNumberID string, a AdAnswer) {
	c.Member(who).Relation(phoneNumberID).setAnswer(a, func(known *AdAnswer) { *known = a })
}

// TellAnswer changes what is known of an answer that is on record, by its message.
func (c *Contact) TellAnswer(who Alias, phoneNumberID string, message Alias, change func(*AdAnswer)) {
	r := c.Member(who).Relation(phoneNumberID)
	r.Answers = slices.Clone(r.Answers)
	for i := range r.Answers {
		if r.Answers[i].Message == message {
			change(&r.Answers[i])
		}
	}
}

// mergeFree joins what another record says of free entry points.
func (r *Relation) mergeFree(other *Relation) {
	for _, at := range other.Ads {
		r.Advertise(at)
	}
	for _, a := range other.Answers {
		r.answerAd(a)
	}
	for _, f := range other.Free {
		r.tellFree(f)
	}
}

// freeSince leaves out what was before m was given to a new person.
func (r *Relation) freeSince(m *Member) {
	if len(r.Ads)+len(r.Answers)+len(r.Free) == 0 {
		return
	}
	r.Ads = slices.DeleteFunc(slices.Clone(r.Ads), m.before)
	r.Answers = slices.DeleteFunc(slices.Clone(r.Answers), func(a AdAnswer) bool { return m.before(a.Ad) || m.before(a.At) })
	r.Free = slices.DeleteFunc(slices.Clone(r.Free), func(f ToldFree) bool { return m.before(f.At) })
}

// freeEntry is what the names of a person tell of free entry points: ads and Meta's words
// those they have now, answers all that they ever had.
type freeEntry struct {
	ads     []Moment
	answers []AdAnswer
	told    []ToldFree
}

// span is a time from its first moment to before its last.
type span struct{ from, to Moment }

func (s span) has(m Moment) bool { return s.from <= m && m < s.to }

// facts say until when Meta charges for nothing, and since when a message through an ad waits
// for an answer; zero where none does.
//
// A window that Meta told the end of beats what would be expected by the answer. Where it
// only told that messages are free, and nobody saw the answer, the first of those stands for
// it.
func (f *freeEntry) facts() (until, waiting Moment) {
	var open []span
	for _, t := range f.told {
		if t.Until != 0 {
			open = append(open, span{min(t.At, t.Until.Add(-FreeEntryLength)), t.Until})
		}
	}
	for _, ad := range f.ads {
		answered := false
		var first Moment
		for i := range f.answers {
			if a := &f.answers[i]; a.Ad == ad && !a.failed() {
				answered = true
				if !a.Charged {
					first = earliest(first, a.from())
				}
			}
		}
		if first != 0 {
			s := span{ad, first.Add(FreeEntryLength)}
			if !slices.ContainsFunc(f.told, func(t ToldFree) bool { return t.Until != 0 && s.has(t.At) }) {
				open = append(open, s)
			}
		}
		if !answered && !slices.ContainsFunc(f.told, func(t ToldFree) bool { return t.At >= ad }) {
			waiting = max(waiting, ad)
		}
	}
	slices.SortFunc(f.told, func(a, b ToldFree) int { return cmp.Compare(a.At, b.At) })
	for _, t := range f.told {
		if t.Until == 0 && !slices.ContainsFunc(open, func(s span) bool { return s.has(t.At) }) {
			open = append(open, span{t.At, t.At.Add(FreeEntryLength)})
		}
	}
	for _, s := range open {
		until = max(until, s.to)
	}
	return until, waiting
}

// FreeEntryAt reports that a message to the person costs nothing at a time, since a free entry
// point window is open, or the message opens one.
func (p *PersonFacts) FreeEntryAt(now Moment) bool {
	return now < p.FreeUntil || p.AdAt != 0 && p.AdAt <= now && now < p.AdAt.Add(freeEntryAnswer)
}

// FreeEntryOf leaves of what is known of free entry points what counts at a time.
func (p *PersonFacts) FreeEntryOf(now Moment) {
	if now >= p.FreeUntil {
		p.FreeUntil = 0
	}
	if now >= p.AdAt.Add(freeEntryAnswer) {
		p.AdAt = 0
	}
}

// freeEntry leaves of it what makes a difference to a send.
func (p *PersonFacts) freeEntry(send *Send, now Moment) {
	switch send.Kind {
	case FreeForm, TemplateMessage, DirectSend, CallPermissionRequest:
		if p.FreeEntryOf(now); !send.Group {
			return
		}
	}
	p.FreeUntil, p.AdAt = 0, 0
}

// toldFree is what a status says of a free entry point window; false for nothing.
func (e *StatusChanged) toldFree() (ToldFree, bool) {
	free := !e.Copy && (e.FreeUntil != 0 || e.Pricing != nil && e.Pricing.freeEntry())
	return ToldFree{At: e.At, Until: e.FreeUntil}, free && e.PhoneNumberID != "" && e.At != 0
}

// Names that Meta's prices have for free entry points.
const (
	freeEntryType     = "free_entry_point"
	freeEntryCategory = "referral_conversion"
)

// FreeEntryCategory reports that a category, as Meta writes it, is that of messages in free
// entry point windows.
func FreeEntryCategory(written string) bool { return BilledCategory(written) == freeEntryCategory }

func (p *Pricing) freeEntry() bool {
	return p.Type == freeEntryType || p.Type == "" && FreeEntryCategory(p.Category)
}

// NoFreeEntry reports that Meta names a price, and it isn't that of a free entry point.
func (p *Pricing) NoFreeEntry() bool {
	return p != nil && (p.Type != "" || p.Category != "") && !p.freeEntry()
}
