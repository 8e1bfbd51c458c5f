package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// crowd are senders that send texts to a person until they are told to stop.
type crowd struct {
	stop    chan struct{}
	done    sync.WaitGroup
	sent    atomic.Int64 // requests that were made
	allowed atomic.Int64 // answered with 200
	broken  atomic.Int64 // connections that ended without an answer
	faults  atomic.Int64
	mu      sync.Mutex
	ids     []string // decisions of the answers
	fault   string   // the first answer that is none of the expected
}

// sendAlong lets n senders send as fast as they can.
func sendAlong(url string, n int, body string) *crowd {
	c := &crowd{stop: make(chan struct{})}
	for range n {
		c.done.Go(func() {
			client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for {
				select {
				case <-c.stop:
					return
				default:
					c.send(client, url, body)
				}
			}
		})
	}
	return c
}

func (c *crowd) send(client *http.Client, url, body string) {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	req.GetBody = nil // so that Go does not send it again by itself
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer test-token")
	c.sent.Add(1)
	resp, err := client.Do(req)
	if err != nil {
		c.broken.Add(1)
		return
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		c.broken.Add(1)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if id := resp.Header.Get("X-Waguard-Id"); resp.StatusCode == http.StatusOK && id != "" {
		c.allowed.Add(1)
		c.ids = append(c.ids, id)
		return
	}
	c.faults.Add(1)
	if c.fault == "" {
		c.fault = resp.Status + " " + string(answer)
	}
}

// end stops the crowd and waits for its last answers.
func (c *crowd) end() {
	close(c.stop)
	c.done.Wait()
}

// TestReloadUnderLoad: ten reloads while thousands of sends and webhooks run cost
// no request and no record (A7, A9).
func TestReloadUnderLoad(t *testing.T) {
	for _, path := range plainPaths {
		t.Run(path.name, func(t *testing.T) {
			sim := graphsim.New(graphsim.Options{AppSecret: gatewaytest.AppSecret, Clock: func() time.Time { return gatewaytest.Epoch }})
			defer sim.Close()
			upstream := newServer(t, sim)
			g := gatewaytest.Start(t, gatewaytest.Options{Upstream: upstream, Forwards: path.forwards})
			sim.SetWebhookURL(g.WebhookURL)
			if _, err := sim.Inbound(t.Context(), shop, ana.User, graphsim.Text("Hello")); err != nil {
				t.Fatal(err)
			}
			c := sendAlong(g.URL+messages, 8, textBody)
			stopWriting := make(chan struct{})
			wrote, writing := 0, make(chan error, 1)
			go func() {
				for {
					select {
					case <-stopWriting:
						writing <- nil
						return
					default:
					}
					p := graphsim.User{Phone: fmt.Sprintf("+4915170%06d", wrote)}
					if _, err := sim.Inbound(t.Context(), shop, p, graphsim.Text("Hello")); err != nil {
						// Its connection was closed under it. Meta delivers for days.
						d, again := sim.Redeliver(t.Context())
						for tries := 0; again != nil && tries < 20; tries++ {
							d, again = sim.Redeliver(t.Context())
						}
						if again != nil || len(d) == 0 {
							writing <- fmt.Errorf("webhook %d: %w, and again %w", wrote, err, again)
							return
						}
					}
					wrote++
				}
			}()
			const reloads, fewest = 10, 1500
			for i := range reloads {
				eventually(t, "sends go through between two reloads", func() bool { return c.sent.Load() >= int64(i+1)*fewest/reloads })
				g.Guard = fmt.Sprintf("send_timeout %ds", 30+i) // so that the configuration differs
				if err := g.Load(); err != nil {
					t.Fatalf("reload %d: %v", i, err)
				}
			}
			close(stopWriting)
			if err := <-writing; err != nil {
				t.Error(err)
			}
			c.end()
			if c.faults.Load() != 0 {
				t.Errorf("%d sends were answered with a fault, the first with %s", c.faults.Load(), c.fault)
			}
			t.Logf("%d sends, %d webhooks, %d connections broken by closing them idle", c.sent.Load(), wrote, c.broken.Load())
			entries := allEntries(t, g, "ledger")
			known := make(map[string]bool, len(entries))
			for _, e := range entries {
				known[e.ID.String()] = true
				if e.Outcome.State != "accepted" {
					t.Errorf("%s was %s", e.ID, e.Outcome.State)
				}
			}
			for _, id := range c.ids {
				if !known[id] {
					t.Errorf("%s was acknowledged and is not in the ledger", id)
				}
			}
			// A request on a connection that was closed under it may or may not have
			// arrived; every other one is there exactly once.
			if n := int64(len(entries)); n < c.allowed.Load() || n > c.sent.Load() || n != int64(len(sim.Sends())) {
				t.Errorf("the ledger has %d entries for %d sends (%d answered, %d passed to Meta)", n, c.sent.Load(), c.allowed.Load(), len(sim.Sends()))
			}
			addsUp(t, g)
			for i := 0; i < wrote; i += max(wrote/50, 1) {
				if !consentOf(t, g, shop, fmt.Sprintf("+4915170%06d", i)).WindowOpen {
					t.Errorf("the window webhook %d opened is closed", i)
				}
			}
		})
	}
}

// newServer serves on a loopback port until the test ends, and gives its URL.
func newServer(t testing.TB, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return "http://" + l.Addr().String()
}

// TestReloadBroken: a configuration that can't be loaded leaves the old one
// serving, its store open and its admin routes answering.
func TestReloadBroken(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	unwritable := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(unwritable, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(g *gatewaytest.Gateway)
		want   string // in the error
	}{
		{"unknown-subdirective", func(g *gatewaytest.Gateway) { g.WhatsApp = "polices {\n}" }, `unknown subdirective "polices"`},
		{"provisioning", func(g *gatewaytest.Gateway) { g.Guard = "dialect 360dialog" }, "phone_number_id"},
		{"provisioning/other-module", func(g *gatewaytest.Gateway) {
			g.Site = "templates {\nroot {env.NOT_SET}\n}\nreverse_proxy {\nlb_policy nothing\n}"
		}, "nothing"},
		{"no-whatsapp-block", func(g *gatewaytest.Gateway) { g.Caddyfile = withoutApp }, "need a `whatsapp` block"},
		{"starting/retention-changed", func(g *gatewaytest.Gateway) { g.Caddyfile = otherRetention }, "restart the gateway"},
		{"starting/address-in-use", func(g *gatewaytest.Gateway) { g.Addr = busy.Addr().String() }, "address already in use"},
		{"starting/other-directory-unwritable", func(g *gatewaytest.Gateway) { g.Dir = filepath.Join(unwritable, "store") }, unwritable},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
			ana.writes("Hello")(t, w)
			text(ana, passes)(t, w)
			good := w.Options
			goodAddr := w.Addr
			for range 3 { // each could release the store once too often
				test.change(w.Gateway)
				err := w.Load()
				w.Options, w.Addr = good, goodAddr
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Fatalf("loading a broken configuration: %v; want an error with %q", err, test.want)
				}
				w.calmDown(t)
				text(ana, passes)(t, w)
				text(ben, windowClosed)(t, w)
				ana.windowIs("open for 24h0m0s")(t, w)
				healthOf(t, w.Gateway)
			}
			if n := len(allEntries(t, w.Gateway, "ledger")); n != 7 {
				t.Errorf("the ledger has %d entries after 7 sends", n)
			}
			// A good configuration can be loaded after.
			w.reload(t)
			text(ana, passes)(t, w)
			addsUp(t, w.Gateway)
		})
	}
}

