package gateway

import (
	"cmp"
	"context"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

const (
	// activityPeriod is how far back it is looked for what was sent lately, and
	// mostActivity at how many sends, the newest: two seconds' work.
	activityPeriod = 7 * 24 * time.Hour
	mostActivity   = 500_000
	// mostEvents is how many account events of a kind are looked through for the
	// newest word on each thing.
	mostEvents = 10_000
)

// Uses counts sends.
type Uses struct {
	Count int
	// Last is when the newest was decided; zero where there is none.
	Last policy.Moment
}

func (u *Uses) add(at policy.Moment) {
	u.Count++
	u.Last = max(u.Last, at)
}

// activity is what was sent lately.
type activity struct {
	// since is from when on sends were counted.
	since     policy.Moment
	numbers   map[string]*Uses
	templates map[usedTemplate]*Uses
	senders   map[templateSender]int
}

// templateSender is who sent a template: the name of a sender, or the beginning of the hash of
// its token.
type templateSender struct {
	usedTemplate
	sender string
}

// usedTemplate is a template that a number sent, or wanted to.
type usedTemplate struct {
	phoneNumberID string
	ref           policy.TemplateRef
}

// activity reads what was sent lately, at most so many sends.
func (g *Gateway) activity(ctx context.Context, st store.Store, most int) (*activity, error) {
	g.counting.Lock()
	defer g.counting.Unlock()
	a := &activity{since: g.now().Add(-activityPeriod), numbers: make(map[string]*Uses), templates: make(map[usedTemplate]*Uses), senders: make(map[templateSender]int)}
	looked := 0
	for h, err := range st.Heads(ctx, store.Ledger, store.Filter{From: a.since}) {
		if err != nil {
			return nil, err
		}
		at := h.ID.Moment()
		add(a.numbers, h.PhoneNumberID, at)
		if h.Template.Name != "" {
			used := usedTemplate{h.PhoneNumberID, h.Template}
			add(a.templates, used, at)
			by := templateSender{used, cmp.Or(h.Sender, h.Token)}
			if n, ok := a.senders[by]; ok || len(a.senders) < mostGroups {
				a.senders[by] = n + 1
			}
		}
		if looked++; looked == most {
			a.since = at
			break
		}
	}
	return a, ctx.Err()
}

// add counts a use, of no more different things than summaries tell apart.
func add[K comparable](uses map[K]*Uses, key K, at policy.Moment) {
	u := uses[key]
	if u == nil {
		if len(uses) >= mostGroups {
			return
		}
		u = new(Uses)
		uses[key] = u
	}
	u.add(at)
}

// newestEvents are the newest account events of a kind, by what they are about.
func newestEvents[K comparable](ctx context.Context, st store.Store, kind policy.AccountEventKind, about func(*store.AccountEvent) K) (map[K]*store.AccountEvent, error) {
	newest := make(map[K]*store.AccountEvent)
	for e, err := range st.AccountEvents(ctx, store.EventFilter{Kind: kind, Limit: mostEvents}) {
		if err != nil {
			return nil, err
		}
		if key := about(e); newest[key] == nil {
			newest[key] = e
		}
	}
	return newest, nil
}
