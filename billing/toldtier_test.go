package billing

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Meta's word on a tier beats the count: whoever counts less than Meta does is lifted into the
// band, and who counts more stays in it until Meta tells of the next one.
func TestToldTiers(t *testing.T) {
	hour := func(n int) time.Time { return time.Date(2026, 11, 3, n, 0, 0, 0, time.UTC) }
	tiers := NewToldTiers(ToldTier{hour(5), 201, 0}, ToldTier{hour(2), 101, 200}, ToldTier{hour(2), 101, 200})
	if len(tiers) != 2 {
		t.Fatalf("%+v", tiers)
	}
	for _, test := range []struct{ hour, counted, want int }{
		{1, 10, 10},
		{1, 150, 99}, // the second tier was not reached yet
		{2, 10, 100},
		{3, 150, 150},
		{4, 500, 199},
		{5, 10, 200},
		{6, 900, 900},
	} {
		if got := tiers.Count(test.counted, hour(test.hour)); got != test.want {
			t.Errorf("at %d with %d counted: %d, want %d", test.hour, test.counted, got, test.want)
		}
	}
	if got := ToldTiers(nil).Count(7, hour(1)); got != 7 {
		t.Errorf("without a word: %d", got)
	}
	if got := tiers.At(hour(3)); got.From != 101 || tiers.At(hour(1)) != (ToldTier{}) {
		t.Errorf("%+v", got)
	}
}

// In whatever order, and however often, tiers are told: the same are known.
func TestToldTiersCommute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ToldTier {
			return ToldTier{time.Unix(rapid.Int64Range(1, 5).Draw(t, "at"), 0), rapid.IntRange(1, 3).Draw(t, "from"), rapid.IntRange(0, 3).Draw(t, "to")}
		}), 0, 6).Draw(t, "tiers")
		again := rapid.Permutation(slices.Concat(of, of)).Draw(t, "told")
		if a, b := NewToldTiers(of...), NewToldTiers(again...); !slices.Equal(a, b) {
			t.Fatalf("%+v, and %+v", a, b)
		}
	})
}

func TestMarketNamed(t *testing.T) {
	for name, want := range map[string]Market{
		"India": "India", "INDIA": "India", "IN": "India", "in": "India", "Saudi Arabia": "Saudi Arabia", "SAUDI_ARABIA": "Saudi Arabia", "US": NorthAmerica,
		"REST_OF_CENTRAL_AND_EASTERN_EUROPE": RestOfCentralEastern, "Rest of Asia-Pacific": RestOfAsiaPacific, "other": Other, " North America ": NorthAmerica,
	} {
		if got, ok := MarketNamed(name); !ok || got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"", "Atlantis", "XX"} {
		if got, ok := MarketNamed(name); ok {
			t.Errorf("%q is %q", name, got)
		}
	}
}

// A report gives tiers as Meta told: messages of others in the portfolio have moved it on.
func TestReportByToldTiers(t *testing.T) {
	card := &Card{
		Currency: "USD", From: "2026-10-01", Rates: map[Market]map[Category]Amount{"Germany": {Utility: 55_000}},
		Tiers: map[Market]map[Category][]Tier{"Germany": {Utility: {{To: 100, Rate: 55_000}, {To: 200, Rate: 50_000}, {Rate: 45_000}}}},
	}
	hour := func(n int) time.Time { return time.Date(2026, 11, 3, n, 0, 0, 0, time.UTC) }
	line := func(n int, at time.Time) *Line {
		return &Line{
			Key: Key{Category: string(Utility), Market: "Germany", Currency: "USD"}, N: n, Sent: at, Delivered: at, Zone: time.UTC, Pool: "account 1",
			Send: Send{Fate: Accepted, Status: "delivered", Template: true, ByBusiness: true},
		}
	}
	for name, test := range map[string]struct {
		told  ToldTiers
		lines []*Line
		want  string
	}{
		"nothing told":               {nil, []*Line{line(150, hour(1)), line(100, hour(3))}, "12.7500"},
		"others filled the first":    {NewToldTiers(ToldTier{hour(2), 101, 200}), []*Line{line(10, hour(1)), line(10, hour(3))}, "1.0500"},
		"within the hour":            {NewToldTiers(ToldTier{hour(2).Add(7 * time.Minute), 101, 200}), []*Line{line(10, hour(2))}, "0.5000"},
		"not as far as was counted":  {NewToldTiers(ToldTier{hour(5), 101, 200}), []*Line{line(150, hour(1)), line(10, hour(6))}, "8.7500"},
		"beyond the band, as told":   {NewToldTiers(ToldTier{hour(2), 101, 200}), []*Line{line(500, hour(3))}, "25.0000"},
		"the last, which is open":    {NewToldTiers(ToldTier{hour(2), 201, 0}), []*Line{line(500, hour(3))}, "22.5000"},
		"a band the card cuts":       {NewToldTiers(ToldTier{hour(2), 51, 0}), []*Line{line(100, hour(3))}, "5.2500"},
		"of two that which was last": {NewToldTiers(ToldTier{hour(4), 201, 0}, ToldTier{hour(2), 101, 200}), []*Line{line(10, hour(3)), line(10, hour(5))}, "0.9500"},
	} {
		q := &Question{By: []string{"market"}, Cards: NewCards(card), Told: func(pool, month string, m Market, c Category) ToldTiers {
			if pool != "account 1" || month != "2026-11" || m != "Germany" || c != Utility {
				return nil
			}
			return test.told
		}}
		r, err := q.NewReport(func(yield func(*Line, error) bool) {
			for _, l := range test.lines {
				if !yield(l, nil) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Total.Actual.String(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
