package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

const (
	sells   = "allow CONSENT marketing by business"
	answers = "allow WINDOW_OPEN utility by user"
)

// clockOff sets the gateway's clock off by d for a step. WhatsApp's stays.
func clockOff(d time.Duration, s step) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		w.Clock.Advance(d)
		s(t, w)
		w.Clock.Advance(-d)
	}
}

// TestConsentStories plays what people and operators do, and looks at what may
// be sent.
func TestConsentStories(t *testing.T) {
	pair := "business " + shop + "\nbusiness " + support
	for _, s := range []story{
		{name: "clocks/opt-in-in-the-second-of-stop", steps: steps{
			list, ana.writes("STOP"), after(305 * time.Millisecond), ana.optsIn("marketing"), template(ana, "sale", stoppedOffers+"user"),
		}},
		{name: "clocks/opt-in-within-the-skew", steps: steps{list, ana.writes("STOP"), after(time.Minute), ana.optsIn("marketing"), template(ana, "sale", stoppedOffers+"user")}},
		{name: "clocks/opt-in-after-the-skew", steps: steps{list, ana.writes("STOP"), after(61 * time.Second), ana.optsIn("marketing"), template(ana, "sale", "allow CONSENT marketing by user")}},
		{name: "clocks/skew-of-its-own", whatsapp: withPolicy("consent_skew 10m"), steps: steps{
			list, ana.writes("STOP"), after(9 * time.Minute), ana.optsIn("marketing"), template(ana, "sale", stoppedOffers+"user"),
			after(2 * time.Minute), ana.optsIn("marketing"), template(ana, "sale", "allow CONSENT marketing by user"),
		}},
		{name: "clocks/stop-of-ten-seconds-ago", steps: steps{
			list, after(time.Hour), ana.optsIn("marketing"), template(ana, "sale", sells), ana.wrote(10*time.Second, "STOP"), template(ana, "sale", stoppedOffers+"user"),
		}},
		{name: "clocks/opt-in-five-minutes-ahead", steps: steps{
			list, clockOff(5*time.Minute, ana.optsIn("marketing")), after(time.Minute), ana.writes("STOP"), template(ana, "sale", stoppedOffers+"user"),
		}},
		{name: "clocks/opt-in-thirty-days-ahead", steps: steps{
			list, clockOff(30*day, ana.optsIn("marketing")), after(time.Minute), ana.writes("STOP"), template(ana, "sale", stoppedOffers+"user"),
			after(time.Hour), ana.optsIn("marketing"), template(ana, "sale", "allow CONSENT marketing by user"),
		}},
		{name: "clocks/stepped-back-an-hour", steps: steps{
			list, after(2 * time.Hour), ana.optsIn("marketing"), clockOff(-time.Hour, ana.wrote(-time.Hour-time.Minute, "STOP")), template(ana, "sale", stoppedOffers+"user"),
		}},

		{name: "reach/of-an-account-nobody-named", whatsapp: pair, steps: steps{
			list, ana.says(support, graphsim.Text("Hello")), ana.says(shop, graphsim.Text("Hello")), ana.optsIn("all"), after(time.Second),
			ana.says(support, graphsim.Text("STOP")), template(ana, "sale", stoppedOffers+"user"), ana.consentIs("opted_out opted_out opted_out"),
		}},
		{name: "reach/business-any", whatsapp: "business *", steps: steps{
			list, ana.says(shop, graphsim.Text("Hello")), ana.optsIn("all"), after(time.Second), ana.says(support, graphsim.Text("STOP")), template(ana, "sale", stoppedOffers+"user"),
		}},
		{name: "reach/number", whatsapp: withPolicy("opt_out_reach number") + "\nbusiness " + support, steps: steps{
			list, ana.optsIn("all"), after(time.Second), ana.says(support, graphsim.Text("STOP")), template(ana, "sale", sells),
		}},
		{name: "reach/opt-in-spreads", whatsapp: "business " + shop + "\nbusiness " + support + "\npolicy {\nopt_in_reach waba\n}", steps: steps{
			list, ben.says(shop, graphsim.Text("Hello")), ben.says(support, graphsim.Text("Hello")),
			ana.record(adminapi.RouteOptIn, support, "marketing"), template(ana, "sale", sells),
		}},

		{name: "start/gives-back-no-more", steps: steps{
			list, ana.optsIn("transactional"), after(time.Second), ana.writes("STOP"), after(time.Hour), ana.writes("START"),
			ana.consentIs("unknown opted_in unknown"), template(ana, "sale", wrongConsent+"marketing by user"),
		}},
		{name: "start/does-not-lift-stop-promotions", steps: steps{
			list, ana.optsIn("all"), after(time.Second), ana.writes("stop promotions"), after(time.Hour), ana.writes("START"),
			ana.consentIs("opted_out opted_in opted_in"), after(time.Hour), ana.writes("start promotions"), ana.consentIs("opted_in opted_in opted_in"),
		}},
		{name: "start/of-a-stranger", steps: steps{ana.writes("START"), ana.consentIs("unknown opted_in unknown")}},
		{name: "start/of-a-stranger/configured", whatsapp: withPolicy("start_opts_in marketing authentication"), steps: steps{ana.writes("START"), ana.consentIs("opted_in unknown opted_in")}},
		{name: "start/of-a-stranger/none", whatsapp: withPolicy("start_opts_in none"), steps: steps{ana.writes("START"), ana.consentIs("unknown unknown unknown")}},

		{name: "silence/said-stop-again", steps: steps{
			list, ana.writes("STOP"), confirms(ana, confirmation), after(time.Minute), ana.writes("I said stop!"), text(ana, optedOut),
			after(time.Minute), ana.writes("STOP"), text(ana, optedOut), template(ana, "parcel_ready", "refuse OPTED_OUT 403/131005 utility by user"),
			after(time.Minute), ana.writes("But where is my parcel?"), text(ana, passes),
		}},
		{name: "silence/same-second", steps: steps{ana.writes("STOP"), ana.writes("Hello?"), text(ana, optedOut), after(time.Second), ana.writes("Hello?"), text(ana, passes)}},

		{name: "utility/in-an-open-window", steps: steps{
			list, template(ana, "parcel_ready", noConsent+"utility by business"), ana.writes("Hello"), template(ana, "parcel_ready", answers),
			template(ana, "sale", noConsent+"marketing by user"), template(ana, "login_code", noConsent+"authentication by user"),
			after(day), template(ana, "parcel_ready", noConsent+"utility by business"),
		}},
		{name: "utility/in-an-open-window/required", whatsapp: withPolicy("in_window_consent required"), steps: steps{
			list, ana.writes("Hello"), template(ana, "parcel_ready", noConsent+"utility by user"),
		}},
		{name: "utility/after-stop", steps: steps{
			list, ana.writes("STOP"), template(ana, "parcel_ready", "refuse OPTED_OUT 403/131005 utility by user"),
			after(time.Minute), ana.writes("Where is my parcel?"), template(ana, "parcel_ready", answers),
		}},

		{name: "confirmation/sells", steps: steps{
			ana.writes("STOP"), send(shop, ana.address()+`,"type":"text","text":{"body":"Secret message: 50% OFF"}`, optedOut), text(ana, optedOut), confirms(ana, confirmation), confirms(ana, optedOut),
		}},
		{name: "confirmation/with-a-link", steps: steps{
			ana.writes("STOP"), send(shop, ana.address()+`,"type":"text","text":{"body":"Secret message: you are unsubscribed, see https://example.com"}`, optedOut),
		}},
		{name: "confirmation/named", whatsapp: withPolicy(`confirmation_texts "Secret message: bye!"`), steps: steps{
			ana.writes("STOP"), confirms(ana, optedOut), send(shop, ana.address()+`,"type":"text","text":{"body":"Secret message. Bye"}`, confirmation),
		}},
		{name: "essential/references", whatsapp: withPolicy("essential_templates parcel_ready"), steps: append(steps{list, ana.optsIn("all"), after(time.Second), ana.writes("STOP"), after(day)}, references()...)},
		{name: "essential/reference-of-its-own", whatsapp: withPolicy("essential_templates parcel_ready", "transaction_prefix vorgang:"), steps: steps{
			list, ana.optsIn("all"), after(time.Second), ana.writes("STOP"), after(day),
			templateWith(ana, "parcel_ready", `,"biz_opaque_callback_data":"order:1234"`, "refuse OPTED_OUT 403/131005 utility by business"),
			templateWith(ana, "parcel_ready", `,"biz_opaque_callback_data":"Vorgang-1234"`, "allow EXCEPTION_ESSENTIAL utility by business"),
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			o := options{sim: s.sim, Options: gatewaytest.Options{WhatsApp: s.whatsapp}}
			if o.WhatsApp == "" {
				o.WhatsApp = inGermany
			}
			w := newWorld(t, o)
			for _, step := range s.steps {
				step(t, w)
			}
		})
	}
}

