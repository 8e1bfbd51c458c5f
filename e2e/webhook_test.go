package e2e

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// hello is a webhook in which Ana writes at the start of the tests, with the
// escapes Meta writes and a member nobody knows.
const hello = `{"object":"whatsapp_business_account","entry":[{"id":"200300400500","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",` +
	`"metadata":{"display_phone_number":"4930555123","phone_number_id":"104455667788"},"new_member":{"a":[1,2]},` +
	`"contacts":[{"profile":{"name":"Ana \u00c4\ud83d\ude42"},"wa_id":"4915112345678"}],` +
	`"messages":[{"id":"wamid.HBgNhello","from":"4915112345678","timestamp":"1793610000","type":"text","text":{"body":"Secret message \/ \u003c 100 %"}}]}}]}]}` + "\n"

// endpoint is a company's own webhook endpoint.
type endpoint struct {
	mu     sync.Mutex
	bodies [][]byte
	last   *http.Request
	status int
	answer string
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.bodies, e.last = append(e.bodies, body), r
	w.Header().Set("X-App", "shop")
	w.WriteHeader(e.status)
	io.WriteString(w, e.answer)
}

// got are the bodies that arrived.
func (e *endpoint) got() [][]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.bodies
}

// TestWebhookHandshake: the callback URL is verified by the gateway itself.
func TestWebhookHandshake(t *testing.T) {
	app := &endpoint{status: 200}
	w := newWorld(t, options{Options: gatewaytest.Options{App: newServer(t, app)}})
	if err := w.sim.Subscribe(t.Context(), gatewaytest.VerifyToken); err != nil {
		t.Errorf("the handshake: %v", err)
	}
	for query, want := range map[string]int{
		"hub.mode=subscribe&hub.challenge=73310954&hub.verify_token=" + gatewaytest.VerifyToken:                            200,
		"hub.mode=subscribe&hub.challenge=73310954&hub.verify_token=wrong":                                                 403,
		"hub.mode=subscribe&hub.challenge=73310954":                                                                        403,
		"hub.mode=unsubscribe&hub.challenge=73310954&hub.verify_token=" + gatewaytest.VerifyToken:                          403,
		"hub.mode=subscribe&hub.verify_token=" + gatewaytest.VerifyToken:                                                   403,
		"hub.mode=subscribe&hub.challenge=" + url.QueryEscape("<script>") + "&hub.verify_token=" + gatewaytest.VerifyToken: 403,
		"": 403,
	} {
		resp, body := gatewaytest.Do(t, http.MethodGet, w.WebhookURL+"?"+query, "", nil)
		if resp.StatusCode != want || want == 200 && string(body) != "73310954" || want != 200 && bytes.Contains(body, []byte("73310954")) {
			t.Errorf("%s was answered with %s %q, want %d", query, resp.Status, body, want)
		}
	}
	if n := len(app.got()); n != 0 {
		t.Errorf("%d handshakes reached the endpoint", n)
	}
}

// TestWebhookSignature: what Meta did not sign teaches nothing and reaches nobody.
func TestWebhookSignature(t *testing.T) {
	app := &endpoint{status: 200}
	w := newWorld(t, options{Options: gatewaytest.Options{App: newServer(t, app)}})
	good := graphsim.Sign(gatewaytest.AppSecret, []byte(hello))
	for name, signature := range map[string]string{
		"missing": "", "another-secret": graphsim.Sign("another secret", []byte(hello)), "another-body": graphsim.Sign(gatewaytest.AppSecret, []byte(hello+" ")),
		"upper-case": strings.ToUpper(good), "no-prefix": strings.TrimPrefix(good, "sha256="), "cut": good[:len(good)-2], "sha1": "sha1=" + good[7:47], "empty-secret": graphsim.Sign("", []byte(hello)),
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{"Content-Type": {"application/json"}}
			if signature != "" {
				header.Set("X-Hub-Signature-256", signature)
			}
			if resp, body := gatewaytest.Do(t, http.MethodPost, w.WebhookURL, hello, header); resp.StatusCode != http.StatusUnauthorized {
				t.Errorf("the answer is %s %s", resp.Status, body)
			}
			ana.windowIs("never opened")(t, w)
		})
	}
	if n := len(app.got()); n != 0 {
		t.Errorf("%d forged webhooks reached the endpoint", n)
	}
	if resp, body := gatewaytest.Do(t, http.MethodPut, w.WebhookURL, hello, http.Header{"X-Hub-Signature-256": {good}}); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a PUT was answered with %s %s", resp.Status, body)
	}
}

// webhookSite serves a webhook with the given lines in place of the usual ones.
func webhookSite(lines string) string {
	return "handle /other {\nwhatsapp_webhook {\n" + lines + "\n}\n}"
}

