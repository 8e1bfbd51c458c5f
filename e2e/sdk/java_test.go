//go:build sdk

package sdk

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestJava runs a Java program that sends with the JDK's HTTP client and its
// defaults, twice: against the simulator and through the gateway.
func TestJava(t *testing.T) {
	java, err := exec.LookPath("java")
	if err != nil {
		t.Fatalf("this test runs a JDK, version 11 or newer: %v; with Debian, apt-get install default-jdk-headless", err)
	}
	direct := newWorld(t)
	direct.populate(t)
	alone := runJava(t, java, direct.URL)
	if offered := direct.arrived()[0].Header.Get("Upgrade"); offered != "h2c" {
		t.Errorf("the JDK's client offers to upgrade to %q; this test is about h2c", offered)
	}

	w := newGateway(t)
	w.populate(t)
	got := runJava(t, java, w.URL)
	want := map[string]string{
		"text allowed": "200", "template allowed": "200", "buttons allowed": "200", "number allowed": "200",
		"text refused": "400 WINDOW_CLOSED", "template refused": "403 NO_CONSENT", "buttons refused": "400 WINDOW_CLOSED",
	}
	if len(got) != len(want) || len(alone) != len(want) {
		t.Fatalf("the program did %d operations through the gateway and %d without, want %d", len(got), len(alone), len(want))
	}
	for operation, l := range got {
		status, rule, _ := strings.Cut(want[operation], " ")
		if l.status != status || l.version != "HTTP_1_1" || !strings.Contains(l.answer, rule) {
			t.Errorf("%s: %s %s %s, want %s in HTTP/1.1", operation, l.status, l.version, l.answer, want[operation])
		}
	}

	passed := []int{0, 1, 2, 6} // of the requests without the gateway, those that are allowed
	arrived := w.arrived()
	if len(arrived) != len(passed) {
		t.Fatalf("%d requests arrived through the gateway, want %d", len(arrived), len(passed))
	}
	for i, at := range passed {
		sent, got := direct.arrived()[at], arrived[i]
		if got.Method != sent.Method || got.RequestURI != sent.RequestURI || !bytes.Equal(got.Sent, sent.Sent) {
			t.Errorf("%s %s %q arrived as %s %s %q", sent.Method, sent.RequestURI, sent.Sent, got.Method, got.RequestURI, got.Sent)
		}
		for _, name := range []string{"Upgrade", "Http2-Settings", "Connection"} {
			if values := got.Header.Values(name); len(values) > 0 {
				t.Errorf("%s arrived: %q", name, values)
			}
		}
		for _, name := range []string{"User-Agent", "Authorization", "Content-Type"} {
			if !slices.Equal(got.Header[name], sent.Header[name]) {
				t.Errorf("%s arrived as %q, sent was %q", name, got.Header[name], sent.Header[name])
			}
		}
	}
}

type javaLine struct{ status, version, answer string }

// runJava runs the program and gives what it printed for each operation.
func runJava(t *testing.T, java, address string) map[string]javaLine {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), java, "-Dfile.encoding=UTF-8", "Sender.java")
	cmd.Env = append(os.Environ(),
		"SDK_BASE_URL="+address, "SDK_TOKEN=test-token", "SDK_VERSION="+version, "SDK_NUMBER="+number,
		"SDK_ALLOWED="+allowed, "SDK_REFUSED="+refused, "SDK_TEMPLATE="+template, "SDK_LANGUAGE="+language)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("java Sender.java: %v\n%s%s", err, out, stderr.Bytes())
	}
	lines := make(map[string]javaLine)
	for line := range strings.Lines(string(out)) {
		parts := strings.SplitN(strings.TrimSpace(line), " ", 5)
		if len(parts) < 5 {
			t.Fatalf("the program printed %q", line)
		}
		lines[parts[0]+" "+parts[1]] = javaLine{parts[2], parts[3], parts[4]}
	}
	return lines
}
