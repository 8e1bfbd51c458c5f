package caddymodule

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// TestHeaderUpBehind: who changes the header of sends in a reverse_proxy behind a
// guard that passes them on itself is told that it has no effect.
func TestHeaderUpBehind(t *testing.T) {
	const (
		own     = `{"handler":"whatsapp_guard","upstream":{"url":"https://graph.facebook.com"},"caddyfile_line":"Caddyfile:7"}`
		changes = `{"handler":"whatsapp_guard","upstream":{"url":"https://graph.facebook.com","header_up":{"delete":["X-A"]}}}`
		others  = `{"handler":"whatsapp_guard"}`
		proxy   = `{"handler":"reverse_proxy","headers":{"request":{"delete":["X-A"]}}}`
		plain   = `{"handler":"reverse_proxy","headers":{"response":{"delete":["X-A"]}}}`
	)
	for name, test := range map[string]struct {
		guard, behind string
		warned        bool
	}{
		"own":                   {own, proxy, true},
		"own/proxy-in-subroute": {own, `{"handler":"subroute","routes":[{"handle":[` + proxy + `]}]}`, true},
		"own/nothing-changed":   {own, plain, false},
		"changes-too":           {changes, proxy, false},
		"by-others":             {others, proxy, false},
	} {
		core, seen := observer.New(zapcore.WarnLevel)
		w := &walk{logger: zap.New(core)}
		if err := w.routes(caddyhttp.RouteList{{HandlersRaw: []json.RawMessage{[]byte(test.guard), []byte(test.behind)}}}, nil); err != nil {
			t.Fatal(err)
		}
		warned := seen.Len() == 1 && strings.Contains(seen.All()[0].Message, "whatsapp_guard at Caddyfile:7 does not touch sends")
		if warned != test.warned || !warned && seen.Len() > 0 {
			t.Errorf("%s: warnings are %v", name, seen.All())
		}
	}
}
