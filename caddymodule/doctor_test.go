package caddymodule

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// onDisk is a store on a disk with so much room.
type onDisk struct {
	store.Store
	takes store.Measure
}

func (s onDisk) Measure() store.Measure { return s.takes }

// wants checks findings, each as "status words of it".
func wants(t *testing.T, name string, findings []adminapi.Finding, want ...string) {
	t.Helper()
	if len(findings) != len(want) {
		t.Errorf("%s: %+v, want %q", name, findings, want)
		return
	}
	for i, f := range findings {
		status, words, _ := strings.Cut(want[i], " ")
		if string(f.Status) != status || !strings.Contains(f.Finding, words) {
			t.Errorf("%s: %+v, want %q", name, f, want[i])
		}
		if (f.Status == adminapi.CheckOK) != (f.Remedy == "") {
			t.Errorf("%s: %+v: what is wrong has a remedy, and nothing else", name, f)
		}
	}
}

// TestDiskFinding: the doctor tells of a disk that fills up long before sends are
// refused.
func TestDiskFinding(t *testing.T) {
	t.Parallel()
	const needed = 96 << 20
	for name, c := range map[string]struct {
		free, needed uint64
		want         string
	}{
		"plenty": {100 << 30, needed, "ok 102400 MiB are free"}, "low": {900 << 20, needed, "problem 900 MiB"},
		"full": {95 << 20, needed, "problem sends are refused"}, "unknown": {0, 0, "unchecked doesn't say"},
	} {
		wants(t, name, []adminapi.Finding{diskFinding(onDisk{takes: store.Measure{Free: c.free, Needed: c.needed}})}, c.want)
	}
	wants(t, "no files", []adminapi.Finding{diskFinding(nil)}, "unchecked doesn't say")
}

// TestModeFindings: the doctor tells of a store that others can read, and of a
// witness they can change.
func TestModeFindings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dir, witness os.FileMode
		want         []string
	}{
		"own": {0o700, 0o600, []string{"ok alone"}}, "readable": {0o750, 0o644, []string{"problem mode 0750"}},
		"witness": {0o700, 0o664, []string{"problem mode 0664"}}, "both": {0o777, 0o666, []string{"problem reach the store", "problem by which losses are noticed"}},
	} {
		dir := filepath.Join(t.TempDir(), "store")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		witness := dir + ".witness"
		if err := os.WriteFile(witness, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for path, mode := range map[string]os.FileMode{dir: c.dir, witness: c.witness} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		wants(t, name, modeFindings(&BadgerStore{path: dir, options: badgerOptions{witness: witness}}), c.want...)
	}
}

// TestWitnessFinding: the doctor misses a witness, wherever it should be.
func TestWitnessFinding(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := &BadgerStore{path: filepath.Join(dir, "store")}
	wants(t, "missing", []adminapi.Finding{witnessFinding(b)}, "problem would not be noticed")
	if err := os.WriteFile(b.path+".witness", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, "beside the store", []adminapi.Finding{witnessFinding(b)}, "ok store.witness")
	b.options.witness = filepath.Join(dir, "elsewhere")
	wants(t, "elsewhere", []adminapi.Finding{witnessFinding(b)}, "problem elsewhere")
}

// TestWebhookFindings: a number that sends and isn't heard of is a problem, one that
// neither sends nor is heard of may be new.
func TestWebhookFindings(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	minuteAgo, uses := policy.MomentOf(now.Add(-time.Minute)), gateway.Uses{Count: 3}
	heard := gateway.BusinessNumber{PhoneNumberID: "1", Name: "Shop", Mode: gateway.ModeEnforce, LastWebhook: minuteAgo, Sends: uses}
	silent := gateway.BusinessNumber{PhoneNumberID: "2", Mode: gateway.ModeMonitor, LastWebhook: 1, Silent: true, Sends: uses}
	deaf := gateway.BusinessNumber{PhoneNumberID: "3", Mode: gateway.ModeEnforce, Sends: uses}
	fresh := gateway.BusinessNumber{PhoneNumberID: "4", Mode: gateway.ModeEnforce}
	foreign := gateway.BusinessNumber{PhoneNumberID: "5", Mode: gateway.ModeNotServed}
	numbers := func(list ...gateway.BusinessNumber) *gateway.Numbers { return &gateway.Numbers{Numbers: list} }
	wants(t, "heard", webhookFindings(numbers(heard), now), "ok Shop (1), the newest 1m0s ago")
	wants(t, "all", webhookFindings(numbers(heard, silent, deaf, fresh, foreign), now), "problem STOP: 2, 3", "note lately: 4", "ok they come for Shop")
	wants(t, "foreign alone", webhookFindings(numbers(foreign), now), "note no webhook has ever come")
	wants(t, "mode", []adminapi.Finding{modeFinding(numbers(heard, silent)), modeFinding(numbers(heard))}, "note nothing is refused: 2", "ok every number enforces")
	many := make([]gateway.BusinessNumber, 9)
	for i := range many {
		many[i] = gateway.BusinessNumber{PhoneNumberID: fmt.Sprint(i), Mode: gateway.ModeEnforce, Sends: uses}
	}
	wants(t, "many", webhookFindings(numbers(many...), now), "problem 0, 1, 2, 3, 4 and 4 more")
}

