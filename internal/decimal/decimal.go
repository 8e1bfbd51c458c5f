// Package decimal writes amounts of money that are counted in millionths of a unit, exactly.
package decimal

import "strconv"

const (
	// Places is how many decimals an amount has.
	Places = 6
	// Unit is how many millionths the unit has.
	Unit = 1_000_000
	// shown are those that are written also where they are zero, as on rate cards.
	shown = 4
)

// Format writes millionths with a point and at least four decimals: 0.0618.
func Format(millionths int64) string {
	var room [24]byte // the longest is -9223372036854.775808
	return string(Append(room[:0], millionths))
}

// Append appends to text what Format writes.
func Append(text []byte, millionths int64) []byte {
	n := uint64(millionths)
	if millionths < 0 {
		text, n = append(text, '-'), -n
	}
	text = append(strconv.AppendUint(text, n/Unit, 10), '.')
	n %= Unit
	for place, left := uint64(Unit/10), Places; place > 0 && (n > 0 || left > Places-shown); place, left = place/10, left-1 {
		text = append(text, byte('0'+n/place))
		n %= place
	}
	return text
}
