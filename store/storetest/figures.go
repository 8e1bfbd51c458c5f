package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/store"
)

// figuresOn are an account's of a day with some points.
func figuresOn(waba, day string, points int) *store.Figures {
	f := &store.Figures{WABA: waba, Day: day, At: start, Currency: "EUR"}
	begin, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	for i := range points {
		f.Points = append(f.Points, billing.AnalyticsPoint{
			Start: begin, End: begin.AddDate(0, 0, 1), Phone: fmt.Sprint(4930000000 + i), Country: "DE", Category: billing.Utility, Type: billing.Regular, Tier: "0:250000", Volume: i + 1, Cost: billing.Amount(55_000 * (i + 1)),
		})
	}
	return f
}

// testFigures: what Meta charges is kept by account and day, whatever comes in which order; a
// later word takes the place of an earlier one, be it shorter or longer.
func testFigures(t *testing.T, open Open) {
	f := newFixture(t, open)
	put := func(figures *store.Figures) {
		t.Helper()
		if err := f.PutFigures(t.Context(), figures); err != nil {
			t.Fatal(err)
		}
	}
	are := func(waba, from, to string, want ...*store.Figures) {
		t.Helper()
		got, err := f.Figures(t.Context(), waba, from, to)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("of %s from %s to %s there are %d days, %v; want %d", waba, from, to, len(got), err, len(want))
		}
	}
	are(waba, "2026-09-01", "2026-10-01")
	second, third, other := figuresOn(waba, "2026-09-02", 2500), figuresOn(waba, "2026-09-03", 0), figuresOn("other", "2026-09-02", 1)
	put(third)
	put(second)
	put(other)
	for _, reopened := range []bool{false, true} {
		if reopened {
			f.reopen()
		}
		are(waba, "2026-09-01", "2026-10-01", second, third)
		are(waba, "2026-09-02", "2026-09-03", second)
		are(waba, "2026-09-03", "2026-09-04", third)
		are(waba, "2026-09-04", "2026-10-01")
		are("other", "2026-09-01", "2026-10-01", other)
		are("another", "2026-09-01", "2026-10-01")
	}
	for _, points := range []int{1, 1000, 1001, 0} {
		second = figuresOn(waba, "2026-09-02", points)
		put(second)
		are(waba, "2026-09-01", "2026-10-01", second, third)
	}
	if err := f.PutFigures(t.Context(), figuresOn(waba, "2026-09-02", 20_000)); err == nil {
		t.Error("a day of 20,000 points is kept")
	}
	are(waba, "2026-09-02", "2026-09-03", second)
	wrong := figuresOn(waba, "2026-09-02", 1)
	if wrong.Day = "yesterday"; f.PutFigures(t.Context(), wrong) == nil {
		t.Error("a day that is none is kept")
	}
}
