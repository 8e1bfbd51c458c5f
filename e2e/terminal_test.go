package e2e

import (
	"strings"
	"testing"
	"unicode"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestCommandsPrintNoEscapes: what others wrote, and the gateway kept, moves no
// cursor and makes no line of its own in any command's output or error.
func TestCommandsPrintNoEscapes(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	const nasty = `\u001b]0;owned\u0007\n2026-01-01 forged\r\u009b2J\u202e`
	who := `"phone_number_id":"` + shop + `","contact":"+4915112345678"`
	for _, path := range []string{"opt-in", "opt-out"} {
		var c adminapi.Consent
		w.admin(t, "/whatsapp/consent/"+path, `{`+who+`,"scope":"all","source":"other:shop`+nasty+`","reference":"`+nasty+`"}`, &c)
	}
	w.Post(t, messages, `{"messaging_product":"whatsapp","to":"+4915112345678","type":"template","template":{"name":"x`+nasty+`","language":{"code":"en`+nasty+`"}}}`)
	w.Post(t, messages, `{"messaging_product":"whatsapp","to":"+4915112345678","type":"x`+nasty+`"}`)
	p := &process{w.Gateway, gatewaytest.Process{Env: []string{"HOME=" + t.TempDir()}, File: t.TempDir() + "/none"}}
	known := []string{"--business", shop, "--contact", "+4915112345678", "--address", w.Admin}
	shown := 0
	for _, args := range [][]string{
		append([]string{"consent", "history"}, known...), append([]string{"consent", "get"}, known...),
		{"violations", "--address", w.Admin},
		{"ledger", "--address", w.Admin},
		{"events", "--address", w.Admin},
		{"violations", "--group-by", "template", "--address", w.Admin},
		{"report", "--address", w.Admin},
		{"violations", "--from", "\x1b[2J\u009b2J", "--address", w.Admin},
	} {
		for _, json := range []string{"", "--json"} {
			if json != "" {
				args = append(args, json)
			}
			out, errs, _ := p.do(t, args...)
			for line := range strings.Lines(out + errs) {
				if bad := strings.IndexFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r != '\t' && !unicode.IsPrint(r) }); bad >= 0 || strings.HasPrefix(line, "2026-01-01 forged") {
					t.Errorf("%v prints %q", args, line)
				}
				if strings.Contains(line, "forged") {
					shown++
				}
			}
		}
	}
	if shown < 4 {
		t.Errorf("only %d lines show what was kept", shown)
	}
}
