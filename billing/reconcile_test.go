package billing

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// reconcileDay is the one that most cases are about.
const reconcileDay = "2026-10-05"

// sent are messages of a category that were expected and charged for alike.
func sent(t testing.TB, n int, category Category, market string) *Line {
	t.Helper()
	l := message(t, n, category, market, reconcileDay+"T10:00:00Z", "UTC")
	l.WABA, l.Estimated, l.Told = "2003", string(category), Regular
	l.Estimate = Shipped().Quote(&Message{Category: category, Market: Market(market), Day: reconcileDay, ServiceBefore: 1000}, "USD")
	return l
}

// with changes a line.
func with(l *Line, change func(*Line)) *Line { change(l); return l }

// pointOf is what Meta tells of messages on a day.
func pointOf(t testing.TB, day string, volume int, country string, category Category, kind PriceType, cost string) AnalyticsPoint {
	t.Helper()
	amount, _, err := ReadCost(cost)
	if err != nil {
		t.Fatal(err)
	}
	begin := at(t, day+"T00:00:00Z")
	return AnalyticsPoint{Start: begin, End: begin.AddDate(0, 0, 1), Phone: "4930", Country: country, Category: category, Type: kind, Volume: volume, Cost: amount}
}

func toldOf(points ...AnalyticsPoint) *Analytics {
	a := &Analytics{Points: points, Covers: func(string) bool { return true }}
	for _, p := range points {
		a.Phones, a.Countries, a.Categories, a.Types = a.Phones || p.Phone != "", a.Countries || p.Country != "", a.Categories || p.Category != "", a.Types || p.Type != ""
	}
	return a
}

func questionOf() *ReconcileQuestion {
	return &ReconcileQuestion{
		WABA: "2003", Zone: time.UTC, Currency: "USD", From: reconcileDay, To: "2026-10-06", Now: time.Date(2026, 10, 7, 0, 0, 0, 0, time.UTC),
		Cards: Shipped(), Numbers: map[string]string{"4930": "1044"},
	}
}

// said is a reconciliation in short: its causes with messages, how many are added, and money.
func said(r *Reconciliation) string {
	var parts []string
	for _, c := range r.Causes {
		cost := "unknown"
		if c.Known() != nil {
			cost = c.Cost.String()
			if c.Unpriced > 0 {
				cost += fmt.Sprintf(" + %d unknown", c.Unpriced)
			}
		}
		parts = append(parts, fmt.Sprintf("%s/%s %d %+d %s", c.Step, c.Cause, c.Messages, c.Added, cost))
	}
	return strings.Join(parts, " | ")
}

