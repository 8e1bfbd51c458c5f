package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

// appSecret signs the webhooks the gateway learns from.
const appSecret = "bench-app-secret"

// site is what a proxy is configured by. Both have the same template; only the
// gateway has a store.
type site struct {
	URL, Admin, Upstream string
	Trust                *trust
	Store, Secret        string
	setup
}

// setup is what may be chosen for a gateway.
type setup struct {
	Ledger string // strict or overlap
	Path   string // of judged sends: upstream, the guard's own, or proxy, Caddy's
	App    bool   // webhooks go on to the company's application
	// Postgres is the address of a database for the store, whose key stands in KeyFile; ""
	// for a store on the disk.
	Postgres, KeyFile string
}

var defaultSetup = setup{Ledger: "strict", Path: "upstream"}

var caddyfile = template.Must(template.New("Caddyfile").Parse(`{
	admin {{.Admin}}
	persist_config off
	default_bind 127.0.0.1
	skip_install_trust
	auto_https off
	servers {
		protocols h1
	}
	{{- if .Store}}
	whatsapp {
		{{- if .Postgres}}
		store postgres {{printf "%q" .Postgres}} {
			pseudonym_key {file.{{.KeyFile}}}
		}
		{{- else}}
		store badger {{.Store}}
		{{- end}}
		ledger {{.Ledger}}
	}
	{{- end}}
}
{{define "headers"}}
			header_up -X-Forwarded-For
			header_up -X-Forwarded-Host
			header_up -X-Forwarded-Proto
{{- end -}}
{{define "proxy" -}}
		reverse_proxy {{.Upstream}} {
			{{- template "headers"}}
			{{- if .Trust}}
			transport http {
				tls_trust_pool file {{.Trust.Cert}}
			}
			{{- end}}
		}
{{- end -}}
{{.URL}} {
	{{- if .Trust}}
	tls {{.Trust.Cert}} {{.Trust.Key}}
	{{- end}}
	{{- if .Store}}
	handle /webhook {
		whatsapp_webhook {
			app_secret {{.Secret}}
			verify_token bench
		}
		{{- if .App}}
		{{template "proxy" .}}
		{{- end}}
	}
	handle_path /console/* {
		whatsapp_console
	}
	{{- end}}
	handle {
		{{- if .Store}}
		whatsapp_guard {{- if eq .Path "upstream"}} {
			upstream {{.Upstream}} {
			{{- template "headers"}}
			{{- if .Trust}}
				trust {{.Trust.Cert}}
			{{- end}}
			}
		} {{- end}}
		{{- end}}
		{{template "proxy" .}}
	}
}
`))

// proxy is plain Caddy or the gateway.
type proxy struct {
	*child
	admin  string // URL of its admin endpoint
	config string // its Caddyfile
	store  string // its directory; "" for plain Caddy
	trust  *trust
}

// world is what stands around proxies.
type world struct {
	dir      string
	trust    *trust // nil without TLS
	upstream *child
}

// newWorld starts an upstream that takes delay to answer. It keeps its files in
// dir.
func newWorld(ctx context.Context, dir string, delay time.Duration, secure bool) (w *world, err error) {
	w = &world{dir: dir}
	if secure {
		if w.trust, err = newTrust(dir); err != nil {
			return nil, err
		}
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	w.upstream = w.upstreamAt(addr, delay)
	return w, w.upstream.start(ctx)
}

// upstreamAt is the upstream, which isn't started yet.
func (w *world) upstreamAt(addr string, delay time.Duration) *child {
	c := &child{dir: w.dir, name: "upstream", role: roleUpstream, addr: addr, ready: w.trust.url(addr), client: w.trust.httpClient(), args: []string{addr, delay.String()}}
	if w.trust != nil {
		c.args = append(c.args, w.trust.Cert, w.trust.Key)
	}
	return c
}

// close ends what is around.
func (w *world) close() { w.upstream.stop() }

// proxy is Caddy before the upstream, not started yet: with a store the gateway,
// without it plain Caddy.
func (w *world) proxy(name, store string, s setup) (*proxy, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	admin, err := freeAddr()
	if err != nil {
		return nil, err
	}
	p := &proxy{admin: "http://" + admin, config: filepath.Join(w.dir, name+".caddyfile"), store: store, trust: w.trust}
	p.child = &child{
		dir: w.dir, name: name, role: roleCaddy, addr: addr, ready: p.admin + "/config/", client: w.trust.httpClient(),
		args: []string{"run", "--config", p.config, "--adapter", "caddyfile"},
	}
	var text strings.Builder
	if err := caddyfile.Execute(&text, site{w.trust.url(addr), admin, w.trust.url(w.upstream.addr), w.trust, store, appSecret, s}); err != nil {
		return nil, err
	}
	return p, os.WriteFile(p.config, []byte(text.String()), 0o600)
}

// gateway starts a gateway.
func (w *world) gateway(ctx context.Context, s setup, environment ...string) (*proxy, error) {
	return w.gatewayNamed(ctx, "gateway", s, environment...)
}

// gatewayNamed starts one of several gateways.
func (w *world) gatewayNamed(ctx context.Context, name string, s setup, environment ...string) (*proxy, error) {
	p, err := w.proxy(name, filepath.Join(w.dir, "store-"+name), s)
	if err != nil {
		return nil, err
	}
	p.environment = environment
	return p, p.start(ctx)
}
