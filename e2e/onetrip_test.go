package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// behind is a gateway whose site block has, beside the webhook, the lines given.
const behind = `{
	admin {{.Admin}}
	persist_config off
	default_bind 127.0.0.1
	log default {
		level ERROR
	}
	{{.Global}}
	whatsapp {
		store badger {{.Dir}}
		{{.WhatsApp}}
	}
	servers {
		protocols h1
	}
}
http://{{.Addr}} {
	{{.Site}}
	route /webhook {
		whatsapp_webhook {
			app_secret {env.WAGUARD_TEST_APP_SECRET}
			verify_token {env.WAGUARD_TEST_VERIFY_TOKEN}
		}
		respond ok
	}
`

// newBehind starts such a gateway, which Ana has written to.
func newBehind(t *testing.T, site string) *world {
	t.Helper()
	w := newWorld(t, options{Options: gatewaytest.Options{Upstream: "http://127.0.0.1:1", Caddyfile: behind + site + "\n}\n"}})
	if _, err := w.sim.Inbound(t.Context(), shop, ana.User, graphsim.Text("Hello")); err != nil {
		t.Fatal(err)
	}
	return w
}

// misconfigured is what a sender is told, who got an answer of the gateway's own.
func misconfigured(t *testing.T, body []byte) cloudapi.Verdict {
	t.Helper()
	var e cloudapi.ErrorBody
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return e.Error.Waguard
}

const known = "whatsapp_guard {\nsenders match path *\n}\n"

// TestNothingBehind: what a guard lets through, and nobody behind it answers, is
// answered as an error, and nothing is said to be sent.
func TestNothingBehind(t *testing.T) {
	w := newBehind(t, known+"reverse_proxy /elsewhere 127.0.0.1:1")
	resp, body := w.Post(t, messages, textBody)
	if v := misconfigured(t, body); resp.StatusCode != 502 || v.Rule != "MISCONFIGURED" || v.Outcome != "not_sent" || !strings.Contains(v.Remedy, "reverse_proxy https://graph.facebook.com") {
		t.Errorf("a send is answered %s: %s", resp.Status, body)
	}
	if e := w.settled(t); e.Outcome.State != "not_sent" || e.Decision != "allow" {
		t.Errorf("the ledger has %s, %s", e.Decision, e.Outcome.State)
	}
	batch := `{"batch":[{"method":"POST","relative_url":"` + shop + `/messages","body":"messaging_product=whatsapp&to=%2B4915112345678&type=text&text=%7B%22body%22%3A%22Secret message%22%7D"}]}`
	if resp, body := w.Post(t, "/v25.0/", batch); resp.StatusCode != 502 || misconfigured(t, body).Outcome != "not_sent" {
		t.Errorf("a batch is answered %s: %s", resp.Status, body)
	}
	for _, path := range []string{"/v25.0/" + shop, "/v25.0/" + waba + "/message_templates", "/"} {
		if resp, body := gatewaytest.Do(t, "GET", w.URL+path, "", nil); resp.StatusCode != 502 || misconfigured(t, body).Rule != "MISCONFIGURED" {
			t.Errorf("GET %s is answered %s: %s", path, resp.Status, body)
		}
	}
	if resp, body := w.Post(t, "/v25.0/"+shop+"/media", "--x"); resp.StatusCode != 502 {
		t.Errorf("an upload is answered %s: %s", resp.Status, body)
	}
}

// TestTwoGuards: a send that comes to a second guard is sent by neither.
func TestTwoGuards(t *testing.T) {
	var got atomic.Int64
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.Add(1)
		answer(200, accepted)(w, r)
	}))
	t.Cleanup(upstream.Close)
	w := newBehind(t, "whatsapp_guard /v25.0/* {\nsenders match path *\n}\nwhatsapp_guard /v2* {\nsenders match path *\n}\nreverse_proxy "+upstream.URL)
	resp, body := w.Post(t, messages, textBody)
	if v := misconfigured(t, body); resp.StatusCode != 502 || v.Rule != "MISCONFIGURED" || v.Outcome != "not_sent" || !strings.Contains(v.Reason, "two whatsapp_guard") {
		t.Errorf("a send is answered %s: %s", resp.Status, body)
	}
	if e := w.settled(t); e.Outcome.State != "not_sent" {
		t.Errorf("the ledger has %s", e.Outcome.State)
	}
	if n := got.Load(); n != 0 {
		t.Errorf("%d requests reached the upstream", n)
	}
	if resp, body := w.Post(t, "/v24.0/"+shop+"/messages", textBody); resp.StatusCode != 200 {
		t.Errorf("a send that one guard sees is answered %s: %s", resp.Status, body)
	}
	if resp, _ := gatewaytest.Do(t, "GET", w.URL+"/v25.0/"+shop, "", nil); resp.StatusCode != 200 {
		t.Errorf("what is no send is answered %s", resp.Status)
	}
}

