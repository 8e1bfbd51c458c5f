package badger

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"pgregory.net/rapid"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/archive"
)

// backupOf makes a backup, and what the next one continues.
func backupOf(t testing.TB, e *Engine, base *archive.Base) ([]byte, *archive.Manifest, *archive.Base) {
	t.Helper()
	var b bytes.Buffer
	if err := e.Backup(t.Context(), &b, base, archive.Log{}, ""); err != nil {
		t.Fatal(err)
	}
	m, err := archive.Read(bytes.NewReader(b.Bytes()), archive.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m, &archive.Base{Previous: archive.Previous{File: "before", SHA256: "sum"}, Point: m.Point}
}

func sourcesOf(files [][]byte) (sources []Source) {
	for _, f := range files {
		sources = append(sources, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(f)), nil })
	}
	return sources
}

// recordsIn are the records of a store, but for the engine's own.
func recordsIn(t testing.TB, db *badger.DB) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			if ownKey(it.Item().Key()) {
				continue
			}
			value, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			all[string(it.Item().Key())] = string(value)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// differences are how two sets of records differ.
func differences(got, want map[string]string) (list []string) {
	for key, value := range want {
		if found, ok := got[key]; !ok {
			list = append(list, fmt.Sprintf("%q is missing", key))
		} else if found != value {
			list = append(list, fmt.Sprintf("%q is %q, want %q", key, found, value))
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			list = append(list, fmt.Sprintf("%q is there", key))
		}
	}
	return list
}

// TestIncrements: a backup with everything and those that continue it make the store
// that was backed up, exactly, at each of them: after random writes and deletes, hours
// of a journal that were dropped, compactions, restarts and kills.
func TestIncrements(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e := estate{dir: fastDir(t)}
		engine, err := OpenEngine(e.store(), damageStore)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { engine.Close() }()
		model := make(map[string]string)
		var files [][]byte
		var base *archive.Base
		kills := 0
		key := func() string {
			if rapid.IntRange(0, 3).Draw(rt, "journal") == 0 {
				return fmt.Sprintf("g%c%c%c%013d", 0, 0, rapid.IntRange(0, 2).Draw(rt, "hours"), rapid.IntRange(0, 30).Draw(rt, "entry"))
			}
			return fmt.Sprintf("%c%c%d", rapid.SampledFrom([]byte("chs")).Draw(rt, "kind"), rapid.SampledFrom([]byte("ab")).Draw(rt, "region"), rapid.IntRange(0, 30).Draw(rt, "record"))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"write": func(rt *rapid.T) {
				err := engine.Update(t.Context(), func(tx store.Tx) error {
					for range rapid.IntRange(1, 20).Draw(rt, "writes") {
						k, v := key(), fmt.Sprint(rapid.IntRange(0, 1<<30).Draw(rt, "value"))
						if err := tx.Put([]byte(k), []byte(v), 0); err != nil {
							return err
						}
						model[k] = v
					}
					return nil
				})
				if err != nil {
					rt.Fatal(err)
				}
			},
			"delete": func(rt *rapid.T) {
				err := engine.Update(t.Context(), func(tx store.Tx) error {
					for _, k := range slices.Sorted(maps.Keys(model)) {
						if rapid.IntRange(0, 4).Draw(rt, "delete") > 0 {
							continue
						}
						if err := tx.Delete([]byte(k)); err != nil {
							return err
						}
						delete(model, k)
					}
					return nil
				})
				if err != nil {
					rt.Fatal(err)
				}
			},
			"drop": func(rt *rapid.T) {
				prefix := fmt.Sprintf("g%c%c%c", 0, 0, rapid.IntRange(0, 2).Draw(rt, "hours"))
				if err := engine.flush(); err != nil { // what is dropped is long in Badger
					rt.Fatal(err)
				}
				if err := engine.drop(t.Context(), [][]byte{[]byte(prefix)}); err != nil {
					rt.Fatal(err)
				}
				for k := range model {
					if strings.HasPrefix(k, prefix) {
						delete(model, k)
					}
				}
			},
			"compact": func(rt *rapid.T) {
				if err := engine.flush(); err != nil {
					rt.Fatal(err)
				}
				if err := engine.db.Flatten(1); err != nil {
					rt.Fatal(err)
				}
			},
			"restart": func(rt *rapid.T) {
				if err := engine.Close(); err != nil {
					rt.Fatal(err)
				}
				if engine, err = OpenEngine(e.store(), damageStore); err != nil {
					rt.Fatal(err)
				}
			},
			"kill": func(rt *rapid.T) {
				if kills++; kills > 1 || rapid.IntRange(0, 9).Draw(rt, "slow") > 0 {
					return // each takes a while
				}
				settleDown(t, e.store())
				copied := e.copy(t, fastDir(t))
				engine.Close()
				e = copied
				if engine, err = OpenEngine(e.store(), damageStore); err != nil {
					rt.Fatal(err)
				}
			},
			"backup": func(rt *rapid.T) {
				file, m, next := backupOf(t, engine, base)
				if (m.Previous != nil) != (base != nil) {
					rt.Fatalf("after %d backups it says that it continues %v: %s", len(files), m.Previous, m.Whole)
				}
				files, base = append(files, file), next
				dir := filepath.Join(fastDir(t), "restored")
				if _, err := RestoreChain(dir, sourcesOf(files), nil); err != nil {
					rt.Fatal(err)
				}
				restored, err := OpenEngine(dir, damageStore)
				if err != nil {
					rt.Fatal(err)
				}
				defer restored.Close()
				if list := differences(recordsIn(t, restored.db), model); len(list) > 0 {
					rt.Fatalf("after %d backups: %s", len(files), strings.Join(list, "; "))
				}
				if restored.meta.Restored != m.At.UnixMilli() {
					rt.Fatalf("it is of %d, want %s", restored.meta.Restored, m.At)
				}
			},
		})
	})
}

