package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// copyStore copies the directory of a store that isn't open.
func copyStore(t testing.TB, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// accepts is the code in the refusal of a store.
var accepts = regexp.MustCompile(`accept_loss ([0-9a-f]{8})`)

// TestOlderStore puts an older copy in the place of a store, and nothing: neither
// is opened without a word.
func TestOlderStore(t *testing.T) {
	sim, upstream := newSim(t)
	dir := filepath.Join(t.TempDir(), "store")
	p := newProcess(t, upstream, dir)
	config, err := os.ReadFile(p.File)
	if err != nil {
		t.Fatal(err)
	}
	p.start(t)
	sim.SetWebhookURL(p.WebhookURL)
	say := func(text string) {
		t.Helper()
		if _, err := sim.Inbound(t.Context(), shop, ana.User, graphsim.Text(text)); err != nil {
			t.Fatal(err)
		}
	}
	state := func() string {
		t.Helper()
		return consentOf(t, p.Gateway, shop, ana.Phone).Consent["transactional"].State
	}
	say("START")
	p.signal(t, syscall.SIGTERM)
	older := filepath.Join(t.TempDir(), "older")
	copyStore(t, dir, older)
	p.start(t)
	say("STOP")
	p.signal(t, syscall.SIGTERM)
	if stdout, stderr, code := p.do(t, "store", "check", "--path", dir); code != 0 || !strings.Contains(stdout, "The store is sound.") {
		t.Errorf("checking a sound store: %d, %s%s", code, stdout, stderr)
	}

	refused := func(want string) (code string) {
		t.Helper()
		p.Launch(t)
		p.wait(t)
		log := p.log()
		found := accepts.FindStringSubmatch(log)
		if found == nil || !strings.Contains(log, want) || strings.Contains(log, "goroutine ") {
			t.Fatalf("the gateway said %s, want a refusal that says %q", log, want)
		}
		if stdout, _, code := p.do(t, "store", "check", "--path", dir); code != 5 || !strings.Contains(stdout, want) {
			t.Errorf("the check ended with %d and said %s", code, stdout)
		}
		return found[1]
	}
	replace := func(with string) {
		t.Helper()
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if with != "" {
			copyStore(t, with, dir)
		} else if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	replace(older)
	code := refused("had come to")
	p.configure(t, strings.Replace(string(config), "store badger "+dir, "store badger "+dir+" {\naccept_loss "+code+"\n}", 1))
	p.start(t)
	if got := state(); got != "opted_in" {
		t.Errorf("the older store that was accepted says %s", got)
	}
	health := healthOf(t, p.Gateway)
	if health.Status != "ok" || len(health.Store) != 1 || !strings.Contains(health.Store[0], "had come to") {
		t.Errorf("its health is %+v", health)
	}
	if _, metrics := p.AdminCall(t, "/metrics", ""); !strings.Contains(string(metrics), "caddy_whatsapp_store_notices 1") {
		t.Error("its metrics don't say so")
	}
	if stdout, stderr, code := p.do(t, "store", "check", "--address", p.Admin); code != 0 || !strings.Contains(stdout, "The store is sound.") {
		t.Errorf("checking the running gateway's store: %d, %s%s", code, stdout, stderr)
	}
	if _, stderr, code := p.do(t, "store", "check", "--path", dir); code == 0 || !strings.Contains(stderr, "already in use") {
		t.Errorf("checking the directory of a running gateway: %d, %s", code, stderr)
	}
	say("STOP")
	p.signal(t, syscall.SIGTERM)

	replace("") // the code of another loss is of no use
	if refused("it is empty") == code {
		t.Error("two losses have one code")
	}
}

// TestReloadToAnotherStore: a reload to a place where there is no store is
// refused, and the old configuration goes on.
func TestReloadToAnotherStore(t *testing.T) {
	w := newWorld(t, options{})
	ana.writes("Hello")(t, w)
	here, there := w.Dir, filepath.Join(t.TempDir(), "new")
	w.Dir = there
	err := w.Load()
	if err == nil || !strings.Contains(err.Error(), "there is no store yet") || !strings.Contains(err.Error(), here) {
		t.Fatalf("the reload: %v", err)
	}
	if _, err := os.Stat(there); !os.IsNotExist(err) {
		t.Errorf("a store was begun: %v", err)
	}
	w.Dir = here
	text(ana, passes)(t, w)
	resp, body := gatewaytest.Do(t, http.MethodGet, w.AdminURL+"/whatsapp/health", "", nil)
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "a configuration was refused") {
		t.Errorf("the health is %s %s", resp.Status, body)
	}
	code := accepts.FindStringSubmatch(err.Error())
	w.Dir = there + " {\naccept_loss " + code[1] + "\n}"
	if err := w.Load(); err != nil {
		t.Fatalf("the reload that was accepted: %v", err)
	}
	var health struct{ Store []string }
	_, body = w.AdminCall(t, "/whatsapp/health", "")
	if err := json.Unmarshal(body, &health); err != nil || len(health.Store) > 0 {
		t.Errorf("the health afterwards is %s, %v", body, err)
	}
	w.Dir = here // which knows other people than the new store
	if err := w.Load(); err == nil || !strings.Contains(err.Error(), "another installation's") {
		t.Errorf("the reload to another installation's store: %v", err)
	}
}

// TestDamagedStore: damage is a sentence, and a reason not to start.
func TestDamagedStore(t *testing.T) {
	sim, upstream := newSim(t)
	dir := filepath.Join(t.TempDir(), "store")
	p := newProcess(t, upstream, dir)
	p.start(t)
	sim.SetWebhookURL(p.WebhookURL)
	for _, said := range []string{"START", "STOP"} {
		if _, err := sim.Inbound(t.Context(), shop, ana.User, graphsim.Text(said)); err != nil {
			t.Fatal(err)
		}
	}
	p.signal(t, syscall.SIGKILL)
	logs, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no logs: %v", err)
	}
	content, err := os.ReadFile(logs[len(logs)-1])
	if err != nil {
		t.Fatal(err)
	}
	used := len(strings.TrimRight(string(content), "\x00"))
	content[used/2] ^= 1
	if err := os.WriteFile(logs[len(logs)-1], content, 0o600); err != nil {
		t.Fatal(err)
	}
	p.Launch(t)
	p.wait(t)
	if log := p.log(); !strings.Contains(log, "knows less than it did") || !accepts.MatchString(log) || strings.Contains(log, "goroutine ") {
		t.Errorf("with one bit flipped the gateway says %s", log)
	}
	if err := os.Remove(filepath.Join(dir, "MANIFEST")); err != nil {
		t.Fatal(err)
	}
	p.Launch(t)
	p.wait(t)
	if log := p.log(); !strings.Contains(log, "its MANIFEST is missing") || accepts.MatchString(log) || strings.Contains(log, "goroutine ") {
		t.Errorf("without MANIFEST the gateway says %s", log)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*.mem")); err != nil || len(left) != len(logs) {
		t.Errorf("of %d logs %d are left", len(logs), len(left))
	}
}
