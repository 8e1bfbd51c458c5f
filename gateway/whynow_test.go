package gateway

import (
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
)

// TestPassesNow: a send of the ledger is decided again by what is known now, of the same
// person, whose number nobody keeps.
func TestPassesNow(t *testing.T) {
	w := newWorld(t)
	refused := w.handle(t, w.request(t, shop, text(ana, "hi")))
	id := refused.Sends[0].Entry.ID.String()
	now, err := w.PassesNow(t.Context(), id)
	if err != nil || now.Decision.Verdict != policy.Refuse || now.Decision.Rule != policy.RuleWindowClosed {
		t.Fatalf("%v, %+v", err, now)
	}
	w.advance(time.Hour)
	w.writes(t, ana)
	if now, err = w.PassesNow(t.Context(), id); err != nil || now.Decision.Verdict != policy.Allow || now.Decision.Rule != policy.RuleWindowOpen {
		t.Errorf("after the person wrote: %v, %+v", err, now.Decision)
	}
	w.advance(25 * time.Hour)
	if now, err = w.PassesNow(t.Context(), id); err != nil || now.Decision.Rule != policy.RuleWindowClosed {
		t.Errorf("a day later: %v, %+v", err, now.Decision)
	}
	w.Businesses.Listed[shop].Monitor = true
	if now, err = w.PassesNow(t.Context(), id); err != nil || !now.Monitored {
		t.Errorf("in monitor mode: %v, %+v", err, now)
	}
	for _, wrong := range []string{"", "x", "01a1f7f8-3000-7000-b758-079c454eca00"} {
		if _, err := w.PassesNow(t.Context(), wrong); err == nil {
			t.Errorf("%q is answered", wrong)
		}
	}
	entries := w.ledger(t)
	if len(entries) != 1 {
		t.Errorf("asking leaves %d entries", len(entries))
	}
}
