package e2e

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// path is a way that sends go on from the guard: by a reverse_proxy behind it, or by
// its own client.
type path struct {
	name          string
	forwards, tls bool
}

// What holds of sends holds on each of them.
var paths = []path{{name: "proxy"}, {name: "upstream", forwards: true}, {name: "proxy-tls", tls: true}, {name: "upstream-tls", forwards: true, tls: true}}

// plainPaths are those without TLS.
var plainPaths = paths[:2]

// to are the options of a gateway whose sends go on to a handler that way; without a
// handler nobody is there.
func (p path) to(t testing.TB, handler http.Handler) gatewaytest.Options {
	t.Helper()
	o := gatewaytest.Options{Forwards: p.forwards}
	scheme := "http://"
	if p.tls {
		scheme = "https://"
	}
	server := httptest.NewUnstartedServer(handler)
	if p.tls {
		server.StartTLS()
		o.Trust = filepath.Join(t.TempDir(), "upstream.pem")
		certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		if err := os.WriteFile(o.Trust, certificate, 0o600); err != nil {
			t.Fatal(err)
		}
	} else {
		server.Start()
	}
	if handler == nil {
		server.Close()
		o.Upstream = scheme + gatewaytest.FreeAddr(t)
		return o
	}
	t.Cleanup(server.Close)
	o.Upstream = server.URL
	return o
}
