package gateway

import (
	"slices"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/policy"
)

// A message to a group is charged for by its copies. Who the members are only statuses tell,
// and of whom they tell the store keeps no more than pseudonyms: what the copies cost is found
// here.

// priceCopies says of the statuses of copies at which market each is charged, and what it costs
// by what the status tells.
func (g *Gateway) priceCopies(events []policy.Event) []policy.Event {
	cloned := false
	for i, e := range events {
		s, ok := e.(policy.StatusChanged)
		if !ok || !s.Copy {
			continue
		}
		if !cloned {
			events, cloned = slices.Clone(events), true // they are the caller's
		}
		there := s.At.Time().In(g.Businesses.Zone(s.PhoneNumberID))
		s.Market, s.Estimated = marketOfNames(s.Who, there)
		if p := s.Pricing; p != nil {
			q := g.quoteCopy(s.PhoneNumberID, &billing.Message{
				Category: billing.Category(policy.BilledCategory(p.Category)), Market: billing.Market(s.Market), Day: billing.Day(there, there.Location()), Told: billing.PriceType(p.Type),
			})
			s.Price, s.Priced = policy.Money(q.Unit), q.Known
		}
		events[i] = s
	}
	return events
}

// marketOfNames is the market of somebody at a time: by their phone number, else estimated by
// the country of a user id.
func marketOfNames(who []policy.Identity, at time.Time) (market string, estimated bool) {
	for _, name := range who {
		if name.Kind == policy.Phone {
			return string(billing.MarketOf(name.Value, at)), false
		}
		if iso := identity.Country(name); iso != "" {
			market, estimated = string(billing.MarketOfCountry(iso, at)), true
		}
	}
	return market, estimated
}

// quoteCopy is the list price of a copy.
func (g *Gateway) quoteCopy(phoneNumberID string, m *billing.Message) billing.Quote {
	currency := billing.Currency("USD")
	if b, ok := g.Businesses.Of(phoneNumberID); ok {
		currency = b.Currency
	}
	rules := billing.RulesOn(m.Day)
	rules.Allowance = 0
	return g.Cards.QuoteBy(m, currency, rules)
}
