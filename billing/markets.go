package billing

import (
	"strings"
	"time"
)

// Market is a row of Meta's rate card, as it is called there.
type Market string

// Markets that are no country.
const (
	NorthAmerica         Market = "North America"
	RestOfAfrica         Market = "Rest of Africa"
	RestOfAsiaPacific    Market = "Rest of Asia Pacific"
	RestOfCentralEastern Market = "Rest of Central & Eastern Europe"
	RestOfLatinAmerica   Market = "Rest of Latin America"
	RestOfMiddleEast     Market = "Rest of Middle East"
	RestOfWesternEurope  Market = "Rest of Western Europe"
	Other                Market = "Other" // every country not listed
)

// longestMarketPrefix is how many digits tell the islands of North America's
// calling code apart.
const longestMarketPrefix = 4

// Days on which countries changed market. A new card starts at midnight where
// the WhatsApp Business Account is.
const (
	october2025 = "2025-10-01"
	july2026    = "2026-07-01"
	october2026 = "2026-10-01"
)

// marketRow lists countries of a market: ISO code and calling code with the
// digits that tell countries with a common code apart, several behind slashes.
type marketRow struct {
	market    Market
	countries string
	since     string // first day; "" for always
	before    Market // market until then
}

// marketRows is the rate card. Where a country came to be a market of its own,
// Meta's cards don't say which group it left. Hong Kong and Singapore were in
// Asia Pacific by the list Meta published before; the others are inferred from
// geography and from the rates: nearly all new markets started with the
// marketing rate of the group named here (Poland, Kuwait and Morocco did not).
// For Kazakhstan that group is Other, although its calling code is Russia's.
var marketRows = []marketRow{
	{market: "Argentina", countries: "AR 54"},
	{market: "Brazil", countries: "BR 55"},
	{market: "Chile", countries: "CL 56"},
	{market: "Colombia", countries: "CO 57"},
	{market: "Egypt", countries: "EG 20"},
	{market: "France", countries: "FR 33"},
	{market: "Germany", countries: "DE 49"},
	{market: "India", countries: "IN 91"},
	{market: "Indonesia", countries: "ID 62"},
	{market: "Israel", countries: "IL 972"},
	{market: "Italy", countries: "IT 39, VA 39"},
	{market: "Malaysia", countries: "MY 60"},
	{market: "Mexico", countries: "MX 52"},
	{market: "Netherlands", countries: "NL 31"},
	{market: "Nigeria", countries: "NG 234"},
	{market: "Pakistan", countries: "PK 92"},
	{market: "Peru", countries: "PE 51"},
	{market: "Russia", countries: "RU 7"},
	{market: "Saudi Arabia", countries: "SA 966"},
	{market: "South Africa", countries: "ZA 27"},
	{market: "Spain", countries: "ES 34"},
	{market: "Turkey", countries: "TR 90"},
	{market: "United Arab Emirates", countries: "AE 971"},
	{market: "United Kingdom", countries: "GB 44, GG 44, JE 44, IM 44"},

	{market: "Hong Kong", countries: "HK 852", since: july2026, before: RestOfAsiaPacific},
	{market: "Hungary", countries: "HU 36", since: july2026, before: RestOfCentralEastern},
	{market: "Poland", countries: "PL 48", since: july2026, before: RestOfCentralEastern},
	{market: "Qatar", countries: "QA 974", since: july2026, before: RestOfMiddleEast},
	{market: "Romania", countries: "RO 40", since: july2026, before: RestOfCentralEastern},
	{market: "Singapore", countries: "SG 65", since: july2026, before: RestOfAsiaPacific},

	{market: "Bangladesh", countries: "BD 880", since: october2026, before: RestOfAsiaPacific},
	{market: "Iraq", countries: "IQ 964", since: october2026, before: RestOfMiddleEast},
	{market: "Kazakhstan", countries: "KZ 76/77", since: october2026, before: Other},
	{market: "Kuwait", countries: "KW 965", since: october2026, before: RestOfMiddleEast},
	{market: "Morocco", countries: "MA 212, EH 212", since: october2026, before: RestOfAfrica},
	{market: "Nepal", countries: "NP 977", since: october2026, before: RestOfAsiaPacific},
	{market: "Oman", countries: "OM 968", since: october2026, before: RestOfMiddleEast},
	{market: "Sri Lanka", countries: "LK 94", since: october2026, before: RestOfAsiaPacific},
	{market: "Ukraine", countries: "UA 380", since: october2026, before: RestOfCentralEastern},

	// Territories of the United States have its calling code and no row.
	{market: NorthAmerica, countries: "US 1, CA 1, AS 1684, GU 1671, MP 1670, VI 1340"},
	{market: RestOfAfrica, countries: "DZ 213, AO 244, BJ 229, BW 267, BF 226, BI 257, CM 237, TD 235, CG 242, ER 291, ET 251, " +
		"GA 241, GM 220, GH 233, GW 245, CI 225, KE 254, LS 266, LR 231, LY 218, MG 261, MW 265, ML 223, MR 222, MZ 258, NA 264, " +
		"NE 227, RW 250, SN 221, SL 232, SO 252, SS 211, SD 249, SZ 268, TZ 255, TG 228, TN 216, UG 256, ZM 260"},
	{market: RestOfAfrica, countries: "ZW 263", since: october2025, before: Other},
	{market: RestOfAsiaPacific, countries: "AF 93, AU 61, CX 61, CC 61, KH 855, CN 86, JP 81, LA 856, MN 976, NZ 64, PG 675, PH 63, TW 886, " +
		"TJ 992, TH 66, TM 993, UZ 998, VN 84"},
	{market: RestOfCentralEastern, countries: "AL 355, AM 374, AZ 994, BY 375, BG 359, HR 385, CZ 420, GE 995, GR 30, LV 371, LT 370, " +
		"MD 373, MK 389, RS 381, SK 421, SI 386"},
	{market: RestOfWesternEurope, countries: "AT 43, BE 32, DK 45, FI 358, AX 358, IE 353, NO 47, SJ 47, PT 351, SE 46, CH 41"},
	{market: RestOfLatinAmerica, countries: "BO 591, CR 506, DO 1809/1829/1849, EC 593, SV 503, GT 502, HT 509, HN 504, JM 1658/1876, " +
		"NI 505, PA 507, PY 595, PR 1787/1939, UY 598, VE 58"},
	{market: RestOfMiddleEast, countries: "BH 973, JO 962, LB 961, YE 967"},
	// The other islands with North America's calling code.
	{market: Other, countries: "BS 1242, BB 1246, AI 1264, AG 1268, VG 1284, KY 1345, BM 1441, GD 1473, TC 1649, MS 1664, SX 1721, " +
		"LC 1758, DM 1767, VC 1784, TT 1868, KN 1869"},
}

