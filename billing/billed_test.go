package billing

import "testing"

// What Meta told of a message beats what was expected of it.
func TestBilled(t *testing.T) {
	card := &Card{Currency: "USD", From: "2026-10-01", Rates: map[Market]map[Category]Amount{"Germany": {Marketing: 136_500, Utility: 55_000, Service: 55_000}}}
	quote := func(c Category, t PriceType, unit Amount) Quote {
		return Quote{Category: c, Type: t, Unit: unit, Known: true, Currency: "USD", Card: card.ID()}
	}
	tier := quote(Utility, Regular, 50_000)
	tier.List = 55_000
	for name, test := range map[string]struct {
		expected Quote
		told     Category
		why      PriceType
		want     string
	}{
		"nothing told":                {tier, "", "", "utility regular 0.0500"},
		"as expected":                 {tier, Utility, Regular, "utility regular 0.0500"},
		"group copies, as expected":   {tier, GroupUtility, Regular, "group_utility regular 0.0500"},
		"another category":            {tier, Marketing, Regular, "marketing regular 0.1365"},
		"another, and not why":        {tier, Marketing, "", "marketing regular 0.1365"},
		"by the marketing endpoint":   {tier, MarketingLite, Regular, "marketing_lite regular 0.1365"},
		"a price the card hasn't":     {tier, Authentication, Regular, "authentication regular unknown"},
		"a category no card has":      {tier, GeneralPurposeAI, Regular, "general_purpose_ai regular unknown"},
		"free":                        {tier, Utility, FreeCustomerService, "utility free_customer_service 0.0000"},
		"free, by an ad":              {tier, ReferralConversion, FreeEntryPoint, "referral_conversion free_entry_point 0.0000"},
		"not billable":                {tier, "", NotBillable, "utility not_billable 0.0000"},
		"one of the month's free":     {quote(Service, FreeAllowance, 0), Service, Regular, "service free_allowance 0.0000"},
		"not one of those":            {quote(Service, FreeAllowance, 0), Utility, Regular, "utility regular 0.0550"},
		"no free entry point":         {quote(Marketing, FreeEntryPoint, 0), Marketing, Regular, "marketing regular 0.1365"},
		"no open window":              {quote(Utility, FreeCustomerService, 0), Utility, Regular, "utility regular 0.0550"},
		"free, of another category":   {quote(Utility, FreeCustomerService, 0), Service, "", "service free_customer_service 0.0000"},
		"no price was known":          {Quote{Category: Marketing, Type: Regular, Currency: "USD"}, Marketing, Regular, "marketing regular unknown"},
		"no price was known, is free": {Quote{Category: Marketing, Type: Regular, Currency: "USD"}, "", NotBillable, "marketing not_billable 0.0000"},
	} {
		q := card.Billed(&test.expected, "Germany", test.told, test.why)
		unit := "unknown"
		if q.Known {
			unit = q.Unit.String()
		}
		if got := string(q.Category) + " " + string(q.Type) + " " + unit; got != test.want || q.Currency != "USD" || q.Card != test.expected.Card {
			t.Errorf("%s: %s, %+v; want %s", name, got, q, test.want)
		}
	}
	if q := (*Card)(nil).Billed(&tier, "Germany", Marketing, Regular); q.Known || q.Type != Regular {
		t.Errorf("without a card: %+v", q)
	}
}
