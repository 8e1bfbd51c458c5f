package gateway

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Report counts the sends of a period: all of them, or one class of messages.
func (g *Gateway) Report(ctx context.Context, s Selection, class string) (*billing.Report, error) {
	class = strings.ToLower(class)
	if class != "" && class != billing.Notification {
		return nil, misasked(fmt.Errorf("message_class must be %s", billing.Notification))
	}
	var err error
	if s.PhoneNumberID, err = g.businessNamed(ctx, s.PhoneNumberID); err != nil {
		return nil, err
	}
	period, err := g.period(&s)
	if err != nil {
		return nil, err
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	return billing.NewReport(func(yield func(billing.Line, error) bool) {
		for e, err := range st.Ledger(ctx, period.filter) {
			if err != nil {
				yield(billing.Line{}, err)
				return
			}
			zone := g.Businesses.Zone(e.Send.PhoneNumberID)
			send := counted(e)
			if class != "" && !send.Notification() || !period.has(e.At, zone) {
				continue
			}
			if !yield(reportLine(e, send, zone), nil) {
				return
			}
		}
	})
}

// period is what a report covers. Its dates begin at another time in each time
// zone, so that every business has whole days.
type period struct {
	// filter selects what belongs to the period anywhere.
	filter store.Filter
	// in are the bounds by the name of the time zone.
	in map[string]store.Filter
}

func (g *Gateway) period(s *Selection) (*period, error) {
	p, now := &period{in: make(map[string]store.Filter)}, g.Now()
	for i, zone := range append(g.Businesses.Zones(s.PhoneNumberID), time.UTC) {
		f, err := filterIn(s, zone, now, 0)
		if err != nil {
			return nil, misasked(err)
		}
		p.in[zone.String()] = f
		if i == 0 {
			p.filter = f
		}
		p.filter.From, p.filter.To = min(p.filter.From, f.From), max(p.filter.To, f.To)
	}
	p.filter.Limit = 0
	return p, nil
}

// has reports whether a time belongs to the period in one of its time zones.
func (p *period) has(at policy.Moment, zone *time.Location) bool {
	f := p.in[zone.String()]
	return at >= f.From && (f.To == 0 || at < f.To)
}

// reportLine is a ledger entry as a report counts it.
func reportLine(e *store.Entry, send billing.Send, zone *time.Location) billing.Line {
	return billing.Line{
		At: e.At.Time(), Zone: zone,
		Key: billing.Key{
			PhoneNumberID: e.Send.PhoneNumberID, Business: e.Business,
			Category: string(e.Category()), Decision: e.Tag(),
			Market: e.Market, MarketEstimated: e.MarketEstimated,
		},
		Counts: send.Counts(),
	}
}

// counted is a ledger entry as far as it is counted.
func counted(e *store.Entry) billing.Send {
	return billing.Send{
		Fate: fates[e.Outcome.State], Status: string(e.Delivery.Status), Charged: e.Delivery.Pricing != nil && e.Delivery.Pricing.Billable,
		Template: e.Send.Kind == policy.TemplateMessage, ByBusiness: e.Decision.Initiation == policy.ByBusiness,
	}
}

// fates are what outcomes are to a report.
var fates = map[store.OutcomeState]billing.Fate{
	store.Accepted: billing.Accepted,
	store.Rejected: billing.Failed, store.NotSent: billing.Failed,
	store.Unknown: billing.Unknown, store.Reserved: billing.Unknown,
}
