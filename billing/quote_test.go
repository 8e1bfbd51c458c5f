package billing

import "testing"

// What a message costs by the rules of its day: a row for each change there was.
func TestQuote(t *testing.T) {
	card := func(from string) *Card {
		return &Card{Currency: "USD", From: from, Rates: map[Market]map[Category]Amount{
			"Germany": {Marketing: 136_500, Utility: 55_000, Authentication: 55_000, Service: 55_000},
			"India":   {Marketing: 11_800, Utility: 1_400, Authentication: 1_400, AuthenticationInternational: 30_400, Service: 1_400},
		}, Tiers: map[Market]map[Category][]Tier{"India": {Utility: {{To: 100, Rate: 1_400}, {Rate: 1_300}}}}}
	}
	cards := NewCards(card("2024-01-01"))
	const (
		before  = "2024-10-31"
		free    = "2024-11-01"
		last    = "2025-06-30"
		perMsg  = "2025-07-01"
		eve     = "2026-09-30"
		october = "2026-10-01"
	)
	for _, test := range []struct {
		name string
		m    Message
		want PriceType
		unit string // "" for unknown
	}{
		{"marketing/conversation", Message{Category: Marketing, Market: "Germany", Day: last}, Regular, "0.1365"},
		{"marketing/in-conversation", Message{Category: Marketing, Market: "Germany", Day: last, InConversation: true}, InConversation, "0.0000"},
		{"marketing/per-message", Message{Category: Marketing, Market: "Germany", Day: perMsg, InConversation: true}, Regular, "0.1365"},
		{"marketing/in-window", Message{Category: Marketing, Market: "Germany", Day: perMsg, InWindow: true}, Regular, "0.1365"},
		{"marketing-lite", Message{Category: MarketingLite, Market: "Germany", Day: october}, Regular, "0.1365"},
		{"utility/closed", Message{Category: Utility, Market: "Germany", Day: perMsg}, Regular, "0.0550"},
		{"utility/conversation/open", Message{Category: Utility, Market: "Germany", Day: last, InWindow: true}, Regular, "0.0550"},
		{"utility/open/first-day", Message{Category: Utility, Market: "Germany", Day: perMsg, InWindow: true}, FreeCustomerService, "0.0000"},
		{"utility/open/last-day", Message{Category: Utility, Market: "Germany", Day: eve, InWindow: true}, FreeCustomerService, "0.0000"},
		{"utility/open/october", Message{Category: Utility, Market: "Germany", Day: october, InWindow: true}, Regular, "0.0550"},
		{"authentication/open", Message{Category: Authentication, Market: "Germany", Day: perMsg, InWindow: true}, Regular, "0.0550"},
		{"authentication-international", Message{Category: AuthenticationInternational, Market: "India", Day: october}, Regular, "0.0304"},
		{"authentication-international/none", Message{Category: AuthenticationInternational, Market: "Germany", Day: october}, Regular, ""},
		{"service/1000-free-per-account", Message{Category: Service, Market: "Germany", Day: before, ServiceBefore: 999}, FreeAllowance, "0.0000"},
		{"service/charged", Message{Category: Service, Market: "Germany", Day: before, ServiceBefore: 1000}, Regular, "0.0550"},
		{"service/free", Message{Category: Service, Market: "Germany", Day: free, ServiceBefore: 5000}, FreeCustomerService, "0.0000"},
		{"service/september", Message{Category: Service, Market: "Germany", Day: eve, ServiceBefore: 5000}, FreeCustomerService, "0.0000"},
		{"service/october/1000th", Message{Category: Service, Market: "Germany", Day: october, ServiceBefore: 999}, FreeAllowance, "0.0000"},
		{"service/october/1001st", Message{Category: Service, Market: "Germany", Day: october, ServiceBefore: 1000}, Regular, "0.0550"},
		{"service/october/told-regular", Message{Category: Service, Market: "Germany", Day: october, ServiceBefore: 999, Told: Regular}, FreeAllowance, "0.0000"},
		{"service/october/told-free", Message{Category: Service, Market: "Germany", Day: october, ServiceBefore: 1000, Told: FreeCustomerService}, FreeCustomerService, "0.0000"},
		{"entry-point", Message{Category: Marketing, Market: "Germany", Day: october, FreeEntry: true}, FreeEntryPoint, "0.0000"},
		{"entry-point/told", Message{Category: ReferralConversion, Market: "Germany", Day: october, Told: FreeEntryPoint}, FreeEntryPoint, "0.0000"},
		{"entry-point/told-otherwise", Message{Category: Marketing, Market: "Germany", Day: october, FreeEntry: true, Told: Regular}, Regular, "0.1365"},
		{"group", Message{Category: GroupUtility, Market: "Germany", Day: october}, Regular, "0.0550"},
		{"to-a-group", Message{Category: Utility, Day: october, ToGroup: true}, Regular, ""},
		{"to-a-group/free", Message{Category: Utility, Day: eve, InWindow: true, ToGroup: true}, FreeCustomerService, "0.0000"},
		{"to-a-group/service", Message{Category: Service, Day: october, ToGroup: true}, Regular, ""},
		{"to-a-group/market-given", Message{Category: Marketing, Market: "Germany", Day: october, ToGroup: true}, Regular, ""},
		{"ai-provider", Message{Category: GeneralPurposeAI, Market: "Brazil", Day: october}, Regular, ""},
		{"unknown-category", Message{Category: "unknown", Market: "Germany", Day: october}, Regular, ""},
		{"unknown-market", Message{Category: Marketing, Market: "Narnia", Day: october}, Regular, ""},
		{"no-card", Message{Category: Marketing, Market: "Germany", Day: "2023-01-01"}, Regular, ""},
		{"no-message", Message{Category: "none", Market: "Germany", Day: october}, "", ""},
		{"tier/first", Message{Category: Utility, Market: "India", Day: october, ChargedBefore: 99}, Regular, "0.0014"},
		{"tier/second", Message{Category: Utility, Market: "India", Day: october, ChargedBefore: 100}, Regular, "0.0013"},
		{"tier/service-has-none", Message{Category: Service, Market: "India", Day: october, ChargedBefore: 100, ServiceBefore: 1000}, Regular, "0.0014"},
	} {
		q := cards.Quote(&test.m, "USD")
		unit := ""
		if q.Known {
			unit = q.Unit.String()
		}
		if q.Type != test.want || unit != test.unit {
			t.Errorf("%s: %s at %q, want %s at %q", test.name, q.Type, unit, test.want, test.unit)
		}
	}
	if q := cards.Quote(&Message{Category: Marketing, Market: "Germany", Day: october}, "EUR"); q.Known || q.Card != "" {
		t.Errorf("without a card in its currency a message costs %+v", q)
	}
	if q := cards.Quote(&Message{Category: Utility, Market: "India", Day: october, ChargedBefore: 100}, "USD"); q.List.String() != "0.0014" || q.Card != "USD 2024-01-01" {
		t.Errorf("a tier's quote is %+v", q)
	}
}

