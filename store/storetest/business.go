package storetest

import (
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func testTemplates(t *testing.T, open Open) {
	f := newFixture(t, open)
	hello := policy.TemplateRef{Name: "hello", Language: "en"}
	get := func(ref policy.TemplateRef) policy.TemplateFacts {
		return f.facts(store.Query{PhoneNumberID: number1, WABA: waba, Template: ref}).Template
	}
	if got := get(hello); got != (policy.TemplateFacts{}) {
		t.Errorf("an unknown template: %+v", got)
	}
	f.apply(policy.TemplateChanged{WABA: waba, Template: hello, At: start, Status: policy.TemplateApproved})
	f.apply(policy.TemplateChanged{WABA: waba, Template: hello, At: start - minute, Status: policy.TemplatePaused, Category: policy.CategoryUtility})
	want := policy.TemplateFacts{Found: true, Status: policy.TemplateApproved, Category: policy.CategoryUtility}
	if got := get(hello); got != want {
		t.Errorf("status and category told apart: got %+v, want %+v", got, want)
	}

	// An announced category stands until the template was seen after its date.
	f.apply(policy.TemplateChanged{WABA: waba, Template: hello, At: start, Next: policy.CategoryMarketing, NextFrom: start + day})
	f.apply(policy.TemplateChanged{WABA: waba, Template: hello, At: start + minute, Category: policy.CategoryUtility})
	if got := get(hello); got.Next != policy.CategoryMarketing || got.NextFrom != start+day || got.Category != policy.CategoryUtility {
		t.Errorf("announced: %+v", got)
	}
	f.apply(policy.TemplateChanged{WABA: waba, Template: hello, At: start + day, Category: policy.CategoryUtility})
	if got := get(hello); got.CategoryAt(start+2*day) != policy.CategoryUtility {
		t.Errorf("seen as utility after the announced date: %+v", got)
	}

	for _, other := range []policy.TemplateRef{{Name: "hello", Language: "de"}, {Name: "hello2", Language: "en"}, {Name: "helloen"}} {
		if got := get(other); got.Found || got.Listed {
			t.Errorf("%+v: %+v", other, got)
		}
	}
	f.apply(policy.TemplatesListed{WABA: waba, At: start})
	if got := get(policy.TemplateRef{Name: "other", Language: "en"}); got.Found || !got.Listed {
		t.Errorf("a template that isn't in the list: %+v", got)
	}

	// Without a WABA it is that of the number.
	q := store.Query{PhoneNumberID: number1, Template: hello}
	if got := f.facts(q).Template; got.Found {
		t.Error("a template was found without a WABA")
	}
	f.apply(policy.NumberSeen{PhoneNumberID: number1, WABA: waba, At: start})
	if got := f.facts(q).Template; !got.Found || !got.Listed {
		t.Errorf("the template of the number's WABA: %+v", got)
	}
	f.reopen()
	if got := f.facts(q).Template; !got.Found || !got.Listed || got.Status != policy.TemplateApproved {
		t.Errorf("after reopening: %+v", got)
	}
}

func testNumbers(t *testing.T, open Open) {
	f := newFixture(t, open)
	if got := f.Number(number1); got != (store.Number{}) {
		t.Errorf("an unknown number: %+v", got)
	}
	f.apply(
		policy.NumberSeen{PhoneNumberID: number1, WABA: waba, Display: "15550999", At: start},
		policy.NumberSeen{PhoneNumberID: number1, WABA: "old", At: start - minute},
		policy.NumberSeen{PhoneNumberID: number1, Display: "15550998", At: start + minute},
	)
	want := store.Number{WABA: waba, Display: "15550998", At: start + minute}
	if got := f.Number(number1); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	f.reopen()
	if got := f.Number(number1); got != want {
		t.Errorf("after reopening: got %+v, want %+v", got, want)
	}
}