// reload loads the configuration, which must succeed.
func (w *world) reload(t testing.TB) {
	t.Helper()
	if err := w.Load(); err != nil {
		t.Fatalf("loading a good configuration: %v", err)
	}
	w.calmDown(t)
}

// calmDown waits until connections end at the running configuration: after a
// reload Caddy closes those to the old one, and after one that failed those to
// what was started of the new one.
func (w *world) calmDown(t testing.TB) {
	t.Helper()
	http.DefaultClient.CloseIdleConnections()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	good := 0
	eventually(t, "connections end at the running configuration", func() bool {
		resp, err := client.Get(w.URL + "/v25.0/" + shop)
		if good++; err != nil {
			good = 0
			return false
		}
		resp.Body.Close()
		return good == 20
	})
}

const withoutApp = `{
	admin {{.Admin}}
	persist_config off
	default_bind 127.0.0.1
}
http://{{.Addr}} {
	whatsapp_guard
	reverse_proxy {{.Upstream}}
}
`

const otherRetention = `{
	admin {{.Admin}}
	persist_config off
	default_bind 127.0.0.1
	whatsapp {
		store badger {{.Dir}} {
			ledger_retention 24h
		}
	}
}
http://{{.Addr}} {
	whatsapp_guard
	reverse_proxy {{.Upstream}}
}
`

