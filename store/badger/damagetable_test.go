package badger

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// victim is a kind of file, with the one that is damaged.
type victim struct {
	kind  string
	path  func(e estate) string
	older func(early, middle, late estate) string
}

func inStore(name string) func(e estate) string {
	return func(e estate) string { return filepath.Join(e.store(), name) }
}

// victims are the files of a store that was killed.
func victims(t testing.TB, late estate) []victim {
	t.Helper()
	l, err := list(late.store())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(l.tables)
	if len(l.tables) < 2 || len(l.logs) != 1 || len(l.vlogs) == 0 {
		t.Fatalf("the store has %d tables and %d logs", len(l.tables), len(l.logs))
	}
	first, last := l.tables[0], l.tables[len(l.tables)-1]
	was := func(name string) func(_, _, _ estate) string {
		return func(_, middle, _ estate) string { return filepath.Join(middle.store(), name) }
	}
	other := func(name string) func(_, _, _ estate) string {
		return func(_, _, late estate) string { return filepath.Join(late.store(), name) }
	}
	veryOld := func(name string) func(_, _, _ estate) string {
		return func(early, _, _ estate) string { return filepath.Join(early.store(), name) }
	}
	return []victim{
		{"`CHANGES-0`, in use", inStore("CHANGES-0"), was("CHANGES-0")},
		{"`CHANGES-1`, not in use", inStore("CHANGES-1"), other("CHANGES-0")},
		{"`*.mem`, the newest", inStore(l.logs[0]), was(l.logs[0])},
		{"`*.sst`, the oldest", inStore(first), other(last)},
		{"`*.sst`, the newest", inStore(last), other(first)},
		{"`MANIFEST`", inStore("MANIFEST"), veryOld("MANIFEST")},
		{"`WITNESS`", inStore("WITNESS"), veryOld("WITNESS")},
		{"the witness beside the directory", func(e estate) string { return e.store() + witnessSuffix }, func(early, _, _ estate) string { return early.store() + witnessSuffix }},
		{"`*.vlog`", inStore(l.vlogs[0]), veryOld(l.vlogs[0])},
		{"`KEYREGISTRY`", inStore("KEYREGISTRY"), veryOld("KEYREGISTRY")},
		{"`DISCARD`", inStore("DISCARD"), veryOld("DISCARD")},
	}
}

// flipped is at how many places bits are flipped in each file.
var flipped = 100

// TestDamage does everything to every file of a store that can happen to it. A
// store is refused with a sentence, unchanged, or it holds all it has
// acknowledged; it is never opened knowing less.
func TestDamage(t *testing.T) {
	t.Parallel()
	early, middle, late := estates(t)
	late.cache = make(map[string]cachedFile)
	results := make(map[string]map[string]string) // by kind and damage
	for _, v := range victims(t, late) {
		results[v.kind] = make(map[string]string)
		for i, d := range append(slices.Clone(damages), flips(t, v.path(late), flipped)...) {
			e := late.copy(t, fastDir(t))
			if err := d.do(v.path(e), v.older(early, middle, late)); err != nil {
				t.Fatalf("%s, %s: %v", v.kind, d.name, err)
			}
			outcome, err := e.after(t)
			if outcome == silent {
				t.Errorf("%s, %s (%d): %v", v.kind, d.name, i, err)
			}
			if before := results[v.kind][d.name]; before != "" && before != outcome {
				outcome = "refused, or " + whole
			}
			results[v.kind][d.name] = outcome
			os.RemoveAll(e.dir)
		}
	}
	compareTable(t, "damage", damageTable(t, results, late))
}

func damageTable(t testing.TB, results map[string]map[string]string, late estate) string {
	names := []string{}
	for _, d := range append(slices.Clone(damages), damage{name: "a bit flipped"}) {
		names = append(names, d.name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| File | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for _, v := range victims(t, late) {
		fmt.Fprintf(&b, "| %s |", v.kind)
		for _, name := range names {
			fmt.Fprintf(&b, " %s |", results[v.kind][name])
		}
		b.WriteString("\n")
	}
	return b.String()
}

// compareTable compares a table with the one in docs/reference/damage.md between marks of
// its name.
func compareTable(t testing.TB, name, table string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", "reference", "damage.md")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- end -->"
	before, rest, ok := strings.Cut(string(content), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no table %s", path, name)
	}
	if old == table {
		return
	}
	if !*updateGolden {
		t.Errorf("docs/reference/damage.md doesn't say what happens (rewrite it with -update):\n%s", table)
		return
	}
	if err := os.WriteFile(path, []byte(cmp.Or(before+begin+table+end+after)), 0o644); err != nil {
		t.Fatal(err)
	}
}
