package billing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// at is a time as tests write it.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// message is one that was delivered when it was sent.
func message(t testing.TB, n int, category Category, market, delivered, zone string) *Line {
	return &Line{
		Key: Key{PhoneNumberID: "1044", Category: string(category), Market: market, Decision: "allow", Currency: "USD"},
		N:   n, Sent: at(t, delivered), Delivered: at(t, delivered), Zone: zoneOf(t, zone), Pool: "account 1",
		Send: Send{Fate: Accepted, Status: "delivered", Template: category != Service, ByBusiness: category != Service},
	}
}

func yieldAll(lines []*Line) func(func(*Line, error) bool) {
	return func(yield func(*Line, error) bool) {
		for _, l := range lines {
			if !yield(l, nil) {
				return
			}
		}
	}
}

// What would have been charged by another card and the rules of another day: Meta's word
// that a message was free by the rules of its day says nothing then.
func TestReportWhatIf(t *testing.T) {
	lines := []*Line{
		message(t, 1200, Service, "Germany", "2026-09-05T10:00:00Z", "UTC"), message(t, 10, Utility, "Germany", "2026-09-05T10:00:00Z", "UTC"),
		message(t, 5, Marketing, "Italy", "2026-09-06T10:00:00Z", "UTC"), message(t, 7, Service, "Germany", "2026-09-06T10:00:00Z", "UTC"),
	}
	lines[0].Told, lines[3].Told = FreeCustomerService, FreeEntryPoint
	lines[1].Send.ByBusiness = false
	october := RulesOn("2026-10-01")
	for _, test := range []struct {
		name string
		what *WhatIf
		want string
	}{
		{"as it was", nil, "0.3455"}, // 5 x 0.0691
		{"october's rules", &WhatIf{Rules: &october}, "0.8955 and 200 unpriced"},              // and 10 x 0.0550; the card of September has no rate for service
		{"october's card", &WhatIf{Card: Shipped().Find("USD 2026-10-01")}, "0.3975"},         // 5 x 0.0795
		{"both", &WhatIf{Rules: &october, Card: Shipped().Find("USD 2026-10-01")}, "11.9475"}, // 0.3975 + 0.5500 + 11.0000
		{"another currency", &WhatIf{Card: Shipped().Find("EUR 2026-07-01")}, "0.3455"},       // a card in it says nothing of dollars
	} {
		q := &Question{By: []string{"category"}, Cards: Shipped(), If: test.what}
		r, err := q.NewReport(yieldAll(lines))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Totals[0].Actual.String() + unpriced(r); got != test.want {
			t.Errorf("%s: %s, want %s: %+v", test.name, got, test.want, r.Rows)
		}
	}
}

func unpriced(r *Report) string {
	if r.Total.Unpriced == 0 {
		return ""
	}
	return " and " + strconv.Itoa(r.Total.Unpriced) + " unpriced"
}

