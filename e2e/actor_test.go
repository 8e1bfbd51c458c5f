package e2e

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// unixCaddyfile has the admin endpoint on a Unix socket.
const unixCaddyfile = `{
	admin unix/{{.Dir}}/admin.sock
	persist_config off
	default_bind 127.0.0.1
	log default {
		level ERROR
	}
	whatsapp {
		store badger {{.Dir}}/store
	}
}
http://{{.Addr}} {
	route {
		whatsapp_guard
		respond 200
	}
}
`

// TestActor: who changed consent is in its history: the user at the other end of
// the admin endpoint's Unix socket, whatever the client says of itself; over TCP
// what it says.
func TestActor(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	who := []string{"--business", shop, "--contact", "+4915112345678"}
	history := func(t *testing.T, p *process, address string) []string {
		t.Helper()
		stdout, stderr, code := p.do(t, append([]string{"consent", "history", "--address", address}, who...)...)
		if code != 0 {
			t.Fatalf("the history: %s", stderr)
		}
		return strings.Split(strings.TrimSpace(stdout), "\n")
	}
	record := func(t *testing.T, p *process, address, action string, args ...string) string {
		t.Helper()
		stdout, stderr, code := p.do(t, append(append([]string{"consent", action, "--address", address}, args...), who...)...)
		if code != 0 {
			t.Fatalf("%s: %s%s", action, stdout, stderr)
		}
		return stdout
	}
	t.Run("socket", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Log("only Linux is asked who is at the other end")
			return
		}
		dir := t.TempDir()
		gatewaytest.Start(t, gatewaytest.Options{Dir: dir, Caddyfile: unixCaddyfile})
		address := "unix/" + filepath.Join(dir, "admin.sock")
		p := &process{Process: gatewaytest.Process{File: filepath.Join(dir, "config")}}
		if out := record(t, p, address, "opt-out", "--actor", "mallory"); !strings.Contains(out, "opted_out since") {
			t.Errorf("the answer over the socket is\n%s", out)
		}
		if out := record(t, p, address, "opt-out", "--scope", "marketing", "--source", "phone", "--json"); !strings.Contains(out, `"state":"opted_out"`) {
			t.Errorf("the answer over the socket is\n%s", out)
		}
		for _, line := range history(t, p, address)[1:] {
			if !strings.Contains(line, me.Username+" (socket)") || strings.Contains(line, "mallory") {
				t.Errorf("the history names another actor: %s", line)
			}
		}
		stdout, stderr, code := p.do(t, "consent", "opt-in", "--address", address, "--scope", "all", "--source", "import", "--business", shop, "--contact", "+4915112345678")
		if code == 0 || !strings.Contains(stderr, "speak of a list or an import") {
			t.Errorf("a mistake over the socket ended with %d and %q", code, stdout+stderr)
		}
		var list strings.Builder
		list.WriteString("contact,at\n")
		for i := range 1500 {
			fmt.Fprintf(&list, "+49151123%05d,2025-06-01\n", i)
		}
		file := filepath.Join(dir, "list.csv")
		if err := os.WriteFile(file, []byte(list.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		stdout, stderr, code = p.do(t, "consent", "import", "--address", address, "--from", file, "--business", shop,
			"--set", "scope=marketing", "--set", "source=existing_system", "--set", "system=shop")
		if code != 0 || !strings.Contains(stdout, "1500") {
			t.Errorf("a list that takes requests of full size ended with %d: %s%s", code, stdout, stderr)
		}
	})
	t.Run("tcp", func(t *testing.T) {
		w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
		p := &process{Process: gatewaytest.Process{File: w.log}}
		ana.writes("START")(t, w)
		record(t, p, w.Admin, "opt-out", "--actor", "crm import by ben")
		record(t, p, w.Admin, "opt-out", "--scope", "marketing")
		record(t, p, w.Admin, "new-person", "--yes", "--actor", "ben")
		lines := w.logLines(t, "whatsapp", "consent recorded by an operator")
		if len(lines) != 3 || lines[0]["actor"] != "crm import by ben (told)" || lines[0]["recorded"] != "opted_out" || lines[2]["recorded"] != "new_person" || lines[2]["actor"] != "ben (told)" {
			t.Errorf("the log says %v", lines)
		}
	})
	t.Run("history", func(t *testing.T) {
		w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
		p := &process{Process: gatewaytest.Process{File: w.log}}
		ana.writes("START")(t, w)
		record(t, p, w.Admin, "opt-out", "--actor", "crm import by ben")
		record(t, p, w.Admin, "opt-out", "--scope", "marketing")
		all := strings.Join(history(t, p, w.Admin), "\n")
		for _, want := range []string{"ACTOR", "crm import by ben (told)", me.Username + " (told)", "chat_keyword  -"} {
			if !strings.Contains(all, want) {
				t.Errorf("the history lacks %q:\n%s", want, all)
			}
		}
	})
}
