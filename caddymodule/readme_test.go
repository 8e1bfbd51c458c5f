package caddymodule

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
)

// documented is the option table of the README: the options by the block they
// stand in.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	options := make(map[string][]string)
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)[^`]*` \\| ([^|]+) \\|")
	for _, m := range row.FindAllStringSubmatch(section(t, "Configuration"), -1) {
		for _, block := range strings.Split(m[2], ",") {
			block = strings.Trim(strings.TrimSpace(block), "`")
			options[block] = append(options[block], m[1])
		}
	}
	return options
}

// section is the text of the README under a heading of the second level.
func section(t *testing.T, heading string) string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(readme), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("the README has no section %q", heading)
	}
	text, _, _ := strings.Cut(after, "\n## ")
	return text
}

// Each block of the Caddyfile names the subdirectives it knows when it meets one
// it doesn't. They must be those of the README's table.
func TestReadmeHasEverySubdirective(t *testing.T) {
	app := func(d *caddyfile.Dispenser) error { _, err := parseApp(d, nil); return err }
	blocks := map[string]struct {
		input string
		parse func(*caddyfile.Dispenser) error
	}{
		"whatsapp":         {"whatsapp {\n?\n}", app},
		"store badger":     {"badger {\n?\n}", new(BadgerStore).UnmarshalCaddyfile},
		"business":         {"whatsapp {\nbusiness 1 {\n?\n}\n}", app},
		"policy":           {"whatsapp {\npolicy {\n?\n}\n}", app},
		"whatsapp_guard":   {"whatsapp_guard {\n?\n}", new(Guard).UnmarshalCaddyfile},
		"whatsapp_webhook": {"whatsapp_webhook {\n?\n}", new(Webhook).UnmarshalCaddyfile},
	}
	options := documented(t)
	delete(options, "JSON only")
	for name, block := range blocks {
		err := block.parse(caddyfile.NewTestDispenser(block.input))
		if err == nil {
			t.Errorf("%s: an unknown subdirective is no error", name)
			continue
		}
		_, list, _ := strings.Cut(err.Error(), "known here are: ")
		list, _, _ = strings.Cut(list, ", at ")
		known := strings.Split(strings.TrimSpace(list), ", ")
		slices.Sort(options[name])
		if !slices.Equal(options[name], known) {
			t.Errorf("%s: the README has %v, the code %v", name, options[name], known)
		}
		delete(options, name)
	}
	for name := range options {
		t.Errorf("the README has options in a block %q that the code does not know", name)
	}
}

// Every JSON field must be found in the table too.
func TestReadmeHasEveryJSONField(t *testing.T) {
	text := section(t, "Configuration")
	for _, v := range []any{App{}, Business{}, Policy{}, Words{}, BadgerStore{}, Guard{}, Webhook{}} {
		typ := reflect.TypeOf(v)
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if name != "" && !regexp.MustCompile("`"+name+"[` ]").MatchString(text) {
				t.Errorf("the README's option table lacks the field %q of %s", name, typ.Name())
			}
		}
	}
}

// Every rule that refuses must be explained, with its code.
func TestReadmeHasEveryRefusal(t *testing.T) {
	text := section(t, "What is refused, and how to get it through")
	for _, rule := range policy.Refusals() {
		if rule == policy.RuleSetup {
			continue // can't be reached through a configuration that loads
		}
		row := regexp.MustCompile("(?m)^\\|[^|]*`" + string(rule) + "`[^|]*\\|[^|]*\\b" + strconv.Itoa(cloudapi.Code(rule)) + "\\b")
		if !row.MatchString(text) {
			t.Errorf("the README's table of refusals lacks %s with the code %d", rule, cloudapi.Code(rule))
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)`").FindAllStringSubmatch(text, -1) {
		if !slices.Contains(policy.Refusals(), policy.Rule(m[1])) {
			t.Errorf("the README explains the rule %s, which does not exist", m[1])
		}
	}
}
