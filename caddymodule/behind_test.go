package caddymodule_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
)

// TestBehind: a guard that can't pass anything on, or would pass it on twice, is
// refused with the configuration; one that may work is loaded.
func TestBehind(t *testing.T) {
	const (
		nothing = "has nothing behind it"
		twice   = "through two whatsapp_guard handlers"
		repeats = "repeats sends, and every repetition may be a second message"
	)
	for name, test := range map[string]struct{ site, want string }{
		"nothing/alone":                 {"whatsapp_guard", nothing},
		"nothing/in-handle":             {"handle {\nwhatsapp_guard\n}", nothing},
		"nothing/other-handle-follows":  {"handle /a {\nwhatsapp_guard\n}\nhandle {\nreverse_proxy 127.0.0.1:1\n}", nothing},
		"nothing/only-headers":          {"whatsapp_guard\nheader X y\nencode gzip\nvars a b", nothing},
		"nothing/proxy-above":           {"route {\nreverse_proxy 127.0.0.1:1\nwhatsapp_guard\n}", nothing},
		"nothing/in-named-route":        {"invoke alone", nothing},
		"nothing/second-site":           {"whatsapp_guard\nreverse_proxy 127.0.0.1:1\n}\nhttp://127.0.0.1:9 {\nwhatsapp_guard", nothing},
		"something/proxy":               {"whatsapp_guard\nreverse_proxy 127.0.0.1:1", ""},
		"nothing/respond-comes-first":   {"whatsapp_guard\nrespond ok", nothing},
		"something/respond":             {"route {\nwhatsapp_guard\nrespond ok\n}", ""},
		"something/handle-then-proxy":   {"handle /a {\nwhatsapp_guard\n}\nreverse_proxy 127.0.0.1:1", ""},
		"something/matched-proxy":       {"whatsapp_guard\nreverse_proxy /a 127.0.0.1:1", ""},
		"nothing/handle-comes-first":    {"handle {\nwhatsapp_guard\nhandle /a {\nreverse_proxy 127.0.0.1:1\n}\n}", nothing},
		"something/in-a-nested-handle":  {"route {\nwhatsapp_guard\nhandle /a {\nreverse_proxy 127.0.0.1:1\n}\n}", ""},
		"something/in-a-named-route":    {"route {\nwhatsapp_guard\ninvoke proxied\n}", ""},
		"something/guard-in-its-route":  {"route /a {\nwhatsapp_guard\n}\nroute {\nreverse_proxy 127.0.0.1:1\n}", ""},
		"something/handler-not-known":   {"whatsapp_guard\nbasic_auth {\nbob $2a$14$Zkx19XLiW6VYouLHR5NmfOFU0z2GTNmpkT/5qqR7hx4IjWJPDhjvG\n}\nacme_server", ""},
		"twice/same-matcher":            {"whatsapp_guard\nwhatsapp_guard\nreverse_proxy 127.0.0.1:1", twice},
		"twice/in-route":                {"route {\nwhatsapp_guard\nwhatsapp_guard\nrespond ok\n}", twice},
		"twice/inside-and-outside":      {"route {\nwhatsapp_guard /v25.0/*\nroute {\nwhatsapp_guard\nrespond ok\n}\n}", twice},
		"twice/matcher-and-all":         {"whatsapp_guard /v25.0/*\nwhatsapp_guard\nreverse_proxy 127.0.0.1:1", twice},
		"once/two-handles":              {"handle /a/* {\nwhatsapp_guard\nreverse_proxy 127.0.0.1:1\n}\nhandle {\nwhatsapp_guard\nreverse_proxy 127.0.0.1:1\n}", ""},
		"once/two-matchers":             {"whatsapp_guard /a/*\nwhatsapp_guard /b/*\nreverse_proxy 127.0.0.1:1", ""},
		"once/answered-in-between":      {"route {\nwhatsapp_guard /a/*\nrespond /a/* ok\nwhatsapp_guard\nrespond ok\n}", ""},
		"repeats/post":                  {"whatsapp_guard\nreverse_proxy 127.0.0.1:1 {\nlb_retries 3\nlb_retry_match {\nmethod POST\n}\n}", repeats},
		"repeats/get-and-post":          {"whatsapp_guard\nreverse_proxy 127.0.0.1:1 {\nlb_retries 3\nlb_retry_match {\nmethod GET POST\n}\n}", repeats},
		"repeats/status":                {"whatsapp_guard\nreverse_proxy 127.0.0.1:1 {\nlb_retries 3\nlb_retry_match {\nexpression `{rp.status_code} == 503`\n}\n}", repeats},
		"repeats/get":                   {"whatsapp_guard\nreverse_proxy 127.0.0.1:1 {\nlb_retries 3\nlb_retry_match {\nmethod GET\n}\n}", ""},
		"repeats/perhaps":               {"whatsapp_guard\nreverse_proxy 127.0.0.1:1 {\nlb_retries 3\nlb_retry_match {\npath /v25.0/*\n}\n}", ""},
		"repeats/connections-only":      {"whatsapp_guard\nreverse_proxy 127.0.0.1:1 {\nlb_retries 3\nlb_try_duration 5s\n}", ""},
		"repeats/not-behind-a-guard":    {"handle /a {\nwhatsapp_guard\nreverse_proxy 127.0.0.1:1\n}\nhandle {\nreverse_proxy 127.0.0.1:1 {\nlb_retries 3\nlb_retry_match {\nmethod POST\n}\n}\n}", ""},
		"repeats/other-requests":        {"whatsapp_guard\nreverse_proxy /crm/* 127.0.0.1:1 {\nlb_retries 3\nlb_retry_match {\nmethod POST\n}\n}\nreverse_proxy 127.0.0.1:1", ""},
		"repeats/elsewhere":             {"whatsapp_guard\nreverse_proxy 127.0.0.1:1 {\n@bad status 5xx\nhandle_response @bad {\nreverse_proxy 127.0.0.1:2\n}\n}", ""},
		"upstream/nothing":              {"whatsapp_guard {\nupstream https://graph.facebook.com\n}", nothing + " for what is no send"},
		"upstream/proxy":                {"whatsapp_guard {\nupstream https://graph.facebook.com\n}\nreverse_proxy 127.0.0.1:1", ""},
		"upstream/repeats-no-sends":     {"whatsapp_guard {\nupstream https://graph.facebook.com\n}\nreverse_proxy 127.0.0.1:1 {\nlb_retries 3\nlb_retry_match {\nmethod POST\n}\n}", ""},
		"upstream/twice":                {"route {\nwhatsapp_guard {\nupstream https://graph.facebook.com\n}\nwhatsapp_guard\nrespond ok\n}", twice},
		"webhook/nothing-behind":        {"handle {\nwhatsapp_webhook {\napp_secret s\nverify_token t\n}\n}", ""},
		"nothing/webhook-is-no-handler": {"handle {\nwhatsapp_webhook /hook {\napp_secret s\nverify_token t\n}\nwhatsapp_guard\n}", ""}, // the webhook answers what comes to it
	} {
		t.Run(name, func(t *testing.T) {
			text := "{\nadmin off\nauto_https off\nwhatsapp {\nstore badger " + t.TempDir() + "\n}\n}\n" +
				"&(alone) {\nwhatsapp_guard\n}\n&(proxied) {\nreverse_proxy 127.0.0.1:1\n}\n" +
				"http://127.0.0.1:8 {\n" + test.site + "\n}\n"
			if !strings.Contains(test.site, "invoke alone") {
				text = strings.Replace(text, "&(alone) {\nwhatsapp_guard\n}\n", "", 1)
			}
			adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
			if err != nil {
				t.Fatal(err)
			}
			var c caddy.Config
			if err := json.Unmarshal(adapted, &c); err != nil {
				t.Fatal(err)
			}
			err = caddy.Validate(&c)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