// TestReportPrices: each change of what Meta charges holds from its day on, where the account
// is.
func TestReportPrices(t *testing.T) {
	inWindow := func(l *Line) *Line { l.Send.ByBusiness = false; return l }
	told := func(l *Line, p PriceType) *Line { l.Told = p; return l }
	part := func(l *Line, p Part) *Line { l.Send.Part = p; return l }
	for _, test := range []struct {
		name  string
		lines []*Line
		want  string // by month, day, category and price type: messages and their cost
	}{
		{
			"three replies in september are free",
			[]*Line{message(t, 3, Service, "Germany", "2026-09-05T10:00:00Z", "UTC")},
			"2026-09-05 service free_customer_service 3 free 0.0000",
		},
		{
			"three replies in october are among a thousand",
			[]*Line{message(t, 3, Service, "Germany", "2026-10-05T10:00:00Z", "UTC")},
			"2026-10-05 service free_allowance 3 free 0.0000",
		},
		{
			"three replies after a thousand are three charges",
			[]*Line{message(t, 3, Service, "Germany", "2026-10-05T10:15:00Z", "UTC"), message(t, 1000, Service, "India", "2026-10-05T10:00:00Z", "UTC")},
			"2026-10-05 service free_allowance 1000 free 0.0000 | 2026-10-05 service regular 3 charged 0.1650",
		},
		{
			"the allowance ends within a quarter of an hour",
			[]*Line{message(t, 999, Service, "India", "2026-10-01T00:00:00Z", "UTC"), message(t, 3, Service, "Germany", "2026-10-05T10:00:00Z", "UTC")},
			"2026-10-01 service free_allowance 999 free 0.0000 | 2026-10-05 service free_allowance 1 free 0.0000 | 2026-10-05 service regular 2 charged 0.1100",
		},
		{
			"what isn't used is not carried over",
			[]*Line{message(t, 1001, Service, "Germany", "2026-11-01T00:00:00Z", "UTC"), message(t, 1, Service, "Germany", "2026-10-31T23:45:00Z", "UTC")},
			"2026-10-31 service free_allowance 1 free 0.0000 | 2026-11-01 service free_allowance 1000 free 0.0000 | 2026-11-01 service regular 1 charged 0.0550",
		},
		{
			"Meta tells which are free, and then which are charged, though it saw more than we did",
			[]*Line{
				told(message(t, 600, Service, "Germany", "2026-10-01T10:00:00Z", "UTC"), FreeCustomerService), told(message(t, 3, Service, "Germany", "2026-10-05T10:00:00Z", "UTC"), Regular),
				message(t, 2, Service, "Germany", "2026-10-06T10:00:00Z", "UTC"),
			},
			"2026-10-01 service free_customer_service 600 free 0.0000 | 2026-10-05 service regular 3 charged 0.1650 | 2026-10-06 service free_allowance 2 free 0.0000",
		},
		{
			"Meta tells that all are charged: a thousand are free all the same",
			[]*Line{told(message(t, 1003, Service, "Germany", "2026-10-01T10:00:00Z", "UTC"), Regular)},
			"2026-10-01 service free_allowance 1000 free 0.0000 | 2026-10-01 service regular 3 charged 0.1650",
		},
		{
			"what Meta tells to be free is among the thousand",
			[]*Line{told(message(t, 1000, Service, "India", "2026-10-01T10:00:00Z", "UTC"), FreeCustomerService), message(t, 1, Service, "Germany", "2026-10-05T10:00:00Z", "UTC")},
			"2026-10-01 service free_customer_service 1000 free 0.0000 | 2026-10-05 service regular 1 charged 0.0550",
		},
		{
			"free entry point messages don't use it up",
			[]*Line{told(message(t, 1000, Service, "Germany", "2026-10-01T10:00:00Z", "UTC"), FreeEntryPoint), message(t, 1, Service, "Germany", "2026-10-02T10:00:00Z", "UTC")},
			"2026-10-01 service free_entry_point 1000 free 0.0000 | 2026-10-02 service free_allowance 1 free 0.0000",
		},
		{
			"midnight is that of the account: utc",
			[]*Line{inWindow(message(t, 1, Utility, "Germany", "2026-09-30T23:30:00Z", "UTC"))},
			"2026-09-30 utility free_customer_service 1 free 0.0000",
		},
		{
			"midnight is that of the account: berlin",
			[]*Line{inWindow(message(t, 1, Utility, "Germany", "2026-09-30T23:30:00Z", "Europe/Berlin"))},
			"2026-10-01 utility regular 1 charged 0.0550",
		},
		{
			"a template in the window before july 2025",
			[]*Line{inWindow(message(t, 1, Utility, "Germany", "2025-06-30T10:00:00Z", "UTC"))},
			"2025-06-30 utility regular 1 unpriced",
		},
		{
			"cards change with their day",
			[]*Line{message(t, 10, Marketing, "Mexico", "2026-09-30T10:00:00Z", "UTC"), message(t, 10, Marketing, "Mexico", "2026-10-01T10:00:00Z", "UTC")},
			"2026-09-30 marketing regular 10 charged 0.3050 | 2026-10-01 marketing regular 10 charged 0.3970",
		},
		{
			"Meta's word beats the window",
			[]*Line{told(message(t, 1, Utility, "Germany", "2026-09-30T10:00:00Z", "UTC"), FreeCustomerService), told(message(t, 1, Marketing, "Germany", "2026-09-30T10:00:00Z", "UTC"), NotBillable)},
			"2026-09-30 marketing not_billable 1 free 0.0000 | 2026-09-30 utility free_customer_service 1 free 0.0000",
		},
		{
			"what no card has is unpriced",
			[]*Line{message(t, 2, GeneralPurposeAI, "Brazil", "2026-10-01T10:00:00Z", "UTC"), message(t, 1, Marketing, "Atlantis", "2026-10-01T10:00:00Z", "UTC")},
			"2026-10-01 general_purpose_ai regular 2 unpriced | 2026-10-01 marketing regular 1 unpriced",
		},
		{
			"a message to a group is charged by its copies, and is one of the thousand with each",
			[]*Line{
				part(message(t, 1, Service, "", "2026-10-01T10:00:00Z", "UTC"), Divided), part(message(t, 2, GroupService, "Germany", "2026-10-01T10:00:00Z", "UTC"), Copy),
				message(t, 999, Service, "India", "2026-10-01T11:00:00Z", "UTC"),
			},
			"2026-10-01 group_service free_allowance 2 free 0.0000 | 2026-10-01 service free_allowance 998 free 0.0000 | 2026-10-01 service regular 1 charged 0.0014",
		},
		{
			"a message to a group of whose copies nobody knows has no price",
			[]*Line{part(message(t, 1, Service, "", "2026-10-01T10:00:00Z", "UTC"), ToGroup), part(message(t, 1, Service, "", "2026-09-01T10:00:00Z", "UTC"), ToGroup)},
			"2026-09-01 service free_customer_service 1 free 0.0000 | 2026-10-01 service regular 1 unpriced",
		},
		{
			"nothing is charged for that wasn't delivered",
			[]*Line{func() *Line {
				l := message(t, 1, Marketing, "Germany", "2026-10-01T10:00:00Z", "UTC")
				l.Send.Status = "failed"
				return l
			}()},
			"2026-10-01 marketing  0 free 0.0000",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			q := Question{By: []string{"day", "category", "price_type"}, Cards: Shipped()}
			r, err := q.NewReport(yieldAll(test.lines))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, row := range r.Rows {
				if row.Delivered == 0 && row.Actual == 0 && row.PriceType == "" && len(r.Rows) > 1 {
					continue // of the day of sending: these have no estimate
				}
				what := fmt.Sprintf("charged %s", row.Actual)
				switch {
				case row.Unpriced > 0:
					what = "unpriced"
				case row.Charged == 0:
					what = fmt.Sprintf("free %s", row.Actual)
				}
				got = append(got, fmt.Sprintf("%s %s %s %d %s", row.Day, row.Category, row.PriceType, row.Delivered, what))
			}
			if joined := strings.Join(got, " | "); joined != test.want {
				t.Errorf("got  %s\nwant %s", joined, test.want)
			}
		})
	}
}

