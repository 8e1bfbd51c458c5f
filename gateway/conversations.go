package gateway

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Conversations counts the conversations that began in a period: one report for each of some
// groupings, or the one that is asked for where there are none.
//
// They are found by reading each message of the period, and of the weeks before: whether a
// message opens a conversation depends on what its person got in the days before, so that no
// sums of messages tell. To keep it as messages come would cost each send a record of its
// person, for what nobody has been charged by since July 2025. They are read in pieces, and
// only what is open is kept, so that a year takes no more memory than its busiest days.
func (g *Gateway) Conversations(ctx context.Context, s ReportSelection, groupings ...string) ([]*billing.ConversationReport, error) {
	switch {
	case s.Card != "" || s.Rules != "":
		return nil, misasked(errors.New("conversations have no prices: leave card and rules out"))
	case s.Rule != "" || s.Sender != "" || s.Outcome != "" || s.Contact != "" || s.Pseudonym != "" || s.ID != "" || s.Wamid != "":
		return nil, misasked(errors.New("conversations are made of all messages of a person, and selected by where, such as category=marketing"))
	}
	if len(groupings) == 0 {
		groupings = []string{s.By}
	}
	q, err := g.question(ctx, &s)
	if err != nil {
		return nil, err
	}
	for i, list := range groupings {
		groupings[i] = cmp.Or(list, strings.Join(billing.ConversationsByDefault, ","))
	}
	by, err := g.groupings(groupings)
	if err != nil {
		return nil, err
	}
	period, err := g.period(&s.Selection)
	if err != nil {
		return nil, err
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	q.Has = period.has
	return q.NewConversationReport(g.exchanged(ctx, st, period, s.PhoneNumberID), by...)
}

// Messages are read so many at once at most, as far as a time can be divided, and at least
// those of a quarter of an hour.
const exchangedAtOnce = 20_000

// exchanged are the messages that conversations of a period are made of, in order of their
// delivery: from those on that may have opened one that goes on, or were on the way, to those
// that may belong to the last ones.
func (g *Gateway) exchanged(ctx context.Context, st store.Store, p *period, phoneNumberID string) iter.Seq2[*billing.Exchanged, error] {
	return func(yield func(*billing.Exchanged, error) bool) {
		if err := g.exchange(ctx, st, p, phoneNumberID, yield); err != nil {
			yield(nil, err)
		}
	}
}

func (g *Gateway) exchange(ctx context.Context, st store.Store, p *period, phoneNumberID string, yield func(*billing.Exchanged, error) bool) error {
	l, err := g.newLiner(ctx, st, new(billing.Question), nil)
	if err != nil {
		return err
	}
	from, to := policy.Moment(0), policy.MomentOf(g.Now())+1
	if p.filter.From != 0 {
		from = max(0, p.month.Add(-longestOnTheWay))
	}
	if p.filter.To != 0 {
		to = min(to, p.filter.To.Add(billing.LongestConversation))
	}
	pieces, err := piecesOf(ctx, st, from, to)
	if err != nil {
		return err
	}
	var waiting byDelivery
	// give gives those that were delivered before a time: no other one will be.
	give := func(before policy.Moment) (more bool) {
		for len(waiting) > 0 && (before == 0 || waiting[0].At.Before(before.Time())) {
			if !yield(heap.Pop(&waiting).(*billing.Exchanged), nil) {
				return false
			}
		}
		return true
	}
	for _, piece := range pieces {
		for m, err := range st.Received(ctx, piece[0], piece[1], phoneNumberID) {
			if err != nil {
				return err
			}
			if m.Delivered < to {
				heap.Push(&waiting, l.exchanged(m))
			}
		}
		if !give(piece[1]) {
			return nil
		}
	}
	give(0)
	return nil
}

// piecesOf divides a time into pieces that have some thousand entries each.
func piecesOf(ctx context.Context, st store.Store, from, to policy.Moment) (pieces [][2]policy.Moment, err error) {
	const day = policy.Moment(24 * time.Hour / time.Millisecond)
	entries := make(map[policy.Moment]int)
	utc := func(*store.Alike) *time.Location { return time.UTC }
	for sum, err := range st.SumsIn(ctx, store.Filter{From: from, To: to}, store.Detail{NoTemplates: true, NoTags: true, Days: utc}) {
		if err != nil {
			return nil, err
		}
		entries[sum.At/day*day] += sum.N
	}
	for _, begin := range slices.Sorted(maps.Keys(entries)) {
		n := policy.Moment(min(96, 1+entries[begin]/exchangedAtOnce))
		for i := range n {
			piece := [2]policy.Moment{max(from, begin+i*day/n), min(to, begin+(i+1)*day/n)}
			if piece[0] < piece[1] {
				pieces = append(pieces, piece)
			}
		}
	}
	return pieces, nil
}

// exchanged is a message that was received as a report of conversations counts it.
func (l *liner) exchanged(m *store.Received) *billing.Exchanged {
	line := *l.of(&store.Sum{At: m.At, Alike: m.Alike, N: 1})
	e := &billing.Exchanged{Line: &line, ID: string(m.ID[:]), Person: string(m.Person[:]), At: m.Delivered.Time()}
	if m.Person.IsZero() {
		e.Person = e.ID // nobody knows who else it is
	}
	return e
}

// byDelivery are messages, of which the first is the one that was delivered first.
type byDelivery []*billing.Exchanged

func (b byDelivery) Len() int           { return len(b) }
func (b byDelivery) Less(i, j int) bool { return b[i].Compare(b[j]) < 0 }
func (b byDelivery) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }
func (b *byDelivery) Push(m any)        { *b = append(*b, m.(*billing.Exchanged)) }
func (b *byDelivery) Pop() any {
	last := len(*b) - 1
	m := (*b)[last]
	(*b)[last] = nil
	*b = (*b)[:last]
	return m
}
