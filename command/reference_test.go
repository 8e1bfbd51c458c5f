package command

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/evidence"
	"github.com/waguard/waguard/internal/version"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/transfer"
)

// rows are what commands print a row of.
var rows = map[string]any{
	"waguard violations": adminapi.Line{}, "waguard ledger": adminapi.Line{}, "waguard ledger rebuild": store.Rebuilt{}, "waguard ledger unseen": adminapi.UnseenRow{}, "waguard events": adminapi.EventLine{}, "waguard report": billing.Row{}, "waguard reconcile": reconciledRow{}, "waguard score": adminapi.Score{}, "waguard score list": adminapi.ScoredSend{},
	"waguard templates": adminapi.Template{}, "waguard templates sync": adminapi.SyncedAccount{}, "waguard numbers": adminapi.Number{}, "waguard link": adminapi.Link{}, "waguard doctor": adminapi.Finding{},
	"waguard consent history": adminapi.ConsentRecord{}, "waguard store check": store.CheckReport{}, "waguard store copy": transfer.Copied{}, "waguard audit verify": audit.Report{}, "waguard backup drill": drillReport{}, "waguard version": version.Build{},
	"waguard templates accept": adminapi.Template{}, "waguard campaign on": adminapi.Campaign{}, "waguard campaign off": adminapi.Campaign{}, "waguard campaign status": adminapi.Campaign{}, "waguard campaign cost": campaignRow{}, "waguard rates list": cardRow{}, "waguard rates show": rateRow{}, "waguard rates check": rateChange{}, "waguard budget list": adminapi.Budget{}, "waguard budget rebuild": adminapi.Budget{}, "waguard budget volumes": adminapi.Volume{}, "waguard templates cost": templateCostRow{},
	"waguard consent get": adminapi.Consent{}, "waguard consent opt-in": adminapi.Consent{}, "waguard consent opt-out": adminapi.Consent{}, "waguard consent ask": adminapi.Consent{},
	"waguard consent review": adminapi.Review{}, "waguard why": adminapi.Why{}, "waguard consent import": importTally{}, "waguard consent confirm": adminapi.Answered{},
	"waguard consent list": adminapi.ConsentRecord{}, "waguard consent key add": adminapi.Key{}, "waguard consent key list": adminapi.Key{}, "waguard consent key revoke": adminapi.Key{},
	"waguard consent pack verify": evidence.PackReport{}, "waguard policy test": adminapi.PolicyTest{}, "waguard policy shadow": adminapi.Shadow{},
	"waguard consent new-person": adminapi.Consent{}, "waguard consent undo-new-person": adminapi.Consent{},
	"waguard windows": adminapi.Window{}, "waguard notify list": adminapi.Endpoint{}, "waguard notify test": adminapi.EndpointTested{}, "waguard notify dead": adminapi.DeadEvent{}, "waguard notify replay": adminapi.Replayed{}, "waguard notify on": adminapi.Endpoint{},
	"waguard consent erase": adminapi.Erased{}, "waguard consent erasures list": adminapi.ErasureNote{},
}

// inMarkdown writes a text into a cell of a table.
var inMarkdown = strings.NewReplacer("|", "\\|", "<", "&lt;")

// common are flags that the page explains once for all commands.
var common = []string{"address", "config", "adapter", "output", "json", "help"}

const referencePage = "../docs/reference/commands.md"

// Where the part of the page begins and ends that is written from the code.
const (
	referenceBegin = "<!-- Written from the code by: go test ./command -run TestReference -update -->\n"
	referenceEnd   = "<!-- The end of what is written from the code -->\n"
)

// TestReference: the reference has every command and every flag, with what a row of
// it is made of.
func TestReference(t *testing.T) {
	raw, err := os.ReadFile(referencePage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	before, rest, begins := strings.Cut(page, referenceBegin)
	_, after, ends := strings.Cut(rest, referenceEnd)
	if !begins || !ends {
		t.Fatalf("%s has no part that is written from the code", referencePage)
	}
	var b strings.Builder
	for _, cmd := range own(Root()) {
		if cmd.HasSubCommands() && cmd.Annotations[doesItself] == "" {
			continue // it does nothing by itself
		}
		describe(t, &b, cmd)
	}
	want := before + referenceBegin + b.String() + "\n" + referenceEnd + after
	switch {
	case *update && page != want:
		if err := os.WriteFile(referencePage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	case page != want:
		t.Errorf("%s is not as the code is: run this with -update, and read the difference", referencePage)
	}
	for _, name := range common[:5] {
		if !strings.Contains(before, "`--"+name) {
			t.Errorf("the page doesn't explain --%s", name)
		}
	}
	for code := exitFailed; code <= exitFound; code++ {
		if !strings.Contains(before, fmt.Sprintf("\n| %d |", code)) {
			t.Errorf("the page doesn't explain the exit code %d", code)
		}
	}
	if !strings.Contains(before, "`"+adminVariable+"`") || !strings.Contains(before, "`NO_COLOR`") {
		t.Error("the page doesn't explain the environment")
	}
}

// describe is a command as the reference has it.
func describe(t *testing.T, b *strings.Builder, cmd *cobra.Command) {
	t.Helper()
	fmt.Fprintf(b, "\n### %s\n\n%s.\n", cmd.CommandPath(), cmd.Short)
	fmt.Fprintf(b, "\n    %s\n", strings.ReplaceAll(strings.TrimSpace(cmd.Example), "\n  ", "\n    "))
	table := false
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		for _, name := range common {
			if f.Name == name {
				return
			}
		}
		if !table {
			b.WriteString("\n| Flag | |\n|---|---|\n")
			table = true
		}
		value, usage := pflag.UnquoteUsage(f)
		if f.Usage == "" {
			t.Errorf("%s says nothing of --%s", cmd.CommandPath(), f.Name)
		}
		name := "`--" + f.Name
		if value != "" {
			name += " <" + value + ">"
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.Name != "actor" {
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(b, "| %s` | %s |\n", name, inMarkdown.Replace(usage))
	})
	if row, ok := rows[cmd.CommandPath()]; ok {
		fmt.Fprintf(b, "\nFields of a row: %s.\n", strings.Join(fields(reflect.TypeOf(row), ""), ", "))
	} else if cmd.Flags().Lookup("output") != nil {
		t.Errorf("of what %s prints a row is not known here", cmd.CommandPath())
	}
}

// fields are those of a row, with a dot before those of an object in it.
func fields(typ reflect.Type, under string) (list []string) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "-" || !f.IsExported() {
			continue
		}
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if _, cell := cellOf(reflect.Zero(inner)); inner.Kind() == reflect.Struct && !cell {
			if key = under + key; key != under {
				key += "."
			}
			list = append(list, fields(inner, key)...)
			continue
		}
		list = append(list, "`"+under+key+"`")
	}
	return list
}
