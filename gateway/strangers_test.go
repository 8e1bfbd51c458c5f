package gateway

import (
	"net/netip"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
)

// TestStrangersAreBounded: places strangers come from are told apart up to a
// number, and none is owed more than a minute whatever it asks at once.
func TestStrangersAreBounded(t *testing.T) {
	s, now := new(strangers), time.Unix(1_790_000_000, 0)
	for i := range 2 * strangerSources {
		s.asked(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32), now)
	}
	if n := s.sources.Len(); n != strangerSources {
		t.Errorf("%d places are in memory", n)
	}
	one := netip.MustParsePrefix("192.0.2.1/32")
	for range 100_000 {
		s.asked(one, now)
	}
	if wait := s.wait(one, now); wait < strangerPace || wait > 2*strangerBurst*strangerPace {
		t.Errorf("after all of that it must wait %s", wait)
	}
	if wait := s.wait(one, now.Add(-time.Hour)); wait > 2*strangerBurst*strangerPace {
		t.Errorf("with a clock that went back it must wait %s", wait)
	}
	if wait := s.wait(one, now.Add(time.Hour)); wait != 0 {
		t.Errorf("an hour later it must wait %s", wait)
	}
	if wait := s.wait(netip.MustParsePrefix("192.0.2.2/32"), now); wait != 0 {
		t.Errorf("another must wait %s", wait)
	}
}

// TestStrangersAreToldEveryRule: each rule that looks at facts has words for
// strangers.
func TestStrangersAreToldEveryRule(t *testing.T) {
	told := make(map[policy.Rule]bool)
	for _, r := range toStrangers {
		told[r.Rule] = true
	}
	for _, rule := range policy.RefuseRules {
		if !told[rule] && rule != policy.RuleBatch { // which is said of the request
			t.Errorf("%s has none", rule)
		}
	}
}
