package gatewaytest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binaryDir holds the gateway's binary, if it was built.
var binaryDir string

// Run runs the tests of a package that starts gateways in processes of their own,
// and removes the binary. It is for TestMain.
func Run(m *testing.M) (code int) {
	code = m.Run()
	if binaryDir != "" {
		os.RemoveAll(binaryDir)
	}
	return code
}

var buildBinary = sync.OnceValues(func() (string, error) {
	var err error
	if binaryDir, err = os.MkdirTemp("", "waguard-test-"); err != nil {
		return "", err
	}
	if err := os.Chmod(binaryDir, 0o755); err != nil { // another user may run it
		return "", err
	}
	path := filepath.Join(binaryDir, "waguard")
	build := exec.Command("go", "build", "-tags", "nobadger,nomysql,nopgx", "-o", path, "github.com/waguard/waguard/cmd/waguard")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the gateway: %w\n%s", err, out)
	}
	return path, nil
})

// Binary is the gateway as it ships, built once. See [Run].
func Binary(t testing.TB) string {
	t.Helper()
	path, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Process is a gateway in a process of its own. It ends with the test.
type Process struct {
	// File is its Caddyfile, in whose directory it runs.
	File string
	// Env is its environment; see [Environment].
	Env  []string
	Attr *syscall.SysProcAttr
	// Command makes the command that runs a program; nil for exec.Command.
	Command func(name string, args ...string) *exec.Cmd
	// Cmd is the process that was launched last.
	Cmd *exec.Cmd

	said   *output
	exited chan struct{}
}

// Launch starts the process without waiting for it to serve.
func (p *Process) Launch(t testing.TB) {
	t.Helper()
	p.said, p.exited = new(output), make(chan struct{})
	command := p.Command
	if command == nil {
		command = exec.Command
	}
	p.Cmd = command(Binary(t), "run", "--config", p.File, "--adapter", "caddyfile")
	p.Cmd.Env, p.Cmd.Stderr, p.Cmd.SysProcAttr = p.Env, p.said, p.Attr
	p.Cmd.Dir = filepath.Dir(p.File)
	if err := p.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmd, exited := p.Cmd, p.exited
	go func() {
		cmd.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-exited
	})
}

// Await waits until the process is ready. It reports false where it ends before,
// or takes too long.
func (p *Process) Await(ready func() bool, within time.Duration) bool {
	for deadline := time.Now().Add(within); ; time.Sleep(2 * time.Millisecond) {
		switch {
		case ready():
			return true
		case p.Gone(), time.Now().After(deadline):
			return false
		}
	}
}

// Gone reports whether the process has ended.
func (p *Process) Gone() bool { return p.Ended(0) }

// Ended waits for the end of the process, and reports whether it came in time.
func (p *Process) Ended(within time.Duration) bool {
	select {
	case <-p.exited:
		return true
	default:
	}
	select {
	case <-p.exited:
		return true
	case <-time.After(within):
		return false
	}
}

// Said is what the process wrote to its standard error; it is complete once the
// process has ended.
func (p *Process) Said() string { return p.said.String() }

// output is what a process says, while it goes on.
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

// ResidentMemory is what a process has in RAM, where the system tells.
func ResidentMemory(pid int) (int64, bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10, err == nil
		}
	}
	return 0, false
}
