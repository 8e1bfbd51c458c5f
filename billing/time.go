package billing

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ParseTime reads a point in time as operators write it: RFC 3339, a date (its
// midnight in a time zone), or how long ago, such as 90m, 24h or 7d.
func ParseTime(s string, zone *time.Location, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if t, err := Midnight(s, zone); err == nil {
		return t, nil
	}
	age, err := parseAge(s)
	switch {
	case errors.Is(err, errNegative):
		return time.Time{}, fmt.Errorf("%q lies in the future: an age says how long ago, such as 24h or 7d", s)
	case err != nil:
		return time.Time{}, fmt.Errorf("%q is no time; write 2026-11-22T10:00:00Z, 2026-11-22, or an age such as 24h or 7d", s)
	}
	return now.Add(-age), nil
}

// errNegative: an age is below zero.
var errNegative = errors.New("negative")

// days are what a duration says in days.
var days = regexp.MustCompile(`[-+.0-9]+d`)

// parseAge reads a duration that may have days.
func parseAge(s string) (time.Duration, error) {
	age, err := time.ParseDuration(days.ReplaceAllStringFunc(s, func(n string) string {
		f, err := strconv.ParseFloat(strings.TrimSuffix(n, "d"), 64)
		if err != nil {
			return n
		}
		return strconv.FormatFloat(24*f, 'f', -1, 64) + "h"
	}))
	if err == nil && age < 0 {
		return 0, errNegative
	}
	return age, err
}
