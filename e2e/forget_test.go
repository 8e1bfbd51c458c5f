package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/backups"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store/badger"
)

// knownIn says who of two people a restored store knows of.
func knownIn(t testing.TB, dir string) (who []string) {
	t.Helper()
	st, err := badger.Open(dir, badger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for _, p := range []person{ana, ben} {
		id := policy.Identity{Kind: policy.Phone, Value: strings.TrimPrefix(p.Phone, "+")}
		records := 0
		for _, err := range st.History(t.Context(), id) {
			if err != nil {
				t.Fatal(err)
			}
			records++
		}
		if facts, err := st.Person(t.Context(), id, shop, nil); err != nil {
			t.Fatal(err)
		} else if (facts.Opened != 0) != (records > 0) {
			t.Errorf("of %s there are %d records, and a window since %v", p.Name, records, facts.Opened)
		}
		if records > 0 {
			who = append(who, p.Name)
		}
	}
	return who
}

// TestBackupForget: backups from before an erasure are written anew without the person,
// encrypted ones with their increments too, and stay backups of their time; it may be done
// again, and what can't be done leaves everything as it is.
func TestBackupForget(t *testing.T) {
	t.Parallel()
	sim, p := serving(t)
	says := func(u person, words ...string) {
		t.Helper()
		for _, w := range words {
			if _, err := sim.Inbound(t.Context(), shop, u.User, graphsim.Text(w)); err != nil {
				t.Fatal(err)
			}
		}
	}
	says(ana, "START")
	admin := " --address " + p.Admin
	plain, sealed, single := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "single")
	mine, recipient := identity(t)
	stranger, others := identity(t)
	p.wantCommand(t, 0, "backup --to "+plain+admin)
	p.wantCommand(t, 0, "backup --to "+single+admin)
	increment := "backup --incremental --to " + sealed + " --recipient " + recipient + admin
	p.wantCommand(t, 0, increment)
	says(ben, "Hello", "START")
	p.wantCommand(t, 0, "backup --to "+plain+admin)
	p.wantCommand(t, 0, increment, "!continues waguard-")
	forget := "backup forget --from "
	p.wantCommand(t, 0, forget+plain+admin, "!Nobody was erased")
	p.wantCommand(t, 0, "consent erase --yes --contact "+ana.Phone+admin, "waguard backup forget")
	tombs := filepath.Join(t.TempDir(), "erased")
	if err := os.WriteFile(tombs, []byte(p.wantCommand(t, 0, "consent erasures export"+admin)), 0o600); err != nil {
		t.Fatal(err)
	}
	listOf := func(dir string) []backups.Backup {
		t.Helper()
		list, err := backups.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	restored := func(from, more, want string) {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "store")
		p.wantCommand(t, 0, "restore --from "+from+more+" --path "+dir)
		if got := strings.Join(knownIn(t, dir), " "); got != want {
			t.Errorf("%s brings back %q, want %q", from, got, want)
		}
	}

	// Directories of backups that aren't encrypted, by the gateway's word.
	before := listOf(plain)
	restored(before[0].Path, "", "Ana Ben")
	p.wantCommand(t, 0, forget+plain+admin, "!2 backups: 2 written anew", "!without 1 name of people")
	after := listOf(plain)
	if len(after) != 2 || after[0].Path != before[0].Path || after[1].Path != before[1].Path {
		t.Errorf("there were %+v, and are %+v", before, after)
	}
	restored(before[0].Path, "", "Ben")
	restored(before[1].Path, "", "")
	p.wantCommand(t, 0, forget+plain+admin, "!2 backups: 0 written anew")
	p.wantCommand(t, 2, forget+before[0].Path+admin, "!name the directory")

	// A file by itself, by a list and without a gateway.
	p.wantCommand(t, 0, forget+single+" --tombstones "+tombs, "!1 backup: 1 written anew")
	restored(single, "", "")
	p.wantCommand(t, 0, "backup drill --from "+single, "is what was backed up, and is sound")

	// What is encrypted, with increments, where the identity is.
	byList := forget + sealed + " --tombstones " + tombs
	first := readFile(t, listOf(sealed)[0].Path)
	p.wantCommand(t, 1, byList, "!is encrypted: name the file", "!may")
	p.wantCommand(t, 1, byList+" --identity "+stranger, "!none of the identities given opens it")
	p.wantCommand(t, 1, byList+" --identity "+mine, "!say to whom it is to be encrypted again")
	p.wantCommand(t, 1, byList+" --identity "+mine+" --recipient "+others, "!what was written can't be read again")
	if list := listOf(sealed); len(list) != 2 || readFile(t, list[0].Path) != first {
		t.Errorf("what could not be done left %+v", list)
	}
	restored(sealed, " --identity "+mine, "Ana Ben")
	p.wantCommand(t, 0, byList+" --identity "+mine+" --recipient "+recipient+" --recipient "+others, "!1 written anew", "!from 2 files")
	list := listOf(sealed)
	if len(list) != 1 || list[0].Increment || !list[0].Sealed {
		t.Errorf("there are %+v", list)
	}
	restored(sealed, " --identity "+mine, "Ben")
	p.wantCommand(t, 0, "backup drill --from "+sealed+" --identity "+stranger, "is what was backed up, and is sound")
	p.wantCommand(t, 0, increment, "!writing everything: the chain is broken")
	p.wantCommand(t, 0, byList+" --identity "+mine+" --recipient "+recipient, "!2 backups: 1 written anew")
	restored(sealed, " --identity "+mine, "Ben")

	for _, dir := range []string{plain, sealed, filepath.Dir(single)} {
		if left, err := filepath.Glob(filepath.Join(dir, "*.forgetting*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.wantCommand(t, 1, forget+plain+" --tombstones "+wrong, "!the file is no list of tombstones")
}
