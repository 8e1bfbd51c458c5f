package gateway

import (
	"fmt"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
)

// TestStandOfMonth: a month ends where the account is, while it runs and once it is past: what
// Meta told in its last hours holds for it, and what it told later doesn't.
func TestStandOfMonth(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	const (
		before = "2026-10-20T12:00:00Z"
		told   = "2026-11-01T02:00:00Z" // 22:00 on 31 October in New York
	)
	for _, test := range []struct {
		name  string
		zone  *time.Location
		asked string
		from  int
	}{
		{"an hour later, while the month still runs there", newYork, "2026-11-01T03:00:00Z", 100001},
		{"an hour before", newYork, "2026-11-01T01:00:00Z", 1},
		{"when the month is over there", newYork, "2026-11-01T04:00:00Z", 100001},
		{"weeks later", newYork, "2026-11-20T12:00:00Z", 100001},
		{"where the month was over before", time.UTC, "2026-11-20T12:00:00Z", 1},
		{"where nothing is known of the account", nil, "2026-11-20T12:00:00Z", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := &Gateway{Cards: testCards()}
			at := func(s string) time.Time {
				is, err := time.Parse(time.RFC3339, s)
				if err != nil {
					t.Fatal(err)
				}
				return is
			}
			tiers := billing.NewToldTiers(billing.ToldTier{At: at(before), From: 1, To: 100000}, billing.ToldTier{At: at(told), From: 100001, To: 1000000})
			v := &Volume{Month: "2026-10", Pool: "account 1", Market: "Germany", Category: billing.Utility, Counted: 90000}
			g.standOf(v, tiers, account{zone: test.zone}, at(test.asked))
			if v.Told.From != test.from {
				t.Errorf("the tier is the one from %d, want from %d", v.Told.From, test.from)
			}
		})
	}
}

// TestStandOfService: a service message costs nothing while some of the month's are free, and
// from the one after on what its market says, which is no single price.
func TestStandOfService(t *testing.T) {
	for _, test := range []struct {
		name, month string
		counted     int
		want        string
	}{
		{"none was sent", "2026-10", 0, "0 charged, 1000 free, the next costs 0.0000 USD, another price from 1001 on"},
		{"some are left", "2026-10", 400, "0 charged, 1000 free, the next costs 0.0000 USD, another price from 1001 on"},
		{"one is left", "2026-10", 999, "0 charged, 1000 free, the next costs 0.0000 USD, another price from 1001 on"},
		{"none is left", "2026-10", 1000, "0 charged, 1000 free, the next costs unknown USD, another price from 0 on"},
		{"some are charged", "2026-10", 1003, "3 charged, 1000 free, the next costs unknown USD, another price from 0 on"},
		{"all are free", "2026-09", 5000, "0 charged, 0 free, the next costs 0.0000 USD, another price from 0 on"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := &Gateway{Cards: testCards()}
			v := &Volume{Month: test.month, Category: billing.Service, Counted: test.counted}
			g.standOf(v, nil, account{}, time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC))
			price := "unknown"
			if v.Price.Known {
				price = v.Price.Unit.String()
			}
			if got := fmt.Sprintf("%d charged, %d free, the next costs %s %s, another price from %d on", v.Charged, v.Allowance, price, v.Price.Currency, v.Next); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
