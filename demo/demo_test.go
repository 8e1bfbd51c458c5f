package demo

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/waguard/waguard/policy"
)

var update = flag.Bool("update", false, "rewrite testdata/demo.txt")

// pseudonym is what differs from run to run: the gateway's key is new each time.
var pseudonym = regexp.MustCompile(`\b[0-9a-f]{10}\b`)

func TestStory(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir) // on Windows
	var out bytes.Buffer
	if err := run(t.Context(), &out, options{}); err != nil {
		t.Errorf("the story: %v", err)
	}
	got := pseudonym.ReplaceAllString(out.String(), "0123456789")
	golden := filepath.Join("testdata", "demo.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the output is not that of %s; rewrite it with -update if it is right:\n%s", golden, got)
	}
	for row := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(strings.TrimRight(row, "\n")); n > width {
			t.Errorf("a line has %d columns, more than %d: %s", n, width, row)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("the demonstration left %v behind (%v)", left, err)
	}
}

// A gateway that judges otherwise than the story says fails the command.
func TestUnexpectedVerdictIsAnError(t *testing.T) {
	var out bytes.Buffer
	err := run(t.Context(), &out, options{story: []chapter{{"2026-11-02", "nobody has written", []step{
		{"09:00", shopSends{text("Hello?")}, allowed(policy.RuleWindowOpen, policy.CategoryService)},
		{"09:01", shopSends{text("Hello!")}, refused(policy.RuleWindowClosed, policy.CategoryService)},
	}}}})
	if err == nil || !strings.Contains(err.Error(), "in 1 place") {
		t.Errorf("the error is %v, want one that counts one surprise", err)
	}
	if want := "expected allow, WINDOW_OPEN, service; got refuse, WINDOW_CLOSED, service"; !strings.Contains(out.String(), want) {
		t.Errorf("the output does not say %q:\n%s", want, out.String())
	}
}

func TestListenNeedsAFreeAddress(t *testing.T) {
	if err := run(t.Context(), io.Discard, options{listen: "8080"}); err == nil || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("without a colon the error is %v, want one about --listen", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := run(t.Context(), io.Discard, options{listen: l.Addr().String()}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("with an address in use the error is %v", err)
	}
}

// What the demonstration invites people to paste does what it says.
func TestInvitation(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, write, options{listen: "127.0.0.1:0"})
		write.Close()
	}()
	commands := readCommands(t, read)
	go io.Copy(io.Discard, read)

	var sends, posts []string
	for _, c := range commands {
		switch {
		case strings.HasPrefix(c, "curl -i "):
			sends = append(sends, c)
		case strings.HasPrefix(c, "curl -d "):
			posts = append(posts, c)
		}
	}
	if len(sends) != 3 || len(posts) != 2 {
		t.Fatalf("the invitation has these commands:\n%s", strings.Join(commands, "\n"))
	}
	reply, marketing, order, start, wait := sends[0], sends[1], sends[2], posts[0], posts[1]
	for _, try := range []struct {
		name, command string
		status        int
		rule          policy.Rule
	}{
		{"reply", reply, http.StatusOK, policy.RuleWindowOpen},
		{"marketing", marketing, http.StatusBadRequest, policy.RuleOptedOutMarketing},
		{"order update", order, http.StatusOK, policy.RuleWindowOpen},
		{"START", start, http.StatusOK, ""},
		{"marketing after START", marketing, http.StatusOK, policy.RuleConsent},
		{"a day passes", wait, http.StatusOK, ""},
		{"reply after a day", reply, http.StatusBadRequest, policy.RuleWindowClosed},
	} {
		resp := curl(t, try.command)
		if rule := policy.Rule(resp.Header.Get("X-Waguard-Rule")); resp.StatusCode != try.status || rule != try.rule {
			t.Errorf("%s: got %d %s, want %d %s", try.name, resp.StatusCode, rule, try.status, try.rule)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("ending: %v", err)
	}
}

// readCommands reads the output to the end of the invitation and gives the
// commands in it, each as one line.
func readCommands(t *testing.T, out io.Reader) (commands []string) {
	t.Helper()
	lines := bufio.NewScanner(out)
	open := false // the line before goes on
	for lines.Scan() {
		if n := utf8.RuneCountInString(lines.Text()); n > width {
			t.Errorf("a line has %d columns, more than %d: %s", n, width, lines.Text())
		}
		text := strings.TrimSpace(lines.Text())
		switch {
		case open:
			commands[len(commands)-1] += strings.TrimSuffix(text, `\`)
		case strings.HasPrefix(text, "curl ") || strings.HasPrefix(text, "waguard "):
			commands = append(commands, strings.TrimSuffix(text, `\`))
		}
		if len(commands) > 0 {
			open = strings.HasSuffix(text, `\`) || strings.Count(commands[len(commands)-1], "'")%2 == 1
		}
		if strings.HasPrefix(text, "waguard consent get ") {
			return commands
		}
	}
	t.Fatalf("the output ended after %q: %v", commands, lines.Err())
	return nil
}

var (
	curlURL    = regexp.MustCompile(`http://\S+`)
	curlBody   = regexp.MustCompile(`-d '([^']*)'`)
	curlHeader = regexp.MustCompile(`-H '([^:']*): ([^']*)'`)
)

// curl does what a printed curl command does.
func curl(t *testing.T, command string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, curlURL.FindString(command), strings.NewReader(curlBody.FindStringSubmatch(command)[1]))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, h := range curlHeader.FindAllStringSubmatch(command, -1) {
		req.Header.Set(h[1], h[2])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}
