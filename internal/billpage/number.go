package billpage

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/waguard/waguard/billing"
)

// Numbers as people read them: with commas between thousands and a point before decimals.

// count is a number of messages.
func count[N int | int64](n N) string { return grouped(strconv.FormatInt(int64(n), 10)) }

// money is an amount with all of its decimals.
func money(a billing.Amount) string { return grouped(a.String()) }

// grouped puts commas between the thousands of a number that is written in digits.
func grouped(s string) string {
	whole, fraction, pointed := strings.Cut(s, ".")
	digits := strings.TrimPrefix(whole, "-")
	var b strings.Builder
	b.WriteString(whole[:len(whole)-len(digits)])
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if pointed {
		b.WriteString("." + fraction)
	}
	return b.String()
}

// short is an amount for the axis of a chart, which is a round one.
func short(a int64) string {
	s := strings.TrimRight(billing.Amount(a).String(), "0")
	whole, fraction, _ := strings.Cut(s, ".")
	switch len(fraction) {
	case 0:
		return grouped(whole)
	case 1:
		fraction += "0"
	}
	return grouped(whole) + "." + fraction
}

// share is a part of a whole in per cent.
func share(part, whole int64) string {
	switch tenths := scaled(part, whole, 1000); {
	case part <= 0 || whole <= 0:
		return "0 %"
	case tenths == 0:
		return "<0.1 %"
	default:
		return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
	}
}

// percent is a part of a whole as SVG writes lengths.
func percent(part, whole int64) string {
	thousandths := scaled(part, whole, 100_000)
	return fmt.Sprintf("%d.%03d%%", thousandths/1000, thousandths%1000)
}

// scaled is how many of some steps a part of a whole is, rounded.
func scaled(part, whole, steps int64) int64 {
	if part <= 0 || whole <= 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(min(part, whole)), uint64(steps))
	low, carry := bits.Add64(low, uint64(whole/2), 0)
	n, _ := bits.Div64(high+carry, low, uint64(whole))
	return int64(n)
}

// plural is a number of things.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}
