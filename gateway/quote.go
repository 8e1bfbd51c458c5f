package gateway

import (
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// messageOf is a send of a category as far as its price depends on it.
func messageOf(b *Business, e *store.Entry, category billing.Category, now time.Time) *billing.Message {
	m := &billing.Message{
		Market:    billing.Market(e.Market),
		Day:       billing.Day(now, now.Location()),
		InWindow:  e.Decision.Initiation == policy.ByUser,
		FreeEntry: freeEntry(e),
		ToGroup:   e.Send.Group,
	}
	m.Category = b.Account.Category(category, m.Market, m.Day, func() string { return countryOf(e.Send.For(&e.Decision)) })
	return m
}

// freeEntry reports that a free entry point window is open for who the send is for, or that it
// opens one.
func freeEntry(e *store.Entry) bool {
	p := e.Decision.Person
	return p < len(e.Facts.Persons) && e.Facts.Persons[p].FreeEntryAt(e.At)
}

// cheaper tells of something lawful that would cost less than a send; "" where nothing
// is known. While the customer service window is open that is free-form, since it needs no
// template; but for one-time codes, which have templates of their own for good reasons. The
// monthly allowance doesn't count: whoever uses it up pays for the next one.
func (g *Gateway) cheaper(b *Business, e *store.Entry, now time.Time) string {
	switch {
	case e.Send.Kind != policy.TemplateMessage, e.Decision.Initiation != policy.ByUser:
		return ""
	case e.Price.Type == billing.FreeEntryPoint, e.Decision.Category == policy.CategoryAuthentication:
		return ""
	}
	rules := billing.RulesOn(billing.Day(now, now.Location()))
	rules.Allowance = 0
	instead := messageOf(b, e, billing.Service, now)
	q := g.Cards.QuoteBy(instead, b.Currency, rules)
	switch {
	case q.Type.Free():
		return "free-form would be free: the customer service window is open"
	case q.Known && e.Price.Known && q.Unit < e.Price.Unit:
		return "free-form would cost " + q.Unit.String() + " " + string(q.Currency) + ": the customer service window is open"
	}
	return ""
}
