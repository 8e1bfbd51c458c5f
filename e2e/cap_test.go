package e2e

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

const offersAWeek = 5

// cappedWorld is a shop that sends nobody more than five offers a week, and Ana, who
// agreed to them.
func cappedWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("frequency_cap marketing 5 7d")}})
	list(t, w)
	ana.optsIn("all")(t, w)
	return w
}

func offer(t testing.TB, w *world) (*http.Response, []byte) {
	t.Helper()
	return w.Post(t, messages, `{"messaging_product":"whatsapp",`+ana.address()+templateBody("sale")+`}`)
}

// TestCapUnderConcurrency: of two hundred sends at once exactly as many leave as the
// cap allows, the others are refused for what they are.
func TestCapUnderConcurrency(t *testing.T) {
	w := cappedWorld(t)
	w.atOnce(t, 200, offersAWeek, "FREQUENCY_CAP", func(int) (*http.Response, []byte) { return offer(t, w) })
	addsUp(t, w.Gateway)
}

// TestCapStory: what Meta rejects doesn't count, other kinds pass, the answer says when
// to try again, and then it passes.
func TestCapStory(t *testing.T) {
	w := cappedWorld(t)
	w.sim.Inject(graphsim.Fault{Code: 131026, Times: 3})
	for i := range 3 {
		if resp, body := offer(t, w); resp.StatusCode == http.StatusOK || resp.Header.Get("X-Waguard-Decision") != "allow" {
			t.Fatalf("rejected offer %d: %s %s", i, resp.Status, body)
		}
	}
	for i := range offersAWeek {
		if resp, body := offer(t, w); resp.StatusCode != http.StatusOK {
			t.Fatalf("offer %d: %s %s", i, resp.Status, body)
		}
		w.Clock.Advance(time.Hour)
	}
	resp, body := offer(t, w)
	wait, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if resp.Header.Get("X-Waguard-Rule") != "FREQUENCY_CAP" || err != nil || time.Duration(wait)*time.Second != 7*day-offersAWeek*time.Hour {
		t.Fatalf("one too many: %s, Retry-After %d (%v): %s", resp.Status, wait, err, body)
	}
	template(ana, "parcel_ready", "allow CONSENT utility by business")(t, w)
	w.Clock.Advance(time.Duration(wait)*time.Second - time.Millisecond)
	template(ana, "sale", "refuse FREQUENCY_CAP 400/131049 marketing by business")(t, w)
	w.Clock.Advance(time.Millisecond)
	template(ana, "sale", "allow CONSENT marketing by business")(t, w)
	template(ana, "sale", "refuse FREQUENCY_CAP 400/131049 marketing by business")(t, w)
	addsUp(t, w.Gateway)
}
