package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// testCards are a card with what the tests send.
func testCards() *billing.Cards {
	return billing.NewCards(&billing.Card{Currency: "USD", From: "2025-01-01", Rates: map[billing.Market]map[billing.Category]billing.Amount{
		"Germany": {billing.Marketing: 136_500, billing.Utility: 55_000, billing.Authentication: 55_000, billing.Service: 55_000},
	}})
}

// Every send that is judged has the price it is expected to have, by the rules of its day
// where the account is, and the answer tells of something lawful that costs less.
func TestQuotes(t *testing.T) {
	t.Parallel()
	g := &Gateway{Cards: testCards()}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	const (
		template = policy.TemplateMessage
		text     = policy.FreeForm
		free     = "free-form would be free: the customer service window is open"
	)
	for _, test := range []struct {
		name       string
		kind       policy.Kind
		category   policy.Category
		initiation policy.Initiation
		at         string
		want       string
		hint       string
	}{
		{"utility/open/september", template, policy.CategoryUtility, policy.ByUser, "2026-09-01T10:00:00Z", "free_customer_service 0.0000", free},
		{"utility/open/november", template, policy.CategoryUtility, policy.ByUser, "2026-11-01T10:00:00Z", "regular 0.0550", ""},
		{"utility/closed", template, policy.CategoryUtility, policy.ByBusiness, "2026-09-01T10:00:00Z", "regular 0.0550", ""},
		{"marketing/open/september", template, policy.CategoryMarketing, policy.ByUser, "2026-09-01T10:00:00Z", "regular 0.1365", free},
		{"marketing/open/november", template, policy.CategoryMarketing, policy.ByUser, "2026-11-01T10:00:00Z", "regular 0.1365", "free-form would cost 0.0550 USD: the customer service window is open"},
		{"code/open/september", template, policy.CategoryAuthentication, policy.ByUser, "2026-09-01T10:00:00Z", "regular 0.0550", ""},
		{"marketing/closed", template, policy.CategoryMarketing, policy.ByBusiness, "2026-11-01T10:00:00Z", "regular 0.1365", ""},
		{"text/september", text, policy.CategoryService, policy.ByUser, "2026-09-30T21:59:59Z", "free_customer_service 0.0000", ""},
		{"text/october-in-berlin", text, policy.CategoryService, policy.ByUser, "2026-09-30T22:00:00Z", "free_allowance 0.0000", ""},
		{"receipt", policy.Receipt, policy.CategoryNone, "", "2026-11-01T10:00:00Z", "", ""},
		{"template-nobody-knows", template, policy.CategoryUnknown, policy.ByBusiness, "2026-11-01T10:00:00Z", "regular unknown", ""},
	} {
		at, err := time.Parse(time.RFC3339, test.at)
		if err != nil {
			t.Fatal(err)
		}
		b := &Business{Zone: berlin, Currency: "USD"}
		e := &store.Entry{At: policy.MomentOf(at), Send: policy.Send{Kind: test.kind}, Market: "Germany", Decision: policy.Decision{Category: test.category, Initiation: test.initiation}}
		e.Price = g.Cards.Quote(messageOf(b, e, billing.Category(e.Decision.Category), at.In(b.Zone)), b.Currency)
		got := string(e.Price.Type)
		switch {
		case e.Price.Known:
			got += " " + e.Price.Unit.String()
		case got != "":
			got += " unknown"
		}
		if hint := g.cheaper(b, e, at.In(b.Zone)); got != test.want || hint != test.hint {
			t.Errorf("%s: %s, hint %q; want %s, %q", test.name, got, hint, test.want, test.hint)
		}
	}
}

// Only declared tags are kept, and of those only values they may have.
func TestTagging(t *testing.T) {
	t.Parallel()
	tagging := &Tagging{Declared: map[string]*Tag{"team": {Values: []string{"crm", "support"}}, "campaign": {}}}
	for _, test := range []struct {
		fields  []string
		want    billing.Tags
		ignored string
	}{
		{[]string{"team=crm, campaign=diwali"}, "campaign=diwali,team=crm", ""},
		{[]string{"team=crm", " Campaign = diwali "}, "campaign=diwali,team=crm", ""},
		{[]string{"team=crm,team=crm,"}, "team=crm", ""},
		{[]string{"team=sales"}, "team=other", "team (counted as other)"},
		{[]string{"colour=red, team=crm"}, "team=crm", "colour (not declared)"},
		{[]string{"4915112345678=x"}, "", "what is no name=value"},
		{[]string{"team"}, "", "team (its value can't be kept)"},
		{[]string{"campaign=4915112345678"}, "", "campaign (its value can't be kept)"},
		{[]string{"campaign=a b"}, "", "campaign (its value can't be kept)"},
		{[]string{"campaign=a, campaign=b"}, "campaign=a", "campaign (given twice)"},
		{[]string{""}, "", ""},
	} {
		got, ignored := tagging.Read(test.fields)
		if got != test.want || strings.Join(ignored, "; ") != test.ignored {
			t.Errorf("%q is read as %q, without %q; want %q, %q", test.fields, got, ignored, test.want, test.ignored)
		}
	}
	for i := range MostTagValues {
		tagging.Read([]string{"campaign=c" + time.Duration(i).String()})
	}
	if got, _ := tagging.Read([]string{"campaign=one-too-many, team=crm"}); got != "campaign=other,team=crm" {
		t.Errorf("a value too many is %q", got)
	}
	if got, _ := tagging.Read([]string{"campaign=diwali"}); got != "campaign=diwali" {
		t.Errorf("a value that was there before is %q", got)
	}
}
