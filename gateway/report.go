package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// ReportSelection says what a report is about.
type ReportSelection struct {
	Selection
	// Month is a calendar month such as 2026-10, in place of From and To.
	Month string
	// MessageClass counts one class of messages alone; "" all.
	MessageClass string
	// By are the dimensions and tags that it groups by, with commas between; "" for
	// billing.ByDefault. Where are conditions such as "market=Germany,India; team=crm": each
	// must hold, by one of its values.
	By, Where string
	// Card and Rules ask what it would have cost by a rate card, and by the rules of a day.
	Card, Rules string
}

// longestOnTheWay is how long before its delivery a message that is delivered may have
// been sent: Meta drops it then.
const longestOnTheWay = 31 * 24 * time.Hour

// Report counts the sends of a period and what they cost: expected at the day of sending, and
// charged for by the rules and the card of the day of delivery.
func (g *Gateway) Report(ctx context.Context, s ReportSelection) (*billing.Report, error) {
	reports, err := g.Reports(ctx, s, s.By)
	if err != nil {
		return nil, err
	}
	return reports[0], nil
}

// Reports are those of one selection by several groupings, which take hardly longer than one.
func (g *Gateway) Reports(ctx context.Context, s ReportSelection, by ...string) ([]*billing.Report, error) {
	what, err := g.whatIf(&s)
	if err != nil {
		return nil, err
	}
	return g.reports(ctx, s, what, by...)
}

// reports price by the rules and cards of the days, or by others.
func (g *Gateway) reports(ctx context.Context, s ReportSelection, what *billing.WhatIf, by ...string) ([]*billing.Report, error) {
	q, err := g.question(ctx, &s)
	if err != nil {
		return nil, err
	}
	groupings, err := g.groupings(by)
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
	if q.Told, err = g.toldTiers(ctx, st); err != nil {
		return nil, err
	}
	q.Has = period.has
	q.If, q.Compare = what, s.Card != "" || s.Rules != ""
	l, err := g.newLiner(ctx, st, q, slices.Concat(groupings...))
	if err != nil {
		return nil, err
	}
	q.Finer = func(t *billing.Turns) iter.Seq2[*billing.Line, error] { return l.finer(ctx, st, q, period, t) }
	reports, err := q.NewReports(l.lines(ctx, st, q, period), groupings...)
	if err != nil {
		return nil, err
	}
	for _, r := range reports {
		if q.Compare {
			r.Notes = append(r.Notes, compared(what))
		}
		r.Tags = slices.Sorted(maps.Keys(g.Tagging.Declared))
		if plain := (store.Filter{From: period.filter.From, To: period.filter.To}); period.filter != plain {
			r.Notes = append(r.Notes, "The allowance and the tiers of the month are given out as if the selected messages were all there are.")
		}
	}
	return reports, nil
}

// groupings are lists of dimensions and tags.
func (g *Gateway) groupings(lists []string) (groupings [][]string, err error) {
	tags := slices.Collect(maps.Keys(g.Tagging.Declared))
	for _, list := range lists {
		by, err := billing.ReadBy(list, tags)
		if err != nil {
			return nil, misasked(err)
		}
		groupings = append(groupings, by)
	}
	return groupings, nil
}

// question is what a report is asked.
func (g *Gateway) question(ctx context.Context, s *ReportSelection) (*billing.Question, error) {
	q := &billing.Question{Cards: g.Cards, Where: make(map[string][]string)}
	tags := slices.Collect(maps.Keys(g.Tagging.Declared))
	for condition := range strings.SplitSeq(s.Where, ";") {
		if strings.TrimSpace(condition) == "" {
			continue
		}
		dimension, values, ok := strings.Cut(condition, "=")
		dimension = strings.ToLower(strings.TrimSpace(dimension))
		if !ok {
			return nil, misasked(fmt.Errorf("%q is no condition; write market=Germany", condition))
		}
		if err := billing.CheckDimension(dimension, tags); err != nil {
			return nil, misasked(err)
		}
		for value := range strings.SplitSeq(values, ",") {
			q.Where[dimension] = append(q.Where[dimension], strings.TrimSpace(value))
		}
	}
	var err error
	class := strings.ToLower(s.MessageClass)
	if class != "" && class != billing.Notification {
		return nil, misasked(fmt.Errorf("message_class must be %s", billing.Notification))
	}
	if s.PhoneNumberID, err = g.businessNamed(ctx, s.PhoneNumberID); err != nil {
		return nil, err
	}
	if err := s.Selection.setMonth(s.Month); err != nil {
		return nil, err
	}
	category, err := readCategory(s.Category)
	if err != nil {
		return nil, misasked(err)
	}
	for dimension, value := range map[string]string{"number": s.PhoneNumberID, "category": string(category), "template": s.Template, "message_class": class} {
		if value != "" {
			q.Where[dimension] = append(q.Where[dimension], value)
		}
	}
	return q, nil
}

