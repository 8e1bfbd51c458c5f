package e2e

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestSessionOnlyStory: a shop that only answers sends nobody a template, and forgets
// nothing of what people agreed to meanwhile.
func TestSessionOnlyStory(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("session_only")}})
	for _, step := range (steps{
		list, ana.optsIn("all"), template(ana, "parcel_ready", "refuse SENDER_SESSION_ONLY 403/131005 utility by business"),
		text(ana, windowClosed), ana.writes("Hello"), text(ana, passes),
		template(ana, "sale", "refuse SENDER_SESSION_ONLY 403/131005 marketing by user"),
		template(ana, "parcel_ready", "refuse SENDER_SESSION_ONLY 403/131005 utility by user"),
	}) {
		step(t, w)
	}
	w.WhatsApp = withPolicy("session_only off")
	w.reload(t)
	template(ana, "sale", "allow CONSENT marketing by user")(t, w)
	text(ana, passes)(t, w)
	addsUp(t, w.Gateway)
}

// TestConsentRequestStory: who has said nothing is asked once a month, who says no
// never again, and who says yes gets what they agreed to.
func TestConsentRequestStory(t *testing.T) {
	const asks, tooOften = "allow CONSENT_REQUEST marketing by business", "refuse CONSENT_REQUEST_LIMIT 400/131049 marketing by business"
	w := requestingWorld(t)
	may := func(p person, want string) step { return template(p, "may_we", want) }
	w.sim.Inject(graphsim.Fault{Code: 131026, Times: 1})
	if resp, body := request(t, w); resp.StatusCode == http.StatusOK || resp.Header.Get("X-Waguard-Decision") != "allow" {
		t.Fatalf("a request that Meta rejects: %s %s", resp.Status, body)
	}
	for _, step := range (steps{
		may(ana, asks), may(ana, tooOften), template(ana, "sale", "refuse CONSENT_PENDING 403/131005 marketing by business"),
		may(ben, asks), after(30*day - time.Millisecond), may(ana, tooOften), after(time.Millisecond), may(ana, asks), may(ana, tooOften),
		after(time.Minute), ana.writes("Yes"), template(ana, "sale", "allow CONSENT marketing by user"), may(ana, "allow CONSENT marketing by user"),
		ben.writes("STOP"), after(60 * day), may(ben, "refuse OPTED_OUT_MARKETING 400/131050 marketing by business"),
	}) {
		step(t, w)
	}
	addsUp(t, w.Gateway)
}

// TestConsentRequestsUnderConcurrency: of a hundred requests at once one leaves.
func TestConsentRequestsUnderConcurrency(t *testing.T) {
	w := requestingWorld(t)
	w.atOnce(t, 100, 1, "CONSENT_REQUEST_LIMIT", func(int) (*http.Response, []byte) { return request(t, w) })
	resp, _ := request(t, w)
	if wait, err := strconv.Atoi(resp.Header.Get("Retry-After")); err != nil || time.Duration(wait)*time.Second < 29*day {
		t.Errorf("Retry-After %d (%v)", wait, err)
	}
	addsUp(t, w.Gateway)
}

// requestingWorld is a shop that asks people whether it may write to them.
func requestingWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, options{
		Options: gatewaytest.Options{WhatsApp: withPolicy("consent_request_templates may_we", "opt_in_questions marketing may_we")},
		sim:     graphsim.Options{Templates: append(templates(), graphsim.Template{Name: "may_we", Language: "en", Category: "MARKETING"})},
	})
	list(t, w)
	return w
}

func request(t testing.TB, w *world) (*http.Response, []byte) {
	t.Helper()
	return w.Post(t, messages, `{"messaging_product":"whatsapp",`+ana.address()+templateBody("may_we")+`}`)
}

