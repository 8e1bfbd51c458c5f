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
		for sum, err := range st.Sums(ctx, period.filter) {
			if err != nil {
				yield(billing.Line{}, err)
				return
			}
			zone := g.Businesses.Zone(sum.PhoneNumberID)
			send := counted(&sum.Alike)
			if class != "" && !send.Notification() || !period.has(sum.At, zone) {
				continue
			}
			if !yield(reportLine(sum, send, zone), nil) {
				return
			}
		}
	})
}

// rebuildRest makes rebuilding take half of a core at most: sends go on.
const rebuildRest = 1

// RebuildSums makes the sums of the ledger anew that reports are made of, and compares
// them with those there were.
func (g *Gateway) RebuildSums(ctx context.Context, s Selection) (*store.Rebuilt, error) {
	p, err := g.period(&s)
	if err != nil {
		return nil, err
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	r, ok := st.(store.Rebuilds)
	if !ok {
		return nil, store.ErrNoSums
	}
	return r.RebuildSums(ctx, p.filter.From, p.filter.To, rebuildRest)
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

// reportLine is what was summed up as a report counts it.
func reportLine(s *store.Sum, send billing.Send, zone *time.Location) billing.Line {
	return billing.Line{
		At: s.At.Time(), Zone: zone,
		Key: billing.Key{
			PhoneNumberID: s.PhoneNumberID, Business: s.Business,
			Category: string(s.Category), Decision: s.Tag,
			Market: s.Market, MarketEstimated: s.MarketEstimated,
		},
		Counts: send.Counts().Times(s.N),
	}
}

// counted is one of alike ledger entries as far as it is counted.
func counted(a *store.Alike) billing.Send {
	return billing.Send{
		Fate: fates[a.State], Status: string(a.Status), Charged: a.Charged,
		Template: a.Kind == policy.TemplateMessage, ByBusiness: a.Initiation == policy.ByBusiness,
	}
}

// fates are what outcomes are to a report.
var fates = map[store.OutcomeState]billing.Fate{
	store.Accepted: billing.Accepted,
	store.Rejected: billing.Failed, store.NotSent: billing.Failed,
	store.Unknown: billing.Unknown,
}