// setMonth selects a calendar month such as 2026-10; "" selects nothing.
func (s *Selection) setMonth(month string) error {
	if month == "" {
		return nil
	}
	first, err := time.Parse("2006-01", month)
	if err != nil {
		return misasked(fmt.Errorf("%q is no month; write 2026-10", month))
	}
	if s.From != "" || s.To != "" {
		return misasked(errors.New("a month is given as well as from or to; leave one out"))
	}
	s.From, s.To = first.Format(time.DateOnly), first.AddDate(0, 1, 0).Format(time.DateOnly)
	return nil
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
	// month is when the first month begins in which it lies, and ends when the last one ends;
	// zero where it has no beginning, or no end.
	month, ends policy.Moment
}

func (g *Gateway) period(s *Selection) (*period, error) {
	p, now := &period{in: make(map[string]store.Filter)}, g.Now()
	zones := g.Businesses.Zones(s.PhoneNumberID)
	for i, zone := range append(zones, time.UTC) {
		f, err := filterIn(s, zone, now, 0)
		if err != nil {
			return nil, misasked(err)
		}
		p.in[zone.String()] = f
		if i == 0 {
			p.filter = f
		}
		p.filter.From, p.filter.To = min(p.filter.From, f.From), max(p.filter.To, f.To)
		if f.From != 0 {
			y, m, _ := f.From.Time().In(zone).Date()
			begins := policy.MomentOf(time.Date(y, m, 1, 0, 0, 0, 0, zone))
			if p.month == 0 || begins < p.month {
				p.month = begins
			}
		}
		if f.To != 0 {
			y, m, _ := f.To.Add(-1).Time().In(zone).Date()
			p.ends = max(p.ends, policy.MomentOf(time.Date(y, m+1, 1, 0, 0, 0, 0, zone)))
		}
	}
	// The report looks for these itself: what else was delivered in the month counts, too.
	p.filter.PhoneNumberID, p.filter.Category, p.filter.Template, p.filter.Limit = "", "", "", 0
	return p, nil
}

// filters are those of what was sent before the period and may have been delivered in the
// month where it begins, of what was sent within, and of the rest of the month where it ends:
// one message that Meta says is free there says what the others of the month cost.
func (p *period) filters() []store.Filter {
	filters := []store.Filter{p.filter}
	if p.filter.From != 0 {
		before := p.filter
		before.From, before.To = max(0, p.month.Add(-longestOnTheWay)), p.filter.From
		filters = slices.Insert(filters, 0, before)
	}
	if p.filter.To != 0 && p.filter.To < p.ends {
		after := p.filter
		after.From, after.To = p.filter.To, p.ends
		filters = append(filters, after)
	}
	return filters
}

// bounds are when it begins and ends in its time zones: within a day, where it was so asked.
func (p *period) bounds() (bounds []policy.Moment) {
	for _, f := range p.in {
		bounds = append(bounds, f.From, f.To)
	}
	return bounds
}

// has reports whether a time belongs to the period in one of its time zones.
func (p *period) has(t time.Time, zone *time.Location) bool {
	f, at := p.in[zone.String()], policy.MomentOf(t)
	return at >= f.From && (f.To == 0 || at < f.To)
}

// liner makes lines of a report of sums.
type liner struct {
	g    *Gateway
	told map[string]store.Number
	line billing.Line
	// accounts are those of business phone numbers.
	accounts map[string]account
	// detail is what lines tell apart.
	detail store.Detail
}

// newLiner makes lines for reports that group by some dimensions and tags.
func (g *Gateway) newLiner(ctx context.Context, st store.Store, q *billing.Question, by []string) (*liner, error) {
	l := &liner{g: g, accounts: make(map[string]account)}
	asked := slices.Concat(by, slices.Collect(maps.Keys(q.Where)))
	l.detail = store.Detail{
		NoTemplates: !slices.Contains(asked, "template"),
		NoTags:      !slices.ContainsFunc(asked, func(name string) bool { return name == "tags" || !billing.IsDimension(name) }),
		Days:        func(a *store.Alike) *time.Location { return l.account(a.PhoneNumberID).zone },
	}
	var err error
	l.told, err = st.Numbers(ctx)
	return l, err
}

// account is what a report needs to know of a number's account.
type account struct {
	zone       *time.Location
	currency   billing.Currency
	waba, pool string
}

