package partition

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/waguard/waguard/internal/export"
)

// item is a row.
type item struct {
	export.Place
	N int `json:"n" parquet:"n"`
}

var layout = Layout{What: "items", Schema: "items/1", Format: string(export.Lines)}

func itemsAs(format export.Format) func(io.Writer) (export.Writer[item], error) {
	return func(w io.Writer) (export.Writer[item], error) {
		return export.NewWriter[item](w, format, export.Options{Folders: true})
	}
}

// at is the item n of a day and a business.
func at(day, business string, n int) item {
	return item{export.Place{Day: day, Business: business}, n}
}

// written writes items, and is their files.
func written(t testing.TB, f *Folder, items ...item) ([]Part, *Run[item]) {
	t.Helper()
	run := NewRun(f, itemsAs(export.Format(f.State.Format)))
	for _, i := range items {
		if err := run.Write(&i.Place, &i); err != nil {
			t.Fatal(err)
		}
	}
	parts, err := run.Finish(All)
	if err != nil {
		t.Fatal(err)
	}
	return parts, run
}

func opened(t testing.TB, dir string, l Layout) *Folder {
	t.Helper()
	f, err := Open(dir, l)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func closed(t testing.TB, f *Folder) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// none keeps nothing.
func none(string) bool { return false }

// found are the items in a folder as readers see them, by file.
func found(t testing.TB, dir string) map[string][]int {
	t.Helper()
	all := make(map[string][]int)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		if d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return nil
		}
		from, err := filepath.Rel(dir, name)
		all[filepath.ToSlash(from)] = items(t, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// items are those of a file.
func items(t testing.TB, name string) (n []int) {
	t.Helper()
	if strings.HasSuffix(name, ".parquet") {
		rows, err := parquet.ReadFile[item](name)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range rows {
			n = append(n, i.N)
		}
		return n
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for s := bufio.NewScanner(file); s.Scan(); {
		var i item
		switch {
		case strings.HasSuffix(name, ".csv"):
			if _, err := fmt.Sscan(s.Text(), &i.N); err != nil {
				continue // the names of the columns
			}
		default:
			if err := json.Unmarshal(s.Bytes(), &i); err != nil {
				t.Fatal(err)
			}
		}
		n = append(n, i.N)
	}
	return n
}

// Rows of more partitions than there are open files stand in one file each, in every format,
// all of them and in their order.
func TestManyPartitions(t *testing.T) {
	t.Parallel()
	for _, format := range export.Formats {
		l := layout
		l.Format = format
		dir := filepath.Join(t.TempDir(), "out")
		f := opened(t, dir, l)
		var all []item
		want := make(map[string][]int)
		for n := range 3 * mostOpen * 700 {
			business := fmt.Sprintf("shop %d", n%(3*mostOpen))
			all = append(all, at("2026-10-05", business, n))
			name := "day=2026-10-05/business=" + strings.ReplaceAll(business, " ", "%20") + "/part-0." + format
			want[name] = append(want[name], n)
		}
		parts, _ := written(t, f, all...)
		if added, replaced, err := f.Replace(parts, none); err != nil || added != 3*mostOpen || replaced != 0 {
			t.Errorf("%s: %d added, %d replaced, %v", format, added, replaced, err)
		}
		if got := found(t, dir); !maps.EqualFunc(got, want, slices.Equal[[]int]) {
			t.Errorf("%s: the folder has other rows", format)
		}
		closed(t, f)
	}
}

// Folders are named so that their readers get the value back, and nothing leaves its folder.
func TestFolderNames(t *testing.T) {
	t.Parallel()
	for business, want := range map[string]string{
		"shop": "shop", "104455667788": "104455667788", "": noBusiness, "Ana's Café": "Ana%27s%20Caf%C3%A9",
		"a/b": "a%2Fb", "..": "..", "a=b:c": "a%3Db%3Ac", "50%": "50%25",
	} {
		got := folderOf(&export.Place{Day: "2026-10-05", Business: business})
		if want := "day=2026-10-05/business=" + want; strings.ReplaceAll(got, "'", "%27") != want {
			t.Errorf("%q: %s, want %s", business, got, want)
		}
	}
}

// What is written anew takes the place of what there was if it is something else, whatever
// number of files that was; what has no rows any more goes; what isn't kept whole stays.
func TestReplace(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "out")
	f := opened(t, dir, layout)
	if !f.New {
		t.Error("the folder isn't new")
	}
	first, _ := written(t, f, at("2026-10-04", "a", 1), at("2026-10-05", "a", 2), at("2026-10-05", "b", 3), at("2026-10-06", "a", 4))
	if _, _, err := f.Replace(first, none); err != nil {
		t.Fatal(err)
	}
	more, _ := written(t, f, at("2026-10-06", "a", 5))
	if err := f.Add(more, "20261006T120000000Z"); err != nil {
		t.Fatal(err)
	}
	closed(t, f)
	f = opened(t, dir, layout)
	defer f.Close()
	if f.New {
		t.Error("the folder is new")
	}
	before, err := os.Stat(filepath.Join(dir, "day=2026-10-05", "business=a", "part-0.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	again, run := written(t, f, at("2026-10-04", "a", 9), at("2026-10-05", "a", 2), at("2026-10-06", "a", 4), at("2026-10-06", "a", 6), at("2026-10-07", "a", 7))
	added, replaced, err := f.Replace(again, func(day string) bool { return day <= "2026-10-04" })
	if err != nil || added != 1 || replaced != 1 {
		t.Errorf("%d added, %d replaced, %v", added, replaced, err)
	}
	if gone, err := f.Vanish(run.Seen, func(day string) bool { return day > "2026-10-04" }); gone != 1 || err != nil {
		t.Errorf("%d gone, %v", gone, err)
	}
	want := map[string][]int{
		"day=2026-10-04/business=a/part-0.jsonl": {1}, "day=2026-10-05/business=a/part-0.jsonl": {2},
		"day=2026-10-06/business=a/part-0.jsonl": {4, 6}, "day=2026-10-07/business=a/part-0.jsonl": {7},
	}
	if got := found(t, dir); !maps.EqualFunc(got, want, slices.Equal[[]int]) {
		t.Errorf("got %v, want %v", got, want)
	}
	if after, err := os.Stat(filepath.Join(dir, "day=2026-10-05", "business=a", "part-0.jsonl")); err != nil || !os.SameFile(before, after) {
		t.Error("a file was written anew that hasn't changed")
	}
	if _, err := os.Stat(filepath.Join(dir, "day=2026-10-05", "business=b")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the folder of a partition without rows is still there")
	}
}

// A folder is one export's, and one process's at a time.
func TestFolderIsOneExports(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "out")
	f := opened(t, dir, layout)
	if _, err := Open(dir, layout); !errors.Is(err, ErrBusy) {
		t.Errorf("a second process opens it: %v", err)
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	closed(t, f)
	other := layout
	other.Format = "csv"
	if _, err := Open(dir, other); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "items/1 as jsonl") {
		t.Errorf("another export opens it: %v", err)
	}
	closed(t, opened(t, dir, layout))
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(foreign, layout); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("somebody else's folder is opened: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "none", "out"), layout); err == nil || !strings.Contains(err.Error(), "there is no directory") {
		t.Errorf("a folder in none: %v", err)
	}
}

// However far a process got with publishing before it was killed, the next one ends it: no row
// is twice there, and none is missing. What wasn't decided to be published is forgotten.
func TestKilledWhilePublishing(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			t.Fatal(err)
		}
		f, err := Open(dir, layout)
		if err != nil {
			t.Fatal(err)
		}
		day := func() string {
			return rapid.SampledFrom([]string{"2026-10-04", "2026-10-05", "2026-10-06"}).Draw(t, "day")
		}
		write := func(from int) (parts []Part, want []int) {
			run := NewRun(f, itemsAs(export.Lines))
			for n := range rapid.IntRange(1, 5).Draw(t, "rows") {
				i := at(day(), "a", from+n)
				if err := run.Write(&i.Place, &i); err != nil {
					t.Fatal(err)
				}
				want = append(want, i.N)
			}
			parts, err := run.Finish(All)
			if err != nil {
				t.Fatal(err)
			}
			return parts, want
		}
		// What there is.
		parts, want := write(0)
		if err := f.Add(parts, "1"); err != nil {
			t.Fatal(err)
		}
		// What is decided: more of it, and in place of one partition's files others.
		parts, more := write(100)
		c := &change{Rename: make(map[string]string)}
		for _, p := range parts {
			c.Rename[p.name] = p.Place + "/part-2.jsonl"
		}
		want = append(want, more...)
		if old, err := f.parts(parts[0].Place); err == nil && len(old) > 0 && rapid.Bool().Draw(t, "replace") {
			c.Remove = old
			for _, name := range old {
				for _, n := range linesOf(t, filepath.Join(dir, filepath.FromSlash(name))) {
					want = slices.DeleteFunc(want, func(w int) bool { return w == n })
				}
			}
		}
		decided := rapid.Bool().Draw(t, "decided")
		if decided {
			f.State.Publishing = c
			if err := f.Save(); err != nil {
				t.Fatal(err)
			}
			// Some of it is done when the process is killed.
			for _, name := range c.Remove {
				if rapid.Bool().Draw(t, "removed") {
					os.Remove(f.in(name))
				}
			}
			for from, to := range c.Rename {
				if rapid.Bool().Draw(t, "renamed") {
					if err := f.makeFolders(filepath.Dir(f.in(to))); err != nil {
						t.Fatal(err)
					}
					if err := os.Rename(f.in(workName+"/"+from), f.in(to)); err != nil {
						t.Fatal(err)
					}
				}
			}
		} else {
			want = slices.DeleteFunc(want, func(n int) bool { return n >= 100 })
			if c.Remove != nil { // which wasn't decided either
				want = nil
				for _, p := range []string{"2026-10-04", "2026-10-05", "2026-10-06"} {
					want = append(want, linesOf(t, filepath.Join(dir, "day="+p, "business=a", "part-1.jsonl"))...)
				}
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if f, err = Open(dir, layout); err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var got []int
		days, err := f.Days()
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range days {
			names, err := f.parts("day=" + d + "/business=a")
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				got = append(got, linesOf(t, f.in(name))...)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("there are %v, want %v", got, want)
		}
		if f.State.Publishing != nil {
			t.Error("it is still to be published")
		}
		if _, err := os.Stat(f.in(workName)); !errors.Is(err, fs.ErrNotExist) {
			t.Error("unfinished files are left")
		}
	})
}

// linesOf are the numbers of the items in a file of lines; none of one that isn't there.
func linesOf(t *rapid.T, name string) (n []int) {
	raw, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		var i item
		if err := json.Unmarshal([]byte(line), &i); err != nil {
			t.Fatal(err)
		}
		n = append(n, i.N)
	}
	return n
}

// TestPublishFails: what was decided to be published and couldn't be, as on a full disk, is
// published by the next one who opens the folder, and what is gone is told of.
func TestPublishFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "items")
	f := opened(t, dir, layout)
	inTheWay := filepath.Join(dir, "day=2026-10-05")
	if err := errors.Join(f.Save(), os.WriteFile(inTheWay, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	parts, run := written(t, f, at("2026-10-04", "shop", 1), at("2026-10-05", "shop", 2))
	if err := f.Add(parts, "a"); err == nil {
		t.Fatal("it was published where something is in the way")
	}
	run.Drop()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, layout); err == nil {
		t.Fatal("it was opened while something is in the way")
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	f = opened(t, dir, layout)
	for _, day := range []string{"2026-10-04", "2026-10-05"} {
		if parts, err := f.parts("day=" + day + "/business=shop"); err != nil || len(parts) != 1 {
			t.Errorf("of %s there are %v, %v; want one file", day, parts, err)
		}
	}

	// Somebody removes what is being written.
	parts, _ = written(t, f, at("2026-10-06", "shop", 3))
	if err := os.RemoveAll(filepath.Join(dir, workName)); err != nil {
		t.Fatal(err)
	}
	if err := f.Add(parts, "b"); err == nil || !strings.Contains(err.Error(), "are gone") {
		t.Errorf("rows that are gone: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLongNames: a business of any name has a folder of its own.
func TestLongNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "items")
	f := opened(t, dir, layout)
	names := []string{strings.Repeat("Общество ", 20), strings.Repeat("Общество ", 20) + "2", strings.Repeat("a", 300), strings.Repeat("a", longestName), strings.Repeat("/", 200)}
	var items []item
	for i, name := range names {
		items = append(items, at("2026-10-05", name, i))
	}
	parts, _ := written(t, f, items...)
	if err := f.Add(parts, "a"); err != nil {
		t.Fatal(err)
	}
	folders, err := f.values(filepath.Join(dir, "day=2026-10-05"), "business=")
	if err != nil || len(folders) != len(names) {
		t.Errorf("%d businesses have the folders %q, %v", len(names), folders, err)
	}
	for _, folder := range folders {
		if len(folder) > longestName {
			t.Errorf("%q has %d bytes", folder, len(folder))
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
