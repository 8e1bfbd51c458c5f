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

// ZonesOfCountry are the time zones of a country by its ISO code, such as "DE".
func ZonesOfCountry(iso string) []string { return strings.Fields(zonesOfCountries[iso]) }