const nothingOfOurs = `{
	admin {{.Admin}}
	persist_config off
	default_bind 127.0.0.1
}
http://{{.Addr}} {
	respond "no gateway" 404
}
`

// TestReloadRemovesGateway: requests that run while the app is removed are
// answered, and the store is closed behind them.
func TestReloadRemovesGateway(t *testing.T) {
	sim := graphsim.New(graphsim.Options{AppSecret: gatewaytest.AppSecret, Clock: func() time.Time { return gatewaytest.Epoch }})
	defer sim.Close()
	g := gatewaytest.Start(t, gatewaytest.Options{Upstream: newServer(t, sim)})
	sim.SetWebhookURL(g.WebhookURL)
	if _, err := sim.Inbound(t.Context(), shop, ana.User, graphsim.Text("Hello")); err != nil {
		t.Fatal(err)
	}
	c := sendAlong(g.URL+messages, 8, textBody)
	eventually(t, "sends go through", func() bool { return c.allowed.Load() > 200 })
	whole := g.Options
	g.Caddyfile = nothingOfOurs
	if err := g.Load(); err != nil {
		t.Fatal(err)
	}
	if resp, body := g.AdminCall(t, "/whatsapp/health", ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the health of a gateway that is gone: %s %s", resp.Status, body)
	}
	eventually(t, "sends meet the configuration without gateway", func() bool { return c.faults.Load() > 20 })
	c.end()
	// The store is closed: it can be opened again, and nothing is lost.
	g.Options = whole
	if err := g.Load(); err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, e := range allEntries(t, g, "ledger") {
		known[e.ID.String()] = true
	}
	for _, id := range c.ids {
		if !known[id] {
			t.Errorf("%s was acknowledged and is not in the ledger", id)
		}
	}
	addsUp(t, g)
}

// TestValidateBesideRunningGateway: validating opens nothing and makes nothing.
func TestValidateBesideRunningGateway(t *testing.T) {
	w := newWorld(t, options{})
	ana.writes("Hello")(t, w)
	for _, dir := range []string{w.Dir, filepath.Join(t.TempDir(), "new")} {
		other := *w.Gateway
		other.Dir = dir
		config, err := other.Config()
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(config); err != nil {
			t.Errorf("validating with the store %s: %v", dir, err)
		}
		text(ana, passes)(t, w)
		if _, err := os.Stat(dir); dir != w.Dir && !os.IsNotExist(err) {
			t.Errorf("validating made the store's directory: %v", err)
		}
	}
}

func validate(config []byte) error {
	var c caddy.Config
	if err := caddy.StrictUnmarshalJSON(config, &c); err != nil {
		return err
	}
	return caddy.Validate(&c)
}

// TestMetricsAfterReload: the metrics are there with the registry of every
// configuration, and count on.
func TestMetricsAfterReload(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	ana.writes("Hello")(t, w)
	count := func() string {
		t.Helper()
		_, body := w.AdminCall(t, "/metrics", "")
		for line := range strings.Lines(string(body)) {
			if strings.HasPrefix(line, `caddy_whatsapp_sends_total{category="service",decision="allow",rule="WINDOW_OPEN"}`) {
				return strings.TrimSpace(line[strings.LastIndex(line, " "):])
			}
		}
		return ""
	}
	text(ana, passes)(t, w)
	before := count()
	w.reload(t)
	if got := count(); got != before || got == "" {
		t.Errorf("after a reload the metrics count %q sends, before %q", got, before)
	}
	text(ana, passes)(t, w)
	if got := count(); got == before || got == "" {
		t.Errorf("the metrics count %q sends, and a send before that %q", got, before)
	}
	_, all := w.AdminCall(t, "/metrics", "")
	for _, name := range []string{"caddy_whatsapp_webhooks_total", "caddy_whatsapp_webhook_events_total", "caddy_whatsapp_sent_to_another_total", "caddy_whatsapp_store_failures_total"} {
		if !strings.Contains(string(all), name) {
			t.Errorf("there is no metric %s", name)
		}
	}
	for _, secret := range w.secrets {
		if strings.Contains(string(all), secret) {
			t.Errorf("the metrics hold %q", secret)
		}
	}
}
