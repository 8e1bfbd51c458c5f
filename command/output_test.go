package command

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// printedAs is what show prints of rows in a format.
func printedAs[T any](t *testing.T, format string, how *layout[T], rows []T) (out, errs string) {
	t.Helper()
	var data, rest bytes.Buffer
	if err := show(&call{format: format, out: streamOf(&data), errs: streamOf(&rest)}, how, rows, nil); err != nil {
		t.Fatal(err)
	}
	return data.String(), rest.String()
}

// TestOneSchema: CSV has a column for each field that JSON has, those of objects in
// objects under the names of both, and the same values.
func TestOneSchema(t *testing.T) {
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	line := &adminapi.Line{
		Time: at, Decision: "allow", Rule: "WINDOW_OPEN", Reason: `he said "hi", twice`, Contact: "42ac995b5fe8948ef47041c7e7f3d3d7", Category: policy.CategoryService,
		Sender: "=cmd()", Outcome: adminapi.Outcome{State: store.Accepted, Time: at, HTTPStatus: 200}, Delivery: adminapi.Delivery{Status: policy.StatusRead, Time: at, Pricing: &policy.Pricing{Category: "service"}},
	}
	text, _ := printedAs(t, formatCSV, &sends, []*adminapi.Line{line, {Time: at}})
	table, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(table) != 3 {
		t.Fatalf("%v in\n%s", err, text)
	}
	cells := make(map[string]string)
	for i, name := range table[0] {
		cells[name] = table[1][i]
	}
	for name, want := range map[string]string{
		"time": "2026-11-02T09:00:00Z", "reason": line.Reason, "contact": line.Contact, "outcome_state": "accepted", "outcome_time": "2026-11-02T09:00:00Z",
		"outcome_http_status": "200", "outcome_error_code": "", "delivery_pricing_category": "service", "delivery_pricing_billable": "false", "sender": "'=cmd()",
	} {
		if cells[name] != want {
			t.Errorf("the cell %s is %q, want %q", name, cells[name], want)
		}
	}
	asJSON, _ := printedAs(t, formatJSON, &sends, []*adminapi.Line{line})
	var object map[string]any
	if err := json.Unmarshal([]byte(asJSON), &object); err != nil {
		t.Fatal(err)
	}
	for _, name := range keysOf("", object) {
		if !slices.Contains(table[0], name) {
			t.Errorf("CSV has no column %s; it has %v", name, table[0])
		}
	}
	for row, list := range map[string]string{
		"none":    firstLine(printedAs(t, formatCSV, &sends, nil)),
		"report":  firstLine(printedAs(t, formatCSV, reportLayout(billing.ByDefault), []billing.Row{})),
		"history": firstLine(printedAs(t, formatCSV, &history, nil)),
	} {
		if !strings.Contains(list, ",") {
			t.Errorf("%s: without rows there is %q", row, list)
		}
	}
}

func firstLine(out, _ string) string { line, _, _ := strings.Cut(out, "\n"); return line }

func keysOf(under string, object map[string]any) (keys []string) {
	for key, v := range object {
		if inner, ok := v.(map[string]any); ok {
			keys = append(keys, keysOf(under+key+"_", inner)...)
			continue
		}
		keys = append(keys, under+key)
	}
	return keys
}

// TestOnlyDataOnStandardOutput: what is said beside the data goes to standard error,
// and to no program.
func TestOnlyDataOnStandardOutput(t *testing.T) {
	for format, want := range map[string]string{formatTable: "No sends.\n", formatJSON: "", formatCSV: ""} {
		out, errs := printedAs(t, format, &sends, nil)
		if errs != want || strings.Contains(out, "No sends") {
			t.Errorf("%s: printed %q and said %q", format, out, errs)
		}
	}
}

// TestColumnsAlign: columns stand below one another in every script.
func TestColumnsAlign(t *testing.T) {
	how := layout[[]string]{titles: []string{"NAME", "COUNT"}, cells: func(r []string) []string { return r }}
	out, _ := printedAs(t, formatTable, &how, [][]string{{"Fern & Fig", "1"}, {"花屋さん", "2"}, {"🌱 Blumen", "3"}, {"Café", "4"}, {"", "5"}})
	const want = "NAME        COUNT\nFern & Fig  1\n花屋さん    2\n🌱 Blumen   3\nCafé        4\n-           5\n"
	if out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

// TestEveryFlagExplainsItself: every command has a sentence, examples that name it,
// and flags with what they are for.
func TestEveryFlagExplainsItself(t *testing.T) {
	for _, cmd := range own(Root()) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s says of itself %q", cmd.CommandPath(), cmd.Short)
		}
		if !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("%s has the examples %q", cmd.CommandPath(), cmd.Example)
		}
	}
}

