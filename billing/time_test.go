package billing

import (
	"strings"
	"testing"
	"time"
)

func TestAge(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "24h": 24 * time.Hour, "7d": 7 * 24 * time.Hour, "1.5d": 36 * time.Hour, "1d12h": 36 * time.Hour,
		"1h7d": 169 * time.Hour, "0": 0,
	} {
		if got, err := parseAge(s); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", s, got, err, want)
		}
	}
	for _, s := range []string{"", "d", "x", "7", "7days", "2026-11-02", "-1h", "-7d"} {
		if got, err := parseAge(s); err == nil {
			t.Errorf("%q is taken for %s", s, got)
		}
	}
}

// What operators write is a time, or an error that says how to write one.
func TestParseTime(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	for s, want := range map[string]string{
		"2026-11-01T10:00:00+01:00": "2026-11-01T09:00:00Z", "2026-11-01": "2026-10-31T23:00:00Z", "24h": "2026-11-01T09:00:00Z", "7d": "2026-10-26T09:00:00Z",
	} {
		if got, err := ParseTime(s, berlin, now); err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%s is %s, %v; want %s", s, got, err, want)
		}
	}
	for s, want := range map[string]string{"": "is no time", "soon": "is no time", "2026-13-01": "is no time", "-24h": "lies in the future", "-7d": "lies in the future"} {
		if got, err := ParseTime(s, berlin, now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %s, %v; want an error with %q", s, got, err, want)
		}
	}
}
