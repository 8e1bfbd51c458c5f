package e2e

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/waguard/waguard/cloudapi/webhook"
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// onPremises is a webhook as the On-Premises API wrote it, in which a person
// writes at the start of the tests.
func onPremises(p person, text string) string {
	return fmt.Sprintf(`{"contacts":[{"profile":{"name":"Ana"},"wa_id":%q}],"messages":[{"from":%[1]q,"id":"ABGGSecret","timestamp":"%d","type":"text","text":{"body":%q}}]}`,
		strings.TrimPrefix(p.Phone, "+"), gatewaytest.Epoch.Unix(), text)
}

// TestWebhookOtherProofs: solution providers deliver without Meta's signature.
// What proves itself in a configured way teaches, and nothing else does.
func TestWebhookOtherProofs(t *testing.T) {
	t.Setenv("WAGUARD_TEST_KEY", "key-8f2a51c0")
	body := onPremises(ana, "Secret message")
	proof := func(name, value string) http.Header { return http.Header{name: {value}} }
	basic := func(user, password string) http.Header {
		return proof("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
	turn := func(secret string) http.Header {
		return proof(webhook.TurnSignatureHeader, webhook.SignTurn([]byte(body), []byte(secret)))
	}
	signed := func(secret string) http.Header {
		return proof("X-Hub-Signature-256", graphsim.Sign(secret, []byte(body)))
	}
	type try struct {
		name   string
		path   string
		header http.Header
		want   int
	}
	const bare = "dialect on_premises\nphone_number_id " + shop + "\n"
	for name, c := range map[string]struct {
		lines string
		tries []try
	}{
		"header": {"auth header X-Webhook-Key {env.WAGUARD_TEST_KEY}", []try{
			{"missing", "", nil, 401},
			{"wrong", "", proof("X-Webhook-Key", "key-8f2a51c1"), 401},
			{"longer", "", proof("X-Webhook-Key", "key-8f2a51c0 "+"x"), 401},
			{"placeholder", "", proof("X-Webhook-Key", "{env.WAGUARD_TEST_KEY}"), 401},
			{"twice", "", http.Header{"X-Webhook-Key": {"key-8f2a51c0", "key-8f2a51c0"}}, 401},
			{"another-header", "", proof("X-Other-Key", "key-8f2a51c0"), 401},
			{"signed-by-nobody", "", signed(""), 401},
			{"in-the-path", "/key-8f2a51c0", nil, 401},
			{"good", "", proof("X-Webhook-Key", "key-8f2a51c0"), 200},
			{"good/other-case-of-the-name", "", proof("x-webhook-key", "key-8f2a51c0"), 200},
		}},
		"bearer": {`auth header Authorization "Bearer {env.WAGUARD_TEST_KEY}"`, []try{
			{"missing", "", nil, 401},
			{"without-bearer", "", proof("Authorization", "key-8f2a51c0"), 401},
			{"good", "", proof("Authorization", "Bearer key-8f2a51c0"), 200},
		}},
		"basic": {"auth basic provider {env.WAGUARD_TEST_KEY}", []try{
			{"missing", "", nil, 401},
			{"wrong-password", "", basic("provider", "x"), 401},
			{"wrong-user", "", basic("x", "key-8f2a51c0"), 401},
			{"empty", "", basic("", ""), 401},
			{"good", "", basic("provider", "key-8f2a51c0"), 200},
		}},
		"path": {"auth path {env.WAGUARD_TEST_KEY}", []try{
			{"missing", "", nil, 401},
			{"wrong", "/key-8f2a51c1", nil, 401},
			{"part-of-a-segment", "/xkey-8f2a51c0", nil, 401},
			{"in-the-query", "?key-8f2a51c0", nil, 401},
			{"in-a-header", "", proof("X-Webhook-Key", "key-8f2a51c0"), 401},
			{"good", "/key-8f2a51c0", nil, 200},
			{"good/in-between", "/key-8f2a51c0/messages", nil, 200},
		}},
		"turn": {"auth turn {env.WAGUARD_TEST_KEY}", []try{
			{"missing", "", nil, 401},
			{"wrong-secret", "", turn("x"), 401},
			{"meta's-header", "", signed("key-8f2a51c0"), 401},
			{"good", "", turn("key-8f2a51c0"), 200},
		}},
		"several": {"app_secret {env.WAGUARD_TEST_APP_SECRET} second third\nverify_token v\nauth turn {env.WAGUARD_TEST_KEY}\nauth header X-Webhook-Key other-key", []try{
			{"missing", "", nil, 401},
			{"signed-wrongly", "", signed("fourth"), 401},
			{"first-app", "", signed(gatewaytest.AppSecret), 200},
			{"third-app", "", signed("third"), 200},
			{"turn", "", turn("key-8f2a51c0"), 200},
			{"header", "", proof("X-Webhook-Key", "other-key"), 200},
		}},
		"secret-is-not-there": {"auth header X-Webhook-Key {env.WAGUARD_TEST_MISSING}\nauth path {env.WAGUARD_TEST_MISSING}\nauth basic x {env.WAGUARD_TEST_MISSING}\nauth turn {env.WAGUARD_TEST_MISSING}", []try{
			{"missing", "", nil, 503},
			{"empty-header", "", proof("X-Webhook-Key", ""), 503},
			{"placeholder", "/{env.WAGUARD_TEST_MISSING}", proof("X-Webhook-Key", "{env.WAGUARD_TEST_MISSING}"), 503},
			{"empty-password", "", basic("x", ""), 503},
			{"signed-with-nothing", "", turn(""), 503},
		}},
		"one-secret-is-not-there": {"auth header X-Webhook-Key {env.WAGUARD_TEST_MISSING}\nauth turn {env.WAGUARD_TEST_KEY}", []try{
			{"empty-header", "", proof("X-Webhook-Key", ""), 401},
			{"good", "", turn("key-8f2a51c0"), 200},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			app := &endpoint{status: 200}
			w := newWorld(t, options{Options: gatewaytest.Options{
				WhatsApp: inGermany,
				Site:     "handle /provider* {\nwhatsapp_webhook {\n" + bare + c.lines + "\n}\nreverse_proxy " + newServer(t, app) + "\n}",
			}})
			accepted := 0
			for _, try := range c.tries {
				resp, answer := gatewaytest.Do(t, http.MethodPost, w.URL+"/provider"+try.path, body, try.header)
				if resp.StatusCode != try.want {
					t.Errorf("%s was answered with %s %s, want %d", try.name, resp.Status, answer, try.want)
				}
				if try.want == 200 {
					accepted++
				} else if accepted == 0 {
					ana.windowIs("never opened")(t, w)
				}
				if try.want == 401 && !strings.Contains(string(answer), "accepted here: ") {
					t.Errorf("%s: the answer doesn't say what is accepted: %s", try.name, answer)
				}
			}
			if got := app.got(); len(got) != accepted || accepted > 0 && string(got[0]) != body {
				t.Errorf("%d of %d webhooks reached the endpoint", len(got), accepted)
			}
			if accepted > 0 {
				ana.windowIs("open for 24h0m0s")(t, w)
			}
			if resp, _ := gatewaytest.Do(t, http.MethodGet, w.URL+"/provider?hub.mode=subscribe&hub.challenge=7&hub.verify_token=", "", nil); resp.StatusCode != http.StatusMethodNotAllowed && name != "several" {
				t.Errorf("a handshake without a token was answered with %s", resp.Status)
			}
		})
	}
}

// TestWebhookSecretsStayOutOfLogs: neither the access log nor an error of the
// endpoint's shows the secret in an address or header.
func TestWebhookSecretsStayOutOfLogs(t *testing.T) {
	const path, key = "path-secret-5b1d", "key-secret-77aa"
	for name, app := range map[string]string{"alone": "", "endpoint-down": "reverse_proxy " + gatewaytest.FreeAddr(t)} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{
				Global: "log quiet {\noutput discard\n}", // the world's own log is at DEBUG, at which Caddy's proxy shows requests
				Site:   "handle /provider* {\nwhatsapp_webhook {\nauth path " + path + "\nauth header X-Webhook-Key " + key + "\n}\n" + app + "\n}",
			}})
			want := map[bool]int{true: 200, false: 502}[app == ""]
			for _, c := range []struct {
				address string
				header  http.Header
				want    int
			}{
				{"/provider/" + path, nil, want},
				{"/provider", http.Header{"X-Webhook-Key": {key}}, want},
				{"/provider", nil, 401},
			} {
				if resp, body := gatewaytest.Do(t, http.MethodPost, w.URL+c.address, hello, c.header); resp.StatusCode != c.want {
					t.Errorf("%s was answered with %s %s", c.address, resp.Status, body)
				}
			}
			ana.windowIs("open for 24h0m0s")(t, w)
			lines, err := os.ReadFile(w.log)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(lines)) {
				if strings.Contains(line, `"level":"debug"`) {
					continue
				}
				if strings.Contains(line, path) || strings.Contains(line, key) {
					t.Errorf("a log line shows a secret: %s", line)
				}
			}
			if refused := w.logLines(t, "http.log.access", ""); len(refused) == 0 {
				t.Error("requests without the secret are not in the access log")
			}
		})
	}
}

