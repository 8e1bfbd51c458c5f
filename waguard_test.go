package waguard_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/waguard/waguard"
)

// TestPackageBringsModules: whoever imports the root has every module that
// xcaddy.md names, and the commands.
func TestPackageBringsModules(t *testing.T) {
	text, err := os.ReadFile("xcaddy.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?m)^    ((?:[a-z_]+\.)*whatsapp[a-z_.]*)$`).FindAllStringSubmatch(string(text), -1)
	if len(named) < 5 {
		t.Errorf("xcaddy.md names %d modules", len(named))
	}
	for _, match := range named {
		if _, err := caddy.GetModule(match[1]); err != nil {
			t.Errorf("xcaddy.md names %s: %v", match[1], err)
		}
	}
	for _, module := range caddy.Modules() {
		if strings.Contains(module, "whatsapp") && !strings.Contains(string(text), "    "+module+"\n") {
			t.Errorf("xcaddy.md does not name %s", module)
		}
	}
	for _, command := range []string{"violations", "consent", "report", "backup"} {
		if _, ok := caddycmd.Commands()[command]; !ok {
			t.Errorf("there is no command %s", command)
		}
	}
}

// TestPackageDocCaddyfile: the Caddyfile that the package's doc comment shows is
// one.
func TestPackageDocCaddyfile(t *testing.T) {
	source, err := os.ReadFile("waguard.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`(?m)(?:^//\t.*\n)+^//\n// What each option`).FindString(string(source))
	lines := strings.SplitAfter(shown, "\n")
	if len(lines) < 10 {
		t.Fatalf("the doc comment has changed its shape: %q", shown)
	}
	var caddyfile strings.Builder
	for _, line := range lines[:len(lines)-2] {
		caddyfile.WriteString(strings.TrimPrefix(line, "//\t"))
	}
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile.String()), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		t.Fatalf("%v\n%s", err, caddyfile.String())
	}
	for _, w := range warnings {
		// Aligned with spaces, as documentation is.
		if !strings.Contains(w.Message, "not formatted") {
			t.Errorf("line %d: %s", w.Line, w.Message)
		}
	}
	for _, handler := range []string{"whatsapp_guard", "whatsapp_webhook"} {
		if !strings.Contains(string(config), `"handler":"`+handler+`"`) {
			t.Errorf("%s is not in it: %s", handler, config)
		}
	}
}

// TestDeployedCaddyfilesKeepSecretsOutOfLogs: the configurations of the image and of
// the cluster have the example's filter, line for line.
func TestDeployedCaddyfilesKeepSecretsOutOfLogs(t *testing.T) {
	example, err := os.ReadFile("Caddyfile.example")
	if err != nil {
		t.Fatal(err)
	}
	filter := regexp.MustCompile(`(?m)^\tlog default \{\n(?:\t\t.*\n)*\t\}\n`).FindString(string(example))
	if !strings.Contains(filter, "Authorization") {
		t.Fatalf("the example has changed its shape: %q", filter)
	}
	for _, file := range []string{"deploy/container/Caddyfile", "deploy/kubernetes/Caddyfile"} {
		deployed, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(deployed), filter) {
			t.Errorf("%s does not have the example's log filter", file)
		}
	}
}
