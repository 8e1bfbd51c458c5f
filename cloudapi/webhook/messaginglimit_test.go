package webhook

import (
	"testing"

	"github.com/waguard/waguard/policy"
)

func TestTier(t *testing.T) {
	for s, want := range map[string]int{
		"250": 250, "TIER_50": 50, "TIER_250": 250, "TIER_1K": 1000, "TIER_2K": 2000, "tier_10k": 10_000, "TIER_100K": 100_000,
		"TIER_UNLIMITED": policy.Unlimited, "-1": policy.Unlimited,
		"": 0, "TIER_NOT_SET": 0, "0": 0, "-2": 0, "K": 0, "99999999999": 0,
	} {
		if got, ok := tier(s); got != want || ok != (want != 0) {
			t.Errorf("%q is %d, %t; want %d", s, got, ok, want)
		}
	}
}
