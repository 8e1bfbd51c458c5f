package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestMain lets the test binary be its own child processes, like the command.
func TestMain(m *testing.M) {
	runRole()
	os.Exit(m.Run())
}

// The benchmark runs, every answer is right and the ledger adds up: measure
// fails otherwise. How fast it was says nothing in a test.
func TestMeasure(t *testing.T) {
	for name, args := range map[string][]string{
		"numbers of connections":    {"-connections", "1,32"},
		"overlap, other recipients": {"-ledger", "overlap", "-recipients", "mixed", "-spread", "zipf"},
		"an application":            {"-scenario", "mixed,media", "-app"},
		"TLS, delay":                {"-tls", "-recipients", "plus", "-delay", "1ms"},
		"Caddy's proxy":             {"-path", "proxy", "-scenario", "allowed,batch"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := tryMeasure(t, append(args, "-added")...)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range r.Scenarios {
				for side, rounds := range map[string][]round{"plain": s.Plain, "gateway": s.Gateway} {
					if len(rounds) != 2 || rounds[1].Units == 0 || rounds[1].PerSecond <= 0 || rounds[1].P99 < rounds[1].P50 {
						t.Errorf("%s, %s: rounds are %+v", s.Name, side, rounds)
					}
				}
				if s.ratio(perSecond).Median <= 0 {
					t.Errorf("%s: ratio is %+v", s.Name, s.ratio(perSecond))
				}
			}
			checkResult(t, r)
		})
	}
}

