package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/backups"
)

// wantCommand runs a command and checks its exit code and what stands on its
// streams: words on standard output, or on standard error behind an exclamation mark.
func (p *process) wantCommand(t testing.TB, code int, line string, words ...string) (stdout string) {
	t.Helper()
	out, errs, got := p.do(t, strings.Fields(line)...)
	if got != code {
		t.Errorf("%s: exit code %d, want %d\n%s%s", line, got, code, out, errs)
	}
	for _, word := range words {
		stream, name := out, "standard output"
		if after, ok := strings.CutPrefix(word, "!"); ok {
			word, stream, name = after, errs, "standard error"
		}
		if !strings.Contains(stream, word) {
			t.Errorf("%s: %q is not on %s\n%s%s", line, word, name, out, errs)
		}
	}
	return out
}

// TestBackupCommand: a backup takes no other file's place; in a directory as many
// stay as should, and the newest can be restored.
func TestBackupCommand(t *testing.T) {
	t.Parallel()
	_, p := serving(t)
	dir := t.TempDir()
	notes := filepath.Join(dir, "notes")
	if err := os.WriteFile(notes, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	admin := " --address " + p.Admin
	for range 3 {
		p.wantCommand(t, 0, "backup --to "+dir+" --keep 2"+admin, "!checksum verified")
	}
	list, err := backups.List(dir)
	if err != nil || len(list) != 2 {
		t.Fatalf("there are %+v, %v", list, err)
	}
	p.wantCommand(t, 1, "backup --to "+notes+admin, "!is there already")
	if got, err := os.ReadFile(notes); string(got) != "mine" {
		t.Errorf("the file holds %q, %v", got, err)
	}
	p.wantCommand(t, 2, "backup --to "+filepath.Join(dir, "new")+" --keep 2"+admin, "!goes with a directory")
	p.wantCommand(t, 2, "backup --to "+dir+" --keep 0"+admin, "!at least 1")
	p.wantCommand(t, 1, "backup --to "+filepath.Join(dir, "nowhere")+"/"+admin, "!there is no directory")
	p.wantCommand(t, 2, "backup --to - --keep 2"+admin, "!standard output")
	out := filepath.Join(dir, "out")
	if err := os.WriteFile(out, []byte(p.wantCommand(t, 0, "backup --to -"+admin, "!restore verifies")), 0o600); err != nil {
		t.Fatal(err)
	}
	p.wantCommand(t, 0, "restore --from "+out+" --path "+filepath.Join(t.TempDir(), "from-output"))
	p.wantCommand(t, 0, "restore --from "+list[0].Path+" --path "+filepath.Join(t.TempDir(), "restored"))
}

// TestDoctorCommand: the doctor looks at a gateway that runs and at one that is
// stopped, says what to do, and its exit code says whether something is wrong.
func TestDoctorCommand(t *testing.T) {
	t.Parallel()
	_, p := serving(t)
	line := "doctor --config " + p.File + " --adapter caddyfile"
	p.wantCommand(t, 0, line, "is valid", "it answers", "guard and webhook are on the same listener", "to do: ", "where backups are is not known")
	p.wantCommand(t, 5, line+" --backups "+t.TempDir(), "there is none in", "!there is 1 problem")
	p.wantCommand(t, 0, line+" --deep", "the store is sound")
	if err := os.Chmod(p.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	p.wantCommand(t, 5, line, "chmod 700 "+p.Dir, "!there is 1 problem")
	var problems int
	for row := range strings.Lines(p.wantCommand(t, 5, line+" --json")) {
		var f adminapi.Finding
		if err := json.Unmarshal([]byte(row), &f); err != nil || f.Check == "" || f.Finding == "" || f.Status != adminapi.CheckOK && f.Remedy == "" {
			t.Errorf("%s: %v", row, err)
		}
		if f.Status == adminapi.CheckProblem {
			problems++
		}
	}
	if problems != 1 {
		t.Errorf("%d problems in JSON", problems)
	}
	p.signal(t, syscall.SIGTERM)
	p.wantCommand(t, 5, line+" --deep", "no gateway answers", "start it", "only a gateway that runs can tell", "chmod 700", "the store is sound")
	p.configure(t, strings.Replace(p.text(t), "whatsapp_guard", "whatsapp_gard", 1))
	p.wantCommand(t, 5, line, "whatsapp_gard", "waguard validate")
	p.wantCommand(t, 5, "doctor --config "+p.File+"x", "name the file")
}

// TestDailyCommands: an operator finds a send, reads what enforcing would refuse,
// and sees templates and numbers, in tables and for programs.
func TestDailyCommands(t *testing.T) {
	t.Parallel()
	sim, p := serving(t)
	admin := " --address " + p.Admin
	p.Post(t, messages, textBody)
	p.Post(t, messages, strings.ReplaceAll(textBody, "4915112345678", "4915119876543"))
	sends := sim.Sends()
	if len(sends) != 1 {
		t.Fatalf("%d sends reached Meta", len(sends))
	}
	p.wantCommand(t, 0, "violations --summary"+admin, "50.0 % of sends were refused: 1 of 2.", "WINDOW_CLOSED", "to do: ")
	var s adminapi.Summary
	if err := json.Unmarshal([]byte(p.wantCommand(t, 0, "violations --summary --json"+admin)), &s); err != nil || s.Sends != 2 || s.Refused != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	p.wantCommand(t, 0, "violations --summary --output csv"+admin, "by,key,", "rule,WINDOW_CLOSED")
	p.wantCommand(t, 2, "violations --summary --rule WINDOW_CLOSED"+admin, "!doesn't go with --rule")

	var refused adminapi.Line
	if err := json.Unmarshal([]byte(p.wantCommand(t, 0, "violations --limit 1 --json"+admin)), &refused); err != nil {
		t.Fatal(err)
	}
	p.wantCommand(t, 0, "violations --id "+refused.ID.String()+admin, "WINDOW_CLOSED")
	p.wantCommand(t, 0, "ledger --pseudonym "+refused.Contact[:12]+admin, "WINDOW_CLOSED")
	p.wantCommand(t, 0, "ledger --wamid "+sends[0].ID+admin, "WINDOW_OPEN")
	p.wantCommand(t, 0, "ledger --wamid wamid.none"+admin, "!No such send")
	p.wantCommand(t, 0, "violations --wamid "+sends[0].ID+admin, "!waguard ledger looks among all")
	p.wantCommand(t, 2, "ledger --id x"+admin, "!takes the id of a decision")
	p.wantCommand(t, 2, "ledger --pseudonym 1234567"+admin, "!first 8")
	p.wantCommand(t, 2, "ledger --follow --id "+refused.ID.String()+admin, "!names one send")
	p.wantCommand(t, 0, "numbers"+admin, shop, "enforce")
	p.wantCommand(t, 0, "templates"+admin, "!No templates.")
	if logged := p.log(); strings.Contains(logged, sends[0].ID) {
		t.Error("the log has the wamid that was looked for")
	}
}
