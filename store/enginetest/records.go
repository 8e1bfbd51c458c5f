package enginetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/store"
)

func testRecords(t *testing.T, s Subject) {
	f := newFixture(t, s)
	f.update(func(tx store.Tx) error {
		err := errors.Join(put(tx, "ca", "1"), put(tx, "cb", "2"), put(tx, "ca", "3"))
		values, getErr := tx.Get([]byte("cb"), []byte("missing"), []byte("ca"))
		if getErr != nil || len(values) != 3 || text(values[0]) != "2" || values[1] != nil || text(values[2]) != "3" {
			t.Errorf("the change sees %q, %v of its own", values, getErr)
		}
		return err
	})
	f.view(func(r store.Records) error {
		values, err := r.Get([]byte("missing"), []byte("cb"), []byte("ca"), []byte("cb"))
		if err != nil || len(values) != 4 || values[0] != nil || text(values[1]) != "2" || text(values[2]) != "3" || text(values[3]) != "2" {
			t.Errorf("got %q, %v", values, err)
		}
		return err
	})
	f.update(func(tx store.Tx) error {
		err := errors.Join(tx.Delete([]byte("ca")), tx.Delete([]byte("missing")), put(tx, "cb", "4"))
		if got, getErr := get(tx, "ca"); got != "" || getErr != nil {
			t.Errorf("deleted, and the change sees %q, %v", got, getErr)
		}
		return err
	})
	f.want("changed", map[string]string{"ca": "", "cb": "4"})
}

func testScan(t *testing.T, s Subject) {
	f := newFixture(t, s)
	f.update(func(tx store.Tx) error {
		for _, key := range []string{"ha2", "ha1", "hb1", "ha", "h", "hb", "n"} {
			if err := put(tx, key, key); err != nil {
				return err
			}
		}
		return nil
	})
	scan := func(prefix string, most int) (keys []string) {
		f.view(func(r store.Records) error {
			return r.Scan([]byte(prefix), func(key, v []byte) (bool, error) {
				keys = append(keys, string(key))
				if text(v) != string(key) {
					t.Errorf("%s holds %q", key, text(v))
				}
				return len(keys) == most, nil
			})
		})
		return keys
	}
	back := func(prefix, from string) (keys []string) {
		f.view(func(r store.Records) error {
			return r.ScanBack([]byte(prefix), []byte(from), func(key, _ []byte) (bool, error) {
				keys = append(keys, string(key))
				return false, nil
			})
		})
		return keys
	}
	for _, c := range []struct {
		name string
		got  []string
		want string
	}{
		{"all of a prefix", scan("ha", 0), "ha ha1 ha2"},
		{"all of a kind", scan("h", 0), "h ha ha1 ha2 hb hb1"},
		{"the first of them", scan("h", 2), "h ha"},
		{"none", scan("x", 0), ""},
		{"back", back("h", "h\xff"), "hb1 hb ha2 ha1 ha h"},
		{"back from one that is there", back("h", "ha2"), "ha2 ha1 ha h"},
		{"back from one that isn't", back("h", "ha3"), "ha2 ha1 ha h"},
		{"back from before all", back("h", "a"), ""},
	} {
		if got := strings.Join(c.got, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if err := f.View(t.Context(), func(r store.Records) error {
		return r.Scan([]byte("h"), func(_, _ []byte) (bool, error) { return false, errBad })
	}); !errors.Is(err, errBad) {
		t.Errorf("the visitor's error became %v", err)
	}
}

func testAtomic(t *testing.T, s Subject) {
	f := newFixture(t, s)
	f.update(func(tx store.Tx) error { return errors.Join(put(tx, "ca", "1"), tx.Append(store.Ledger, line(1, "x"))) })
	err := f.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(put(tx, "ca", "2"), put(tx, "cb", "2"), tx.Delete([]byte("ca")),
			tx.Append(store.Ledger, line(2, "y")), tx.Settle(store.Ledger, id(1), value("settled"), "accepted"), errBad)
	})
	if !errors.Is(err, errBad) {
		t.Errorf("a change that failed: %v", err)
	}
	f.want("a change that failed", map[string]string{"ca": "1", "cb": ""})
	f.wantLine("a change that failed", store.Ledger, id(1), "x", "")
	f.wantLine("a change that failed", store.Ledger, id(2), "", "")
	if err := f.Update(cancelled(t), func(tx store.Tx) error { return put(tx, "cc", "1") }); err == nil {
		t.Error("a change was made for somebody who had gone")
	}
	if err := f.View(cancelled(t), func(store.Records) error { return nil }); err == nil {
		t.Error("records were read for somebody who had gone")
	}
}

func testCommitted(t *testing.T, s Subject) {
	f := newFixture(t, s)
	calls := 0
	f.update(func(tx store.Tx) error {
		tx.Committed(func() { calls++ })
		return put(tx, "ca", "1")
	})
	if calls != 1 {
		t.Errorf("called %d times when the change was committed, want once", calls)
	}
	f.Update(t.Context(), func(tx store.Tx) error {
		tx.Committed(func() { t.Error("called though the change failed") })
		return errBad
	})
}

