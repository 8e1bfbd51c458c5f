// Package attack proves that nothing gets past the gateway (TestAttacks) and
// that honest senders never notice it (TestHonest).
//
// A real gateway stands between raw sockets and an upstream that records what
// reaches it. The upstream reads every request as generously as any server could
// (package generous). Where an attack is refused, nothing arrives; where it is
// harmless, the upstream finds the sends that were judged and no other. The
// tables are also documentation: see docs/reference/attacks.md.
package attack

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// The business: one phone number, a German one.
const (
	number   = "104455667788"
	waba     = "200300400500"
	messages = "/v25.0/" + number + "/messages"
	media    = "/v25.0/" + number + "/media"
)

// The people. Only the first may be sent anything.
const (
	// allowed wrote an hour ago and opted in to everything.
	allowed   = "+4915112345678"
	allowedID = "DE.77001122334455"
	// closed never wrote and never opted in.
	closed   = "+4915199900001"
	closedID = "DE.66001122334455"
	// stopped opted in, wrote and then said STOP.
	stopped = "+4915199900002"
	// replier wrote an hour ago but never opted in.
	replier = "+4915199900003"
	// twin was introduced by phone number and user id together, opted in by
	// phone number and later said STOP under the user id alone.
	twin   = "+4915199900004"
	twinID = "DE.55001122334455"
	// mover opted in with a number, opted out, and then changed to another, which
	// had opted in before.
	mover    = "+4915199900005"
	moverNew = "+4915199900006"
	// group is a group; groups are refused by default.
	group = "Y2FwaV9ncm91cDo1NTU"
)

// spellings are all ways the tables write the people that may be sent something,
// in digits as a reader sees them. Everybody else is forbidden. It does not come
// from the code under test.
var spellings = map[string]string{
	"4915112345678":   "allowed",
	"004915112345678": "allowed", // with 00 instead of the plus
	"49015112345678":  "allowed", // with the trunk zero in parentheses
	"15112345678":     "allowed", // national
	allowedID:         "allowed",
	"4915199900003":   "replier",
}

// abroad is each person whose number has several spellings. Each spelling opted
// in; then the first of them opted out.
var abroad = map[string][]string{
	"brazil":      {"+5511987654321", "+551187654321"},
	"mexico":      {"+5215512345678", "+525512345678"},
	"argentina":   {"+5491123456789", "+541123456789", "+54111523456789"},
	"benin":       {"+2290195123456", "+22995123456"},
	"ivory-coast": {"+2250708123456", "+22508123456"},
	"germany":     {"+4915123456780", "+49015123456780"},
}

// site is a door of the gateway: a dialect, and what stands behind it.
type site int

const (
	cloud      site = iota // the Cloud API
	dialog360              // 360dialog's API, the number being configured
	onPremises             // the On-Premises API, the number being configured
	overTLS                // the Cloud API, with an upstream that speaks TLS
	numSites
)

var siteNames = [numSites]string{"Cloud API", "360dialog", "On-Premises API", "Cloud API over TLS"}

// world is a gateway with its upstreams and with people it knows.
type world struct {
	*gatewaytest.Gateway
	plain, tls *upstream
	doors      [numSites]string // where each site listens
}

const configuration = `{
	admin {{.Admin}}
	persist_config off
	default_bind 127.0.0.1
	grace_period 5s
	log default {
		output discard
	}
	skip_install_trust
	whatsapp {
		store badger {{.Dir}}
		business ` + number + ` {
			waba ` + waba + `
			number +4930555123
		}
	}
	servers {
		protocols h1
		expected_underscore_headers file_offset
	}
}
(upstream) {
	reverse_proxy {args[0]} {
		header_up -X-Forwarded-For
		header_up -X-Forwarded-Host
		header_up -X-Forwarded-Proto
		{block}
	}
}
(own) {
	upstream {args[0]} {
		header_up -X-Forwarded-For
		header_up -X-Forwarded-Host
		header_up -X-Forwarded-Proto
		{block}
	}
}
http://:%[1]s {
	handle /webhook {
		whatsapp_webhook {
			app_secret ` + gatewaytest.AppSecret + `
			verify_token ` + gatewaytest.VerifyToken + `
		}
	}
	handle {
		whatsapp_guard {
			senders match path *
		{{if .Forwards}}import own {{.Upstream}}{{end}}
		}
		import upstream {{.Upstream}}
	}
}
http://:%[2]s {
	whatsapp_guard {
		dialect 360dialog
		phone_number_id ` + number + `
		senders match path *
		{{if .Forwards}}import own {{.Upstream}}{{end}}
	}
	import upstream {{.Upstream}}
}
http://:%[3]s {
	whatsapp_guard {
		dialect on_premises
		phone_number_id ` + number + `
		senders match path *
		{{if .Forwards}}import own {{.Upstream}}{{end}}
	}
	import upstream {{.Upstream}}
}
http://:%[4]s {
	whatsapp_guard {
		senders match path *
		{{if .Forwards}}import own https://%[5]s {
			trust %[6]s
		}{{end}}
	}
	import upstream https://%[5]s {
		transport http {
			tls_trust_pool file %[6]s
		}
	}
}
`