// TestWebhookTwoSecrets: while a secret is replaced both are good, and one that is
// not there yet is no obstacle.
func TestWebhookTwoSecrets(t *testing.T) {
	t.Setenv("WAGUARD_TEST_OLD", "old secret")
	for name, test := range map[string]struct {
		lines string
		good  []string
		bad   []string
	}{
		"both":       {"app_secret {env.WAGUARD_TEST_OLD} {env.WAGUARD_TEST_APP_SECRET}\nverify_token v", []string{"old secret", gatewaytest.AppSecret}, []string{"third", ""}},
		"one-is-not": {"app_secret {env.WAGUARD_TEST_OLD} {env.WAGUARD_TEST_MISSING}\nverify_token v", []string{"old secret"}, []string{gatewaytest.AppSecret, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{Site: webhookSite(test.lines)}})
			w.WebhookURL = w.URL + "/other"
			for _, secret := range test.good {
				if resp, body := w.deliver(t, []byte(hello), secret); resp.StatusCode != http.StatusOK {
					t.Errorf("signed with a good secret: %s %s", resp.Status, body)
				}
			}
			for _, secret := range test.bad {
				if resp, body := w.deliver(t, []byte(hello), secret); resp.StatusCode != http.StatusUnauthorized {
					t.Errorf("signed with a bad secret: %s %s", resp.Status, body)
				}
			}
		})
	}
}

// TestWebhookSize: three megabytes are taken whole, one byte more is not.
func TestWebhookSize(t *testing.T) {
	app := &endpoint{status: 200}
	w := newWorld(t, options{Options: gatewaytest.Options{App: newServer(t, app)}})
	const limit = 3 << 20
	full := hello + strings.Repeat(" ", limit-len(hello))
	for _, chunked := range []bool{false, true} {
		for body, want := range map[string]int{full: 200, full + " ": 413} {
			var reader io.Reader = strings.NewReader(body)
			if chunked {
				reader = io.MultiReader(reader) // whose length nobody knows
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.WebhookURL, reader)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Hub-Signature-256", graphsim.Sign(gatewaytest.AppSecret, []byte(body)))
			req.Header.Set("Expect", "100-continue")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatalf("%d bytes: %v", len(body), err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%d bytes (chunked %v) were answered with %s, want %d", len(body), chunked, resp.Status, want)
			}
		}
	}
	got := app.got()
	if len(got) != 2 || string(got[0]) != full || string(got[1]) != full {
		t.Errorf("%d webhooks reached the endpoint", len(got))
	}
	ana.windowIs("open for 24h0m0s")(t, w)
}

// TestWebhookReachesTheEndpoint byte for byte, and the endpoint's answer is
// Meta's.
func TestWebhookReachesTheEndpoint(t *testing.T) {
	app := &endpoint{}
	w := newWorld(t, options{Options: gatewaytest.Options{App: newServer(t, app)}})
	for _, status := range []int{200, 202, 400, 500} {
		app.status, app.answer = status, fmt.Sprint("answer ", status)
		resp, body := w.deliver(t, []byte(hello), gatewaytest.AppSecret)
		if resp.StatusCode != status || string(body) != app.answer || resp.Header.Get("X-App") != "shop" {
			t.Errorf("the endpoint answered %d, Meta got %s %q", status, resp.Status, body)
		}
		got := app.got()
		if string(got[len(got)-1]) != hello {
			t.Errorf("the endpoint got %s", got[len(got)-1])
		}
		if s := app.last.Header.Get("X-Hub-Signature-256"); s != graphsim.Sign(gatewaytest.AppSecret, []byte(hello)) {
			t.Errorf("the endpoint got the signature %q", s)
		}
	}
	ana.windowIs("open for 24h0m0s")(t, w) // learned also where the endpoint failed

	// What is signed and can't be read is the endpoint's to judge.
	app.status = 200
	for _, odd := range []string{`[]`, `{"entry":5}`, `not json`, `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"flows","value":{}}]}]}`} {
		if resp, body := w.deliver(t, []byte(odd), gatewaytest.AppSecret); resp.StatusCode != http.StatusOK {
			t.Errorf("%s was answered with %s %s", odd, resp.Status, body)
		}
		if got := app.got(); string(got[len(got)-1]) != odd {
			t.Errorf("the endpoint got %s in place of %s", got[len(got)-1], odd)
		}
	}
}

// TestWebhookEndpointDown: what was learned stays, and Meta delivers again.
func TestWebhookEndpointDown(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{App: "http://" + gatewaytest.FreeAddr(t)}})
	if resp, _ := w.deliver(t, []byte(hello), gatewaytest.AppSecret); resp.StatusCode != http.StatusBadGateway {
		t.Errorf("Meta got %s", resp.Status)
	}
	ana.windowIs("open for 24h0m0s")(t, w)
}

// TestWebhookAlone: without an endpoint behind it the gateway answers.
func TestWebhookAlone(t *testing.T) {
	w := newWorld(t, options{})
	if resp, body := w.deliver(t, []byte(hello), gatewaytest.AppSecret); resp.StatusCode != http.StatusOK {
		t.Errorf("Meta got %s %s", resp.Status, body)
	}
	text(ana, passes)(t, w)
}