// references tries what may stand for a transaction.
func references() (all steps) {
	for _, r := range []string{"order:1234", "ORDER-1234", "booking#77", "txn:ab9"} {
		all = append(all, templateWith(ana, "parcel_ready", fmt.Sprintf(`,"biz_opaque_callback_data":%q`, r), "allow EXCEPTION_ESSENTIAL utility by business"))
	}
	for _, r := range []string{"campaign=diwali", " ", "\u200b", "\u2800", "x", "1234", "order:sale", "order:\u200b1", ""} {
		all = append(all, templateWith(ana, "parcel_ready", fmt.Sprintf(`,"biz_opaque_callback_data":"%s"`, r), "refuse OPTED_OUT 403/131005 utility by business"))
	}
	return all
}

// TestOptInOfAList: an opt-in has the time it was given, and a scope. One that is
// older than a STOP changes nothing, and the operator hears so.
func TestOptInOfAList(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	list(t, w)
	ana.writes("STOP")(t, w) // at 09:00
	after(time.Hour)(t, w)
	who := `"phone_number_id":"` + shop + `","contact":"` + ana.Phone + `"`
	for _, test := range []struct {
		name, body, want string
	}{
		{"no-scope", `{` + who + `,"source":"website"}`, "marketing, transactional, authentication or all"},
		{"list-in-the-reference", `{` + who + `,"scope":"marketing","reference":"list-2025"}`, "say with at when the person agreed"},
		{"import", `{` + who + `,"scope":"marketing","source":"import"}`, "say with at when the person agreed"},
		{"existing-system", `{` + who + `,"scope":"marketing","source":"existing_system"}`, "say with at when the person agreed"},
		{"future", `{` + who + `,"scope":"marketing","source":"website","at":"2026-11-03T10:00:00Z"}`, "in the future"},
		{"no-time", `{` + who + `,"scope":"marketing","source":"website","at":"yesterday"}`, "write when the person said so"},
		{"age", `{` + who + `,"scope":"marketing","source":"website","at":"7d"}`, "write when the person said so"},
		{"keyword", `{` + who + `,"scope":"marketing","source":"chat_keyword"}`, "what the gateway itself sees"},
		{"131050", `{` + who + `,"scope":"marketing","source":"meta_131050"}`, "what the gateway itself sees"},
		{"button", `{` + who + `,"scope":"marketing","source":"button"}`, "what the gateway itself sees"},
		{"preferences", `{` + who + `,"scope":"marketing","source":"user_preferences"}`, "what the gateway itself sees"},
	} {
		resp, body := w.AdminCall(t, "/whatsapp/consent/opt-in", test.body)
		if resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), test.want) {
			t.Errorf("%s: %s %s, want 400 and %q", test.name, resp.Status, body, test.want)
		}
	}
	ask := func(at string) *adminapi.Consent {
		t.Helper()
		r := about(shop, ana.Phone)
		r.Scope, r.Source, r.Reference, r.At = "all", "import", "list-2025", at
		return record(t, w.Gateway, adminapi.RouteOptIn, r)
	}
	for _, at := range []string{"2025-03-01", "2026-11-02", "2026-11-02T08:59:00Z", "2026-11-02T09:00:30Z"} {
		old := ask(at)
		if why := old.NoEffect["marketing"]; states(old) != "opted_out opted_out opted_out" || !strings.Contains(why, "the user opted out at 2026-11-02T09:00:00Z (chat_keyword)") || !strings.Contains(why, "changes nothing") {
			t.Errorf("an opt-in of %s: %s, %q", at, states(old), old.NoEffect)
		}
	}
	template(ana, "sale", stoppedOffers+"user")(t, w)
	if now := ask("2026-11-02T09:30:00Z"); states(now) != "opted_in opted_in opted_in" || len(now.NoEffect) != 0 {
		t.Errorf("an opt-in given after STOP: %s, %q", states(now), now.NoEffect)
	}
	template(ana, "sale", "allow CONSENT marketing by user")(t, w)
	history := w.historyOf(t, ana.Phone)
	if len(history) != 6 {
		t.Fatalf("the history has %d words, want the STOP and five opt-ins: %v", len(history), history)
	}
	last := history[len(history)-1]
	if want := time.Date(2025, 2, 28, 10, 0, 0, 0, time.UTC); !last.Time.Equal(want) || last.Recorded.Before(want.AddDate(1, 0, 0)) || last.State != "opted_in" {
		t.Errorf("the oldest word is %+v", last)
	}
}

