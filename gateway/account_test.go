package gateway

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
)

// lists has a sender list templates: the pages with the cursors they were asked
// for with, and are followed by.
func (w *world) lists(t testing.TB, token byte, templates, after, next string) {
	t.Helper()
	query, body := "limit=100", `{"data":[`+templates+`]`
	if after != "" {
		query += "&after=" + after
	}
	if next != "" {
		body += `,"paging":{"next":"https://graph.facebook.com/v25.0/` + waba + `/message_templates?limit=100&after=` + next + `"}`
	}
	list := w.TemplateList(Listing{WABA: waba, Token: sha256.Sum256([]byte{token})}, query)
	if err := list.Learn(t.Context(), &AccountAnswer{Status: 200, Whole: true, Body: []byte(body + "}")}); err != nil {
		t.Fatal(err)
	}
}

func listed(name, id, status, category string) string {
	return fmt.Sprintf(`{"name":%q,"language":"en","id":%q,"status":%q,"category":%q}`, name, id, status, category)
}

// sends is the rule by which a template to Ana, who agreed to everything, is
// decided, and the category it is taken for.
func (w *world) sends(t testing.TB, name string) string {
	t.Helper()
	w.learn(t, policy.ConsentChanged{PhoneNumberID: shop, Who: names(ana), At: w.now(), State: policy.OptedIn, Scopes: policy.AllScopes, Source: "website"})
	w.handle(t, w.request(t, shop, `{"messaging_product":"whatsapp","to":"`+ana+`","type":"template","template":{"name":"`+name+`","language":{"code":"en"}}}`))
	d := w.newest(t).Decision
	return fmt.Sprint(d.Verdict, " ", d.Rule, " ", d.Category)
}

var parcel, sale = listed("parcel", "7001", "APPROVED", "UTILITY"), listed("sale", "7002", "APPROVED", "MARKETING")

const (
	passesParcel = "allow CONSENT utility"
	notListed    = "refuse TEMPLATE_UNKNOWN unknown"
	nobodyKnows  = "allow CONSENT unknown"
)

