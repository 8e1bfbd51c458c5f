package gateway

import (
	"context"
	"math"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Where Meta charged for conversations, who got a message before counts, and sums don't tell
// that: the ledger is read entry by entry.

// lastTalks is when everywhere the days were over on which Meta charged for conversations.
var lastTalks = policy.MomentOf(time.Date(2025, 7, 2, 0, 0, 0, 0, time.UTC))

// conversationsUntil is up to when sends must be read one by one for a question.
func conversationsUntil(q *billing.Question) policy.Moment {
	if q.Compare {
		asItWas := *q
		asItWas.If, asItWas.Compare = nil, false
		asked := *q
		asked.Compare = false
		return max(conversationsUntil(&asked), conversationsUntil(&asItWas))
	}
	rules := billing.Rules{}
	switch {
	case q.If != nil && q.If.Rules != nil:
		rules = *q.If.Rules
	case q.If != nil && !q.If.At.IsZero():
		rules = billing.RulesOn(billing.Day(q.If.At, time.UTC))
	default:
		return lastTalks
	}
	if rules.PerMessage {
		return 0
	}
	return math.MaxInt64
}

// split splits what a filter selects at a time.
func split(f store.Filter, at policy.Moment) (before, after []store.Filter) {
	early, late := f, f
	if f.To == 0 || f.To > at {
		early.To = at
		late.From = max(f.From, at)
		after = []store.Filter{late}
	}
	if f.From < at {
		before = []store.Filter{early}
	}
	if at == math.MaxInt64 {
		return []store.Filter{f}, nil
	}
	return before, after
}

// talked is what is counted together of sends whose conversations are known.
type talked struct {
	at      policy.Moment // the beginning of a quarter of an hour, or of what is asked for
	alike   *store.Alike
	covered bool
}

// talks yields lines of what filters select, and of each message whether a conversation covers
// it that another one opened. It reports whether to go on.
func (l *liner) talks(ctx context.Context, st store.Store, filters []store.Filter, yield func(*billing.Line, error) bool) bool {
	if len(filters) == 0 {
		return true
	}
	const quarter = policy.Moment(quarterOfHour / time.Millisecond)
	kept := make(map[store.Alike]*store.Alike) // there are few that differ
	var sends []talked
	var delivered []billing.Delivered
	var places []int // of what was delivered among the sends
	for _, f := range filters {
		for e, err := range st.Ledger(ctx, f) {
			if err != nil {
				yield(nil, err)
				return false
			}
			for i, a := range e.Counts() {
				if kept[a] == nil {
					kept[a] = &a
				}
				if a.Status.Delivered() && a.Part != billing.Divided {
					places = append(places, len(sends))
					delivered = append(delivered, inConversation(e, &a, i))
				}
				sends = append(sends, talked{max(e.At/quarter*quarter, f.From), kept[a], false})
			}
		}
	}
	for _, c := range billing.Conversations(delivered) {
		for _, i := range c.Messages[1:] {
			sends[places[i]].covered = true
		}
	}
	counts := make(map[talked]int)
	for _, s := range sends {
		counts[s]++
	}
	for s, n := range counts {
		line := l.of(&store.Sum{At: s.at, Alike: *s.alike, N: n})
		line.Covered, line.Exact = s.covered, true
		if !yield(line, nil) {
			return false
		}
	}
	return true
}

// inConversation is a message that was delivered, as far as conversations depend on it: the
// i-th of what an entry counts as.
func inConversation(e *store.Entry, a *store.Alike, i int) billing.Delivered {
	person, delivery := e.Contact(), &e.Delivery
	if i > 0 {
		person, delivery = e.Copies[i-1].Contact, &e.Copies[i-1].Delivery
	}
	d := billing.Delivered{
		ID: e.ID.String(), PhoneNumberID: a.PhoneNumberID, Category: billing.Category(a.Category), At: delivery.Delivered.Time(),
		FreeEntry: e.Price.Type == billing.FreeEntryPoint,
	}
	if p := delivery.Pricing; p != nil {
		d.FreeEntry = !p.NoFreeEntry() && (d.FreeEntry || p.Type == string(billing.FreeEntryPoint))
	}
	if d.Person = d.ID; !person.IsZero() {
		d.Person = person.String()
	}
	return d
}
