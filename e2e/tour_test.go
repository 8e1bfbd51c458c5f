//go:build readme

package e2e

// The tag keeps `go test ./...` free of what a machine with nothing but Go may
// not have: bash, curl and python3. CI runs this with `-tags readme`.

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shellCommand is one command of the tour, with the output that the page
// promises.
type shellCommand struct{ line, output string }

// tour reads the commands of the console blocks of docs/how-to/tour.md.
func tour(t *testing.T) []shellCommand {
	t.Helper()
	page, err := os.ReadFile("../docs/how-to/tour.md")
	if err != nil {
		t.Fatal(err)
	}
	var commands []shellCommand
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		continued := false
		for line := range strings.Lines(block[1]) {
			text, isCommand := strings.CutPrefix(line, "$ ")
			switch {
			case isCommand:
				commands = append(commands, shellCommand{line: text})
			case continued:
				commands[len(commands)-1].line += line
			default:
				commands[len(commands)-1].output += line
			}
			continued = (isCommand || continued) && strings.HasSuffix(line, "\\\n")
		}
	}
	return commands
}

// volatile is what differs from run to run: ids, pseudonyms, the clock's seconds,
// dates, and the widths that follow from them.
var volatile = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`), "<id>"},
	{regexp.MustCompile(`wamid\.[A-Za-z0-9+/=]+`), "<wamid>"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "<contact>"},
	{regexp.MustCompile(`\b[0-9a-f]{10}\b`), "<contact>"},
	{regexp.MustCompile(`(?m)^Date: .*$`), "Date: <date>"},
	{regexp.MustCompile(`15:03:\d\dZ`), "15:03:<s>Z"},
	{regexp.MustCompile(`(?m)^Content-Length: \d+`), "Content-Length: <n>"},
}

func steady(output string) string {
	output = strings.ReplaceAll(output, "\r\n", "\n")
	for _, v := range volatile {
		output = v.pattern.ReplaceAllString(output, v.instead)
	}
	return strings.TrimSpace(output)
}

// TestTour runs the five-minute tour and compares what it prints.
// The first two commands build and start the demonstration.
func TestTour(t *testing.T) {
	commands := tour(t)
	const fewest = 8
	if len(commands) < fewest || !strings.HasPrefix(commands[0].line, "go build") || !strings.Contains(commands[1].line, "demo --listen 127.0.0.1:8080") {
		t.Fatalf("the tour has changed its shape: %d commands", len(commands))
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "waguard")
	build := strings.Replace(strings.TrimSpace(commands[0].line), "-o waguard", "-o "+binary, 1)
	run(t, "..", nil, build)

	addr, admin := startDemo(t, binary)
	for _, c := range commands[2:] {
		line := strings.ReplaceAll(c.line, "127.0.0.1:8080", addr)
		want := steady(c.output)
		got := steady(run(t, dir, []string{"ADMIN=" + admin}, line))
		// The report follows the simulated Meta's status webhooks, which come when
		// they come.
		for deadline := time.Now().Add(10 * time.Second); got != want && strings.Contains(line, "report") && time.Now().Before(deadline); {
			got = steady(run(t, dir, []string{"ADMIN=" + admin}, line))
		}
		if got != want {
			t.Errorf("$ %s\ngot:\n%s\n\nthe tour promises:\n%s", strings.TrimSpace(c.line), got, want)
		}
	}
}

// Where the demonstration prints its addresses.
var (
	gatewayAddr = regexp.MustCompile(`the gateway stays up at http://(\S+)`)
	adminAddr   = regexp.MustCompile(`waguard violations --address (\S+)`)
)

// startDemo starts the demonstration and returns the addresses of its gateway and
// of its admin endpoint once it has printed them.
func startDemo(t *testing.T, binary string) (addr, admin string) {
	t.Helper()
	demo := exec.Command(binary, "demo", "--listen", "127.0.0.1:0")
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	demo.Stderr = &errs
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = demo.Process.Signal(syscall.SIGTERM)
		timer := time.AfterFunc(20*time.Second, func() { _ = demo.Process.Kill() })
		defer timer.Stop()
		if err := demo.Wait(); err != nil {
			t.Errorf("the demonstration ended with %v: %s", err, errs.String())
		}
	})
	found := make(chan [2]string, 1)
	go func() { // ends with the process
		var addr string
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := gatewayAddr.FindStringSubmatch(lines.Text()); m != nil {
				addr = m[1]
			}
			if m := adminAddr.FindStringSubmatch(lines.Text()); m != nil {
				found <- [2]string{addr, m[1]}
			}
		}
	}()
	select {
	case at := <-found:
		return at[0], at[1]
	case <-time.After(60 * time.Second):
		t.Fatalf("the demonstration did not print its addresses: %s", errs.String())
		return "", ""
	}
}

// run executes a shell command line and returns what it prints.
func run(t *testing.T, dir string, env []string, line string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", line)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("$ %s\n%v\n%s", line, err, out)
	}
	return string(out)
}
