package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// life is a month of a gateway by a clock of its own: sends of several business numbers
// and campaigns to people of all markets, more by day than by night, their statuses as
// they come, of which those of reading do hours later, and the sums that a gateway makes
// every quarter of an hour. What is left on disk is what a gateway would have left.
//
// Only the last two days are lived through. What was sent before is written as it would
// have become by then, since doing all of it would take an hour (ledgerwritten.go).
type life struct {
	b      *store.Book
	engine store.Engine
	clock  *atomic.Int64
	rand   *rand.Rand
	began  time.Time
	sends  []pattern
	// due are statuses by the quarter of an hour in which they come, once they are lived
	// through.
	due  map[int][]policy.StatusChanged
	made int
	// summing is how long the sums of what was lived through took.
	summing time.Duration
}

const (
	lifeQuarter   = 15 * time.Minute
	lifeLived     = 2 * 96 // quarters of an hour
	lifeNumbers   = 4
	lifeTemplates = 20
	lifeFailed    = 50 // one of so many
)

// pattern is what sends of one kind have in common: an entry of a template in a market.
type pattern struct {
	entry    store.Entry
	category string
	weight   float64 // with those before it
}

func newLife(ctx context.Context, b *store.Book, engine store.Engine, clock *atomic.Int64, began time.Time) (*life, error) {
	l := &life{b: b, engine: engine, clock: clock, rand: rand.New(rand.NewPCG(1, 2)), began: began, due: make(map[int][]policy.StatusChanged)}
	clock.Store(int64(policy.MomentOf(began)))
	if err := fillPersons(ctx, b, began); err != nil {
		return nil, err
	}
	first, err := fillEntry(ctx, b, 1, began)
	if err != nil {
		return nil, err
	}
	return l, l.patterns(first)
}

// patterns are templates in all markets, of which some get far more than others, and answers
// to people. A template belongs to one category, one team, and one of two campaigns.
func (l *life) patterns(first *store.Entry) error {
	cards := billing.Shipped()
	markets := lifeMarkets()
	if len(markets) == 0 {
		return errors.New("the rate card that comes with waguard has no markets")
	}
	total := 0.0
	// A third of all is no template, in answer to people.
	for number := range lifeNumbers {
		for i, market := range markets {
			e := *first
			e.Send.PhoneNumberID, e.Business = lifeNumber(number), fmt.Sprint("shop ", number)
			e.Send.Kind, e.Send.Type, e.Send.Template = policy.FreeForm, "text", policy.TemplateRef{}
			e.Decision.Category, e.Decision.Initiation, e.Market = policy.CategoryService, policy.ByUser, string(market)
			e.Tags = billing.Tags(fmt.Sprintf("team=team_%d", number%3))
			e.Price = cards.Quote(&billing.Message{Category: billing.Service, Market: market, Day: l.began.Format(time.DateOnly), InWindow: true, ServiceBefore: 1000}, "USD")
			total += 1 / (math.Pow(float64(i+1), 1.2) * float64(number+1))
			l.sends = append(l.sends, pattern{e, string(policy.CategoryService), total})
		}
	}
	categories := []policy.Category{policy.CategoryMarketing, policy.CategoryMarketing, policy.CategoryUtility, policy.CategoryUtility, policy.CategoryAuthentication}
	for template := range lifeTemplates {
		category := categories[template%len(categories)]
		for campaign := range 2 {
			for i, market := range markets {
				e := *first
				e.Send.PhoneNumberID = lifeNumber(template % lifeNumbers)
				e.Business = fmt.Sprint("shop ", template%lifeNumbers)
				e.Send.Template.Name = fmt.Sprintf("template_%02d", template)
				e.Decision.Category, e.Market = category, string(market)
				e.Tags = billing.Tags(fmt.Sprintf("campaign=campaign_%d,team=team_%d", (template/2+5*campaign)%10, template%3))
				e.Price = cards.Quote(&billing.Message{Category: billing.Category(category), Market: market, Day: l.began.Format(time.DateOnly)}, "USD")
				total += 1 / (math.Pow(float64(i+1), 1.2) * float64(template+1) * float64(1+3*campaign))
				l.sends = append(l.sends, pattern{e, string(category), total})
			}
		}
	}
	return nil
}

// lifeNumber is a business phone number.
func lifeNumber(nth int) string { return fmt.Sprint(104455667788 + nth) }