// rowsByPrefix and rowsByCountry find the row of a calling code or an ISO
// country.
var rowsByPrefix, rowsByCountry = indexMarkets()

func indexMarkets() (byPrefix, byCountry map[string]*marketRow) {
	byPrefix, byCountry = make(map[string]*marketRow), make(map[string]*marketRow)
	for i := range marketRows {
		row := &marketRows[i]
		for c := range strings.SplitSeq(row.countries, ", ") {
			iso, prefixes, _ := strings.Cut(c, " ")
			byCountry[iso] = row
			for prefix := range strings.SplitSeq(prefixes, "/") {
				byPrefix[prefix] = row
			}
		}
	}
	return byPrefix, byCountry
}

// MarketOf is the market, at a time, of a phone number in international digits.
// The longest calling code wins. The date counts in the location of at: pass the
// time where the WhatsApp Business Account is for what happened around midnight.
// What is no listed number belongs to Other, as on Meta's card.
func MarketOf(digits string, at time.Time) Market {
	for n := min(longestMarketPrefix, len(digits)); n > 0; n-- {
		if row, ok := rowsByPrefix[digits[:n]]; ok {
			return row.at(at)
		}
	}
	return Other
}

// MarketOfCountry is the market, at a time, of an ISO country such as the one a
// user id begins with. It is an estimate: the calling code decides, and a person
// can live in one country with a number of another.
func MarketOfCountry(iso string, at time.Time) Market {
	if row, ok := rowsByCountry[iso]; ok {
		return row.at(at)
	}
	return Other
}

func (r *marketRow) at(at time.Time) Market {
	if r.since == "" {
		return r.market
	}
	return r.on(at.Format(time.DateOnly))
}

func (r *marketRow) on(day string) Market {
	if day < r.since {
		return r.before
	}
	return r.market
}

// CountriesOf are the countries, by ISO code, that belong to a market on a day; false where
// others do that no list names. Behind North America's calling code are numbers of no country.
func CountriesOf(m Market, day string) (countries []string, all bool) {
	for i := range marketRows {
		if row := &marketRows[i]; row.on(day) == m {
			for c := range strings.SplitSeq(row.countries, ", ") {
				iso, _, _ := strings.Cut(c, " ")
				countries = append(countries, iso)
			}
		}
	}
	if m == NorthAmerica {
		countries = append(countries, "")
	}
	return countries, m != Other && len(countries) > 0
}

// marketsOn are the markets there are on a day.
func marketsOn(day string) map[Market]bool {
	markets := map[Market]bool{Other: true}
	for i := range marketRows {
		markets[marketRows[i].on(day)] = true
	}
	return markets
}

// MarketBefore is the market by which a market was charged for on a day, when it was none of its
// own yet; itself where it was. Which one that was is inferred for most.
func MarketBefore(m Market, day string) Market {
	for i := range marketRows {
		if marketRows[i].market == m {
			return marketRows[i].on(day)
		}
	}
	return m
}