func testTooBig(t *testing.T, s Subject) {
	f := newFixture(t, s)
	large := strings.Repeat("x", 64<<10)
	err := f.Update(t.Context(), func(tx store.Tx) error {
		for i := range 1024 {
			if err := put(tx, fmt.Sprint("c", i), large); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		return // it takes 64 MB at a time
	}
	if !errors.Is(err, store.ErrTooBig) {
		t.Errorf("64 MB at a time: %v, want ErrTooBig", err)
	}
	f.want("64 MB at a time", map[string]string{"c0": "", "c1": ""})
	f.update(func(tx store.Tx) error { return put(tx, "c0", large) })
	f.want("a part of it", map[string]string{"c0": large})
}

func testClosed(t *testing.T, s Subject) {
	f := newFixture(t, s)
	f.update(func(tx store.Tx) error { return put(tx, "ca", "1") })
	e := f.Engine
	f.reopen()
	if err := e.View(t.Context(), func(store.Records) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("reading from a closed engine: %v", err)
	}
	if err := e.Update(t.Context(), func(store.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("writing to a closed engine: %v", err)
	}
}

func testDurable(t *testing.T, s Subject) {
	f := newFixture(t, s)
	for i := range 10 {
		f.update(func(tx store.Tx) error {
			return errors.Join(put(tx, "ca", fmt.Sprint(i)), tx.Append(store.Ledger, line(i, fmt.Sprint(i))), tx.Settle(store.Ledger, id(0), value(fmt.Sprint(i)), "accepted"))
		})
		if i%3 == 0 {
			f.reopen()
		}
		f.want("reopened", map[string]string{"ca": fmt.Sprint(i)})
		f.wantLine("reopened", store.Ledger, id(i), fmt.Sprint(i), map[bool]string{true: fmt.Sprint(i)}[i == 0])
		f.wantLine("reopened", store.Ledger, id(0), "0", fmt.Sprint(i))
	}
	d, ok := f.Engine.(store.Described)
	if !ok {
		return
	}
	before := d.Description()
	f.reopen()
	if after := f.Engine.(store.Described).Description(); string(after.Key) != string(before.Key) || len(after.Key) != 32 || after.Start != 0 && after.Start <= before.Start {
		t.Errorf("described as %+v, then as %+v", before, after)
	}
}

func testExpiring(t *testing.T, s Subject) {
	f := newKept(t, s, 30*24*time.Hour, 60*24*time.Hour)
	key := string(store.ExpiringKinds[0])
	f.update(func(tx store.Tx) error {
		refused := line(2, "refused")
		return errors.Join(
			tx.Put([]byte(key+"1"), value("a day"), 24*time.Hour), tx.Put([]byte(key+"2"), value("a week"), 7*24*time.Hour),
			tx.Put([]byte(key+"3"), value("a day"), 24*time.Hour), put(tx, key+"4", "for ever"), put(tx, "c", "for ever"),
			tx.Append(store.Ledger, line(1, "sent")), tx.Append(store.Ledger, refused), tx.Append(store.Violations, refused))
	})
	f.update(func(tx store.Tx) error { return put(tx, key+"3", "kept after all") })
	all := map[string]string{key + "1": "a day", key + "2": "a week", key + "3": "kept after all", key + "4": "for ever", "c": "for ever"}
	f.want("at first", all)
	if s.Sweep == nil {
		return
	}
	s.Sweep(t, f.Engine)
	f.want("swept too early", all)
	f.later(5)
	all[key+"1"] = ""
	f.want("after five days", all)
	f.wantLine("after five days", store.Ledger, id(1), "sent", "")
	f.later(40)
	all[key+"2"] = ""
	f.want("after 45 days", all)
	f.wantLine("after 45 days", store.Ledger, id(1), "", "")
	f.wantLine("after 45 days", store.Ledger, id(2), "", "")
	f.wantLine("after 45 days", store.Violations, id(2), "refused", "")
	f.later(45)
	f.want("after 90 days", all)
	f.wantLine("after 90 days", store.Violations, id(2), "", "")
}

// later lets days pass as they do in a gateway: with sends, and a sweep now and
// then.
func (f *fixture) later(days int) {
	for range days {
		f.now.Add((24 * time.Hour).Milliseconds())
		sent := line(int(f.now.Load()-start.UnixMilli()), "later")
		f.update(func(tx store.Tx) error { return tx.Append(store.Ledger, sent) })
		f.s.Sweep(f.t, f.Engine)
	}
}

// testModel compares the engine with a map.
func testModel(t *testing.T, s Subject) {
	f := newFixture(t, s)
	model := make(map[string]string)
	rapid.Check(t, func(t *rapid.T) {
		var after map[string]string
		keys := rapid.SliceOfN(rapid.SampledFrom([]string{"ca", "cb", "cba", "d", "da", "h"}), 1, 8).Draw(t, "keys")
		fails := rapid.Bool().Draw(t, "fails")
		texts := rapid.SliceOfN(rapid.StringN(0, 5, -1), len(keys), len(keys)).Draw(t, "texts")
		err := f.Update(f.t.Context(), func(tx store.Tx) error {
			after = maps.Clone(model) // it may be run again
			for i, key := range keys {
				if got, err := get(tx, key); err != nil || got != after[key] {
					t.Errorf("the change sees %q under %s, %v, want %q", got, key, err, after[key])
				}
				var err error
				if texts[i] == "" {
					delete(after, key)
					err = tx.Delete([]byte(key))
				} else {
					after[key] = texts[i]
					err = put(tx, key, texts[i])
				}
				if err != nil {
					return err
				}
			}
			if fails {
				return errBad
			}
			return nil
		})
		if fails != errors.Is(err, errBad) || !fails && err != nil {
			t.Fatalf("updating: %v", err)
		}
		if !fails {
			model = after
		}
		var got []string
		err = f.View(f.t.Context(), func(r store.Records) error {
			for _, prefix := range []string{"c", "d", "h"} {
				err := r.Scan([]byte(prefix), func(key, v []byte) (bool, error) {
					got = append(got, string(key)+"="+text(v))
					return false, nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		var want []string
		for _, key := range slices.Sorted(maps.Keys(model)) {
			want = append(want, key+"="+model[key])
		}
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("holds %q, %v, want %q", got, err, want)
		}
	})
}
