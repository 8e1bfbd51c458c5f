package billing

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Forecast is what the running month is expected to cost: what was delivered so far, and
// for each day that is left as much as on the same days of the week within the last four
// weeks, at the prices of today. Today, and so the month, is that of each account's time
// zone.
type Forecast struct {
	// Month is the one that runs; where accounts are in different ones, the later.
	Month string    `json:"month"`
	AsOf  time.Time `json:"as_of"`
	// Since is the first day it rests on, and Days how many those are.
	Since string        `json:"since"`
	Days  int           `json:"days"`
	Rows  []ForecastRow `json:"rows"`
}

// ForecastRow is the forecast for one category in one currency. What is expected is rounded
// once, at the end: messages to whole ones, and money to the sixth decimal.
type ForecastRow struct {
	Month    string   `json:"month"` // that runs where the accounts are
	Category string   `json:"category"`
	Currency Currency `json:"currency"`
	// Delivered and Cost are those of the month so far, Unpriced of them at no known price. Cost
	// is nil where nobody knows it, since none that is charged for has one.
	Delivered int     `json:"delivered"`
	Cost      *Amount `json:"cost"`
	Unpriced  int     `json:"unpriced"`
	// ExpectedDelivered, ExpectedCost and ExpectedUnpriced are those of the whole month.
	ExpectedDelivered int     `json:"expected_delivered"`
	ExpectedCost      *Amount `json:"expected_cost"`
	ExpectedUnpriced  int     `json:"expected_unpriced"`
}

// ForecastDays is how many days before today a forecast rests on, and fewestForecastDays
// how many there must be: one of each day of the week.
const (
	ForecastDays       = 28
	fewestForecastDays = 7
)

// ForecastFrom are the first days that the reports of a forecast must have, of the weeks and
// of the month: the earliest that are in any time zone. What an account has of before its
// own isn't counted.
func ForecastFrom(now time.Time) (weeks, month string) {
	earliest := now.UTC().Add(-12 * time.Hour) // no time zone is further behind
	return earliest.AddDate(0, 0, -ForecastDays).Format(time.DateOnly), earliest.Format("2006-01") + "-01"
}

// ForecastBy is what the reports must be grouped by that a forecast is made of.
var ForecastBy = []string{"day", "number", "category", "market", "price_type"}

// TooFewDays is why there is no forecast.
type TooFewDays struct{ Days int }

func (e *TooFewDays) Error() string {
	return fmt.Sprintf("a forecast needs %d whole days of sends before today, and there are %d", fewestForecastDays, e.Days)
}

// flow is what belongs together: messages of a number to a market in a category.
type flow struct {
	number, zone, category, market string
	currency                       Currency
	counted                        bool // they use up the monthly allowance
}

// flowSums are the messages of a flow, what they cost, and how many have no known price: by
// day of the week, and of today.
type flowSums struct {
	past  [7]volume
	today volume
}

// volume is messages and their cost, exactly.
type volume struct{ messages, cost, unpriced big.Rat }

func (v *volume) add(r *Row) {
	v.messages.Add(&v.messages, big.NewRat(int64(r.Delivered), 1))
	v.cost.Add(&v.cost, big.NewRat(int64(r.Actual), 1))
	v.unpriced.Add(&v.unpriced, big.NewRat(int64(r.Unpriced), 1))
}

// plus adds a multiple of another volume.
func (v *volume) plus(by *big.Rat, other *volume) {
	v.messages.Add(&v.messages, new(big.Rat).Mul(by, &other.messages))
	v.cost.Add(&v.cost, new(big.Rat).Mul(by, &other.cost))
	v.unpriced.Add(&v.unpriced, new(big.Rat).Mul(by, &other.unpriced))
}

// less takes another volume away, down to nothing.
func (v *volume) less(other *volume) {
	notBelowZero(v.messages.Sub(&v.messages, &other.messages))
	notBelowZero(v.cost.Sub(&v.cost, &other.cost))
	notBelowZero(v.unpriced.Sub(&v.unpriced, &other.unpriced))
}

// forecastKey is what a row is of.
type forecastKey struct {
	month, category string
	currency        Currency
}

// forecasting makes a forecast.
type forecasting struct {
	now   time.Time
	cards *Cards
	zones map[string]*zoneDays
	flows map[flow]*flowSums
	rows  map[forecastKey]*ForecastRow
	cost  map[forecastKey]Amount  // of the month so far
	rest  map[forecastKey]*volume // that is expected beside
	used  map[string]int          // service messages of the month by number
	since string
}