// TestReportTiers: the rate of a band is for the messages within it alone, in the order in
// which they were delivered.
func TestReportTiers(t *testing.T) {
	card := &Card{
		Currency: "USD", From: "2026-10-01", Rates: map[Market]map[Category]Amount{"India": {Utility: 1400}},
		Tiers: map[Market]map[Category][]Tier{"India": {Utility: {{To: 10, Rate: 1400}, {To: 20, Rate: 1300}, {Rate: 1200}}}},
	}
	lines := []*Line{message(t, 25, Utility, "India", "2026-10-02T10:00:00Z", "UTC"), message(t, 8, Utility, "India", "2026-10-01T10:00:00Z", "UTC")}
	lines[1].PhoneNumberID = "1055" // of the same account
	q := Question{By: []string{"day"}, Cards: NewCards(card)}
	r, err := q.NewReport(yieldAll(lines))
	if err != nil {
		t.Fatal(err)
	}
	// 8 at 0.0014; then 2 at 0.0014, 10 at 0.0013 and 13 at 0.0012.
	if first, second := r.Rows[0].Actual, r.Rows[1].Actual; first != 11_200 || second != 2*1400+10*1300+13*1200 {
		t.Errorf("the days cost %s and %s", first, second)
	}
}

// TestReportPeriod: what was sent before the period counts for its allowance, and as delivered
// where it was delivered within.
func TestReportPeriod(t *testing.T) {
	early := message(t, 1000, Service, "Germany", "2026-10-03T10:00:00Z", "UTC")
	late := message(t, 2, Service, "Germany", "2026-10-05T10:00:00Z", "UTC")
	late.Sent = at(t, "2026-10-04T10:00:00Z")
	q := Question{By: []string{"day"}, Cards: Shipped(), Has: func(t time.Time, _ *time.Location) bool { return t.Day() >= 5 }}
	r, err := q.NewReport(yieldAll([]*Line{late, early}))
	if err != nil || len(r.Rows) != 1 || r.Total.Sends != 0 || r.Total.Delivered != 2 || r.Total.Actual != 110_000 {
		t.Errorf("the report is %+v, %v", r, err)
	}
}

