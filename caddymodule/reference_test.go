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

// documented is the option tables of docs/reference/options.md: the options by the block they
// stand in.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	options := make(map[string][]string)
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)[^`]*` \\| ([^|]+) \\|")
	for _, m := range row.FindAllStringSubmatch(page(t, "options"), -1) {
		for _, block := range strings.Split(m[2], ",") {
			block = strings.Trim(strings.TrimSpace(block), "`")
			options[block] = append(options[block], m[1])
		}
	}
	return options
}

// page is a page of the reference.
func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/reference/" + name + ".md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks are the blocks of a Caddyfile, with a ? where a subdirective goes.
var blocks = map[string]struct {
	input string
	parse func(*caddyfile.Dispenser) error
}{
	"whatsapp":          {"whatsapp {\n?\n}", appBlock},
	"store badger":      {"badger {\n?\n}", new(BadgerStore).UnmarshalCaddyfile},
	"store postgres":    {"postgres {env.DSN} {\n?\n}", new(PostgresStore).UnmarshalCaddyfile},
	"business":          {"whatsapp {\nbusiness 1 {\n?\n}\n}", appBlock},
	"policy":            {"whatsapp {\npolicy {\n?\n}\n}", appBlock},
	"budget":            {"whatsapp {\ntag team\nbudget b {\n?\n}\n}", appBlock},
	"template_sync":     {"whatsapp {\ntemplate_sync {\n?\n}\n}", appBlock},
	"reconcile":         {"whatsapp {\nreconcile {\n?\n}\n}", appBlock},
	"notify":            {"whatsapp {\nnotify n https://example.com {\n?\n}\n}", appBlock},
	"shadow":            {"whatsapp {\npolicy {\nshadow s {\n?\n}\n}\n}", appBlock},
	"fallback_template": {"whatsapp {\npolicy {\nfallback_template t {\n?\n}\n}\n}", appBlock},
	"whatsapp_guard":    {"whatsapp_guard {\n?\n}", new(Guard).UnmarshalCaddyfile},
	"upstream":          {"whatsapp_guard {\nupstream https://graph.facebook.com {\n?\n}\n}", new(Guard).UnmarshalCaddyfile},
	"whatsapp_consent":  {"whatsapp_consent {\n?\n}", consentBlock},
	"whatsapp_console":  {"whatsapp_console {\n?\n}", new(Console).UnmarshalCaddyfile},
	"form":              {"whatsapp_consent {\nform f {\n?\n}\n}", consentBlock},
	"text":              {"whatsapp_consent {\nform f {\ntext de {\n?\n}\n}\n}", consentBlock},
	"whatsapp_webhook":  {"whatsapp_webhook {\n?\n}", new(Webhook).UnmarshalCaddyfile},
}

func consentBlock(d *caddyfile.Dispenser) error { return new(ConsentAPI).UnmarshalCaddyfile(d) }

func appBlock(d *caddyfile.Dispenser) error {
	_, err := parseApp(d, nil)
	return err
}

// Each block of the Caddyfile names the subdirectives it knows when it meets one
// it doesn't. They must be those of the reference's tables.
func TestReferenceHasEverySubdirective(t *testing.T) {
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
			t.Errorf("%s: the reference has %v, the code %v", name, options[name], known)
		}
		delete(options, name)
	}
	for name := range options {
		t.Errorf("the reference has options in a block %q that the code does not know", name)
	}
}

