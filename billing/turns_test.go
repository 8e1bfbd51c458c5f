package billing

import (
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// byDay is a line whose times tell days alone.
func byDay(t interface{ Fatal(...any) }, l *Line) *Line {
	day := *l
	for _, at := range []*time.Time{&day.Sent, &day.Delivered} {
		begin, err := Midnight(Day(*at, l.Zone), l.Zone)
		if err != nil {
			t.Fatal(err)
		}
		*at = begin
	}
	return &day
}

// TestReportByDays: a report of lines that tell days alone, and quarters of an hour where that
// matters, is the one of lines that all tell them: whatever the allowance and the tiers, and
// also where numbers of one account are in different time zones.
func TestReportByDays(t *testing.T) {
	zones := map[string]*time.Location{"1": zoneOf(t, "Europe/Berlin"), "2": zoneOf(t, "Pacific/Auckland"), "3": zoneOf(t, "Europe/Berlin")}
	tiers := NewCards(append(Shipped().All(), &Card{
		Currency: "USD", From: "2026-10-01", Rates: map[Market]map[Category]Amount{"Germany": {Utility: 50, Service: 70}, "India": {Utility: 14, Service: 20}},
		Tiers: map[Market]map[Category][]Tier{
			"Germany": {Utility: {{To: 300, Rate: 50}, {To: 1500, Rate: 40}, {Rate: 30}}},
			"India":   {Service: {{To: 200, Rate: 20}, {Rate: 10}}},
		},
	})...)
	matters := 0
	rapid.Check(t, func(t *rapid.T) {
		var lines []*Line
		for range rapid.IntRange(0, 25).Draw(t, "lines") {
			sent := time.Date(2026, 9, 29, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "quarter")) * quarter)
			category := rapid.SampledFrom([]Category{Service, Utility, Marketing}).Draw(t, "category")
			number := rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "number")
			lines = append(lines, &Line{
				Key: Key{
					PhoneNumberID: number, Category: string(category), Market: rapid.SampledFrom([]string{"Germany", "India"}).Draw(t, "market"), Template: rapid.SampledFrom([]string{"", "sale"}).Draw(t, "template"),
					Currency: "USD",
				},
				N: rapid.IntRange(0, 900).Draw(t, "n"), Sent: sent, Delivered: sent.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "after")) * quarter), Zone: zones[number], Pool: "account 1",
				Send: Send{Fate: Accepted, Status: rapid.SampledFrom([]string{"", "delivered", "read", "failed"}).Draw(t, "status"), ByBusiness: rapid.Bool().Draw(t, "initiation"), Part: rapid.SampledFrom([]Part{Whole, Whole, Whole, ToGroup, Divided, Copy}).Draw(t, "part")},
				Told: rapid.SampledFrom([]PriceType{"", "", Regular, FreeCustomerService, FreeEntryPoint}).Draw(t, "told"), Exact: rapid.IntRange(0, 9).Draw(t, "exact") == 0,
			})
			if rapid.IntRange(0, 4).Draw(t, "corrected") == 0 { // to something else
				l := lines[len(lines)-1]
				corrected, is := *l, *l
				corrected.N = -rapid.IntRange(0, l.N).Draw(t, "of those")
				is.N, is.Told = -corrected.N, Regular
				lines = append(lines, &corrected, &is)
			}
		}
		what := rapid.SampledFrom([]*WhatIf{nil, {Rules: new(RulesOn("2026-10-01"))}, {Rules: new(RulesOn("2024-01-01"))}}).Draw(t, "what if")
		var told ToldTiers
		if rapid.Bool().Draw(t, "told of tiers") {
			told = NewToldTiers(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ToldTier {
				band := rapid.SampledFrom([]ToldTier{{From: 301, To: 1500}, {From: 1501}, {From: 201}, {From: 101, To: 200}}).Draw(t, "band")
				band.At = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 6*24*60).Draw(t, "told at")) * time.Minute)
				return band
			}), 0, 3).Draw(t, "told")...)
		}
		report := func(lines []*Line, finer func(*Turns) iter.Seq2[*Line, error]) string {
			q := Question{Cards: tiers, Told: func(_, month string, m Market, c Category) ToldTiers {
				if month != "2026-10" || m == "Germany" && c == Service {
					return nil
				}
				return told
			}, If: what, Compare: what != nil, Finer: finer, Has: func(at time.Time, zone *time.Location) bool { return Day(at, zone) >= "2026-10-01" }}
			reports, err := q.NewReports(yieldAll(lines), []string{"day", "number", "category", "price_type"}, []string{"template", "card"})
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			for _, r := range reports {
				for _, row := range r.Rows {
					said += fmt.Sprintf("%+v\n", row)
				}
				for _, total := range r.Totals {
					said += fmt.Sprint(total.Was, total.WasUnpriced, "\n")
				}
			}
			return said
		}
		var days []*Line
		for _, l := range lines {
			if l.Exact {
				days = append(days, l)
			} else {
				days = append(days, byDay(t, l))
			}
		}
		got := report(days, func(turns *Turns) iter.Seq2[*Line, error] {
			matters++
			return func(yield func(*Line, error) bool) {
				for _, l := range lines {
					if !l.Exact && !l.Sent.Before(turns.From) && l.Sent.Before(turns.To) && !yield(l, nil) {
						return
					}
				}
			}
		})
		if want := report(lines, nil); got != want {
			t.Fatalf("by days:\n%s\nby quarters of an hour:\n%s", got, want)
		}
	})
	if matters == 0 {
		t.Error("the order never mattered")
	}
}

// TestTurns: the order of messages matters on the days on which an allowance or a band ends.
func TestTurns(t *testing.T) {
	lines := []*Line{
		message(t, 600, Service, "Germany", "2026-10-01T10:00:00Z", "UTC"), message(t, 400, Service, "Germany", "2026-10-02T10:00:00Z", "UTC"),
		message(t, 5000, Service, "Germany", "2026-10-03T10:00:00Z", "UTC"), message(t, 5000, Marketing, "Germany", "2026-10-03T10:00:00Z", "UTC"),
		message(t, 999, Service, "Germany", "2026-11-01T10:00:00Z", "UTC"), message(t, 2, Service, "Germany", "2026-11-02T10:00:00Z", "UTC"), message(t, 5000, Service, "Germany", "2026-11-03T10:00:00Z", "UTC"),
	}
	var days []*Line
	for _, l := range lines {
		days = append(days, byDay(t, l))
	}
	var on []string
	q := &Question{Cards: Shipped(), Finer: func(turns *Turns) iter.Seq2[*Line, error] {
		if got := turns.From.Format(time.DateOnly) + " " + turns.To.Format(time.DateOnly); got != "2026-11-02 2026-11-03" {
			t.Errorf("they were sent from and until %s", got)
		}
		for _, l := range lines {
			if turns.Matter(l) {
				on = append(on, Day(l.Delivered, l.Zone)+" "+l.Category)
			}
		}
		return yieldAll(lines)
	}}
	r, err := q.NewReport(yieldAll(days))
	if err != nil || !slices.Equal(on, []string{"2026-11-02 service"}) || r.Totals[0].Actual != 5000*55_000+5000*136_500+5001*55_000 {
		t.Errorf("it matters on %q; %+v, %v", on, r.Totals, err)
	}
}