// TestQuestion: an ordinary word is an opt-in for whom was asked, by a template
// that asks or by an operator.
func TestQuestion(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("opt_in_questions marketing parcel_ready")}})
	list(t, w)
	ana.writes("Hello")(t, w)
	template(ana, "appointment", answers)(t, w)
	ana.consentIs("unknown unknown unknown")(t, w)
	metaAnswers(131026)(t, w)
	template(ana, "parcel_ready", answers)(t, w)
	ana.consentIs("unknown unknown unknown")(t, w)
	template(ana, "parcel_ready", answers)(t, w)
	ana.consentIs("pending unknown unknown")(t, w)

	ben.writes("yes")(t, w)
	ben.consentIs("unknown unknown unknown")(t, w)
	after(time.Minute)(t, w)
	ana.writes("Yes!")(t, w)
	ana.consentIs("opted_in unknown unknown")(t, w)

	question := about(shop, ben.name())
	question.Scope, question.Source = "transactional", "phone"
	if got := states(record(t, w.Gateway, adminapi.RouteAsk, question)); got != "unknown pending unknown" {
		t.Errorf("after an operator asked: %s", got)
	}
	after(time.Minute)(t, w)
	ben.writes("Anmelden")(t, w)
	ben.consentIs("unknown opted_in unknown")(t, w)
	for _, body := range []string{`"source":"phone"`, `"scope":"marketing","at":"2026-11-01"`} {
		if resp, answer := w.AdminCall(t, "/whatsapp/consent/ask", fmt.Sprintf(`{"phone_number_id":%q,"contact":%q,%s}`, shop, ben.name(), body)); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("asking with %s: %s %s", body, resp.Status, answer)
		}
	}
}

