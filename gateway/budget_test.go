package gateway

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// A send counts under a budget that all conditions hold for.
func TestBudgetCovers(t *testing.T) {
	crm := map[string]string{"team": "crm"}
	for name, c := range map[string]struct {
		budget   Budget
		number   string
		tags     billing.Tags
		category billing.Category
		want     bool
	}{
		"everything":           {Budget{}, "1", "", billing.Service, true},
		"tag":                  {Budget{Tags: crm}, "1", "campaign=diwali,team=crm", billing.Marketing, true},
		"other value":          {Budget{Tags: crm}, "1", "team=support", billing.Marketing, false},
		"no tag":               {Budget{Tags: crm}, "1", "", billing.Marketing, false},
		"two tags, one":        {Budget{Tags: map[string]string{"team": "crm", "campaign": "diwali"}}, "1", "team=crm", billing.Marketing, false},
		"business":             {Budget{Businesses: []string{"2", "1"}}, "1", "", billing.Marketing, true},
		"another business":     {Budget{Businesses: []string{"2"}}, "1", "", billing.Marketing, false},
		"category":             {Budget{Categories: []billing.Category{billing.Utility, billing.Marketing}}, "1", "", billing.Marketing, true},
		"another category":     {Budget{Categories: []billing.Category{billing.Utility}}, "1", "", billing.Marketing, false},
		"lite is marketing":    {Budget{Categories: []billing.Category{billing.Marketing}}, "1", "", billing.MarketingLite, true},
		"marketing isn't lite": {Budget{Categories: []billing.Category{billing.MarketingLite}}, "1", "", billing.Marketing, false},
		"codes abroad":         {Budget{Categories: []billing.Category{billing.Authentication}}, "1", "", billing.AuthenticationInternational, true},
		"tag and category":     {Budget{Tags: crm, Categories: []billing.Category{billing.Utility}}, "1", "team=crm", billing.Marketing, false},
	} {
		if got := c.budget.covers(c.number, c.tags, c.category); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Months begin where the account is, also where clocks change.
func TestMonthOf(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"2026-10-31T22:59:59Z": "2026-10 until 2026-10-31T23:00:00Z",
		"2026-10-31T23:00:00Z": "2026-11 until 2026-11-30T23:00:00Z",
		"2026-12-31T22:59:59Z": "2026-12 until 2026-12-31T23:00:00Z",
		"2026-03-15T12:00:00Z": "2026-03 until 2026-03-31T22:00:00Z",
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		month := monthOf(billing.Day(now, berlin))
		next := monthAfter(month, berlin)
		if got := month + " until " + next.UTC().Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}

// The price of a send goes by what the month has used, and says what the send uses of it.
func TestPriceByMeters(t *testing.T) {
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	cards := billing.NewCards(&billing.Card{
		Currency: "USD", From: "2026-10-01",
		Rates: map[billing.Market]map[billing.Category]billing.Amount{"Germany": {billing.Utility: 55_000, billing.Service: 55_000, billing.Marketing: 136_500}},
		Tiers: map[billing.Market]map[billing.Category][]billing.Tier{"Germany": {billing.Utility: {{To: 2, Rate: 55_000}, {Rate: 50_000}}}},
	})
	g := &Gateway{Cards: cards}
	for name, c := range map[string]struct {
		of       policy.Category
		window   policy.Initiation
		used     store.Meters
		want     string
		counted  store.Metering
		asksNone bool
	}{
		"allowance":      {of: policy.CategoryService, window: policy.ByUser, used: store.Meters{Service: 999}, want: "free_allowance 0.0000", counted: store.Metering{Month: "2026-11", Service: true}},
		"allowance used": {of: policy.CategoryService, window: policy.ByUser, used: store.Meters{Service: 1000}, want: "regular 0.0550", counted: store.Metering{Month: "2026-11", Service: true}},
		"first tier":     {of: policy.CategoryUtility, used: store.Meters{Charged: 1, Group: "waba/1"}, want: "regular 0.0550", counted: store.Metering{Month: "2026-11", Volume: billing.Utility, Market: "Germany", Group: "waba/1", Column: 2}},
		"second tier":    {of: policy.CategoryUtility, used: store.Meters{Charged: 2, Group: "waba/1"}, want: "regular 0.0500", counted: store.Metering{Month: "2026-11", Volume: billing.Utility, Market: "Germany", Group: "waba/1", Column: 2}},
		"marketing":      {of: policy.CategoryMarketing, want: "regular 0.1365", asksNone: true},
		"no message":     {of: policy.CategoryNone, want: " 0.0000", asksNone: true},
	} {
		e := &store.Entry{At: policy.MomentOf(at), Market: "Germany", Decision: policy.Decision{Verdict: policy.Allow, Category: c.of, Initiation: c.window}}
		asked := false
		read := func(context.Context, *store.MeterQuery) (store.Meters, error) {
			asked = true
			return c.used, nil
		}
		if err := g.price(t.Context(), e, &Business{Zone: time.UTC, Currency: "USD"}, "", at, read); err != nil {
			t.Fatal(err)
		}
		if got := string(e.Price.Type) + " " + e.Price.Unit.String(); got != c.want || !reflect.DeepEqual(e.Metering, c.counted) || asked == c.asksNone {
			t.Errorf("%s: %s, %+v, asked %v; want %s, %+v", name, got, e.Metering, asked, c.want, c.counted)
		}
	}
}
