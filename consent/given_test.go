package consent

import (
	"testing"
	"time"
)

// Times are read as programs and databases write them; without a zone they are
// what they can be in any.
func TestParseGiven(t *testing.T) {
	for _, test := range []struct{ written, from, to string }{
		{"2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"},
		{"2026-11-22T10:00:00.123456+02:00", "2026-11-22T08:00:00.123456Z", "2026-11-22T08:00:00.123456Z"},
		{"2026-11-22T10:00:00+0200", "2026-11-22T08:00:00Z", "2026-11-22T08:00:00Z"},
		{"2026-11-22 10:00:00+02", "2026-11-22T08:00:00Z", "2026-11-22T08:00:00Z"},
		{"2026-11-22 10:00:00.5+05:30", "2026-11-22T04:30:00.5Z", "2026-11-22T04:30:00.5Z"},
		{"2026-11-22 10:00:00Z", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"},
		{"2026-11-22 10:00:00 UTC", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"},
		{"2026-11-22", "2026-11-21T10:00:00Z", "2026-11-23T11:59:59.999Z"},
		{"2026-11-22 10:00:00", "2026-11-21T20:00:00Z", "2026-11-22T22:00:00Z"},
		{"2026-11-22T10:00:00", "2026-11-21T20:00:00Z", "2026-11-22T22:00:00Z"},
		{"2026-11-22 10:00:00 CST", "", ""}, // China, Cuba and the middle of America
		{"22.11.2026", "", ""},
		{"11/22/2026", "", ""},
		{"2026-11-31", "", ""},
		{"yesterday", "", ""},
		{"", "", ""},
		{"1795739655", "", ""},
	} {
		from, to, err := ParseGiven(test.written)
		if err != nil {
			if test.from != "" {
				t.Errorf("%q: %v", test.written, err)
			}
			continue
		}
		if got := from.UTC().Format(time.RFC3339Nano) + " " + to.UTC().Format(time.RFC3339Nano); got != test.from+" "+test.to {
			t.Errorf("%q is %s, want %s %s", test.written, got, test.from, test.to)
		}
	}
}
