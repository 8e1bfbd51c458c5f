package billing

import (
	"slices"
	"testing"
)

// TestAccountCategory: what a business has been found to be changes what some of its messages
// are priced as, in the countries and from the days on that this is so in.
func TestAccountCategory(t *testing.T) {
	abroad := Account{International: []International{{"India", "2026-08-01"}, {"Bangladesh", "2026-08-01"}, {"Germany", "2026-08-01"}}}
	assistant := Account{AIProvider: true}
	for _, test := range []struct {
		name            string
		account         Account
		c               Category
		market          Market
		country, onADay string
		want            Category
	}{
		{"a code to a market from its day on", abroad, Authentication, "India", "IN", "2026-08-01", AuthenticationInternational},
		{"a code the day before", abroad, Authentication, "India", "IN", "2026-07-31", Authentication},
		{"a code elsewhere", abroad, Authentication, "Indonesia", "ID", "2026-08-01", Authentication},
		{"a code to a market that has no such rate", abroad, Authentication, "Germany", "DE", "2026-08-01", Authentication},
		{"a code to a country before it was a market", abroad, Authentication, RestOfAsiaPacific, "BD", "2026-09-30", Authentication},
		{"a code to a market of October 2026", abroad, Authentication, "Bangladesh", "BD", "2026-10-01", AuthenticationInternational},
		{"another template", abroad, Utility, "India", "IN", "2026-08-01", Utility},
		{"nobody found anything", Account{}, Authentication, "India", "IN", "2026-08-01", Authentication},

		{"an assistant in Italy the day before", assistant, Service, "Italy", "IT", "2026-02-15", Service},
		{"an assistant in Italy", assistant, Service, "Italy", "IT", "2026-02-16", GeneralPurposeAI},
		{"an assistant in Germany the day before", assistant, Service, "Germany", "DE", "2026-03-10", Service},
		{"an assistant in Germany", assistant, Service, "Germany", "DE", "2026-03-11", GeneralPurposeAI},
		{"an assistant in Estonia, of market Other", assistant, Service, Other, "EE", "2026-05-12", GeneralPurposeAI},
		{"an assistant in Italy when Meta charges no more", assistant, Service, "Italy", "IT", "2026-05-13", Service},
		{"an assistant in Brazil", assistant, Service, "Brazil", "BR", "2026-11-01", GeneralPurposeAI},
		{"an assistant in Switzerland", assistant, Service, RestOfWesternEurope, "CH", "2026-04-01", Service},
		{"an assistant's template", assistant, Utility, "Brazil", "BR", "2026-11-01", Utility},
		{"no assistant in Brazil", Account{}, Service, "Brazil", "BR", "2026-11-01", Service},
	} {
		if got := test.account.Category(test.c, test.market, test.onADay, func() string { return test.country }); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if len(InternationalCountries) != 19 || !slices.Contains(InternationalCountries, "AE") { // Western Sahara has Morocco's calling code
		t.Errorf("an international rate have %q", InternationalCountries)
	}
	for market := range internationalSince {
		if !slices.ContainsFunc(marketRows, func(r marketRow) bool { return r.market == market }) {
			t.Errorf("there is no market %s", market)
		}
	}
}