// of is what was summed up as a report counts it, until the next call.
func (l *liner) of(s *store.Sum) *billing.Line {
	a := l.account(s.PhoneNumberID)
	send := counted(&s.Alike)
	l.line = billing.Line{
		Key: billing.Key{
			PhoneNumberID: s.PhoneNumberID, Business: s.Business, WABA: a.waba,
			Category: string(s.Category), Estimated: string(s.Estimated), Market: s.Market, MarketEstimated: s.MarketEstimated,
			Decision: s.Tag, Template: s.Template, Initiation: string(s.Initiation), Tags: s.Tags, Currency: cmp.Or(s.Price.Currency, a.currency),
		},
		N: s.N, Sent: s.At.Time(), Zone: a.zone, Send: send, Estimate: s.Price, Told: s.Told, Pool: a.pool,
	}
	if send.Notification() {
		l.line.MessageClass = billing.Notification
	}
	if l.line.Delivered = l.line.Sent; s.DeliveredAfter > 0 {
		l.line.Delivered = s.At.Time().Truncate(quarterOfHour).Add(time.Duration(s.DeliveredAfter) * quarterOfHour)
	}
	return &l.line
}

// quarterOfHour is what sums tell apart of times.
const quarterOfHour = 15 * time.Minute

func (l *liner) account(phoneNumberID string) account {
	a, ok := l.accounts[phoneNumberID]
	if ok {
		return a
	}
	a = account{zone: l.g.Businesses.Zone(phoneNumberID), waba: l.told[phoneNumberID].WABA, currency: "USD"}
	portfolio := ""
	if b, ok := l.g.Businesses.Of(phoneNumberID); ok {
		a.waba, a.currency, portfolio = cmp.Or(b.WABA, a.waba), cmp.Or(b.Currency, a.currency), b.Portfolio
	}
	a.pool = poolOf(portfolio, a.waba, phoneNumberID)
	l.accounts[phoneNumberID] = a
	return a
}

// counted is one of alike ledger entries as far as it is counted.
func counted(a *store.Alike) billing.Send {
	return billing.Send{
		Fate: fates[a.State], Status: string(a.Status), Charged: a.Charged,
		Template: a.Kind == policy.TemplateMessage, ByBusiness: a.Initiation == policy.ByBusiness, Part: a.Part,
	}
}

// fates are what outcomes are to a report.
var fates = map[store.OutcomeState]billing.Fate{
	store.Accepted: billing.Accepted,
	store.Rejected: billing.Failed, store.NotSent: billing.Failed,
	store.Unknown: billing.Unknown,
}

// lines are what reports are made of: what the period selects, by days. Each is good until the
// next one.
func (l *liner) lines(ctx context.Context, st store.Store, q *billing.Question, p *period) iter.Seq2[*billing.Line, error] {
	return func(yield func(*billing.Line, error) bool) {
		var talks []store.Filter
		for _, f := range p.filters() {
			detail := l.detail
			detail.Apart = p.bounds()
			if f.To == p.filter.From {
				detail.DeliveredFrom = p.month
			}
			byConversation, byMessage := split(f, conversationsUntil(q))
			talks = append(talks, byConversation...)
			for _, f := range byMessage {
				if !l.sums(ctx, st, f, detail, yield) {
					return
				}
			}
		}
		l.talks(ctx, st, talks, yield)
	}
}

// finer are the lines of the days on which the order of messages matters, by quarters of an
// hour.
func (l *liner) finer(ctx context.Context, st store.Store, q *billing.Question, p *period, t *billing.Turns) iter.Seq2[*billing.Line, error] {
	return func(yield func(*billing.Line, error) bool) {
		detail := l.detail
		detail.Days = nil
		detail.Only = func(a *store.Alike) func(policy.Moment) bool {
			if !a.Status.Delivered() || a.Part == billing.Divided {
				return nil
			}
			sum := store.Sum{Alike: *a, N: 1}
			sum.DeliveredAfter = 0
			return func(delivered policy.Moment) bool {
				sum.At = delivered
				return t.Matter(l.of(&sum))
			}
		}
		from, to := policy.MomentOf(t.From), policy.MomentOf(t.To)
		for _, f := range p.filters() {
			_, byMessage := split(f, conversationsUntil(q))
			for _, f := range byMessage {
				if f.From = max(f.From, from); f.To == 0 || f.To > to {
					f.To = to
				}
				if f.From < f.To && !l.sums(ctx, st, f, detail, yield) {
					return
				}
			}
		}
	}
}

// sums yields lines of what a filter selects, and reports whether to go on.
func (l *liner) sums(ctx context.Context, st store.Store, f store.Filter, detail store.Detail, yield func(*billing.Line, error) bool) bool {
	for sum, err := range st.SumsIn(ctx, f, detail) {
		if err != nil {
			yield(nil, err)
			return false
		}
		if !yield(l.of(sum), nil) {
			return false
		}
	}
	return true
}
