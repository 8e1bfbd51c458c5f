package billing

import (
	"slices"
	"strings"
)

// What Meta charges a business beside what it charges everybody: by what it has found the
// business to be. No message tells; the operator does, and statuses tell it afterwards.

// Account is what the prices of a business depend on beside its messages.
type Account struct {
	// International are since when its authentication templates cost the international
	// rate: once Meta has found that it sends more than 750,000 messages outside of windows
	// in 30 days to such countries, is based elsewhere, and has told it 30 days before.
	International []International
	// AIProvider: the business offers a general-purpose assistant.
	AIProvider bool
}

// International is one market in which authentication costs the international rate.
type International struct {
	Market Market
	// From is the first day, where the account is.
	From string
}

// internationalSince are the markets that have an international rate, with the first day it
// has one on (Meta's page on authentication-international rates, and the card of October 2026).
var internationalSince = map[Market]string{
	"Egypt": "", "India": "", "Indonesia": "", "Malaysia": "", "Nigeria": "", "Pakistan": "", "Saudi Arabia": "", "South Africa": "", "United Arab Emirates": "",
	"Bangladesh": october2026, "Iraq": october2026, "Kazakhstan": october2026, "Kuwait": october2026, "Morocco": october2026, "Nepal": october2026,
	"Oman": october2026, "Sri Lanka": october2026, "Ukraine": october2026,
}

// InternationalCountries are the ISO codes of the countries that have an international rate.
var InternationalCountries = func() (codes []string) {
	for iso, row := range rowsByCountry {
		if _, ok := internationalSince[row.market]; ok {
			codes = append(codes, iso)
		}
	}
	slices.Sort(codes)
	return codes
}()

// InternationalMarket is the market of a country that has an international rate; false for
// every other.
func InternationalMarket(iso string) (Market, bool) {
	row, ok := rowsByCountry[iso]
	if !ok {
		return "", false
	}
	_, ok = internationalSince[row.market]
	return row.market, ok
}

// aiCharges are where Meta must admit general-purpose assistants and charges for what they
// send beside templates, by country: from the first day to before the last one (Meta's page on
// AI providers). What it charges is on no card.
var aiCharges = []struct{ countries, from, until string }{
	{"IT", "2026-02-16", "2026-05-13"},
	{"AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK", "2026-03-11", "2026-05-13"},
	{"BR", "2026-03-11", ""},
}

// Category is what a message of a category is priced as that goes to a market on a day. country
// gives the ISO code of where it goes: nearly always nobody asks.
func (a *Account) Category(c Category, market Market, day string, country func() string) Category {
	switch {
	case c == Authentication && a.international(market, day):
		return AuthenticationInternational
	case c == Service && a.AIProvider && chargedAsAI(country(), day):
		return GeneralPurposeAI
	}
	return c
}

func (a *Account) international(market Market, day string) bool {
	since, ok := internationalSince[market]
	return ok && since <= day && slices.ContainsFunc(a.International, func(i International) bool { return i.Market == market && i.From <= day })
}

func chargedAsAI(country, day string) bool {
	for _, c := range aiCharges {
		if c.from <= day && (c.until == "" || day < c.until) && slices.Contains(strings.Fields(c.countries), country) {
			return true
		}
	}
	return false
}
