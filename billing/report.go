package billing

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// Row is the sum of the messages with one key.
type Row struct {
	Key
	Counts
}

// MarshalJSON writes money that nobody knows as null.
func (r Row) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Key
		countsJSON
	}{r.Key, r.json()})
}

// Total is what all rows in one currency add up to.
type Total struct {
	Currency Currency `json:"currency,omitempty"`
	Counts
	// Was is what was charged, where the report asks what would have been, and WasUnpriced how
	// many messages are not in it, since their price isn't known; nil where that is all.
	Was         *Amount `json:"cost_was,omitempty"`
	WasUnpriced int     `json:"cost_was_unpriced,omitempty"`
}

// MarshalJSON writes money that nobody knows as null.
func (t Total) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Currency Currency `json:"currency,omitempty"`
		countsJSON
		Was         *Amount `json:"cost_was,omitempty"`
		WasUnpriced int     `json:"cost_was_unpriced,omitempty"`
	}{t.Currency, t.json(), t.Was, t.WasUnpriced})
}

// Report counts messages and what they cost. Its totals are the sums of its rows, however
// they are grouped.
type Report struct {
	By   []string `json:"by"`
	Rows []Row    `json:"rows"` // sorted by key
	// Total counts messages of all currencies; it has no money where there are several.
	Total  Counts  `json:"total"`
	Totals []Total `json:"totals"` // by currency
	// TimeZones are those whose days it counts by, and Cards what it was priced by.
	TimeZones []string   `json:"time_zones"`
	Cards     []CardUsed `json:"cards"`
	// Tags are those that are declared: it can be grouped by them, too.
	Tags  []string `json:"tags,omitempty"`
	Notes []string `json:"notes,omitempty"`
}

// CardUsed is a rate card that prices of a report are from.
type CardUsed struct {
	ID         string `json:"card"`
	Source     string `json:"source,omitempty"`
	Unofficial bool   `json:"unofficial,omitempty"`
}

// Question is what a report is about.
type Question struct {
	// By are the dimensions and tags that it groups by.
	By []string
	// Where are values of dimensions and tags; what has none of them isn't counted.
	Where map[string][]string
	// Has reports whether a time belongs to its period in a time zone. Lines that lie before
	// it count for the allowance and the tiers of their month. Nil has all.
	Has func(at time.Time, zone *time.Location) bool
	// Cards are what it prices by.
	Cards *Cards
	// Told are the volume tiers that Meta told of: of whose volume it is, a month, a market and
	// a category. Nil where nothing is told.
	Told func(pool, month string, m Market, c Category) ToldTiers
	// If prices otherwise than was charged; nil for what was.
	If *WhatIf
}

// WhatIf is what messages are priced by in place of the rules and cards of their days.
type WhatIf struct {
	// Rules are those of another day; nil for those of each day.
	Rules *Rules
	// Card is another one, for accounts in its currency; nil for that of each day.
	Card *Card
	// At prices all by the day that it is then where each account is, in place of the days
	// themselves: by its rules and cards, where those aren't given. Zero for the days.
	At time.Time
	// OneMonth has the allowance and the tiers be given out once, as if all that is delivered
	// were so within one month.
	OneMonth bool
}

// otherRules reports that messages are priced by other rules than those of their days.
func (w *WhatIf) otherRules() bool { return w != nil && (w.Rules != nil || !w.At.IsZero()) }

// counting makes a report.
type counting struct {
	*Question
	*grouping
	days  map[*time.Location]map[int64]day
	sums  map[Key]*Counts
	zones map[string]bool
	used  map[string]bool
	// unitPrices: somebody asks for them.
	unitPrices bool
	// full and key are those of what is counted; a million lines need no room for theirs.
	full, key Key
}

// day is one of a time zone.
type day struct {
	date string
	in   bool // of the period
}

