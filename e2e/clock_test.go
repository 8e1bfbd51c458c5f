package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestClocksThatDiffer: the gateway's clock, contradicted by the timestamps of
// webhooks, is shown and warned of; an opt-out keeps its time.
func TestClocksThatDiffer(t *testing.T) {
	for name, c := range map[string]struct {
		ahead      time.Duration // WhatsApp's clock before ours
		deliveries int
		seconds    string
		warnings   int
	}{
		"in-step":              {0, 8, "0", 0},
		"ours-behind":          {5 * time.Minute, 1, "300", 1},
		"ours-far-behind":      {30 * day, 3, "2.592e+06", 1},
		"ours-ahead":           {-5 * time.Minute, 6, "-300", 1},
		"late-deliveries-only": {-5 * time.Minute, 4, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
			gauge := func() string {
				_, body := w.AdminCall(t, "/metrics", "")
				for line := range strings.Lines(string(body)) {
					if value, ok := strings.CutPrefix(line, "caddy_whatsapp_clock_difference_seconds "); ok {
						return strings.TrimSpace(value)
					}
				}
				return "missing"
			}
			before := gauge()
			for range c.deliveries {
				ana.wrote(-c.ahead, "Hello")(t, w)
				w.Clock.Advance(time.Second)
			}
			want := c.seconds
			if want == "" {
				want = before
			}
			if got := gauge(); got != want {
				t.Errorf("the metric says %s, want %s", got, want)
			}
			if lines := w.logLines(t, "http.handlers.whatsapp_webhook", ""); len(lines) != c.warnings {
				t.Errorf("%d lines, want %d: %v", len(lines), c.warnings, lines)
			}
		})
	}
}

// TestOptOutOfAnotherClock: a STOP stamped later than our clock is not moved to
// it, so that it holds against an opt-in of in between.
func TestOptOutOfAnotherClock(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	ana.wrote(-10*time.Minute, "STOP")(t, w)
	ana.wrote(-5*time.Minute, "START")(t, w)
	ana.consentIs("opted_out opted_out opted_out")(t, w)
	confirms(ana, confirmation)(t, w)
}

// TestWebhookWithoutEnvelopeTeachesNothing is about
// says whose it is.
func TestWebhookWithoutEnvelopeTeachesNothing(t *testing.T) {
	w := newWorld(t, options{})
	if resp, body := w.deliver(t, []byte(onPremises(ana, "Hello")), gatewaytest.AppSecret); resp.StatusCode != http.StatusOK {
		t.Errorf("the answer is %s %s", resp.Status, body)
	}
	ana.windowIs("never opened")(t, w)
	if got := fmt.Sprint(len(w.logLines(t, "http.handlers.whatsapp_webhook", "parts of a webhook could not be read"))); got != "1" {
		t.Errorf("%s lines say that nothing was learned", got)
	}
}
