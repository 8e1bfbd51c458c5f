package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// testTiers: volume tiers that Meta told of, in any order and however often, make the count of
// a volume agree with them, of its month, market and category, and of no other one.
func testTiers(t *testing.T, open Open) {
	tier := func(waba, month, region string, c policy.Category, from, to int, ago time.Duration) policy.Event {
		return policy.VolumeTierTold{WABA: waba, At: start.Add(-ago), Month: month, Region: region, Category: c, From: from, To: to}
	}
	told := []policy.Event{
		tier("waba", meteredMonth, "GERMANY", policy.CategoryUtility, 100_001, 1_000_000, time.Hour),
		tier("other", meteredMonth, "Germany", policy.CategoryUtility, 1_000_001, 4_500_000, time.Minute),
		tier("waba", "2026-09", "GERMANY", policy.CategoryUtility, 4_500_001, 0, time.Minute),
		tier("waba", meteredMonth, "INDIA", policy.CategoryUtility, 25_000_001, 50_000_000, time.Minute),
		tier("waba", meteredMonth, "GERMANY", policy.CategoryMarketing, 25_000_001, 50_000_000, time.Minute),
		tier("waba", meteredMonth, "NOWHERE", policy.CategoryUtility, 25_000_001, 50_000_000, time.Minute),
	}
	for name, order := range map[string][]int{"as it was": {0, 1, 2, 3, 4, 5}, "backwards, twice": {5, 4, 3, 2, 1, 0, 0, 1, 2, 3, 4, 5}} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, open)
			f.clock.set(start)
			e := f.newEntry(start, ann)
			e.Metering = store.Metering{Month: meteredMonth, Volume: billing.Utility, Market: "Germany", Group: "waba/waba", Column: store.ColumnOf(billing.Utility)}
			f.reserve(e)
			for _, i := range order {
				f.apply(told[i])
			}
			counts := func(q store.MeterQuery) string {
				t.Helper()
				m, err := f.Meters(t.Context(), &q)
				if err != nil {
					t.Fatal(err)
				}
				return fmt.Sprint(m.Charged, " ", len(m.Tiers))
			}
			germany := store.MeterQuery{PhoneNumberID: number1, WABA: "waba", Month: meteredMonth, Volume: billing.Utility, Market: "Germany"}
			portfolio, codes, september := germany, germany, germany
			portfolio.Accounts, codes.Volume, september.Month = []string{"waba", "other"}, billing.Authentication, "2026-09"
			for range 2 {
				for what, is := range map[string]struct {
					q    store.MeterQuery
					want string
				}{"account": {germany, "100000 1"}, "portfolio": {portfolio, "1000000 2"}, "codes": {codes, "0 0"}, "another month": {september, "4500000 1"}} {
					if got := counts(is.q); got != is.want {
						t.Errorf("%s: %s, want %s", what, got, is.want)
					}
				}
				meters, err := f.MonthMeters(t.Context(), meteredMonth)
				if err != nil {
					t.Fatal(err)
				}
				tiers := 0
				for _, m := range meters {
					tiers += len(m.Tiers)
					if m.Group != "" && (m.Group != "waba/waba" || m.Messages != 1) {
						t.Errorf("%+v", m)
					}
				}
				if tiers != 3 {
					t.Errorf("%d tiers of %+v, want 3", tiers, meters)
				}
				f.reopen()
			}
		})
	}
}
