package billing

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Days begin at midnight where the account is, also when clocks change.
func TestMidnight(t *testing.T) {
	for _, test := range []struct{ date, zone, want string }{
		{"2026-11-02", "UTC", "2026-11-02T00:00:00Z"},
		{"2026-11-02", "Europe/Berlin", "2026-11-01T23:00:00Z"},
		{"2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00Z"}, // a day of 23 hours
		{"2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00Z"},
		{"2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00Z"}, // a day of 25 hours
		{"2026-10-26", "Europe/Berlin", "2026-10-25T23:00:00Z"},
		{"2026-11-02", "Asia/Kolkata", "2026-11-01T18:30:00Z"},
		{"2026-11-02", "Asia/Kathmandu", "2026-11-01T18:15:00Z"},
		{"2026-11-02", "Pacific/Kiritimati", "2026-11-01T10:00:00Z"},
		{"2026-11-02", "Pacific/Pago_Pago", "2026-11-02T11:00:00Z"},
		{"2026-11-01", "America/New_York", "2026-11-01T04:00:00Z"},
		{"2026-11-02", "America/New_York", "2026-11-02T05:00:00Z"},
		{"2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z"}, // 00:00 did not exist
		{"2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00:00Z"}, // 23:00 came twice the day before
		{"2026-11-01", "America/Havana", "2026-11-01T04:00:00Z"},    // 00:00 comes twice
		{"2025-04-25", "Africa/Cairo", "2025-04-24T22:00:00Z"},      // 00:00 did not exist
	} {
		zone, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Midnight(test.date, zone)
		if err != nil || got.UTC().Format(time.RFC3339) != test.want {
			t.Errorf("%s in %s begins at %s, %v; want %s", test.date, test.zone, got.UTC().Format(time.RFC3339), err, test.want)
		}
	}
	for _, date := range []string{"", "2026-13-01", "2026-02-30", "yesterday", "2026-11-02T00:00:00Z"} {
		if got, err := Midnight(date, time.UTC); err == nil {
			t.Errorf("%q is a date, and begins at %s", date, got)
		}
	}
}

// Every moment belongs to one day: from its midnight up to the next one's.
func TestDays(t *testing.T) {
	zones := []string{
		"UTC", "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/Santiago", "America/Havana", "America/St_Johns", "Asia/Kolkata", "Asia/Kathmandu",
		"Asia/Beirut", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Sao_Paulo",
	}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(1_500_000_000, 2_000_000_000).Draw(t, "at"), 0)
		date := Day(at, zone)
		begins, err := Midnight(date, zone)
		if err != nil {
			t.Fatal(err)
		}
		y, m, d := at.In(zone).Date()
		ends, err := Midnight(time.Date(y, m, d+1, 12, 0, 0, 0, time.UTC).Format(time.DateOnly), zone)
		if err != nil || at.Before(begins) || !at.Before(ends) {
			t.Errorf("%s is %s in %s, from %s to %s, %v", at, date, zone, begins, ends, err)
		}
		if before := Day(begins.Add(-time.Second), zone); before >= date {
			t.Errorf("a second before %s begins in %s it is %s", date, zone, before)
		}
	})
}
