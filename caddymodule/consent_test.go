package caddymodule

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

// TestPrintConsentSaysWhatHadNoEffect: who records an opt-in that changes nothing
// reads why.
func TestPrintConsentSaysWhatHadNoEffect(t *testing.T) {
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
		a := adminapi.Consent{Consent: map[string]adminapi.ScopeConsent{}, NoEffect: noEffect(&policy.ConsentChanged{Scopes: policy.AllScopes, At: c.at}, person, time.Minute)}
		var text bytes.Buffer
		if err := printConsent(&text, &a); err != nil {
			t.Fatal(err)
		}
		for _, s := range []policy.Scope{policy.Marketing, policy.Transactional} {
			if want := "No effect on " + s.String() + ": the user opted out at 2026-11-02T09:00:00Z (chat_keyword)"; !strings.Contains(text.String(), want) || !strings.Contains(text.String(), c.want) {
				t.Errorf("given at %s: %s", c.at, text.String())
			}
		}
		if strings.Contains(text.String(), "No effect on authentication") {
			t.Errorf("authentication is opted in: %s", text.String())
		}
	}
}

// TestImported tells what comes from a list from what a person just said.
func TestImported(t *testing.T) {
	for s, want := range map[string]bool{
		"import": true, "list-2025": true, "existing_system": true, "CSV": true, "crm-export/7": true, "Imported 2025": true,
		"": false, "operator": false, "website": false, "in_store": false, "form-8812": false, "listener": false, "important": false,
	} {
		if got := imported(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}
