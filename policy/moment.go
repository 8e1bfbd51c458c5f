package policy

import "time"

// Moment is a point in time in Unix milliseconds. Zero means "never". It is an
// integer so that records keep it exactly and two of them merge by taking the
// larger one.
type Moment int64

// MomentOf is t rounded down to the millisecond. The zero time is never.
func MomentOf(t time.Time) Moment {
	if t.IsZero() {
		return 0
	}
	return Moment(t.UnixMilli())
}

// Time is m as a UTC time; never is the zero time.
func (m Moment) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

// Add is m moved by d, at millisecond precision.
func (m Moment) Add(d time.Duration) Moment { return m + Moment(d.Milliseconds()) }

// String is m in RFC 3339 with seconds, or "never".
func (m Moment) String() string {
	var buf [len(time.RFC3339)]byte
	return string(m.append(buf[:0]))
}

// append appends what String says.
func (m Moment) append(b []byte) []byte {
	if m == 0 {
		return append(b, "never"...)
	}
	return m.Time().AppendFormat(b, time.RFC3339)
}