// TestWebhookStoreDown: what can't be recorded is not passed on, so that Meta
// delivers it again.
func TestWebhookStoreDown(t *testing.T) {
	app := &endpoint{status: 200}
	w := newWorld(t, options{Options: gatewaytest.Options{Store: "faulty", LogLevel: "PANIC", App: newServer(t, app)}})
	faults.apply.Store(true)
	defer faults.apply.Store(false)
	if resp, body := w.deliver(t, []byte(hello), gatewaytest.AppSecret); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("Meta got %s %s", resp.Status, body)
	}
	if n := len(app.got()); n != 0 {
		t.Errorf("%d webhooks reached the endpoint", n)
	}
	faults.apply.Store(false)
	if resp, body := w.deliver(t, []byte(hello), gatewaytest.AppSecret); resp.StatusCode != http.StatusOK {
		t.Errorf("delivered again: %s %s", resp.Status, body)
	}
	if got := app.got(); len(got) != 1 || string(got[0]) != hello {
		t.Errorf("%d webhooks reached the endpoint", len(got))
	}
	ana.windowIs("open for 24h0m0s")(t, w)
}

// TestWebhookOrderAndDuplicates: any order and any number of the same webhooks
// lead to the same state (A4).
func TestWebhookOrderAndDuplicates(t *testing.T) {
	// Made once, delivered to several gateways: what Ana says, and what becomes
	// of a message to her.
	now := gatewaytest.Epoch
	sim := graphsim.New(graphsim.Options{Clock: func() time.Time { return now }})
	defer sim.Close()
	var updates []graphsim.Update
	add := func(u graphsim.Update, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		updates = append(updates, u)
		now = now.Add(time.Minute)
	}
	add(sim.InboundUpdate(shop, ana.User, graphsim.Text("START")))
	add(sim.InboundUpdate(shop, both.User, graphsim.Text("STOP")))
	add(sim.InboundUpdate(shop, ana.User, graphsim.Text("Hello")))
	add(sim.UserPreferenceUpdate(shop, both.User, graphsim.PreferenceStop))
	add(sim.NumberChangeUpdate(shop, both.User, ben.User))
	add(sim.InboundUpdate(shop, ben.User, graphsim.Text("It is me")))
	if _, err := sim.Template("sale", "en"); err != nil {
		sim.PutTemplate(graphsim.Template{Name: "sale", Language: "en", Category: "MARKETING"})
	}
	add(sim.TemplateStatusUpdate("sale", "en", "PAUSED", ""))
	add(sim.TemplateStatusUpdate("sale", "en", "REINSTATED", ""))
	add(sim.TemplateCategoryUpdate("sale", "en", "UTILITY", false))
	var bodies [][]byte
	for _, u := range updates {
		body, err := sim.Payload(u)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	whole, err := sim.Payload(updates...)
	if err != nil {
		t.Fatal(err)
	}
	reversed := slices.Clone(bodies)
	slices.Reverse(reversed)
	orders := map[string][][]byte{
		"in-order": bodies, "reversed": reversed, "twice": append(slices.Clone(bodies), bodies...), "reversed-and-in-order": append(slices.Clone(reversed), bodies...),
		"in-one": {whole}, "in-one-twice": {whole, whole}, "middle-first": append(slices.Clone(bodies[4:]), bodies[:4]...),
	}
	want := ""
	for _, name := range slices.Sorted(maps.Keys(orders)) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany, Start: now}})
			for _, body := range orders[name] {
				if resp, answer := w.deliver(t, body, gatewaytest.AppSecret); resp.StatusCode != http.StatusOK {
					t.Fatalf("delivering: %s %s", resp.Status, answer)
				}
			}
			got := ""
			for _, p := range []person{ana, ben, una} {
				c := w.consentOf(t, shop, p.name())
				resp, _ := w.Post(t, messages, `{"messaging_product":"whatsapp",`+p.address()+templateBody("sale")+`}`)
				got += fmt.Sprintln(states(c), c.WindowOpen, c.WindowUntil, resp.Header.Get("X-Waguard-Rule"), resp.Header.Get("X-Waguard-Category"))
			}
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("the state is\n%s, in another order it is\n%s", got, want)
			}
		})
	}
	if !strings.HasPrefix(want, "opted_out opted_out opted_out true") {
		t.Errorf("the state is not what was said: %s", want)
	}
}

// TestWebhookWithoutSecret: a gateway that was never given a secret starts, says
// so once, and takes nothing.
func TestWebhookWithoutSecret(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{Site: webhookSite("app_secret {env.WAGUARD_TEST_MISSING}\nverify_token {env.WAGUARD_TEST_MISSING}")}})
	w.WebhookURL = w.URL + "/other"
	for _, secret := range []string{"", "{env.WAGUARD_TEST_MISSING}"} {
		if resp, body := w.deliver(t, []byte(hello), secret); resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("Meta got %s %s", resp.Status, body)
		}
	}
	if resp, body := gatewaytest.Do(t, http.MethodGet, w.WebhookURL+"?hub.mode=subscribe&hub.challenge=1&hub.verify_token=", "", nil); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a handshake without a token was answered with %s %s", resp.Status, body)
	}
	ana.windowIs("never opened")(t, w)
	if lines := w.logLines(t, "http.handlers.whatsapp_webhook", ""); len(lines) != 1 || lines[0]["level"] != "warn" {
		t.Errorf("%d lines say that the secret is missing: %v", len(lines), lines)
	}
}
