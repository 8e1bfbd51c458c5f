package e2e

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestOverloadedIsNotInTheLedger: a send for whose body there is no room is
// counted, and leaves nothing in the ledger: such refusals come in masses.
func TestOverloadedIsNotInTheLedger(t *testing.T) {
	for _, path := range plainPaths {
		t.Run(path.name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{Forwards: path.forwards, WhatsApp: "body_budget 8MiB"}})
			const size = 1 << 20
			for range 8 {
				r := dial(t, w.Addr, messages, "Authorization: Bearer test-token\r\n", size)
				go r.Write(bytes.Repeat([]byte(" "), size-1))
			}
			eventually(t, "bodies take their room", func() bool { return held(t, w.Gateway) >= 5<<20 })
			counted := w.metric(t, "caddy_whatsapp_sends_total")
			resp, body := w.Post(t, messages, strings.Repeat(" ", size-len(textBody))+textBody)
			if r := decodeRefusal(t, body); resp.StatusCode != http.StatusServiceUnavailable || r.Error.Waguard.Rule != "OVERLOADED" {
				t.Fatalf("a send for which there is no room: %s %s", resp.Status, body)
			}
			if n := w.ledgerSize(t); n != 0 {
				t.Errorf("the ledger has %d entries", n)
			}
			if n := w.metric(t, "caddy_whatsapp_sends_total"); n <= counted {
				t.Errorf("it is not counted: %v, %v before", n, counted)
			}
		})
	}
}