// TestTemplateFindings: what is used and can't be judged, or won't be sent, is a
// problem; what nobody uses is none.
func TestTemplateFindings(t *testing.T) {
	t.Parallel()
	template := func(name string, change func(*gateway.CataloguedTemplate)) gateway.CataloguedTemplate {
		c := gateway.CataloguedTemplate{Known: true, Sendable: true}
		c.Ref = policy.TemplateRef{Name: name, Language: "en"}
		c.Category.Value, c.Uses.Count = "marketing", 1
		if change != nil {
			change(&c)
		}
		return c
	}
	paused := func(c *gateway.CataloguedTemplate) { c.Sendable, c.Status.Value = false, "PAUSED" }
	const now = 1_800_000_000_000
	listed := []store.KnownAccount{{WABA: "9", ListedAt: now - 1000}}
	for name, c := range map[string]struct {
		catalogue gateway.Catalogue
		want      []string
	}{
		"fine":       {gateway.Catalogue{Accounts: listed, Templates: []gateway.CataloguedTemplate{template("a", nil)}}, []string{"ok 1 are known"}},
		"none":       {gateway.Catalogue{}, []string{"note nothing is known"}},
		"old list":   {gateway.Catalogue{Accounts: []store.KnownAccount{{WABA: "9", ListedAt: 1}}, Templates: []gateway.CataloguedTemplate{template("a", nil)}}, []string{"note may exist: 9"}},
		"unknown":    {gateway.Catalogue{Accounts: listed, Templates: []gateway.CataloguedTemplate{template("a", func(c *gateway.CataloguedTemplate) { c.Known = false })}}, []string{"problem a/en"}},
		"paused":     {gateway.Catalogue{Accounts: listed, Templates: []gateway.CataloguedTemplate{template("a", paused)}}, []string{"problem a/en (PAUSED)"}},
		"not in use": {gateway.Catalogue{Accounts: listed, Templates: []gateway.CataloguedTemplate{template("a", func(c *gateway.CataloguedTemplate) { paused(c); c.Uses.Count = 0 })}}, []string{"ok 1 are known"}},
		"billed":     {gateway.Catalogue{Accounts: listed, Templates: []gateway.CataloguedTemplate{template("a", func(c *gateway.CataloguedTemplate) { c.Recategorised = "utility" })}}, []string{"note a/en (marketing, told utility)"}},
	} {
		wants(t, name, templateFindings(&c.catalogue, now), c.want...)
	}
}

// TestClockFinding: the doctor compares the clock with WhatsApp's, where enough
// webhooks came.
func TestClockFinding(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		ahead       time.Duration // WhatsApp's clock
		deliveries  int
		kept, known bool // as the system says
		want        string
	}{
		"never":    {0, 0, false, false, "unchecked too few"},
		"kept":     {0, 0, true, true, "ok says that it is kept"},
		"not kept": {0, 0, false, true, "note nothing keeps it"},
		"right":    {-time.Second, 5, false, true, "ok differs"},
		// It may be late, and says nothing.
		"one":    {-time.Hour, 1, false, false, "unchecked too few"},
		"behind": {5 * time.Minute, 1, true, true, "problem 5m0s behind WhatsApp's"},
		"ahead":  {-5 * time.Minute, 5, true, true, "problem 5m0s ahead of WhatsApp's"},
	} {
		g := &gateway.Gateway{Now: func() time.Time { return now }}
		for range c.deliveries {
			g.Clocks.Saw(now, now.Add(c.ahead))
		}
		wants(t, name, []adminapi.Finding{clockFinding(g, func() (bool, bool) { return c.kept, c.known })}, c.want)
	}
}
