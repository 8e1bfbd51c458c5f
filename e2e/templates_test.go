package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// asks makes a request of the account's API through the gateway, which must
// reach Meta and succeed.
func asks(method, path, body string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		ask(t, w, "test-token", method, path, body)
	}
}

func ask(t testing.TB, w *world, token, method, path, body string) []byte {
	t.Helper()
	h := http.Header{"Authorization": {"Bearer " + token}}
	if body != "" {
		h.Set("Content-Type", "application/json")
	}
	resp, answer := gatewaytest.Do(t, method, w.URL+"/v25.0/"+path, body, h)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %s", method, path, resp.Status, answer)
	}
	return answer
}

// onTemplate does something with the id of a template.
func onTemplate(name string, then func(id string) step) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		tmpl, err := w.sim.Template(name, "en")
		if err != nil {
			t.Fatal(err)
		}
		then(tmpl.ID)(t, w)
	}
}

// meanwhile changes a template at Meta without telling anybody.
func meanwhile(name, status string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if _, err := w.sim.TemplateStatusUpdate(name, "en", status, ""); err != nil {
			t.Fatal(err)
		}
	}
}

// isMeanwhile gives a template another category at Meta without telling anybody.
func isMeanwhile(name, category string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if _, err := w.sim.TemplateCategoryUpdate(name, "en", category, false); err != nil {
			t.Fatal(err)
		}
	}
}

// recategorisedOnce checks the warning about a template that Meta bills otherwise.
func recategorisedOnce(t testing.TB, w *world) {
	t.Helper()
	lines := w.logLines(t, "", "Meta bills a template under another category than it told; it is judged by that from now on")
	if len(lines) != 1 || lines[0]["level"] != "warn" || lines[0]["template"] != "parcel_ready" || lines[0]["billed_category"] != "marketing" {
		t.Errorf("the warnings are %v", lines)
	}
}

// makes creates a template through the gateway.
func makes(name, category string) step {
	return asks("POST", waba+"/message_templates", `{"name":"`+name+`","language":"en","category":"`+category+`","components":[{"type":"BODY","text":"Hi"}]}`)
}

const (
	passesUtility = "allow CONSENT utility by business"
	notApproved   = "refuse TEMPLATE_NOT_APPROVED 404/132001 utility by business"
	notListed     = "refuse TEMPLATE_UNKNOWN 404/132001 unknown by business"
	categoryAsked = "refuse TEMPLATE_CATEGORY_UNKNOWN 403/131005 unknown by business"
)

// says checks a part of the newest refusal's reason.
func says(part string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if got := w.newest(t).Reason; !strings.Contains(got, part) {
			t.Errorf("the reason is %q; want %q in it", got, part)
		}
	}
}

