// Package gatewaytest runs a gateway in the test process, configured by a
// Caddyfile as a user would, on free loopback ports, with a clock that is moved
// by hand.
package gatewaytest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // the modules of the configuration

	_ "github.com/waguard/waguard/caddymodule" // under test
	"github.com/waguard/waguard/internal/freeport"
	"github.com/waguard/waguard/internal/manualclock"
)

// Secrets of the gateway under test.
const (
	AppSecret   = "test-app-secret"
	VerifyToken = "test-verify-token"
)

// Where the configuration finds the secrets. It does not hold them, since Caddy
// prints it at debug level.
const (
	appSecretVariable   = "WAGUARD_TEST_APP_SECRET"
	verifyTokenVariable = "WAGUARD_TEST_VERIFY_TOKEN"
)

// Options describe the gateway under test.
type Options struct {
	// Upstream is the URL of the Graph API's stand-in. Required.
	Upstream string
	// Forwards: the guard passes sends on itself.
	Forwards bool
	// Trust is a file with the certificate of an upstream that speaks TLS; "" for none.
	Trust string
	// App is the URL of the company's own webhook endpoint; "" for none.
	App string
	// Dir is the directory of the store; "" for a temporary one.
	Dir string
	// Start is what the clock shows at first; zero for Epoch.
	Start time.Time
	// Store is the module of the store; "" for badger.
	Store string
	// LogLevel is from which level on the default log is written; "" for ERROR.
	LogLevel string
	// WhatsApp are further lines of the whatsapp block; "" serves every
	// business phone number with the default policy.
	WhatsApp string
	// Guard are lines of the whatsapp_guard block.
	Guard string
	// Strangers: nobody is named under `senders`, so that callers are told about
	// people only once Meta has accepted them. Else everybody is, if Guard names
	// nobody.
	Strangers bool
	// Global are further global options.
	Global string
	// Site are further lines of the site block.
	Site string
	// Caddyfile replaces the whole configuration. It is a template over the
	// Gateway.
	Caddyfile string
}

// Epoch is what the clock of a gateway shows at first.
var Epoch = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// Gateway is a gateway that runs in the test process. There can be one at a
// time.
type Gateway struct {
	Options
	// URL is where senders send.
	URL string
	// Addr is the host and port of URL.
	Addr string
	// WebhookURL is where Meta delivers.
	WebhookURL string
	// AdminURL is the admin endpoint.
	AdminURL string
	// Admin is the host and port of AdminURL.
	Admin string
	Clock *manualclock.Clock

	clockName string
}

const caddyfile = `{
	admin {{.Admin}}
	persist_config off
	default_bind 127.0.0.1
	grace_period 5s
	log default {
		level {{or .LogLevel "ERROR"}}
	}
	{{.Global}}
	whatsapp {
		store {{or .Store "badger"}} {{.Dir}}
		{{.WhatsApp}}
	}
	servers {
		protocols h1
		expected_underscore_headers file_offset
	}
}
http://{{.Addr}} {
	{{.Site}}
	handle /webhook {
		whatsapp_webhook {
			app_secret {env.` + appSecretVariable + `}
			verify_token {env.` + verifyTokenVariable + `}
		}
		{{if .App}}reverse_proxy {{.App}}{{end}}
	}
	handle {
		whatsapp_guard {
			{{.Guard}}
			{{.Known}}
			{{if .Forwards}}upstream {{.Upstream}} {
				{{if .Trust}}trust {{.Trust}}{{end}}
				header_up -X-Forwarded-For
				header_up -X-Forwarded-Host
				header_up -X-Forwarded-Proto
			}{{end}}
		}
		reverse_proxy {{.Upstream}} {
			{{if .Trust}}transport http {
				tls_trust_pool file {{.Trust}}
			}{{end}}
			header_up -X-Forwarded-For
			header_up -X-Forwarded-Host
			header_up -X-Forwarded-Proto
		}
	}
}
`

