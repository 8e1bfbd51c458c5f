package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// followUp sends Ana a template with the given components.
func followUp(t testing.TB, w *world, name, components string) (*http.Response, []byte) {
	t.Helper()
	return w.Post(t, messages, `{"messaging_product":"whatsapp",`+ana.address()+`,"type":"template","template":{"name":"`+name+`","language":{"code":"en"},"components":`+components+`}}`)
}

// followingWorld is a shop that follows up on people who wrote.
func followingWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, options{
		Options: gatewaytest.Options{WhatsApp: withPolicy("post_session_followup")},
		sim: graphsim.Options{Templates: append(templates(),
			graphsim.Template{Name: "with_buttons", Language: "en", Category: "UTILITY", Components: []byte(`[{"type":"BODY","text":"Hello"},{"type":"BUTTONS","buttons":[{"type":"QUICK_REPLY","text":"Ok"}]}]`)},
			graphsim.Template{Name: "with_image", Language: "en", Category: "UTILITY", Components: []byte(`[{"type":"HEADER","format":"IMAGE"},{"type":"BODY","text":"Hello"}]`)},
		)},
	})
	list(t, w)
	ana.writes("Hello")(t, w)
	return w
}

// TestFollowupStory: who wrote and got no answer gets one template of text, and the next
// after they wrote again.
func TestFollowupStory(t *testing.T) {
	const follows, limit = "allow POST_SESSION_FOLLOWUP utility by business", "refuse FOLLOWUP_LIMIT 400/131049 utility by business"
	const format = "refuse FOLLOWUP_FORMAT 403/131005 utility by business"
	w := followingWorld(t)
	after(24*time.Hour)(t, w)
	image := `[{"type":"header","parameters":[{"type":"image","image":{"link":"https://example.com/a.png"}}]}]`
	for _, components := range []string{image, `[{"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"x"}]}]`, `[{"type":"carousel","cards":[]}]`} {
		if resp, body := followUp(t, w, "parcel_ready", components); resp.Header.Get("X-Waguard-Rule") != "FOLLOWUP_FORMAT" {
			t.Fatalf("%s: %s %s", components, resp.Status, body)
		}
	}
	w.sim.Inject(graphsim.Fault{Code: 131026, Times: 1})
	if resp, body := followUp(t, w, "parcel_ready", `[]`); resp.StatusCode == http.StatusOK || resp.Header.Get("X-Waguard-Rule") != "POST_SESSION_FOLLOWUP" {
		t.Fatalf("a follow-up that Meta rejects: %s %s", resp.Status, body)
	}
	for _, step := range (steps{
		template(ana, "with_buttons", format), template(ana, "with_image", format),
		template(ana, "parcel_ready", follows), template(ana, "parcel_ready", limit), template(ana, "sale", "refuse FOLLOWUP_LIMIT 400/131049 marketing by business"),
		template(ben, "parcel_ready", "refuse NO_CONSENT 403/131005 utility by business"),
		after(90 * day), template(ana, "parcel_ready", limit), text(ana, windowClosed),
		ana.writes("Hello again"), template(ana, "parcel_ready", "allow WINDOW_OPEN utility by user"), after(24 * time.Hour), template(ana, "parcel_ready", follows), template(ana, "parcel_ready", limit),
		ana.optsIn("all"), template(ana, "with_buttons", "allow CONSENT utility by business"), template(ana, "parcel_ready", "allow CONSENT utility by business"),
		ana.writes("STOP"), after(25 * time.Hour), template(ana, "parcel_ready", "refuse OPTED_OUT 403/131005 utility by business"),
	}) {
		step(t, w)
	}
	addsUp(t, w.Gateway)
}

// TestFollowupsUnderConcurrency: of a hundred follow-ups at once one leaves.
func TestFollowupsUnderConcurrency(t *testing.T) {
	w := followingWorld(t)
	after(25*time.Hour)(t, w)
	w.atOnce(t, 100, 1, "FOLLOWUP_LIMIT", func(int) (*http.Response, []byte) { return followUp(t, w, "parcel_ready", `[]`) })
	addsUp(t, w.Gateway)
}

// TestCodeOnRequestStory: who asks for a one-time code gets it for ten minutes, also after
// an opt-out, and nothing else.
func TestCodeOnRequestStory(t *testing.T) {
	const code, out = "allow CODE_REQUESTED authentication by business", "refuse OPTED_OUT 403/131005 authentication by business"
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("otp_on_request 10m")}})
	asks := func(t testing.TB, w *world) {
		record(t, w.Gateway, adminapi.RouteOptIn, adminapi.ConsentRequest{PhoneNumberID: shop, Contact: ana.Phone, Scope: "authentication", Source: "user_request"})
	}
	for _, step := range (steps{
		list, ana.optsIn("all"), ana.writes("STOP"), after(25 * time.Hour), template(ana, "login_code", out),
		asks, template(ana, "login_code", code), template(ana, "login_code", code),
		template(ana, "parcel_ready", "refuse OPTED_OUT 403/131005 utility by business"), template(ana, "sale", "refuse OPTED_OUT_MARKETING 400/131050 marketing by business"),
		after(10*time.Minute - time.Second), template(ana, "login_code", code), after(time.Second), template(ana, "login_code", out), after(time.Second), template(ana, "login_code", out),
		asks, template(ana, "login_code", code), ana.writes("STOP"), after(time.Second), template(ana, "login_code", "refuse OPTED_OUT 403/131005 authentication by user"),
		asks, template(ana, "login_code", "allow CODE_REQUESTED authentication by user"), // in the moment after the STOP
		after(10*time.Minute - time.Millisecond), template(ana, "login_code", "allow CODE_REQUESTED authentication by user"), after(time.Millisecond), template(ana, "login_code", "refuse OPTED_OUT 403/131005 authentication by user"),
		ana.optsOut("all"), asks, template(ana, "login_code", "allow CODE_REQUESTED authentication by user"), after(10 * time.Minute), template(ana, "login_code", "refuse OPTED_OUT 403/131005 authentication by user"),
		asks,
	}) {
		step(t, w)
	}
	c := w.consentOf(t, shop, ana.Phone)
	if got := states(c); got != "opted_out opted_out opted_out" || c.CodeRequested == nil {
		t.Errorf("consent is %s, a code was asked for at %v", got, c.CodeRequested)
	}
	if h := w.historyOf(t, ana.Phone); len(h) < 2 || h[0].State != "requested" || h[0].Source != "user_request" {
		t.Errorf("the history begins with %+v", h)
	}
	for _, r := range []adminapi.ConsentRequest{{Scope: "all"}, {Scope: "marketing"}} {
		r.PhoneNumberID, r.Contact, r.Source = shop, ana.Phone, "user_request"
		if _, err := api(t, w.Gateway).Record(t.Context(), adminapi.RouteOptIn, r); err == nil {
			t.Errorf("a request is recorded for %s", r.Scope)
		}
	}
	addsUp(t, w.Gateway)
}
