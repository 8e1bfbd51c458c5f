package caddymodule

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
)

// described are the metrics there are, by name: their type, and their labels joined
// by commas.
func described(t *testing.T) map[string][2]string {
	t.Helper()
	g := &gateway.Gateway{Businesses: gateway.Businesses{Others: &gateway.Business{Currency: "USD", Policy: policy.Policy{Rules: []policy.CustomRule{{ID: "mine"}}}}}}
	g.Tagging.Declared = map[string]*gateway.Tag{"team": {Values: []string{"crm"}}}
	g.Endpoints = []*gateway.Teller{{Name: "crm"}}
	g.Businesses.Others.Shadow = new(gateway.Shadow)
	newMetrics(g).known()
	registry := prometheus.NewRegistry()
	if err := registerMetrics(registry); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	types := make(map[string]string)
	for _, f := range families {
		types[f.GetName()] = strings.ToLower(f.GetType().String())
	}
	all := make(map[string][2]string)
	desc := regexp.MustCompile(`fqName: "([^"]*)".*constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)
	for _, c := range collectors {
		descs := make(chan *prometheus.Desc, 10)
		c.Describe(descs)
		close(descs)
		for d := range descs {
			m := desc.FindStringSubmatch(d.String())
			if m == nil {
				t.Fatalf("a description of another shape: %s", d)
			}
			labels := regexp.MustCompile(`="[^"]*"`).ReplaceAllString(m[2]+m[3], "")
			sorted := strings.Split(labels, ",")
			slices.Sort(sorted)
			typ := types[m[1]]
			if typ == "" { // nobody serves, and it has nothing to say
				typ = "gauge"
			}
			all[m[1]] = [2]string{typ, strings.Join(sorted, ",")}
		}
	}
	return all
}

// Every metric must be explained, with its type and labels, and no other.
func TestReferenceHasEveryMetric(t *testing.T) {
	all := described(t)
	row := regexp.MustCompile("(?m)^\\| `(caddy_whatsapp_[a-z_]+)` \\| ([a-z]+) \\| ([^|]*) \\|")
	for _, m := range row.FindAllStringSubmatch(page(t, "metrics"), -1) {
		is, ok := all[m[1]]
		labels := strings.Split(strings.ReplaceAll(strings.ReplaceAll(m[3], "`", ""), " ", ""), ",")
		slices.Sort(labels)
		says := [2]string{m[2], strings.Join(labels, ",")}
		if !ok || is != says {
			t.Errorf("the reference says of %s %q, it is %q", m[1], says, is)
		}
		delete(all, m[1])
	}
	for name := range all {
		t.Errorf("the reference lacks %s", name)
	}
}

// A rule that can be recorded has a series before it is.
func TestRecordedRulesStartAtZero(t *testing.T) {
	known := newMetrics(&gateway.Gateway{Businesses: gateway.Businesses{Others: &gateway.Business{Monitor: true}}}).known()
	for _, l := range []sendLabels{
		{"allow", "WINDOW_OPEN", "service"},
		{"refuse", "WINDOW_CLOSED", "service"},
		{"monitor", "WINDOW_CLOSED", "service"},
		{"refuse", "UNREADABLE", "unknown"},
		{"allow", "EXCEPTION_ESSENTIAL", "utility"},
		{"refuse", "BATCH_REFUSED", "marketing"},
	} {
		if known.sends[l] == nil {
			t.Errorf("%v has no series", l)
		}
	}
	if n := len(known.sends); n > 400 {
		t.Errorf("%d series are too many", n)
	}
	if n := len(newMetrics(&gateway.Gateway{Businesses: gateway.Businesses{Others: new(gateway.Business)}}).known().sends); n > 250 {
		t.Errorf("%d series are too many without monitor mode", n)
	}
}
