package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// newSim is Meta's stand-in for a gateway in a process of its own, at the real
// time.
func newSim(t testing.TB) (sim *graphsim.Sim, url string) {
	t.Helper()
	sim = graphsim.New(graphsim.Options{AppSecret: gatewaytest.AppSecret, Templates: templates()})
	t.Cleanup(func() { sim.Close() })
	return sim, newServer(t, sim)
}

// TestKill: a gateway that is killed in the middle of sends and webhooks has
// every record it acknowledged when it is started again (A3).
func TestKill(t *testing.T) {
	sim, p := serving(t)

	// Three sends hang at Meta while the others run.
	hanging, end := make(chan struct{}, 3), make(chan struct{})
	sim.Inject(graphsim.Fault{Times: 3, Delay: func(ctx context.Context) {
		hanging <- struct{}{}
		select {
		case <-end:
		case <-ctx.Done():
		}
	}})
	var hung crowd
	for range 3 {
		hung.done.Go(func() { hung.send(&http.Client{Transport: &http.Transport{}}, p.URL+messages, textBody) })
	}
	for range 3 {
		<-hanging
	}
	defer close(end)
	eventually(t, "the sends that hang are reserved", func() bool { return len(allEntries(t, p.Gateway, "ledger")) == 3 })

	sends := sendAlong(p.URL+messages, 4, textBody)
	refusals := sendAlong(p.URL+messages, 2, strings.ReplaceAll(textBody, "4915112345678", "4915119876543"))
	var opened, optedOut atomic.Int64 // acknowledged webhooks: people are numbered
	var webhooks sync.WaitGroup
	stop := make(chan struct{})
	deliver := func(acknowledged *atomic.Int64, text string, prefix string) {
		webhooks.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := sim.Inbound(t.Context(), shop, graphsim.User{Phone: fmt.Sprintf("%s%06d", prefix, i)}, graphsim.Text(text)); err != nil {
					return
				}
				acknowledged.Store(int64(i) + 1)
			}
		})
	}
	deliver(&opened, "Hello", "+4915170")
	deliver(&optedOut, "STOP", "+4915171")
	eventually(t, "a few hundred requests", func() bool {
		return sends.allowed.Load() > 200 && refusals.faults.Load() > 50 && opened.Load() > 50 && optedOut.Load() > 50
	})
	p.signal(t, syscall.SIGKILL)
	close(stop)
	sends.end()
	refusals.end()
	webhooks.Wait()
	hung.done.Wait()
	if hung.broken.Load() != 3 {
		t.Errorf("%d of 3 sends that hung ended without an answer", hung.broken.Load())
	}

	p.start(t)
	state := make(map[string]string)
	unknown := 0
	for _, e := range allEntries(t, p.Gateway, "ledger") {
		state[e.ID.String()] = string(e.Outcome.State)
		if e.Outcome.State == "reserved" {
			t.Errorf("%s is still reserved after the restart", e.ID)
		}
		if e.Outcome.State == "unknown" {
			unknown++
		}
	}
	for _, id := range sends.ids {
		if state[id] != "accepted" {
			t.Errorf("the send %s was acknowledged, and the ledger says %q", id, state[id])
		}
	}
	if unknown < 3 {
		t.Errorf("%d sends are unknown, at least 3 were on their way", unknown)
	}
	if n := int64(len(allEntries(t, p.Gateway, "violations"))); n < refusals.faults.Load() {
		t.Errorf("%d refusals were acknowledged, and there are %d violations", refusals.faults.Load(), n)
	}
	for i := range opened.Load() {
		if !consentOf(t, p.Gateway, shop, fmt.Sprintf("+4915170%06d", i)).WindowOpen {
			t.Errorf("the window of person %d was acknowledged, and is closed", i)
		}
	}
	for i := range optedOut.Load() {
		if got := states(consentOf(t, p.Gateway, shop, fmt.Sprintf("+4915171%06d", i))); got != "opted_out opted_out opted_out" {
			t.Errorf("the opt-out of person %d was acknowledged, and is %s", i, got)
		}
	}
	addsUp(t, p.Gateway)
	t.Logf("killed after %d sends, %d refusals, %d windows and %d opt-outs; %d sends are unknown",
		len(sends.ids), refusals.faults.Load(), opened.Load(), optedOut.Load(), unknown)
}

