package e2e

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// ours are the metrics of the gateway among all that Caddy has.
func ours(exposition []byte) []byte {
	var out []byte
	for line := range bytes.Lines(exposition) {
		if bytes.Contains(line, []byte("caddy_whatsapp_")) {
			out = append(out, line...)
		}
	}
	return out
}

// metrics are the gateway's metrics, by name and labels as they are written.
func metrics(t testing.TB, g *gatewaytest.Gateway) map[string]float64 {
	t.Helper()
	_, body := g.AdminCall(t, "/metrics", "")
	if path := os.Getenv("WAGUARD_METRICS"); path != "" { // for promtool check metrics
		file := path + "." + rand.Text() // several tests may write it
		if err := errors.Join(os.WriteFile(file, ours(body), 0o600), os.Rename(file, path)); err != nil {
			t.Fatal(err)
		}
	}
	all := make(map[string]float64)
	for line := range strings.Lines(string(body)) {
		if !strings.HasPrefix(line, "caddy_whatsapp_") {
			continue
		}
		series, text, ok := strings.Cut(strings.TrimSpace(line), "} ")
		if ok {
			series += "}"
		} else {
			series, text, _ = strings.Cut(series, " ")
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all[series] = value
	}
	return all
}

// TestMetricsStartAtZero: all there is to count is there before it happens, so that
// an alert sees the first time. What isn't a count says what it is.
func TestMetricsStartAtZero(t *testing.T) {
	_, upstream := newSim(t)
	p := newProcess(t, upstream, t.TempDir())
	p.WhatsApp = "tag team crm\ntag campaign\nbusiness " + shop + " {\nname Shop\n}\nbusiness " + support + " {\nmode monitor\n}"
	p.configure(t, p.text(t))
	p.start(t)
	all := metrics(t, p.Gateway)
	for _, series := range []string{
		`caddy_whatsapp_sends_total{category="service",decision="allow",rule="WINDOW_OPEN"}`,
		`caddy_whatsapp_sends_total{category="service",decision="refuse",rule="WINDOW_CLOSED"}`,
		`caddy_whatsapp_sends_total{category="marketing",decision="monitor",rule="NO_CONSENT"}`,
		`caddy_whatsapp_sends_total{category="unknown",decision="refuse",rule="UNREADABLE"}`,
		`caddy_whatsapp_business_sends_total{business="` + shop + `",decision="refuse"}`,
		`caddy_whatsapp_business_sends_total{business="other",decision="allow"}`,
		`caddy_whatsapp_outcomes_total{business="` + support + `",outcome="not_sent"}`,
		`caddy_whatsapp_outcomes_total{business="other",outcome="unknown"}`,
		`caddy_whatsapp_misses_total{business="` + shop + `",rule="WINDOW_CLOSED"}`,
		`caddy_whatsapp_misses_total{business="other",rule="OPTED_OUT_MARKETING"}`,
		`caddy_whatsapp_meta_refused_total{business="` + support + `",matter="opt_out"}`,
		`caddy_whatsapp_meta_refused_unmatched_total`,
		`caddy_whatsapp_priced_sends_total{business="` + shop + `",price_type="unknown"}`,
		`caddy_whatsapp_estimated_cost_total{business="` + shop + `",category="marketing",currency="USD"}`,
		`caddy_whatsapp_tagged_sends_total{tag="team",value="other"}`,
		`caddy_whatsapp_tagged_estimated_cost_total{currency="USD",tag="team",value="crm"}`,
		`caddy_whatsapp_webhooks_total{result="bad_signature"}`,
		`caddy_whatsapp_account_events_total{severity="critical"}`,
		`caddy_whatsapp_webhook_changes_total{change="OVERRIDE"}`,
		`caddy_whatsapp_store_refused_total{kind="older"}`,
		`caddy_whatsapp_statuses_total{status="failed"}`,
		`caddy_whatsapp_unaccepted_callers_refused_total{rule="CALLER_RATE_LIMITED"}`,
		`caddy_whatsapp_store_failures_total`, `caddy_whatsapp_sent_to_another_total`, `caddy_whatsapp_store_notices`,
		`caddy_whatsapp_sends_in_flight`, `caddy_whatsapp_store_queue`, `caddy_whatsapp_decision_seconds_count`, `caddy_whatsapp_upstream_seconds_count`,
	} {
		if value, ok := all[series]; !ok || value != 0 {
			t.Errorf("%s is %v, there: %v", series, value, ok)
		}
	}
	if all["caddy_whatsapp_ready"] != 1 {
		t.Error("it is not ready")
	}
	for series, value := range all {
		name, _, _ := strings.Cut(series, "{")
		switch name {
		case "caddy_whatsapp_build_info", "caddy_whatsapp_ready":
			if value != 1 {
				t.Errorf("%s is %v", series, value)
			}
		case "caddy_whatsapp_store_bytes", "caddy_whatsapp_store_disk_free_bytes", "caddy_whatsapp_store_disk_needed_bytes":
			if value <= 0 {
				t.Errorf("%s is %v", series, value)
			}
		case "caddy_whatsapp_seconds_since_webhook":
			if fmt.Sprint(value) != "+Inf" {
				t.Errorf("%s is %v, and none ever came", series, value)
			}
		case "caddy_whatsapp_store_sync_changes", "caddy_whatsapp_store_sync_seconds":
			// A start writes what holds from then on.
		default:
			if value != 0 {
				t.Errorf("%s is %v at first", series, value)
			}
		}
	}
}

// TestMetricsCount: what happens is counted once, by the business it happened to.
func TestMetricsCount(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\nbusiness *"}})
	before := metrics(t, w.Gateway)
	w.Post(t, messages, textBody) // refused
	ana.writes("Hello")(t, w)
	w.Post(t, messages, textBody) // accepted
	w.Clock.Advance(90 * time.Second)
	w.Post(t, "/v25.0/"+support+"/messages", textBody) // not in the list
	w.Post(t, messages, textBody[:20])                 // unreadable
	after := metrics(t, w.Gateway)
	for series, want := range map[string]float64{
		`caddy_whatsapp_business_sends_total{business="` + shop + `",decision="refuse"}`:     2,
		`caddy_whatsapp_business_sends_total{business="` + shop + `",decision="allow"}`:      1,
		`caddy_whatsapp_business_sends_total{business="other",decision="refuse"}`:            1,
		`caddy_whatsapp_outcomes_total{business="` + shop + `",outcome="accepted"}`:          1,
		`caddy_whatsapp_outcomes_total{business="` + shop + `",outcome="rejected"}`:          0,
		`caddy_whatsapp_sends_total{category="service",decision="allow",rule="WINDOW_OPEN"}`: 1,
		`caddy_whatsapp_upstream_seconds_count`:                                              1,
		`caddy_whatsapp_sends_in_flight`:                                                     0,
		`caddy_whatsapp_webhooks_total{result="accepted"}`:                                   1,
	} {
		if got := after[series] - before[series]; got != want {
			t.Errorf("%s grew by %v, want %v", series, got, want)
		}
	}
	if age := after[`caddy_whatsapp_seconds_since_webhook{business="`+shop+`"}`]; age < 90 || age > 95 {
		t.Errorf("the newest webhook came %v s ago, want 90", age)
	}
}