// TestDialectsKnowWindows: a program that speaks a provider's dialect gets
// answers through, since the provider's webhooks are learned from.
func TestDialectsKnowWindows(t *testing.T) {
	const key = "auth header X-Webhook-Key key-8f2a51c0\n"
	plain := `{"to":%q,"recipient_type":"individual","type":"text","text":{"body":"Secret message"}}`
	cloud := `{"messaging_product":"whatsapp","to":%q,"type":"text","text":{"body":"Secret message"}}`
	for name, c := range map[string]struct {
		dialect, path, send, webhook string
	}{
		"on-premises":        {"on_premises", "/v1/messages", plain, onPremises(ana, "Hello")},
		"360dialog/cloud":    {"360dialog", "/messages", cloud, hello},
		"360dialog/bare":     {"360dialog", "/messages", cloud, onPremises(ana, "Hello")},
		"360dialog/no-names": {"360dialog", "/messages", cloud, strings.Replace(hello, `"metadata":{"display_phone_number":"4930555123","phone_number_id":"104455667788"},`, "", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{
				WhatsApp: inGermany, Guard: "dialect " + c.dialect + "\nphone_number_id " + shop,
				Site: webhookSite(key + "dialect " + c.dialect + "\nphone_number_id " + shop),
			}})
			deliver := func(body string) {
				t.Helper()
				resp, answer := gatewaytest.Do(t, http.MethodPost, w.URL+"/other", body, http.Header{"X-Webhook-Key": {"key-8f2a51c0"}})
				if resp.StatusCode != http.StatusOK {
					t.Fatalf("the webhook was answered with %s %s", resp.Status, answer)
				}
			}
			reply := func(want string) {
				t.Helper()
				resp, answer := gatewaytest.Do(t, http.MethodPost, w.URL+c.path, fmt.Sprintf(c.send, ana.Phone), http.Header{"Content-Type": {"application/json"}, "D360-Api-Key": {"k"}})
				if got := resp.Header.Get("X-Waguard-Decision") + " " + resp.Header.Get("X-Waguard-Rule"); got != want {
					t.Errorf("the reply is judged %q, want %q: %s %s", got, want, resp.Status, answer)
				}
			}
			reply("refuse WINDOW_CLOSED")
			deliver(c.webhook)
			reply("allow WINDOW_OPEN")
			deliver(onPremises(ana, "STOP"))
			reply("refuse OPTED_OUT")
			ana.consentIs("opted_out opted_out opted_out")(t, w)
		})
	}
}