// TestTemplateKnowledge checks that what is known of templates lasts as long as
// it holds, and that each way of learning teaches what it plainly says.
func TestTemplateKnowledge(t *testing.T) {
	approves := graphsim.Options{Created: "APPROVED"}
	agreed := ana.optsIn("transactional")
	for _, s := range []story{
		// Created through the gateway.
		{name: "created/approved", sim: approves, steps: steps{list, agreed, makes("invoice", "UTILITY"), template(ana, "invoice", passesUtility)}},
		{name: "created/pending", steps: steps{list, agreed, makes("invoice", "UTILITY"), template(ana, "invoice", notApproved)}},
		{name: "created/approved-by-webhook-at-once", steps: steps{list, agreed, makes("invoice", "UTILITY"), templateIs("invoice", "APPROVED"), template(ana, "invoice", passesUtility)}},
		{name: "created/pending-six-minutes-ago", steps: steps{
			list, agreed, makes("invoice", "UTILITY"), meanwhile("invoice", "APPROVED"), after(6 * time.Minute), template(ana, "invoice", passesUtility),
			says("which may have changed since"),
		}},
		{name: "created/asked-for-by-id", steps: steps{
			list, agreed, makes("invoice", "UTILITY"), meanwhile("invoice", "APPROVED"),
			onTemplate("invoice", func(id string) step { return asks("GET", id+"?fields=status,category", "") }), template(ana, "invoice", passesUtility),
		}},
		{name: "created/in-the-query", sim: approves, steps: steps{
			list, agreed, asks("POST", waba+"/message_templates?name=invoice&language=en&category=UTILITY&components=%5B%7B%22type%22:%22BODY%22%7D%5D", ""),
			template(ana, "invoice", passesUtility),
		}},
		{name: "created/before-any-listing", sim: approves, steps: steps{agreed, makes("invoice", "UTILITY"), template(ana, "invoice", passesUtility)}},
		{name: "created/marketing", sim: approves, steps: steps{list, agreed, makes("spring", "MARKETING"), template(ana, "spring", wrongConsent+"marketing by business")}},

		{name: "created/in-a-batch", sim: approves, steps: steps{
			list, ana.optsIn("all"), asks("POST", "", `{"batch":[{"method":"POST","relative_url":"`+waba+`/message_templates","body":"name=invoice&language=en&category=UTILITY&components=%5B%7B%22type%22%3A%22BODY%22%7D%5D"}]}`),
			template(ana, "invoice", "allow CONSENT unknown by business"), list, template(ana, "invoice", passesUtility),
		}},

		// Edited and deleted through the gateway.
		{name: "edited/after-a-rejection", sim: approves, steps: steps{
			list, agreed, template(ana, "refused", notApproved),
			onTemplate("refused", func(id string) step {
				return asks("POST", id, `{"components":[{"type":"BODY","text":"Better"}]}`)
			}), template(ana, "refused", passesUtility),
		}},
		{name: "edited/to-marketing", sim: approves, steps: steps{
			list, agreed, onTemplate("refused", func(id string) step {
				return asks("POST", id, `{"category":"MARKETING","components":[{"type":"BODY","text":"Better"}]}`)
			}), template(ana, "refused", wrongConsent+"marketing by business"),
		}},
		{name: "deleted/by-name", steps: steps{
			list, agreed, asks("DELETE", waba+"/message_templates?name=parcel_ready", ""), template(ana, "parcel_ready", notApproved),
			template(ana, "appointment", passesUtility),
		}},
		{name: "deleted/by-id", steps: steps{
			list, agreed, onTemplate("parcel_ready", func(id string) step {
				return asks("DELETE", waba+"/message_templates?name=parcel_ready&hsm_id="+id, "")
			}), template(ana, "parcel_ready", notApproved),
		}},
		{name: "deleted/and-made-again", sim: approves, steps: steps{
			list, agreed, asks("DELETE", waba+"/message_templates?name=parcel_ready", ""), makes("parcel_ready", "UTILITY"), template(ana, "parcel_ready", passesUtility),
		}},

		// Listed, and for how long that holds.
		{name: "listed/pending", steps: steps{list, agreed, template(ana, "draft", notApproved)}},
		{name: "listed/pending/later", steps: steps{list, agreed, meanwhile("draft", "APPROVED"), after(5 * time.Minute), template(ana, "draft", passesUtility)}},
		{name: "listed/pending/listed-again", steps: steps{list, agreed, meanwhile("draft", "APPROVED"), list, template(ana, "draft", passesUtility)}},
		{name: "listed/pending/later/no-consent", steps: steps{list, meanwhile("draft", "APPROVED"), after(5 * time.Minute), template(ana, "draft", noConsent+"utility by business")}},
		{name: "listed/rejected/an-hour-later", steps: steps{list, agreed, after(time.Hour), template(ana, "refused", notApproved)}},
		{name: "listed/rejected/a-day-later", steps: steps{list, agreed, meanwhile("refused", "APPROVED"), after(day), template(ana, "refused", passesUtility)}},
		{name: "told/pending/a-day-later", steps: steps{agreed, templateIs("draft", "PENDING"), after(2 * day), template(ana, "draft", notApproved)}},
		{name: "listed/not-in-it", steps: steps{list, ana.optsIn("all"), template(ana, "never_made", notListed)}},
		{name: "listed/not-in-it/a-day-later", steps: steps{list, ana.optsIn("all"), after(day), template(ana, "never_made", "allow CONSENT unknown by business")}},
		{name: "listed/not-in-it/made-in-bulk-since", steps: steps{
			list, ana.optsIn("all"), fails("POST", waba+"/upsert_message_templates", `{"name":"code"}`), template(ana, "never_made", notListed),
		}},
		{name: "listed/paused-in-the-second-of-it", steps: steps{
			after(305 * time.Millisecond), list, agreed, templateIs("parcel_ready", "PAUSED"), template(ana, "parcel_ready", "refuse TEMPLATE_PAUSED 400/132015 utility by business"),
		}},

		// What a listing doesn't say it doesn't teach.
		{name: "teaches/limit-1-of-nothing", steps: steps{senderLists("limit=1&name=nothing"), ana.optsIn("all"), template(ana, "never_made", "allow CONSENT unknown by business")}},
		{name: "teaches/empty", sim: graphsim.Options{Templates: []graphsim.Template{}}, steps: steps{
			senderLists("limit=100"), ana.optsIn("all"), template(ana, "never_made", "allow CONSENT unknown by business"),
		}},
		{name: "teaches/names-only", steps: steps{senderLists("limit=100&fields=name,language"), agreed, template(ana, "parcel_ready", categoryAsked), template(ana, "never_made", notListed)}},
		{name: "teaches/name-without-language", steps: steps{senderLists("limit=100&fields=name"), agreed, template(ana, "parcel_ready", categoryAsked), template(ana, "never_made", categoryAsked)}},
		{name: "teaches/doubled", steps: steps{senderLists("limit=100&limit=100"), agreed, template(ana, "parcel_ready", categoryAsked)}},
		{name: "teaches/filter", steps: steps{senderLists("limit=100&category=UTILITY"), agreed, template(ana, "parcel_ready", passesUtility), template(ana, "sale", categoryAsked)}},
		{name: "teaches/pages-of-two-tokens", steps: steps{pagesOfTwoTokens, ana.optsIn("all"), template(ana, "never_made", "allow CONSENT unknown by business")}},

		// What is missing is said.
		{name: "category/not-listed", steps: steps{agreed, template(ana, "parcel_ready", categoryAsked), says("has not seen the template"), list, template(ana, "parcel_ready", passesUtility)}},
		{name: "category/no-account", whatsapp: "business " + shop, steps: steps{list, agreed, template(ana, "parcel_ready", categoryAsked), says("which WhatsApp Business Account the number belongs to")}},

		// What Meta bills is news.
		{name: "billed/as-another-category", steps: steps{
			list, agreed, isMeanwhile("parcel_ready", "MARKETING"), template(ana, "parcel_ready", passesUtility), statuses, template(ana, "parcel_ready", wrongConsent+"marketing by business"),
			ana.optsIn("marketing"), template(ana, "parcel_ready", "allow CONSENT marketing by business"), recategorisedOnce,
		}},
		{name: "billed/fills-in-what-nobody-told", steps: steps{
			ana.optsIn("all"), template(ana, "parcel_ready", "allow CONSENT unknown by business"), statuses, template(ana, "parcel_ready", passesUtility),
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			if s.whatsapp == "" {
				s.whatsapp = withPolicy()
			}
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: s.whatsapp, Guard: s.guard}, sim: s.sim})
			for _, step := range s.steps {
				step(t, w)
			}
			addsUp(t, w.Gateway)
		})
	}
}

// fails makes a request that Meta refuses.
func fails(method, path, body string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		resp, answer := gatewaytest.Do(t, method, w.URL+"/v25.0/"+path, body, http.Header{"Authorization": {"Bearer test-token"}, "Content-Type": {"application/json"}})
		if resp.StatusCode/100 != 4 {
			t.Fatalf("%s %s: %s %s", method, path, resp.Status, answer)
		}
	}
}

// pagesOfTwoTokens lists the templates page by page, with another token for each.
func pagesOfTwoTokens(t testing.TB, w *world) {
	t.Helper()
	after := ""
	for i, token := range []string{"test-token", "test-token-2", "test-token", "test-token-2"} {
		answer := string(ask(t, w, token, "GET", waba+"/message_templates?limit=2"+after, ""))
		_, cursor, more := strings.Cut(answer, `"after":"`)
		if cursor, _, _ = strings.Cut(cursor, `"`); !more {
			t.Fatalf("page %d has no cursor: %s", i, answer)
		}
		if after = "&after=" + strings.ReplaceAll(cursor, "=", "%3D"); !strings.Contains(answer, `"next"`) {
			return
		}
	}
	t.Fatal("the list has no end")
}
