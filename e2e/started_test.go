package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestStartIsTold: the log says what started, and what is missing with what follows
// from it; a reload is one shorter line.
func TestStartIsTold(t *testing.T) {
	_, p := serving(t)
	p.Post(t, messages, textBody)
	p.signal(t, os.Interrupt)
	p.Env = append(p.Env[:2:2], p.Env[4:]...) // the gateway's secrets are gone
	p.start(t)
	if out, errs, code := p.do(t, "reload", "--config", p.File, "--adapter", "caddyfile", "--address", p.Admin, "--force"); code != 0 {
		t.Fatalf("%s%s", out, errs)
	}
	var told, again map[string]any
	for line := range strings.Lines(p.log()) {
		var v map[string]any
		if json.Unmarshal([]byte(line), &v) == nil && v["logger"] == "whatsapp" {
			switch v["msg"] {
			case "waguard started":
				told = v
			case "waguard has a new configuration":
				again = v
			}
		}
	}
	for name, want := range map[string]any{"people": 1.0, "people_estimated": false, "ledger_entries": 1.0, "store": p.Dir} {
		if told[name] != want {
			t.Errorf("%s is %v, want %v, in %v", name, told[name], want, told)
		}
	}
	for _, name := range []string{"version", "bytes", "newest_entry", "next"} {
		if told[name] == nil || told[name] == "" {
			t.Errorf("it doesn't tell %s: %v", name, told)
		}
	}
	if missing, _ := told["missing"].([]any); len(missing) != 1 || !strings.Contains(missing[0].(string), "WINDOW_CLOSED") {
		t.Errorf("what is missing is %v", told["missing"])
	}
	if again == nil || again["people"] != nil {
		t.Errorf("a reload tells %v", again)
	}
}
