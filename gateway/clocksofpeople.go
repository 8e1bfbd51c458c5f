package gateway

import (
	"time"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
)

// readClocks tells the rules what the clocks show by which the send may have to wait.
// The rules look at none themselves, and whoever decides again later finds them as they
// were.
func (b *Business) readClocks(s *policy.Send, f *policy.Facts, now time.Time) {
	zones := f.QuietZones(&b.Policy, s, policy.MomentOf(now))
	if len(zones) == 0 {
		return
	}
	who := s.Identities()
	for i := range f.Persons {
		p := &f.Persons[i]
		for _, name := range zones {
			if name != "" {
				p.Clocks = appendClock(p.Clocks, name, zoneOf(name, b.Zone), now)
				continue
			}
			theirs := zonesOf(who[i])
			if len(theirs) == 0 {
				p.Clocks = appendClock(p.Clocks, "", b.Zone, now)
			}
			for _, zone := range theirs {
				p.Clocks = appendClock(p.Clocks, "", zoneOf(zone, b.Zone), now)
			}
		}
	}
}

// zonesOf are the time zones in which a person may be, as far as their name tells.
func zonesOf(who policy.Identity) []string {
	if who.Kind == policy.Phone {
		return phone.Zones(who.Value)
	}
	return phone.ZonesOfCountry(identity.Country(who))
}

// countryOf is the ISO code of a person's country, as far as their name tells.
func countryOf(who policy.Identity) string {
	if who.Kind == policy.Phone {
		return phone.Country(who.Value)
	}
	return identity.Country(who)
}

// zoneOf is the zone of a name, or other where this system has none of it.
func zoneOf(name string, other *time.Location) *time.Location {
	if zone, err := time.LoadLocation(name); err == nil {
		return zone
	}
	return other
}

func appendClock(clocks []policy.Clock, name string, zone *time.Location, now time.Time) []policy.Clock {
	if zone == nil {
		zone = time.UTC
	}
	_, east := now.In(zone).Zone()
	k := policy.Clock{Zone: name, East: east / 60}
	for _, other := range clocks {
		if other == k {
			return clocks
		}
	}
	return append(clocks, k)
}
