package billing

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// What a card says is read as it stands, and written back with at least its four decimals.
func TestAmount(t *testing.T) {
	for _, test := range []struct {
		text    string
		want    Amount
		written string
	}{
		{"0.0618", 61_800, "0.0618"},
		{"0.0008", 800, "0.0008"},
		{"0.06", 60_000, "0.0600"},
		{"0.061875", 61_875, "0.061875"},
		{"12", 12_000_000, "12.0000"},
		{"-0.5", -500_000, "-0.5000"},
		{"0", 0, "0.0000"},
		{"9223372036854.775807", math.MaxInt64, "9223372036854.775807"},
	} {
		got, err := ParseAmount(test.text)
		if err != nil || got != test.want || got.String() != test.written {
			t.Errorf("%q is %d, %v, and written %q; want %d, %q", test.text, got, err, got, test.want, test.written)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "n/a", "1,5", "0x1", "1e3", "0.0000001", "--1", "+1", "9223372036854.775808", " 1"} {
		if got, err := ParseAmount(text); err == nil {
			t.Errorf("%q is read as %s", text, got)
		}
	}
}

// Sums and products are exact or refused.
func TestAmountsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := Amount(rapid.Int64().Draw(t, "a")), Amount(rapid.Int64().Draw(t, "b"))
		n := rapid.IntRange(math.MinInt, math.MaxInt).Draw(t, "n")
		check := func(what string, got Amount, err error, want *big.Int) {
			if want.IsInt64() != (err == nil) || err == nil && int64(got) != want.Int64() || err != nil && !errors.Is(err, ErrOverflow) {
				t.Fatalf("%s is %d, %v; want %s", what, got, err, want)
			}
		}
		sum, err := a.Plus(b)
		check("the sum", sum, err, new(big.Int).Add(big.NewInt(int64(a)), big.NewInt(int64(b))))
		product, err := a.Times(n)
		check("the product", product, err, new(big.Int).Mul(big.NewInt(int64(a)), big.NewInt(int64(n))))
		if again, err := ParseAmount(a.String()); a != math.MinInt64 && (err != nil || again != a) {
			t.Fatalf("%s is read as %s, %v", a, again, err)
		}
	})
}
