package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// postBatch posts a batch and reads the refusal, if it is one.
func postBatch(t *testing.T, w *world, elements ...string) (*http.Response, []byte, refusal) {
	t.Helper()
	resp, body := w.Post(t, "/v25.0/", batchOf(elements...))
	var r refusal
	if resp.StatusCode != http.StatusOK {
		if err := json.Unmarshal(body, &r); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
	}
	return resp, body, r
}

// TestOneConfirmationInABatch: of two texts in one batch to somebody who just
// said STOP, one is the confirmation and the other is refused for what it is.
// The batch never gets an answer that invites to try again.
func TestOneConfirmationInABatch(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	both.writes("Hello")(t, w)
	ben.writes("Hello")(t, w)
	both.writes("STOP")(t, w)
	byID := `{"method":"POST","relative_url":"` + shop + `/messages","body":"messaging_product=whatsapp&recipient=DE.55667788990011&type=text&text=%7B%22body%22%3A%22You are unsubscribed.%22%7D"}`
	toAna := strings.Replace(batched(shop, "4915112345678"), "hi", "You are unsubscribed.", 1)
	resp, body, r := postBatch(t, w, toAna, byID)
	refused := r.Error.Waguard.Elements
	if resp.StatusCode != http.StatusBadRequest || r.Error.Waguard.Rule != "BATCH_REFUSED" || len(refused) != 1 || refused[0].Index != 1 || refused[0].Rule != "OPTED_OUT" ||
		!strings.Contains(r.Error.Waguard.Reason, "another send of this batch") {
		t.Errorf("by both names: %s %s", resp.Status, body)
	}
	if n := len(w.sim.Sends()); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
	// One alone passes afterwards, and uses up the confirmation.
	if resp, body, _ := postBatch(t, w, toAna, batched(shop, "4915119876543")); resp.StatusCode != http.StatusOK {
		t.Errorf("one confirmation: %s %s", resp.Status, body)
	}
	if _, body, r := postBatch(t, w, toAna); r.Error.Waguard.Rule != "BATCH_REFUSED" || !strings.Contains(string(body), "OPTED_OUT") {
		t.Errorf("a second one: %s", body)
	}
	addsUp(t, w.Gateway)
}
