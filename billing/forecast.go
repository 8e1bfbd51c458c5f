package billing

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Forecast is what the running month is expected to cost: what was delivered so far, and
// for each day that is left as much as on the same days of the week within the last four
// weeks, at the prices of today.
type Forecast struct {
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
	Category string   `json:"category"`
	Currency Currency `json:"currency"`
	// Delivered and Cost are those of the month so far, Unpriced of them at no known price.
	Delivered int    `json:"delivered"`
	Cost      Amount `json:"cost"`
	Unpriced  int    `json:"unpriced"`
	// ExpectedDelivered and ExpectedCost are those of the whole month.
	ExpectedDelivered int    `json:"expected_delivered"`
	ExpectedCost      Amount `json:"expected_cost"`
}

// ForecastDays is how many days before today a forecast rests on, and fewestForecastDays
// how many there must be: one of each day of the week.
const (
	ForecastDays       = 28
	fewestForecastDays = 7
)

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

type flowSums struct {
	messages, cost [7]big.Rat // by day of the week
	today          int
	todayCost      Amount
}

// forecasting makes a forecast.
type forecasting struct {
	now   time.Time
	cards *Cards
	zones map[string]*time.Location
	flows map[flow]*flowSums
	sofar map[[2]string]*ForecastRow
	used  map[string]int // service messages of the month by number
	since string
}

// NewForecast makes a forecast of two reports, both by ForecastBy: of the last ForecastDays
// and today, priced by the rules and cards of today, and of the month so far as it was.
func NewForecast(history, month *Report, cards *Cards, now time.Time) (*Forecast, error) {
	f := &forecasting{now: now, cards: cards, zones: make(map[string]*time.Location), flows: make(map[flow]*flowSums), sofar: make(map[[2]string]*ForecastRow), used: make(map[string]int)}
	first := ""
	for i := range history.Rows {
		if r := &history.Rows[i]; r.Delivered > 0 && (first == "" || r.Day < first) {
			first = r.Day
		}
	}
	if first == "" {
		return nil, &TooFewDays{}
	}
	f.since = first
	for i := range month.Rows {
		r := &month.Rows[i]
		row := f.row(r)
		var err error
		row.Delivered, row.Unpriced = row.Delivered+r.Delivered, row.Unpriced+r.Unpriced
		if row.Cost, err = row.Cost.Plus(r.Actual); err != nil {
			return nil, err
		}
		if counted(r) {
			f.used[r.PhoneNumberID] += r.Delivered
		}
	}
	for i := range history.Rows {
		if err := f.learn(&history.Rows[i]); err != nil {
			return nil, err
		}
	}
	return f.forecast()
}

// counted reports that the messages of a row use up the monthly allowance.
func counted(r *Row) bool {
	return columnOf(Category(r.Category)) == Service && (r.PriceType == string(Regular) || r.PriceType == string(FreeAllowance))
}

func (f *forecasting) row(r *Row) *ForecastRow {
	key := [2]string{r.Category, string(r.Currency)}
	if f.sofar[key] == nil {
		f.sofar[key] = &ForecastRow{Category: r.Category, Currency: r.Currency}
	}
	return f.sofar[key]
}

func (f *forecasting) zone(name string) (*time.Location, error) {
	zone, ok := f.zones[name]
	if !ok {
		var err error
		if zone, err = time.LoadLocation(name); err != nil {
			return nil, err
		}
		f.zones[name] = zone
	}
	return zone, nil
}

// learn adds a row of the last weeks to its flow.
func (f *forecasting) learn(r *Row) error {
	zone, err := f.zone(r.TimeZone)
	if err != nil || r.Delivered == 0 {
		return err
	}
	f.row(r)
	key := flow{r.PhoneNumberID, r.TimeZone, r.Category, r.Market, r.Currency, counted(r)}
	sums := f.flows[key]
	if sums == nil {
		sums = new(flowSums)
		f.flows[key] = sums
	}
	if r.Day == Day(f.now, zone) {
		sums.today += r.Delivered
		sums.todayCost, err = sums.todayCost.Plus(r.Actual)
		return err
	}
	day, err := time.Parse(time.DateOnly, r.Day)
	if err != nil {
		return err
	}
	of := day.Weekday()
	sums.messages[of].Add(&sums.messages[of], big.NewRat(int64(r.Delivered), 1))
	sums.cost[of].Add(&sums.cost[of], big.NewRat(int64(r.Actual), 1))
	return nil
}

