package graphsim

import (
	"testing"
	"time"
)

// The rules are those of Meta's pricing pages, by date. Each row names the period it holds in.
func TestPrice(t *testing.T) {
	zone := time.FixedZone("UTC+2", 2*60*60)
	june2025 := time.Date(2025, time.June, 30, 23, 59, 59, 0, zone)
	july2025 := time.Date(2025, time.July, 1, 0, 0, 0, 0, zone)
	september2026 := time.Date(2026, time.September, 30, 23, 59, 59, 0, zone)
	october2026 := time.Date(2026, time.October, 1, 0, 0, 0, 0, zone)
	free := func(category string) Pricing {
		return Pricing{Model: "PMP", Type: "free_customer_service", Category: category}
	}
	regular := func(category string) Pricing {
		return Pricing{Billable: true, Model: "PMP", Type: "regular", Category: category}
	}
	freeEntry := Pricing{Model: "PMP", Type: "free_entry_point", Category: "referral_conversion"}
	for _, tt := range []struct {
		name   string
		at     time.Time
		charge charge
		want   Pricing
	}{
		{"cbp/utility", june2025, charge{category: "utility", windowOpen: true}, Pricing{Billable: true, Model: "CBP", Category: "utility"}},
		{"cbp/service", june2025, charge{category: "service"}, Pricing{Model: "CBP", Category: "service"}},
		{"cbp/free-entry", june2025, charge{category: "marketing", freeEntry: true}, Pricing{Model: "CBP", Category: "referral_conversion"}},
		{"2025/marketing", july2025, charge{category: "marketing", windowOpen: true}, regular("marketing")},
		{"2025/utility/inside", july2025, charge{category: "utility", windowOpen: true}, free("utility")},
		{"2025/utility/outside", july2025, charge{category: "utility"}, regular("utility")},
		{"2025/authentication/inside", july2025, charge{category: "authentication", windowOpen: true}, regular("authentication")},
		{"2025/service", september2026, charge{category: "service", windowOpen: true}, free("service")},
		{"2025/free-entry", september2026, charge{category: "marketing", freeEntry: true}, freeEntry},
		{"2026/marketing-lite", october2026, charge{category: "marketing_lite"}, regular("marketing_lite")},
		{"2026/utility/inside", october2026, charge{category: "utility", windowOpen: true}, regular("utility")},
		{"2026/utility/last-second", september2026, charge{category: "utility", windowOpen: true}, free("utility")},
		{"2026/service/allowance", october2026, charge{category: "service", windowOpen: true, freeLeft: true}, free("service")},
		{"2026/service/used-up", october2026, charge{category: "service", windowOpen: true}, regular("service")},
		{"2026/free-entry", october2026, charge{category: "service", freeEntry: true}, freeEntry},
		{"2026/group", october2026, charge{category: "service", group: true}, regular("group_service")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.charge.price(tt.at, zone); got != tt.want {
				t.Errorf("price = %+v, want %+v", got, tt.want)
			}
		})
	}
}