// TestReportGroups: however a report is grouped, and in whatever order and parts its lines come,
// its totals are the same, and equal those of a reckoning message by message.
func TestReportGroups(t *testing.T) {
	berlin := zoneOf(t, "Europe/Berlin")
	rapid.Check(t, func(t *rapid.T) {
		var lines []*Line
		for range rapid.IntRange(0, 12).Draw(t, "lines") {
			sent := time.Date(2026, 9, 28, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "quarter")) * quarter)
			category := rapid.SampledFrom([]Category{Service, Utility, Marketing, GeneralPurposeAI}).Draw(t, "category")
			l := &Line{
				Key: Key{
					PhoneNumberID: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "number"), Category: string(category), Market: rapid.SampledFrom([]string{"Germany", "India", "Atlantis"}).Draw(t, "market"),
					Tags: Tags(rapid.SampledFrom([]string{"", "team=crm", "campaign=diwali,team=crm"}).Draw(t, "tags")), Currency: rapid.SampledFrom([]Currency{"USD", "EUR"}).Draw(t, "currency"),
				},
				N: rapid.IntRange(1, 900).Draw(t, "n"), Sent: sent, Delivered: sent.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "after")) * quarter), Zone: berlin, Pool: "account 1",
				Send: Send{Fate: Accepted, Status: rapid.SampledFrom([]string{"", "sent", "delivered", "read", "failed"}).Draw(t, "status"), ByBusiness: rapid.Bool().Draw(t, "initiation"), Part: rapid.SampledFrom([]Part{Whole, Whole, ToGroup, Divided, Copy}).Draw(t, "part")},
				Told: rapid.SampledFrom([]PriceType{"", Regular, FreeEntryPoint, FreeCustomerService}).Draw(t, "told"),
			}
			l.Estimate = Quote{Category: category, Type: Regular, Unit: 1000, Known: rapid.Bool().Draw(t, "known"), Currency: l.Currency}
			lines = append(lines, l)
		}
		tiers := NewCards(append(Shipped().All(), &Card{
			Currency: "USD", From: "2026-10-01", Rates: map[Market]map[Category]Amount{"Germany": {Utility: 50, Service: 70}, "India": {Utility: 14, Service: 20}},
			Tiers: map[Market]map[Category][]Tier{"Germany": {Utility: {{To: 300, Rate: 50}, {Rate: 40}}}},
		})...)
		report := func(by ...string) *Report {
			q := Question{By: by, Cards: tiers}
			var parts []*Line
			for _, l := range lines {
				half := *l
				if half.N /= 2; half.N > 0 {
					rest := *l
					rest.N -= half.N
					parts = append(parts, &half, &rest)
					continue
				}
				parts = append(parts, l)
			}
			rand.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			r, err := q.NewReport(yieldAll(parts))
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		want := naively(lines, tiers)
		for _, by := range [][]string{{"currency"}, {"day", "market"}, {"team", "price_type", "category"}, {"number", "tag:campaign", "card", "initiation"}} {
			r := report(by...)
			for _, total := range r.Totals {
				if got := fmt.Sprint(total.Sends, total.Delivered, total.Charged, total.Free, total.Unpriced, total.Actual, total.Estimated, total.Unestimated); got != want[total.Currency] {
					t.Errorf("by %v in %s: %s, want %s", by, total.Currency, got, want[total.Currency])
				}
			}
			if again := report(by...); !slices.Equal(again.Rows, r.Rows) {
				t.Errorf("by %v: in another order the rows are %+v, and not %+v", by, again.Rows, r.Rows)
			}
		}
	})
}

