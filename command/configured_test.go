package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfiguredAdmin(t *testing.T) {
	for _, tt := range []struct{ name, file, adapter, text, address, err string }{
		{"caddyfile", "Caddyfile", "", "{\nadmin unix//run/a.sock|0600\n}", "unix//run/a.sock|0600", ""},
		{"another-name", "gateway.caddyfile", "", "{\nadmin localhost:2020\n}", "localhost:2020", ""},
		{"named-adapter", "gateway.conf", "caddyfile", "{\nadmin localhost:2020\n}", "localhost:2020", ""},
		{"json", "caddy.json", "", `{"admin":{"listen":"localhost:2021"}}`, "localhost:2021", ""},
		{"left-to-caddy", "Caddyfile", "", ":80 {\n}", "localhost:2019", ""},
		{"off", "Caddyfile", "", "{\nadmin off\n}", "", "admin off"},
		{"unnamed-adapter", "gateway.conf", "", "{\nadmin localhost:2020\n}", "", "--adapter"},
		{"unknown-adapter", "Caddyfile", "yml", "", "", `no config adapter called "yml"`},
		{"broken", "Caddyfile", "", "{\nadmin\n", "", "Caddyfile:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), tt.file)
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			address, err := configuredAdmin(file, tt.adapter)
			if address != tt.address || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q, %v; want %q, %q", address, err, tt.address, tt.err)
			}
		})
	}
}
