package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestStoreFailsInMonitorMode: on a store that takes no records, such as on a full
// disk, sends in monitor mode pass. No line of the log says anything else, and there
// are a few with a count, not one for each send.
func TestStoreFailsInMonitorMode(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{Store: "faulty", LogLevel: "PANIC", WhatsApp: "business * {\nmode monitor\n}"}})
	ana.writes("Hello")(t, w)
	defer func() { faults.reserve.Store(false); faults.facts.Store(false); faults.apply.Store(false) }()
	const sends = 40
	send := func(message string) {
		t.Helper()
		for range sends {
			if resp, body := w.Post(t, messages, textBody); resp.StatusCode != 200 {
				t.Fatalf("a send in monitor mode: %s %s", resp.Status, body)
			}
		}
		if lines := w.logLines(t, "http.handlers.whatsapp_guard", message); len(lines) != 3 {
			t.Errorf("the log says %d times %q, want 3", len(lines), message)
		}
		w.Clock.Advance(time.Minute)
		w.Post(t, messages, textBody)
		lines := w.logLines(t, "http.handlers.whatsapp_guard", message)
		if more := lines[len(lines)-1]["more"]; len(lines) != 4 || fmt.Sprint(more) != fmt.Sprint(sends-3) {
			t.Errorf("a minute later the log says %d times %q, the last with %v more, want 4 with %d", len(lines), message, more, sends-3)
		}
	}
	faults.reserve.Store(true)
	send("sends could not be recorded; they pass, since their business is in monitor mode")
	faults.reserve.Store(false)
	faults.facts.Store(true)
	send("the store can't answer: passing sends unjudged and unrecorded, since their business is in monitor mode")
	for _, line := range w.logLines(t, "http.handlers.whatsapp_guard", "") {
		if text := fmt.Sprint(line["msg"]); strings.Contains(text, "refus") {
			t.Errorf("the log says %q of sends that pass", text)
		}
	}
}

// TestUnrecordedRefusal: a refusal that the store can't take holds, and says that no
// list has it.
func TestUnrecordedRefusal(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{Store: "faulty", LogLevel: "PANIC"}})
	ana.writes("Hello")(t, w)
	w.Post(t, messages, textBody) // Meta has accepted the token
	w.Clock.Advance(25 * time.Hour)
	defer faults.reserve.Store(false)
	for _, faulty := range []bool{false, true} {
		faults.reserve.Store(faulty)
		resp, body := w.Post(t, messages, textBody)
		if r := decodeRefusal(t, body); resp.StatusCode != 400 || r.Error.Waguard.Rule != "WINDOW_CLOSED" || r.Error.Waguard.Unrecorded != faulty {
			t.Errorf("the store takes nothing: %v; answered %s %s", faulty, resp.Status, body)
		}
	}
}