// Every scenario and everything that has an aim is measured, and told of.
func TestSmoke(t *testing.T) {
	var told strings.Builder
	if err := smoke(t.Context(), &told, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for i := range scenarios {
		if !strings.Contains(told.String(), "\n"+scenarios[i].Name+", 4 connections: ") {
			t.Errorf("nothing is told of %s", scenarios[i].Name)
		}
	}
	for _, figure := range []string{
		"allowed send, 32 connections, strict", "allowed send, 128 connections, strict", "allowed send, 32 connections, overlap", "allowed send, 128 connections, overlap",
		"CPU of the gateway per allowed send", "refused send", "added latency at half of saturation, p50", "the same, p99", "one connection, upstream answering after 50 ms",
		"mixed day", "webhook of 1,000 updates", "anonymous memory above plain Caddy", "bytes on disk per contact", "bytes on disk per ledger entry",
		"start to first judged send, clean", "the same after kill -9", "month's report", "violations page",
	} {
		if !strings.Contains(told.String(), "\n| "+figure) {
			t.Errorf("the table has no line for %s:\n%s", figure, &told)
		}
	}
}

// A figure is held against its aim in the right direction.
func TestVerdicts(t *testing.T) {
	for _, tt := range []struct {
		kind            figure
		least, moonshot float64
		value           float64
		want            string
	}{
		{ratioFigure, 1, 1.6, 0.99, "MISSED"},
		{ratioFigure, 1, 1.6, 1, "reached"},
		{ratioFigure, 1, 1.6, 1.6, "moonshot"},
		{lessFigure, 0.9, 0.6, 0.91, "MISSED"},
		{lessFigure, 0.9, 0.6, 0.9, "reached"},
		{latencyFigure, 0.2, 0, -0.1, "moonshot"},
		{bytesFigure, 200, 80, 201, "MISSED"},
	} {
		if got := (aim{Kind: tt.kind, Least: tt.least, Moonshot: tt.moonshot}).verdict(tt.value); got != tt.want {
			t.Errorf("%s of %g, aims %g and %g: %s, want %s", tt.kind, tt.value, tt.least, tt.moonshot, got, tt.want)
		}
	}
}

func tryMeasure(t *testing.T, args ...string) (*result, error) {
	o, err := parseFlags(append(args, "-contacts", "2500", "-rounds", "1", "-seconds", "0.1", "-dir", t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	return measure(t.Context(), o)
}

func checkResult(t *testing.T, r *result) {
	t.Helper()
	var table, asJSON strings.Builder
	if err := r.write(&table, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"machine:", "plain Caddy", "gateway", "ratio gateway / plain Caddy:"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, &table)
		}
	}
	if err := r.write(&asJSON, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"units_per_second"`, `"cpu_ratio"`} {
		if !json.Valid([]byte(asJSON.String())) || !strings.Contains(asJSON.String(), want) {
			t.Errorf("not JSON, or no %s:\n%s", want, &asJSON)
		}
	}
}

// Sends are of the sizes that are said.
func TestSizes(t *testing.T) {
	if text, template := len(textTo(contact(0))), len(templateTo(contact(0))); text != 220 || template != 617 {
		t.Errorf("a text has %d bytes, a template %d; want 220 and 617", text, template)
	}
}

// Every kind of storm comes, and sends are answered meanwhile. How long they take
// says nothing in a test: `go run ./bench storm -most 3` does.
func TestStorms(t *testing.T) {
	o, err := parseStormFlags([]string{"-contacts", "100", "-rounds", "1", "-seconds", "0.2", "-dir", t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for i := range o.storms {
		o.storms[i].connections = min(o.storms[i].connections, 50)
	}
	results, m, err := measureStorms(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(storms) {
		t.Fatalf("%d storms came, want %d", len(results), len(storms))
	}
	for _, s := range results {
		if len(s.quiet[1]) == 0 || len(s.during[1]) == 0 || s.perSecond[1] <= 0 {
			t.Errorf("%s: %d sends in quiet, %d in the storm, of which %g a second were answered", s.Name, len(s.quiet[1]), len(s.during[1]), s.perSecond[1])
		}
	}
	var table strings.Builder
	if err := writeStorms(&table, o, m, results); err != nil {
		t.Error(err)
	}
	for _, s := range storms {
		if !strings.Contains(table.String(), "\n"+s.Name+" ") {
			t.Errorf("the table has no line for %s:\n%s", s.Name, &table)
		}
	}
	o.most = 1e-9
	if err := writeStorms(&table, o, m, results); err == nil {
		t.Error("no ratio is too much")
	}
}

// A soak of some seconds goes through everything, and what was acknowledged is
// there. Whether figures are level takes longer to tell.
func TestSoak(t *testing.T) {
	o, err := parseSoakFlags([]string{"-for", "16s", "-cycle", "4s", "-contacts", "100", "-dir", t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSoak(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := s.run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, s.gateway.lastWords())
	}
	for what, times := range map[string]int{"quiet": 4, "reload": 4, "storm": 4, "failing upstream": 4, "restart by killed": 2, "restart by terminated": 1, "verified": 4} {
		if s.done[what] != times {
			t.Errorf("%s: %d times, want %d", what, s.done[what], times)
		}
	}
	var table strings.Builder
	_ = s.write(&table)
	for _, want := range []string{"RSS without mapped tables", "goroutines", "file handles", "disk per accepted send", "quiet: accepted"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, &table)
		}
	}
}

func TestStormFlagsSayWhatIsWrong(t *testing.T) {
	for _, args := range [][]string{{"-kind", "nonsense"}, {"-connections", "0"}, {"-contacts", "0"}, {"-seconds", "0"}, {"-every", "0s"}, {"-rounds", "0"}, {"more"}} {
		if _, err := parseStormFlags(args); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

func TestScaleFlagsSayWhatIsWrong(t *testing.T) {
	for _, args := range [][]string{{"-contacts", "0"}, {"-entries", "1,x"}, {"-seconds", "0"}, {"-path", "none"}, {"more"}} {
		if _, err := parseScaleFlags(args); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

func TestFlagsSayWhatIsWrong(t *testing.T) {
	for _, args := range [][]string{{"-scenario", "nonsense"}, {"-connections", "1,0"}, {"-contacts", "0"}, {"-seconds", "0"}, {"-delay", "-1s"}, {"-sync", "1h"}, {"-recipients", "words"}, {"-spread", "nonsense"}, {"-ledger", "none"}, {"-path", "none"}, {"more"}} {
		if _, err := parseFlags(args); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