// zoneDays are the days of a time zone.
type zoneDays struct {
	// today is the day that it is, and first the first of the weeks before.
	today, first string
	// of is which day of the week today is; past and left are how many whole days of each
	// there are that the forecast rests on, and that are left of the month after today.
	of         time.Weekday
	past, left [7]int
	total      int // of past
}

func (z *zoneDays) month() string { return z.today[:len("2006-01")] }

// NewForecast makes a forecast of two reports, both by ForecastBy: of the last ForecastDays
// and today, priced by the rules and cards of today ([WhatIf.At]), and of the month so far as
// it was. They may begin earlier ([ForecastFrom]).
func NewForecast(history, month *Report, cards *Cards, now time.Time) (*Forecast, error) {
	f := &forecasting{
		now: now, cards: cards, zones: make(map[string]*zoneDays), flows: make(map[flow]*flowSums),
		rows: make(map[forecastKey]*ForecastRow), cost: make(map[forecastKey]Amount), rest: make(map[forecastKey]*volume), used: make(map[string]int),
	}
	for _, r := range []*Report{history, month} {
		if err := f.findZones(r); err != nil {
			return nil, err
		}
	}
	for i := range history.Rows {
		if r := &history.Rows[i]; r.Delivered > 0 && r.Day >= f.zones[r.TimeZone].first && (f.since == "" || r.Day < f.since) {
			f.since = r.Day
		}
	}
	if f.since == "" {
		return nil, &TooFewDays{}
	}
	for _, z := range f.zones {
		z.countPast(f.since)
	}
	for i := range month.Rows {
		if err := f.count(&month.Rows[i]); err != nil {
			return nil, err
		}
	}
	for i := range history.Rows {
		f.learn(&history.Rows[i])
	}
	return f.forecast()
}

// findZones notes the days of the time zones of a report.
func (f *forecasting) findZones(report *Report) error {
	for i := range report.Rows {
		name := report.Rows[i].TimeZone
		if f.zones[name] != nil {
			continue
		}
		zone, err := time.LoadLocation(name)
		if err != nil {
			return err
		}
		y, m, d := f.now.In(zone).Date()
		day := func(after int) time.Time { return time.Date(y, m, d+after, 12, 0, 0, 0, time.UTC) }
		z := &zoneDays{today: day(0).Format(time.DateOnly), first: day(-ForecastDays).Format(time.DateOnly), of: day(0).Weekday()}
		for after := 1; day(after).Month() == m; after++ {
			z.left[day(after).Weekday()]++
		}
		f.zones[name] = z
	}
	return nil
}

// countPast counts the whole days since one.
func (z *zoneDays) countPast(since string) {
	of := z.of
	today, err := time.Parse(time.DateOnly, z.today)
	for back := 1; back <= ForecastDays && err == nil; back++ {
		of = (of + 6) % 7
		if today.AddDate(0, 0, -back).Format(time.DateOnly) >= since {
			z.past[of]++
			z.total++
		}
	}
}

// counted reports that the messages of a row use up the monthly allowance.
func counted(r *Row) bool {
	return columnOf(Category(r.Category)) == Service && (r.PriceType == string(Regular) || r.PriceType == string(FreeAllowance))
}

// row is the one of what a row of a report is of.
func (f *forecasting) row(r *Row) (forecastKey, *ForecastRow) {
	key := forecastKey{f.zones[r.TimeZone].month(), r.Category, r.Currency}
	if f.rows[key] == nil {
		f.rows[key] = &ForecastRow{Month: key.month, Category: r.Category, Currency: r.Currency}
		f.rest[key] = new(volume)
	}
	return key, f.rows[key]
}

// count adds a row of the month so far.
func (f *forecasting) count(r *Row) (err error) {
	if r.Day[:len("2006-01")] != f.zones[r.TimeZone].month() || r.Delivered == 0 {
		return nil
	}
	key, row := f.row(r)
	row.Delivered, row.Unpriced = row.Delivered+r.Delivered, row.Unpriced+r.Unpriced
	if counted(r) {
		f.used[r.PhoneNumberID] += r.Delivered
	}
	f.cost[key], err = f.cost[key].Plus(r.Actual)
	return err
}

// learn adds a row of the last weeks to its flow.
func (f *forecasting) learn(r *Row) {
	zone := f.zones[r.TimeZone]
	if r.Delivered == 0 || r.Day < zone.first {
		return
	}
	f.row(r)
	key := flow{r.PhoneNumberID, r.TimeZone, r.Category, r.Market, r.Currency, counted(r)}
	sums := f.flows[key]
	if sums == nil {
		sums = new(flowSums)
		f.flows[key] = sums
	}
	if r.Day == zone.today {
		sums.today.add(r)
	} else if day, err := time.Parse(time.DateOnly, r.Day); err == nil {
		sums.past[day.Weekday()].add(r)
	}
}

