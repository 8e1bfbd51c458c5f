package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/console"
)

func init() { caddy.RegisterModule(Console{}) }

// Console is the handler by which people look at the gateway in a browser: what is
// refused and why, how a person stands, what messages cost, whether all is well.
//
// It only reads, unless more is allowed, and shows itself to people whom something in
// front of it knows: `basic_auth`, `forward_auth`, client certificates. Without that it
// answers this machine alone.
//
//	handle_path /console/* {
//		basic_auth {
//			ana $2a$14$...
//		}
//		whatsapp_console
//	}
type Console struct {
	// What people may do besides reading: `consent` to record opt-ins and opt-outs, `erase`
	// to erase people. Each change is recorded with the name of the user.
	// Default: nothing.
	Allow []string `json:"allow,omitempty"`

	// Who the user is: one placeholder, for handlers in front that tell it elsewhere, such
	// as `{http.request.header.Remote-User}`. Where a client can send the header itself, it
	// can be anybody.
	// Default: whom Caddy authenticated, or else the subject of the client certificate.
	User string `json:"user,omitempty"`

	// The time zone that times are shown in.
	// Default: that of the business phone numbers, if it is one, else UTC.
	TimeZone string `json:"time_zone,omitempty"`

	app     *App
	console *console.Console
}

// What a console may allow.
const (
	allowConsent = "consent"
	allowErase   = "erase"
)

// CaddyModule returns the Caddy module information.
func (Console) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.whatsapp_console", New: func() caddy.Module { return new(Console) }}
}

// Provision checks the settings.
func (h *Console) Provision(ctx caddy.Context) (err error) {
	if h.app, err = appOf(ctx); err != nil {
		return err
	}
	for _, what := range h.Allow {
		if err := checkAllowed(what); err != nil {
			return err
		}
	}
	if err := checkUser(h.User); err != nil {
		return err
	}
	zone, err := h.zone()
	if err != nil {
		return err
	}
	h.console = &console.Console{
		API: adminapi.NewLocalClient(inProcess{h.app}), Live: &liveSends, Now: h.app.clock.Now, Zone: zone, Log: ctx.Logger(),
		Consent: slices.Contains(h.Allow, allowConsent), Erase: slices.Contains(h.Allow, allowErase), Ended: ctx.Done(), Exiting: caddy.Exiting,
	}
	return nil
}

// onePlaceholder is all that user may be: what stands around one, or in its place, would be
// the name of everybody.
var onePlaceholder = regexp.MustCompile(`^\{http\.[^{}]+\}$`)

func checkUser(user string) error {
	if user != "" && !onePlaceholder.MatchString(user) {
		return fmt.Errorf("user is %q; it must be one placeholder of a request, such as {http.request.header.Remote-User}", user)
	}
	return nil
}

func checkAllowed(what string) error {
	if what != allowConsent && what != allowErase {
		return fmt.Errorf("allow has %q; a console can allow %s and %s", what, allowConsent, allowErase)
	}
	return nil
}

// zone is the one that times are shown in.
func (h *Console) zone() (*time.Location, error) {
	if h.TimeZone != "" {
		return zoneNamed(h.TimeZone)
	}
	zones := h.app.gateway.Businesses.Zones("")
	if len(zones) == 1 && zones[0] != nil {
		return zones[0], nil
	}
	return time.UTC, nil
}

// liveSends are what was decided lately, whatever configuration runs.
var liveSends console.Live

// consoleUser is where the context of a request has the user of the console.
type consoleUser struct{}

// ServeHTTP answers a request.
func (h *Console) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	if to := withSlash(r); to != "" {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusTemporaryRedirect)
		return nil
	}
	v := &console.Visitor{Name: h.user(r)}
	for _, field := range []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"} {
		v.Forwarded = v.Forwarded || r.Header.Get(field) != ""
	}
	if host := clientOf(r); host != "" {
		if addr, err := netip.ParseAddr(host); err == nil {
			v.Address = addr
		} else {
			v.Forwarded = true // from who knows where
		}
	}
	if v.Name != "" {
		r = r.WithContext(context.WithValue(r.Context(), consoleUser{}, v.Name))
	}
	return h.console.ServeHTTP(w, r, v)
}

// withSlash is where the console begins, if it is asked for without the slash at its end: by
// links of pages, browsers would leave its path. It is "" else.
func withSlash(r *http.Request) string {
	original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request)
	if !ok || strings.Trim(r.URL.Path, "/") != "" || original.URL.Path == "" || strings.HasSuffix(original.URL.Path, "/") {
		return ""
	}
	return (&url.URL{Path: "./" + path.Base(original.URL.Path) + "/", RawQuery: r.URL.RawQuery}).String()
}

// user is the name of who asks; "" where nobody asked for it.
func (h *Console) user(r *http.Request) string {
	repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return ""
	}
	if h.User != "" {
		if strings.HasPrefix(h.User, "{http.request.tls.client.") && !verified(r) {
			return ""
		}
		name, err := repl.ReplaceOrErr(h.User, true, true) // or one that nobody fills in would be a name
		if err != nil {
			return ""
		}
		return strings.TrimSpace(name)
	}
	if id, ok := repl.GetString("http.auth.user.id"); ok && id != "" {
		return id
	}
	if verified(r) {
		subject := r.TLS.VerifiedChains[0][0].Subject
		if subject.CommonName != "" {
			return subject.CommonName
		}
		return subject.String()
	}
	return ""
}

// verified reports that the client has shown a certificate that was verified.
func verified(r *http.Request) bool { return r.TLS != nil && len(r.TLS.VerifiedChains) > 0 }

// inProcess answers what a client of the gateway asks that is in its process.
type inProcess struct{ app *App }

func (p inProcess) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := &recorder{header: w.Header(), status: http.StatusOK}
	if err := p.answer(rec, r); err != nil {
		rec.fail(err)
	}
	w.WriteHeader(rec.status)
	_, _ = w.Write(rec.body.Bytes()) // into memory
}

func (p inProcess) answer(w http.ResponseWriter, r *http.Request) error {
	for route, handle := range adminHandles {
		if route == adminapi.RouteVersion && r.URL.Path == route.Path { // which needs no store
			return handle(nil, nil, w, r)
		}
		if route.Path == r.URL.Path {
			return p.app.serveAdmin(route, handle, w, r)
		}
	}
	return adminError(http.StatusNotFound, errors.New("there is no such route"))
}

func parseConsole(d httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h := new(Console)
	return h, h.UnmarshalCaddyfile(d.Dispenser)
}

// UnmarshalCaddyfile reads the directive. Syntax:
//
//	whatsapp_console [<matcher>] {
//		allow     consent|erase...
//		user      <placeholder>
//		time_zone <name>
//	}
func (h *Console) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	if d.NextArg() {
		return d.ArgErr()
	}
	return parseBlock(d, map[string]parser{
		"allow": func(d *caddyfile.Dispenser) error {
			if err := listInto(&h.Allow)(d); err != nil {
				return err
			}
			for _, what := range h.Allow {
				if err := checkAllowed(what); err != nil {
					return d.Err(err.Error())
				}
			}
			return nil
		},
		"user": func(d *caddyfile.Dispenser) error {
			if err := stringInto(&h.User)(d); err != nil {
				return err
			}
			if err := checkUser(h.User); err != nil {
				return d.Err(err.Error())
			}
			return nil
		},
		"time_zone": zoneInto(&h.TimeZone),
	})
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Console)(nil)
	_ caddyhttp.MiddlewareHandler = (*Console)(nil)
	_ caddyfile.Unmarshaler       = (*Console)(nil)
)
