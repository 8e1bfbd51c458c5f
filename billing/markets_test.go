package billing

import (
	"strings"
	"testing"
	"time"
)

var (
	may2026 = time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC)
	august  = time.Date(2026, time.August, 1, 0, 0, 0, 0, time.UTC)
	today   = time.Date(2026, time.October, 10, 0, 0, 0, 0, time.UTC)
)

func TestMarketOf(t *testing.T) {
	for _, c := range []struct {
		digits string
		at     time.Time
		want   Market
	}{
		{"4915112345678", today, "Germany"},
		{"551187654321", today, "Brazil"}, // canonical: without the ninth digit
		{"525512345678", today, "Mexico"},
		{"541123456789", today, "Argentina"},
		{"447700900123", today, "United Kingdom"},
		{"39061234567", today, "Italy"},
		{"2348031234567", today, "Nigeria"},
		{"2250708123456", today, RestOfAfrica},
		{"966501234567", today, "Saudi Arabia"},
		{"41791234567", today, RestOfWesternEurope},
		{"420601234567", today, RestOfCentralEastern},
		{"61412345678", today, RestOfAsiaPacific},
		{"59171234567", today, RestOfLatinAmerica},
		{"962790123456", today, RestOfMiddleEast},
		{"3531234567", today, RestOfWesternEurope},
		{"35796123456", today, Other}, // Cyprus is not listed
		{"85366123456", today, Other}, // Macau
		{"", today, Other},
		{"999123", today, Other},

		// One calling code, several markets.
		{"12125550147", today, NorthAmerica},
		{"14165550147", today, NorthAmerica},
		{"16715550147", today, NorthAmerica},
		{"18095550147", today, RestOfLatinAmerica},
		{"18495550147", today, RestOfLatinAmerica},
		{"16585550147", today, RestOfLatinAmerica},
		{"18765550147", today, RestOfLatinAmerica},
		{"17875550147", today, RestOfLatinAmerica},
		{"19395550147", today, RestOfLatinAmerica},
		{"12425550147", today, Other},
		{"18685550147", today, Other},
		{"18695550147", today, Other},
		{"79161234567", today, "Russia"},
		{"77011234567", today, "Kazakhstan"},
		{"76001234567", today, "Kazakhstan"},
		{"1", today, NorthAmerica},

		// Markets of their own, and what they were before.
		{"85251234567", may2026, RestOfAsiaPacific},
		{"85251234567", august, "Hong Kong"},
		{"36201234567", may2026, RestOfCentralEastern},
		{"36201234567", august, "Hungary"},
		{"48512345678", may2026, RestOfCentralEastern},
		{"97433123456", may2026, RestOfMiddleEast},
		{"97433123456", august, "Qatar"},
		{"40712034567", august, "Romania"},
		{"6581234567", may2026, RestOfAsiaPacific},
		{"6581234567", august, "Singapore"},
		{"8801812345678", august, RestOfAsiaPacific},
		{"8801812345678", today, "Bangladesh"},
		{"9647912345678", august, RestOfMiddleEast},
		{"9647912345678", today, "Iraq"},
		{"77011234567", august, Other},
		{"96550012345", august, RestOfMiddleEast},
		{"212650123456", august, RestOfAfrica},
		{"212650123456", today, "Morocco"},
		{"9779841234567", august, RestOfAsiaPacific},
		{"96892123456", today, "Oman"},
		{"94712345678", today, "Sri Lanka"},
		{"380501234567", august, RestOfCentralEastern},
		{"380501234567", today, "Ukraine"},
		{"263712345678", time.Date(2025, time.September, 30, 23, 59, 59, 0, time.UTC), Other},
		{"263712345678", time.Date(2025, time.October, 1, 0, 0, 0, 0, time.UTC), RestOfAfrica},
		{"380501234567", time.Time{}, RestOfCentralEastern},
	} {
		if got := MarketOf(c.digits, c.at); got != c.want {
			t.Errorf("MarketOf(%s, %s) = %s, want %s", c.digits, c.at.Format(time.DateOnly), got, c.want)
		}
	}
}

// A new card starts at midnight where the WhatsApp Business Account is.
func TestMarketChangesAtMidnight(t *testing.T) {
	tokyo := time.FixedZone("Tokyo", 9*60*60)
	last := time.Date(2026, time.September, 30, 23, 59, 59, 0, tokyo)
	if got := MarketOf("380501234567", last); got != RestOfCentralEastern {
		t.Errorf("a second before midnight: %s", got)
	}
	if got := MarketOf("380501234567", last.Add(time.Second)); got != "Ukraine" {
		t.Errorf("at midnight: %s", got)
	}
	if got := MarketOf("380501234567", last.Add(time.Second).UTC()); got != RestOfCentralEastern {
		t.Errorf("at the same time in UTC, where it is still September: %s", got)
	}
}

func TestMarketOfCountry(t *testing.T) {
	for _, c := range []struct {
		iso  string
		at   time.Time
		want Market
	}{
		{"DE", today, "Germany"},
		{"US", today, NorthAmerica},
		{"CA", today, NorthAmerica},
		{"PR", today, RestOfLatinAmerica},
		{"TT", today, Other},
		{"KZ", august, Other},
		{"KZ", today, "Kazakhstan"},
		{"RU", august, "Russia"},
		{"VA", today, "Italy"},
		{"JE", today, "United Kingdom"},
		{"EH", today, "Morocco"},
		{"HK", may2026, RestOfAsiaPacific},
		{"CY", today, Other},
		{"", today, Other},
		{"de", today, Other},
		{"ZZ", today, Other},
	} {
		if got := MarketOfCountry(c.iso, c.at); got != c.want {
			t.Errorf("MarketOfCountry(%q, %s) = %s, want %s", c.iso, c.at.Format(time.DateOnly), got, c.want)
		}
	}
}

// Each country is in the table once, and its calling code leads to the same
// market as its name, unless another country has the code to itself.
func TestMarketTable(t *testing.T) {
	seen := make(map[string]bool)
	for _, row := range marketRows {
		if (row.since == "") != (row.before == "") {
			t.Errorf("%s: since %q, before %q", row.market, row.since, row.before)
		}
		for c := range strings.SplitSeq(row.countries, ", ") {
			iso, prefixes, _ := strings.Cut(c, " ")
			if seen[iso] || len(iso) != 2 {
				t.Errorf("%s is in the table twice, or no country", iso)
			}
			seen[iso] = true
			for prefix := range strings.SplitSeq(prefixes, "/") {
				if len(prefix) == 0 || len(prefix) > longestMarketPrefix {
					t.Errorf("%s has the calling code %q", iso, prefix)
				}
				for _, at := range []time.Time{may2026, august, today} {
					if a, b := MarketOf(prefix+"123", at), MarketOfCountry(iso, at); a != b {
						t.Errorf("%s is %s, its calling code %s is %s", iso, b, prefix, a)
					}
				}
			}
		}
	}
}
