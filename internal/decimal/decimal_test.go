package decimal

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFormat(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0.0000", 1: "0.000001", 10: "0.00001", 100: "0.0001", 61_800: "0.0618", 500_000: "0.5000", Unit: "1.0000", -1: "-0.000001", -1_500_000: "-1.5000",
		12_345_678_901_234: "12345678.901234", math.MaxInt64: "9223372036854.775807", math.MinInt64: "-9223372036854.775808",
	} {
		if got := Format(n); got != want {
			t.Errorf("%d millionths are written as %s, want %s", n, got, want)
		}
	}
}

// What is written is the number itself, with four decimals at least and no zero behind those.
func TestFormatIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "millionths")
		text := Format(n)
		is, ok := new(big.Rat).SetString(text)
		if !ok || is.Cmp(big.NewRat(n, Unit)) != 0 {
			t.Fatalf("%d millionths are written as %s", n, text)
		}
		_, fraction, _ := strings.Cut(text, ".")
		if len(fraction) < shown || len(fraction) > Places || len(fraction) > shown && strings.HasSuffix(fraction, "0") {
			t.Fatalf("%s has %d decimals", text, len(fraction))
		}
	})
}

func BenchmarkFormat(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = Format(136_500)
	}
}

func ExampleFormat() {
	fmt.Println(Format(61_800))
	// Output: 0.0618
}