// TestExceptionsAreLogged: each use of an exception is one line at INFO.
func TestExceptionsAreLogged(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("essential_templates parcel_ready")}})
	for _, s := range (steps{
		list, ana.optsIn("all"), after(time.Second), ana.writes("STOP"), confirms(ana, confirmation), text(ana, optedOut),
		templateWith(ana, "parcel_ready", `,"biz_opaque_callback_data":"order:1234"`, "allow EXCEPTION_ESSENTIAL utility by user"),
	}) {
		s(t, w)
	}
	var rules []string
	for _, line := range w.logLines(t, "http.handlers.whatsapp_guard", "send allowed as an exception") {
		rules = append(rules, fmt.Sprint(line["level"], " ", line["rule"]))
	}
	if got, want := strings.Join(rules, ", "), "info OPT_OUT_CONFIRMATION, info EXCEPTION_ESSENTIAL"; got != want {
		t.Errorf("logged: %s; want %s", got, want)
	}
	// The refusal in between says what may be sent.
	resp, body := w.Post(t, "/v25.0/"+shop+"/messages", `{"messaging_product":"whatsapp",`+ana.address()+templateBody("parcel_ready")+`}`)
	var r refusal
	if err := json.Unmarshal(body, &r); err != nil || resp.StatusCode != http.StatusForbidden || !strings.Contains(r.Error.ErrorData.Details, "biz_opaque_callback_data") {
		t.Errorf("an essential template without a reference: %s %s", resp.Status, body)
	}
}

// TestDaysOfRecords: of two words of one day, of which nobody knows the time, the opt-out
// holds.
func TestDaysOfRecords(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	words := func(out, in string) string {
		p := person{graphsim.User{Phone: fmt.Sprintf("+491517000%04d", len(allEntries(t, w.Gateway, "ledger"))), Name: out}}
		for _, r := range []struct {
			route adminapi.Route
			at    string
		}{{adminapi.RouteOptOut, out}, {adminapi.RouteOptIn, in}} {
			q := about(shop, p.Phone)
			q.Scope, q.Source, q.Reference, q.At = "all", "website", "form 7", r.at
			record(t, w.Gateway, r.route, q)
		}
		text(p, windowClosed)(t, w)
		return w.consentOf(t, shop, p.Phone).Consent["marketing"].State
	}
	for _, test := range []struct{ out, in, want string }{
		{"2026-10-20", "2026-10-20", "opted_out"},
		{"2026-10-20", "2026-10-20T20:00:00Z", "opted_out"},
		{"2026-10-20", "2026-10-21T11:00:00Z", "opted_out"}, // it was the 20th on Baker Island
		{"2026-10-20", "2026-10-22T00:00:00Z", "opted_in"},
		{"2026-10-20T03:00:00Z", "2026-10-20", "opted_out"},
		{"2026-10-20 03:00:00", "2026-10-20T14:00:00Z", "opted_out"},
		{"2026-10-20 03:00:00+00", "2026-10-20T14:00:00Z", "opted_in"},
		{"2026-11-02", "2026-11-02T08:00:00Z", "opted_out"}, // today: at the latest now
	} {
		if got := words(test.out, test.in); got != test.want {
			t.Errorf("out %s, in %s: %s, want %s", test.out, test.in, got, test.want)
		}
	}
}
