package badger

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// A restored store knows what the original knew when it was backed up, under
// the same pseudonyms.
func TestBackupRestores(t *testing.T) {
	ctx := t.Context()
	original, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer original.Close()
	who := policy.Identity{Kind: policy.Phone, Value: "4915112345678"}
	at := policy.MomentOf(original.engine.options.Now())
	said := policy.ConsentChanged{PhoneNumberID: "1", Who: []policy.Identity{who}, At: at, State: policy.OptedOut, Scopes: policy.AllScopes, Source: policy.SourceKeyword}
	if err := original.Apply(ctx, []policy.Event{said}); err != nil {
		t.Fatal(err)
	}
	entry := &store.Entry{ID: store.NewID(at), At: at, Send: policy.Send{PhoneNumberID: "1"}, Outcome: store.Outcome{State: store.Reserved}}
	if err := original.Reserve(t.Context(), entry).Wait(); err != nil {
		t.Fatal(err)
	}
	var backup bytes.Buffer
	if err := original.Backup(ctx, &backup, nil); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "restored")
	if err := Restore(dir, bytes.NewReader(backup.Bytes())); err != nil {
		t.Fatal(err)
	}
	restored, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	if got, want := restored.Pseudonym(who), original.Pseudonym(who); got != want {
		t.Errorf("the pseudonym became %s, want %s", got, want)
	}
	person, err := restored.Person(ctx, who, "1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := person.Consent[policy.Marketing].State; got != policy.OptedOut {
		t.Errorf("consent after the restore is %s, want opted_out", got)
	}
	if _, err := restored.Entry(ctx, entry.ID); err != nil {
		t.Errorf("the ledger entry after the restore: %v", err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var b bytes.Buffer
	if err := s.Backup(t.Context(), &b, nil); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, test := range map[string]struct {
		backup []byte
		dir    string
		want   string
	}{
		"cut short":           {whole[:len(whole)-5], t.TempDir(), "checksum"},
		"one bit flipped":     {flipped, t.TempDir(), "checksum"},
		"another file":        {[]byte(strings.Repeat("PK\x03\x04", 100)), t.TempDir(), "no backup"},
		"nearly nothing":      {whole[:3], t.TempDir(), "too short"},
		"into a live store":   {whole, s.engine.dir, "not empty"},
		"into something else": {whole, ".", "not empty"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Restore(test.dir, bytes.NewReader(test.backup))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestBackupStopsWithItsReceiver(t *testing.T) {
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Backup(ctx, new(bytes.Buffer), nil); err == nil {
		t.Error("a backup nobody waits for goes on")
	}
}
