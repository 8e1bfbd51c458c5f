package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// why asks about a send at a moment.
func (w *world) why(t testing.TB, r adminapi.WhyRequest) *adminapi.Why {
	t.Helper()
	answer, err := api(t, w.Gateway).Why(t.Context(), r)
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	return answer
}

// TestWhy: months later it can be told why each send was allowed or refused, and what
// would have been decided a second before or after, by the facts, the templates and the
// policy of then.
func TestWhy(t *testing.T) {
	both := func(whatsapp string) string { return whatsapp + "\nbusiness " + support }
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: both(inGermany), Site: consentSite}})
	began := w.Clock.Now()
	asked := func(p person, template string) adminapi.WhyRequest {
		r := adminapi.WhyRequest{PhoneNumberID: shop, Contact: p.Phone}
		if template != "" {
			r.Template = &adminapi.WhyTemplate{Name: template, Language: "en"}
		}
		return r
	}
	type moment struct {
		at   time.Time
		want map[string]string // by template
	}
	var moments []moment
	look := func(what ...string) step {
		return func(t testing.TB, w *world) {
			t.Helper()
			m := moment{w.Clock.Now(), make(map[string]string)}
			for i := 0; i < len(what); i += 2 {
				m.want[what[i]] = what[i+1]
			}
			moments = append(moments, m)
		}
	}
	for _, step := range (steps{
		list, look("", "refuse WINDOW_CLOSED", "sale", "refuse NO_CONSENT", "parcel_ready", "refuse NO_CONSENT"),
		after(time.Hour), ana.writes("Hello"), look("", "allow WINDOW_OPEN", "sale", "refuse NO_CONSENT", "parcel_ready", "allow WINDOW_OPEN"),
		after(time.Hour), ana.optsIn("all"), look("sale", "allow CONSENT", "parcel_ready", "allow CONSENT"),
		after(time.Hour), templateIs("sale", "PAUSED"), look("sale", "refuse TEMPLATE_PAUSED", "parcel_ready", "allow CONSENT"),
		after(time.Hour), templateIs("sale", "UNPAUSED"), look("sale", "allow CONSENT"),
		after(time.Hour), reconfigured(both(withPolicy("session_only"))), look("", "allow WINDOW_OPEN", "sale", "refuse SENDER_SESSION_ONLY"),
		after(time.Hour), reconfigured(both(inGermany)), look("sale", "allow CONSENT"),
		after(20 * time.Hour), look("", "refuse WINDOW_CLOSED", "sale", "allow CONSENT"),
		after(time.Second), ana.writes("STOP"), after(time.Hour), look("", "refuse OPTED_OUT", "sale", "refuse OPTED_OUT_MARKETING", "parcel_ready", "refuse OPTED_OUT"),
		after(time.Hour), ana.writes("START"), look("", "allow WINDOW_OPEN", "sale", "allow CONSENT"),
		after(90 * day), ana.optsOut("all"), templateIs("parcel_ready", "DISABLED"),
	}) {
		step(t, w)
	}
	for _, m := range moments {
		for template, want := range m.want {
			r := asked(ana, template)
			r.At = m.at.Format(time.RFC3339Nano)
			if got := w.why(t, r); string(got.Verdict.Verdict)+" "+string(got.Rule) != want || !got.At.Equal(m.at) {
				t.Errorf("%q at %s: %s %s, want %s", template, m.at.Sub(began), got.Verdict.Verdict, got.Rule, want)
			}
		}
	}

	// The evidence behind one, and the same decision over the consent API and the command.
	r := asked(ana, "sale")
	r.At = moments[2].at.Format(time.RFC3339)
	got := w.why(t, r)
	decided := "" // by the last that did: further ones were asked whether anything holds it back
	for _, rule := range got.Rules {
		if rule.Decided != "" {
			decided = string(rule.Decided)
		}
	}
	if p := got.Persons[0]; len(p.Records) != 1 || p.Records[0].Reference != "form 7" || p.Records[0].ID == "" || !p.WindowOpen || decided != "CONSENT" ||
		got.Template.Status != "APPROVED" || got.Template.Category != "marketing" || !got.Policy.Since.Equal(began) {
		t.Errorf("the evidence: %+v %+v %s, began %s", p, got.Template, got.Policy.Since, began)
	}
	c := newConsentClient(t, w)
	body := fmt.Sprintf(`{"phone_number_id":%q,"contact":%q,"at":%q,"template":{"name":"sale","language":"en"}}`, shop, ana.Phone, r.At)
	for key, want := range map[string]int{c.key(t, "audit", "", "read").Key: 200, c.key(t, "crm", "", "record").Key: 403, c.key(t, "other", `"`+support+`"`, "read").Key: 403} {
		status, answer, _ := c.post(t, key, "/why", body)
		if status != want || status == http.StatusOK && !strings.Contains(string(answer), `"rule":"CONSENT"`) {
			t.Errorf("over the API: %d %s", status, answer)
		}
	}
	p := &process{Process: gatewaytest.Process{File: w.log}}
	stdout, stderr, code := p.do(t, "why", "--address", w.Admin, "--business", shop, "--contact", ana.Phone, "--send", "template:sale:en", "--at", r.At)
	for _, want := range []string{"allowed as marketing by CONSENT", "an opt-in covers its kind of message", "form 7", "sale (en): marketing, approved", "in force since 2026-11-02"} {
		if code != 0 || !strings.Contains(stdout, want) {
			t.Errorf("code %d, no %q in\n%s%s", code, want, stdout, stderr)
		}
	}
}

