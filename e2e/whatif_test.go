package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestWhatIf: a past month is priced again by the rules and the card of another day, beside
// what it did cost.
func TestWhatIf(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy(), Start: time.Date(2026, time.September, 5, 9, 0, 0, 0, time.UTC)}})
	list(t, w)
	ana.optsIn("all")(t, w)
	ana.writes("Hello")(t, w)
	for _, body := range []string{aTemplate("parcel_ready", "en"), aTemplate("sale", "en"), aText()} {
		if resp, answer := w.Post(t, messages, body); resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", resp.Status, answer)
		}
	}
	statuses(t, w)
	for query, want := range map[string]string{
		"":                                "0.1365",
		"&rules=2026-10-01":               "0.1915, was 0.1365", // utility is charged in the window, the text is one of a thousand
		"&card=USD%202026-10-01":          "0.1365, was 0.1365",
		"&card=EUR%202026-07-01":          "0.1365, was 0.1365",
		"&rules=2025-07-01&by=price_type": "0.1365, was 0.1365",
	} {
		resp, body := w.AdminCall(t, "/whatsapp/report?month=2026-09"+query, "")
		var r billing.Report
		if err := json.Unmarshal(body, &r); err != nil || resp.StatusCode != http.StatusOK || len(r.Totals) != 1 {
			t.Fatalf("%s: %s %s", query, resp.Status, body)
		}
		got := r.Totals[0].Actual.String()
		if was := r.Totals[0].Was; was != nil {
			got += ", was " + was.String()
		}
		if got != want {
			t.Errorf("%s: %s, want %s: %s", query, got, want, body)
		}
	}
	for _, query := range []string{"card=USD%201999-01-01", "rules=october"} {
		if resp, body := w.AdminCall(t, "/whatsapp/report?"+query, ""); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s %s", query, resp.Status, body)
		}
	}
}