// naively reckons message by message.
func naively(lines []*Line, cards *Cards) map[Currency]string {
	sums := make(map[Currency]*Counts)
	sorted := slices.Clone(lines)
	slices.SortFunc(sorted, (*Line).compare)
	service, charged, marked := make(map[string]int), make(map[string]int), make(map[string]bool)
	for _, l := range sorted {
		if date := Day(l.Delivered, l.Zone); l.Category == string(Service) && l.Told == FreeCustomerService && date >= "2026-10-01" && l.Send.Delivered() && (l.Send.Part == Whole || l.Send.Part == Copy) {
			marked[date[:7]+l.PhoneNumberID] = true
		}
	}
	for _, l := range sorted {
		c := sums[l.Currency]
		if c == nil {
			c = new(Counts)
			sums[l.Currency] = c
		}
		date := Day(l.Delivered, l.Zone)
		for range l.N {
			if l.Send.Part != Copy {
				c.Sends++
				if l.Estimate.Known {
					c.Estimated += l.Estimate.Unit
				} else {
					c.Unestimated++
				}
			}
			if l.Send.Status != "delivered" && l.Send.Status != "read" || l.Send.Part == Divided {
				continue
			}
			month := date[:7]
			volume := month + l.Market + l.Category
			m := Message{
				Category: Category(l.Category), Market: Market(l.Market), Day: date, InWindow: !l.Send.ByBusiness, Told: l.Told, ToGroup: l.Send.Part == ToGroup,
				ServiceBefore: service[month+l.PhoneNumberID], ChargedBefore: charged[volume],
			}
			if l.Told == Regular && marked[month+l.PhoneNumberID] {
				m.ServiceBefore = 1000
			}
			q := cards.Quote(&m, l.Currency)
			c.Delivered++
			switch {
			case q.Type.Free():
				c.Free++
			case !q.Known:
				c.Charged, c.Unpriced = c.Charged+1, c.Unpriced+1
			default:
				c.Charged++
				c.Actual += q.Unit
			}
			if l.Send.Part == ToGroup {
				continue // nobody knows how many
			}
			if l.Category == string(Service) && q.Type != FreeEntryPoint {
				service[month+l.PhoneNumberID]++
			}
			if q.Type == Regular {
				charged[volume]++
			}
		}
	}
	want := make(map[Currency]string)
	for currency, c := range sums {
		want[currency] = fmt.Sprint(c.Sends, c.Delivered, c.Charged, c.Free, c.Unpriced, c.Actual, c.Estimated, c.Unestimated)
	}
	return want
}

// TestReadBy: what a report groups by is read in any case, and what is none is explained.
func TestReadBy(t *testing.T) {
	if by, err := ReadBy(" Day,market,team,day", []string{"team"}); err != nil || !slices.Equal(by, []string{"day", "market", "team"}) {
		t.Errorf("it is %q, %v", by, err)
	}
	if _, err := ReadBy("day,colour", []string{"team", "campaign"}); err == nil || !strings.Contains(err.Error(), `by "colour"; there is day, month`) || !strings.Contains(err.Error(), "tag campaign, team") {
		t.Errorf("an unknown one is answered %v", err)
	}
	for _, name := range Dimensions {
		if fields[name] == nil {
			t.Errorf("a key has no %s", name)
		}
	}
}
