package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
)

// TestNoEffect: an opt-in that changes nothing says why.
func TestNoEffect(t *testing.T) {
	t.Parallel()
	out := policy.MomentOf(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC))
	person := &policy.PersonFacts{}
	for _, s := range policy.AllScopes {
		person.Consent[s] = policy.Consent{State: policy.OptedOut, Since: out, Source: policy.SourceKeyword}
	}
	person.Consent[policy.Authentication] = policy.Consent{State: policy.OptedIn, Since: out, Source: "website"}
	for _, c := range []struct {
		at   policy.Moment
		want string
	}{
		{out.Add(-time.Hour), "the opt-in was given no later, at 2026-11-02T08:00:00Z"},
		{out, "the opt-in was given no later, at 2026-11-02T09:00:00Z"},
		{out.Add(time.Minute), "not later by more than consent_skew (1m0s)"},
		{out.Add(time.Hour), "not known then to be the same person's"},
		{0, "less than consent_skew (1m0s) later"},
	} {
		why := noEffect(&policy.ConsentChanged{Scopes: policy.AllScopes, At: c.at}, person, time.Minute)
		for _, s := range []policy.Scope{policy.Marketing, policy.Transactional} {
			if got := why[s.String()]; !strings.HasPrefix(got, "the user opted out at 2026-11-02T09:00:00Z (chat_keyword)") || !strings.Contains(got, c.want) {
				t.Errorf("%s given at %s: %s", s, c.at, got)
			}
		}
		if why, ok := why["authentication"]; ok {
			t.Errorf("authentication is opted in: %s", why)
		}
	}
}

// TestImported tells what comes from a list from what a person just said.
func TestImported(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"import": true, "list-2025": true, "existing_system": true, "CSV": true, "crm-export/7": true, "Imported 2025": true,
		"": false, "operator": false, "website": false, "in_store": false, "form-8812": false, "listener": false, "important": false,
	} {
		if got := imported(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}

// TestConsentForANumberNobodyKnows: where any number is served, a slip in its id
// is recorded, and said to be one; not where the configuration or a webhook names it.
func TestConsentForANumberNobodyKnows(t *testing.T) {
	w := newWorld(t)
	w.Businesses.Others = business("")
	request := ConsentRequest{Contact: "+4915112345678", Scope: "marketing", Source: "website"}
	for _, tt := range []struct {
		id    string
		slips bool
	}{{shop, false}, {shop[1:], true}} {
		request.PhoneNumberID = tt.id
		recorded, err := w.RecordConsent(t.Context(), request, policy.OptedIn)
		if err != nil {
			t.Fatal(err)
		}
		k, err := w.Consent(t.Context(), request, recorded)
		if err != nil || (k.Warning != "") != tt.slips {
			t.Errorf("%s: %q, %v", tt.id, k.Warning, err)
		}
		if k, err = w.Consent(t.Context(), request, nil); err != nil || k.Warning != "" {
			t.Errorf("%s: who looks is warned: %q, %v", tt.id, k.Warning, err)
		}
	}
}

// TestOptInEvidence: what an opt-in lacks is marked, or keeps it from being recorded.
func TestOptInEvidence(t *testing.T) {
	whole := consent.Evidence{
		PageURL: "https://example.com/sign-up", IP: "203.0.113.9", UserAgent: "Firefox/141", Text: "Yes, Fox Shoes may write to me on WhatsApp.",
		NamesChannel: true, BusinessName: "Fox Shoes", Categories: []string{"offers"}, Frequency: "two a month", LegalBasis: "consent", Jurisdiction: "DE",
	}
	for _, c := range []struct {
		name           string
		source         string
		strict, abroad bool // abroad: off WhatsApp
		change         func(*consent.Evidence)
		problem        string
		lacks          string
	}{
		{name: "whole", source: "website", strict: true},
		{name: "another spelling", source: "Web-Site", strict: true, problem: "none of website"},
		{name: "a channel of one's own", source: "other:radio", problem: "reference is missing"},
		{name: "with a reference", source: "other:radio", change: func(e *consent.Evidence) { e.Reference = "spot 7" }},
		{name: "no name, relaxed", source: "website", change: func(e *consent.Evidence) { e.BusinessName = "" }, lacks: "business_name"},
		{name: "no name, strict", source: "website", strict: true, change: func(e *consent.Evidence) { e.BusinessName = "" }, problem: "business_name is missing"},
		{name: "another name, strict", source: "website", strict: true, change: func(e *consent.Evidence) { e.BusinessName = "Wolf Shoes" }, problem: "configured as \"Fox Shoes\""},
		{name: "nothing, relaxed", source: "website", change: func(e *consent.Evidence) { *e = consent.Evidence{} }, lacks: "names_channel business_name legal_basis jurisdiction text categories frequency page_url ip user_agent"},
		{name: "on WhatsApp", source: "chat", change: func(e *consent.Evidence) { e.Message = "m1" }},
		{name: "on WhatsApp, which isn't wanted", source: "chat", abroad: true, change: func(e *consent.Evidence) { e.Message = "m1" }, problem: "elsewhere than on WhatsApp"},
	} {
		w := newWorld(t)
		shop := w.Businesses.Listed[officeShop]
		shop.Demands, shop.ValidOptIns = consent.Demands{Business: "Fox Shoes", Channel: true, OffWhatsApp: c.abroad}, c.strict
		request := ConsentRequest{PhoneNumberID: officeShop, Contact: officeAna, Scope: "marketing", Source: c.source, Evidence: whole}
		if c.change != nil {
			c.change(&request.Evidence)
		}
		recorded, err := w.RecordConsent(t.Context(), request, policy.OptedIn)
		history, herr := w.History(t.Context(), request)
		if herr != nil {
			t.Fatal(herr)
		}
		if c.problem != "" {
			if err == nil || !strings.Contains(err.Error(), c.problem) || len(history) != 0 {
				t.Errorf("%s: %v, %d records; want %q and none", c.name, err, len(history), c.problem)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var lacks []string
		for _, f := range history[0].Lacks {
			lacks = append(lacks, string(f))
		}
		if got := strings.Join(lacks, " "); got != c.lacks || len(recorded.Lacks) != len(lacks) {
			t.Errorf("%s: marked with %q (%v told), want %q", c.name, got, recorded.Lacks, c.lacks)
		}
		if e := history[0].Evidence; c.lacks != "" && strings.Contains(c.lacks, "page_url") != (e == nil) {
			t.Errorf("%s: the history has %+v", c.name, e)
		}
		if history[0].ID.String() == "0000000000000000" {
			t.Errorf("%s: the record has no id", c.name)
		}
	}
}
