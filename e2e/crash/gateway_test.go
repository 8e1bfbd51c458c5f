package crash

import (
	"context"
	"io"
	"net/http/httptest"
	"os"
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

func TestMain(m *testing.M) { os.Exit(gatewaytest.Run(m)) }

// gateway is one in a process of its own, with all it has acknowledged.
type gateway struct {
	gatewaytest.Process
	url   string
	sim   *graphsim.Sim
	admin *adminapi.Client
	// configs are its Caddyfiles: sends go on by reverse_proxy, or by the guard itself.
	// It starts with one and the other in turn.
	configs [2]string
	starts  int

	facts       // of the round
	all   facts // of the rounds before
	began time.Time
	// unrecorded are messages at the upstream without an entry, upstream all of
	// them.
	rounds, unrecorded, upstream int
	backups                      sync.WaitGroup
}

// tail is the end of what the process said.
func (g *gateway) tail() string {
	s := g.Said()
	return s[max(0, len(s)-2000):]
}

func newGateway(t testing.TB, store string) *gateway {
	t.Helper()
	dir := t.TempDir()
	g := &gateway{Process: gatewaytest.Process{File: filepath.Join(dir, "Caddyfile"), Env: gatewaytest.Environment(dir)}, began: time.Now()}
	g.sim = graphsim.New(graphsim.Options{AppSecret: gatewaytest.AppSecret})
	upstream := httptest.NewServer(g.sim)
	t.Cleanup(upstream.Close)
	t.Cleanup(func() { g.sim.Close() })
	as := gatewaytest.Prepare(t, gatewaytest.Options{
		Upstream: upstream.URL, Dir: store, LogLevel: "WARN", Global: "storage file_system " + filepath.Join(dir, "caddy"),
	})
	g.url = as.URL
	var err error
	if g.admin, err = adminapi.NewClient(as.Admin); err != nil {
		t.Fatal(err)
	}
	for i := range g.configs {
		as.Forwards = i == 1
		if g.configs[i], err = as.Text(); err != nil {
			t.Fatal(err)
		}
	}
	g.sim.SetWebhookURL(g.url + "/webhook")
	return g
}

// start starts the process and waits until it is healthy. That it must be able
// to is half of what is tested.
func (g *gateway) start(t testing.TB) {
	t.Helper()
	if err := os.WriteFile(g.File, []byte(g.configs[g.starts%2]), 0o600); err != nil {
		t.Fatal(err)
	}
	g.starts++
	g.Launch(t)
	if !g.Await(g.healthy, 60*time.Second) {
		g.kill(t)
		t.Fatalf("round %d: the gateway does not start: %s", g.rounds, g.tail())
	}
}

func (g *gateway) healthy() bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := g.admin.Health(ctx)
	return err == nil
}

// kill ends the process, wherever it is.
func (g *gateway) kill(t testing.TB) {
	t.Helper()
	g.Cmd.Process.Signal(syscall.SIGKILL)
	if !g.Ended(time.Minute) {
		t.Fatal("the process does not end")
	}
	g.backups.Wait()
}

// backup has a backup written, until the process ends.
func (g *gateway) backup() {
	g.backups.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if backup, err := g.admin.Backup(ctx, adminapi.BackupRequest{}); err == nil {
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
		t.Fatalf("round %d: %v; %s", g.rounds, err, g.tail())
	}
	return answer
}
