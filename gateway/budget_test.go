package gateway

import (
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
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
		month, next := monthOf(billing.Day(now, berlin), berlin)
		if got := month + " until " + next.UTC().Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}
