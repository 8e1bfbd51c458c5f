package backups

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func fine(io.ReadSeeker) error { return nil }

// names are the files in a directory.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

// TestSaveOverwritesNothing: a backup takes no other file's place, also not one that
// came while it was written; and what fails leaves nothing behind.
func TestSaveOverwritesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "b")
	if size, err := Save(name, strings.NewReader("first"), fine); err != nil || size != 5 {
		t.Fatalf("%d, %v", size, err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
	if _, err := Save(name, strings.NewReader("second"), fine); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("over another backup: %v", err)
	}
	dangling := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), dangling); err != nil {
		t.Fatal(err)
	}
	if _, err := Save(dangling, strings.NewReader("second"), fine); err == nil {
		t.Error("a backup was written through a link")
	}
	late := filepath.Join(dir, "late")
	_, err := Save(late, strings.NewReader("second"), func(io.ReadSeeker) error { return os.WriteFile(late, []byte("other"), 0o600) })
	if err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("over a file that came meanwhile: %v", err)
	}
	broken := errors.New("the checksum is wrong")
	if _, err := Save(filepath.Join(dir, "bad"), strings.NewReader("x"), func(io.ReadSeeker) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("a broken backup: %v", err)
	}
	for file, want := range map[string]string{name: "first", late: "other"} {
		if got, err := os.ReadFile(file); string(got) != want {
			t.Errorf("%s holds %q, %v", file, got, err)
		}
	}
	if got := names(t, dir); got != "b late link" {
		t.Errorf("the directory holds %s", got)
	}
}

// TestKeep: the oldest backups go, once there are more than are to be kept; the one
// just written and what has another name stay.
func TestKeep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Date(2026, 11, 26, 2, 30, 0, 0, time.UTC)
	write := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for i := range 4 {
		write(Name(now.AddDate(0, 0, -i)))
	}
	foreign := []string{"notes.txt", "waguard-20251301T000000.000Z.backup", "waguard-before-the-upgrade.backup", "waguard-20250101T000000.000Z.backup.old"}
	for _, name := range foreign {
		write(name)
	}
	if err := os.Mkdir(filepath.Join(dir, "waguard-20240101T000000.000Z.backup"), 0o700); err != nil {
		t.Fatal(err)
	}
	young, old := write(Name(now)+".123.part"), write(Name(now.AddDate(0, 0, -9))+".456.part")
	if err := os.Chtimes(old, now.AddDate(0, 0, -9), now.AddDate(0, 0, -9)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(young, now, now); err != nil {
		t.Fatal(err)
	}
	// The clock was set back: the newest has the oldest time in its name.
	newest := write(Name(now.AddDate(-1, 0, 0)))
	deleted, err := Keep(dir, newest, 3, now)
	if err != nil || len(deleted) != 2 {
		t.Fatalf("deleted %v, %v", deleted, err)
	}
	for _, name := range append(foreign, filepath.Base(newest), Name(now), Name(now.AddDate(0, 0, -1)), "waguard-20240101T000000.000Z.backup", filepath.Base(young)) {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s is gone", name)
		}
	}
	for _, name := range []string{Name(now.AddDate(0, 0, -2)), Name(now.AddDate(0, 0, -3)), filepath.Base(old)} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	if list, err := List(dir); err != nil || len(list) != 3 || !list[0].At.Equal(now) || list[0].Size != 1 {
		t.Errorf("there are %+v, %v", list, err)
	}
}

// TestConcurrentRuns: runs at the same time have each their backup, or an error, and
// keep as many as they should.
func TestConcurrentRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Date(2026, 11, 26, 2, 30, 0, 0, time.UTC)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			at := now.Add(time.Duration(i/2) * time.Second) // always two at one time
			name := filepath.Join(dir, Name(at))
			if _, err := Save(name, strings.NewReader("x"), fine); err != nil {
				if !strings.Contains(err.Error(), "is there already") {
					t.Error(err)
				}
				return
			}
			if _, err := Keep(dir, name, 5, at); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list, err := List(dir)
	if err != nil || len(list) < 1 || len(list) > 9 {
		t.Errorf("%d are left, %v", len(list), err)
	}
	if got := names(t, dir); strings.Contains(got, part) {
		t.Errorf("the directory holds %s", got)
	}
}