// NewReport counts lines. A line that comes with an error ends it.
func (q *Question) NewReport(lines func(yield func(*Line, error) bool)) (*Report, error) {
	c := &counting{
		Question: q, grouping: newGrouping(q.By),
		days: make(map[*time.Location]map[int64]day), sums: make(map[Key]*Counts), zones: make(map[string]bool), used: make(map[string]bool),
	}
	c.unitPrices = slices.Contains(q.By, "unit_price") || q.Where["unit_price"] != nil
	p := &pricing{cards: q.Cards, what: q.If, told: q.Told, take: c.take}
	for l, err := range lines {
		if err != nil {
			return nil, err
		}
		if d := c.dayOf(l.Sent, l.Zone); d.in {
			counts, err := l.sent()
			if err == nil {
				err = c.count(l, d.date, &l.Estimate, &counts)
			}
			if err != nil {
				return nil, err
			}
		}
		if !l.Send.Delivered() || l.Send.Part == Divided {
			continue
		}
		if err := p.price(l, c.dayOf(l.Delivered, l.Zone).date); err != nil {
			return nil, err
		}
	}
	if err := p.settle(); err != nil {
		return nil, err
	}
	return c.report()
}

// take counts n messages of a line that were delivered.
func (c *counting) take(l *Line, date string, n int, q *Quote) error {
	if !c.dayOf(l.Delivered, l.Zone).in {
		return nil
	}
	counts, err := l.delivered(n, q)
	if err != nil {
		return err
	}
	return c.count(l, date, q, &counts)
}

// count adds what messages of a line count as on a day, at a price.
func (c *counting) count(l *Line, date string, q *Quote, counts *Counts) error {
	full := &c.full
	*full = l.Key
	full.Day, full.Month, full.TimeZone, full.PriceType, full.Card = date, date[:len("2006-01")], l.Zone.String(), string(q.Type), q.Card
	if c.unitPrices && q.Known && q.Type != "" {
		full.UnitPrice = q.Unit.String()
	}
	for dimension, values := range c.Where {
		value := full.Value(dimension)
		if !slices.ContainsFunc(values, func(v string) bool {
			return strings.EqualFold(v, value) || dimension == "business" && v == l.PhoneNumberID
		}) {
			return nil
		}
	}
	c.zones[full.TimeZone] = true
	if q.Card != "" {
		c.used[q.Card] = true
	}
	c.of(full, &c.key)
	sum := c.sums[c.key]
	if sum == nil {
		sum = new(Counts)
		c.sums[c.key] = sum
	}
	return sum.add(counts)
}

// dayOf is the day of a time. There are few: lines have quarters of hours.
func (c *counting) dayOf(at time.Time, zone *time.Location) day {
	known := c.days[zone]
	if known == nil {
		known = make(map[int64]day)
		c.days[zone] = known
	}
	d, ok := known[at.Unix()]
	if !ok {
		d = day{Day(at, zone), c.Has == nil || c.Has(at, zone)}
		known[at.Unix()] = d
	}
	return d
}

// report sorts and adds up.
func (c *counting) report() (*Report, error) {
	r := &Report{By: c.By, Rows: []Row{}, Totals: []Total{}, TimeZones: slices.Sorted(maps.Keys(c.zones)), Cards: []CardUsed{}}
	if r.TimeZones == nil {
		r.TimeZones = []string{}
	}
	totals := make(map[Currency]*Counts)
	for key, counts := range c.sums {
		if *counts == (Counts{}) {
			continue // corrected away
		}
		r.Rows = append(r.Rows, Row{key, *counts})
		if totals[key.Currency] == nil {
			totals[key.Currency] = new(Counts)
		}
		if err := totals[key.Currency].add(counts); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(r.Rows, func(a, b Row) int { return a.compare(&b.Key) })
	for _, currency := range slices.Sorted(maps.Keys(totals)) {
		r.Totals = append(r.Totals, Total{Currency: currency, Counts: *totals[currency]})
		without := *totals[currency]
		if r.Total.SeveralCurrencies = len(totals) > 1; r.Total.SeveralCurrencies {
			without.Estimated, without.Actual = 0, 0
		}
		if err := r.Total.add(&without); err != nil {
			return nil, err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.used)) {
		used := CardUsed{ID: id}
		if card := c.Cards.Find(id); card != nil {
			used.Source, used.Unofficial = card.Source, card.Unofficial
		}
		r.Cards = append(r.Cards, used)
	}
	return r, nil
}
