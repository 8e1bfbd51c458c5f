package storetest

import (
	"errors"
	"slices"
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

	// What it consists of counts until it is edited, in whatever order that is learned.
	plain := policy.TemplateParts{Known: true}
	f.apply(policy.TemplateChanged{WABA: waba, Template: hello, At: start + 2, Read: true, Parts: plain})
	f.apply(policy.TemplateChanged{WABA: waba, Template: hello, At: start + 1, Read: true, Parts: policy.TemplateParts{Known: true, Media: true, Buttons: true}})
	if got := get(hello).Parts; got != plain {
		t.Errorf("of two lists the newer: %+v", got)
	}
	f.apply(policy.TemplateChanged{WABA: waba, Template: hello, At: start + 3, Read: true, Status: policy.TemplateEdited})
	f.apply(policy.TemplateChanged{WABA: waba, Template: hello, At: start + 2, Read: true, Parts: plain})
	if got := get(hello).Parts; got != (policy.TemplateParts{}) {
		t.Errorf("after an edit: %+v", got)
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

// testTemplateClocks checks which of two words on a template holds: those of
// webhooks have Meta's clock and whole seconds, those of answers ours.
func testTemplateClocks(t *testing.T, open Open) {
	hello := policy.TemplateRef{Name: "hello", Language: "en"}
	told := func(at policy.Moment, status policy.TemplateStatus, category policy.Category) policy.Event {
		return policy.TemplateChanged{WABA: waba, Template: hello, At: at, Status: status, Category: category}
	}
	read := func(at policy.Moment, status policy.TemplateStatus, category policy.Category) policy.Event {
		return policy.TemplateChanged{WABA: waba, Template: hello, At: at, Status: status, Category: category, Read: true}
	}
	for _, tc := range []struct {
		name     string
		events   []policy.Event
		status   policy.TemplateStatus
		category policy.Category
		readAt   policy.Moment
	}{
		{"read", []policy.Event{read(start+5, "PENDING", "utility")}, "PENDING", "utility", start + 5},
		{"told", []policy.Event{told(start, "PENDING", "utility")}, "PENDING", "utility", 0},
		// The listing is of :00.305, Meta stamps the pause with :00.
		{"told-in-the-second-of-the-listing", []policy.Event{read(start+305, "APPROVED", "utility"), told(start, "PAUSED", "marketing")}, "PAUSED", "marketing", 0},
		{"told-a-minute-before-the-listing", []policy.Event{read(start+minute, "APPROVED", "utility"), told(start, "PAUSED", "marketing")}, "PAUSED", "marketing", 0},
		{"told-more-than-a-minute-before", []policy.Event{read(start+minute+1, "APPROVED", "utility"), told(start, "PAUSED", "marketing")}, "APPROVED", "utility", start + minute + 1},
		{"told-after", []policy.Event{read(start, "PENDING", "utility"), told(start+minute, "APPROVED", "marketing")}, "APPROVED", "marketing", 0},
		{"read-twice", []policy.Event{read(start, "PENDING", "utility"), read(start+1, "APPROVED", "")}, "APPROVED", "utility", start + 1},
		{"told-both-in-one-second", []policy.Event{told(start, "PENDING", ""), told(start, "APPROVED", "utility")}, "APPROVED", "utility", 0},
		{"told-status-read-category", []policy.Event{told(start, "APPROVED", ""), read(start, "", "utility")}, "APPROVED", "utility", 0},
	} {
		for _, reversed := range []bool{false, true} {
			f := newFixture(t, open)
			events := slices.Clone(tc.events)
			if reversed {
				slices.Reverse(events)
			}
			f.apply(events...)
			for range 2 {
				got := f.facts(store.Query{PhoneNumberID: number1, WABA: waba, Template: hello}).Template
				if got.Status != tc.status || got.Category != tc.category || got.ReadAt != tc.readAt {
					t.Errorf("%s, reversed %v: got %+v", tc.name, reversed, got)
				}
				f.reopen()
			}
			f.close()
		}
	}
}

// testTemplateList checks for how long a list of templates counts as complete,
// and that templates are found by id.
func testTemplateList(t *testing.T, open Open) {
	f := newFixture(t, open)
	listed := func(want policy.Moment) {
		t.Helper()
		got := f.facts(store.Query{PhoneNumberID: number1, WABA: waba, Template: policy.TemplateRef{Name: "other", Language: "en"}}).Template
		if got.ListedAt != want || got.Listed != (want != 0) {
			t.Errorf("listed %v at %d, want %d", got.Listed, got.ListedAt, want)
		}
	}
	f.apply(policy.TemplatesListed{WABA: waba, At: start})
	listed(start)
	f.apply(policy.TemplatesUnsure{WABA: waba, At: start + 5})
	listed(0)
	f.apply(policy.TemplatesListed{WABA: waba, At: start + 5}, policy.TemplatesUnsure{WABA: "another", At: start + 9})
	listed(0)
	f.apply(policy.TemplatesListed{WABA: waba, At: start + 6}, policy.TemplatesUnsure{WABA: waba, At: start + 4})
	listed(start + 6)

	for _, language := range []string{"de", "en"} {
		f.apply(policy.TemplateChanged{WABA: waba, Template: policy.TemplateRef{Name: "hello", Language: language}, ID: "90" + language, At: start, Read: true})
	}
	for range 2 {
		got, err := f.TemplateByID(t.Context(), "90de")
		if want := (store.Template{WABA: waba, Ref: policy.TemplateRef{Name: "hello", Language: "de"}}); err != nil || got != want {
			t.Errorf("by id: %+v, %v", got, err)
		}
		if _, err := f.TemplateByID(t.Context(), "1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a template by an id nobody told: %v", err)
		}
		for _, named := range []struct {
			waba, name string
			want       int
		}{{waba, "hello", 2}, {waba, "other", 0}, {"another", "hello", 0}} {
			if got, err := f.TemplatesNamed(t.Context(), named.waba, named.name); err != nil || len(got) != named.want {
				t.Errorf("by name: %+v, %v", got, err)
			}
		}
		listed(start + 6)
		f.reopen()
	}
}

// testTemplateBilled checks that what Meta bills a template under is news about
// it, whichever comes first, the status or the outcome.
func testTemplateBilled(t *testing.T, open Open) {
	hello := policy.TemplateRef{Name: "hello", Language: "en"}
	told := func(at policy.Moment, category policy.Category, wasRead bool) policy.Event {
		return policy.TemplateChanged{WABA: waba, Template: hello, At: at, Status: policy.TemplateApproved, Category: category, Read: wasRead}
	}
	const sent = start + 10*minute
	for _, tc := range []struct {
		name   string
		before []policy.Event
		priced string
		want   policy.Category
	}{
		{"unknown", nil, "utility", policy.CategoryUtility},
		{"listed-as-another", []policy.Event{told(start, policy.CategoryUtility, true)}, "marketing", policy.CategoryMarketing},
		{"told-as-another", []policy.Event{told(start, policy.CategoryUtility, false)}, "marketing", policy.CategoryMarketing},
		{"told-a-moment-before", []policy.Event{told(sent, policy.CategoryUtility, false)}, "marketing", policy.CategoryMarketing},
		{"listed-a-moment-before", []policy.Event{told(sent, policy.CategoryUtility, true)}, "marketing", policy.CategoryMarketing},
		{"listed-a-moment-after", []policy.Event{told(sent+1000, policy.CategoryUtility, true)}, "marketing", policy.CategoryMarketing},
		{"cheaper", []policy.Event{told(start, policy.CategoryMarketing, true)}, "utility", policy.CategoryUtility},
		{"lite", []policy.Event{told(start, policy.CategoryUtility, true)}, "marketing_lite", policy.CategoryMarketing},
		{"international", []policy.Event{told(start, policy.CategoryUtility, true)}, "authentication-international", policy.CategoryAuthentication},
		{"capitals", []policy.Event{told(start, policy.CategoryUtility, true)}, "MARKETING", policy.CategoryMarketing},
		{"group", []policy.Event{told(start, policy.CategoryUtility, true)}, "group_marketing", policy.CategoryMarketing},
		{"no-category-of-templates", []policy.Event{told(start, policy.CategoryUtility, true)}, "referral_conversion", policy.CategoryUtility},
		{"service", []policy.Event{told(start, policy.CategoryUtility, true)}, "service", policy.CategoryUtility},
		// The message was sent before the template became something else.
		{"changed-since/listed", []policy.Event{told(sent+1001, policy.CategoryUtility, true)}, "marketing", policy.CategoryUtility},
		{"changed-since/told", []policy.Event{told(sent+2*minute, policy.CategoryUtility, false)}, "marketing", policy.CategoryUtility},
		// Within the skew of the clocks nobody knows which came first.
		{"changed-about-then", []policy.Event{told(sent+2000, policy.CategoryMarketing, false)}, "utility", policy.CategoryMarketing},
	} {
		for _, statusFirst := range []bool{false, true} {
			f := newFixture(t, open)
			f.apply(tc.before...)
			e := f.newEntry(sent, ann)
			e.WABA, e.Send.Kind, e.Send.Template = waba, policy.TemplateMessage, hello
			id := f.reserve(e)
			status := policy.StatusChanged{PhoneNumberID: number1, Wamid: "wamid.1", At: sent + 20*minute, Status: policy.StatusSent, Pricing: &policy.Pricing{Category: tc.priced}}
			if statusFirst {
				f.apply(status)
			}
			f.settle(id, store.Outcome{State: store.Accepted, At: sent + 1, Wamid: "wamid.1"})
			f.apply(status)
			for range 2 {
				if got := f.facts(store.Query{PhoneNumberID: number1, WABA: waba, Template: hello}).Template.CategoryAt(sent + day); got != tc.want {
					t.Errorf("%s, status first %v: got %s, want %s", tc.name, statusFirst, got, tc.want)
				}
				f.reopen()
			}
			f.close()
		}
	}
}

func testNumbers(t *testing.T, open Open) {
	f := newFixture(t, open)
	if got := f.number(number1); got != (store.Number{}) {
		t.Errorf("an unknown number: %+v", got)
	}
	f.apply(
		policy.NumberSeen{PhoneNumberID: number1, WABA: waba, Display: "15550999", At: start},
		policy.NumberSeen{PhoneNumberID: number1, WABA: "old", At: start - minute},
		policy.NumberSeen{PhoneNumberID: number1, Display: "15550998", At: start + minute},
	)
	want := store.Number{WABA: waba, Display: "15550998", At: start + minute}
	if got := f.number(number1); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	f.reopen()
	if got := f.number(number1); got != want {
		t.Errorf("after reopening: got %+v, want %+v", got, want)
	}
}
