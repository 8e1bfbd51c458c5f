package gateway

import (
	"strings"
	"testing"
	"time"

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