// bothPaths runs a test against gateways whose sends go on by reverse_proxy, and by the
// guard itself.
func bothPaths(t *testing.T, test func(t *testing.T, w *world)) {
	for name, forwards := range map[string]bool{"proxy": false, "upstream": true} {
		t.Run(name, func(t *testing.T) { test(t, newWorld(t, forwards)) })
	}
}

// newWorld starts a gateway and introduces the people.
func newWorld(t *testing.T, forwards bool) *world {
	t.Helper()
	config, certificate := certificate(t)
	w := &world{plain: newUpstream(t, nil), tls: newUpstream(t, config)}
	var ports []any
	for i := range w.doors {
		w.doors[i] = gatewaytest.FreeAddr(t)
		ports = append(ports, strings.TrimPrefix(w.doors[i], "127.0.0.1:"))
	}
	w.Gateway = gatewaytest.Start(t, gatewaytest.Options{
		Upstream:  "http://" + w.plain.addr(),
		Forwards:  forwards,
		Caddyfile: fmt.Sprintf(configuration, append(ports, w.tls.addr(), certificate)...),
	})
	w.WebhookURL = "http://" + w.doors[cloud] + "/webhook"
	w.meetPeople(t)
	// The templates' categories are learned from a listing that passes by.
	a := exchange(t, w.doors[cloud], request(http.MethodGet, "/v25.0/"+waba+"/message_templates", ""), 1, false)
	if len(a) != 1 || a[0].status != http.StatusOK {
		t.Fatalf("listing templates: %v", a)
	}
	w.received()
	return w
}

// received takes what has reached the upstreams.
func (w *world) received() []received { return slices.Concat(w.plain.take(), w.tls.take()) }

// certificate is a server's configuration and the file with its certificate.
func certificate(t *testing.T) (*tls.Config, string) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	file := filepath.Join(t.TempDir(), "upstream.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: s.TLS.Certificates, NextProtos: []string{"http/1.1"}}, file
}

func (w *world) meetPeople(t *testing.T) {
	t.Helper()
	for _, who := range []string{allowed, stopped, twin, mover, moverNew} {
		w.consent(t, adminapi.RouteOptIn, who)
	}
	for _, spelled := range abroad {
		for _, who := range spelled {
			w.consent(t, adminapi.RouteOptIn, who)
		}
	}
	w.Clock.Advance(time.Minute)
	w.says(t, allowed, allowedID, "Hello")
	w.says(t, replier, "", "Hello")
	w.says(t, stopped, "", "Hello")
	w.says(t, twin, twinID, "Hello")
	w.says(t, mover, "", "Hello")
	w.Clock.Advance(time.Minute)
	w.says(t, stopped, "", "STOP")
	w.says(t, "", twinID, "STOP")
	w.says(t, mover, "", "STOP")
	for _, spelled := range abroad {
		w.consent(t, adminapi.RouteOptOut, spelled[0])
	}
	w.Clock.Advance(time.Minute)
	w.deliver(t, fmt.Sprintf(`"messages":[{"id":"wamid.moved","from":"%s","timestamp":"%d","type":"system",`+
		`"system":{"type":"user_changed_number","body":"changed","wa_id":"%s"}}]`, mover[1:], w.Clock.Now().Unix(), moverNew[1:]))
	w.Clock.Advance(time.Hour)
}

// consent records an operator's word about a person.
func (w *world) consent(t *testing.T, route adminapi.Route, who string) {
	t.Helper()
	api, err := adminapi.NewClient(w.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = api.Record(t.Context(), route, adminapi.ConsentRequest{PhoneNumberID: number, Contact: who, Scope: "all", Source: "website"})
	if err != nil {
		t.Fatalf("%s of %s: %v", route.Path, who, err)
	}
}

// says delivers a text of a person, who has a phone number, a user id or both.
func (w *world) says(t *testing.T, phone, userID, text string) {
	t.Helper()
	contact, from := `"profile":{"name":"A"}`, ""
	if phone != "" {
		contact += `,"wa_id":"` + phone[1:] + `"`
		from += `,"from":"` + phone[1:] + `"`
	}
	if userID != "" {
		contact += `,"user_id":"` + userID + `"`
		from += `,"from_user_id":"` + userID + `"`
	}
	w.deliver(t, fmt.Sprintf(`"contacts":[{%s}],"messages":[{"id":"wamid.%s%s%s","timestamp":"%d","type":"text","text":{"body":"%s"}%s}]`,
		contact, phone, userID, text, w.Clock.Now().Unix(), text, from))
}

// deliver delivers a signed webhook.
func (w *world) deliver(t *testing.T, value string) {
	t.Helper()
	body := fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"%s","changes":[{"field":"messages","value":{`+
		`"messaging_product":"whatsapp","metadata":{"display_phone_number":"4930555123","phone_number_id":"%s"},%s}}]}]}`, waba, number, value)
	mac := hmac.New(sha256.New, []byte(gatewaytest.AppSecret))
	mac.Write([]byte(body))
	resp, answer := gatewaytest.Do(t, http.MethodPost, w.WebhookURL, body, http.Header{
		"Content-Type": {"application/json"}, "X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(mac.Sum(nil))},
	})
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("delivering a webhook: %s %s", resp.Status, answer)
	}
}