// TestQuietHoursStory: offers leave by day, wherever the person may be, and a refusal
// says how long to wait. Replies leave at any hour. It begins at nine in Greenwich.
func TestQuietHoursStory(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("quiet_hours marketing 21:00 08:00", "country_pack off")}})
	const leaves, waits = "allow CONSENT marketing by business", "refuse QUIET_HOURS 400/131049 marketing by business"
	american := person{graphsim.User{Phone: "+12125550147", Name: "Abe"}}
	somewhere := person{graphsim.User{UserID: "US.40817726355190042", Name: "Sue", HidePhone: true}}
	for _, step := range (steps{
		list, ana.optsIn("all"), american.optsIn("all"), somewhere.optsIn("all"),
		template(ana, "sale", leaves), template(american, "sale", waits), template(somewhere, "sale", waits),
		template(american, "parcel_ready", "allow CONSENT utility by business"),
	}) {
		step(t, w)
	}
	for p, until := range map[person]time.Duration{american: wait(t, w, american), somewhere: wait(t, w, somewhere)} {
		if now := w.Clock.Now().Add(until); now.Minute() != 0 || until <= 0 {
			t.Errorf("%s may be written to at %s", p.Name, now)
		}
	}
	until := wait(t, w, american)
	w.Clock.Advance(until - time.Second)
	template(american, "sale", waits)(t, w)
	w.Clock.Advance(time.Second)
	template(american, "sale", leaves)(t, w)
	template(somewhere, "sale", waits)(t, w) // it is night in Hawaii
	w.Clock.Advance(wait(t, w, somewhere))
	template(somewhere, "sale", leaves)(t, w)
	for _, step := range (steps{template(ana, "sale", leaves), after(2 * time.Hour), template(ana, "sale", waits), ana.writes("Hello"), text(ana, passes)}) {
		step(t, w)
	}
	addsUp(t, w.Gateway)
}

// wait is how long an offer to a person has to, as the answer says.
func wait(t testing.TB, w *world, p person) time.Duration {
	t.Helper()
	resp, body := w.Post(t, messages, `{"messaging_product":"whatsapp",`+p.address()+templateBody("sale")+`}`)
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil {
		t.Fatalf("%s %s: no Retry-After", resp.Status, body)
	}
	return time.Duration(seconds) * time.Second
}

// TestCountryStory: what Meta doesn't deliver to the United States doesn't leave, and the
// operator says where else offers don't go.
func TestCountryStory(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("countries refuse marketing FR")}})
	const leaves, blocked = "allow CONSENT marketing by business", "refuse COUNTRY_BLOCK 400/130497 marketing by business"
	by := func(number string) person { return person{graphsim.User{Phone: number, Name: "Somebody"}} }
	american, canadian, french := by("+12125550147"), by("+14165550147"), by("+33612345678")
	named := person{graphsim.User{UserID: "US.40817726355190042", Name: "Sue", HidePhone: true}}
	list(t, w)
	for p, want := range map[person]string{american: blocked, named: blocked, canadian: leaves, french: blocked, ana: leaves} {
		p.optsIn("all")(t, w)
		template(p, "sale", want)(t, w)
		template(p, "parcel_ready", "allow CONSENT utility by business")(t, w)
	}
	w.WhatsApp = withPolicy("country_pack off", "countries only marketing US CA")
	w.reload(t)
	for p, want := range map[person]string{american: leaves, named: leaves, canadian: leaves, french: blocked, ana: blocked} {
		template(p, "sale", want)(t, w)
	}
	addsUp(t, w.Gateway)
}

// TestConsentExpiryStory: an opt-in doesn't outlast a year of silence.
func TestConsentExpiryStory(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("consent_expires marketing 365d")}})
	const passes, lapsed = "allow CONSENT marketing by business", "refuse CONSENT_EXPIRED 403/131005 marketing by business"
	for _, step := range (steps{
		list, ana.optsIn("all"), after(365*day - time.Second), template(ana, "sale", passes), after(time.Second), template(ana, "sale", lapsed),
		ana.writes("Hello"), template(ana, "sale", "allow CONSENT marketing by user"), after(365*day - time.Second), template(ana, "sale", passes),
		after(time.Second), template(ana, "sale", lapsed), template(ana, "parcel_ready", "allow CONSENT utility by business"),
		ana.optsIn("marketing"), template(ana, "sale", passes),
	}) {
		step(t, w)
	}
	addsUp(t, w.Gateway)
}
