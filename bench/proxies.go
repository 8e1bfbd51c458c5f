package main

import (
	"context"
	"fmt"
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
	Addr, Admin, Upstream, Store, Secret string
}

var caddyfile = template.Must(template.New("Caddyfile").Parse(`{
	admin {{.Admin}}
	persist_config off
	default_bind 127.0.0.1
	skip_install_trust
	servers {
		protocols h1
	}
	{{- if .Store}}
	whatsapp {
		store badger {{.Store}}
	}
	{{- end}}
}
http://{{.Addr}} {
	{{- if .Store}}
	handle /webhook {
		whatsapp_webhook {
			app_secret {{.Secret}}
			verify_token bench
		}
	}
	{{- end}}
	handle {
		{{- if .Store}}
		whatsapp_guard
		{{- end}}
		reverse_proxy {{.Upstream}} {
			header_up -X-Forwarded-For
			header_up -X-Forwarded-Host
			header_up -X-Forwarded-Proto
		}
	}
}
`))

// proxy is plain Caddy or the gateway.
type proxy struct {
	*child
	admin  string // URL of its admin endpoint
	config string // its Caddyfile
}

// startProxy starts Caddy before the upstream: with the store the gateway,
// without it plain Caddy.
func startProxy(ctx context.Context, dir, name, upstream, store string) (*proxy, error) {
	s := site{Upstream: upstream, Store: store, Secret: appSecret}
	var err error
	if s.Addr, err = freeAddr(); err != nil {
		return nil, err
	}
	if s.Admin, err = freeAddr(); err != nil {
		return nil, err
	}
	var text strings.Builder
	if err := caddyfile.Execute(&text, s); err != nil {
		return nil, err
	}
	p := &proxy{admin: "http://" + s.Admin, config: filepath.Join(dir, name+".caddyfile")}
	p.child = &child{name: name, addr: s.Addr}
	if err := os.WriteFile(p.config, []byte(text.String()), 0o600); err != nil {
		return nil, err
	}
	return p, p.start(ctx, dir)
}

// start starts the process, for the first time or again.
func (p *proxy) start(ctx context.Context, dir string) error {
	c, err := startChild(ctx, dir, p.name, roleCaddy, p.addr, p.admin+"/config/", "run", "--config", p.config, "--adapter", "caddyfile")
	if err == nil {
		p.child = c
	}
	return err
}

// startUpstream starts the upstream, which takes delay to answer.
func startUpstream(ctx context.Context, dir string, delay time.Duration) (*child, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return startChild(ctx, dir, "upstream", roleUpstream, addr, fmt.Sprintf("http://%s/", addr), addr, delay.String())
}
