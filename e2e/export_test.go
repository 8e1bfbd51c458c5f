package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What was exported gives back what an older backup doesn't know: opt-outs above all.
// People stand in it by pseudonyms that the same installation takes.
func TestExportCommand(t *testing.T) {
	_, upstream := newSim(t)
	base := t.TempDir()
	dir := filepath.Join(base, "store")
	p := newProcess(t, upstream, dir)
	p.start(t)
	admin := " --address " + p.Admin
	who := func(number string) string { return " --business " + shop + " --contact " + number + admin }
	state := func(number, want string) {
		t.Helper()
		p.wantCommand(t, 0, "consent get --json"+who(number), `"marketing":{"state":"`+want+`"`)
	}
	p.wantCommand(t, 0, "consent opt-in --scope marketing --source website --evidence user_agent==1+1 --evidence page_url=https://shop.example/"+who(ana.Phone))
	p.wantCommand(t, 0, "consent opt-in --scope marketing --source website"+who(ben.Phone))
	backup := filepath.Join(base, "backup")
	p.wantCommand(t, 0, "backup --to "+backup+admin)
	p.wantCommand(t, 0, "consent opt-out"+who(ben.Phone))

	for _, name := range []string{"all.csv", "all.jsonl"} {
		file := filepath.Join(base, name)
		p.wantCommand(t, 0, "consent export --to "+file+admin)
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if text := string(raw); strings.Contains(text, ana.Phone[1:]) || !strings.Contains(text, "pseudonym:") || strings.Contains(text, ",=1+1") || !strings.Contains(text, "=1+1") {
			t.Errorf("%s: %s", name, raw)
		}
		p.wantCommand(t, 0, "consent import --from "+file+admin) // changes nothing here
	}
	state(ana.Phone, "opted_in")
	state(ben.Phone, "opted_out")
	outs, whole := filepath.Join(base, "outs"), filepath.Join(base, "history.csv")
	p.wantCommand(t, 0, "consent export --to "+outs+" --format csv --state opted_out"+admin)
	if raw, err := os.ReadFile(outs); err != nil || strings.Contains(string(raw), "opted_in") || strings.Count(string(raw), "opted_out") != 1 {
		t.Errorf("the opt-outs: %v %s", err, raw)
	}
	p.wantCommand(t, 0, "consent export --history --to "+whole+admin)
	if raw, err := os.ReadFile(whole); err != nil || strings.Count(string(raw), "\n") < 4 {
		t.Errorf("the history: %v %s", err, raw)
	}
	p.wantCommand(t, 2, "consent import --from "+whole+admin)
	p.wantCommand(t, 1, "consent export --to "+whole+admin) // no other file's place is taken
	p.wantCommand(t, 2, "consent export --to "+filepath.Join(base, "x")+" --format xml"+admin)

	// A stranger's pack and the person's page, by the commands.
	pack := filepath.Join(base, "evidence.zip")
	p.wantCommand(t, 0, "consent pack --contact "+ana.Phone+" --to "+pack+admin)
	p.wantCommand(t, 0, "consent pack verify "+pack, "The pack is as it was signed", "compare that with the log's key")
	p.wantCommand(t, 5, "consent pack verify --from "+pack+" --key waguard/x+00000000+AQAA")
	p.wantCommand(t, 5, "consent pack verify "+outs)
	p.wantCommand(t, 0, "consent subject --contact "+ana.Phone+" --to "+filepath.Join(base, "ana.html")+admin)
	p.wantCommand(t, 2, "consent subject --contact "+ana.Phone+" --to "+filepath.Join(base, "ana.pdf")+admin)
	p.wantCommand(t, 0, "consent receipt --contact "+ana.Phone+admin, `"schema_version":"waguard.receipt/1"`)

	// The store is lost, and the backup is older than the opt-out.
	p.signal(t, syscall.SIGTERM)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	p.wantCommand(t, 0, "restore --from "+backup+" --path "+dir)
	p.start(t)
	state(ben.Phone, "opted_in")
	p.wantCommand(t, 0, "consent import --from "+filepath.Join(base, "all.csv")+admin)
	state(ben.Phone, "opted_out")
	state(ana.Phone, "opted_in")
	// Its records are in two trees of the log by now, under one key.
	again := filepath.Join(base, "again.zip")
	p.wantCommand(t, 0, "consent pack --contact "+ben.Phone+" --to "+again+admin)
	checkpoint := strings.Fields(p.wantCommand(t, 0, "audit checkpoint"+admin))
	p.wantCommand(t, 0, "consent pack verify "+again+" --key "+checkpoint[len(checkpoint)-1], "2 records: 2 in the log, 2 of them opened")
	raw, err := os.ReadFile(again)
	if err != nil {
		t.Fatal(err)
	}
	_, files := unpacked(t, raw)
	if out, err := in(files, "sh", "verify.sh", checkpoint[len(checkpoint)-1]); err != nil || !strings.Contains(out, "2 records are in the log") {
		t.Errorf("verify.sh: %v %s", err, out)
	}

	// What was exported before an erasure brings nobody back, by whatever name.
	p.wantCommand(t, 0, "consent erase --yes --contact "+ana.Phone+admin)
	for _, name := range []string{"all.csv", "all.jsonl"} {
		rejects := filepath.Join(base, "rejects-"+name)
		p.do(t, strings.Fields("consent import --from "+filepath.Join(base, name)+" --rejects "+rejects+admin)...)
		if why, err := os.ReadFile(rejects); err != nil || strings.Count(string(why), "was erased") != 1 {
			t.Errorf("importing %s: %v %s", name, err, why)
		}
		state(ana.Phone, "opted_out")
		state(ben.Phone, "opted_out")
	}
	p.signal(t, syscall.SIGTERM)
}
