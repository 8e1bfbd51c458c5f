package caddymodule_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
)

// TestConfigurationMistakes shows what each mistake in a configuration is answered
// with, as prose, so that a change is read as what a stranger gets to read: does it
// name the line, what is wrong there, and what to write instead? With -update it
// writes testdata/mistakes.txt. {{dir}} is a directory that exists.
func TestConfigurationMistakes(t *testing.T) {
	const file = "testdata/mistakes.txt"
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var got strings.Builder
	mistakes := strings.Split(string(content), "=== ")[1:]
	for _, mistake := range mistakes {
		name, rest, _ := strings.Cut(mistake, "\n")
		config, _, ok := strings.Cut(rest, "---\n")
		if !ok {
			t.Fatalf("%s has no line of dashes", name)
		}
		says := mistaken(strings.ReplaceAll(config, "{{dir}}", dir))
		if says == "" {
			t.Errorf("%s is no mistake", name)
		}
		got.WriteString("=== " + name + "\n" + config + "---\n" + strings.ReplaceAll(says, dir, "{{dir}}") + "\n\n")
	}
	if len(mistakes) < 40 {
		t.Errorf("there are %d mistakes, want at least 40", len(mistakes))
	}
	text := strings.TrimSuffix(got.String(), "\n")
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if text != string(content) {
		t.Errorf("what configuration mistakes are answered with has changed; run go test ./caddymodule -run TestConfigurationMistakes -update, and read the difference")
	}
}

// mistaken is what is said of a Caddyfile, "" if it is loaded.
func mistaken(text string) string {
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return err.Error()
	}
	var c caddy.Config
	if err := json.Unmarshal(adapted, &c); err != nil {
		return err.Error()
	}
	if err := caddy.Validate(&c); err != nil {
		return err.Error()
	}
	return ""
}
