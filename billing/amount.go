package billing

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/text/currency"

	"github.com/waguard/waguard/internal/decimal"
)

// Amount is an amount of money in millionths of the unit of its currency, exact. Rate
// cards have four decimals, and none is known to have more than six.
type Amount int64

// ErrOverflow: a sum of money is larger than there is money.
var ErrOverflow = errors.New("the amount is too large to be counted")

// ParseAmount reads an amount such as 0.0618: digits, with at most six of them behind
// the point. What has more is no price of a card, and is refused rather than rounded.
func ParseAmount(s string) (Amount, error) {
	whole, fraction, pointed := strings.Cut(s, ".")
	negative := strings.HasPrefix(whole, "-")
	whole = strings.TrimPrefix(whole, "-")
	if whole == "" || pointed && fraction == "" || !digits(whole) || !digits(fraction) {
		return 0, fmt.Errorf("%q is no amount of money; write it as 0.0618", s)
	}
	if len(fraction) > decimal.Places {
		return 0, fmt.Errorf("%q has more than %d decimals, which would have to be rounded", s, decimal.Places)
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", decimal.Places-len(fraction)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q: %w", s, ErrOverflow)
	}
	if negative {
		n = -n
	}
	return Amount(n), nil
}

func digits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// String is the amount as cards write it: with a point, and at least four decimals.
func (a Amount) String() string { return decimal.Format(int64(a)) }

// MarshalText writes the amount as String does: a number would lose digits in readers
// that make floats of numbers.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (a *Amount) UnmarshalText(text []byte) (err error) {
	*a, err = ParseAmount(string(text))
	return err
}

// Plus is the sum of two amounts of one currency.
func (a Amount) Plus(b Amount) (Amount, error) {
	sum := a + b
	if (sum > a) != (b > 0) {
		return 0, ErrOverflow
	}
	return sum, nil
}

// Times is what n of the same price come to.
func (a Amount) Times(n int) (Amount, error) {
	if a == 0 || n == 0 {
		return 0, nil
	}
	product := a * Amount(n)
	if product/Amount(n) != a || a == math.MinInt64 && n == -1 {
		return 0, ErrOverflow
	}
	return product, nil
}

// Currency is a code of ISO 4217, such as USD.
type Currency string

// ParseCurrency reads a code in any case. It is one of ISO 4217: a mistyped one would be a
// currency that no rate card is ever found for.
func ParseCurrency(s string) (Currency, error) {
	unit, err := currency.ParseISO(s)
	if err != nil {
		return "", fmt.Errorf("%q is no currency; write its code, such as USD", s)
	}
	return Currency(unit.String()), nil
}