// TestReconcileCauses: each cause is found where it is the one, with its messages and its
// money.
func TestReconcileCauses(t *testing.T) {
	day := reconcileDay
	for _, test := range []struct {
		name  string
		lines []*Line
		told  []AnalyticsPoint
		want  string
		agree string // matched messages and cost
	}{
		{
			"all alike",
			[]*Line{sent(t, 10, Marketing, "Germany"), sent(t, 4, Utility, "India")},
			[]AnalyticsPoint{pointOf(t, day, 10, "DE", Marketing, Regular, "1.365"), pointOf(t, day, 4, "IN", Utility, Regular, "0.0056")},
			"", "100.00 100.00",
		},
		{
			"a message to a group, which two in Germany and one in India got, and one didn't",
			[]*Line{
				with(sent(t, 1, Utility, ""), func(l *Line) { l.Send.Part = Divided }), with(sent(t, 2, GroupUtility, "Germany"), func(l *Line) { l.Send.Part = Copy }),
				with(sent(t, 1, GroupUtility, "India"), func(l *Line) { l.Send.Part = Copy }), with(sent(t, 1, GroupUtility, "India"), func(l *Line) { l.Send.Part, l.Send.Status = Copy, "failed" }),
			},
			[]AnalyticsPoint{pointOf(t, day, 2, "DE", GroupUtility, Regular, "0.11"), pointOf(t, day, 1, "IN", GroupUtility, Regular, "0.0014")},
			"settled/group_copies 4 +2 0.1114 + 1 unknown", "100.00 100.00",
		},
		{
			"failed, and nobody knows what became of two",
			[]*Line{
				sent(t, 10, Marketing, "Germany"),
				with(sent(t, 3, Marketing, "Germany"), func(l *Line) { l.Send.Status = "failed" }),
				with(sent(t, 2, Marketing, "Germany"), func(l *Line) { l.Send.Status = "sent" }),
			},
			[]AnalyticsPoint{pointOf(t, day, 10, "DE", Marketing, Regular, "1.365")},
			"settled/not_delivered 3 -3 -0.4095 | settled/no_word 2 -2 -0.2730", "100.00 100.00",
		},
		{
			"no status came, and Meta charges for them",
			[]*Line{sent(t, 8, Marketing, "Germany"), with(sent(t, 2, Marketing, "Germany"), func(l *Line) { l.Send.Status = "" })},
			[]AnalyticsPoint{pointOf(t, day, 10, "DE", Marketing, Regular, "1.365")},
			"settled/no_word 2 -2 -0.2730 | billed/no_word 2 +2 0.2730", "80.00 80.00",
		},
		{
			"Meta charged a utility template as marketing, and statuses told",
			[]*Line{with(sent(t, 5, Marketing, "Germany"), func(l *Line) {
				l.Estimated = string(Utility)
				l.Estimate = sent(t, 1, Utility, "Germany").Estimate
			})},
			[]AnalyticsPoint{pointOf(t, day, 5, "DE", Marketing, Regular, "0.6825")},
			"settled/category 5 +0 0.4075", "100.00 100.00",
		},
		{
			"and no status told",
			[]*Line{sent(t, 5, Utility, "Germany"), sent(t, 5, Utility, "India")},
			[]AnalyticsPoint{pointOf(t, day, 3, "DE", Utility, Regular, "0.165"), pointOf(t, day, 2, "DE", Marketing, Regular, "0.273"), pointOf(t, day, 5, "IN", Utility, Regular, "0.007")},
			"billed/category 2 +0 0.1630", "80.00 63.37",
		},
		{
			"a number belongs to another market",
			[]*Line{with(sent(t, 5, Marketing, "Germany"), func(l *Line) { l.MarketEstimated = true })},
			[]AnalyticsPoint{pointOf(t, day, 5, "IN", Marketing, Regular, "0.059")},
			"billed/market 5 +0 -0.6235", "0.00 8.64",
		},
		{
			"sent past the gateway",
			[]*Line{sent(t, 9, Marketing, "Germany")},
			[]AnalyticsPoint{pointOf(t, day, 10, "DE", Marketing, Regular, "1.365"), pointOf(t, day, 1, "FR", Service, Regular, "0.03")},
			"billed/unknown_to_us 2 +2 0.1665", "81.81 88.06",
		},
		{
			"from a number that the gateway doesn't know",
			[]*Line{sent(t, 9, Marketing, "Germany")},
			[]AnalyticsPoint{pointOf(t, day, 9, "DE", Marketing, Regular, "1.2285"), {Start: at(t, day+"T00:00:00Z"), End: at(t, "2026-10-06T00:00:00Z"), Phone: "4931", Country: "DE", Category: Marketing, Type: Regular, Volume: 1, Cost: 136500}},
			"billed/unknown_to_us 1 +1 0.1365", "90.00 90.00",
		},
		{
			"Meta lacks one",
			[]*Line{sent(t, 10, Marketing, "Germany")},
			[]AnalyticsPoint{pointOf(t, day, 9, "DE", Marketing, Regular, "1.2285")},
			"billed/unknown_to_meta 1 -1 -0.1365", "90.00 90.00",
		},
		{
			"delivered on the next day",
			[]*Line{with(sent(t, 10, Marketing, "Germany"), func(l *Line) { l.Delivered = at(t, "2026-10-06T00:15:00Z") })},
			nil,
			"settled/another_day 10 -10 -1.3650", "- -",
		},
		{
			"Meta counts what came before midnight on the day before",
			[]*Line{sent(t, 10, Marketing, "Germany")},
			[]AnalyticsPoint{pointOf(t, "2026-10-04", 3, "DE", Marketing, Regular, "0.4095"), pointOf(t, day, 7, "DE", Marketing, Regular, "0.9555")},
			"billed/another_day 3 -3 -0.4095", "70.00 70.00",
		},
		{
			"the allowance was used up, and nobody expected it",
			[]*Line{with(sent(t, 1005, Service, "Germany"), func(l *Line) { l.Estimate = Quote{Category: Service, Type: FreeAllowance, Known: true} })},
			[]AnalyticsPoint{pointOf(t, day, 1005, "DE", Service, Regular, "0.275")},
			"settled/allowance 5 +0 0.2750", "100.00 100.00",
		},
		{
			"Meta has given the allowance to others",
			[]*Line{with(sent(t, 1005, Service, "Germany"), func(l *Line) { l.Estimate = Quote{Category: Service, Type: FreeAllowance, Known: true} })},
			[]AnalyticsPoint{pointOf(t, day, 1005, "DE", Service, Regular, "0.825")},
			"settled/allowance 5 +0 0.2750 | billed/allowance 10 +0 0.5500", "99.00 33.33",
		},
		{
			"whatever word Meta has for the allowance",
			[]*Line{with(sent(t, 1005, Service, "Germany"), func(l *Line) { l.Estimate = Quote{Category: Service, Type: FreeAllowance, Known: true} })},
			[]AnalyticsPoint{pointOf(t, day, 1000, "DE", Service, "free_tier", "0"), pointOf(t, day, 5, "DE", Service, Regular, "0.275")},
			"settled/allowance 5 +0 0.2750", "100.00 100.00",
		},
		{
			"a free entry point was open",
			[]*Line{with(sent(t, 4, Marketing, "Germany"), func(l *Line) { l.Category, l.Told = string(ReferralConversion), FreeEntryPoint })},
			[]AnalyticsPoint{pointOf(t, day, 4, "DE", Marketing, FreeEntryPoint, "0")},
			"settled/price_type 4 +0 -0.5460", "100.00 100.00",
		},
		{
			"and only Meta's figures say so",
			[]*Line{sent(t, 4, Marketing, "Germany")},
			[]AnalyticsPoint{pointOf(t, day, 4, "DE", Marketing, FreeEntryPoint, "0")},
			"billed/price_type 4 +0 -0.5460", "0.00 0.00",
		},
		{
			"a volume tier",
			[]*Line{sent(t, 100, Utility, "Germany")},
			[]AnalyticsPoint{pointOf(t, day, 60, "DE", Utility, Regular, "3.30"), func() AnalyticsPoint {
				p := pointOf(t, day, 40, "DE", Utility, Regular, "2.09")
				p.Tier = "100001:1000000"
				return p
			}()},
			"billed/volume_tier 40 +0 -0.1100", "60.00 98.00",
		},
		{
			"another rate",
			[]*Line{sent(t, 100, Utility, "Germany")},
			[]AnalyticsPoint{pointOf(t, day, 100, "DE", Utility, Regular, "5.60")},
			"billed/rate 100 +0 0.1000", "0.00 98.21",
		},
		{
			"another card held when it came",
			[]*Line{with(sent(t, 4, Marketing, "Italy"), func(l *Line) { l.Estimate.Unit = 69100 })},
			[]AnalyticsPoint{pointOf(t, day, 4, "IT", Marketing, Regular, "0.318")},
			"settled/rate 4 +0 0.0416", "100.00 100.00",
		},
		{
			"Meta rounds to cents",
			[]*Line{sent(t, 3, Marketing, "Germany")},
			[]AnalyticsPoint{pointOf(t, day, 3, "DE", Marketing, Regular, "0.41")},
			"billed/rounding 3 +0 0.0005", "100.00 99.87",
		},
		{
			"no price is known here",
			[]*Line{sent(t, 2, AuthenticationInternational, "India")},
			[]AnalyticsPoint{pointOf(t, day, 2, "IN", AuthenticationInternational, Regular, "0.0608")},
			"billed/unpriced 2 +0 0.0608 + 2 unknown", "0.00 -",
		},
		{
			"no price is known here, and Meta lacks them",
			[]*Line{sent(t, 2, AuthenticationInternational, "India"), sent(t, 1, Utility, "India")},
			[]AnalyticsPoint{pointOf(t, day, 1, "IN", Utility, Regular, "0.0014")},
			"billed/unknown_to_meta 2 -2 unknown", "33.33 -",
		},
		{
			"no price is known here, and Meta lacks one of each",
			[]*Line{sent(t, 2, AuthenticationInternational, "India"), sent(t, 2, Utility, "India")},
			[]AnalyticsPoint{pointOf(t, day, 1, "IN", Utility, Regular, "0.0014")},
			"billed/unknown_to_meta 3 -3 -0.0014 + 2 unknown", "25.00 -",
		},
		{
			"no price is known here, and they failed, wait, or came on another day",
			[]*Line{
				with(sent(t, 3, AuthenticationInternational, "India"), func(l *Line) { l.Send.Status = "failed" }),
				with(sent(t, 2, AuthenticationInternational, "India"), func(l *Line) { l.Send.Status = "sent" }),
				with(sent(t, 4, AuthenticationInternational, "India"), func(l *Line) { l.Delivered = at(t, "2026-10-06T00:15:00Z") }),
			},
			nil,
			"settled/not_delivered 3 -3 unknown | settled/no_word 2 -2 unknown | settled/another_day 4 -4 unknown", "- -",
		},
		{
			"no price is known here, and Meta has them under another category",
			[]*Line{sent(t, 2, AuthenticationInternational, "India")},
			[]AnalyticsPoint{pointOf(t, day, 2, "IN", Utility, Regular, "0.0028")},
			"billed/category 2 +0 0.0028 + 2 unknown", "0.00 -",
		},
		{
			"nothing at all",
			nil, nil, "", "- -",
		},
	} {
		q := questionOf()
		r, err := q.Reconcile(yieldAll(test.lines), toldOf(test.told...))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := said(r); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
		if got := agreement(&r.Matched); got != test.agree {
			t.Errorf("%s: matched %s, want %s", test.name, got, test.agree)
		}
		addsUp(t, r)
	}
}