// The example of each option can be copied, and the rules it is said to steer exist.
func TestReferenceExamples(t *testing.T) {
	row := regexp.MustCompile(`(?m)^\| .*\|$`)
	column := regexp.MustCompile(`[^\\]\|`)
	rule := regexp.MustCompile("`([A-Z_]+)`")
	examples := 0
	for _, line := range row.FindAllString(page(t, "options"), -1) {
		var cells []string
		at := 1
		for _, end := range column.FindAllStringIndex(line, -1) {
			cells = append(cells, strings.Trim(line[at:end[0]+1], " `"))
			at = end[1]
		}
		if len(cells) != 6 || cells[0] == "Option" || strings.Trim(cells[0], "-") == "" || cells[1] == "JSON only" {
			continue
		}
		for _, in := range strings.Split(cells[1], ", ") {
			block, ok := blocks[strings.Trim(in, "`")]
			if !ok {
				t.Errorf("%s stands in an unknown block %q", cells[0], in)
				continue
			}
			examples++
			example := strings.NewReplacer(" { ", " {\n", " }", "\n}", "; ", "\n").Replace(cells[4])                                                              // a table has blocks in one line
			if needsToken := []string{"template_sync", "reconcile"}; slices.Contains(needsToken, strings.Trim(in, "`")) && !strings.HasPrefix(example, "token") { // they can't do without
				example += "\ntoken {env.SECRET}"
			}
			if strings.Trim(in, "`") == "budget" {
				for _, needed := range []string{"amount 5 USD", "of everything"} {
					if name, _, _ := strings.Cut(needed, " "); !strings.HasPrefix(example, name) {
						example += "\n" + needed
					}
				}
			}
			if strings.Trim(in, "`") == "notify" {
				for _, needed := range []string{"secret {env.SECRET}", "types consent window"} {
					if name, _, _ := strings.Cut(needed, " "); !strings.HasPrefix(example, name) {
						example += "\n" + needed
					}
				}
			}
			if strings.Trim(in, "`") == "business" && strings.HasPrefix(example, "enforce") {
				example += "\nmode monitor"
			}
			if strings.Trim(in, "`") == "store postgres" && !strings.HasPrefix(example, "pseudonym_key") {
				example += "\npseudonym_key {env.SECRET}"
			}
			for _, needed := range []string{"app_secret", "verify_token"} { // a webhook can't do without
				if strings.Trim(in, "`") == "whatsapp_webhook" && !strings.HasPrefix(example, needed) {
					example += "\n" + needed + " {env.SECRET}"
				}
			}
			if err := block.parse(caddyfile.NewTestDispenser(strings.Replace(block.input, "?", example, 1))); err != nil {
				t.Errorf("the example of %s: %v", cells[0], err)
			}
		}
		for _, m := range rule.FindAllStringSubmatch(cells[5], -1) {
			if !slices.Contains(slices.Concat(policy.AllowRules, policy.Refusals()), policy.Rule(m[1])) {
				t.Errorf("%s is said to steer %s, which is no rule", cells[0], m[1])
			}
		}
	}
	if examples < 50 {
		t.Errorf("found %d examples", examples)
	}
}

// Every JSON field must be found in the table too.
func TestReferenceHasEveryJSONField(t *testing.T) {
	text := page(t, "options")
	for _, v := range []any{App{}, Business{}, Policy{}, Words{}, BadgerStore{}, PostgresStore{}, Guard{}, Webhook{}, ConsentAPI{}, ConsentForm{}, ConsentFormText{}, Entry{}, Notify{}} {
		typ := reflect.TypeOf(v)
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if name != "" && !regexp.MustCompile("`"+name+"[` ]").MatchString(text) {
				t.Errorf("the reference's option tables lack the field %q of %s", name, typ.Name())
			}
		}
	}
}

// Every rule that refuses must be explained, with its code.
func TestReferenceHasEveryRefusal(t *testing.T) {
	text := page(t, "refusals")
	for _, rule := range policy.Refusals() {
		row := regexp.MustCompile("(?m)^\\|[^|]*`" + string(rule) + "`[^|]*\\|[^|]*\\b" + strconv.Itoa(cloudapi.Code(rule)) + "\\b")
		if !row.MatchString(text) {
			t.Errorf("the reference's table of refusals lacks %s with the code %d", rule, cloudapi.Code(rule))
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)`").FindAllStringSubmatch(text, -1) {
		if !slices.Contains(policy.Refusals(), policy.Rule(m[1])) {
			t.Errorf("the reference explains the rule %s, which does not exist", m[1])
		}
	}
}
