package store

import (
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
)

// A day begins with a quarter in every time zone, also where clocks are put forward at
// midnight and the day has none.
func TestDayBegins(t *testing.T) {
	for _, c := range []struct{ zone, at, begins string }{
		{"UTC", "2026-09-06T23:59:59Z", "2026-09-06T00:00:00Z"},
		{"UTC", "2026-09-06T00:00:00Z", "2026-09-06T00:00:00Z"},
		{"Europe/Berlin", "2026-10-25T22:59:00Z", "2026-10-24T22:00:00Z"}, // of 25 hours
		{"Asia/Kathmandu", "2026-09-06T18:14:59Z", "2026-09-05T18:15:00Z"},
		{"Asia/Kathmandu", "2026-09-06T18:15:00Z", "2026-09-06T18:15:00Z"},
		{"America/Santiago", "2026-09-06T12:00:00Z", "2026-09-06T04:00:00Z"}, // which begins at one o'clock
		{"America/Santiago", "2026-09-06T04:00:00Z", "2026-09-06T04:00:00Z"},
		{"America/Santiago", "2026-09-06T03:59:59Z", "2026-09-05T04:00:00Z"},
		{"Africa/Cairo", "2026-04-24T10:00:00Z", "2026-04-23T22:00:00Z"}, // as well
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		begins := beginOf(dayBegins(numberOf(policy.MomentOf(at)), zone)).Time().UTC().Format(time.RFC3339)
		if begins != c.begins {
			t.Errorf("in %s, the day of %s begins at %s, want %s", c.zone, c.at, begins, c.begins)
		}
	}
}

// A day is the same for all of its quarters, whatever was asked for before, also where clocks
// change and where a country leaves out a day.
func TestDayOf(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kwajalein"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		days := &zoneDays{loc: zone, known: make(map[int64]span)}
		var last span
		for _, year := range []int{1993, 2011, 2026} {
			first := numberOf(policy.MomentOf(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)))
			for q := first; q < first+366*96; q++ {
				if got, want := days.begin(q, &last), dayBegins(q, zone); got != want {
					t.Fatalf("%s: the day of %s begins at %s, want %s", name, beginOf(q).Time(), beginOf(got).Time(), beginOf(want).Time())
				}
			}
		}
	}
}
