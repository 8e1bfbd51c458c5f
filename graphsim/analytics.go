package graphsim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Analytics are how the account's pricing_analytics differ from what its statuses told. The zero value is an account
// whose figures fit.
type Analytics struct {
	// Location is where days begin at midnight. Default: Options.Location.
	Location *time.Location
	// Categories and Countries file deliveries under others: {"utility": "marketing"}, {"DE": "AT"}.
	Categories, Countries map[string]string
	// Types count deliveries of a price type as those of another: {"free_customer_service": "regular"}.
	Types map[string]string
	// Missing is how many deliveries, the oldest, the figures lack.
	Missing int
	// Extra are deliveries that they have besides.
	Extra []Charged
	// Rates beat Options.Rates.
	Rates map[string]string
	// TierAfter is after how many deliveries of a market's utility messages in a month the rate is the one named
	// "<country> utility tier". Zero: never.
	TierAfter int
	// Decimals is to how many decimals each cost is rounded. Zero: it isn't.
	Decimals int
	// PageSize is how many data points a page has. Zero: all.
	PageSize int
}

// Charged is a delivery as pricing_analytics count it.
type Charged struct {
	At time.Time
	// PhoneNumberID is the business number, Country the ISO code of the recipient's.
	PhoneNumberID, Country string
	// Category and Type are those of [Pricing].
	Category, Type string
	// Copies is how many messages it counts as; zero is one.
	Copies int
}

// SetAnalytics has pricing_analytics differ from what statuses told, from now on and for all of the past.
func (s *Sim) SetAnalytics(a Analytics) {
	s.truth.mu.Lock()
	defer s.truth.mu.Unlock()
	s.truth.analytics = a
}

// defaultRates are some of Meta's rates of October 2026 in US dollars, by country and category. Service and
// authentication messages cost what utility messages do.
var defaultRates = map[string]string{
	"DE marketing": "0.1365", "DE utility": "0.0550", "IN marketing": "0.0118", "IN utility": "0.0014", "FR marketing": "0.0859", "FR utility": "0.0300",
	"GB marketing": "0.0635", "GB utility": "0.0220", "BR marketing": "0.0625", "BR utility": "0.0068", "US marketing": "0.0250", "US utility": "0.0034",
	"AT marketing": "0.0592", "AT utility": "0.0171", "XX marketing": "0.0604", "XX utility": "0.0077",
}

// callingCodes are those of the countries above.
var callingCodes = []struct{ prefix, country string }{
	{"49", "DE"}, {"91", "IN"}, {"33", "FR"}, {"44", "GB"}, {"55", "BR"}, {"1", "US"}, {"43", "AT"},
}

// countryOf is the country of a number, XX for one that is not in the table.
func countryOf(digits string) string {
	for _, c := range callingCodes {
		if strings.HasPrefix(digits, c.prefix) {
			return c.country
		}
	}
	return "XX"
}

// charge notes a delivery for pricing_analytics. It must be called with the lock held.
func (t *truth) charge(m *message, p *Pricing, now time.Time) {
	if t.ages.limit <= 0 {
		return
	}
	one := Charged{At: now, PhoneNumberID: m.number.ID, Country: countryOf(m.WaID), Category: orElse(m.Outcome.Billed, m.Category), Type: p.Type, Copies: 1}
	if m.group != nil {
		one.Category, one.Copies = p.Category, max(len(m.group.Members), 1)
		if len(m.group.Members) > 0 {
			one.Country = countryOf(m.group.Members[0].WaID)
		}
	}
	t.charged = append(t.charged, one)
	if len(t.charged) > t.ages.limit {
		t.charged = t.charged[1:]
	}
}

// dataPoint is one of pricing_analytics.
type dataPoint struct {
	Start    int64       `json:"start"`
	End      int64       `json:"end"`
	Country  string      `json:"country,omitempty"`
	Phone    string      `json:"phone_number,omitempty"`
	Tier     string      `json:"tier,omitempty"`
	Type     string      `json:"pricing_type,omitempty"`
	Category string      `json:"pricing_category,omitempty"`
	Volume   int         `json:"volume"`
	Cost     json.Number `json:"cost"`
}

// analyticsQuery is what pricing_analytics are asked.
type analyticsQuery struct {
	start, end  time.Time
	granularity string
	dimensions  map[string]bool
	after       int
}