// TestSentOnce: whatever stands behind, a send reaches it once. The configurations
// are those that may be right, and so are loaded.
func TestSentOnce(t *testing.T) {
	const retry = "lb_retries 30\nlb_try_duration 3s\nlb_try_interval 1ms\nlb_retry_match {\npath /v25.0/*\n}\n"
	breaks := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		hangUp(w)
	}
	for name, test := range map[string]struct {
		proxy    string // UP is the upstream, OTHER another one
		upstream http.HandlerFunc
		h2       bool
		state    string
	}{
		"breaks-off":              {"reverse_proxy UP {\n" + retry + "}", breaks, false, "unknown"},
		"breaks-off/buffered":     {"reverse_proxy UP {\nrequest_buffers 1MiB\n" + retry + "}", breaks, false, "unknown"},
		"breaks-off/h2":           {"reverse_proxy UP {\nrequest_buffers 1MiB\ntransport http {\ntls_insecure_skip_verify\n}\n" + retry + "}", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true, "unknown"},
		"unavailable":             {"reverse_proxy UP {\nlb_retries 30\nlb_retry_match {\nexpression `{rp.status_code} == 503 && path('/v25.0/*')`\n}\n}", answer(503, "{}"), false, "unknown"},
		"unavailable/buffered":    {"reverse_proxy UP {\nrequest_buffers 1MiB\nlb_retries 30\nlb_retry_match {\nexpression `{rp.status_code} == 503 && path('/v25.0/*')`\n}\n}", answer(503, "{}"), false, "unknown"},
		"unavailable/buffered-h2": {"reverse_proxy UP {\nrequest_buffers 1MiB\ntransport http {\ntls_insecure_skip_verify\n}\nlb_retries 30\nlb_retry_match {\nexpression `{rp.status_code} == 503 && path('/v25.0/*')`\n}\n}", answer(503, "{}"), true, "unknown"},
		"handle-response":         {"reverse_proxy UP {\nrequest_buffers 1MiB\n@bad status 5xx\nhandle_response @bad {\nreverse_proxy OTHER\n}\n}", answer(503, "{}"), false, "unknown"},
		"intercept-behind":        {"intercept {\n@bad status 5xx\nhandle_response @bad {\nreverse_proxy OTHER\n}\n}\nreverse_proxy UP", answer(503, "{}"), false, "unknown"},

		// The guard itself, whatever the proxy behind does with everything else.
		"upstream/breaks-off":  {"reverse_proxy UP {\n" + retry + "}", breaks, false, "unknown"},
		"upstream/unavailable": {"reverse_proxy UP {\nlb_retries 30\nlb_retry_match {\nexpression `{rp.status_code} == 503`\n}\n}", answer(503, "{}"), false, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			own := strings.HasPrefix(name, "upstream/")
			var got, other atomic.Int64
			serve := func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); len(body) == len(textBody) {
					got.Add(1)
				}
				if strings.HasSuffix(r.URL.Path, shop) {
					io.WriteString(w, "{}")
					return
				}
				// Meta takes its time as well. To one that answers at once Caddy's proxy sends
				// again while its transport still looks for the end of the body, and both
				// touch what Caddy wraps around that.
				time.Sleep(50 * time.Millisecond)
				test.upstream(w, r)
			}
			upstream := httptest.NewUnstartedServer(http.HandlerFunc(serve))
			if upstream.EnableHTTP2 = test.h2; test.h2 {
				upstream.StartTLS()
			} else {
				upstream.Start()
			}
			t.Cleanup(upstream.Close)
			second := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); len(body) > 0 {
					other.Add(1)
				}
			}))
			t.Cleanup(second.Close)
			guard := known
			if own {
				guard = strings.Replace(known, "{", "{\nupstream "+upstream.URL, 1)
			}
			w := newBehind(t, "route {\n"+guard+strings.NewReplacer("UP", upstream.URL, "OTHER", second.URL).Replace(test.proxy)+"\n}")
			for range 4 { // connections that are kept are used again
				for range 3 {
					gatewaytest.Do(t, "GET", w.URL+"/v25.0/"+shop, "", nil)
				}
				before := got.Load()
				resp, body := w.Post(t, messages, textBody)
				if n := got.Load() - before; n != 1 || other.Load() != 0 {
					t.Fatalf("the send reached the upstream %d times, another one %d times; the sender got %s: %s", n, other.Load(), resp.Status, body)
				}
				if e := w.settled(t); string(e.Outcome.State) != test.state {
					t.Errorf("the ledger has %s, want %s", e.Outcome.State, test.state)
				}
				if own && name == "upstream/unavailable" {
					if resp.StatusCode != 503 || string(body) != "{}" {
						t.Errorf("the sender got %s: %s", resp.Status, body)
					}
					continue // Meta's answer is the answer
				}
				if v := misconfigured(t, body); resp.StatusCode < 500 || v.Outcome != "unknown" {
					t.Errorf("the sender got %s: %s", resp.Status, body)
				}
			}
		})
	}
}

