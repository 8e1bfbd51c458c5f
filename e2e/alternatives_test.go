package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// proposes checks the templates that a refusal proposes, each as "name language category
// rule language-from".
func proposes(body string, want ...string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		resp, answer := w.Post(t, messages, body)
		var refused cloudapi.ErrorBody
		if err := json.Unmarshal(answer, &refused); err != nil || resp.StatusCode < 400 {
			t.Fatalf("%s %s", resp.Status, answer)
		}
		var got []string
		for _, a := range refused.Error.Waguard.Alternatives {
			got = append(got, fmt.Sprint(a.Name, " ", a.Language, " ", a.Category, " ", a.Rule, " ", a.LanguageFrom))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s proposes\n%s\nand should\n%s", refused.Error.Waguard.Rule, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// A text, and templates, to Ana.
func aText() string {
	return `{"messaging_product":"whatsapp",` + ana.address() + `,"type":"text","text":{"body":"Hello"}}`
}

func aTemplate(name, language string) string {
	return `{"messaging_product":"whatsapp",` + ana.address() + `,"type":"template","template":{"name":"` + name + `","language":{"code":"` + language + `"}}}`
}

// TestAlternatives: a refusal says which approved templates would pass now for this
// person, in their language as far as can be told, cheapest first; and none to whom said
// no.
func TestAlternatives(t *testing.T) {
	german := []graphsim.Template{
		{Name: "angebot", Language: "de", Category: "MARKETING"},
		{Name: "paket", Language: "de", Category: "UTILITY"},
		{Name: "sale", Language: "en", Category: "MARKETING"},
		{Name: "parcel_ready", Language: "en_US", Category: "UTILITY"},
		{Name: "appointment", Language: "en", Category: "UTILITY"},
		{Name: "login_code", Language: "en", Category: "AUTHENTICATION"},
		{Name: "code", Language: "de", Category: "AUTHENTICATION"},
		{Name: "draft", Language: "de", Category: "UTILITY", Status: "PENDING"},
		{Name: "ask", Language: "de", Category: "MARKETING"},
	}
	const (
		paket   = "paket de utility CONSENT country"
		angebot = "angebot de marketing CONSENT country"
		ask     = "ask de marketing CONSENT country"
	)
	for _, s := range []story{
		{name: "window closed/opted in to all", steps: steps{list, ana.optsIn("all"), proposes(aText(), paket, angebot, ask)}},
		{name: "window closed/opted in to orders", steps: steps{list, ana.optsIn("transactional"), proposes(aText(), paket)}},
		{name: "window closed/no opt-in", steps: steps{list, proposes(aText())}},
		{name: "nothing known of templates", steps: steps{ana.optsIn("all"), proposes(aText())}},
		{name: "learned after the first refusal", steps: steps{ana.optsIn("all"), proposes(aText()), list, proposes(aText(), paket, angebot, ask)}},
		{name: "paused meanwhile", steps: steps{list, ana.optsIn("transactional"), proposes(aText(), paket), germanIs("paket", "PAUSED"), proposes(aText(), "appointment en utility CONSENT other", "parcel_ready en_US utility CONSENT other")}},
		{name: "another category/of the template's language", steps: steps{
			list, ana.optsIn("transactional"), proposes(aTemplate("sale", "en"), "appointment en utility CONSENT template", "parcel_ready en_US utility CONSENT template"),
		}},
		{name: "a template that is paused", steps: steps{
			list, ana.optsIn("all"), germanIs("paket", "PAUSED"), proposes(aTemplate("paket", "de"), "angebot de marketing CONSENT template", "ask de marketing CONSENT template"),
		}},
		{name: "a code/only codes instead", steps: steps{list, ana.optsIn("all"), germanIs("code", "PAUSED"), proposes(aTemplate("code", "de"), "login_code en authentication CONSENT other")}},
		{name: "a reply instead", steps: steps{list, ana.writes("Hello"), proposes(aTemplate("sale", "en"), "appointment en utility WINDOW_OPEN template", "parcel_ready en_US utility WINDOW_OPEN template")}},
		{name: "a question for consent", whatsapp: withPolicy("consent_request_templates ask"), steps: steps{list, proposes(aText(), "ask de marketing CONSENT_REQUEST country")}},
		{name: "opted out", steps: steps{list, ana.optsIn("all"), ana.writes("STOP"), after(25 * time.Hour), proposes(aText()), proposes(aTemplate("angebot", "de")), proposes(aTemplate("paket", "de"))}},
		{name: "opted out of marketing", steps: steps{list, ana.optsIn("transactional"), ana.optsOut("marketing"), proposes(aTemplate("angebot", "de")), proposes(aText(), paket)}},
		{name: "opted out of orders/no way around", steps: steps{list, ana.optsIn("marketing"), ana.optsOut("transactional"), proposes(aText()), proposes(aTemplate("paket", "de"))}},
		{name: "an essential one is no way around", whatsapp: withPolicy("essential_templates paket"), steps: steps{list, ana.optsIn("all"), ana.optsOut("all"), proposes(aText())}},
	} {
		t.Run(s.name, func(t *testing.T) {
			if s.whatsapp == "" {
				s.whatsapp = inGermany
			}
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: s.whatsapp}, sim: graphsim.Options{Templates: german}})
			for _, step := range s.steps {
				step(t, w)
			}
		})
	}
}

// germanIs tells of the status of a template in German.
func germanIs(name, status string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if err := w.sim.TemplateStatus(t.Context(), name, "de", status, ""); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAlternativesElsewhere: they stand in the log in monitor mode, in the answer of a
// check, and with each element of a batch; and say when to try again.
func TestAlternativesElsewhere(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\nbusiness " + support + " {\nmode monitor\nwaba " + waba + "\n}", Site: consentSite}})
	list(t, w)
	ana.optsIn("transactional")(t, w)
	ana.record(adminapi.RouteOptIn, support, "transactional")(t, w)
	const proposed = `[{"name":"appointment","language":"en","category":"utility","rule":"CONSENT","language_from":"other"},{"name":"parcel_ready","language":"en","category":"utility","rule":"CONSENT","language_from":"other"}]`
	c := newConsentClient(t, w)
	key := c.key(t, "crm", "", "read").Key
	if status, answer, _ := c.post(t, key, "/check", `{"phone_number_id":"`+shop+`","contacts":["+4915112345678"]}`); status != http.StatusOK || !strings.Contains(string(answer), `"alternatives":`+proposed) {
		t.Errorf("a check answers %d %s", status, answer)
	}
	resp, answer := w.Post(t, "/v25.0/"+support+"/messages", aText())
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("in monitor mode: %s %s", resp.Status, answer)
	}
	lines := w.logLines(t, "", "send would be refused")
	if len(lines) != 1 || fmt.Sprint(lines[0]["alternatives"]) != "[appointment (en, utility) parcel_ready (en, utility)]" {
		t.Errorf("the log says %v", lines)
	}
}
