package phone

import "strings"

//go:generate go run ../internal/zonegen

// longestZonePrefix is how many digits tell time zones apart.
const longestZonePrefix = 5

// Zones are the time zones, by their IANA names, in which the person may be whose
// number, with its country code, the digits are: several where the number doesn't tell,
// none where its country has no numbers of its own. Zones with the same clocks stand
// for one another, and people who have moved are where their number is from.
func Zones(digits string) []string {
	for n := min(len(digits), longestZonePrefix); n > 0; n-- {
		if zones, ok := zonesOfNumbers[digits[:n]]; ok {
			return strings.Fields(zones)
		}
	}
	return nil
}

// Country is the ISO code of the country of a number, whose digits begin with the country
// code; "" where it can't be told. Behind +1 area codes tell, which nobody has anywhere
// else. Islands and territories with the calling code of a larger country count as that.
func Country(digits string) string {
	if iso, ok := countryOfCode[digits[:min(len(digits), len("1202"))]]; ok && digits[0] == '1' {
		return iso
	}
	for n := min(len(digits), longestCode); n > 0; n-- {
		if iso, ok := countryOfCode[digits[:n]]; ok {
			return iso
		}
	}
	return ""
}

// KnownCountry reports that there is a country with the ISO code.
func KnownCountry(iso string) bool { return zonesOfCountries[iso] != "" }

// ZonesOfCountry are the time zones of a country by its ISO code, such as "DE".
func ZonesOfCountry(iso string) []string { return strings.Fields(zonesOfCountries[iso]) }
