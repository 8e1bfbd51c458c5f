// Package e2e tests the gateway from outside: over real HTTP, with signed
// webhooks, between a sender and a stand-in for Meta.
package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// The business numbers and the account of the tests.
const (
	shop    = "104455667788"
	support = "104455667799"
	waba    = "200300400500"
)

// world is a gateway between a sender and Meta's stand-in, with every log line
// it writes.
type world struct {
	*gatewaytest.Gateway
	sim *graphsim.Sim
	log string // the file all log lines go to
	// secrets must not be in any log line.
	secrets []string
	// lastWamid is the id of the newest message that was accepted.
	lastWamid string
}

// options describe a world.
type options struct {
	gatewaytest.Options
	sim graphsim.Options
	// clearLogs is for tests that ask for phone numbers in logs.
	clearLogs bool
}

// newWorld starts a world and, at its end, looks for personal data in its logs.
func newWorld(t testing.TB, o options) *world {
	t.Helper()
	w := &world{secrets: []string{
		"test-token", gatewaytest.AppSecret, gatewaytest.VerifyToken, "wamid.",
		"15112345678", "15119876543", "55667788990011", "77665544332211", "DE.ENT.778899", "Y2FwaV9ncm91cDo", "Secret message",
	}}
	if o.sim.Numbers == nil {
		o.sim.Numbers = []graphsim.Number{
			{ID: shop, Display: "+49 30 555123", Name: "Example Shop", CountryCode: "49"},
			{ID: support, Display: "+49 30 555124", Name: "Example Support", CountryCode: "49"},
		}
	}
	if o.sim.Templates == nil {
		o.sim.Templates = templates()
	}
	sim := gatewaytest.Simulate(t, o.sim, o.Start)
	w.sim = sim.Sim
	w.log = filepath.Join(t.TempDir(), "log")
	// The filter is that of Caddyfile.example: what Caddy itself would log.
	o.Global += "\nlog everything {\noutput file " + w.log + "\nlevel DEBUG\nformat filter {\nrequest>uri query {\n" +
		"delete access_token\ndelete appsecret_proof\nreplace hub.verify_token REDACTED\n}\n}\n}"
	o.Site += "\nlog"
	t.Cleanup(func() { // after the gateway has stopped
		if !o.clearLogs {
			w.searchLogs(t)
		}
	})
	w.Gateway = sim.Start(t, o.Options)
	return w
}

// templates is the catalogue of the account.
func templates() []graphsim.Template {
	return []graphsim.Template{
		{Name: "sale", Language: "en", Category: "MARKETING"},
		{Name: "parcel_ready", Language: "en", Category: "UTILITY"},
		{Name: "appointment", Language: "en", Category: "UTILITY"},
		{Name: "login_code", Language: "en", Category: "AUTHENTICATION"},
		{Name: "draft", Language: "en", Category: "UTILITY", Status: "PENDING"},
		{Name: "refused", Language: "en", Category: "UTILITY", Status: "REJECTED"},
	}
}

// searchLogs fails the test if a log line names a person, a token or a text.
func (w *world) searchLogs(t testing.TB) {
	t.Helper()
	lines, err := os.ReadFile(w.log)
	if err != nil {
		t.Errorf("reading the log: %v", err)
		return
	}
	if !bytes.Contains(lines, []byte("http.handlers.whatsapp")) && !bytes.Contains(lines, []byte("http.log.access")) {
		t.Error("the log that is searched for personal data has nothing of this gateway")
	}
	for line := range bytes.Lines(lines) {
		for _, secret := range w.secrets {
			if bytes.Contains(line, []byte(secret)) {
				t.Errorf("a log line holds %q: %s", secret, line)
			}
		}
	}
}

// logLines are the log lines of a logger with a message, decoded.
func (w *world) logLines(t testing.TB, logger, message string) []map[string]any {
	t.Helper()
	content, err := os.ReadFile(w.log)
	if err != nil {
		t.Fatal(err)
	}
	var found []map[string]any
	for raw := range bytes.Lines(content) {
		var line map[string]any
		if err := json.Unmarshal(raw, &line); err != nil {
			t.Fatalf("a log line is no JSON: %s", raw)
		}
		name, _ := line["logger"].(string)
		if msg, _ := line["msg"].(string); strings.HasPrefix(name, logger) && (message == "" || msg == message) {
			found = append(found, line)
		}
	}
	return found
}

