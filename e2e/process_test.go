package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// binaryDir holds the gateway's binary; TestMain removes it.
var binaryDir string

func TestMain(m *testing.M) {
	code := m.Run()
	if binaryDir != "" {
		os.RemoveAll(binaryDir)
	}
	os.Exit(code)
}

var buildBinary = sync.OnceValues(func() (string, error) {
	var err error
	if binaryDir, err = os.MkdirTemp("", "waguard-e2e-"); err != nil {
		return "", err
	}
	if err := os.Chmod(binaryDir, 0o755); err != nil { // another user runs it, see TestDirectoryNotWritable
		return "", err
	}
	path := filepath.Join(binaryDir, "waguard")
	build := exec.Command("go", "build", "-tags", "nobadger,nomysql,nopgx", "-o", path, "github.com/waguard/waguard/cmd/waguard")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the gateway: %w\n%s", err, out)
	}
	return path, nil
})

// binary is the gateway as it ships, built once.
func binary(t testing.TB) string {
	t.Helper()
	path, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// process is a gateway in a process of its own.
type process struct {
	*gatewaytest.Gateway
	config string // the Caddyfile
	env    []string
	attr   *syscall.SysProcAttr

	cmd    *exec.Cmd
	stderr *bytes.Buffer
	exited chan struct{}
}

// newProcess prepares a gateway; start starts it.
func newProcess(t testing.TB, upstream, dir string) *process {
	t.Helper()
	g := gatewaytest.Prepare(t, gatewaytest.Options{
		Upstream: upstream, Dir: dir, LogLevel: "INFO", Global: "storage file_system " + filepath.Join(t.TempDir(), "caddy"),
	})
	p := &process{Gateway: g, config: filepath.Join(t.TempDir(), "Caddyfile"), env: gatewaytest.Environment(t.TempDir())}
	p.configure(t, p.text(t))
	return p
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
	if err := os.WriteFile(p.config, []byte(caddyfile), 0o644); err != nil {
		t.Fatal(err)
	}
}

// launch starts the process without waiting for it to serve.
func (p *process) launch(t testing.TB) {
	t.Helper()
	p.stderr, p.exited = new(bytes.Buffer), make(chan struct{})
	p.cmd = exec.Command(binary(t), "run", "--config", p.config, "--adapter", "caddyfile")
	p.cmd.Env, p.cmd.Stderr, p.cmd.SysProcAttr = p.env, p.stderr, p.attr
	p.cmd.Dir = filepath.Dir(p.config)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmd, exited := p.cmd, p.exited
	go func() {
		cmd.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-exited
	})
}

// start starts the process and waits until it is healthy.
func (p *process) start(t testing.TB) {
	t.Helper()
	p.launch(t)
	deadline := time.Now().Add(30 * time.Second)
	for {
		resp, err := http.Get(p.AdminURL + "/whatsapp/health")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if p.gone() || time.Now().After(deadline) {
			t.Fatalf("the gateway does not start: %s", p.log())
		}
		pause()
	}
}

// gone reports whether the process has ended.
func (p *process) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// log is what the process logged; it is complete once the process has ended.
func (p *process) log() string {
	if !p.gone() {
		p.cmd.Process.Kill()
		<-p.exited
	}
	return p.stderr.String()
}

// signal ends the process with a signal and waits for its end.
func (p *process) signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	p.wait(t)
}

func (p *process) wait(t testing.TB) {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(30 * time.Second):
		t.Fatalf("the gateway does not end: %s", p.log())
	}
	http.DefaultClient.CloseIdleConnections()
}

// do runs a command of the gateway's binary and gives its output and exit code.
func (p *process) do(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(binary(t), args...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.Dir = p.env, &out, &errs, filepath.Dir(p.config)
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatalf("running %s: %v", strings.Join(args, " "), err)
		}
		code = exit.ExitCode()
	}
	return out.String(), errs.String(), code
}
