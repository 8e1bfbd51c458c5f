package e2e

import (
	"bytes"
	"os"
	"testing"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestPhoneNumberWhereTheIDBelongs: a program that writes the recipient into the
// path leaves no number in the ledger, the metrics or the log, whatever the mode and
// whoever sends; the ids of business numbers stay.
func TestPhoneNumberWhereTheIDBelongs(t *testing.T) {
	for name, whatsapp := range map[string]string{
		"every-number":         "business *",
		"every-number/monitor": "business * {\nmode monitor\n}",
		"one-number":           "business " + shop,
		"one-number/monitor":   "business " + shop + " {\nmode monitor\n}",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: whatsapp}, clearLogs: true}) // the access log has the path; the lines of the gateway are searched below
			for _, body := range []string{textBody, `{"messaging_product":`} {
				w.Post(t, "/v25.0/4915112345678/messages", body)
				_, raw := w.AdminCall(t, "/whatsapp/ledger?limit=1", "")
				if bytes.Contains(raw, []byte("15112345678")) {
					t.Errorf("the ledger has the number: %s", raw)
				}
				if _, metrics := gatewaytest.Do(t, "GET", w.AdminURL+"/metrics", "", nil); bytes.Contains(metrics, []byte("15112345678")) {
					t.Error("the metrics have the number")
				}
				hidden := w.newest(t)
				w.Post(t, "/v25.0/106540352242922/messages", body)
				if known := w.newest(t); known.PhoneNumberID != "106540352242922" || known.Rule != hidden.Rule {
					t.Errorf("an id is shown as %q, of %s and %s", known.PhoneNumberID, known.Rule, hidden.Rule)
				}
			}
			w.Strangers = true
			if err := w.Load(); err != nil {
				t.Fatal(err)
			}
			w.as(t, "stranger", "POST", "/v25.0/4915112345678/messages", textBody)
			log, err := os.ReadFile(w.log)
			if err != nil {
				t.Fatal(err)
			}
			for line := range bytes.Lines(log) {
				if bytes.Contains(line, []byte(`"http.handlers.whatsapp`)) && bytes.Contains(line, []byte("15112345678")) {
					t.Errorf("a log line has the number: %s", line)
				}
			}
		})
	}
}
