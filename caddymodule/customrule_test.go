package caddymodule

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/policy/rulelang"
)

const customRulesPage = "../docs/reference/custom-rules.md"

// Every field that rules can look at is in the documentation, with its type, and no other.
func TestCustomRuleFields(t *testing.T) {
	page, err := os.ReadFile(customRulesPage)
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string]string)
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| ([a-z]+) \\| .").FindAllStringSubmatch(string(page), -1) {
		documented[row[1]] = row[2]
	}
	kinds := map[string]string{"string": "string", "bool": "bool", "int": "int", "time.Time": "timestamp"}
	in := reflect.TypeFor[rulelang.Input]()
	for i := range in.NumField() {
		f := in.Field(i)
		variable := strings.ToLower(f.Name)
		if f.Name == "Local" {
			variable = "now_local"
		}
		if kind, plain := kinds[f.Type.String()]; plain {
			if documented[variable] != kind {
				t.Errorf("%s is documented as %q, and is a %s", variable, documented[variable], kind)
			}
			delete(documented, variable)
			continue
		}
		for j := range f.Type.NumField() {
			name, kind := variable+"."+f.Type.Field(j).Tag.Get("cel"), kinds[f.Type.Field(j).Type.String()]
			if documented[name] != kind {
				t.Errorf("%s is documented as %q, and is a %s", name, documented[name], kind)
			}
			if _, err := rulelang.Compile(name + " == " + name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			delete(documented, name)
		}
	}
	for name := range documented {
		t.Errorf("%s is documented, and is no field", name)
	}
}

// The examples of the documentation are read as they stand there, and catch what they are
// for and nothing else.
func TestCustomRuleExamples(t *testing.T) {
	page, err := os.ReadFile(customRulesPage)
	if err != nil {
		t.Fatal(err)
	}
	sunday := time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)
	base := rulelang.Input{
		Send: rulelang.Send{Kind: "template", Category: "marketing"}, Contact: rulelang.Contact{Country: "DE", CountryKnown: true},
		Now: sunday.Add(24 * time.Hour), Local: rulelang.ClockAt(sunday.Add(24*time.Hour), 60),
	}
	catches := map[string][2]func(*rulelang.Input){ // what holds, and what is near it and doesn't
		"no-sundays":       {func(in *rulelang.Input) { in.Local = rulelang.ClockAt(sunday, 60) }, func(*rulelang.Input) {}},
		"black-friday":     {func(in *rulelang.Input) { in.Template.Name, in.Contact.Country = "black_friday_2", "FR" }, func(in *rulelang.Input) { in.Template.Name = "black_friday_2" }},
		"reply-instead":    {func(in *rulelang.Input) { in.Send.Category, in.Window.Open = "utility", true }, func(in *rulelang.Input) { in.Send.Category = "utility" }},
		"codes-from-login": {func(in *rulelang.Input) { in.Send.Category, in.Sender.Name = "authentication", "crm" }, func(in *rulelang.Input) { in.Send.Category, in.Sender.Name = "authentication", "login" }},
		"old-imports": {
			func(in *rulelang.Input) { in.Consent.Source, in.Consent.Since = "import", sunday.AddDate(-3, 0, 0) },
			func(in *rulelang.Input) { in.Consent.Source, in.Consent.Since = "import", sunday.AddDate(-1, 0, 0) },
		},
	}
	for _, line := range regexp.MustCompile(`(?m)^    (rule .*)$`).FindAllStringSubmatch(string(page), -1) {
		tokens, err := caddyfile.Tokenize([]byte(line[1]), "Caddyfile")
		if err != nil {
			t.Fatal(err)
		}
		d := caddyfile.NewDispenser(tokens)
		d.Next()
		var p Policy
		if err := p.parseRule(d); err != nil {
			t.Errorf("%s: %v", line[1], err)
			continue
		}
		r := p.Rules[0]
		cases, ok := catches[r.ID]
		if !ok {
			t.Errorf("nobody says what the example %s catches", r.ID)
			continue
		}
		e, err := rulelang.Compile(r.Expression)
		if err != nil {
			t.Fatal(err)
		}
		for i, change := range cases {
			in := base
			change(&in)
			if holds, err := e.Holds(&in); err != nil || holds != (i == 0) {
				t.Errorf("%s, case %d: %v (%v)", r.ID, i, holds, err)
			}
		}
		delete(catches, r.ID)
	}
	for id := range catches {
		t.Errorf("the example %s is gone", id)
	}
}

// A business has the rules of the policy, and its own in place of those of the same name.
func TestRulesOfBusinesses(t *testing.T) {
	rule := func(id, effect, expression string) CustomRule {
		if effect == ruleOff {
			return CustomRule{ID: id, Effect: effect}
		}
		return CustomRule{id, effect, expression, "why"}
	}
	defaults := []CustomRule{rule("a", ruleRefuses, "true"), rule("b", ruleWarns, "true"), rule("c", ruleRefuses, "true")}
	for name, c := range map[string]struct {
		own  []CustomRule
		want string
	}{
		"none":        {nil, "a b? c"},
		"another":     {[]CustomRule{rule("d", ruleWarns, "true")}, "a b? c d?"},
		"in place":    {[]CustomRule{rule("a", ruleWarns, "false")}, "a? b? c"},
		"off":         {[]CustomRule{rule("c", ruleOff, ""), rule("e", ruleOff, "")}, "a b?"},
		"given twice": {[]CustomRule{rule("d", ruleWarns, "true"), rule("d", ruleWarns, "true")}, "rule d is given twice"},
		"mistaken":    {[]CustomRule{rule("d", ruleWarns, "tru")}, "rule d: line 1, column 1 of the expression: undeclared reference to 'tru'"},
	} {
		rules, err := customRules(c.own, defaults)
		var got []string
		for _, r := range rules {
			if r.Warn {
				r.ID += "?"
			}
			got = append(got, r.ID)
		}
		if err != nil {
			got = []string{err.Error()}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}