// serviceRest is what is expected of a number's service messages without the allowance.
type serviceRest struct {
	volume
	row  forecastKey
	free int // of them by the allowance
}

// forecast adds what the days that are left are expected to bring.
func (f *forecasting) forecast() (*Forecast, error) {
	fc := &Forecast{AsOf: f.now.UTC(), Since: f.since, Rows: []ForecastRow{}}
	service := make(map[string]*serviceRest) // by number
	for key, sums := range f.flows {
		zone := f.zones[key.zone]
		if zone.total < fewestForecastDays {
			return nil, &TooFewDays{zone.total}
		}
		fc.Days = max(fc.Days, zone.total)
		fc.Month = max(fc.Month, zone.month())
		more := sums.expected(zone)
		row := forecastKey{zone.month(), key.category, key.currency}
		if !key.counted {
			f.rest[row].plus(big.NewRat(1, 1), more)
			continue
		}
		// Service messages are all priced, and the allowance is taken off below.
		rate, ok := Amount(0), false
		if card := f.cards.On(key.currency, zone.today); card != nil {
			rate, ok = card.Rate(Market(key.market), Category(key.category))
		}
		more.cost.Mul(&more.messages, big.NewRat(int64(rate), 1))
		if more.unpriced.SetInt64(0); !ok {
			more.unpriced.Set(&more.messages)
		}
		number := service[key.number]
		if number == nil {
			number = &serviceRest{row: row}
			if rules := RulesOn(zone.today); rules.FreeService {
				number.free = math.MaxInt
			} else {
				number.free = max(0, rules.Allowance-f.used[key.number])
			}
			service[key.number] = number
		}
		number.plus(big.NewRat(1, 1), more)
	}
	for _, number := range service {
		rest := f.rest[number.row]
		rest.messages.Add(&rest.messages, &number.messages)
		if number.messages.Sign() == 0 {
			continue
		}
		charged := notBelowZero(new(big.Rat).Sub(&number.messages, big.NewRat(int64(number.free), 1)))
		share := charged.Quo(charged, &number.messages)
		rest.cost.Add(&rest.cost, new(big.Rat).Mul(share, &number.cost))
		rest.unpriced.Add(&rest.unpriced, new(big.Rat).Mul(share, &number.unpriced))
	}
	for key, row := range f.rows {
		if err := row.expect(f.cost[key], f.rest[key]); err != nil {
			return nil, err
		}
		fc.Rows = append(fc.Rows, *row)
	}
	slices.SortFunc(fc.Rows, func(a, b ForecastRow) int {
		return cmp.Or(strings.Compare(a.Month, b.Month), strings.Compare(a.Category, b.Category), strings.Compare(string(a.Currency), string(b.Currency)))
	})
	return fc, nil
}

// expected is what a flow is expected to bring from now to the end of the month: of today
// what is usual, unless more has come.
func (s *flowSums) expected(zone *zoneDays) *volume {
	more := new(volume)
	if n := zone.past[zone.of]; n > 0 {
		more.plus(big.NewRat(1, int64(n)), &s.past[zone.of])
		more.less(&s.today)
	}
	for of, n := range zone.past {
		if n > 0 {
			more.plus(big.NewRat(int64(zone.left[of]), int64(n)), &s.past[of])
		}
	}
	return more
}

// expect says what the month so far cost, and adds what is expected beside.
func (r *ForecastRow) expect(cost Amount, more *volume) error {
	var whole [3]int64
	for i, v := range []*big.Rat{&more.messages, &more.cost, &more.unpriced} {
		n, err := rounded(v)
		if err != nil {
			return err
		}
		whole[i] = n
	}
	r.ExpectedDelivered, r.ExpectedUnpriced = r.Delivered+int(whole[0]), r.Unpriced+int(whole[2])
	expected, err := cost.Plus(Amount(whole[1]))
	r.Cost, r.ExpectedCost = known(cost, r.Unpriced), known(expected, r.ExpectedUnpriced)
	return err
}

func notBelowZero(r *big.Rat) *big.Rat {
	if r.Sign() < 0 {
		r.SetInt64(0)
	}
	return r
}

// rounded is a whole number, halves up.
func rounded(r *big.Rat) (int64, error) {
	doubled := new(big.Int).Add(new(big.Int).Mul(r.Num(), big.NewInt(2)), r.Denom())
	n := doubled.Div(doubled, new(big.Int).Mul(r.Denom(), big.NewInt(2)))
	if !n.IsInt64() {
		return 0, ErrOverflow
	}
	return n.Int64(), nil
}
