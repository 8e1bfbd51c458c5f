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
	o, err := parseFlags([]string{"-connections", "4", "-contacts", "2500", "-rounds", "1", "-seconds", "0.2", "-scenario", "all", "-dir", t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := measure(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Scenarios) != len(scenarios) {
		t.Fatalf("%d scenarios were measured, want %d", len(r.Scenarios), len(scenarios))
	}
	for _, s := range r.Scenarios {
		for side, rounds := range map[string][]round{"plain": s.Plain, "gateway": s.Gateway} {
			if len(rounds) != 2 || rounds[1].Requests == 0 || rounds[1].PerSecond <= 0 || rounds[1].P99 < rounds[1].P50 {
				t.Errorf("%s, %s: rounds are %+v", s.Name, side, rounds)
			}
		}
		if s.ratio(perSecond).Median <= 0 {
			t.Errorf("%s: ratio is %+v", s.Name, s.ratio(perSecond))
		}
	}
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
	if !json.Valid([]byte(asJSON.String())) {
		t.Errorf("not JSON:\n%s", &asJSON)
	}
}

// Every kind of storm comes, and sends are answered meanwhile. How long they take
// says nothing in a test: `go run ./bench storm -most 3` does.
func TestStorms(t *testing.T) {
	o, err := parseStormFlags([]string{"-contacts", "100", "-rounds", "1", "-seconds", "0.2", "-dir", t.TempDir()})
	if err != nil {
		t.Fatal(err)
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

func TestFlagsSayWhatIsWrong(t *testing.T) {
	for _, args := range [][]string{{"-scenario", "nonsense"}, {"-connections", "0"}, {"-contacts", "0"}, {"-seconds", "0"}, {"-delay", "-1s"}, {"more"}} {
		if _, err := parseFlags(args); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