func agreement(m *Matched) string {
	text := func(s *Share) string {
		if s == nil {
			return "-"
		}
		return s.String()
	}
	return text(m.Messages) + " " + text(m.Cost)
}

// addsUp checks that the causes are the whole of every difference, to the last digit: of all
// and of each day, of messages and of money.
func addsUp(t rapid.TB, r *Reconciliation) {
	t.Helper()
	type sides struct{ from, to Side }
	of := make(map[Step]map[string]*sides)
	for _, step := range []Step{ToSettled, ToBilled} {
		of[step] = map[string]*sides{"": {r.Expected, r.Settled}}
		for _, d := range r.Days {
			of[step][d.Day] = &sides{d.Expected, d.Settled}
		}
	}
	for _, d := range r.Days {
		delete(of[ToBilled], d.Day)
		if d.Billed != nil {
			of[ToBilled][d.Day] = &sides{d.Settled, *d.Billed}
		}
	}
	delete(of[ToBilled], "")
	if r.Billed != nil {
		of[ToBilled][""] = &sides{r.Compared, *r.Billed}
	}
	for _, d := range r.Differences {
		for _, day := range []string{"", d.Day} {
			s := of[d.Step][day]
			if s == nil {
				t.Fatalf("a difference of %s %s, which is not compared: %+v", d.Step, day, d)
			}
			s.from.Messages += d.Added
			s.from.Cost += d.Cost
		}
	}
	for step, days := range of {
		for day, s := range days {
			if s.from.Messages != s.to.Messages || s.from.Cost != s.to.Cost {
				t.Fatalf("%s %q: with all causes it comes to %d messages and %s, and not to %d and %s:\n%+v", step, day, s.from.Messages, s.from.Cost, s.to.Messages, s.to.Cost, r.Differences)
			}
		}
	}
	byCause := make(map[Difference]CauseSum)
	for _, d := range r.Differences {
		k := Difference{Step: d.Step, Cause: d.Cause}
		sum := byCause[k]
		sum.Messages, sum.Added, sum.Cost, sum.Unpriced = sum.Messages+d.Messages, sum.Added+d.Added, sum.Cost+d.Cost, sum.Unpriced+d.Unpriced
		byCause[k] = sum
		if d.Unpriced > 0 && (d.Cost == 0) != (d.Known() == nil) {
			t.Fatalf("%+v costs %v", d, d.Known())
		}
	}
	for _, c := range r.Causes {
		if sum := byCause[Difference{Step: c.Step, Cause: c.Cause}]; sum.Messages != c.Messages || sum.Added != c.Added || sum.Cost != c.Cost || sum.Unpriced != c.Unpriced {
			t.Fatalf("the cause %s is %+v, and its differences are %+v", c.Cause, c, sum)
		}
	}
	if r.Matched.Cost != nil && r.Compared.Unpriced > 0 {
		t.Fatalf("%s of the money match, though %d messages have no known price", r.Matched.Cost, r.Compared.Unpriced)
	}
	// Messages without a price go from one account to the next only where a cause says so.
	for _, step := range []struct {
		of       Step
		from, to int
	}{{ToSettled, r.Expected.Unpriced, r.Settled.Unpriced}, {ToBilled, r.Compared.Unpriced, 0}} {
		said := 0
		for _, d := range r.Differences {
			if d.Step == step.of {
				said += max(d.Unpriced, -d.Unpriced)
			}
		}
		if apart := step.from - step.to; (step.of == ToSettled || r.Billed != nil) && max(apart, -apart) > said {
			t.Fatalf("%s: %d messages without a price differ, and causes say so of %d", step.of, apart, said)
		}
	}
	for _, d := range r.Days {
		if d.Matched.Messages != nil && (*d.Matched.Messages < 0 || *d.Matched.Messages > All) || d.Matched.Cost != nil && (*d.Matched.Cost < 0 || *d.Matched.Cost > All) {
			t.Fatalf("on %s it matches %s", d.Day, agreement(&d.Matched))
		}
	}
}

