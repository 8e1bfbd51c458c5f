package e2e

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

func TestMain(m *testing.M) { os.Exit(gatewaytest.Run(m)) }

// process is a gateway in a process of its own.
type process struct {
	*gatewaytest.Gateway
	gatewaytest.Process
}

// newProcess prepares a gateway; start starts it.
func newProcess(t testing.TB, upstream, dir string) *process {
	t.Helper()
	return newProcessOn(t, paths[0], upstream, dir)
}

// newProcessOn is one whose sends go on by a path.
func newProcessOn(t testing.TB, path path, upstream, dir string) *process {
	t.Helper()
	g := gatewaytest.Prepare(t, gatewaytest.Options{
		Forwards: path.forwards, Upstream: upstream, Dir: dir, LogLevel: "INFO", Global: "storage file_system " + filepath.Join(t.TempDir(), "caddy"),
	})
	p := &process{g, gatewaytest.Process{File: filepath.Join(t.TempDir(), "Caddyfile"), Env: gatewaytest.Environment(t.TempDir())}}
	p.configure(t, p.text(t))
	return p
}

// serving is a gateway that serves, to which Ana has written.
func serving(t testing.TB) (*graphsim.Sim, *process) {
	t.Helper()
	sim, upstream := newSim(t)
	p := newProcess(t, upstream, filepath.Join(t.TempDir(), "store"))
	p.start(t)
	sim.SetWebhookURL(p.WebhookURL)
	if _, err := sim.Inbound(t.Context(), shop, ana.User, graphsim.Text("Hello")); err != nil {
		t.Fatal(err)
	}
	return sim, p
}

// text is the Caddyfile of the process.
func (p *process) text(t testing.TB) string {
	t.Helper()
	text, err := p.Text()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (p *process) configure(t testing.TB, caddyfile string) {
	t.Helper()
	if err := os.WriteFile(p.File, []byte(caddyfile), 0o644); err != nil {
		t.Fatal(err)
	}
}

// start starts the process and waits until it is healthy.
func (p *process) start(t testing.TB) {
	t.Helper()
	p.Launch(t)
	healthy := func() bool {
		resp, err := http.Get(p.AdminURL + "/whatsapp/health")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}
	if !p.Await(healthy, 30*time.Second) {
		t.Fatalf("the gateway does not start: %s", p.log())
	}
}

// log is what the process logged. It ends the process, so that it is complete.
func (p *process) log() string {
	if !p.Gone() {
		p.Cmd.Process.Kill()
		p.Ended(time.Minute)
	}
	return p.Said()
}

// signal ends the process with a signal and waits for its end.
func (p *process) signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := p.Cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	p.wait(t)
}

func (p *process) wait(t testing.TB) {
	t.Helper()
	if !p.Ended(30 * time.Second) {
		t.Fatalf("the gateway does not end: %s", p.log())
	}
	http.DefaultClient.CloseIdleConnections()
}

// do runs a command of the gateway's binary and gives its output and exit code.
func (p *process) do(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(gatewaytest.Binary(t), args...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.Dir = p.Env, &out, &errs, filepath.Dir(p.File)
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatalf("running %s: %v", strings.Join(args, " "), err)
		}
		code = exit.ExitCode()
	}
	return out.String(), errs.String(), code
}