// TestSentOnceAllTheSame: what only tries again before anything was sent, or asks
// somebody else first, goes on to work.
func TestSentOnceAllTheSame(t *testing.T) {
	upstream := httptest.NewServer(answer(200, accepted))
	t.Cleanup(upstream.Close)
	asked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); len(body) > 0 {
			t.Error("forward_auth got the body")
		}
	}))
	t.Cleanup(asked.Close)
	for name, proxy := range map[string]string{
		"first-upstream-is-down": "reverse_proxy 127.0.0.1:1 " + upstream.URL + " {\nlb_policy first\nlb_retries 3\nfail_duration 30s\n}",
		"buffered":               "reverse_proxy 127.0.0.1:1 " + upstream.URL + " {\nrequest_buffers 1MiB\nlb_policy first\nlb_retries 3\nfail_duration 30s\n}",
		"forward-auth":           "forward_auth " + asked.URL + " {\nuri /\n}\nreverse_proxy " + upstream.URL,
		"forward-auth/buffered":  "forward_auth " + asked.URL + " {\nuri /\n}\nreverse_proxy " + upstream.URL + " {\nrequest_buffers 1MiB\n}",
	} {
		t.Run(name, func(t *testing.T) {
			w := newBehind(t, "route {\n"+known+proxy+"\n}")
			for range 3 {
				if resp, body := w.Post(t, messages, textBody); resp.StatusCode != 200 || string(body) != accepted {
					t.Errorf("the send is answered %s: %s", resp.Status, body)
				}
			}
		})
	}
}

// TestInterceptBefore: what stands before the guard can't send what it judged, be it
// refused or sent.
func TestInterceptBefore(t *testing.T) {
	var got atomic.Int64
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); len(body) > 0 {
			got.Add(1)
		}
		answer(503, "{}")(w, r)
	}))
	t.Cleanup(upstream.Close)
	w := newBehind(t, "route {\nintercept {\n@bad status 400 403 503\nhandle_response @bad {\nreverse_proxy "+upstream.URL+" {\nrequest_buffers 1MiB\n}\n}\n}\n"+known+"reverse_proxy "+upstream.URL+"\n}")
	header := http.Header{"Content-Type": {"application/json"}}
	sendRaw(t, w, textBody, header) // the answer breaks off
	if n := got.Load(); n != 1 {
		t.Errorf("an allowed send reached the upstream %d times", n)
	}
	sendRaw(t, w, strings.ReplaceAll(textBody, "15112345678", "15119876543"), header)
	if n := got.Load(); n != 1 {
		t.Error("a refused send reached the upstream")
	}
}

// TestAdminPathAtSendersPort: what is asked of the admin endpoint at the senders'
// port never goes on, in whatever spelling and mode.
func TestAdminPathAtSendersPort(t *testing.T) {
	var got atomic.Int64
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got.Add(1) }))
	t.Cleanup(upstream.Close)
	for _, mode := range []string{"enforce", "monitor"} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{Upstream: upstream.URL, WhatsApp: "business * {\nmode " + mode + "\n}"}})
			for _, path := range []string{
				"/whatsapp/consent/opt-out", "/whatsapp", "/whatsapp/", "/WhatsApp/consent/get", "/what%73app/consent/get", "//whatsapp/consent/get",
				"/./whatsapp/ledger", "/v25.0/../whatsapp/ledger", "/whatsapp%2Fconsent/get", "/%20whatsapp/ledger", `/%5Cwhatsapp%5Cledger`,
			} {
				for _, method := range []string{"GET", "POST"} {
					resp, body := gatewaytest.Do(t, method, w.URL+path, `{"contact":"+4915112345678"}`, http.Header{"Content-Type": {"application/json"}})
					if v := misconfigured(t, body); resp.StatusCode != 404 || v.Rule != "ADMIN_PATH" || !strings.Contains(v.Remedy, "localhost:2019") {
						t.Errorf("%s %s is answered %s: %s", method, path, resp.Status, body)
					}
				}
			}
			if n := got.Load(); n != 0 {
				t.Errorf("%d requests went on", n)
			}
			if resp, _ := gatewaytest.Do(t, "GET", w.URL+"/v25.0/whatsapp", "", nil); resp.StatusCode != 200 || got.Swap(0) != 1 {
				t.Errorf("a path of Meta's is answered %s", resp.Status)
			}
		})
	}
}
