package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

const stopped = `{"error":{"message":"(#131050) Unable to deliver the message. This recipient has chosen to stop receiving marketing messages on WhatsApp from your business.","type":"OAuthException","code":131050,"fbtrace_id":"x"}}`

// marketingOf is the state of a person's consent to marketing and where it comes
// from.
func (w *world) marketingOf(t *testing.T, p person) string {
	t.Helper()
	c := w.consentOf(t, shop, p.name())
	return c.Consent["marketing"].State + " " + string(c.Consent["marketing"].Source)
}

// TestStopAsAnswer: Meta answers a send with its error for people who stopped
// marketing messages. That is an opt-out like one by webhook, before the sender
// has the answer, and of the person the send was for.
func TestStopAsAnswer(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	list(t, w)
	for _, p := range []person{ana, ben, una} {
		p.optsIn("all")(t, w)
	}
	w.Clock.Advance(time.Hour)
	offer := func(p person) (*http.Response, []byte) {
		return w.Post(t, messages, `{"messaging_product":"whatsapp",`+p.address()+templateBody("sale")+`}`)
	}
	for _, p := range []person{ana, una} {
		w.sim.Inject(graphsim.Fault{Code: 131050})
		resp, body := offer(p)
		if resp.StatusCode < 400 || !strings.Contains(string(body), "131050") || strings.Contains(string(body), "waguard") {
			t.Fatalf("Meta's answer came as %s %s", resp.Status, body)
		}
		if got := w.marketingOf(t, p); got != "opted_out meta_131050" {
			t.Errorf("%s: marketing is %s", p.Name, got)
		}
		before := len(w.sim.Requests())
		if _, body := offer(p); decodeRefusal(t, body).Error.Waguard.Rule != "OPTED_OUT_MARKETING" {
			t.Errorf("%s: another offer: %s", p.Name, body)
		}
		if len(w.sim.Requests()) != before {
			t.Errorf("%s: another offer reached Meta", p.Name)
		}
	}
	if got := w.marketingOf(t, ben); !strings.HasPrefix(got, "opted_in ") {
		t.Errorf("Ben's marketing is %s", got)
	}
	if c := w.consentOf(t, shop, ana.Phone); c.Consent["transactional"].State != "opted_in" {
		t.Errorf("transactional is %s", c.Consent["transactional"].State)
	}
	// Other errors say nothing about consent.
	w.sim.Inject(graphsim.Fault{Code: 131049})
	offer(ben)
	if got := w.marketingOf(t, ben); !strings.HasPrefix(got, "opted_in ") {
		t.Errorf("after another error Ben's marketing is %s", got)
	}
	// A later opt-in counts again.
	w.Clock.Advance(time.Hour)
	ana.optsIn("all")(t, w)
	if resp, body := offer(ana); resp.StatusCode != http.StatusOK {
		t.Errorf("after a new opt-in: %s %s", resp.Status, body)
	}
}

// TestStopInABatch: the answer to one element of a batch is about its recipient
// alone.
func TestStopInABatch(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `[{"code":200,"body":%q},{"code":400,"body":%q}]`, accepted, stopped)
	}))
	defer upstream.Close()
	w := newWorld(t, options{Options: gatewaytest.Options{Upstream: upstream.URL, WhatsApp: inGermany}})
	ana.optsIn("all")(t, w)
	ben.optsIn("all")(t, w)
	w.Clock.Advance(time.Hour)
	element := func(to string) string {
		return `{"method":"POST","relative_url":"` + shop + `/messages","body":"messaging_product=whatsapp&to=%2B` + to +
			`&type=template&template=%7B%22name%22%3A%22sale%22%2C%22language%22%3A%7B%22code%22%3A%22en%22%7D%7D"}`
	}
	resp, body := w.Post(t, "/v25.0/", batchOf(element(ana.Phone[1:]), element(ben.Phone[1:])))
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the batch: %s %s", resp.Status, body)
	}
	if got := w.marketingOf(t, ana); !strings.HasPrefix(got, "opted_in ") {
		t.Errorf("Ana's marketing is %s", got)
	}
	if got := w.marketingOf(t, ben); got != "opted_out meta_131050" {
		t.Errorf("Ben's marketing is %s", got)
	}
}
