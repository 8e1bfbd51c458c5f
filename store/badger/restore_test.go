package badger

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRestoreOver restores a backup where a store was: it is another lineage of
// the same installation, and an operator's own doing.
func TestRestoreOver(t *testing.T) {
	e := estate{dir: fastDir(t)}
	s := openStore(t, e.store(), damageStore)
	e.grow(t, s, 30)
	then := e
	var backup bytes.Buffer
	if err := s.Backup(t.Context(), &backup, nil); err != nil {
		t.Fatal(err)
	}
	e.grow(t, s, 30)
	closeStore(t, s)
	moved := e.copy(t, t.TempDir())
	restore := func() {
		t.Helper()
		if err := os.RemoveAll(e.store()); err != nil {
			t.Fatal(err)
		}
		if err := Restore(e.store(), bytes.NewReader(backup.Bytes())); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // a second time, too
		restore()
		s = openStore(t, e.store(), damageStore)
		if err := then.check(t, s); err != nil {
			t.Error(err)
		}
		if c := s.Condition(); len(c.Notices) != 1 || !strings.Contains(c.Notices[0], "restored from a backup") {
			t.Errorf("the restored store says %q", c.Notices)
		}
		then.grow(t, s, 1)
		closeStore(t, s)
		s = openStore(t, e.store(), damageStore)
		if err := then.check(t, s); err != nil || len(s.Condition().Notices) > 0 {
			t.Errorf("opened again: %v, %q", err, s.Condition().Notices)
		}
		closeStore(t, s)
		then.people, then.entries = 30, then.entries[:30]
	}
	// What was there before the restore is another store now.
	e.swap(t, moved)
	_, err := Open(e.store(), damageStore)
	if loss, ok := errors.AsType[*Loss](err); !ok || loss.Kind != KindOther {
		t.Errorf("the store from before the restore: %v", err)
	}
}

// TestRestoreInterrupted: what an interrupted restore leaves behind is no store.
func TestRestoreInterrupted(t *testing.T) {
	e := estate{dir: fastDir(t)}
	s := openStore(t, e.store(), damageStore)
	e.grow(t, s, 300)
	var backup bytes.Buffer
	if err := s.Backup(t.Context(), &backup, nil); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)

	// Beside the directory: it is not there before it is whole.
	dir := filepath.Join(fastDir(t), "restored")
	broken := errors.New("broken")
	if err := Restore(dir, &breaking{Reader: bytes.NewReader(backup.Bytes()), err: broken}); !errors.Is(err, broken) {
		t.Fatalf("a restore that breaks off: %v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) > 1 {
		t.Errorf("it left behind %v, %v", entries, err)
	}

	// Inside: at every step from the finished part to the finished store.
	whole := filepath.Join(fastDir(t), "whole")
	if err := Restore(whole, bytes.NewReader(backup.Bytes())); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(whole)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(names) {
		dir := filepath.Join(fastDir(t), "store")
		part := filepath.Join(dir, restorePart)
		if err := os.MkdirAll(part, 0o700); err != nil {
			t.Fatal(err)
		}
		moved := 0
		for _, name := range names {
			content, err := os.ReadFile(filepath.Join(whole, name.Name()))
			if err != nil {
				t.Fatal(err)
			}
			to := part
			if name.Name() != "MANIFEST" && moved < n {
				to, moved = dir, moved+1
			}
			if err := os.WriteFile(filepath.Join(to, name.Name()), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(dir, damageStore); err == nil || !strings.Contains(err.Error(), "a restore was interrupted") {
			t.Errorf("with %d of %d files moved: %v", n, len(names), err)
		}
		if err := moveUp(part, dir); err != nil {
			t.Fatal(err)
		}
		s := openStore(t, dir, damageStore)
		if err := e.check(t, s); err != nil {
			t.Error(err)
		}
		closeStore(t, s)
	}
}

// breaking is a backup that can be verified, and then not be read.
type breaking struct {
	*bytes.Reader
	seeks int
	err   error
}

func (b *breaking) Seek(offset int64, whence int) (int64, error) {
	b.seeks++
	return b.Reader.Seek(offset, whence)
}

func (b *breaking) Read(p []byte) (int, error) {
	if b.seeks > 1 && b.Reader.Len() < int(b.Reader.Size())/2 {
		return 0, b.err
	}
	return b.Reader.Read(p[:min(len(p), 512)]) // so that no reader takes all at once
}

// TestPermissions: a store belongs to its user alone, also where it didn't.
func TestPermissions(t *testing.T) {
	t.Parallel()
	e := estate{dir: fastDir(t)}
	if err := os.Mkdir(e.store(), 0o755); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		err := filepath.WalkDir(e.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || path == e.dir {
				return err
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %s has mode %v", when, path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	s := openStore(t, e.store(), damageStore)
	check("opened")
	e.grow(t, s, 300)
	settleDown(t, e.store())
	if err := s.engine.keeper.beat(); err != nil {
		t.Fatal(err)
	}
	check("grown")
	closeStore(t, s)
	err := filepath.WalkDir(e.store(), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return os.Chmod(path, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, openStore(t, e.store(), damageStore))
	check("opened again")
	if err := os.Chmod(e.store(), 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(e.store(), damageStore); err == nil || !strings.Contains(err.Error(), "chmod 700 "+e.store()) {
		t.Errorf("in a directory of everybody's: %v, want the command that mends it", err)
	}
}
