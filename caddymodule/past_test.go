package caddymodule

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"

	"github.com/waguard/waguard/internal/adminapi"
)

// TestPastTheGuard: what takes sends past a guard is told when the configuration is
// loaded, with the guard's line, and again by the doctor; what can't is not.
func TestPastTheGuard(t *testing.T) {
	const (
		proxy = "reverse_proxy 127.0.0.1:1\n"
		rest  = "whatsapp_guard\n" + proxy
		told  = "past whatsapp_guard at Caddyfile:"
	)
	for name, test := range map[string]struct{ site, want string }{
		"handle for a number":       {"handle /v25.0/104455667788/* {\n" + proxy + "}\n" + rest, "requests for /v25.0/104455667788/* go " + told},
		"handle, written behind":    {rest + "handle /v25.0/104455667788/* {\n" + proxy + "}", told},
		"handle, no matcher beside": {"handle /v25.0/* {\n" + rest + "}\nhandle {\n" + proxy + "}", told},
		"handle, both of a kind":    {"handle /v25.0/1/* {\n" + proxy + "}\nhandle {\n" + rest + "}", told},
		"route":                     {"route /*/messages {\n" + proxy + "}\n" + rest, told},
		"invoke":                    {"invoke /messages proxied\n" + rest, told},
		"another matcher":           {"@app header X-App a\nhandle @app {\n" + proxy + "}\n" + rest, "that another matcher takes go " + told},
		"within another handle":     {"handle {\nhandle /v1/messages {\n" + proxy + "}\n" + rest + "}", told},
		"above it in route":         {"route {\nreverse_proxy /v25.0/* 127.0.0.1:1\n" + rest + "}", told},
		"above it, no matcher":      {"route {\n" + proxy + rest + "}", told},
		"the batch root":            {"handle / {\n" + proxy + "}\n" + rest, told},
		"respond":                   {"route {\nrespond ok\n" + rest + "}", "answered by a respond"},
		"respond in a handle":       {"handle {\nrespond ok\n}\nroute {\n" + rest + "}", ""},
		"other path":                {"handle /crm/* {\n" + proxy + "}\n" + rest, ""},
		"other path of a number":    {"handle /v25.0/104455667788/media {\n" + proxy + "}\n" + rest, ""},
		"guarded itself":            {"handle /v25.0/* {\n" + rest + "}\nhandle {\n" + rest + "}", ""},
		"respond on a path":         {"respond /up ok\n" + rest, ""},
		"fallback":                  {"handle /v25.0/* {\n" + rest + "}\nhandle {\nrespond 404\n}", ""},
		"webhook beside":            {"handle /webhook {\nwhatsapp_webhook {\napp_secret s\nverify_token t\n}\n" + proxy + "}\nhandle {\n" + rest + "}", ""},
		"forward_auth":              {"forward_auth 127.0.0.1:1 {\nuri /auth\n}\n" + rest, ""},
		"other site":                {rest + "}\nhttp://127.0.0.2:8 {\n" + proxy, ""},
		"below a path of its own":   {"handle_path /wa/* {\n" + rest + "}\nhandle {\n" + proxy + "}", ""},
		"behind it":                 {"route {\nwhatsapp_guard\nhandle /v25.0/* {\n" + proxy + "}\n" + proxy + "}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := "{\nadmin off\nauto_https off\nwhatsapp {\nstore badger " + t.TempDir() + "\n}\n}\n" +
				"&(proxied) {\n" + proxy + "}\nhttp://127.0.0.1:8 {\n" + test.site + "\n}\n"
			adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
			if err != nil {
				t.Fatal(err)
			}
			var c caddy.Config
			if err := json.Unmarshal(adapted, &c); err != nil {
				t.Fatal(err)
			}
			ctx, err := caddy.ProvisionContext(&c)
			if err != nil {
				t.Fatal(err)
			}
			app, err := appOf(ctx)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(app.past, "\n")
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			sound := true
			for _, f := range app.doorFindings() {
				sound = sound && (f.Check != "guard" || f.Status == adminapi.CheckOK)
			}
			if sound != (test.want == "") {
				t.Errorf("the doctor says that the guard is sound: %v", sound)
			}
		})
	}
}

// TestMayBeSend: only a path that can't be that of a send is taken for none.
func TestMayBeSend(t *testing.T) {
	for pattern, want := range map[string]bool{
		"*": true, "/*": true, "/": true, "/v25.0/*": true, "/V25.0/*": true, "/v25.0/104/messages": true, "/104/*": true, "*/messages": true,
		"/*/*/messages": true, "/v1/*": true, "/messages": true, "*messages*": true, "/v?5.0/*": true, "/{http.vars.path}": true, "/v25.0": true,
		"/crm/*": false, "/v25.0/104/media": false, "/health": false, "*.php": false, "/webhook*": false, "/v25.0/*/media": false, "/messages/x": false,
	} {
		if got := mayBeSend(pattern); got != want {
			t.Errorf("%s: %v, want %v", pattern, got, want)
		}
	}
}