// A list is complete once one sender has seen every page of it, one after the
// other: then what is not in it is no template of the account.
func TestWhenAListIsComplete(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		pages func(t *testing.T, w *world)
		want  string // of a template that is on none of the pages
	}{
		{"one-page", func(t *testing.T, w *world) { w.lists(t, 1, parcel+","+sale, "", "") }, notListed},
		{"two-pages", func(t *testing.T, w *world) { w.lists(t, 1, parcel, "", "A"); w.lists(t, 1, sale, "A", "") }, notListed},
		{"the-first-of-two", func(t *testing.T, w *world) { w.lists(t, 1, parcel, "", "A") }, nobodyKnows},
		{"the-second-of-two", func(t *testing.T, w *world) { w.lists(t, 1, sale, "A", "") }, nobodyKnows},
		{"a-page-left-out", func(t *testing.T, w *world) { w.lists(t, 1, parcel, "", "A"); w.lists(t, 1, sale, "B", "") }, nobodyKnows},
		{"with-two-tokens", func(t *testing.T, w *world) { w.lists(t, 1, parcel, "", "A"); w.lists(t, 2, sale, "A", "") }, nobodyKnows},
		{"two-senders-in-turn", func(t *testing.T, w *world) {
			w.lists(t, 1, parcel, "", "A")
			w.lists(t, 2, parcel, "", "A")
			w.lists(t, 2, sale, "A", "")
		}, notListed},
		{"the-last-page-twice", func(t *testing.T, w *world) {
			w.lists(t, 1, parcel, "", "A")
			w.lists(t, 1, sale, "A", "B")
			w.lists(t, 1, sale, "A", "")
		}, nobodyKnows},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.pages(t, w)
			w.advance(time.Second)
			if got := w.sends(t, "never_made"); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// What is known of a template follows what senders ask Meta to do with it.
func TestAccountCalls(t *testing.T) {
	t.Parallel()
	const collection = "/v25.0/" + waba + "/message_templates"
	const made = `{"name":"invoice","language":"en","category":"UTILITY","components":[]}`
	ok := &AccountAnswer{Status: 200, Whole: true, Body: []byte(`{"success":true}`)}
	created := &AccountAnswer{Status: 200, Whole: true, Body: []byte(`{"id":"8001","status":"APPROVED","category":"UTILITY"}`)}
	refused := &AccountAnswer{Status: 400, Whole: true, Body: []byte(`{"error":{"code":100}}`)}
	broken := &AccountAnswer{Failed: true}
	for _, test := range []struct {
		name                string
		method, path, query string
		body                string
		answer              *AccountAnswer
		template, want      string
	}{
		{"created", "POST", collection, "", made, created, "invoice", passesParcel},
		{"created/refused", "POST", collection, "", made, refused, "invoice", notListed},
		{"created/nobody-knows", "POST", collection, "", made, broken, "invoice", nobodyKnows},
		{"created/server-error", "POST", collection, "", made, &AccountAnswer{Status: 500, Whole: true}, "invoice", nobodyKnows},
		{"created/answer-streamed", "POST", collection, "", made, &AccountAnswer{Status: 200}, "invoice", nobodyKnows},
		{"made-in-bulk", "POST", "/v25.0/" + waba + "/migrate_message_templates", "", "{}", ok, "invoice", nobodyKnows},
		{"deleted", "DELETE", collection, "name=parcel", "", ok, "parcel", "refuse TEMPLATE_NOT_APPROVED utility"},
		{"deleted/refused", "DELETE", collection, "name=parcel", "", refused, "parcel", passesParcel},
		{"deleted/by-id", "DELETE", "/v25.0/7001", "", "", ok, "parcel", "refuse TEMPLATE_NOT_APPROVED utility"},
		{"deleted/another-id", "DELETE", "/v25.0/7002", "", "", ok, "parcel", passesParcel},
		{"read", "GET", "/v25.0/7001", "", "", &AccountAnswer{
			Status: 200, Whole: true, Body: []byte(listed("parcel", "7001", "PAUSED", "UTILITY")),
		}, "parcel", "refuse TEMPLATE_PAUSED utility"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.lists(t, 1, parcel+","+sale, "", "")
			w.advance(time.Second)
			call, ok := w.AccountCall(t.Context(), &cloudapi.Request{Method: test.method, Path: test.path, Query: test.query, ContentType: "application/json", Body: []byte(test.body)})
			if !ok {
				t.Fatal("is no call that teaches anything")
			}
			if err := call.Learn(t.Context(), test.answer); err != nil {
				t.Fatal(err)
			}
			if got := w.sends(t, test.template); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// A batch may have made templates: what is not listed may be there.
func TestDoubt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lists(t, 1, parcel, "", "")
	w.advance(time.Second)
	if got := w.sends(t, "invoice"); got != notListed {
		t.Fatalf("before: %s", got)
	}
	if err := w.Doubt(t.Context(), []cloudapi.Request{{Method: "POST", Path: "/" + waba + "/message_templates"}}); err != nil {
		t.Fatal(err)
	}
	if got := w.sends(t, "invoice"); got != nobodyKnows {
		t.Errorf("afterwards: %s", got)
	}
}

// Without a store, and where nothing is known of an id, there is nothing to learn.
func TestCallsThatTeachNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, r := range []cloudapi.Request{
		{Method: "GET", Path: "/v25.0/7001"}, {Method: "DELETE", Path: "/v25.0/7001"}, {Method: "GET", Path: "/v25.0/" + shop},
	} {
		if _, ok := w.AccountCall(t.Context(), &r); ok {
			t.Errorf("%s %s teaches something", r.Method, r.Path)
		}
	}
	w.store.closed.Store(true)
	if _, ok := w.AccountCall(t.Context(), &cloudapi.Request{Method: "POST", Path: "/v25.0/" + waba + "/message_templates"}); ok {
		t.Error("something is learned without a store")
	}
	if err := w.Doubt(t.Context(), []cloudapi.Request{{Method: "POST", Path: "/" + waba + "/message_templates"}}); err != nil {
		t.Errorf("doubted without a store: %v", err)
	}
}

// No two answers are read at the same time, while the clock stands still or steps
// back by a little.
func TestReadTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	last := policy.Moment(0)
	for _, by := range []time.Duration{0, 0, time.Millisecond, 0, time.Hour, -10 * time.Millisecond, 0} {
		w.advance(by)
		next := w.readTime()
		if next <= last {
			t.Errorf("%d after %d", next, last)
		}
		last = next
	}
	w.advance(-time.Hour)
	if next := w.readTime(); next >= last {
		t.Error("a clock that was set back is not believed")
	}
}