// TestIncrementOfWhat: an increment only continues what it can; else there is
// everything in it, and why.
func TestIncrementOfWhat(t *testing.T) {
	e, err := OpenEngine(fastDir(t), damageStore)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	full, first, base := backupOf(t, e, nil)
	for name, tc := range map[string]struct {
		change func(*archive.Base)
		want   string
	}{
		"another store":            {func(b *archive.Base) { b.Lineage = "other" }, "restored since"},
		"a later start":            {func(b *archive.Base) { b.Start++ }, "older than the backup"},
		"a later transaction":      {func(b *archive.Base) { b.Version += 1000 }, "older than the backup"},
		"regions that are no list": {func(b *archive.Base) { b.Regions = []byte{9, 1} }, "can't be read"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := *base
			tc.change(&changed)
			_, m, _ := backupOf(t, e, &changed)
			if m.Previous != nil || !strings.Contains(m.Whole, tc.want) {
				t.Errorf("it continues %v, because %q", m.Previous, m.Whole)
			}
		})
	}
	e.meta.Lossy = base.Start + 1
	if _, m, _ := backupOf(t, e, base); m.Previous != nil || !strings.Contains(m.Whole, "a loss") {
		t.Errorf("after a loss it continues %v, because %q", m.Previous, m.Whole)
	}
	e.meta.Lossy = 0
	second, m, next := backupOf(t, e, base)
	third, _, _ := backupOf(t, e, next)
	if m.Records > 2 || first.Version >= m.Version {
		t.Errorf("%d records in an increment of nothing, of transaction %d after %d", m.Records, m.Version, first.Version)
	}
	for name, files := range map[string][][]byte{"without the first": {second}, "swapped": {full, third, second}, "twice": {full, second, second}, "two firsts": {full, full}} {
		if _, err := RestoreChain(filepath.Join(t.TempDir(), "x"), sourcesOf(files), nil); err == nil {
			t.Errorf("restored %s", name)
		}
	}
	if _, err := RestoreChain(filepath.Join(t.TempDir(), "x"), sourcesOf([][]byte{full, second, third}), nil); err != nil {
		t.Error(err)
	}
}

// TestCutBackup: wherever a backup is cut or a byte of it is another one, it is not
// restored, and the directory stays as it was.
func TestCutBackup(t *testing.T) {
	e, err := OpenEngine(fastDir(t), damageStore)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	err = e.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte("cab"), []byte("value"), 0) })
	if err != nil {
		t.Fatal(err)
	}
	full, _, _ := backupOf(t, e, nil)
	for i := range full {
		if _, err := archive.Read(bytes.NewReader(full[:i]), archive.Visitor{}); err == nil {
			t.Fatalf("it is whole with %d of %d bytes", i, len(full))
		}
		changed := bytes.Clone(full)
		changed[i] ^= 0x10
		if _, err := archive.Read(bytes.NewReader(changed), archive.Visitor{}); err == nil {
			t.Fatalf("it is whole with byte %d changed", i)
		}
	}
	if _, err := archive.Read(bytes.NewReader(append(bytes.Clone(full), 0)), archive.Visitor{}); err == nil {
		t.Error("it is whole with a byte behind it")
	}
}
