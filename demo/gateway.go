package demo

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // the modules of the configuration

	_ "github.com/waguard/waguard/caddymodule" // the gateway
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/freeport"
	"github.com/waguard/waguard/internal/manualclock"
)

// business is the configuration of the shop's number, as the gateway gets it and
// as it is shown.
const business = `business ` + phoneNumberID + ` {
	name   "` + shopName + `"
	number ` + shopNumber + `
	waba   ` + waba + `

	# May go to people who opted out, if it names its order.
	essential_templates order_shipped
}`

const caddyfile = `{
	admin {{.Admin}}
	persist_config off
	auto_https off
	storage_check off
	storage_clean_interval off
	grace_period 5s
	log default {
		level {{.LogLevel}}
		exclude admin.api
	}
	servers {
		protocols h1
	}
	whatsapp {
		store badger "{{.Dir}}/store" {
			ledger_retention 0s
			violation_retention 0s
		}
		{{.Business}}
	}
}

http://:{{.Port}} {
	{{with .Host}}bind {{.}}{{end}}
	handle /webhook {
		whatsapp_webhook {
			app_secret ` + appSecret + `
			verify_token ` + verifyToken + `
		}
	}
	redir /console /console/
	handle_path /console/* {
		basic_auth {
			demo ` + consoleHash + `
		}
		whatsapp_console {
			allow consent erase
		}
	}
	handle {
		whatsapp_guard {
			upstream http://{{.Upstream}}
			senders token_sha256 {{.TokenHash}}
		}
		reverse_proxy {{.Upstream}}
	}
}
`

// Secrets that guard nothing: the simulated WhatsApp runs in the same process.
const (
	appSecret   = "demo-app-secret"
	verifyToken = "demo-verify-token"
	token       = "demo-token"

	// consoleHash is a quick one of the password "demo".
	consoleHash = "$2a$04$oBVE9DfmJcKFltzW54KEDu8Kdpfj.HK0tuj.OckyMlrTMrqOmgH5i"
)

// clockName is the name by which the gateway finds the clock.
const clockName = "demo"

// stage is what the story is played on: the simulated WhatsApp, the gateway in
// front of it, and the clock both go by.
type stage struct {
	clock  *manualclock.Clock
	sim    *graphsim.Sim
	meta   *http.Server // serves sim
	client *http.Client

	dir       string // temporary, removed in the end
	url       string // where senders send
	admin     *adminapi.Client
	adminAddr string // host and port of the admin endpoint
	upstream  string // host and port of meta
	caddyfile string // the gateway's configuration
	loaded    bool
	held      []func() // give back the ports

	// lastInbound is the wamid of the customer's newest message.
	lastInbound string
}

// open starts a stage, which is closed by close.
func open(ctx context.Context, o options) (s *stage, err error) {
	s = &stage{
		clock:  manualclock.New(clockName, o.story[0].start()),
		client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "waguard-demo-"); err != nil {
		return s, fmt.Errorf("making a directory for the store: %w", err)
	}
	if err := s.openMeta(); err != nil {
		return s, fmt.Errorf("starting the simulated WhatsApp: %w", err)
	}
	if err := s.openGateway(o); err != nil {
		return s, fmt.Errorf("starting the gateway: %w", err)
	}
	s.sim.SetWebhookURL(s.url + "/webhook")
	if err := s.sim.Subscribe(ctx, verifyToken); err != nil {
		return s, fmt.Errorf("subscribing to webhooks: %w", err)
	}
	return s, nil
}

// openMeta starts the simulated WhatsApp on a free loopback port.
func (s *stage) openMeta() error {
	s.sim = graphsim.New(graphsim.Options{
		Clock: s.clock.Now, WABA: waba, AppSecret: appSecret, Templates: templates,
		Numbers: []graphsim.Number{{ID: phoneNumberID, Display: shopNumber, Name: shopName, CountryCode: "49"}},
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	s.upstream = l.Addr().String()
	mux := http.NewServeMux()
	mux.Handle("/", s.sim)
	s.remoteControl(mux)
	s.meta = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go s.meta.Serve(l) // ends with close
	return nil
}

// openGateway loads a gateway from its Caddyfile.
func (s *stage) openGateway(o options) (err error) {
	if s.adminAddr, err = s.hold(); err != nil {
		return err
	}
	if s.admin, err = adminapi.NewClient(s.adminAddr); err != nil {
		return err
	}
	addr := cmp.Or(o.listen, "127.0.0.1:0")
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("reading the address %q: %w", addr, err)
	}
	if port == "0" {
		free, err := s.hold()
		if err != nil {
			return err
		}
		_, port, _ = net.SplitHostPort(free)
	} else if err := vacant(addr); err != nil {
		return err
	}
	// Where the gateway serves every address, it is asked at this one.
	near := host
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		near = "127.0.0.1"
	}
	s.url = "http://" + net.JoinHostPort(near, port)
	level := "ERROR"
	if o.verbose {
		level = "INFO"
	}
	var text strings.Builder
	err = texttemplate.Must(texttemplate.New("Caddyfile").Parse(caddyfile)).Execute(&text, map[string]string{
		"Admin": s.adminAddr, "Dir": filepath.ToSlash(s.dir), "LogLevel": level, "Host": host, "Port": port, "Upstream": s.upstream,
		"TokenHash": fmt.Sprintf("%x", sha256.Sum256([]byte(token))),
		"Business":  strings.ReplaceAll(business, "\n", "\n\t\t"),
	})
	if err != nil {
		return fmt.Errorf("writing the Caddyfile: %w", err)
	}
	s.caddyfile = text.String()
	config, err := withClock(s.caddyfile)
	if err != nil {
		return err
	}
	if err := caddy.Load(config, true); err != nil {
		return fmt.Errorf("loading the configuration: %w", err)
	}
	s.loaded = true
	return nil
}

// withClock is a Caddyfile in JSON, with the clock, for which the Caddyfile has
// no word.
func withClock(text string) ([]byte, error) {
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return nil, fmt.Errorf("adapting the Caddyfile: %w", err)
	}
	var config map[string]any
	if err := json.Unmarshal(adapted, &config); err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	apps := config["apps"].(map[string]any)
	apps["whatsapp"].(map[string]any)["clock"] = map[string]string{"module": "manual", "name": clockName}
	return json.Marshal(config)
}

// hold takes a free loopback address for the gateway until close.
func (s *stage) hold() (addr string, err error) {
	addr, release, err := freeport.Hold()
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	s.held = append(s.held, release)
	return addr, nil
}

// vacant fails if somebody listens on addr. Caddy would not: it shares ports, so
// that a part of the story would be told to somebody else.
func vacant(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return l.Close()
}

// close ends everything open started, also where it failed halfway.
func (s *stage) close() error {
	var errs []error
	s.client.CloseIdleConnections()
	if s.loaded {
		errs = append(errs, caddy.Stop())
	}
	if s.meta != nil {
		errs = append(errs, s.meta.Close())
	}
	if s.sim != nil {
		errs = append(errs, s.sim.Close())
	}
	for _, release := range s.held {
		release()
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("ending the demonstration: %w", err)
	}
	return nil
}
