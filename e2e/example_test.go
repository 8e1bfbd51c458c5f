package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestCaddyfileExample: the example is formatted, valid with an empty
// environment, starts as it is, and says once what it lacks.
func TestCaddyfileExample(t *testing.T) {
	_, upstream := newSim(t)
	p := newProcess(t, upstream, filepath.Join(t.TempDir(), "store"))
	p.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	example, err := os.ReadFile("../Caddyfile.example")
	if err != nil {
		t.Fatal(err)
	}
	p.configure(t, string(example))
	if out, errs, code := p.do(t, "fmt", "--diff", p.File); code != 0 {
		t.Errorf("Caddyfile.example is not formatted: %s%s", out, errs)
	}
	for _, command := range []string{"adapt", "validate"} {
		if out, errs, code := p.do(t, command, "--config", p.File, "--adapter", "caddyfile"); code != 0 {
			t.Fatalf("%s: %s%s", command, out, errs)
		}
	}
	home := strings.TrimPrefix(p.Env[0], "HOME=")
	if _, err := os.Stat(filepath.Join(home, ".local/share/caddy/waguard")); !os.IsNotExist(err) {
		t.Errorf("validating made a store: %v", err)
	}

	hooks := gatewaytest.FreeAddr(t)
	p.WebhookURL = "http://" + hooks + "/webhook"
	// Only the addresses are replaced, so that the test can run anywhere.
	replaced := strings.NewReplacer(
		"\n:8080 {", "\nhttp://"+p.Addr+" {", "\n:8081 {", "\nhttp://"+hooks+" {", "admin unix/waguard.sock|0600", "admin "+p.Admin, "https://graph.facebook.com", upstream,
	).Replace(string(example))
	for _, addr := range []string{p.Addr, hooks, p.Admin, upstream} {
		if !strings.Contains(replaced, addr) {
			t.Fatalf("the example has changed its shape: no place for %s", addr)
		}
	}
	p.configure(t, replaced)
	p.start(t)
	const texting = `{"messaging_product":"whatsapp","to":"+4915112345678","type":"text","text":{"body":"Secret message"}}`
	if resp, body := p.Post(t, messages+"?access_token=test-token", texting); decodeRefusal(t, body).Error.Code != 131047 {
		t.Errorf("a send to a closed window: %s %s", resp.Status, body)
	}
	if resp, _ := gatewaytest.Do(t, http.MethodPost, "http://"+hooks+messages, texting, nil); resp.Header.Get("X-Waguard-Id") != "" {
		t.Error("the port of the webhook takes sends")
	}
	for range 3 {
		resp, _ := gatewaytest.Do(t, http.MethodPost, p.WebhookURL, hello, http.Header{"X-Hub-Signature-256": {graphsim.Sign("", []byte(hello))}})
		if resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a webhook was answered with %s", resp.Status)
		}
	}
	if resp, _ := gatewaytest.Do(t, http.MethodGet, p.WebhookURL+"?hub.mode=subscribe&hub.challenge=1&hub.verify_token=test-token", "", nil); resp.StatusCode == http.StatusOK {
		t.Error("the handshake works without a token")
	}
	if _, err := os.Stat(filepath.Join(home, ".local/share/caddy/waguard")); err != nil {
		t.Errorf("the store is not where it should be: %v", err)
	}
	log := p.log()
	if strings.Contains(log, "/whatsapp/health") {
		t.Errorf("looking at the health is logged:\n%s", log)
	}
	if n := strings.Count(log, "WA_APP_SECRET"); n != 1 {
		t.Errorf("%d lines say that the secret is missing:\n%s", n, log)
	}
	for _, secret := range []string{"15112345678", "Secret message", "test-token"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
}

// TestExampleAdminSocket: the example's admin endpoint is a socket that nobody else
// may use; commands find it by the configuration, by address or by the environment.
func TestExampleAdminSocket(t *testing.T) {
	_, upstream := newSim(t)
	p := newProcess(t, upstream, filepath.Join(t.TempDir(), "store"))
	p.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	example, err := os.ReadFile("../Caddyfile.example")
	if err != nil {
		t.Fatal(err)
	}
	p.configure(t, strings.NewReplacer("\n:8080 {", "\nhttp://"+p.Addr+" {", "\n:8081 {", "\nhttp://"+gatewaytest.FreeAddr(t)+" {", "https://graph.facebook.com", upstream).Replace(string(example)))
	p.Launch(t)
	socket := filepath.Join(filepath.Dir(p.File), "waguard.sock")
	eventually(t, "the admin endpoint is there", func() bool {
		_, _, code := p.do(t, "report", "--address", "unix/"+socket)
		return code == 0 || p.Gone()
	})
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info, err)
	}
	for _, command := range [][]string{
		{"violations"},
		{"ledger"},
		{"report"},
		{"events"},
		{"consent", "get", "--business", shop, "--contact", "+4915112345678"},
		{"consent", "opt-out", "--business", shop, "--contact", "+4915112345678"},
		{"consent", "history", "--business", shop, "--contact", "+4915112345678"},
	} {
		for name, flags := range map[string][]string{"address": {"--address", "unix/" + socket}, "config": {"--config", p.File}, "environment": nil} {
			env := p.Env
			if name == "environment" {
				p.Env = append(p.Env[:len(p.Env):len(p.Env)], "WAGUARD_ADMIN=unix/"+socket)
			}
			if out, errs, code := p.do(t, append(command[:len(command):len(command)], flags...)...); code != 0 {
				t.Errorf("%v by %s: %s%s", command, name, out, errs)
			}
			p.Env = env
		}
	}
	if log := p.log(); strings.Contains(log, "received request") {
		t.Errorf("requests to the admin endpoint are logged:\n%s", log)
	}
}

// foreignMain is a Caddy somebody else builds with our module in it.
const foreignMain = `package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	_ "github.com/waguard/waguard/caddymodule"
	_ "github.com/waguard/waguard/command"
)

func main() { caddycmd.Main() }
`

// TestForeignMain builds a Caddy with our module outside of it, as xcaddy does,
// with nothing but the module cache.
func TestForeignMain(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	gomod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	gosum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(gomod), "module github.com/waguard/waguard\n", "module example.com/caddy\n", 1) +
		"\nrequire github.com/waguard/waguard v0.0.0\n\nreplace github.com/waguard/waguard => " + root + "\n"
	for name, content := range map[string]string{"go.mod": own, "go.sum": string(gosum), "main.go": foreignMain} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(dir, "caddy")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "nobadger,nomysql,nopgx", "-o", binary, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), binary, "list-modules").Output()
	if err != nil {
		t.Fatal(err)
	}
	listed := strings.Fields(string(out))
	for _, module := range []string{"whatsapp", "whatsapp.stores.badger", "http.handlers.whatsapp_guard", "http.handlers.whatsapp_webhook", "admin.api.whatsapp"} {
		found := false
		for _, name := range listed {
			found = found || name == module
		}
		if !found {
			t.Errorf("list-modules has no %s", module)
		}
	}
	if strings.Contains(string(out), "whatsapp.clocks.manual") {
		t.Error("the clock of the tests is compiled in")
	}
}