// own are the commands that are not Caddy's.
func own(root *cobra.Command) (list []*cobra.Command) {
	for _, cmd := range root.Commands() {
		if cmd.Hidden || cmd.GroupID != groupGateway && cmd.Name() != "version" && cmd.Name() != "manpage" || cmd.Name() == "demo" {
			continue
		}
		list = append(list, cmd)
		list = append(list, cmd.Commands()...)
	}
	return list
}

// TestHelpIsOurs: help names waguard's commands, leads to waguard's documentation,
// and lists nothing that can't work here.
func TestHelpIsOurs(t *testing.T) {
	for _, words := range [][]string{{"--help"}, {"run", "--help"}, {"reload", "--help"}, {"ledger", "--help"}, {"help", "validate"}} {
		out, errs, code := waguard(t, words...)
		if code != 0 || errs != "" || !strings.Contains(out, documentation) || strings.Contains(out, "caddyserver.com/docs/command-line") {
			t.Errorf("%v: %d\n%s%s", words, code, out, errs)
		}
		for _, not := range []string{"caddy run", "caddy reload", "upgrade", "add-package", "remove-package"} {
			if strings.Contains(out, not) {
				t.Errorf("%v speaks of %q:\n%s", words, not, out)
			}
		}
	}
	dir := t.TempDir()
	if _, errs, code := waguard(t, "manpage", "--directory", dir); code != 0 {
		t.Errorf("the manual: %s", errs)
	}
	for page, want := range map[string]string{"waguard-ledger.8": "--from TIME", "waguard.8": "waguard manual", "waguard-run.8": "waguard run"} {
		text, err := os.ReadFile(filepath.Join(dir, page))
		if err != nil || !strings.Contains(strings.ReplaceAll(string(text), `\-`, "-"), want) || strings.Contains(string(text), "caddy run") {
			t.Errorf("%s has no %q, or another's commands: %v\n%s", page, want, err, text)
		}
	}
	out, _, code := waguard(t, "--version")
	if code != 0 || !strings.HasPrefix(out, "waguard ") || !strings.Contains(out, ", Caddy ") {
		t.Errorf("the version is %q", out)
	}
	var build map[string]string
	if out, _, _ := waguard(t, "version", "--json"); json.Unmarshal([]byte(out), &build) != nil || build["version"] == "" || build["go"] == "" {
		t.Errorf("the version is %q", out)
	}
}

// TestCompletion: the shell completes commands, flags, closed lists, and the numbers
// of a gateway that runs.
func TestCompletion(t *testing.T) {
	const shop = "104455667788"
	g := gatewaytest.Start(t, gatewaytest.Options{Upstream: "http://" + gatewaytest.FreeAddr(t), WhatsApp: "business " + shop + " {\nname \"Example Shop\"\n}"})
	g.Post(t, "/v25.0/"+shop+"/messages", `{"messaging_product":"whatsapp","to":"+4915112345678","type":"text","text":{"body":"Hello"}}`)
	for words, want := range map[string]string{
		"vio":                                          "violations",
		"consent opt":                                  "opt-in opt-out",
		"violations --gro":                             "--group-by",
		"violations --rule WINDOW":                     "WINDOW_CLOSED WINDOW_UNKNOWN WINDOW_OPEN",
		"violations --group-by ":                       "rule sender business template day",
		"ledger --outcome re":                          "refused reserved rejected",
		"ledger --category authen":                     "authentication authentication_international",
		"consent opt-in --scope ":                      "marketing transactional authentication all",
		"consent opt-in --source web":                  "website",
		"report --output ":                             "table json csv html",
		"events --severity ":                           "info warning critical",
		"report --address " + g.Admin + " --business ": shop,
		"report --address " + gatewaytest.FreeAddr(t) + " --business ": "",
	} {
		out, _, _ := waguard(t, append([]string{cobra.ShellCompNoDescRequestCmd}, strings.Split(words, " ")...)...)
		typed, got := words[strings.LastIndex(words, " ")+1:], []string(nil)
		for line := range strings.Lines(out) {
			// A shell leaves out what doesn't begin so.
			if line = strings.TrimSpace(line); line != "" && line[0] != ':' && strings.HasPrefix(line, typed) {
				got = append(got, line)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(strings.Fields(want)) {
			t.Errorf("%q is completed by %v, want %s", words, got, want)
		}
	}
}
