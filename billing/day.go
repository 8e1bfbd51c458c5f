package billing

import (
	"fmt"
	"time"
)

// Meta bills by the days of the WhatsApp Business Account's time zone.

// Day is the date of a time where the account is.
func Day(at time.Time, zone *time.Location) string { return at.In(zone).Format(time.DateOnly) }

// quarter divides every change of clocks and every offset of our time.
const quarter = 15 * time.Minute

// Midnight is when the day of a date begins in a time zone: at its first moment.
// Where clocks are put forward at midnight, that is 01:00; where they are put
// back over it, it is the earlier one.
func Midnight(date string, zone *time.Location) (time.Time, error) {
	noon, err := time.ParseInLocation(time.DateOnly+" 15", date+" 12", zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no date; write 2026-11-22", date)
	}
	// From a time that is surely the day before.
	t := noon.Add(-18 * time.Hour)
	for Day(t, zone) < date {
		t = t.Add(quarter)
	}
	return t, nil
}
