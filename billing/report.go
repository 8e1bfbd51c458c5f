package billing

import (
	"encoding/json"
	"iter"
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
	// If prices otherwise than was charged; nil for what was. Compare has totals say what was
	// charged, too.
	If      *WhatIf
	Compare bool
	// Finer yields lines again whose times tell the quarter of an hour, where they tell the day
	// alone but for those that are Exact: those of which it matters, and what others there are
	// of the time. Nil where all tell it.
	Finer func(*Turns) iter.Seq2[*Line, error]
}

// wants reports that what has a key is asked for.
func (q *Question) wants(key *Key) bool {
	for dimension, values := range q.Where {
		value := key.Value(dimension)
		if !slices.ContainsFunc(values, func(v string) bool {
			return strings.EqualFold(v, value) || dimension == "business" && v == key.PhoneNumberID
		}) {
			return false
		}
	}
	return true
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

// counting makes reports of one question, each grouped in its own way.
type counting struct {
	*Question
	groups []*group
	days   map[*time.Location]map[int64]day
	zones  map[string]bool
	used   map[string]bool
	// unitPrices: somebody asks for them.
	unitPrices bool
	// full is the key of what is counted; a million lines need no room for theirs.
	full Key
	// ends are when days end.
	ends map[turn]time.Time
	// was are the totals of what was charged, where the question asks for that, too.
	was map[Currency]*Counts
}

// group is what lines are added up to by one grouping.
type group struct {
	*grouping
	by   []string
	sums map[string]*Row // by what names the group
	name []byte
}

// day is one of a time zone.
type day struct {
	date string
	in   bool // of the period
}

// NewReport counts lines, grouped by what the question says. A line that comes with an error
// ends it.
func (q *Question) NewReport(lines iter.Seq2[*Line, error]) (*Report, error) {
	reports, err := q.NewReports(lines, q.By)
	if err != nil {
		return nil, err
	}
	return reports[0], nil
}

// NewReports is [Question.NewReport] by several groupings, in one pass over the lines: those
// must tell apart what any of them names.
func (q *Question) NewReports(lines iter.Seq2[*Line, error], by ...[]string) ([]*Report, error) {
	c := &counting{Question: q, days: make(map[*time.Location]map[int64]day), ends: make(map[turn]time.Time), zones: make(map[string]bool), used: make(map[string]bool)}
	for _, list := range by {
		c.groups = append(c.groups, &group{grouping: newGrouping(list), by: list, sums: make(map[string]*Row)})
	}
	pricings := []*pricing{{cards: q.Cards, what: q.If, told: q.Told, take: c.take}}
	if q.Compare {
		c.was = make(map[Currency]*Counts)
		pricings = append(pricings, &pricing{cards: q.Cards, told: q.Told, take: c.takeAsItWas})
	}
	c.unitPrices = q.Where["unit_price"] != nil || slices.ContainsFunc(by, func(list []string) bool { return slices.Contains(list, "unit_price") })
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
		if !l.Send.settles() {
			continue
		}
		date := c.dayOf(l.Delivered, l.Zone).date
		for _, p := range pricings {
			if err := p.price(l, date); err != nil {
				return nil, err
			}
		}
	}
	for _, p := range pricings {
		if q.Finer != nil {
			if err := p.exactly(c, q.Finer); err != nil {
				return nil, err
			}
		}
		if err := p.settle(); err != nil {
			return nil, err
		}
	}
	reports := make([]*Report, len(by))
	for i, g := range c.groups {
		var err error
		if reports[i], err = c.report(g); err != nil {
			return nil, err
		}
	}
	return reports, nil
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

// takeAsItWas counts them among what was charged.
func (c *counting) takeAsItWas(l *Line, date string, n int, q *Quote) error {
	if !c.dayOf(l.Delivered, l.Zone).in || !c.wants(c.keyOf(l, date, q)) {
		return nil
	}
	counts, err := l.delivered(n, q)
	if err != nil {
		return err
	}
	was := c.was[l.Currency]
	if was == nil {
		was = new(Counts)
		c.was[l.Currency] = was
	}
	return was.add(&counts)
}

// keyOf is the key of what messages of a line count as on a day, until the next call.
func (c *counting) keyOf(l *Line, date string, q *Quote) *Key {
	c.full = l.Key
	c.full.Day, c.full.Month, c.full.TimeZone, c.full.PriceType, c.full.Card = date, date[:len("2006-01")], l.Zone.String(), string(q.Type), q.Card
	if c.unitPrices && q.Known && q.Type != "" {
		c.full.UnitPrice = q.Unit.String()
	}
	return &c.full
}

// count adds what messages of a line count as on a day, at a price.
func (c *counting) count(l *Line, date string, q *Quote, counts *Counts) error {
	full := c.keyOf(l, date, q)
	if !c.wants(full) {
		return nil
	}
	if !c.zones[full.TimeZone] {
		c.zones[full.TimeZone] = true
	}
	if q.Card != "" && !c.used[q.Card] {
		c.used[q.Card] = true
	}
	for _, g := range c.groups {
		g.name = g.nameOf(full, g.name[:0])
		row := g.sums[string(g.name)]
		if row == nil {
			row = new(Row)
			g.of(full, &row.Key)
			g.sums[string(g.name)] = row
		}
		if err := row.Counts.add(counts); err != nil {
			return err
		}
	}
	return nil
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

// endOf is when a day ends in a time zone.
func (c *counting) endOf(date string, zone *time.Location) time.Time {
	key := turn{zone: zone.String(), day: date}
	end, ok := c.ends[key]
	if !ok {
		day, err := time.Parse(time.DateOnly, date)
		if err == nil {
			end, err = Midnight(day.AddDate(0, 0, 1).Format(time.DateOnly), zone)
		}
		if err != nil { // which no date of a line gives
			end = farFuture
		}
		c.ends[key] = end
	}
	return end
}

// report sorts and adds up.
func (c *counting) report(g *group) (*Report, error) {
	r := &Report{By: g.by, Rows: []Row{}, Totals: []Total{}, TimeZones: slices.Sorted(maps.Keys(c.zones)), Cards: []CardUsed{}}
	if r.TimeZones == nil {
		r.TimeZones = []string{}
	}
	totals := make(map[Currency]*Counts)
	for _, row := range g.sums {
		if row.Counts == (Counts{}) {
			continue // corrected away
		}
		r.Rows = append(r.Rows, *row)
		if totals[row.Currency] == nil {
			totals[row.Currency] = new(Counts)
		}
		if err := totals[row.Currency].add(&row.Counts); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(r.Rows, func(a, b Row) int { return a.compare(&b.Key) })
	for _, currency := range slices.Sorted(maps.Keys(totals)) {
		total := Total{Currency: currency, Counts: *totals[currency]}
		if c.was != nil {
			total.was(c.was[currency])
		}
		r.Totals = append(r.Totals, total)
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

// was notes what was charged; nil for nothing.
func (t *Total) was(counts *Counts) {
	if counts == nil {
		counts = new(Counts)
	}
	t.WasUnpriced = counts.Unpriced
	if cost, ok := counts.Cost(); ok {
		t.Was = &cost
	}
}
