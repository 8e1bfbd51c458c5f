package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/backups"
	"github.com/waguard/waguard/store/badger"
)

// identity makes an identity of age, in a file.
func identity(t testing.TB) (file, recipient string) {
	t.Helper()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "identity.txt")
	if err := os.WriteFile(file, []byte("# public key: "+i.Recipient().String()+"\n"+i.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, i.Recipient().String()
}

// TestEncryptedBackup: a backup that is encrypted is of use to whoever has an identity of
// a recipient, and to nobody else; each mistake is told.
func TestEncryptedBackup(t *testing.T) {
	t.Parallel()
	_, p := serving(t)
	dir := t.TempDir()
	admin := " --address " + p.Admin
	mine, recipient := identity(t)
	second, another := identity(t)
	stranger, _ := identity(t)
	list := filepath.Join(dir, "recipients")
	if err := os.WriteFile(list, []byte("# who may restore\n\n"+another+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "b.age")
	p.wantCommand(t, 0, "backup --to "+file+" --recipient "+recipient+" --recipients-file "+list+admin, "!encrypted to 2 recipients")
	content, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(content), "age-encryption.org/v1\n") {
		t.Fatalf("the file begins with %.40q, %v", content, err)
	}
	for i, who := range []string{mine, second} {
		p.wantCommand(t, 0, "restore --from "+file+" --identity "+who+" --path "+filepath.Join(dir, string(rune('0'+i))), "!restored", "!since then is not known")
	}
	nowhere := filepath.Join(dir, "nowhere")
	restore := "restore --path " + nowhere + " --from "
	p.wantCommand(t, 1, restore+file, "!is encrypted: name the file", "!--identity")
	p.wantCommand(t, 1, restore+file+" --identity "+stranger, "!none of the identities given opens it")
	p.wantCommand(t, 1, restore+file+" --identity "+list, "!is a recipient, which only encrypts")
	for name, n := range map[string]int{"one chunk less": len(content) - 1, "half": len(content) / 2, "the beginning": 60} {
		cut := filepath.Join(dir, "cut.age")
		if err := os.WriteFile(cut, content[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if out, errs, code := p.do(t, strings.Fields(restore+cut+" --identity "+mine)...); code != 1 || !strings.Contains(errs, "damaged or was cut short") {
			t.Errorf("%s: %d, %s%s", name, code, out, errs)
		}
	}
	if _, err := os.Stat(nowhere); err == nil {
		t.Error("what can't be restored left a directory behind")
	}
	to := "backup --to " + filepath.Join(dir, "never") + admin
	p.wantCommand(t, 2, to+" --recipient age1nonsense", "!is no recipient of age")
	pq, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	p.wantCommand(t, 2, to+" --recipient "+recipient+" --recipient "+pq.Recipient().String(), "!can't be mixed")
	secret := strings.Fields(readFile(t, mine))[4]
	if _, errs, code := p.do(t, strings.Fields(to+" --recipient "+secret)...); code != 2 || !strings.Contains(errs, "that is an identity") || strings.Contains(errs, secret) {
		t.Errorf("an identity for a recipient: %d, %s", code, errs)
	}
	p.wantCommand(t, 2, to+" --recipients-file "+os.DevNull, "!there is no recipient in")
	if _, err := os.Stat(filepath.Join(dir, "never")); err == nil {
		t.Error("a backup was written all the same")
	}
	plain := filepath.Join(dir, "plain")
	p.wantCommand(t, 0, "backup --to "+plain+admin)
	p.wantCommand(t, 0, "restore --path "+filepath.Join(dir, "plainly")+" --from "+plain+" --identity "+mine)
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestIncrementalBackup: increments hold what is new, restore to what was there, follow
// each other only whole, and are kept and drilled as chains.
func TestIncrementalBackup(t *testing.T) {
	t.Parallel()
	sim, p := serving(t)
	dir := t.TempDir()
	who, recipient := identity(t)
	backup := "backup --incremental --to " + dir + " --recipient " + recipient + " --address " + p.Admin
	say := func(text string) {
		t.Helper()
		if _, err := sim.Inbound(t.Context(), shop, ana.User, graphsim.Text(text)); err != nil {
			t.Fatal(err)
		}
	}
	files := func() []backups.Backup {
		t.Helper()
		list, err := backups.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	p.wantCommand(t, 0, backup, "!writing everything: there is no backup before it")
	say("START")
	p.wantCommand(t, 0, backup, "!continues waguard-")
	say("STOP")
	p.wantCommand(t, 0, backup, "!continues waguard-")
	list := files()
	if len(list) != 3 || !list[0].Increment || !list[1].Increment || list[2].Increment || !list[0].Sealed {
		t.Fatalf("there are %+v", list)
	}
	var report struct {
		Files    int
		Counts   map[string]int
		Problems []string
		Leaves   uint64
	}
	drill := "backup drill --from " + dir + " --identity " + who
	if err := json.Unmarshal([]byte(p.wantCommand(t, 0, drill+" --json")), &report); err != nil {
		t.Fatal(err)
	}
	if report.Files != 3 || report.Leaves < 3 || report.Counts["consent records"] != 2 || len(report.Problems) > 0 {
		t.Errorf("the drill says %+v", report)
	}
	p.wantCommand(t, 0, drill, "is what was backed up, and is sound")
	p.wantCommand(t, 0, "backup drill --from "+list[2].Path+" --identity "+who, "in 1 file")
	p.wantCommand(t, 0, "restore --from "+list[1].Path+" --identity "+who+" --path "+filepath.Join(t.TempDir(), "x"), "!from 2 files")
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "waguard-drill-*")); err != nil || len(left) > 0 {
		t.Errorf("the drills left %v, %v", left, err)
	}

	// A chain that is broken is not continued, and not restored.
	if err := os.Rename(list[1].Path, filepath.Join(dir, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	p.wantCommand(t, 1, drill, "!continues another backup, which is not there", "!"+filepath.Base(list[1].Path))
	p.wantCommand(t, 0, backup+" --keep 2", "!writing everything: the chain is broken", "!"+filepath.Base(list[1].Path)+" is gone")
	p.wantCommand(t, 0, backup+" --keep 2", "!continues waguard-")
	if list := files(); len(list) != 4 || !list[0].Increment || list[1].Increment {
		t.Errorf("there are %+v", list)
	}
	p.wantCommand(t, 0, backup+" --keep 1", "!deleted", "!continues waguard-")
	if list := files(); len(list) != 3 {
		t.Errorf("one chain is left of %+v", list)
	}
	p.wantCommand(t, 0, drill, "in 3 files")
	p.wantCommand(t, 2, "backup --incremental --to "+filepath.Join(dir, "file")+" --address "+p.Admin, "!--incremental goes with a directory")
	p.wantCommand(t, 2, "backup --incremental --to - --address "+p.Admin, "!standard output")
	p.wantCommand(t, 1, "backup drill --from "+t.TempDir(), "!there is no backup in")
}

// restoredStore is a store that was restored from a backup of a time.
func restoredStore(t testing.TB, at time.Time) string {
	t.Helper()
	st, err := badger.Open(filepath.Join(t.TempDir(), "before"), badger.Options{Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var backup bytes.Buffer
	if err := st.Backup(t.Context(), &backup, nil); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "store")
	if err := badger.Restore(dir, bytes.NewReader(backup.Bytes())); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestWindowsAfterRestore: what a restored store can't know it doesn't say: who may have
// written since the backup gets templates only, until they write; and how many there are
// is told.
func TestWindowsAfterRestore(t *testing.T) {
	t.Parallel()
	sim, p := serving(t) // Ana wrote
	if _, err := sim.Inbound(t.Context(), shop, graphsim.User{Phone: "+4915119870000", Name: "Carl"}, graphsim.Text("Hello")); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "b")
	p.wantCommand(t, 0, "backup --to "+backup+" --address "+p.Admin)
	p.signal(t, syscall.SIGTERM)
	if err := os.Rename(p.Dir, p.Dir+".before"); err != nil {
		t.Fatal(err)
	}
	p.wantCommand(t, 0, "restore --from "+backup+" --path "+p.Dir, "!templates only until they write")
	taken := time.Now()
	p.start(t)
	// WhatsApp's times are whole seconds.
	if !p.Await(func() bool { return time.Now().Unix() > taken.Unix() }, 10*time.Second) {
		t.Fatal("the clock stands still")
	}
	ben := graphsim.User{Phone: "+4915119876543", Name: "Ben"}
	says := func(u graphsim.User) {
		t.Helper()
		if _, err := sim.Inbound(t.Context(), shop, u, graphsim.Text("Hello")); err != nil {
			t.Fatal(err)
		}
	}
	toBen := strings.ReplaceAll(textBody, strings.TrimPrefix(ana.Phone, "+"), strings.TrimPrefix(ben.Phone, "+"))
	sends := func(body string, status int, words ...string) {
		t.Helper()
		resp, answer := p.Post(t, messages, body)
		if resp.StatusCode != status {
			t.Errorf("answered %s %s, want %d", resp.Status, answer, status)
		}
		for _, word := range words {
			if !strings.Contains(string(answer), word) {
				t.Errorf("%q is not in %s", word, answer)
			}
		}
	}
	older := func(n string) {
		t.Helper()
		if _, metrics := p.AdminCall(t, "/metrics", ""); !strings.Contains(string(metrics), "caddy_whatsapp_windows_unknown "+n+"\n") {
			_, after, _ := strings.Cut(string(metrics), "\ncaddy_whatsapp_windows_unknown ")
			t.Errorf("the metrics say that %.3s windows are older than the backup, want %s", after, n)
		}
		if h := healthOf(t, p.Gateway); h.Restored == nil || h.Restored.BackupOf.IsZero() || n != "0" && h.Restored.WindowsUnknown != 1 {
			t.Errorf("its health is %+v", h.Restored)
		}
	}
	p.wantCommand(t, 0, "consent erase --contact +4915119870000 --yes --address "+p.Admin)
	older("1")                     // an erased person has none
	sends(textBody, http.StatusOK) // her window was open in the backup, and still is
	unknown := []string{"131047", "WINDOW_UNKNOWN", "the store was restored from a backup of 20", "is not in it"}
	sends(toBen, http.StatusBadRequest, unknown...)
	older("1")
	p.signal(t, syscall.SIGTERM)
	if log := p.log(); !strings.Contains(log, "it was restored from a backup of ") || !strings.Contains(log, "opt-outs must be recorded again") {
		t.Errorf("the log of the start says %s", log)
	}
	p.start(t)
	sends(toBen, http.StatusBadRequest, unknown...)
	older("1")
	says(ben)
	sends(toBen, http.StatusOK)
	older("1") // his was none of those
	says(ana.User)
	older("0")
	sends(textBody, http.StatusOK)
	p.wantCommand(t, 0, "violations --rule WINDOW_UNKNOWN --address "+p.Admin, "WINDOW_UNKNOWN")
}

// TestEncryptedGateway: with an encryption_key nobody finds a record of a store in its
// files, and a plain store becomes an encrypted one by a backup.
func TestEncryptedGateway(t *testing.T) {
	t.Parallel()
	sim, p := serving(t)
	keys := t.TempDir()
	key := func(name, digits string) string {
		t.Helper()
		file := filepath.Join(keys, name)
		if err := os.WriteFile(file, []byte(strings.Repeat(digits, 32)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	first, second := key("first", "1f"), key("second", "2e")
	backup := filepath.Join(keys, "b")
	p.wantCommand(t, 0, "backup --to "+backup+" --address "+p.Admin)
	p.signal(t, syscall.SIGTERM)
	if err := os.Rename(p.Dir, p.Dir+".before"); err != nil {
		t.Fatal(err)
	}
	p.wantCommand(t, 0, "restore --from "+backup+" --path "+p.Dir+" --encryption-key "+first)
	plain := p.text(t)
	with := func(file string) {
		t.Helper()
		p.configure(t, strings.Replace(plain, "store badger "+p.Dir, "store badger "+p.Dir+" {\nencryption_key {file."+file+"}\n}", 1))
	}
	refused := func(want string) {
		t.Helper()
		p.Launch(t)
		p.wait(t)
		if log := p.log(); !strings.Contains(log, want) {
			t.Errorf("the gateway said %s, want %q", log, want)
		}
	}
	refused("it is encrypted: name its key by encryption_key")
	with(second)
	refused("encrypted with another key than encryption_key has")
	with(first)
	p.start(t)
	if resp, answer := p.Post(t, messages, textBody); resp.StatusCode != http.StatusOK {
		t.Errorf("answered %s %s", resp.Status, answer)
	}
	if _, err := sim.Inbound(t.Context(), shop, ana.User, graphsim.Text("STOP")); err != nil {
		t.Fatal(err)
	}
	p.wantCommand(t, 0, "store check --address "+p.Admin, "The store is sound.")
	p.wantCommand(t, 0, "audit verify --address "+p.Admin)
	p.Cmd.Process.Kill()
	p.wait(t)
	check := "store check --path " + p.Dir
	p.wantCommand(t, 1, check, "!it is encrypted")
	p.wantCommand(t, 1, check+" --encryption-key "+second, "!another key")
	p.wantCommand(t, 0, check+" --encryption-key "+first, "The store is sound.")
	p.wantCommand(t, 0, "audit verify --path "+p.Dir+" --encryption-key "+first, "as it was written")
	p.wantCommand(t, 0, "store rotate-key --path "+p.Dir+" --from "+first+" --to "+second, "!has the key of")
	for _, secret := range []string{shop, "wamid."} { // in the ledger
		err := filepath.WalkDir(p.Dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && strings.Contains(readFile(t, path), secret) {
				t.Errorf("%q is in %s", secret, d.Name())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	refused("encrypted with another key than encryption_key has")
	with(second)
	p.start(t)
	if got := consentOf(t, p.Gateway, shop, ana.Phone).Consent["transactional"].State; got != "opted_out" {
		t.Errorf("after a kill and another key she is %s", got)
	}
}
