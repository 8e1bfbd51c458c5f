//go:build linux

package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"unsafe"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestDiskFull: a gateway that can't write any more refuses sends and webhooks,
// so that nothing leaves without a record and Meta delivers again; it stays up.
func TestDiskFull(t *testing.T) {
	sim, p := serving(t)
	if resp, body := p.Post(t, messages, textBody); resp.StatusCode != http.StatusOK {
		t.Fatalf("a send before the disk is full: %s %s", resp.Status, body)
	}
	if resp := p.fillDisk(t, sim); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a webhook that can't be recorded was answered with %s, want 503", resp.Status)
	}
	before := len(sim.Sends())
	for range 3 {
		resp, body := p.Post(t, messages, textBody)
		if r := decodeRefusal(t, body); resp.StatusCode != http.StatusServiceUnavailable || r.Error.Code != 131016 {
			t.Errorf("a send that can't be recorded: %s %s", resp.Status, body)
		}
		if _, err := sim.Inbound(t.Context(), shop, ana.User, graphsim.Text("Hello")); err == nil {
			t.Error("a webhook that can't be recorded was accepted")
		}
	}
	if n := len(sim.Sends()) - before; n != 0 {
		t.Errorf("%d messages left without a record", n)
	}
	if resp, _ := p.AdminCall(t, "/whatsapp/health", ""); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the health of a gateway that can't write is %s", resp.Status)
	}
	if p.Gone() {
		t.Fatalf("the gateway ended: %s", p.log())
	}
}

// TestRestartAfterDiskFull: with space the gateway starts again and has what it
// acknowledged. Regression: the memtable that could not be made stayed behind
// as an empty file, which Badger refuses to open.
func TestRestartAfterDiskFull(t *testing.T) {
	sim, upstream := newSim(t)
	p := newProcess(t, upstream, filepath.Join(t.TempDir(), "store"))
	p.start(t)
	sim.SetWebhookURL(p.WebhookURL)
	ana := graphsim.User{Phone: "+4915112345678"}
	if _, err := sim.Inbound(t.Context(), shop, ana, graphsim.Text("Hello")); err != nil {
		t.Fatal(err)
	}
	p.fillDisk(t, sim)
	p.signal(t, syscall.SIGKILL)
	p.start(t)
	if resp, body := p.Post(t, messages, textBody); resp.StatusCode != http.StatusOK {
		t.Errorf("a send after the restart: %s %s", resp.Status, body)
	}
}

// fillDisk keeps the files of a gateway from growing, and delivers webhooks until
// one can't be recorded. It returns the answer to that.
func (p *process) fillDisk(t testing.TB, sim *graphsim.Sim) *http.Response {
	t.Helper()
	// From now on no file of the process can grow.
	limit := syscall.Rlimit{Cur: 1, Max: 1}
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRLIMIT64, uintptr(p.Cmd.Process.Pid), syscall.RLIMIT_FSIZE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0); errno != 0 {
		t.Fatal(errno)
	}
	// The store fails once its open files are used up.
	var failed *http.Response
	people := 0
	eventually(t, "the store fails", func() bool {
		updates := make([]graphsim.Update, 500)
		for i := range updates {
			var err error
			user := graphsim.User{Phone: fmt.Sprintf("+49151%08d", people), UserID: fmt.Sprintf("DE.%d", people), ParentUserID: fmt.Sprintf("DE.ENT.%d", people)}
			if updates[i], err = sim.InboundUpdate(shop, user, graphsim.Text("STOP")); err != nil {
				t.Fatal(err)
			}
			people++
		}
		body, err := sim.Payload(updates...)
		if err != nil {
			t.Fatal(err)
		}
		failed, _ = gatewaytest.Do(t, http.MethodPost, p.WebhookURL, string(body), http.Header{"X-Hub-Signature-256": {graphsim.Sign(gatewaytest.AppSecret, body)}})
		return failed.StatusCode != http.StatusOK
	})
	return failed
}
