package caddymodule

import (
	"encoding/json"
	"net/http"
	"path"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() { caddy.RegisterModule(Health{}) }

// Health is the handler that tells load balancers, containers and their like how
// the gateway is, without the admin endpoint, which they should not reach. The last
// segment of the path says what is asked for:
//
// Path | Answer
// -----|-------
// `live` | 200: the process answers
// `ready` | 200 if sends can be judged and recorded now: a configuration is loaded, the store reads and writes, the disk has room, and the gateway isn't stopping; else 503
//
// The answer is a small JSON object of fixed words. It names nobody and no path, and
// probes are neither in the access log nor in the store.
//
//	handle /health/* {
//		whatsapp_health
//	}
type Health struct{}

// CaddyModule returns the Caddy module information.
func (Health) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.whatsapp_health", New: func() caddy.Module { return new(Health) }}
}

// Provision finds out whether there is a gateway to tell of.
func (*Health) Provision(ctx caddy.Context) error {
	_, err := appOf(ctx)
	return err
}

// ServeHTTP answers a probe.
func (*Health) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	caddyhttp.SetVar(r.Context(), caddyhttp.LogSkipVar, true) // one comes every few seconds
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return plainError(w, http.StatusMethodNotAllowed, "a health route takes GET and HEAD")
	}
	switch path.Base(r.URL.Path) {
	case "live":
		return healthAnswer(w, http.StatusOK, struct {
			Status string `json:"status"`
		}{"live"})
	case "ready":
		status, told := http.StatusOK, look()
		if told.Status == notReady {
			status = http.StatusServiceUnavailable
		}
		return healthAnswer(w, status, told)
	}
	return plainError(w, http.StatusNotFound, "there are live and ready, such as /health/ready")
}

func healthAnswer(w http.ResponseWriter, status int, told any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(told)
}

// parseHealth reads the directive. Syntax:
//
//	whatsapp_health [<matcher>]
func parseHealth(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Health)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile reads the directive; see parseHealth for its syntax.
func (*Health) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	if d.NextArg() {
		return d.ArgErr()
	}
	if d.NextBlock(d.Nesting()) {
		return d.Errf("whatsapp_health has no subdirectives, and %q is none", d.Val())
	}
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Health)(nil)
	_ caddyhttp.MiddlewareHandler = (*Health)(nil)
	_ caddyfile.Unmarshaler       = (*Health)(nil)
)
