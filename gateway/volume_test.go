package gateway

import (
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
