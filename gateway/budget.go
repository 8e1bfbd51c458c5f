package gateway

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Budget is what some sends may cost in a calendar month, where their account is.
type Budget struct {
	Name     string
	Amount   billing.Amount
	Currency billing.Currency
	// Tags, Businesses (by phone number id) and Categories are those of the sends that
	// count. What is empty is no condition.
	Tags       map[string]string
	Businesses []string
	Categories []billing.Category
	// Warn is the part of the amount in percent from which on sends are warned of; 0 warns
	// of none. Refuse: marketing that costs more than is left is refused.
	Warn   int
	Refuse bool
}

// covers reports that a send counts under the budget.
func (b *Budget) covers(phoneNumberID string, tags billing.Tags, c billing.Category) bool {
	return b.isFor(phoneNumberID, tags) && b.has(c)
}

// isFor reports that a send counts under the budget, if its category does.
func (b *Budget) isFor(phoneNumberID string, tags billing.Tags) bool {
	for name, value := range b.Tags {
		if tags.Get(name) != value {
			return false
		}
	}
	return b.Covers(phoneNumberID)
}

// has reports that what is billed as a category counts under the budget.
func (b *Budget) has(c billing.Category) bool {
	return len(b.Categories) == 0 || slices.ContainsFunc(b.Categories, func(of billing.Category) bool { return of == c || of == family(c) })
}

// family is the category whose name stands for a category in budgets: that of its column,
// and for codes to another country that of codes.
func family(c billing.Category) billing.Category {
	if column := c.Column(); column != billing.AuthenticationInternational {
		return column
	}
	return billing.Authentication
}

// Covers reports that sends from a business phone number may count under the budget.
func (b *Budget) Covers(phoneNumberID string) bool {
	return len(b.Businesses) == 0 || slices.Contains(b.Businesses, phoneNumberID)
}

// monthOf is the month of a day.
func monthOf(day string) string { return day[:len("2006-01")] }

// monthAfter is when the month after a month begins in a time zone. To find that out takes
// longer than to price a send.
func monthAfter(month string, zone *time.Location) time.Time {
	first, err := time.Parse(time.DateOnly, month+"-01")
	if err != nil {
		panic("a month is none: " + month) // it is written by billing.Day
	}
	next, err := billing.Midnight(first.AddDate(0, 1, 0).Format(time.DateOnly), zone)
	if err != nil {
		panic(err) // the same
	}
	return next
}

// meters gives how far meters are.
type meters func(context.Context, *store.MeterQuery) (store.Meters, error)

// price says what a send is expected to cost, and what it counts as in its month. Where it
// counts under budgets it is decided again by what is left of them.
func (g *Gateway) price(ctx context.Context, e *store.Entry, b *Business, tags billing.Tags, now time.Time, read meters) error {
	m := messageOf(b, e, billing.Category(e.Decision.Category), now)
	rules := billing.RulesOn(m.Day)
	month := monthOf(m.Day)
	column := m.Category.Column()
	q := store.MeterQuery{PhoneNumberID: e.Send.PhoneNumberID, WABA: b.WABA, Portfolio: b.Portfolio, Accounts: b.Accounts, Month: month, Market: m.Market}
	q.Service = column == billing.Service && rules.Allowance > 0
	switch column {
	case billing.Utility, billing.Authentication, billing.AuthenticationInternational:
		q.Volume = column
	}
	var budgets, elsewhere []*Budget // elsewhere are those that it counts under if Meta bills it otherwise
	for _, budget := range g.Budgets {
		switch {
		case column == "" || budget.Currency != b.Currency || !budget.isFor(e.Send.PhoneNumberID, tags):
		case budget.has(m.Category):
			budgets, q.Budgets = append(budgets, budget), append(q.Budgets, budget.Name)
		default:
			elsewhere = append(elsewhere, budget)
		}
	}
	var known store.Meters
	if read != nil && (q.Service || q.Volume != "" || len(q.Budgets) > 0) {
		var err error
		if known, err = read(ctx, &q); err != nil {
			return err
		}
		m.ServiceBefore, m.ChargedBefore = known.Service, known.Charged
	}
	card := g.Cards.On(b.Currency, m.Day)
	e.Price = card.Quote(m, b.Currency, rules)
	if read == nil {
		return nil
	}
	e.Metering = store.Metering{Month: month, ByCopy: m.ToGroup, Service: q.Service, Volume: q.Volume, Budgets: q.Budgets}
	budgeted := len(budgets)+len(elsewhere) > 0
	if q.Volume != "" || budgeted {
		e.Metering.Column = store.ColumnOf(m.Category)
	}
	if t := e.Price.Type; t.Free() && (t != billing.FreeAllowance || budgeted) {
		e.Metering.Free = t
	}
	if q.Volume != "" {
		e.Metering.Market, e.Metering.Group = q.Market, known.Group
	}
	if len(budgets) > 0 {
		e.Metering.Price, e.Metering.Unpriced = e.Price.Unit, !e.Price.Known
	}
	if budgeted {
		e.Metering.Otherwise = otherwise(&e.Price, card, m.Market, q.Budgets, slices.Concat(budgets, elsewhere))
	}
	if !e.Metering.Counts() {
		e.Metering = store.Metering{}
	}
	if len(budgets) > 0 && e.Price.Type == billing.Regular && (!e.Price.Known || e.Price.Unit > 0) && e.Decision.Verdict == policy.Allow {
		e.Facts.Budgets = budgetFacts(e, budgets, known.Budgets, month, policy.MomentOf(monthAfter(month, b.Zone)))
		e.Decision = policy.Decide(&e.Send, &e.Facts, &e.Policy, e.At.Time())
	}
	return nil
}

