package gateway

import (
	"testing"

	"github.com/waguard/waguard/policy"
)

// TestFallbackDecidedAgain: what the ledger keeps of a template that was sent in place of a
// text decides the same again.
func TestFallbackDecidedAgain(t *testing.T) {
	w := newWorld(t)
	w.Businesses.Listed[shop].Fallback = &Fallback{Template: policy.TemplateRef{Name: "we_answered"}}
	w.learn(t,
		policy.TemplateChanged{WABA: waba, Template: policy.TemplateRef{Name: "we_answered", Language: "de"}, At: w.now(), Status: policy.TemplateApproved, Category: policy.CategoryUtility},
		policy.ConsentChanged{PhoneNumberID: shop, Who: names(ana), At: w.now(), State: policy.OptedIn, Scopes: policy.AllScopes, Source: policy.SourceOperator})
	result := w.Handle(t.Context(), w.request(t, shop, text(ana, "Hello")), &w.meta)
	if result.Refusal != nil || len(result.Sends) != 1 || result.Sends[0].Body() == nil {
		t.Fatalf("the text came to %+v", result)
	}
	e, err := w.store.Entry(t.Context(), result.ID)
	if err != nil {
		t.Fatal(err)
	}
	if f := e.Fallback; f == nil || f.Kind != policy.FreeForm || f.Type != "text" || f.Rule != policy.RuleWindowClosed || e.Send.Template.Language != "de" {
		t.Errorf("the entry is %+v, in place of %+v", e.Send, f)
	}
	if again := policy.Decide(&e.Send, &e.Facts, &e.Policy, e.At.Time()); again.Verdict != policy.Allow || again.Rule != e.Decision.Rule || again.Reason != e.Decision.Reason {
		t.Errorf("decided again it is %+v, and was %+v", again, e.Decision)
	}
}
