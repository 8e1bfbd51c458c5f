package caddymodule

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"pgregory.net/rapid"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/store"
)

// A sender is the user Caddy authenticated, or what the setting says, else the
// client's address: whole in networks of one's own, cut where it can be a
// person's.
func TestSentBy(t *testing.T) {
	for _, test := range []struct {
		setting, user, app, client, remote string
		want                               string
	}{
		{"", "crm", "", "", "192.0.2.7:1", "crm"},
		{"", "", "", "", "10.1.2.3:1", "10.1.2.3"},
		{"", "", "", "", "127.0.0.1:1", "127.0.0.1"},
		{"", "", "", "", "[::1]:1", "::1"},
		{"", "", "", "", "[fd00::7]:1", "fd00::7"},
		{"", "", "", "", "[fe80::7%eth0]:1", "fe80::7"},
		{"", "", "", "", "100.64.0.9:1", "100.64.0.9"},
		{"", "", "", "", "203.0.113.9:1", "203.0.0.0/16"},
		{"", "", "", "", "[::ffff:203.0.113.9]:1", "203.0.0.0/16"},
		{"", "", "", "", "[2001:db8:1:2::3]:1", "2001:db8::/32"},
		{"", "", "", "10.9.9.9", "203.0.113.9:1", "10.9.9.9"}, // behind a trusted proxy
		{"", "", "", "", "@", "local"},
		{"{http.request.header.X-App}", "crm", "shop", "", "10.1.2.3:1", "shop"},
		{"{http.request.header.X-App}", "crm", "", "", "10.1.2.3:1", "10.1.2.3"},
		{"campaigns", "", "", "", "10.1.2.3:1", "campaigns"},
		{"{http.request.header.X-App}/{http.auth.user.id}", "bob", "shop", "", "10.1.2.3:1", "shop/bob"},
		{"{http.request.header.X-App}", "", " a\tb\x1b[31m\n c ", "", "10.1.2.3:1", "a b[31m c"},
		{"{http.request.header.X-App}", "", "a\xffb\u200b\u202e", "", "10.1.2.3:1", "ab"},
		{"{http.request.header.X-App}", "", strings.Repeat("ä", 100), "", "10.1.2.3:1", strings.Repeat("ä", longestSender)},
		{"{http.request.header.X-App}", "", "Ana +4915112345678", "", "10.1.2.3:1", "Ana +#"},
		{"", "4915112345678", "", "", "10.1.2.3:1", "#"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/1/messages", nil)
		r.RemoteAddr = test.remote
		repl := caddy.NewReplacer()
		r = caddyhttp.PrepareRequest(r, repl, httptest.NewRecorder(), &caddyhttp.Server{})
		if test.client != "" {
			caddyhttp.SetVar(r.Context(), caddyhttp.ClientIPVarKey, test.client)
		}
		if test.user != "" {
			repl.Set("http.auth.user.id", test.user)
		}
		r.Header["X-App"] = []string{test.app}
		g := &Guard{Sender: test.setting, app: &App{gateway: &gateway.Gateway{Open: func() (store.Store, error) { return nil, store.ErrClosed }}}}
		if got := g.sentBy(r, nil); got.Sender != test.want || got.Token != "" {
			t.Errorf("%+v: sent by %q %q", test, got.Sender, got.Token)
		}
	}
}

// A credential is found wherever Meta or 360dialog take one.
func TestAccessToken(t *testing.T) {
	for _, test := range []struct{ header, value, query, contentType, body, want string }{
		{"Authorization", "Bearer abc", "", "", "", "abc"},
		{"Authorization", "bearer  abc ", "", "", "", "abc"},
		{"Authorization", "OAuth abc", "", "", "", "abc"},
		{"Authorization", "Basic YTpi", "", "", "", ""},
		{"Authorization", "Bearer", "", "", "", ""},
		{"Authorization", "Bearer abc", "?access_token=def", "", "", "abc"},
		{"D360-API-KEY", "abc", "", "", "", "abc"},
		{"", "", "?access_token=abc", "", "", "abc"},
		{"", "", "", "application/x-www-form-urlencoded", "to=1&access_token=abc", "abc"},
		{"", "", "", "application/json", `{"access_token":"abc","to":1}`, "abc"},
		{"", "", "", "application/json", `{"access_token":7}`, ""},
		{"", "", "", "application/json", `[`, ""},
		{"", "", "", "", "", ""},
	} {
		r := httptest.NewRequest(http.MethodPost, "/1/messages"+test.query, nil)
		if test.header != "" {
			r.Header.Set(test.header, test.value)
		}
		r.Header.Set("Content-Type", test.contentType)
		if got := accessToken(r, []byte(test.body)); got != test.want {
			t.Errorf("%+v: the token is %q", test, got)
		}
	}
}

// A setting that would put a credential or a message into the ledger is refused.
func TestCheckSender(t *testing.T) {
	for setting, ok := range map[string]bool{
		"": true, "crm": true, "{http.auth.user.id}": true, "{http.request.header.X-App}": true, "{http.request.remote.host}": true,
		"{http.request.tls.client.subject}": true, "{http.request.uri.path}": true,
		"{http.request.header.Authorization}": false, "a {http.request.header.authorization}": false, "{http.request.header.D360-API-KEY}": false,
		"{http.request.header.Cookie}": false, "{http.request.uri}": false, "{http.request.orig_uri}": false, "{http.request.uri.query}": false,
		"{http.request.uri.query.access_token}": false, "{http.request.body}": false, "{http.auth.user.id": false, "http.auth.user.id}": false,
	} {
		if err := checkSender(setting); (err == nil) != ok {
			t.Errorf("%q: %v", setting, err)
		}
	}
}

// A name that is kept as it is, is what a look at each character leaves of it.
func TestPlainNames(t *testing.T) {
	by := hashes{}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.StringMatching(`[!-~]{0,70}`), rapid.StringMatching(`[a-z]{0,3}[0-9]{5,12}[ a-z]{0,3}`), rapid.String()).Draw(t, "name")
		if isPlainName(name) {
			if got := cleanName(name, by); got != name {
				t.Fatalf("%q is %q", name, got)
			}
		}
	})
}

// hashes makes fingerprints.
type hashes struct{}

func (hashes) Fingerprint(string) string { return "f" }