// The card of a day is the newest one of its currency that has begun.
func TestCards(t *testing.T) {
	cards := NewCards(&Card{Currency: "USD", From: "2026-10-01"}, &Card{Currency: "EUR", From: "2026-07-01"}, &Card{Currency: "USD", From: "2026-04-01"},
		&Card{Currency: "USD", From: "2026-04-01", Source: "again"})
	for _, test := range []struct {
		currency Currency
		day      string
		want     string
	}{
		{"USD", "2026-03-31", ""},
		{"USD", "2026-04-01", "USD 2026-04-01"},
		{"USD", "2026-09-30", "USD 2026-04-01"},
		{"USD", "2026-10-01", "USD 2026-10-01"},
		{"USD", "2027-10-01", "USD 2026-10-01"},
		{"EUR", "2026-10-01", "EUR 2026-07-01"},
		{"INR", "2026-10-01", ""},
	} {
		got := ""
		if c := cards.On(test.currency, test.day); c != nil {
			got = c.ID()
		}
		if got != test.want {
			t.Errorf("in %s on %s holds %q, want %q", test.currency, test.day, got, test.want)
		}
	}
	if c := cards.Find("USD 2026-04-01"); c == nil || c.Source != "again" || len(cards.All()) != 3 {
		t.Errorf("of two of a day holds %+v", c)
	}
}
