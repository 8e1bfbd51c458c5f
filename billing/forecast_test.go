package billing

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// forecastOf is the forecast of what was delivered, at noon of a day: category, messages and
// cost so far, and of the whole month.
func forecastOf(t *testing.T, now time.Time, lines []*Line) (string, error) {
	t.Helper()
	today := Day(now, time.UTC)
	history := &Question{By: ForecastBy, Cards: Shipped(), If: &WhatIf{Rules: new(RulesOn(today)), CardsOf: today}, Has: func(at time.Time, _ *time.Location) bool {
		return !at.Before(now.AddDate(0, 0, -ForecastDays).Truncate(24*time.Hour)) && at.Before(now)
	}}
	month := &Question{By: ForecastBy, Cards: Shipped(), Has: func(at time.Time, _ *time.Location) bool { return Day(at, time.UTC)[:7] == today[:7] && at.Before(now) }}
	var reports [2]*Report
	for i, q := range []*Question{history, month} {
		var err error
		if reports[i], err = q.NewReport(yieldAll(lines)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := NewForecast(reports[0], reports[1], Shipped(), now)
	if err != nil {
		return "", err
	}
	var rows []string
	for _, r := range f.Rows {
		rows = append(rows, fmt.Sprint(r.Category, " ", r.Delivered, " ", r.Cost, " -> ", r.ExpectedDelivered, " ", r.ExpectedCost))
	}
	return strings.Join(rows, "; "), nil
}

// What goes on as it did for four weeks comes to as much a day to the end of the month, with
// the allowance taken off once.
func TestForecast(t *testing.T) {
	now := time.Date(2026, time.November, 15, 12, 0, 0, 0, time.UTC)
	daily := func(n int, category Category, from, to int) (lines []*Line) {
		for back := from; back >= to; back-- {
			if back == 0 {
				n = n * 4 / 10
			}
			lines = append(lines, message(t, n, category, "Germany", now.AddDate(0, 0, -back).Add(-3*time.Hour).Format(time.RFC3339), "UTC"))
		}
		return lines
	}
	weekends := func() (lines []*Line) { // only on Saturdays and Sundays
		for _, l := range daily(10, Marketing, 28, 1) {
			if of := l.Sent.Weekday(); of == time.Saturday || of == time.Sunday {
				lines = append(lines, l)
			} else {
				lines = append(lines, message(t, 1, Utility, "Germany", l.Sent.Format(time.RFC3339), "UTC"))
			}
		}
		return lines
	}
	for _, test := range []struct {
		name  string
		lines []*Line
		want  string
	}{
		{"as much every day", daily(10, Marketing, 28, 0), "marketing 144 19.6560 -> 300 40.9500"},
		{"the allowance once", daily(100, Service, 28, 0), "service 1440 24.2000 -> 3000 110.0000"},
		{"the allowance not used up yet", daily(40, Service, 28, 0), "service 576 0.0000 -> 1200 11.0000"},
		{"never beyond it", daily(10, Service, 28, 0), "service 144 0.0000 -> 300 0.0000"},
		{"since a week", daily(10, Marketing, 7, 0), "marketing 74 10.1010 -> 230 31.3950"},
		{"by days of the week", weekends(), "marketing 40 5.4600 -> 90 12.2850; utility 10 0.5500 -> 21 1.1550"},
	} {
		got, err := forecastOf(t, now, test.lines)
		if err != nil || got != test.want {
			t.Errorf("%s: %s, %v; want %s", test.name, got, err, test.want)
		}
	}
	for name, lines := range map[string][]*Line{"nothing": nil, "three days": daily(10, Marketing, 3, 0)} {
		if got, err := forecastOf(t, now, lines); !errors.As(err, new(*TooFewDays)) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// On the first days of October what was sent in September is priced by October's rules.
func TestForecastAcrossRules(t *testing.T) {
	now := time.Date(2026, time.October, 1, 12, 0, 0, 0, time.UTC)
	var lines []*Line
	for back := 28; back >= 1; back-- {
		l := message(t, 10, Utility, "Germany", now.AddDate(0, 0, -back).Format(time.RFC3339), "UTC")
		l.Send.ByBusiness, l.Told = false, FreeCustomerService
		lines = append(lines, l)
	}
	if got, err := forecastOf(t, now, lines); err != nil || got != "utility 0 0.0000 -> 310 17.0500" {
		t.Errorf("%s, %v", got, err)
	}
}
