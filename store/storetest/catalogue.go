package storetest

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// The catalogue says of every template what is known, since when and how.
func testCatalogue(t *testing.T, open Open) {
	f := newFixture(t, open)
	ref := func(name string) policy.TemplateRef { return policy.TemplateRef{Name: name, Language: "en"} }
	f.apply(
		policy.TemplateChanged{WABA: waba, Template: ref("told"), At: start, ID: "1", Status: policy.TemplatePaused, Next: policy.CategoryMarketing, NextFrom: start + day},
		policy.TemplateChanged{WABA: waba, Template: ref("read"), At: start + 1, Status: policy.TemplateApproved, Category: policy.CategoryUtility, Read: true},
		policy.TemplateChanged{WABA: "other", Template: ref("elsewhere"), At: start, Status: policy.TemplateApproved},
		policy.TemplatesListed{WABA: waba, At: start + minute}, policy.TemplatesUnsure{WABA: "other", At: start},
		policy.NumberSeen{PhoneNumberID: number1, WABA: waba, Display: "15550000001", At: start},
	)
	e := f.newEntry(start+10*minute, ann)
	e.WABA, e.Send.Kind, e.Send.Template = waba, policy.TemplateMessage, ref("read")
	f.settle(f.reserve(e), store.Outcome{State: store.Accepted, At: e.At, Wamid: "wamid.1"})
	f.apply(policy.StatusChanged{PhoneNumberID: number1, Wamid: "wamid.1", At: start + 20*minute, Status: policy.StatusSent, Pricing: &policy.Pricing{Category: "marketing"}})

	get := func(waba string, most int) *store.Catalogue {
		t.Helper()
		c, err := f.Templates(t.Context(), waba, most)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	read := store.KnownTemplate{
		Template: store.Template{WABA: waba, Ref: ref("read")}, Status: store.Word{Value: "APPROVED", At: start + 1, From: store.FromAnswer},
		Category: store.Word{Value: "marketing", At: start + 20*minute, From: store.FromBilling}, Recategorised: policy.CategoryUtility,
		Previous: policy.CategoryUtility, ChangedAt: start + 10*minute, ChangedFrom: store.FromBilling,
		Facts: policy.TemplateFacts{
			Found: true, Status: policy.TemplateApproved, Category: policy.CategoryMarketing, ReadAt: start + 1,
			Drift: policy.TemplateDrift{Before: policy.CategoryUtility, Since: start + 10*minute},
		},
	}
	told := store.KnownTemplate{
		Template: store.Template{WABA: waba, Ref: ref("told")}, ID: "1", Status: store.Word{Value: "PAUSED", At: start, From: store.FromWebhook},
		Next: policy.CategoryMarketing, NextFrom: start + day,
		Facts: policy.TemplateFacts{Found: true, Status: policy.TemplatePaused, Next: policy.CategoryMarketing, NextFrom: start + day},
	}
	elsewhere := store.KnownTemplate{
		Template: store.Template{WABA: "other", Ref: ref("elsewhere")}, Status: store.Word{Value: "APPROVED", At: start, From: store.FromWebhook},
		Facts: policy.TemplateFacts{Found: true, Status: policy.TemplateApproved},
	}
	account := store.KnownAccount{WABA: waba, ListedAt: start + minute}
	if got, want := get("", 10), (&store.Catalogue{Accounts: []store.KnownAccount{account, {WABA: "other", Unsure: start}}, Templates: []store.KnownTemplate{read, told, elsewhere}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := get(waba, 10), (&store.Catalogue{Accounts: []store.KnownAccount{account}, Templates: []store.KnownTemplate{read, told}}); !reflect.DeepEqual(got, want) {
		t.Errorf("of one account: got %+v, want %+v", got, want)
	}
	if got := get("", 1); len(got.Templates) != 1 || got.More != 2 {
		t.Errorf("at most one: %d templates and %d more", len(got.Templates), got.More)
	}
	numbers, err := f.Numbers(t.Context())
	if want := map[string]store.Number{number1: {WABA: waba, Display: "15550000001", At: start}}; err != nil || !reflect.DeepEqual(numbers, want) {
		t.Errorf("numbers: got %+v, %v, want %+v", numbers, err, want)
	}
}

// People who were in touch count once for each number, by whatever names.
func testInTouch(t *testing.T, open Open) {
	f := newFixture(t, open)
	events := []policy.Event{
		opened(start, ann, annUser), opened(start+minute, annUser), opened(start-2*day, bob),
		policy.ServiceWindowOpened{PhoneNumberID: number2, Who: who(ann), At: start},
	}
	for i := range 40 {
		events = append(events, opened(start, phone(fmt.Sprint(15550200000+i))))
	}
	f.apply(events...)
	got, err := f.InTouch(t.Context(), func(id string) policy.Moment {
		if id == number2 {
			return start
		}
		return start - 1
	})
	if want := (&store.InTouch{People: map[string]int{number1: 41}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
