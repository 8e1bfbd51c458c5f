package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// schema is a JSON Schema, as far as that of the decision log uses it.
type schema map[string]any

func decisionSchema(t testing.TB) schema {
	t.Helper()
	text, err := os.ReadFile("../docs/reference/decision-log.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// faults are what is wrong with a value. Here a property that the schema doesn't
// know is wrong too: it is not documented.
func (s schema) faults(at string, of, v any) (faults []string) {
	rule := of.(map[string]any)
	fault := func(format string, args ...any) { faults = append(faults, at+": "+fmt.Sprintf(format, args...)) }
	if ref, ok := rule["$ref"].(string); ok {
		return s.faults(at, s["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")], v)
	}
	if list, ok := rule["oneOf"].([]any); ok {
		fits := 0
		for _, one := range list {
			if f := s.faults(at, one, v); len(f) == 0 {
				fits++
			} else {
				faults = append(faults, f...)
			}
		}
		if fits == 1 {
			return nil
		}
		return faults
	}
	if want, ok := rule["const"]; ok && fmt.Sprint(want) != fmt.Sprint(v) {
		fault("is %v, want %v", v, want)
	}
	if list, ok := rule["enum"].([]any); ok && !slices.Contains(list, v) {
		fault("is %v, want one of %v", v, list)
	}
	typ, is := rule["type"], ""
	switch v := v.(type) {
	case map[string]any:
		is = "object"
		known, _ := rule["properties"].(map[string]any)
		for name, value := range v {
			if known[name] == nil {
				fault("has %q, which the schema doesn't know", name)
				continue
			}
			faults = append(faults, s.faults(at+"."+name, known[name], value)...)
		}
		required, _ := rule["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				fault("lacks %v", name)
			}
		}
	case []any:
		is = "array"
		for i, element := range v {
			faults = append(faults, s.faults(fmt.Sprint(at, "[", i, "]"), rule["items"], element)...)
		}
	case string:
		is = "string"
		if p, ok := rule["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(v) {
			fault("%q doesn't match %s", v, p)
		}
		if rule["format"] == "date-time" {
			if _, err := time.Parse(time.RFC3339, v); err != nil {
				fault("%v", err)
			}
		}
	case bool:
		is = "boolean"
	case float64:
		is = "integer"
	}
	if typ != nil && typ != is {
		fault("is %s, want %v", is, typ)
	}
	return faults
}

// decisionLines are the lines of a decision log, each checked.
func decisionLines(t testing.TB, file string) (lines []map[string]any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := decisionSchema(t)
	for line := range strings.Lines(string(text)) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		for _, fault := range s.faults("", map[string]any(s), v) {
			t.Errorf("%s\n%s", fault, line)
		}
		lines = append(lines, v)
	}
	return lines
}

// TestDecisionLog: every decision is a line as the schema says, also across a
// reload, and what became of what left is another; nobody is named.
func TestDecisionLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "decisions.log")
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\nbusiness " + support + " {\nmode monitor\n}\nlog_contacts pseudonym\ndecision_log file " + file}})
	var want []string
	post := func(path, body, expected string) {
		t.Helper()
		resp, _ := w.Post(t, path, body)
		want = append(want, "decision "+resp.Header.Get("X-Waguard-Id")+" "+expected)
	}
	post(messages, textBody, "refuse WINDOW_CLOSED enforce")
	post(messages, textBody[:20], "refuse UNREADABLE enforce")
	post(messages, `{"messaging_product":"whatsapp","to":"+4915112345678"`+templateBody("sale")+`}`, "refuse NO_CONSENT enforce")
	if err := w.Load(); err != nil {
		t.Fatal(err)
	}
	ana.writes("Hello")(t, w)
	post(messages, textBody, "allow WINDOW_OPEN enforce")
	want = append(want, "outcome accepted")
	post("/v25.0/"+support+"/messages", textBody, "monitor WINDOW_CLOSED monitor")
	want = append(want, "outcome accepted")
	var got []string
	eventually(t, "all lines are there", func() bool {
		got = nil
		for _, l := range decisionLines(t, file) {
			if l["kind"] == "outcome" {
				got = append(got, fmt.Sprint("outcome ", l["outcome"]))
			} else {
				got = append(got, fmt.Sprint("decision ", l["id"], " ", l["decision"], " ", l["rule"], " ", l["mode"]))
			}
		}
		return len(got) >= len(want)
	})
	if !slices.Equal(got, want) {
		t.Errorf("the lines are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	last := w.newest(t)
	lines := decisionLines(t, file)
	if l := lines[len(lines)-2]; l["contact"] != last.Contact || l["sender"] != last.Sender {
		t.Errorf("the line %v is not of %+v", l, last)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range w.secrets {
		if strings.Contains(string(text), secret) {
			t.Errorf("the decision log has %q in it", secret)
		}
	}
}

func init() { caddy.RegisterModule(fullWriter{}) }

// fullWriter is a writer of logs that has no room for anything. In a Caddyfile it is
// `full`.
type fullWriter struct{}

func (fullWriter) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.logging.writers.full", New: func() caddy.Module { return new(fullWriter) }}
}
func (*fullWriter) UnmarshalCaddyfile(*caddyfile.Dispenser) error { return nil }
func (fullWriter) String() string                                 { return "full" }
func (fullWriter) WriterKey() string                              { return "full" }
func (w fullWriter) OpenWriter() (io.WriteCloser, error)          { return w, nil }
func (fullWriter) Write([]byte) (int, error)                      { return 0, syscall.ENOSPC }
func (fullWriter) Close() error                                   { return nil }

// TestDecisionLogFails: a decision log that can't be opened keeps the configuration
// from loading, and says why; one whose disk is full costs lines and no sends.
func TestDecisionLogFails(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\ndecision_log full"}})
	ana.writes("Hello")(t, w)
	const series = `caddy_whatsapp_decision_log_lines_total{result="lost"}`
	before := metrics(t, w.Gateway)[series]
	for range 3 {
		if resp, body := w.Post(t, messages, textBody); resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", resp.Status, body)
		}
	}
	eventually(t, "the lost lines are counted", func() bool { return metrics(t, w.Gateway)[series] == before+6 })
	if lines := w.logLines(t, "whatsapp", "lines of the decision log are lost; sends go on, and the ledger has their decisions"); len(lines) != 1 || lines[0]["level"] != "error" {
		t.Errorf("the log says %v", lines)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.WhatsApp = inGermany + "\ndecision_log file " + filepath.Join(file, "decisions.log")
	if err := w.Load(); err == nil || !strings.Contains(err.Error(), "decision_log: opening "+file) {
		t.Errorf("a decision log that can't be opened: %v", err)
	}
	if resp, body := w.Post(t, messages, textBody); resp.StatusCode != http.StatusOK {
		t.Errorf("after the reload that failed: %s %s", resp.Status, body)
	}
}