// TestReconcileAddsUp: whatever was sent and whatever Meta tells, the causes add up to the
// differences exactly, and the order of lines and points changes nothing.
func TestReconcileAddsUp(t *testing.T) {
	tiered := NewCards(&Card{
		Currency: "USD", From: "2026-10-01",
		Rates: map[Market]map[Category]Amount{
			"Germany": {Marketing: 136500, Utility: 55000, Service: 55000}, "India": {Marketing: 11800, Utility: 1400, Service: 1400}, Other: {Marketing: 60400, Utility: 7700},
		},
		Tiers: map[Market]map[Category][]Tier{"Germany": {Utility: {{To: 20, Rate: 55000}, {Rate: 52300}}}},
	})
	zones := []*time.Location{time.UTC, zoneOf(t, "Asia/Kathmandu"), zoneOf(t, "America/New_York")}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		begin := time.Date(2026, 10, 1, 0, 0, 0, 0, zone)
		moment := func(label string) time.Time {
			return begin.Add(time.Duration(rapid.IntRange(-2*96, 6*96).Draw(t, label)) * quarter)
		}
		categories := []Category{Marketing, Utility, Service, MarketingLite, ReferralConversion, AuthenticationInternational, "none"}
		markets := []string{"Germany", "India", "Other"}
		types := []PriceType{"", Regular, FreeCustomerService, FreeEntryPoint, NotBillable}
		var lines []*Line
		for range rapid.IntRange(0, 30).Draw(t, "lines") {
			l := &Line{
				Key: Key{
					PhoneNumberID: rapid.SampledFrom([]string{"1044", "1055", "1066"}).Draw(t, "number"), WABA: rapid.SampledFrom([]string{"2003", "2003", "2004"}).Draw(t, "waba"),
					Category: string(rapid.SampledFrom(categories).Draw(t, "category")), Market: rapid.SampledFrom(markets).Draw(t, "market"), Currency: rapid.SampledFrom([]Currency{"USD", "USD", "EUR"}).Draw(t, "currency"),
				},
				N: rapid.IntRange(1, 1200).Draw(t, "n"), Sent: moment("sent"), Zone: zone, Pool: "account", Told: rapid.SampledFrom(types).Draw(t, "told"),
				Send: Send{
					Fate: rapid.SampledFrom([]Fate{Refused, Accepted, Accepted, Accepted, Failed, Unknown}).Draw(t, "fate"), Status: rapid.SampledFrom([]string{"", "sent", "failed", "delivered", "delivered", "read"}).Draw(t, "status"),
					ByBusiness: rapid.Bool().Draw(t, "by business"), Part: rapid.SampledFrom([]Part{Whole, Whole, Whole, ToGroup, Divided, Copy}).Draw(t, "part"),
				},
			}
			l.Delivered = l.Sent.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "quarters")) * quarter)
			l.Estimated = string(rapid.SampledFrom([]Category{Category(l.Category), Category(l.Category), Utility, Marketing}).Draw(t, "estimated"))
			l.Estimate = tiered.Quote(&Message{
				Category: Category(l.Estimated), Market: Market(l.Market), Day: Day(l.Sent, zone), InWindow: !l.Send.ByBusiness,
				ServiceBefore: rapid.SampledFrom([]int{0, 1000}).Draw(t, "before"), ChargedBefore: rapid.SampledFrom([]int{0, 50}).Draw(t, "charged"),
			}, l.Currency)
			lines = append(lines, l)
		}
		length := rapid.SampledFrom([]time.Duration{30 * time.Minute, 24 * time.Hour}).Draw(t, "length")
		told := &Analytics{}
		for range rapid.IntRange(0, 30).Draw(t, "points") {
			start := moment("start").Truncate(length)
			p := AnalyticsPoint{
				Start: start, End: start.Add(length), Phone: rapid.SampledFrom([]string{"4930", "4931", "4939"}).Draw(t, "phone"), Country: rapid.SampledFrom([]string{"DE", "IN", "XX"}).Draw(t, "country"),
				Category: rapid.SampledFrom(categories).Draw(t, "told category"), Type: rapid.SampledFrom([]PriceType{Regular, Regular, FreeCustomerService, FreeEntryPoint, "free_tier"}).Draw(t, "type"),
				Tier: rapid.SampledFrom([]string{"", "0:20", "21:1000"}).Draw(t, "tier"), Volume: rapid.IntRange(0, 1200).Draw(t, "volume"),
			}
			p.Cost = rapid.SampledFrom([]Amount{0, 55000, 1400, 136500}).Draw(t, "unit") * Amount(p.Volume)
			if rapid.Bool().Draw(t, "odd") {
				p.Cost = Amount(rapid.IntRange(-1000, 100_000_000).Draw(t, "cost"))
			}
			told.Points = append(told.Points, p)
		}
		told.Phones, told.Countries = rapid.Bool().Draw(t, "phones"), rapid.Bool().Draw(t, "countries")
		told.Categories, told.Types = rapid.Bool().Draw(t, "categories"), rapid.Bool().Draw(t, "types")
		for i := range told.Points {
			p := &told.Points[i]
			if !told.Phones {
				p.Phone = ""
			}
			if !told.Countries {
				p.Country = ""
			}
			if !told.Categories {
				p.Category = ""
			}
			if !told.Types {
				p.Type = ""
			}
		}
		if rapid.Bool().Draw(t, "covers") {
			told.Covers = func(day string) bool { return day != "2026-10-03" }
		}
		q := &ReconcileQuestion{
			WABA: "2003", Zone: zone, Currency: "USD", From: "2026-10-01", To: "2026-10-05", Now: begin.AddDate(0, 0, 40), Cards: tiered,
			Numbers: map[string]string{"4930": "1044", "4931": "1055"},
		}
		r, err := q.Reconcile(yieldAll(lines), told)
		if err != nil {
			t.Fatal(err)
		}
		addsUp(t, r)

		// A report counts the same.
		report, err := (&Question{By: []string{"currency"}, Where: map[string][]string{"waba": {"2003"}, "currency": {"USD"}}, Cards: tiered, Has: func(at time.Time, zone *time.Location) bool {
			day := Day(at, zone)
			return day >= q.From && day < q.To
		}}).NewReport(yieldAll(lines))
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Totals) > 0 && (report.Totals[0].Actual != r.Settled.Cost || report.Totals[0].Estimated != r.Expected.Cost) {
			t.Fatalf("a report says that it cost %s and was expected to cost %s; settled are %s, and expected were %s", report.Totals[0].Actual, report.Totals[0].Estimated, r.Settled.Cost, r.Expected.Cost)
		}

		slices.Reverse(lines)
		slices.Reverse(told.Points)
		again, err := q.Reconcile(yieldAll(lines), told)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprintf("%+v", again.Differences), fmt.Sprintf("%+v", r.Differences); got != want {
			t.Fatalf("in another order it is\n%s\nand not\n%s", got, want)
		}
	})
}

