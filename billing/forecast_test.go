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
	weeks, begins := ForecastFrom(now)
	history := &Question{By: ForecastBy, Cards: Shipped(), If: &WhatIf{At: now}, Has: func(at time.Time, zone *time.Location) bool { return Day(at, zone) >= weeks && at.Before(now) }}
	month := &Question{By: ForecastBy, Cards: Shipped(), Has: func(at time.Time, zone *time.Location) bool { return Day(at, zone) >= begins && at.Before(now) }}
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
		rows = append(rows, fmt.Sprint(r.Month, " ", r.Category, " ", r.Delivered, " ", r.Cost, more(r.Unpriced), " -> ", r.ExpectedDelivered, " ", r.ExpectedCost, more(r.ExpectedUnpriced)))
	}
	return strings.Join(rows, "; "), nil
}

// more are messages without a known price.
func more(unpriced int) string {
	if unpriced == 0 {
		return ""
	}
	return fmt.Sprint(" + ", unpriced)
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
		{"as much every day", daily(10, Marketing, 28, 0), "2026-11 marketing 144 19.6560 -> 300 40.9500"},
		{"the allowance once", daily(100, Service, 28, 0), "2026-11 service 1440 24.2000 -> 3000 110.0000"},
		{"the allowance not used up yet", daily(40, Service, 28, 0), "2026-11 service 576 0.0000 -> 1200 11.0000"},
		{"never beyond it", daily(10, Service, 28, 0), "2026-11 service 144 0.0000 -> 300 0.0000"},
		{"since a week", daily(10, Marketing, 7, 0), "2026-11 marketing 74 10.1010 -> 230 31.3950"},
		{"by days of the week", weekends(), "2026-11 marketing 40 5.4600 -> 90 12.2850; 2026-11 utility 10 0.5500 -> 21 1.1550"},
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
	if got, err := forecastOf(t, now, lines); err != nil || got != "2026-10 utility 0 0.0000 -> 310 17.0500" {
		t.Errorf("%s, %v", got, err)
	}
}

// What has no price is counted, and a cost that nobody knows is none.
func TestForecastOfTheUnpriced(t *testing.T) {
	now := time.Date(2026, time.November, 15, 12, 0, 0, 0, time.UTC)
	var lines []*Line
	for back := 28; back >= 1; back-- {
		delivered := now.AddDate(0, 0, -back).Format(time.RFC3339)
		lines = append(lines, message(t, 2, GeneralPurposeAI, "Germany", delivered, "UTC"), message(t, 10, Marketing, "Germany", delivered, "UTC"), message(t, 1, Marketing, "Atlantis", delivered, "UTC"))
	}
	want := "2026-11 general_purpose_ai 28 <nil> + 28 -> 60 <nil> + 60; 2026-11 marketing 154 19.1100 + 14 -> 330 40.9500 + 30"
	if got, err := forecastOf(t, now, lines); err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
}

// Each account has its own today: near the edge of a month its running month is another
// than elsewhere, and so are its four weeks and its rules. Nothing of another month is
// counted into it.
func TestForecastAtTheEdgeOfAMonth(t *testing.T) {
	const auckland, angeles = "Pacific/Auckland", "America/Los_Angeles"
	// daily is so many messages at noon of each of the days before an account's today.
	daily := func(now time.Time, n int, category Category, zone string, from, to int) (lines []*Line) {
		y, m, d := now.In(zoneOf(t, zone)).Date()
		for back := from; back >= to; back-- {
			noon := time.Date(y, m, d-back, 12, 0, 0, 0, zoneOf(t, zone))
			if back == 0 {
				noon = now.Add(-10 * time.Minute)
			}
			l := message(t, n, category, "Germany", noon.UTC().Format(time.RFC3339), zone)
			l.PhoneNumberID = "of " + zone
			lines = append(lines, l)
		}
		return lines
	}
	for _, test := range []struct {
		name, now string
		lines     func(now time.Time) []*Line
		want      string
	}{
		// 23:30 on 30 November in Auckland, of whose November half an hour is left.
		{"before midnight in the east", "2026-11-30T10:30:00Z", func(now time.Time) []*Line { return daily(now, 10, Marketing, auckland, 33, 0) }, "2026-11 marketing 300 40.9500 -> 300 40.9500"},
		// 00:30 on 1 December there, and still November in UTC.
		{"after midnight in the east", "2026-11-30T11:30:00Z", func(now time.Time) []*Line { return daily(now, 10, Marketing, auckland, 33, 0) }, "2026-12 marketing 10 1.3650 -> 310 42.3150"},
		// 22:00 on 31 October in Los Angeles, and November in UTC.
		{"before midnight in the west", "2026-11-01T05:00:00Z", func(now time.Time) []*Line { return daily(now, 10, Marketing, angeles, 33, 0) }, "2026-10 marketing 310 42.3150 -> 310 42.3150"},
		{"as many on each of 28 days, and fewer before", "2026-11-01T05:00:00Z", func(now time.Time) []*Line {
			return append(daily(now, 10, Marketing, angeles, 28, 1), daily(now, 700, Marketing, angeles, 29, 29)...)
		}, "2026-10 marketing 980 133.7700 -> 990 135.1350"},
		{"each in its own month", "2026-11-30T11:30:00Z", func(now time.Time) []*Line {
			return append(daily(now, 10, Marketing, auckland, 33, 0), daily(now, 10, Marketing, angeles, 33, 0)...)
		}, "2026-11 marketing 300 40.9500 -> 300 40.9500; 2026-12 marketing 10 1.3650 -> 310 42.3150"},
		// 22:00 on 30 September in Los Angeles: the rules of October don't hold yet, so that
		// service messages are free.
		{"the rules of its own day", "2026-10-01T05:00:00Z", func(now time.Time) []*Line { return daily(now, 2000, Service, angeles, 28, 0) }, "2026-09 service 58000 0.0000 -> 58000 0.0000"},
		// 01:00 on 1 October in Auckland: they hold, and the allowance is a new one.
		{"the allowance of its own month", "2026-09-30T12:00:00Z", func(now time.Time) []*Line { return daily(now, 2000, Service, auckland, 28, 0) }, "2026-10 service 2000 55.0000 -> 62000 3355.0000"},
	} {
		now := at(t, test.now)
		got, err := forecastOf(t, now, test.lines(now))
		if err != nil || got != test.want {
			t.Errorf("%s: %s, %v; want %s", test.name, got, err, test.want)
		}
	}
}
