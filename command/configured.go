package command

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
)

// configuredAdmin is the admin address that a configuration file names; "" where it
// leaves it to Caddy. It reads as `waguard run` does, and logs nothing of it: who
// asks for a list wants to see that alone.
func configuredAdmin(file, adapter string) (string, error) {
	raw, err := configuredJSON(file, adapter)
	if err != nil {
		return "", err
	}
	var config struct {
		Admin struct {
			Listen   string `json:"listen"`
			Disabled bool   `json:"disabled"`
		} `json:"admin"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return "", fmt.Errorf("it is read as JSON, which it isn't (--adapter names another format): %w", err)
	}
	if config.Admin.Disabled {
		return "", errors.New("it turns the admin endpoint off (`admin off`), which commands need")
	}
	return cmp.Or(config.Admin.Listen, caddy.DefaultAdminListen), nil
}

// configuredJSON is a configuration file as JSON.
func configuredJSON(file, adapter string) ([]byte, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if name := strings.ToLower(filepath.Base(file)); adapter == "" && filepath.Ext(file) != ".json" &&
		(strings.HasPrefix(name, "caddyfile") || strings.HasSuffix(name, ".caddyfile")) {
		adapter = "caddyfile"
	}
	if adapter == "" {
		return raw, nil
	}
	adapts := caddyconfig.GetAdapter(adapter)
	if adapts == nil {
		return nil, fmt.Errorf("there is no config adapter called %q", adapter)
	}
	raw, _, err = adapts.Adapt(raw, map[string]any{"filename": file})
	return raw, err
}