// TestReconcileMidnights: where Meta's days begin at another time than the account's here,
// every day differs; that is one cause, and the reader is told.
func TestReconcileMidnights(t *testing.T) {
	kolkata := zoneOf(t, "Asia/Kolkata")
	var lines []*Line
	var points []AnalyticsPoint
	for day := 1; day <= 4; day++ {
		for _, hour := range []int{2, 12} { // in India; the first is the day before in UTC
			l := sent(t, 5*day, Marketing, "India")
			l.Sent = time.Date(2026, 10, day, hour, 0, 0, 0, kolkata)
			l.Delivered, l.Zone = l.Sent, kolkata
			lines = append(lines, l)
		}
	}
	for day, n := range map[string]int{"2026-09-30": 5, "2026-10-01": 15, "2026-10-02": 25, "2026-10-03": 35, "2026-10-04": 20} {
		points = append(points, pointOf(t, day, n, "IN", Marketing, Regular, (Amount(n)*11800).String()))
	}
	q := questionOf()
	q.Zone, q.From, q.To = kolkata, "2026-10-01", "2026-10-05"
	r, err := q.Reconcile(yieldAll(lines), toldOf(points...))
	if err != nil {
		t.Fatal(err)
	}
	addsUp(t, r)
	if len(r.Causes) != 1 || r.Causes[0].Cause != AnotherDay || r.Causes[0].Cost != -5*11800 {
		t.Errorf("the causes are %s", said(r))
	}
	if !strings.Contains(strings.Join(r.Notes, " "), "Meta's days begin 5h30m0s later than those in Asia/Kolkata") {
		t.Errorf("the notes are %q", r.Notes)
	}
}

