package e2e

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestSendersByToken: with `senders`, whoever shows another token or none learns
// nothing about anybody, leaves nothing in the ledger and reaches nothing, in
// monitor mode neither; the token is found wherever Meta takes one.
func TestSendersByToken(t *testing.T) {
	for _, mode := range []string{"enforce", "monitor"} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, options{
				sim: graphsim.Options{},
				Options: gatewaytest.Options{
					WhatsApp: "business * {\nmode " + mode + "\n}",
					Guard:    fmt.Sprintf("senders token_sha256 %x %X", sha256.Sum256([]byte("another")), sha256.Sum256([]byte("test-token"))),
				},
			})
			ana.writes("Hello")(t, w)
			const template = "/v25.0/" + waba + "/message_templates"
			answers := make(map[string]bool)
			for _, c := range []struct {
				name, method, path, body string
				header                   http.Header
				known                    bool
			}{
				{"none", "POST", messages, textBody, nil, false},
				{"none/window-closed", "POST", messages, strings.ReplaceAll(textBody, "4915112345678", "4915119876543"), nil, false},
				{"none/unreadable", "POST", messages, `{"a":`, nil, false},
				{"none/path", "POST", "/v25.0//" + shop + "/messages", textBody, nil, false},
				{"none/large", "POST", messages, strings.Repeat("x", 2<<20), nil, false},
				{"none/templates", "GET", template, "", nil, false},
				{"none/upload", "POST", "/v25.0/" + shop + "/media", "x", http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, false},
				{"wrong", "POST", messages, textBody, http.Header{"Authorization": {"Bearer test-token2"}}, false},
				{"basic", "POST", messages, textBody, http.Header{"Authorization": {"Basic test-token"}}, false},
				{"empty", "POST", messages, textBody, http.Header{"Authorization": {"Bearer "}}, false},
				{"the-hash", "POST", messages, textBody, http.Header{"Authorization": {fmt.Sprintf("Bearer %x", sha256.Sum256([]byte("test-token")))}}, false},
				{"wrong/body-right", "POST", messages, strings.Replace(textBody, "{", `{"access_token":"test-token",`, 1), http.Header{"Authorization": {"Bearer x"}}, false},
				{"header", "POST", messages, textBody, http.Header{"Authorization": {"Bearer test-token"}}, true},
				{"address", "POST", messages + "?access_token=test-token", textBody, nil, true},
				{"json", "POST", messages, strings.Replace(textBody, "{", `{"access_token":"test-token",`, 1), nil, true},
				{"form", "POST", messages, "access_token=test-token&messaging_product=whatsapp&to=%2B4915112345678&type=text&text=%7B%22body%22%3A%22x%22%7D", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, true},
				{"templates", "GET", template, "", http.Header{"Authorization": {"Bearer test-token"}}, true},
			} {
				header := http.Header{"Content-Type": {"application/json"}}
				for name, values := range c.header {
					header[name] = values
				}
				resp, body := gatewaytest.Do(t, c.method, w.URL+c.path, c.body, header)
				if known := resp.StatusCode != http.StatusUnauthorized; known != c.known {
					t.Errorf("%s was answered with %s %s", c.name, resp.Status, body)
				}
				if !c.known {
					r := decodeRefusal(t, body)
					if r.Error.Code != 190 || r.Error.Waguard.Rule != "CALLER_UNKNOWN" {
						t.Errorf("%s was answered with %s", c.name, body)
					}
					answers[string(bytes.ReplaceAll(body, []byte(r.Error.TraceID), nil))] = true
					if entries := allEntries(t, w.Gateway, "ledger"); len(entries) != 0 {
						t.Errorf("%s is in the ledger", c.name)
					}
				}
			}
			if len(answers) != 1 {
				t.Errorf("a stranger can tell %d answers apart: %v", len(answers), answers)
			}
			resp, err := http.Get(w.AdminURL + "/metrics")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if metrics, _ := io.ReadAll(resp.Body); !bytes.Contains(metrics, []byte("caddy_whatsapp_callers_refused_total ")) {
				t.Error("callers that are refused are not counted")
			}
		})
	}
}