// Start runs a gateway until the test ends.
func Start(t testing.TB, o Options) *Gateway {
	t.Helper()
	os.Setenv(appSecretVariable, AppSecret)
	os.Setenv(verifyTokenVariable, VerifyToken)
	if o.Start.IsZero() {
		o.Start = Epoch
	}
	g := Prepare(t, o)
	g.clockName = t.Name()
	g.Clock = manualclock.New(g.clockName, o.Start)
	if err := g.Load(); err != nil {
		t.Fatalf("starting the gateway: %v", err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Errorf("stopping the gateway: %v", err)
		}
	})
	return g
}

// Prepare finds addresses for a gateway, which somebody else starts, by its Text.
func Prepare(t testing.TB, o Options) *Gateway {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	g := &Gateway{Options: o, Addr: FreeAddr(t), Admin: FreeAddr(t)}
	g.URL, g.WebhookURL, g.AdminURL = "http://"+g.Addr, "http://"+g.Addr+"/webhook", "http://"+g.Admin
	return g
}

// Environment is what a gateway in a process of its own finds in its environment:
// the secrets by the names of Caddyfile.example as well.
func Environment(home string) []string {
	return []string{
		"HOME=" + home, "PATH=" + os.Getenv("PATH"),
		appSecretVariable + "=" + AppSecret, verifyTokenVariable + "=" + VerifyToken,
		"WA_APP_SECRET=" + AppSecret, "WA_VERIFY_TOKEN=" + VerifyToken,
	}
}

// Known are the lines that name everybody a sender.
func (g *Gateway) Known() string {
	if g.Strangers || strings.Contains(g.Guard, "senders ") {
		return ""
	}
	return "senders match path *"
}

// Load loads the configuration that follows from g's options, as a reload does.
func (g *Gateway) Load() error {
	config, err := g.Config()
	if err != nil {
		return err
	}
	err = caddy.Load(config, true)
	_, port, splitErr := net.SplitHostPort(g.Addr)
	if splitErr == nil {
		splitErr = settle(port)
	}
	// The servers that were replaced end their idle connections, which a POST
	// must not be sent on at that moment.
	http.DefaultClient.CloseIdleConnections()
	return errors.Join(err, splitErr)
}

// Text is the gateway's Caddyfile.
func (g *Gateway) Text() (string, error) {
	text := g.Caddyfile
	if text == "" {
		text = caddyfile
	}
	var b strings.Builder
	err := template.Must(template.New("Caddyfile").Parse(text)).Execute(&b, g)
	return b.String(), err
}

// Config is the gateway's configuration in JSON.
func (g *Gateway) Config() ([]byte, error) {
	text, err := g.Text()
	if err != nil {
		return nil, err
	}
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return nil, err
	}
	// The clock is for tests alone, so the Caddyfile has no word for it.
	var config map[string]any
	if err := json.Unmarshal(adapted, &config); err != nil {
		return nil, err
	}
	if apps, ok := config["apps"].(map[string]any); ok {
		if app, ok := apps["whatsapp"].(map[string]any); ok {
			app["clock"] = map[string]string{"module": "manual", "name": g.clockName}
		}
	}
	return json.Marshal(config)
}

// Post sends a JSON body, with a token as senders do, and reads the answer.
func (g *Gateway) Post(t testing.TB, path, body string) (*http.Response, []byte) {
	t.Helper()
	return Do(t, http.MethodPost, g.URL+path, body, http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}})
}

// AdminCall makes a request to the admin endpoint; an empty body makes it a GET.
// It takes a connection of its own: Caddy ends those of a replaced endpoint some
// time after the reload, and a new one may still have reached that.
func (g *Gateway) AdminCall(t testing.TB, path, body string) (*http.Response, []byte) {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	return Do(t, method, g.AdminURL+path, body, http.Header{"Content-Type": {"application/json"}, "Connection": {"close"}})
}

// Do makes a request and reads the answer.
func Do(t testing.TB, method, url, body string, header http.Header) (*http.Response, []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("reading the answer to %s %s: %v", method, url, err)
	}
	return resp, answer
}

// FreeAddr is a loopback address nobody listens on. Only a Caddy can take it
// before the test ends.
func FreeAddr(t testing.TB) string {
	t.Helper()
	addr, release, err := freeport.Hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return addr
}