// TestShutdownInFlight: a gateway that is told to stop answers what it has begun.
func TestShutdownInFlight(t *testing.T) {
	sim, p := serving(t)
	const n = 20
	arrived, release := make(chan struct{}, n), make(chan struct{})
	sim.Inject(graphsim.Fault{Times: n, Delay: func(context.Context) {
		arrived <- struct{}{}
		<-release
	}})
	var c crowd
	for range n {
		c.done.Go(func() { c.send(&http.Client{Transport: &http.Transport{}}, p.URL+messages, textBody) })
	}
	for range n {
		<-arrived
	}
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the gateway takes no more requests", func() bool {
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(p.URL)
		if err == nil {
			resp.Body.Close()
		}
		return err != nil
	})
	close(release)
	p.wait(t)
	c.done.Wait()
	if c.allowed.Load() != n {
		t.Fatalf("%d of %d sends were answered, %d broke off; the first fault: %s\n%s", c.allowed.Load(), n, c.broken.Load(), c.fault, p.log())
	}
	if code := p.Cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("the gateway ended with code %d: %s", code, p.log())
	}
	p.start(t)
	entries := allEntries(t, p.Gateway, "ledger")
	for _, e := range entries {
		if e.Outcome.State != "accepted" {
			t.Errorf("%s is %s after the restart", e.ID, e.Outcome.State)
		}
	}
	if len(entries) != n {
		t.Errorf("the ledger has %d entries for %d sends", len(entries), n)
	}
}

// TestDirectoryNotWritable: the gateway does not start, and says why.
func TestDirectoryNotWritable(t *testing.T) {
	_, upstream := newSim(t)
	parent, err := os.MkdirTemp("", "waguard-e2e-") // readable by others, unlike t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(parent) })
	dir := filepath.Join(parent, "locked", "store")
	p := newProcess(t, upstream, dir)
	p.File = filepath.Join(parent, "Caddyfile")
	// The ports held for p are no other user's.
	p.Addr, p.Admin, p.Global = "127.0.0.1:0", "127.0.0.1:0", "storage file_system "+filepath.Join(parent, "caddy")
	p.configure(t, p.text(t))
	if err := errors.Join(os.Mkdir(filepath.Dir(dir), 0o555), os.Chmod(parent, 0o755)); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // whom permissions don't stop
		p.Attr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	p.Launch(t)
	p.wait(t)
	if code := p.Cmd.ProcessState.ExitCode(); code == 0 {
		t.Error("the gateway ended without an error")
	}
	want := "the store's directory " + dir + " can't be written by this user"
	if log := p.log(); !strings.Contains(log, want) {
		t.Errorf("the gateway does not say %q but\n%s", want, log)
	}
}

// TestStoreInUse: a second gateway on the same directory does not start, and the
// first one does not notice.
func TestStoreInUse(t *testing.T) {
	_, upstream := newSim(t)
	dir := filepath.Join(t.TempDir(), "store")
	first := newProcess(t, upstream, dir)
	first.start(t)
	second := newProcess(t, upstream, dir)
	second.Launch(t)
	second.wait(t)
	if log := second.log(); second.Cmd.ProcessState.ExitCode() == 0 || !strings.Contains(log, dir+" is already in use") {
		t.Errorf("a second gateway on the same directory: %s", log)
	}
	// Validating beside it is harmless.
	if out, errs, code := first.do(t, "validate", "--config", first.File, "--adapter", "caddyfile"); code != 0 {
		t.Errorf("validating beside a running gateway: %s%s", out, errs)
	}
	if resp, body := first.AdminCall(t, "/whatsapp/health", ""); resp.StatusCode != http.StatusOK {
		t.Errorf("the health of the first gateway: %s %s", resp.Status, body)
	}
}
