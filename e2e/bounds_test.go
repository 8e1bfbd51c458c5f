package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// rawRequest is a request of which the caller decides what is sent and when.
type rawRequest struct {
	net.Conn
	answers *bufio.Reader
}

// dial sends the header of a POST that announces a body of length bytes.
func dial(t testing.TB, addr, path, header string, length int) *rawRequest {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n", path, addr, header, length); err != nil {
		t.Fatal(err)
	}
	return &rawRequest{Conn: conn, answers: bufio.NewReader(conn)}
}

// answer reads an answer.
func (r *rawRequest) answer(t testing.TB) (*http.Response, []byte) {
	t.Helper()
	r.SetReadDeadline(time.Now().Add(30 * time.Second))
	resp, err := http.ReadResponse(r.answers, nil)
	if err != nil {
		t.Fatalf("there is no answer: %v", err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

// couldBeSigned is the header of a delivery that must be read to tell that Meta
// did not sign it.
var couldBeSigned = "X-Hub-Signature-256: " + graphsim.Sign("another secret", nil) + "\r\n"

var bodyBytes = regexp.MustCompile(`(?m)^caddy_whatsapp_body_bytes (\S+)$`)

// held is what the gateway says that bodies hold.
func held(t testing.TB, g *gatewaytest.Gateway) int64 {
	t.Helper()
	_, metrics := gatewaytest.Do(t, http.MethodGet, g.AdminURL+"/metrics", "", nil)
	found := bodyBytes.FindSubmatch(metrics)
	if found == nil {
		t.Fatal("the metrics have no caddy_whatsapp_body_bytes")
	}
	bytes, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return int64(bytes)
}

// TestHeldBackBodies: 300 clients that send all but the last byte of the largest
// webhook cost no more than half of the budget, sends go on, and SIGTERM ends the
// process although the configuration has no grace period.
func TestHeldBackBodies(t *testing.T) {
	const clients, size = 300, 3 << 20
	sim, upstream := newSim(t)
	p := newProcess(t, upstream, filepath.Join(t.TempDir(), "store"))
	config, err := os.ReadFile(p.File)
	if err != nil {
		t.Fatal(err)
	}
	// Nothing but the grace period may end what the clients hold open.
	config = bytes.Replace(config, []byte("\tgrace_period 10s\n"), nil, 1)
	config = bytes.Replace(config, []byte("\twhatsapp {\n"), []byte("\twhatsapp {\n\t\tbody_timeout 1h\n"), 1)
	p.configure(t, string(config))
	p.start(t)
	sim.SetWebhookURL(p.WebhookURL)
	if _, err := sim.Inbound(t.Context(), shop, ana.User, graphsim.Text("Hello")); err != nil {
		t.Fatal(err)
	}
	var sent atomic.Int64
	most := bytes.Repeat([]byte("x"), size-1)
	for range clients {
		r := dial(t, p.Addr, "/webhook", couldBeSigned, size)
		go func() {
			r.Write(most)
			sent.Add(1)
		}()
	}
	eventually(t, "all but the last bytes are sent", func() bool { return sent.Load() == clients })
	switch h := held(t, p.Gateway); {
	case h > 32<<20:
		t.Errorf("bodies hold %d bytes, more than half of 64 MiB", h)
	case h < 24<<20:
		t.Errorf("bodies hold %d bytes: the test does not fill the budget", h)
	}
	if all, ok := gatewaytest.ResidentMemory(p.Cmd.Process.Pid); ok {
		t.Logf("%d clients that hold back the last byte of %d MiB: %d MiB resident", clients, size>>20, all>>20)
		if all > 512<<20 {
			t.Errorf("the process takes %d MiB", all>>20)
		}
	}
	for range 10 {
		if resp, body := p.Post(t, messages, textBody); resp.StatusCode != http.StatusOK {
			t.Errorf("a send meanwhile: %s %s", resp.Status, body)
		}
	}
	// A delivery for which there is no room comes again, and finds it later.
	body := []byte(strings.Repeat(" ", size))
	eventually(t, "a large delivery is answered 503", func() bool { // what was sent is read by and by
		resp, _ := gatewaytest.Do(t, http.MethodPost, p.WebhookURL, string(body), http.Header{"X-Hub-Signature-256": {graphsim.Sign(gatewaytest.AppSecret, body)}})
		return resp.StatusCode == http.StatusServiceUnavailable
	})
	p.signal(t, syscall.SIGTERM)
}

// TestUnsignedIsNotRead: a delivery that has no signature, or none that could be
// one, is refused before its body has come.
func TestUnsignedIsNotRead(t *testing.T) {
	w := newWorld(t, options{})
	for name, header := range map[string]string{
		"none":      "",
		"sha1":      "X-Hub-Signature: sha1=0123456789012345678901234567890123456789\r\n",
		"malformed": "X-Hub-Signature-256: sha256=abc\r\n",
	} {
		r := dial(t, w.Addr, "/webhook", header, 3<<20)
		if resp, _ := r.answer(t); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %s", name, resp.Status)
		}
	}
}

// TestBodyTimeout: a body that doesn't come is not waited for longer than
// body_timeout, neither is the rest of a refused one; an upload may take longer.
func TestBodyTimeout(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: "body_timeout 1s"}})
	upload := dial(t, w.Addr, "/v25.0/"+shop+"/media", "Authorization: Bearer test-token\r\nContent-Type: multipart/form-data; boundary=x\r\n", 10)
	send := dial(t, w.Addr, messages, "Authorization: Bearer test-token\r\n", 1000)
	webhook := dial(t, w.Addr, "/webhook", couldBeSigned, 1000)
	refused := dial(t, w.Addr, messages, "Authorization: Bearer test-token\r\n", 2<<20)

	resp, body := send.answer(t)
	if r := decodeRefusal(t, body); resp.StatusCode != http.StatusBadRequest || r.Error.Waguard.Rule != "UNREADABLE" || !strings.Contains(r.Error.Waguard.Reason, "within 1s") {
		t.Errorf("a send whose body does not come: %s %s", resp.Status, body)
	}
	if resp, body := webhook.answer(t); resp.StatusCode != http.StatusRequestTimeout {
		t.Errorf("a webhook whose body does not come: %s %s", resp.Status, body)
	}
	if resp, body := refused.answer(t); resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a refused send whose rest does not come: %s %s", resp.Status, body)
	}
	// The upload has been open for as long as the others.
	if _, err := upload.Write([]byte("--x--\r\n\r\n\r")); err != nil {
		t.Fatal(err)
	}
	if resp, body := upload.answer(t); resp.StatusCode >= 500 || strings.Contains(string(body), "UNREADABLE") {
		t.Errorf("an upload that takes longer: %s %s", resp.Status, body)
	}
	if n := held(t, w.Gateway); n != 0 {
		t.Errorf("bodies still hold %d bytes", n)
	}
}
