package consent

import (
	"errors"
	"time"
)

// A day begins this much earlier than in UTC where it begins first, and ends this much
// later where it ends last. Who names a day, or a time without its zone, need not say
// where.
const (
	firstZone = 14 * time.Hour
	lastZone  = 12 * time.Hour
)

// givenLayouts are times with their zone, as RFC 3339 and databases write them.
var givenLayouts = []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05 MST"}

// ParseGiven reads when a person said something: no earlier than from, no later than to.
// These are one for a time with its zone. A day, or a time that doesn't say where, has
// the first and the last moment that it was so anywhere: an opt-in was given no earlier
// than the one, and an opt-out holds up to the other.
func ParseGiven(s string) (from, to time.Time, err error) {
	for i, layout := range givenLayouts {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if i == len(givenLayouts)-1 && t.Location() != time.UTC {
			break // the name of a zone can be that of several
		}
		return t, t, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.Add(-firstZone), t.Add(24*time.Hour - time.Millisecond + lastZone), nil
	}
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Add(-firstZone), t.Add(lastZone), nil
		}
	}
	return from, to, errors.New("write when the person said so as 2026-11-22T10:00:00Z or 2026-11-22")
}
