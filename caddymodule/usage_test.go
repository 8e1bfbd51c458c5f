package caddymodule

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// TestPlaceholders: each option replaces placeholders, or refuses them with its line.
func TestPlaceholders(t *testing.T) {
	replaced := make(map[string]bool)
	for _, name := range withPlaceholders {
		replaced[name] = true
	}
	for name := range usages {
		for _, value := range []string{"{env.NAME}", "a {file./run/secret} b", "{http.request.host}", "{$NAME}", "{name}", "{}"} {
			d := caddyfile.NewTestDispenser(name + ` x "` + value + `"`)
			d.Next()
			err := checkPlaceholders(d)
			want := !replaced[name] && strings.Contains(value, ".")
			if (err != nil) != want || err != nil && !strings.Contains(err.Error(), name+" takes no placeholder such as {") {
				t.Errorf("%s %s: %v", name, value, err)
			}
			if d.Val() != name {
				t.Errorf("%s: the dispenser stands at %q", name, d.Val())
			}
		}
	}
}