// otherwise are what a message counts as under budgets if Meta bills it otherwise than is
// expected. expected names those of the budgets that it counts under if Meta doesn't.
func otherwise(q *billing.Quote, card *billing.Card, market billing.Market, expected []string, budgets []*Budget) (list []store.Otherwise) {
	for _, c := range billing.Columns {
		if c == q.Category.Column() && (!q.Type.Free() || q.Type == billing.FreeAllowance) {
			continue
		}
		var under []string
		for _, b := range budgets {
			if c == q.Category.Column() && b.has(q.Category) || c != q.Category.Column() && b.has(c) {
				under = append(under, b.Name)
			}
		}
		if len(under) == 0 {
			continue
		}
		if slices.Equal(under, expected) {
			under = nil
		}
		price := card.Billed(q, market, c, billing.Regular)
		list = append(list, store.Otherwise{Column: store.ColumnOf(c), Budgets: under, Price: price.Unit, Unpriced: !price.Known})
	}
	return list
}

// budgetFacts are how the budgets stand that a send counts under.
func budgetFacts(e *store.Entry, budgets []*Budget, stand []store.BudgetMeter, month string, until policy.Moment) []policy.BudgetFacts {
	facts := make([]policy.BudgetFacts, len(budgets))
	for i, b := range budgets {
		facts[i] = policy.BudgetFacts{
			Name: b.Name, Month: month, Until: until, Currency: string(b.Currency), Amount: policy.Money(b.Amount),
			Spent: policy.Money(stand[i].Spent + stand[i].Reserved), Price: policy.Money(e.Price.Unit), Unpriced: !e.Price.Known,
			Warn: b.Warn, Refuses: b.Refuse,
		}
	}
	return facts
}

// BudgetState says how a budget stands in the running month.
type BudgetState struct {
	Name     string
	Month    string
	Currency billing.Currency
	Amount   billing.Amount
	// Spent is what messages of the month are expected to cost that Meta took, Reserved that
	// of sends that are on their way, or of which nobody knows what became.
	Spent    billing.Amount
	Reserved billing.Amount
	// Percent is both of them of the amount, rounded down.
	Percent int64
	// Messages are those that count, Unpriced those of them that have no known price.
	Messages int
	Unpriced int
	Warn     int
	// WhenSpent is refuse or warn.
	WhenSpent string
	// Until is when the next month begins.
	Until time.Time
	// State is open, warning or spent.
	State string
}

// How far budgets are: less is spent than is warned of, as much, or all of it.
const (
	BudgetOpen    = "open"
	BudgetWarning = "warning"
	BudgetIsSpent = "spent"
)

// BudgetStates say how all budgets stand, by name: in the month of the accounts they are
// for, and in each where it isn't the same month for all of these.
func (g *Gateway) BudgetStates(ctx context.Context) ([]BudgetState, error) {
	states := []BudgetState{}
	if len(g.Budgets) == 0 {
		return states, nil
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	for _, b := range g.Budgets {
		months := g.monthsUnder(b)
		for _, month := range slices.Sorted(maps.Keys(months)) {
			known, err := st.Meters(ctx, &store.MeterQuery{Month: month, Budgets: []string{b.Name}})
			if err != nil {
				return nil, err
			}
			states = append(states, b.state(month, months[month], &known.Budgets[0]))
		}
	}
	return states, nil
}

// monthsUnder are the months that it is now where the accounts are whose sends count under a
// budget, and when they end.
func (g *Gateway) monthsUnder(b *Budget) map[string]time.Time {
	now, months := g.Now(), make(map[string]time.Time)
	for _, zone := range g.zonesUnder(b) {
		month := monthOf(billing.Day(now, zone))
		if next := monthAfter(month, zone); next.After(months[month]) {
			months[month] = next
		}
	}
	return months
}

// zonesUnder are the time zones of the accounts whose sends count under a budget.
func (g *Gateway) zonesUnder(b *Budget) []*time.Location {
	if len(b.Businesses) == 0 {
		return g.Businesses.Zones("")
	}
	zones := make([]*time.Location, len(b.Businesses))
	for i, id := range b.Businesses {
		zones[i] = g.Businesses.Zone(id)
	}
	return zones
}

// state is how the budget stands in a month that ends at next.
func (b *Budget) state(month string, next time.Time, m *store.BudgetMeter) BudgetState {
	used := m.Spent + m.Reserved
	s := BudgetState{
		Name: b.Name, Month: month, Currency: b.Currency, Amount: b.Amount, Spent: m.Spent, Reserved: m.Reserved, Percent: percent(used, b.Amount),
		Messages: m.Messages, Unpriced: m.Unpriced, Warn: b.Warn, WhenSpent: "warn", Until: next, State: BudgetOpen,
	}
	if b.Refuse {
		s.WhenSpent = "refuse"
	}
	switch {
	case used >= b.Amount:
		s.State = BudgetIsSpent
	case b.Warn > 0 && policy.Money(used) >= policy.PartOf(policy.Money(b.Amount), b.Warn):
		s.State = BudgetWarning
	}
	return s
}

// percent is how many hundredths of the whole a part is, rounded down.
func percent(part, whole billing.Amount) int64 { return int64(part / (whole / 100)) }
