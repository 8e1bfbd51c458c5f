package crash

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

const number = "104455667788"

// patience is how long an answer may take.
const patience = 20 * time.Second

var binaryDir string

func TestMain(m *testing.M) {
	code := m.Run()
	if binaryDir != "" {
		os.RemoveAll(binaryDir)
	}
	os.Exit(code)
}

// binary is the gateway as it ships, built once.
var binary = sync.OnceValues(func() (string, error) {
	var err error
	if binaryDir, err = os.MkdirTemp("", "waguard-crash-"); err != nil {
		return "", err
	}
	path := filepath.Join(binaryDir, "waguard")
	build := exec.Command("go", "build", "-tags", "nobadger,nomysql,nopgx", "-o", path, "github.com/waguard/waguard/cmd/waguard")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the gateway: %w\n%s", err, out)
	}
	return path, nil
})

// gateway is one in a process of its own, with all it has acknowledged.
type gateway struct {
	url, config string
	dir, store  string
	sim         *graphsim.Sim
	admin       *adminapi.Client

	cmd    *exec.Cmd
	stderr *output
	exited chan struct{}

	facts       // of the round
	all   facts // of the rounds before
	began time.Time
	// unrecorded are messages at the upstream without an entry, upstream all of
	// them.
	rounds, unrecorded, upstream int
	backups                      sync.WaitGroup
}

// output is what a process says.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// tail is the end of it.
func (o *output) tail() string {
	s := o.String()
	return s[max(0, len(s)-2000):]
}

func newGateway(t testing.TB, store string) *gateway {
	t.Helper()
	g := &gateway{dir: t.TempDir(), store: store, began: time.Now()}
	g.sim = graphsim.New(graphsim.Options{AppSecret: gatewaytest.AppSecret})
	upstream := httptest.NewServer(g.sim)
	t.Cleanup(upstream.Close)
	t.Cleanup(func() { g.sim.Close() })
	as := gatewaytest.Prepare(t, gatewaytest.Options{
		Upstream: upstream.URL, Dir: store, LogLevel: "WARN", Global: "storage file_system " + filepath.Join(g.dir, "caddy"),
	})
	g.url, g.config = as.URL, filepath.Join(g.dir, "Caddyfile")
	var err error
	if g.admin, err = adminapi.NewClient(as.Admin); err != nil {
		t.Fatal(err)
	}
	config, err := as.Text()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(g.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	g.sim.SetWebhookURL(g.url + "/webhook")
	return g
}

// launch starts the process without waiting for it to serve.
func (g *gateway) launch(t testing.TB) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	g.stderr, g.exited = new(output), make(chan struct{})
	g.cmd = exec.Command(path, "run", "--config", g.config, "--adapter", "caddyfile")
	g.cmd.Env = gatewaytest.Environment(g.dir)
	g.cmd.Stderr, g.cmd.Dir = g.stderr, g.dir
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmd, exited := g.cmd, g.exited
	go func() {
		cmd.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-exited
	})
}

// start starts the process and waits until it is healthy. That it must be able
// to is half of what is tested.
func (g *gateway) start(t testing.TB) {
	t.Helper()
	g.launch(t)
	deadline := time.Now().Add(60 * time.Second)
	for {
		if g.healthy() {
			return
		}
		if g.gone() || time.Now().After(deadline) {
			g.kill(t)
			t.Fatalf("round %d: the gateway does not start: %s", g.rounds, g.stderr.tail())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (g *gateway) healthy() bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := g.admin.Health(ctx)
	return err == nil
}

func (g *gateway) gone() bool {
	select {
	case <-g.exited:
		return true
	default:
		return false
	}
}

// kill ends the process, wherever it is.
func (g *gateway) kill(t testing.TB) {
	t.Helper()
	g.cmd.Process.Signal(syscall.SIGKILL)
	select {
	case <-g.exited:
	case <-time.After(time.Minute):
		t.Fatal("the process does not end")
	}
	g.backups.Wait()
}

// backup has a backup written, until the process ends.
func (g *gateway) backup() {
	g.backups.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if backup, err := g.admin.Backup(ctx); err == nil {
			io.Copy(io.Discard, backup)
			backup.Close()
		}
	})
}

// ask asks the admin endpoint something that it must answer.
func ask[T any](t testing.TB, g *gateway, question func(context.Context) (T, error)) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := question(ctx)
	if err != nil {
		t.Fatalf("round %d: %v; %s", g.rounds, err, g.stderr.tail())
	}
	return answer
}
