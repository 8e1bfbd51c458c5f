package lab

import (
	"slices"
	"time"

	"github.com/waguard/waguard/policy"
)

// Replay follows, through sends in the order of their decisions, what people would have been
// sent under another policy, as far as it counts.
type Replay struct {
	// since is from when on it has seen all that was sent, keep for how long something may
	// count.
	since policy.Moment
	keep  time.Duration
	// reach reports that what one business phone number sent counts for another.
	reach  func(number, other string) bool
	people map[policy.ContactID]*person
}

// person is what counts for somebody, oldest first.
type person struct{ sent, undone, added []counted }

// counted is a send that counts, and from which number it left.
type counted struct {
	number string
	policy.Sent
}

// NewReplay begins with what is sent from a moment on. Nothing counts for longer than keep.
func NewReplay(since policy.Moment, keep time.Duration, reach func(number, other string) bool) *Replay {
	return &Replay{since: since, keep: keep, reach: reach, people: make(map[policy.ContactID]*person)}
}

// SentTo is what somebody had been sent by now that counts for a number.
func (r *Replay) SentTo(contact policy.ContactID, number string) policy.SentAgain {
	again := policy.SentAgain{Since: r.since}
	p := r.people[contact]
	if p == nil {
		return again
	}
	again.Sent, again.Undone, again.Added = r.forNumber(p.sent, number), r.forNumber(p.undone, number), r.forNumber(p.added, number)
	return again
}

func (r *Replay) forNumber(list []counted, number string) (sent []policy.Sent) {
	for _, c := range list {
		own := c.number == number
		if c.Kind == policy.SentFollowup || c.Kind == policy.SentToPair {
			if own {
				sent = append(sent, c.Sent)
			}
			continue
		}
		if own || r.reach(number, c.number) {
			sent = append(sent, c.Sent)
		}
	}
	return sent
}

// Went notes a send that went to people before the other policy was to hold, or under both.
func (r *Replay) Went(number string, list []policy.SentTo) {
	for _, s := range list {
		p := of(r.people, s.Contact)
		p.sent = r.with(p.sent, number, s.Sent)
	}
}

// Undo notes one that went to people, and would not have: was is what it counted as.
func (r *Replay) Undo(number string, was []policy.SentTo) {
	for _, s := range was {
		p := of(r.people, s.Contact)
		p.undone = r.with(p.undone, number, s.Sent)
	}
}

// Add notes one that went to nobody, and would have.
func (r *Replay) Add(number string, list []policy.SentTo) {
	for _, s := range list {
		p := of(r.people, s.Contact)
		p.sent, p.added = r.with(p.sent, number, s.Sent), r.with(p.added, number, s.Sent)
	}
}

// with is the list with a send, without those that count no longer.
func (r *Replay) with(list []counted, number string, s policy.Sent) []counted {
	oldest := s.At.Add(-r.keep)
	if len(list) > 0 && list[0].At < oldest {
		list = slices.DeleteFunc(list, func(c counted) bool { return c.At < oldest })
	}
	return append(list, counted{number, s})
}

// Forget leaves out whoever was sent nothing for so long that it counts.
func (r *Replay) Forget(now policy.Moment) {
	oldest := now.Add(-r.keep)
	for contact, p := range r.people {
		if newest(p.sent) < oldest && newest(p.undone) < oldest && newest(p.added) < oldest {
			delete(r.people, contact)
		}
	}
}

func newest(list []counted) policy.Moment {
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1].At
}