// TestWhyOfTheLedger: a decision on record is explained by its id, as it was made.
func TestWhyOfTheLedger(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("frequency_cap marketing 1 7d")}})
	var ids []string
	sent := func(t testing.TB, w *world) { ids = append(ids, w.newest(t).ID.String()) }
	for _, step := range (steps{
		list, text(ana, windowClosed), sent, ana.optsIn("all"), template(ana, "sale", "allow CONSENT marketing by business"), sent,
		after(time.Minute), template(ana, "sale", capped), sent, ana.writes("Hello"), text(ana, passes), sent, sendToNumber("12", "refuse RECIPIENT_INVALID 400/100 unknown"), sent,
		after(30 * day), ana.optsOut("all"), reconfigured(inGermany),
	}) {
		step(t, w)
	}
	for i, want := range []string{"refuse WINDOW_CLOSED", "allow CONSENT", "refuse FREQUENCY_CAP", "allow WINDOW_OPEN", "refuse RECIPIENT_INVALID"} {
		got := w.why(t, adminapi.WhyRequest{ID: ids[i]})
		if string(got.Verdict.Verdict)+" "+string(got.Rule) != want || got.ID != ids[i] || got.Reason == "" {
			t.Errorf("entry %d: %s %s, want %s", i, got.Verdict.Verdict, got.Rule, want)
		}
		// Asked about the moment, without the decision: it is the same.
		if got.Rule == "RECIPIENT_INVALID" {
			continue
		}
		then := adminapi.WhyRequest{PhoneNumberID: shop, Contact: ana.Phone, At: got.At.Format(time.RFC3339Nano)}
		if got.Template != nil {
			then.Template = &adminapi.WhyTemplate{Name: "sale", Language: "en"}
		}
		again := w.why(t, then)
		if got.Rule == "CONSENT" { // in the same millisecond it took what the cap leaves
			continue
		}
		if again.Verdict.Verdict != got.Verdict.Verdict || again.Rule != got.Rule || again.Reason != got.Reason {
			t.Errorf("entry %d: asked again it is %s %s (%s), was %s (%s)", i, again.Verdict.Verdict, again.Rule, again.Reason, got.Rule, got.Reason)
		}
	}
}

// TestWhyLate: what the gateway didn't know then doesn't change what it decided, and is
// told apart.
func TestWhyLate(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	at := w.Clock.Now()
	for _, step := range (steps{
		after(time.Hour), ana.wrote(61*time.Minute, "delivered late"), // and so before
		ana.agrees(`"scope":"all","source":"website","at":"2026-11-01"`, 200),
	}) {
		step(t, w)
	}
	got := w.why(t, adminapi.WhyRequest{PhoneNumberID: shop, Contact: ana.Phone, At: at.Format(time.RFC3339)})
	if got.Rule != "WINDOW_CLOSED" || got.Later == nil || got.Later.Then == nil || got.Later.Then.Rule != "WINDOW_OPEN" || len(got.Later.Records) != 1 {
		t.Errorf("%s, later %+v", got.Rule, got.Later)
	}
	if !got.Later.Arrived.Equal(at.Add(time.Hour)) || !got.Later.WindowOpened.Equal(at.Add(-time.Minute)) {
		t.Errorf("it came at %s about %s", got.Later.Arrived, got.Later.WindowOpened)
	}
	for what, r := range map[string]adminapi.WhyRequest{
		"in the future":          {PhoneNumberID: shop, Contact: ana.Phone, At: "2027-01-01"},
		"is not on record":       {PhoneNumberID: shop, Contact: ana.Phone, At: "2026-01-01"},
		"no such decision":       {ID: "0199f0c2-5d3e-7a41-9b0c-3f6f1f0d2a77"},
		"id names a decision":    {ID: "0199f0c2-5d3e-7a41-9b0c-3f6f1f0d2a77", At: "1h"},
		"plus and country code":  {PhoneNumberID: shop, Contact: "0151"},
		"refused as PARAMETER":   {PhoneNumberID: shop, Send: json.RawMessage(`{"messaging_product":"whatsapp","to":"+4915112345678","type":5}`)},
		"does not serve":         {PhoneNumberID: "999", Contact: ana.Phone},
		"phone_number_id is mis": {Contact: ana.Phone},
	} {
		if _, err := api(t, w.Gateway).Why(t.Context(), r); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%+v: %v, want %q", r, err, what)
		}
	}
}