// analyticsField finds the question among fields: pricing_analytics.start(1).end(2).granularity(DAILY).dimensions(["PHONE"]).
func analyticsField(fields string) (arguments map[string]string, found bool) {
	_, rest, found := strings.Cut(fields, "pricing_analytics")
	if !found {
		return nil, false
	}
	arguments = map[string]string{}
	for strings.HasPrefix(rest, ".") {
		name, after, ok := strings.Cut(rest[1:], "(")
		if !ok {
			break
		}
		value, more, ok := strings.Cut(after, ")")
		if !ok {
			break
		}
		arguments[name], rest = value, more
	}
	return arguments, true
}

func readAnalyticsQuery(arguments map[string]string) (q analyticsQuery, e *graphError) {
	start, startErr := strconv.ParseInt(arguments["start"], 10, 64)
	end, endErr := strconv.ParseInt(arguments["end"], 10, 64)
	if startErr != nil || endErr != nil || start >= end {
		return q, fail(100, "start and end must be Unix timestamps")
	}
	q = analyticsQuery{start: time.Unix(start, 0), end: time.Unix(end, 0), granularity: arguments["granularity"], dimensions: map[string]bool{}}
	if q.granularity != "HALF_HOUR" && q.granularity != "DAILY" && q.granularity != "MONTHLY" {
		return q, fail(100, "granularity must be one of HALF_HOUR, DAILY, MONTHLY")
	}
	for name := range strings.SplitSeq(strings.Trim(arguments["dimensions"], "[]"), ",") {
		switch name = strings.Trim(strings.TrimSpace(name), `"`); name {
		case "":
		case "PHONE", "COUNTRY", "PRICING_TYPE", "PRICING_CATEGORY", "TIER":
			q.dimensions[name] = true
		default:
			return q, fail(100, "Unknown dimension "+name)
		}
	}
	q.after, _ = strconv.Atoi(arguments["after"]) // nothing is the beginning
	return q, nil
}

// pricingAnalytics answers a question for pricing_analytics as a field of the account does; without traffic the field
// is not there.
func (s *Sim) pricingAnalytics(c *call, arguments map[string]string) (field object, e *graphError) {
	q, e := readAnalyticsQuery(arguments)
	if e != nil {
		return nil, e
	}
	s.truth.mu.Lock()
	defer s.truth.mu.Unlock()
	points := s.dataPoints(&q)
	if len(points) == 0 {
		return nil, nil
	}
	a := s.truth.analytics
	page := points[min(q.after, len(points)):]
	more := a.PageSize > 0 && len(page) > a.PageSize
	if more {
		page = page[:a.PageSize]
	}
	field = object{"data": []object{{"data_points": page}}}
	if more {
		after := strconv.Itoa(q.after + a.PageSize)
		next := fmt.Sprintf("%s/%s/%s/pricing_analytics?start=%s&end=%s&granularity=%s&dimensions=%s&after=%s&access_token=%s",
			c.base, c.version, s.opts.WABA, arguments["start"], arguments["end"], arguments["granularity"], arguments["dimensions"], after, c.credential)
		field["paging"] = paging{Cursors: cursors{After: after}, Next: next}
	}
	return field, nil
}

// dataPoints are the deliveries that a question asks for, added up. It must be called with the lock held.
func (s *Sim) dataPoints(q *analyticsQuery) []dataPoint {
	a := &s.truth.analytics
	all := slices.Clone(s.truth.charged)
	all = append(all[min(a.Missing, len(all)):], a.Extra...)
	slices.SortStableFunc(all, func(x, y Charged) int { return x.At.Compare(y.At) })
	zone := s.opts.Location
	if a.Location != nil {
		zone = a.Location
	}
	volumes, costs := map[dataPoint]int{}, map[dataPoint]int64{}
	tiered := map[string]int{}
	for _, one := range all {
		copies := max(one.Copies, 1)
		one.Category = orElse(a.Categories[one.Category], one.Category)
		one.Country = orElse(a.Countries[one.Country], one.Country)
		one.Type = orElse(a.Types[one.Type], one.Type)
		price, tier := s.rate(&one, tiered, zone)
		if one.At.Before(q.start) || !one.At.Before(q.end) {
			continue
		}
		start, end := q.bounds(one.At, zone)
		key := dataPoint{Start: start.Unix(), End: end.Unix()}
		if q.dimensions["PHONE"] {
			if number, err := s.number(one.PhoneNumberID); err == nil {
				key.Phone = number.display()
			} else {
				key.Phone = one.PhoneNumberID // of a number that the account has besides
			}
		}
		if q.dimensions["COUNTRY"] {
			key.Country = one.Country
		}
		if q.dimensions["PRICING_TYPE"] {
			key.Type = strings.ToUpper(one.Type)
		}
		if q.dimensions["PRICING_CATEGORY"] {
			key.Category = strings.ToUpper(one.Category)
		}
		if q.dimensions["TIER"] {
			key.Tier = tier
		}
		volumes[key] += copies
		costs[key] += price * int64(copies)
	}
	points := make([]dataPoint, 0, len(volumes))
	for key, volume := range volumes {
		key.Volume, key.Cost = volume, decimal(costs[key], a.Decimals)
		points = append(points, key)
	}
	slices.SortFunc(points, func(x, y dataPoint) int {
		return cmp.Or(cmp.Compare(x.Start, y.Start), cmp.Compare(x.Phone, y.Phone), cmp.Compare(x.Country, y.Country), cmp.Compare(x.Category, y.Category), cmp.Compare(x.Type, y.Type), cmp.Compare(x.Tier, y.Tier))
	})
	return points
}

