package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestCustomRuleStory: rules of the operator's own refuse, warn, fail and are changed by a
// reload, and everybody who asks is told which rule it was.
func TestCustomRuleStory(t *testing.T) {
	const ruled = "refuse CUSTOM_RULE 403/131005 marketing by business"
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy(
		"rule no-mondays refuse `send.category == \"marketing\" && now_local.weekday == 1` \"No offers on Mondays\"",
		"rule reply-instead warn `send.kind == \"template\" && window.open` \"The window is open\"",
		"rule broken refuse `template.name == \"appointment\" && int(template.name) == 1` \"Never told\"",
	)}})
	for _, step := range (steps{ // it begins on a Monday, at nine in Greenwich
		list, ana.optsIn("all"), template(ana, "sale", ruled), template(ana, "parcel_ready", "allow CONSENT utility by business"),
		template(ben, "sale", "refuse NO_CONSENT 403/131005 marketing by business"),
		template(ana, "appointment", "refuse RULE_ERROR 503/131016 utility by business"),
	}) {
		step(t, w)
	}
	resp, body := offer(t, w)
	var told struct {
		Error struct {
			Waguard struct {
				Rule   string `json:"rule"`
				RuleID string `json:"rule_id"`
				Reason string `json:"reason"`
			} `json:"waguard"`
		} `json:"error"`
	}
	if err := json.Unmarshal(body, &told); err != nil {
		t.Fatal(err)
	}
	if g := told.Error.Waguard; resp.Header.Get("X-Waguard-Rule-Id") != "no-mondays" || g.RuleID != "no-mondays" || g.Reason != "No offers on Mondays" {
		t.Errorf("%v %+v", resp.Header, g)
	}
	if l := w.newest(t); l.RuleID != "no-mondays" || l.Reason != "No offers on Mondays" || l.RuleNamed() != "CUSTOM_RULE no-mondays" {
		t.Errorf("the ledger has %+v", l)
	}

	after(24*time.Hour)(t, w)
	template(ana, "sale", "allow CONSENT marketing by business")(t, w)
	ana.writes("Hello")(t, w)
	resp, body = offer(t, w)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("X-Waguard-Warning") != "reply-instead" {
		t.Errorf("%s %v %s", resp.Status, resp.Header, body)
	}
	if l := w.newest(t); len(l.Warnings) != 1 || l.Warnings[0].Rule != "reply-instead" || l.Warnings[0].Reason != "The window is open" {
		t.Errorf("the ledger has %+v", l)
	}
	if lines := w.logLines(t, "http.handlers.whatsapp_guard", "send allowed with a warning"); len(lines) != 1 {
		t.Errorf("the log has %v", lines)
	}
	_, raw := w.AdminCall(t, "/metrics", "")
	metrics := string(raw)
	for _, series := range []string{
		`caddy_whatsapp_custom_rules_total{effect="refuse",rule_id="no-mondays"}`, `caddy_whatsapp_custom_rules_total{effect="warn",rule_id="reply-instead"}`,
		`caddy_whatsapp_custom_rules_total{effect="error",rule_id="broken"}`, `caddy_whatsapp_custom_rules_total{effect="error",rule_id="no-mondays"} 0`,
	} {
		if !strings.Contains(metrics, series) {
			t.Errorf("the metrics lack %s", series)
		}
	}
	// A text of the past is read as it was, whatever the configuration has become.
	w.WhatsApp = withPolicy("rule quite-another refuse `window.open` \"Nothing\"")
	w.reload(t)
	text(ana, "refuse CUSTOM_RULE 403/131005 service by user")(t, w)
	page := pageOf(t, w.Gateway, "violations", adminapi.Selection{Rule: "CUSTOM_RULE"})
	if n := len(page.Entries); n != 3 || page.Entries[0].RuleID != "quite-another" || page.Entries[n-1].Reason != "No offers on Mondays" {
		t.Errorf("%d violations: %+v", n, page.Entries)
	}
	addsUp(t, w.Gateway)
}
