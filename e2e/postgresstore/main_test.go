// Package postgresstore tests what an operator meets of a gateway whose store is in
// PostgreSQL: a database that is away or slow, reloads, roles, commands.
package postgresstore

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/internal/testproc"
	"github.com/waguard/waguard/store/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Options{Migrate: migrate}) }

func migrate(ctx context.Context, dsn string) error {
	return postgres.Migrate(ctx, dsn, zap.NewNop())
}

// patience is how long something may take on a machine that does much else.
const patience = 30 * time.Second

const (
	key      = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	otherKey = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	number   = "1060"
	messages = "/v23.0/" + number + "/messages"
	textBody = `{"messaging_product":"whatsapp","to":"+4915112345678","type":"text","text":{"body":"hello"}}`
)

// database is a store in the database at a DSN, as a Caddyfile has it. The DSN and the key
// come from the environment, as they should.
func database(t *testing.T, dsn, key string, lines ...string) string {
	t.Helper()
	name := fmt.Sprintf("WAGUARD_TEST_%X", sha256.Sum256([]byte(t.Name()+dsn+key)))[:30]
	t.Setenv(name+"_DSN", dsn)
	t.Setenv(name+"_KEY", key)
	return fmt.Sprintf("{env.%s_DSN} {\npseudonym_key {env.%[1]s_KEY}\n%s\n}", name, strings.Join(lines, "\n"))
}

// start is a gateway on a database.
func start(t *testing.T, store string, more ...func(*gatewaytest.Options)) *gatewaytest.Gateway {
	t.Helper()
	return gatewaytest.Start(t, options(t, store, more...))
}

func options(t *testing.T, store string, more ...func(*gatewaytest.Options)) gatewaytest.Options {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"messaging_product":"whatsapp","contacts":[{"input":"+4915112345678","wa_id":"4915112345678"}],"messages":[{"id":"wamid.1"}]}`)
	}))
	t.Cleanup(upstream.Close)
	o := gatewaytest.Options{Upstream: upstream.URL, Store: "postgres", Dir: store, Site: "handle /health/* {\nwhatsapp_health\n}", Start: time.Now()}
	for _, f := range more {
		f(&o)
	}
	return o
}

// send sends a text, and is the status and the code of the answer.
func send(t *testing.T, g *gatewaytest.Gateway) (status, code int) {
	t.Helper()
	resp, body := g.Post(t, messages, textBody)
	var answer struct {
		Error struct {
			Code int `json:"code"`
		} `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%s: %s", resp.Status, body)
	}
	return resp.StatusCode, answer.Error.Code
}

// write is what becomes of a webhook by which a person writes.
func write(t *testing.T, g *gatewaytest.Gateway, id string) int {
	t.Helper()
	body := fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"200","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",`+
		`"metadata":{"display_phone_number":"4930555123","phone_number_id":%q},"contacts":[{"profile":{"name":"Ana"},"wa_id":"4915112345678"}],`+
		`"messages":[{"from":"4915112345678","id":%q,"timestamp":"%d","type":"text","text":{"body":"hi"}}]}}]}]}`, number, id, g.Clock.Now().Unix())
	mac := hmac.New(sha256.New, []byte(gatewaytest.AppSecret))
	mac.Write([]byte(body))
	resp, _ := gatewaytest.Do(t, http.MethodPost, g.WebhookURL, body, http.Header{"Content-Type": {"application/json"}, "X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(mac.Sum(nil))}})
	return resp.StatusCode
}

// ready is what the health route says of the gateway and of its store.
func ready(t *testing.T, g *gatewaytest.Gateway) (status, store string) {
	t.Helper()
	_, body := gatewaytest.Do(t, http.MethodGet, g.URL+"/health/ready", "", http.Header{"Connection": {"close"}})
	var told struct{ Status, Store string }
	if err := json.Unmarshal(body, &told); err != nil {
		t.Fatalf("%s", body)
	}
	return told.Status, told.Store
}

// becomesReady waits until the gateway takes sends.
func becomesReady(t *testing.T, g *gatewaytest.Gateway) {
	t.Helper()
	err := testproc.Eventually(t.Context(), patience, nil, func(context.Context) error {
		if status, store := ready(t, g); status != "ready" {
			return fmt.Errorf("it is %s, its store %s", status, store)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// serves sees to it that a person who writes can be answered.
func serves(t *testing.T, g *gatewaytest.Gateway, id string) {
	t.Helper()
	if status := write(t, g, id); status != http.StatusOK {
		t.Errorf("a webhook is answered %d", status)
	}
	if status, code := send(t, g); status != http.StatusOK {
		t.Errorf("a reply is answered %d with code %d", status, code)
	}
}

// refuses sees to it that nothing passes.
func refuses(t *testing.T, g *gatewaytest.Gateway, within time.Duration) {
	t.Helper()
	began := time.Now()
	if status, code := send(t, g); status != http.StatusServiceUnavailable || code != 131016 {
		t.Errorf("a send is answered %d with code %d, want 503 and 131016", status, code)
	}
	if took := time.Since(began); took > within {
		t.Errorf("a send was refused after %v, want %v at most", took, within)
	}
	if status := write(t, g, "wamid.refused"); status != http.StatusServiceUnavailable {
		t.Errorf("a webhook is answered %d, want 503, so that Meta delivers again", status)
	}
}

// logged are the lines that gateways of this test write.
func logged(t *testing.T) (global func(*gatewaytest.Options), lines func() string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "log")
	return func(o *gatewaytest.Options) {
			o.Global = "log test {\noutput file " + file + "\nlevel INFO\n}"
		}, func() string {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
}

// loads reports what a configuration is refused with; "" if it is taken.
func loads(t *testing.T, o gatewaytest.Options) string {
	t.Helper()
	g := gatewaytest.Prepare(t, o)
	text, err := g.Text()
	if err != nil {
		t.Fatal(err)
	}
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return err.Error()
	}
	if err := caddy.Load(config, true); err != nil {
		return err.Error()
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	return ""
}
