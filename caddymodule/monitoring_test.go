package caddymodule

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// monitoring is a file for those who watch the gateway.
func monitoring(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../deploy/monitoring/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Rules and dashboard ask for metrics there are; a name that is misspelt would look
// like silence. The dashboard shows all of them.
func TestMonitoringKnowsTheMetrics(t *testing.T) {
	all := described(t)
	name := regexp.MustCompile(`caddy_whatsapp_[a-z_]+`)
	for _, file := range []string{"alerts.yaml", "alerts_test.yaml", "dashboard.json"} {
		for _, found := range name.FindAllString(monitoring(t, file), -1) {
			base := found
			if _, ok := all[base]; !ok {
				base = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(found, "_bucket"), "_count"), "_sum")
			}
			if is, ok := all[base]; !ok || base != found && is[0] != "histogram" {
				t.Errorf("%s asks for %s, which there is not", file, found)
			}
		}
	}
	shown := monitoring(t, "dashboard.json")
	for metric := range all {
		if !strings.Contains(shown, metric) {
			t.Errorf("the dashboard doesn't show %s", metric)
		}
	}
	if !json.Valid([]byte(shown)) {
		t.Error("the dashboard is no JSON")
	}
}

// Every alert says what is wrong and what to look at, and somebody has tried it.
func TestAlertsAreWhole(t *testing.T) {
	rules, tried := monitoring(t, "alerts.yaml"), monitoring(t, "alerts_test.yaml")
	page, err := os.ReadFile("../docs/how-to/page-at-3am.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := make(map[string]bool)
	for _, m := range regexp.MustCompile("(?m)^## (.+)$").FindAllStringSubmatch(string(page), -1) {
		sections[strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")] = true
	}
	for _, m := range regexp.MustCompile(`page-at-3am\.md#([a-z-]+)`).FindAllStringSubmatch(rules, -1) {
		if !sections[m[1]] {
			t.Errorf("the runbook has no section %q", m[1])
		}
	}
	alerts := strings.Split(rules, "- alert: ")[1:]
	if len(alerts) < 20 {
		t.Fatalf("there are %d alerts", len(alerts))
	}
	for _, alert := range alerts {
		name, _, _ := strings.Cut(alert, "\n")
		for _, part := range []string{"severity: ", "summary: ", "description: ", "runbook_url: https://github.com/waguard/waguard/blob/main/docs/how-to/page-at-3am.md#"} {
			if strings.Count(alert, part) != 1 {
				t.Errorf("%s has not one %q", name, part)
			}
		}
		if !regexp.MustCompile(`alertname: ` + name + `\n\s+exp_alerts:`).MatchString(tried) {
			t.Errorf("nobody has tried what makes %s fire", name)
		}
	}
}