// forecast adds what the days that are left are expected to bring.
func (f *forecasting) forecast() (*Forecast, error) {
	fc := &Forecast{AsOf: f.now.UTC(), Since: f.since, Rows: []ForecastRow{}}
	type rest struct{ messages, cost *big.Rat }
	expected := make(map[[2]string]*rest)
	serviceRest, serviceCost := make(map[string]*big.Rat), make(map[string]*big.Rat)
	serviceKey := make(map[string][2]string)
	for key, sums := range f.flows {
		zone, err := f.zone(key.zone)
		if err != nil {
			return nil, err
		}
		past, left := f.days(zone)
		total := 0
		for _, n := range past {
			total += n
		}
		if total < fewestForecastDays {
			return nil, &TooFewDays{total}
		}
		fc.Days = max(fc.Days, total)
		today := Day(f.now, zone)
		fc.Month = max(fc.Month, today[:len("2006-01")])
		messages, cost := new(big.Rat), new(big.Rat)
		for of := range 7 {
			if past[of] == 0 {
				continue
			}
			each := big.NewRat(int64(left[of]), int64(past[of]))
			messages.Add(messages, new(big.Rat).Mul(each, &sums.messages[of]))
			cost.Add(cost, new(big.Rat).Mul(each, &sums.cost[of]))
		}
		of := f.now.In(zone).Weekday()
		if past[of] > 0 { // of today what is usual is expected, unless more has come
			once := big.NewRat(1, int64(past[of]))
			messages.Add(messages, notBelowZero(new(big.Rat).Sub(new(big.Rat).Mul(once, &sums.messages[of]), big.NewRat(int64(sums.today), 1))))
			cost.Add(cost, notBelowZero(new(big.Rat).Sub(new(big.Rat).Mul(once, &sums.cost[of]), big.NewRat(int64(sums.todayCost), 1))))
		}
		row := [2]string{key.category, string(key.currency)}
		if expected[row] == nil {
			expected[row] = &rest{new(big.Rat), new(big.Rat)}
		}
		expected[row].messages.Add(expected[row].messages, messages)
		if !key.counted {
			expected[row].cost.Add(expected[row].cost, cost)
			continue
		}
		// Service messages are all priced, and the allowance is taken off below.
		rate := Amount(0)
		if card := f.cards.On(key.currency, today); card != nil {
			rate, _ = card.Rate(Market(key.market), Category(key.category))
		}
		if serviceRest[key.number] == nil {
			serviceRest[key.number], serviceCost[key.number], serviceKey[key.number] = new(big.Rat), new(big.Rat), row
		}
		serviceRest[key.number].Add(serviceRest[key.number], messages)
		serviceCost[key.number].Add(serviceCost[key.number], new(big.Rat).Mul(messages, big.NewRat(int64(rate), 1)))
	}
	for number, messages := range serviceRest {
		rules := RulesOn(fc.Month + "-15")
		free := big.NewRat(int64(max(0, rules.Allowance-f.used[number])), 1)
		if rules.FreeService || messages.Sign() == 0 {
			continue
		}
		share := new(big.Rat).Quo(notBelowZero(new(big.Rat).Sub(messages, free)), messages)
		row := expected[serviceKey[number]]
		row.cost.Add(row.cost, new(big.Rat).Mul(serviceCost[number], share))
	}
	for key, row := range f.sofar {
		row.ExpectedDelivered, row.ExpectedCost = row.Delivered, row.Cost
		if more := expected[key]; more != nil {
			n, err := whole(more.messages)
			if err != nil {
				return nil, err
			}
			cost, err := whole(more.cost)
			if err != nil {
				return nil, err
			}
			row.ExpectedDelivered += int(n)
			if row.ExpectedCost, err = row.Cost.Plus(Amount(cost)); err != nil {
				return nil, err
			}
		}
		fc.Rows = append(fc.Rows, *row)
	}
	slices.SortFunc(fc.Rows, func(a, b ForecastRow) int {
		return cmp.Or(strings.Compare(a.Category, b.Category), strings.Compare(string(a.Currency), string(b.Currency)))
	})
	return fc, nil
}

// days are how many whole days there are of each day of the week in a time zone: that it
// rests on, and that are left of the month after today.
func (f *forecasting) days(zone *time.Location) (past, left [7]int) {
	y, m, d := f.now.In(zone).Date()
	for back := 1; back <= ForecastDays; back++ {
		day := time.Date(y, m, d-back, 12, 0, 0, 0, time.UTC)
		if day.Format(time.DateOnly) >= f.since {
			past[day.Weekday()]++
		}
	}
	for day := time.Date(y, m, d+1, 12, 0, 0, 0, time.UTC); day.Month() == m; day = day.AddDate(0, 0, 1) {
		left[day.Weekday()]++
	}
	return past, left
}

func notBelowZero(r *big.Rat) *big.Rat {
	if r.Sign() < 0 {
		return new(big.Rat)
	}
	return r
}

// whole rounds to a whole number, halves up.
func whole(r *big.Rat) (int64, error) {
	doubled := new(big.Int).Add(new(big.Int).Mul(r.Num(), big.NewInt(2)), r.Denom())
	n := doubled.Div(doubled, new(big.Int).Mul(r.Denom(), big.NewInt(2)))
	if !n.IsInt64() {
		return 0, ErrOverflow
	}
	return n.Int64(), nil
}
