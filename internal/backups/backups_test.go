package backups

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// writes writes a text.
func writes(text string) func(io.Writer) (string, error) {
	return func(w io.Writer) (string, error) {
		_, err := io.WriteString(w, text)
		return "", err
	}
}

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
	if saved, err := Save(name, writes("first")); err != nil || saved.Size != 5 || saved.Path != name {
		t.Fatalf("%+v, %v", saved, err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
	if _, err := Save(name, writes("second")); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("over another backup: %v", err)
	}
	dangling := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), dangling); err != nil {
		t.Fatal(err)
	}
	if _, err := Save(dangling, writes("second")); err == nil {
		t.Error("a backup was written through a link")
	}
	late := filepath.Join(dir, "late")
	_, err := Save(late, func(w io.Writer) (string, error) { return "", os.WriteFile(late, []byte("other"), 0o600) })
	if err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("over a file that came meanwhile: %v", err)
	}
	broken := errors.New("the checksum is wrong")
	if _, err := Save(filepath.Join(dir, "bad"), func(io.Writer) (string, error) { return "", broken }); !errors.Is(err, broken) {
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
	deleted, err := Keep(dir, []string{filepath.Base(newest)}, 3, now)
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
			if _, err := Save(name, writes("x")); err != nil {
				if !strings.Contains(err.Error(), "is there already") {
					t.Error(err)
				}
				return
			}
			if _, err := Keep(dir, []string{filepath.Base(name)}, 5, at); err != nil {
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

// TestKeepChains: a backup with everything and those that continue it are kept and go
// together; the chain that was just added to stays, whatever the clock says.
func TestKeepChains(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 2, 30, 0, 0, time.UTC)
	full, more := Kind{Sealed: true}, Kind{Sealed: true, Increment: true}
	at := func(k Kind, days int) string { return k.Name(now.AddDate(0, 0, days)) }
	for _, tc := range []struct {
		name   string
		files  []string
		newest []string
		keep   int
		want   []string
	}{
		{"three chains, two stay", []string{at(full, -6), at(more, -5), at(full, -4), at(more, -3), at(full, -2), at(more, 0)}, []string{at(more, 0)}, 2, []string{at(full, -4), at(more, -3), at(full, -2), at(more, 0)}},
		{"one stays, with all that continue it", []string{at(full, -6), at(full, -2), at(more, -1), at(more, 0)}, []string{at(more, 0)}, 1, []string{at(full, -2), at(more, -1), at(more, 0)}},
		{"increments without what they continue go first", []string{at(more, -9), at(more, -8), at(full, -2), at(full, 0)}, []string{at(full, 0)}, 2, []string{at(full, -2), at(full, 0)}},
		{"the clock was set back", []string{at(full, -30), at(more, -29), at(full, -2), at(full, -1)}, []string{at(full, -30), at(more, -29)}, 2, []string{at(full, -30), at(more, -29), at(full, -1)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range tc.files {
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Keep(dir, tc.newest, tc.keep, now); err != nil {
				t.Fatal(err)
			}
			slices.Sort(tc.want)
			if got := names(t, dir); got != strings.Join(tc.want, " ") {
				t.Errorf("left are %s, want %s", got, strings.Join(tc.want, " "))
			}
		})
	}
}

// TestLatest: an increment continues a chain only if each of its files is what it was.
func TestLatest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wants := func(want string) {
		t.Helper()
		if l, why := ReadLatest(dir); !strings.Contains(why, want) || (l == nil) != (want != "") {
			t.Errorf("%+v because %q, want %q", l, why, want)
		}
	}
	wants("no backup before it")
	l := &Latest{Base: []byte("{}")}
	for _, text := range []string{"first", "second"} {
		saved, err := Save(filepath.Join(dir, text), writes(text))
		if err != nil {
			t.Fatal(err)
		}
		l.Chain = append(l.Chain, Link{text, saved.SHA256})
	}
	if err := WriteLatest(dir, l); err != nil {
		t.Fatal(err)
	}
	wants("")
	if err := os.WriteFile(filepath.Join(dir, "first"), []byte("First"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants("first is not what it was")
	if err := os.Remove(filepath.Join(dir, "first")); err != nil {
		t.Fatal(err)
	}
	wants("first is gone")
	if err := os.WriteFile(filepath.Join(dir, latestName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants("can't be read")
}
