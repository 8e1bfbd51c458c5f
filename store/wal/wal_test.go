package wal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var stamp = Stamp{1, 2, 3}

func open(t testing.TB, dir string, last uint64) *Log {
	t.Helper()
	l, err := Open(dir, stamp, last)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func appendAll(t testing.TB, l *Log, changes ...string) {
	t.Helper()
	for _, c := range changes {
		want := l.last + 1
		if number, err := l.Append([]byte(c)); err != nil || number != want {
			t.Fatalf("appending: %d, %v; want %d", number, err, want)
		}
	}
}

// look is what is found after a frame, in words.
func look(t testing.TB, dir string, after uint64) (string, *Found) {
	t.Helper()
	f, err := Look(dir, after)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	err = f.Changes(func(number uint64, changes []byte) error {
		if len(changes) > 20 {
			changes = changes[:20]
		}
		all = append(all, fmt.Sprint(number, string(changes)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " "), f
}

// TestLook: what was appended is found, after any frame, and after the log was opened
// again.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	if got, f := look(t, dir, 7); got != "" || f.Last != 7 || f.Lost != nil {
		t.Errorf("where there is no log: %q, %+v", got, f)
	}
	l := open(t, dir, 7)
	if got, f := look(t, dir, 7); got != "" || f.Last != 7 || f.Lost != nil {
		t.Errorf("in an empty log: %q, %+v", got, f)
	}
	appendAll(t, l, "a", "", "cc", strings.Repeat("d", 8))
	for after, want := range map[uint64]string{7: "8a 9 10cc 11dddddddd", 9: "10cc 11dddddddd", 11: "", 20: ""} {
		got, f := look(t, dir, after)
		if got != want || f.Last != max(after, 11) || f.Lost != nil || len(f.Stamps) != min(1, len(want)) || want != "" && f.Stamps[0] != stamp {
			t.Errorf("after %d: %q, %+v, want %q", after, got, f, want)
		}
	}
	if _, f := look(t, dir, 5); len(f.Lost) != 1 || f.Last != 11 {
		t.Errorf("after a frame whose successor is gone: %+v", f)
	}
	l = open(t, dir, 11) // everything was applied
	appendAll(t, l, "e")
	if got, f := look(t, dir, 11); got != "12e" || f.Lost != nil {
		t.Errorf("after the log was opened again: %q, %+v", got, f)
	}
}

// TestTurn: a file that is full is left for the other one, and overwritten when what is
// in it was applied.
func TestTurn(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, 0)
	big := strings.Repeat("x", 1<<20)
	fill := func() (n int) {
		for l.Room(len(big)) {
			appendAll(t, l, big)
			n++
		}
		return n
	}
	n := fill()
	if _, err := l.Append([]byte(big)); err == nil {
		t.Error("a full file takes more")
	}
	l.failed = nil
	if turned, err := l.Turn(0); err != nil || !turned {
		t.Fatalf("to the empty file: %v, %v", turned, err)
	}
	n += fill()
	if turned, err := l.Turn(1); err != nil || turned {
		t.Fatalf("to a file that isn't applied: %v, %v", turned, err)
	}
	if _, f := look(t, dir, 1); f.Last != uint64(n) || f.Lost != nil || len(f.Stamps) != 2 {
		t.Errorf("two full files: %d, %v", f.Last, f.Lost)
	}
	if turned, err := l.Turn(uint64(n / 2)); err != nil || !turned {
		t.Fatalf("to a file that is applied: %v, %v", turned, err)
	}
	appendAll(t, l, "new")
	if got, f := look(t, dir, uint64(n)); got != fmt.Sprint(n+1, "new") || f.Lost != nil {
		t.Errorf("in a file that is used again: %q, %+v", got, f)
	}
	for _, name := range Names {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() > maxFile {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// TestDamage: a damaged log is said to have lost something, or to end earlier than it
// did; nothing is handed out that wasn't appended.
func TestDamage(t *testing.T) {
	const frames = 20
	base := t.TempDir()
	l := open(t, base, 100)
	want := make(map[uint64]string)
	for i := range frames {
		c := strings.Repeat(fmt.Sprint("change ", i), i%5+1)
		appendAll(t, l, c)
		want[l.last] = c
	}
	used := l.files[0].end
	sound, err := os.ReadFile(filepath.Join(base, Names[0]))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp("", "wal-")
		if err != nil {
			r.Fatal(err)
		}
		defer os.RemoveAll(dir)
		content := bytes.Clone(sound)
		after := uint64(rapid.IntRange(100, 100+frames).Draw(r, "after"))
		at := rapid.Int64Range(0, used-1).Draw(r, "at")
		switch rapid.SampledFrom([]string{"flip", "cut", "zero", "zero to the end"}).Draw(r, "damage") {
		case "flip":
			content[at] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
		case "cut":
			content = content[:at]
		case "zero":
			clear(content[at:min(at+rapid.Int64Range(1, 40).Draw(r, "n"), int64(len(content)))])
		case "zero to the end":
			clear(content[at:])
		}
		if err := os.WriteFile(filepath.Join(dir, Names[0]), content, 0o600); err != nil {
			r.Fatal(err)
		}
		f, err := Look(dir, after)
		if err != nil {
			r.Fatal(err)
		}
		next := after
		err = f.Changes(func(number uint64, changes []byte) error {
			if want[number] != string(changes) {
				r.Fatalf("change %d is %q, and was %q", number, changes, want[number])
			}
			if number != next+1 && len(f.Lost) == 0 {
				r.Fatalf("change %d comes after %d, and nothing is said to be lost", number, next)
			}
			next = number
			return nil
		})
		if err != nil || f.Last != next {
			r.Fatalf("ends with %d, %v, and says %d", next, err, f.Last)
		}
	})
}

// TestCheck: a file that isn't where it was is noticed.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, 0)
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, Names[0])
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(); err == nil {
		t.Error("a file that is gone is not noticed")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(); err == nil {
		t.Error("a file that was replaced is not noticed")
	}
	if err := Remove(dir); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("what was removed: %v, %v", entries, err)
	}
}

// FuzzLook feeds whatever there may be in the files.
func FuzzLook(f *testing.F) {
	var sound []byte
	sound = appendHeader(sound, stamp)
	for i := range uint64(3) {
		sound = appendFrame(sound, 5+i, bytes.Repeat([]byte{byte(i)}, int(i)*7))
	}
	f.Add(sound, []byte{}, uint64(0))
	f.Add(sound, sound[:80], uint64(5))
	f.Add(sound[:70], slices.Concat(sound, sound), uint64(6))
	f.Add([]byte{}, append(appendHeader(nil, Stamp{}), make([]byte, 64)...), uint64(1))
	f.Fuzz(func(t *testing.T, first, second []byte, after uint64) {
		found := read([2][]byte{first, second}, after)
		newest := after
		err := found.Changes(func(number uint64, changes []byte) error {
			if number <= after {
				t.Errorf("change %d is handed out, after %d", number, after)
			}
			if number != newest+1 && len(found.Lost) == 0 {
				t.Errorf("change %d comes after %d, and nothing is said to be lost", number, newest)
			}
			newest = max(newest, number)
			return nil
		})
		if err != nil || newest != found.Last {
			t.Errorf("ends with %d, %v, and says %d", newest, err, found.Last)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{400, 4000, 40000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			l := open(b, b.TempDir(), 0)
			changes := make([]byte, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				if !l.Room(size) {
					if turned, err := l.Turn(l.last); !turned || err != nil {
						b.Fatal(turned, err)
					}
				}
				if _, err := l.Append(changes); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