// api is a client for a gateway's admin endpoint.
func api(t testing.TB, g *gatewaytest.Gateway) *adminapi.Client {
	t.Helper()
	c, err := adminapi.NewClient(g.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lists are the lists of sends by their names.
var lists = map[string]adminapi.List{"ledger": adminapi.Ledger, "violations": adminapi.Violations}

// about names a person to the admin endpoint, by phone number or user id.
func about(number, contact string) adminapi.ConsentRequest {
	return adminapi.ConsentRequest{PhoneNumberID: number, Contact: contact}
}

// admin makes a request to the admin endpoint as it is written, which must succeed,
// and decodes the answer.
func (w *world) admin(t testing.TB, path, body string, answer any) {
	t.Helper()
	resp, raw := w.AdminCall(t, path, body)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s answered %s: %s", path, resp.Status, raw)
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		t.Fatalf("%s answered %s: %v", path, raw, err)
	}
}

// pageOf is a page of a list.
func pageOf(t testing.TB, g *gatewaytest.Gateway, list string, s adminapi.Selection) *adminapi.Page {
	t.Helper()
	p, err := api(t, g).Page(t.Context(), lists[list], s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// newest is the newest ledger entry.
func (w *world) newest(t testing.TB) *adminapi.Line {
	t.Helper()
	p := pageOf(t, w.Gateway, "ledger", adminapi.Selection{Limit: 1})
	if len(p.Entries) != 1 {
		t.Fatal("the ledger is empty")
	}
	return p.Entries[0]
}

// allEntries pages through the ledger or the violations.
func allEntries(t testing.TB, g *gatewaytest.Gateway, list string) (all []*adminapi.Line) {
	t.Helper()
	for l, err := range api(t, g).All(t.Context(), lists[list], adminapi.Selection{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// states are the states of the three scopes in the order marketing,
// transactional, authentication.
func states(c *adminapi.Consent) string {
	return fmt.Sprint(c.Consent["marketing"].State, " ", c.Consent["transactional"].State, " ", c.Consent["authentication"].State)
}

// consentOf asks what is known about a person named by phone number or user id.
func consentOf(t testing.TB, g *gatewaytest.Gateway, number, contact string) *adminapi.Consent {
	t.Helper()
	return record(t, g, adminapi.RouteConsentGet, about(number, contact))
}

func (w *world) consentOf(t testing.TB, number, contact string) *adminapi.Consent {
	t.Helper()
	return consentOf(t, w.Gateway, number, contact)
}

// record records something about a person, and tells what is known then.
func record(t testing.TB, g *gatewaytest.Gateway, route adminapi.Route, r adminapi.ConsentRequest) *adminapi.Consent {
	t.Helper()
	c, err := api(t, g).Record(t.Context(), route, r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// historyOf is every consent record of a person, newest first.
func (w *world) historyOf(t testing.TB, contact string) []adminapi.ConsentRecord {
	t.Helper()
	h, err := api(t, w.Gateway).History(t.Context(), about(shop, contact))
	if err != nil {
		t.Fatal(err)
	}
	return h.History
}

// reportOf is the report of everything, or of a message class.
func reportOf(t testing.TB, g *gatewaytest.Gateway, class string) *billing.Report {
	t.Helper()
	r, err := api(t, g).Report(t.Context(), adminapi.ReportSelection{MessageClass: class})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// healthOf is what the health route says of a gateway that serves.
func healthOf(t testing.TB, g *gatewaytest.Gateway) *adminapi.Health {
	t.Helper()
	h, err := api(t, g).Health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// refusal is the body of a refusal.
type refusal struct {
	Error struct {
		Message   string `json:"message"`
		Type      string `json:"type"`
		Code      int    `json:"code"`
		TraceID   string `json:"fbtrace_id"`
		ErrorData struct {
			Product string `json:"messaging_product"`
			Details string `json:"details"`
		} `json:"error_data"`
		Waguard struct {
			Decision   string `json:"decision"`
			ID         string `json:"id"`
			Rule       string `json:"rule"`
			Unrecorded bool   `json:"unrecorded"`
			Reason     string `json:"reason"`
			Elements   []struct {
				Index int    `json:"index"`
				Rule  string `json:"rule"`
			} `json:"elements"`
		} `json:"waguard"`
	} `json:"error"`
}

// eventually waits until done reports true.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		pause()
	}
}

// pause lets others run between two looks at something.
func pause() { <-time.After(2 * time.Millisecond) }