// rate is what a delivery costs, in millionths, and in which band of the month's volume.
func (s *Sim) rate(one *Charged, tiered map[string]int, zone *time.Location) (price int64, tier string) {
	if one.Type != "regular" {
		return 0, ""
	}
	a := &s.truth.analytics
	column := "utility"
	if strings.Contains(one.Category, "marketing") {
		column = "marketing"
	}
	name := one.Country + " " + column
	if one.Category == "utility" && a.TierAfter > 0 {
		month := one.At.In(zone).Format("2006-01 ") + name
		tiered[month]++
		if tier = "0:" + strconv.Itoa(a.TierAfter); tiered[month] > a.TierAfter {
			name, tier = name+" tier", strconv.Itoa(a.TierAfter+1)+":"
		}
	}
	for _, rates := range []map[string]string{a.Rates, s.opts.Rates, defaultRates} {
		if text, ok := rates[name]; ok {
			return millionths(text), tier
		}
	}
	return millionths(defaultRates["XX "+column]), tier
}

// millionths reads an amount such as 0.0550.
func millionths(text string) int64 {
	whole, fraction, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole+(fraction + "000000")[:6], 10, 64)
	if err != nil {
		panic(fmt.Sprintf("graphsim: %q is no rate", text))
	}
	return n
}

// decimal writes millionths as JSON does, rounded where that is asked for.
func decimal(n int64, decimals int) json.Number {
	if decimals > 0 && decimals < 6 {
		step := int64(1)
		for range 6 - decimals {
			step *= 10
		}
		n = (n + step/2) / step * step
	}
	text := strings.TrimRight(fmt.Sprintf("%d.%06d", n/1_000_000, n%1_000_000), "0")
	return json.Number(strings.TrimSuffix(text, "."))
}

// bounds are those of the point that a time belongs to.
func (q *analyticsQuery) bounds(at time.Time, zone *time.Location) (start, end time.Time) {
	switch y, m, d := at.In(zone).Date(); q.granularity {
	case "HALF_HOUR":
		start = at.Truncate(30 * time.Minute)
		return start, start.Add(30 * time.Minute)
	case "DAILY":
		return time.Date(y, m, d, 0, 0, 0, 0, zone), time.Date(y, m, d+1, 0, 0, 0, 0, zone)
	default:
		return time.Date(y, m, 1, 0, 0, 0, 0, zone), time.Date(y, m+1, 1, 0, 0, 0, 0, zone)
	}
}

// readAccount answers a GET on the account, with the figures that its fields ask for.
func (s *Sim) readAccount(c *call) reply {
	fields := c.param("fields")
	node := pick(object{"id": s.opts.WABA, "name": "Example Account", "currency": orElse(s.opts.Currency, "EUR")}, fields)
	if arguments, asked := analyticsField(fields); asked {
		field, e := s.pricingAnalytics(c, arguments)
		if e != nil {
			return s.refuse(c, e)
		}
		if field != nil {
			node["pricing_analytics"] = field
		}
	}
	return ok(node)
}

// listAnalytics answers a GET on the edge, as links to further pages name it.
func (s *Sim) listAnalytics(c *call) reply {
	arguments := map[string]string{}
	for _, name := range []string{"start", "end", "granularity", "dimensions", "after"} {
		arguments[name] = c.param(name)
	}
	field, e := s.pricingAnalytics(c, arguments)
	if e != nil {
		return s.refuse(c, e)
	}
	if field == nil {
		field = object{"data": []object{}}
	}
	return ok(field)
}