// TestReconcileByMonth: figures by months are compared by months.
func TestReconcileByMonth(t *testing.T) {
	p := pointOf(t, "2026-10-01", 10, "DE", Marketing, Regular, "1.365")
	p.End = at(t, "2026-11-01T00:00:00Z")
	q := questionOf()
	if _, err := q.Reconcile(yieldAll(nil), toldOf(p)); err == nil || !strings.Contains(err.Error(), "compare whole months") {
		t.Errorf("of a day it is %v", err)
	}
	q.From, q.To = "2026-10-01", "2026-11-01"
	r, err := q.Reconcile(yieldAll([]*Line{sent(t, 9, Marketing, "Germany")}), toldOf(p))
	if err != nil {
		t.Fatal(err)
	}
	addsUp(t, r)
	if got := said(r); got != "billed/unknown_to_us 1 +1 0.1365" || len(r.Days) != 1 || r.Days[0].Day != "2026-10" {
		t.Errorf("the causes are %s of %+v", got, r.Days)
	}
}

// TestReconcileWhatIsTold: what Meta's figures don't tell apart isn't compared, and days that
// they don't have are compared with what was expected alone.
func TestReconcileWhatIsTold(t *testing.T) {
	lines := []*Line{sent(t, 10, Marketing, "Germany"), sent(t, 1005, Service, "Germany"), with(sent(t, 3, Marketing, "Germany"), func(l *Line) { l.PhoneNumberID = "1055" })}
	lines[1].Told = ""
	whole := AnalyticsPoint{Start: at(t, reconcileDay+"T00:00:00Z"), End: at(t, "2026-10-06T00:00:00Z"), Volume: 1018, Cost: 13*136500 + 5*55000}
	q := questionOf()
	q.To = "2026-10-08"
	told := toldOf(whole)
	told.Covers = nil
	r, err := q.Reconcile(yieldAll(lines), told)
	if err != nil {
		t.Fatal(err)
	}
	addsUp(t, r)
	notes := strings.Join(r.Notes, " ")
	for _, part := range []string{"lack 2 of the 3 days", "dimension PHONE", "dimension PRICING_TYPE"} {
		if !strings.Contains(notes, part) {
			t.Errorf("no note says %q: %q", part, r.Notes)
		}
	}
	if r.Billed.Cost != r.Compared.Cost || len(r.By) != 0 || agreement(&r.Matched) != "100.00 100.00" {
		t.Errorf("it compares %+v with %+v by %q and matches %s: %+v", r.Compared, r.Billed, r.By, agreement(&r.Matched), r.Differences)
	}
	q.From, q.To = "2026-11-01", "2026-11-03"
	if r, err = q.Reconcile(yieldAll(nil), told); err != nil || len(r.Notes) != 1 || r.Notes[0] != "Meta's figures tell of 2026-10-05 to 2026-10-05, and nothing of them was used: compared are 2026-11-01 to 2026-11-02." {
		t.Errorf("of other days it is %+v, %v", r, err)
	}
	q.Currency = "EUR"
	if _, err := q.Reconcile(yieldAll(nil), &Analytics{Currency: "USD"}); err == nil || !strings.Contains(err.Error(), "write currency USD") {
		t.Errorf("with another currency it is %v", err)
	}
	if r, err = q.Reconcile(yieldAll(nil), nil); err != nil || r.Billed != nil || len(r.Notes) != 1 {
		t.Errorf("without figures it is %+v, %v", r, err)
	}
}

func TestShares(t *testing.T) {
	for text, want := range map[string]Share{"99.5": 9950, "100": All, "0.01": 1, "0": 0, "99.87": 9987} {
		got, err := ParseShare(text)
		if err != nil || got != want {
			t.Errorf("%s is %d, %v", text, got, err)
		}
		var again Share
		if err := again.UnmarshalText([]byte(want.String())); err != nil || again != want {
			t.Errorf("%s is read as %d, %v", want, again, err)
		}
	}
	for _, text := range []string{"", "101", "-1", "99.555", "all", "99,5", "."} {
		if got, err := ParseShare(text); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}
