package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// script is the one that the documentation shows, in a file.
func script(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/explanation/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begins := strings.Cut(string(page), "```sh\n")
	text, _, ends := strings.Cut(rest, "```")
	if !begins || !ends {
		t.Fatal("the documentation shows no script")
	}
	file := filepath.Join(t.TempDir(), "verify.sh")
	if err := os.WriteFile(file, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

// An auditor keeps checkpoints, and verifies the log and a proof: on a running
// gateway, on a directory, with stock tools, and after an older backup was restored.
func TestAudit(t *testing.T) {
	_, upstream := newSim(t)
	base := t.TempDir()
	dir := filepath.Join(base, "store")
	p := newProcess(t, upstream, dir)
	p.start(t)
	who := []string{"--address", p.Admin, "--business", shop, "--contact", ana.Phone}
	do := func(wantCode int, args ...string) (stdout, stderr string) {
		t.Helper()
		stdout, stderr, code := p.do(t, args...)
		if code != wantCode {
			t.Fatalf("%v ended with %d, want %d: %s%s", args, code, wantCode, stdout, stderr)
		}
		return stdout, stderr
	}
	file := func(name, content string) string {
		t.Helper()
		path := filepath.Join(base, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	consent := func(change ...string) { t.Helper(); do(0, append(append([]string{"consent"}, change...), who...)...) }
	consent("opt-in", "--scope", "marketing", "--source", "website")
	consent("opt-out")
	consent("opt-in", "--scope", "all", "--source", "website")

	kept, _ := do(0, "audit", "checkpoint", "--address", p.Admin)
	first := file("first", kept)
	verifier := strings.TrimSpace(kept[strings.LastIndex(strings.TrimSpace(kept), "\n")+1:])
	if out, _ := do(0, "audit", "verify", "--address", p.Admin, "--checkpoint", first); !strings.Contains(out, "compared 3 consent records") || !strings.Contains(out, "the first 4 leaves") {
		t.Errorf("verified: %s", out)
	}
	history, _ := do(0, append([]string{"consent", "history", "--json"}, who...)...)
	var record struct{ ID string }
	if err := json.NewDecoder(strings.NewReader(history)).Decode(&record); err != nil {
		t.Fatal(err)
	}
	leaf := filepath.Join(base, "leaf")
	proven, said := do(0, "audit", "proof", "--address", p.Admin, "--record", record.ID, "--leaf", leaf)
	if !strings.Contains(said, verifier) {
		t.Errorf("the proof names another key than %s: %s", verifier, said)
	}
	proof := file("proof", proven)
	if _, said := do(4, "audit", "proof", "--address", p.Admin, "--record", "0123456789abcdef"); !strings.Contains(said, "no consent record of that id") {
		t.Errorf("of a record that isn't there it says %s", said)
	}

	// A stranger with stock tools. They belong to a Debian: no skipping.
	run := func(args ...string) (string, error) {
		out, err := exec.Command("sh", append([]string{script(t)}, args...)...).CombinedOutput()
		return string(out), err
	}
	if out, err := run(proof, leaf, verifier); err != nil || !strings.Contains(out, "The leaf is in the log.") {
		t.Errorf("the script of the documentation: %v, %s", err, out)
	}
	if out, err := run(proof, file("other", strings.TrimSpace(history)), verifier); err == nil {
		t.Errorf("the script takes another leaf: %s", out)
	}
	if out, err := run(file("forged", strings.Replace(proven, "\n4\n", "\n5\n", 1)), leaf, verifier); err == nil {
		t.Errorf("the script takes another checkpoint: %s", out)
	}

	// An older backup takes the store's place.
	backup := filepath.Join(base, "backup")
	do(0, "backup", "--address", p.Admin, "--to", backup)
	consent("opt-out")
	kept, _ = do(0, "audit", "checkpoint", "--address", p.Admin)
	second := file("second", kept)
	p.signal(t, syscall.SIGTERM)
	for _, checkpoint := range []string{first, second} {
		do(0, "audit", "verify", "--path", dir, "--checkpoint", checkpoint)
	}
	if closed, _ := do(0, "audit", "checkpoint", "--path", dir); closed != kept {
		t.Errorf("the closed store's checkpoint is %s, want %s", closed, kept)
	}
	do(0, "audit", "proof", "--path", dir, "--record", record.ID)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	do(0, "restore", "--from", backup, "--path", dir)
	p.start(t)
	if out, _ := do(5, "audit", "verify", "--address", p.Admin, "--checkpoint", second); !strings.Contains(out, "had 5 leaves") {
		t.Errorf("after an older backup was restored: %s", out)
	}
	consent("opt-out")
	do(0, "audit", "verify", "--address", p.Admin, "--checkpoint", first)
	if now, _ := do(0, "audit", "checkpoint", "--address", p.Admin); !strings.Contains(now, "/2\n2\n") {
		t.Errorf("the checkpoint is now %s", now)
	}
	p.signal(t, syscall.SIGTERM)
}
