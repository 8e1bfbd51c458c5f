package phone

import (
	"slices"
	"testing"
	"time"
)

// TestZones: a number has the zones of its area code, or all of its country.
func TestZones(t *testing.T) {
	for digits, want := range map[string][]string{
		"4915112345678": {"Europe/Berlin"}, "12125550147": {"America/New_York"}, "13105550147": {"America/Los_Angeles"},
		"18085550147": {"Pacific/Honolulu"}, "12085550147": {"America/Boise", "America/Los_Angeles"}, "14165550147": {"America/Toronto"},
		"919876543210": {"Asia/Calcutta"}, "5511987654321": {"America/Sao_Paulo"}, "5592987654321": {"America/Manaus"},
		"441481123456": {"Europe/Guernsey"}, "": nil, "0": nil, "999": nil,
	} {
		if got := Zones(digits); !sameClocks(got, want) {
			t.Errorf("%s: %v, want %v", digits, got, want)
		}
	}
	// A mobile number tells only the country.
	for _, digits := range []string{"61412345678", "79161234567", "6281234567890"} {
		if got := Zones(digits); len(got) < 3 {
			t.Errorf("%s: %v, which are not all of its country", digits, got)
		}
	}
	for iso, want := range map[string][]string{"DE": {"Europe/Berlin"}, "IN": {"Asia/Kolkata"}, "XX": nil, "": nil} {
		if got := ZonesOfCountry(iso); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", iso, got, want)
		}
	}
	if got := ZonesOfCountry("US"); len(got) < 6 {
		t.Errorf("US: %v", got)
	}
}

// TestZonesAreZones: each has clocks, and no row is longer than what is looked for.
func TestZonesAreZones(t *testing.T) {
	for prefix := range zonesOfNumbers {
		if len(prefix) > longestZonePrefix || len(Zones(prefix)) == 0 {
			t.Errorf("%q is never found, or has no zone", prefix)
		}
	}
	for _, table := range []map[string]string{zonesOfNumbers, zonesOfCountries} {
		for key := range table {
			for _, name := range append(Zones(key), ZonesOfCountry(key)...) {
				if _, err := time.LoadLocation(name); err != nil {
					t.Errorf("%s: %v", key, err)
				}
			}
		}
	}
	// Every calling code has zones.
	for i := range plans {
		if len(Zones(plans[i].code)) == 0 {
			t.Logf("+%s has no zone", plans[i].code)
		}
	}
}

func sameClocks(a, b []string) bool {
	clocks := func(names []string) (list []int) {
		for _, name := range names {
			zone, err := time.LoadLocation(name)
			if err != nil {
				return nil
			}
			_, offset := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).In(zone).Zone()
			list = append(list, offset)
		}
		slices.Sort(list)
		return list
	}
	return len(a) == len(b) && slices.Equal(clocks(a), clocks(b))
}

// TestCountry: North America's countries are told apart, as far as area codes do.
func TestCountry(t *testing.T) {
	for digits, want := range map[string]string{
		"12125550147": "US", "18085550147": "US", "14165550147": "CA", "18765550147": "JM", "18095550147": "DO", "17875550147": "PR",
		"18005550147": "", "12": "", "1": "", "": "", "9": "", "77011234567": "KZ", "79161234567": "RU", "4915112345678": "DE",
		"919876543210": "IN", "5351234567": "CU", "989121234567": "IR", "963944567890": "SY", "85021234567": "KP", "35312345678": "IE", "80012345678": "",
	} {
		if got := Country(digits); got != want {
			t.Errorf("%s: %q, want %q", digits, got, want)
		}
	}
	for code, iso := range countryOfCode {
		if !KnownCountry(iso) {
			t.Errorf("+%s is of %q, which has no zones", code, iso)
		}
	}
	if KnownCountry("XX") || KnownCountry("") {
		t.Error("countries are known that there are none of")
	}
}
