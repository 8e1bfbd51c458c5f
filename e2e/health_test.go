package e2e

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// healthRoute is the health route as the site of a test has it.
const healthRoute = "handle /health/* {\nwhatsapp_health\n}"

// probe asks a health route.
func probe(t testing.TB, url, what string) (int, map[string]string, http.Header) {
	t.Helper()
	resp, body := gatewaytest.Do(t, http.MethodGet, url+"/health/"+what, "", http.Header{"Connection": {"close"}})
	var told map[string]string
	if err := json.Unmarshal(body, &told); err != nil {
		t.Fatalf("%s: %s %s", what, resp.Status, body)
	}
	return resp.StatusCode, told, resp.Header
}

// TestHealthRoute: whoever probes the gateway learns whether it works, and nothing
// that belongs to anybody; probes leave no trace.
func TestHealthRoute(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany, Site: healthRoute}})
	w.Post(t, messages, textBody)
	logged := len(w.logLines(t, "http.log.access", ""))
	if status, told, _ := probe(t, w.URL, "live"); status != http.StatusOK || len(told) != 1 || told["status"] != "live" {
		t.Errorf("live: %d %v", status, told)
	}
	status, told, header := probe(t, w.URL, "ready")
	want := map[string]string{"status": "ready", "process": "running", "configuration": "loaded", "store": "ok", "disk": "ok"}
	if status != http.StatusOK || len(told) != len(want) {
		t.Errorf("ready: %d %v", status, told)
	}
	for name, word := range want {
		if told[name] != word {
			t.Errorf("ready says %s %q, want %q", name, told[name], word)
		}
	}
	if header.Get("Cache-Control") != "no-store" || header.Get("Content-Type") != "application/json" {
		t.Errorf("the header is %v", header)
	}
	for _, r := range []struct {
		method, path string
		status       int
	}{
		{http.MethodHead, "/health/ready", 200}, {http.MethodPost, "/health/ready", 405}, {http.MethodGet, "/health/else", 404}, {http.MethodGet, "/health/", 404},
	} {
		if resp, body := gatewaytest.Do(t, r.method, w.URL+r.path, "", nil); resp.StatusCode != r.status {
			t.Errorf("%s %s: %s %s", r.method, r.path, resp.Status, body)
		}
	}
	if now := len(w.logLines(t, "http.log.access", "")); now != logged {
		t.Errorf("%d lines of the access log are probes", now-logged)
	}
}

// TestHealthWithoutStore: a gateway whose store can't be used is not ready; one that
// is in monitor mode lets everything pass, and is to go on doing so.
func TestHealthWithoutStore(t *testing.T) {
	for mode, want := range map[string]int{"enforce": http.StatusServiceUnavailable, "monitor": http.StatusOK} {
		t.Run(mode, func(t *testing.T) {
			_, upstream := newSim(t)
			g := gatewaytest.Start(t, gatewaytest.Options{Upstream: upstream, Store: "faulty", Site: healthRoute, WhatsApp: "business * {\nmode " + mode + "\n}"})
			if status, told, _ := probe(t, g.URL, "ready"); status != http.StatusOK || told["status"] != "ready" {
				t.Fatalf("at first: %d %v", status, told)
			}
			faults.check.Store(true)
			t.Cleanup(func() { faults.check.Store(false) })
			status, told, _ := probe(t, g.URL, "ready")
			if status != want || told["store"] != "unavailable" || told["configuration"] != "loaded" {
				t.Errorf("a store that fails: %d %v, want %d", status, told, want)
			}
			if status, _, _ := probe(t, g.URL, "live"); status != http.StatusOK {
				t.Errorf("it is not even alive: %d", status)
			}
		})
	}
}

// TestHealthWhileStopping: a gateway that is about to end is not ready, while it
// still answers.
func TestHealthWhileStopping(t *testing.T) {
	_, upstream := newSim(t)
	p := newProcess(t, upstream, filepath.Join(t.TempDir(), "store"))
	p.Site = healthRoute
	p.Global += "\nshutdown_delay 2s"
	p.configure(t, p.text(t))
	p.start(t)
	if status, told, _ := probe(t, p.URL, "ready"); status != http.StatusOK {
		t.Fatalf("%d %v", status, told)
	}
	ask := func() (said string, code int) {
		out, errs, code := p.do(t, "health", "--url", p.URL+"/health/ready")
		return out + errs, code
	}
	if said, code := ask(); code != 0 || !strings.Contains(said, `"status":"ready"`) {
		t.Errorf("the command says %s and ends with %d", said, code)
	}
	if out, errs, code := p.do(t, "health", "--url", p.AdminURL+"/config/"); code != 3 || !strings.Contains(errs, "no health route of waguard") {
		t.Errorf("asked elsewhere it says %s%s and ends with %d", out, errs, code)
	}
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it says that it stops", func() bool {
		status, told, _ := probe(t, p.URL, "ready")
		return status == http.StatusServiceUnavailable && told["status"] == "not_ready" && told["process"] == "stopping"
	})
	if status, _, _ := probe(t, p.URL, "live"); status != http.StatusOK {
		t.Errorf("live: %d", status)
	}
	p.wait(t)
	if said, code := ask(); code != 3 || !strings.Contains(said, "no answer") {
		t.Errorf("of a gateway that is gone the command says %s and ends with %d", said, code)
	}
}