func lifeMarkets() (markets []billing.Market) {
	seen := make(map[billing.Market]bool)
	for _, prefix := range lifePrefixes {
		m := billing.MarketOf(prefix, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
		if !seen[m] {
			seen[m] = true
			markets = append(markets, m)
		}
	}
	return markets
}

// lifePrefixes are calling codes, those of the largest markets first.
var lifePrefixes = []string{
	"91", "55", "62", "52", "49", "44", "1212", "34", "39", "33", "90", "57", "54", "56", "51", "27", "234", "20", "966", "971", "972", "92", "60", "31", "7903", "254", "93", "212", "213", "593",
	"48", "380", "40", "46", "32", "41", "43", "351", "61", "64", "81", "82", "65", "66", "84", "63", "880",
}

// pick is a kind of send.
func (l *life) pick() *pattern {
	at := l.rand.Float64() * l.sends[len(l.sends)-1].weight
	low, high := 0, len(l.sends)-1
	for low < high {
		if middle := (low + high) / 2; l.sends[middle].weight < at {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return &l.sends[low]
}

// busy is how much of the day's sends come in a quarter of an hour, by the share of it: at
// noon four times as many as at night, and a campaign on some evenings.
func busy(quarter int) float64 {
	day, of := quarter/96, quarter%96
	share := 1 - 0.6*math.Cos(2*math.Pi*float64(of)/96)
	if day%3 == 0 && of == 72 {
		share += 12
	}
	return share
}

// live lets all quarters pass in which n sends are made.
func (l *life) live(ctx context.Context, n int, told func(made int)) error {
	quarters := fillDays * 96
	total, sofar := 0.0, 0.0
	for q := range quarters {
		total += busy(q)
	}
	for q := range quarters {
		sofar += busy(q)
		until := int(float64(n) * sofar / total)
		if q == quarters-1 {
			until = n
		}
		if q == quarters-lifeLived {
			if err := l.b.SumUp(ctx); err != nil {
				return err
			}
		}
		pass := l.quarter
		if q < quarters-lifeLived {
			pass = l.written
		}
		if err := pass(ctx, q, until-l.made); err != nil {
			return err
		}
		if told != nil && q%96 == 95 {
			told(l.made)
		}
	}
	return nil
}

// quarter is one quarter of an hour with so many sends.
func (l *life) quarter(ctx context.Context, q, sends int) error {
	begin := l.began.Add(time.Duration(q) * lifeQuarter)
	l.clock.Store(int64(policy.MomentOf(begin.Add(lifeQuarter))))
	for first := 0; first < sends; first += fillBatch {
		if err := l.send(ctx, q, min(fillBatch, sends-first), begin.Add(lifeQuarter*time.Duration(first)/time.Duration(sends)), lifeQuarter/time.Duration(sends)); err != nil {
			return err
		}
	}
	events := make([]policy.Event, 0, updatesPerWebhook)
	for i := range l.due[q] {
		events = append(events, l.due[q][i])
		if len(events) == updatesPerWebhook || i == len(l.due[q])-1 {
			if err := l.b.Apply(ctx, events); err != nil {
				return err
			}
			events = events[:0]
		}
	}
	delete(l.due, q)
	before := time.Now()
	err := l.b.SumUp(ctx)
	l.summing += time.Since(before)
	return err
}

// send makes sends from a time on, and what Meta's answers told.
func (l *life) send(ctx context.Context, q, n int, at time.Time, apart time.Duration) error {
	all, writes := make([]*sent, n), make([]*store.Write, n)
	for i := range all {
		all[i] = l.next(at.Add(time.Duration(i) * apart))
		writes[i] = l.b.Reserve(ctx, all[i].entry)
	}
	if err := waitAll(writes); err != nil {
		return err
	}
	for i, s := range all {
		writes[i] = l.b.Settle(ctx, s.entry.ID, s.outcome)
		for _, status := range s.statuses {
			l.tell(q, status)
		}
	}
	return waitAll(writes)
}

// tell has a status come when it does, not before a quarter of an hour.
func (l *life) tell(q int, status policy.StatusChanged) {
	comes := max(q, int(status.At.Time().Sub(l.began)/lifeQuarter))
	l.due[comes] = append(l.due[comes], status)
}

// sent is a send, what becomes of it, and its statuses.
type sent struct {
	entry    *store.Entry
	outcome  store.Outcome
	statuses []policy.StatusChanged
}

// next is the next send, and what will come of it. Nineteen of twenty messages are
// delivered within seconds, the others hours later, when a phone is switched on; half are
// read, within some hours or two days.
func (l *life) next(at time.Time) *sent {
	p := l.pick()
	e, m, who := p.entry, policy.MomentOf(at), number(contact(l.made%fillPeople))
	e.ID, e.At, e.Outcome.At = store.NewID(m), m, m
	e.Send.To = []policy.Identity{who}
	e.Facts.Persons = []policy.PersonFacts{e.Facts.Persons[0]}
	e.Facts.Persons[0].Contact = l.b.Pseudonym(who)
	s := &sent{entry: &e}
	l.made++
	if l.made%lifeFailed == 0 {
		s.outcome = store.Outcome{State: store.Rejected, At: m + 100, HTTPStatus: 400, ErrorCode: 131026}
		return s
	}
	wamid := fmt.Sprintf("wamid.HBgNNDkxNTExMjM0NTY3OBUCABEYE%015d", l.made)
	s.outcome = store.Outcome{State: store.Accepted, At: m + 100, HTTPStatus: 200, Wamid: wamid}
	tell := func(status policy.DeliveryStatus, after time.Duration, pricing *policy.Pricing) {
		s.statuses = append(s.statuses, policy.StatusChanged{PhoneNumberID: e.Send.PhoneNumberID, Wamid: wamid, Who: e.Send.To, At: m.Add(after), Status: status, Pricing: pricing})
	}
	if l.rand.IntN(40) == 0 {
		tell(policy.StatusFailed, 2*time.Second, nil)
		return s
	}
	delivered := time.Duration(1+l.rand.IntN(8)) * time.Second
	if l.rand.IntN(20) == 0 {
		delivered = time.Duration(l.rand.ExpFloat64() * float64(5*time.Hour))
	}
	tell(policy.StatusDelivered, delivered, &policy.Pricing{Category: p.category, Type: "regular", Model: "PMP", Billable: true})
	if l.rand.IntN(2) == 0 {
		tell(policy.StatusRead, delivered+min(time.Duration(l.rand.ExpFloat64()*float64(4*time.Hour)), 48*time.Hour), nil)
	}
	return s
}
