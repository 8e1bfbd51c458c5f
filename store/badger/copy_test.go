package badger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/transfer"
)

// copyDir copies the store of a directory into another one.
func copyDir(ctx context.Context, from Place, to string, key []byte) (copied []transfer.Copied, err error) {
	err = from.Copy(func(s transfer.Source) error {
		c, err := OpenCopy(to, key)
		if err != nil {
			return err
		}
		copied, err = transfer.Copy(ctx, s, c, transfer.Options{})
		return errors.Join(err, c.Close())
	})
	return copied, err
}

// inDir is everything a store holds, as its engine shows it.
type inDir struct {
	Records map[string]string
	Until   map[string]time.Time
	Lines   map[store.Journal][]store.Line
}

func readDir(t testing.TB, dir string, o Options) (in inDir, d store.Description) {
	t.Helper()
	in = inDir{make(map[string]string), make(map[string]time.Time), make(map[store.Journal][]store.Line)}
	e, err := OpenEngine(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	err = e.View(t.Context(), func(r store.Records) error {
		err := r.Scan(nil, func(key, value []byte) (bool, error) {
			if !ofEngine(key) && !transfer.Stays(key) {
				in.Records[string(key)] = string(value)
			}
			return false, nil
		})
		for _, j := range []store.Journal{store.Ledger, store.Violations} {
			err = errors.Join(err, r.Walk(store.Walk{Journal: j, Before: maxID}, func(l *store.Line) (bool, error) {
				in.Lines[j] = append(in.Lines[j], *l)
				return false, nil
			}))
		}
		return err
	})
	if err := errors.Join(err, e.Close()); err != nil {
		t.Fatal(err)
	}
	err = Place{Dir: dir, EncryptionKey: o.EncryptionKey}.Copy(func(s transfer.Source) error {
		return s.Rows(t.Context(), transfer.Records, func(r *transfer.Row) error {
			in.Until[string(r.Key)] = r.Until
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return in, e.Description()
}

func cborOf(t testing.TB, v any) []byte {
	t.Helper()
	b, err := cbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A directory is copied with all that is in it: also what is in the log of changes alone,
// what of a page was settled or changed later, and pages that overlap.
func TestCopyDirectory(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		root, err := os.MkdirTemp(fastDir(t), "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(root)
		from, to := filepath.Join(root, "from"), filepath.Join(root, "to")
		o := Options{Now: func() time.Time { return time.UnixMilli(1_790_000_000_000) }, applyEvery: time.Millisecond}
		if rapid.Bool().Draw(rt, "encrypted") {
			o.EncryptionKey = make([]byte, KeySize)
		}
		var ids []store.ID
		open := func() *Engine {
			e, err := OpenEngine(from, o)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		e := open()
		for i := range rapid.IntRange(1, 60).Draw(rt, "changes") {
			n := rapid.IntRange(0, 20).Draw(rt, "of")
			err := e.Update(t.Context(), func(tx store.Tx) error {
				switch rapid.IntRange(0, 6).Draw(rt, "what") {
				case 0:
					return tx.Put(fmt.Appendf(nil, "c%d", n), cborOf(t, i), 0)
				case 1:
					return tx.Put(fmt.Appendf(nil, "s%d", n), cborOf(t, i), time.Duration(n+1)*time.Hour)
				case 2:
					return tx.Delete(fmt.Appendf(nil, "c%d", n))
				case 3:
					return tx.Put(fmt.Appendf(nil, "g%d", n), cborOf(t, i), 0)
				case 4:
					if len(ids) > 0 {
						return tx.Settle(store.Ledger, ids[n%len(ids)], cborOf(t, i), "accepted")
					}
				default:
					id := store.NewID(policy.Moment(1_790_000_000_000 + 400*int64(n)))
					ids = append(ids, id)
					l := &store.Line{ID: id, Data: cborOf(t, map[int]int{1: i}), Columns: new(store.Columns)}
					if n%5 == 0 {
						err = tx.Append(store.Violations, l)
					}
					return errors.Join(err, tx.Append(store.Ledger, l))
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			switch rapid.IntRange(0, 9).Draw(rt, "then") {
			case 0:
				if err := e.Close(); err != nil {
					t.Fatal(err)
				}
				e = open()
			case 1:
				if len(ids) == 0 {
					continue
				}
				err := e.Redact(t.Context(), store.Ledger, ids[:1], func(l *store.Line) error {
					l.Data = cborOf(t, map[int]int{2: i})
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		first, err := copyDir(t.Context(), Place{Dir: from, EncryptionKey: o.EncryptionKey}, to, o.EncryptionKey)
		if err != nil {
			t.Fatal(err)
		}
		again, err := copyDir(t.Context(), Place{Dir: from, EncryptionKey: o.EncryptionKey}, to, o.EncryptionKey)
		if err != nil {
			t.Fatal(err)
		}
		for i := range again {
			if again[i].Written != 0 || again[i].Digest != first[i].Digest {
				t.Fatalf("copied again: %+v, and was %+v", again[i], first[i])
			}
		}
		was, d := readDir(t, from, o)
		is, copied := readDir(t, to, o)
		for _, in := range []*inDir{&was, &is} {
			for j := range in.Lines {
				for i := range in.Lines[j] {
					if !in.Lines[j][i].Left {
						t.Fatal("a line was not left by who entered it")
					}
				}
			}
		}
		if !reflect.DeepEqual(was, is) {
			t.Fatalf("the copy has\n%+v\nnot\n%+v", is, was)
		}
		if !slices.Equal(d.Key, copied.Key) || d.Lineage != copied.Lineage || !d.IdentitiesChanged.Equal(copied.IdentitiesChanged) {
			t.Fatalf("the copy is %+v, not %+v", copied, d)
		}
		if r, err := (Place{Dir: to, EncryptionKey: o.EncryptionKey}).Check(t.Context()); err != nil || len(r.Notes) > 0 {
			t.Fatalf("the copy: %v, %+v", err, r)
		}
	})
}

// A copy is brought up to date, whatever has become of its source, until somebody serves
// from it. A directory that is half copied is no store.
func TestCopyStates(t *testing.T) {
	dir := fastDir(t)
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	change := func(dir string, change func(store.Tx) error) {
		t.Helper()
		e, err := OpenEngine(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(e.Update(t.Context(), change), e.Close()); err != nil {
			t.Fatal(err)
		}
	}
	line := func(at int) store.ID { return store.FirstID(policy.Moment(1_790_000_000_000 + at)) }
	change(from, func(tx store.Tx) error {
		for at := range 3000 {
			if err := tx.Append(store.Ledger, &store.Line{ID: line(at), Data: []byte{0xa0}}); err != nil {
				return err
			}
		}
		return tx.Put([]byte("c1"), []byte{1}, 0)
	})
	if _, err := copyDir(t.Context(), Place{Dir: from}, to, nil); err != nil {
		t.Fatal(err)
	}
	change(from, func(tx store.Tx) error {
		return errors.Join(tx.Delete([]byte("c1")), tx.Put([]byte("c2"), []byte{1}, 0),
			tx.Settle(store.Ledger, line(7), []byte{0xa0}, "accepted"), tx.Append(store.Ledger, &store.Line{ID: line(4000), Data: []byte{0xa0}}))
	})

	// It breaks off once it has begun to change something.
	ctx, cancel := context.WithCancel(t.Context())
	err := (Place{Dir: from}).Copy(func(s transfer.Source) error {
		c, err := OpenCopy(to, nil)
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = transfer.Copy(ctx, s, copyBreaking{c, cancel}, transfer.Options{})
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := OpenEngine(to, Options{}); err == nil || !strings.Contains(err.Error(), "half copied") {
		t.Errorf("opened half a copy: %v", err)
	}
	if _, err := (Place{Dir: to}).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "half copied") {
		t.Errorf("checked half a copy: %v", err)
	}
	other := filepath.Join(dir, "other")
	change(other, func(tx store.Tx) error { return tx.Put([]byte("c9"), []byte{1}, 0) })
	if _, err := copyDir(t.Context(), Place{Dir: other}, to, nil); err == nil || !strings.Contains(err.Error(), "another installation") {
		t.Errorf("copied another installation's store into half a copy: %v", err)
	}

	copied, err := copyDir(t.Context(), Place{Dir: from}, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	if entries := copied[len(copied)-1]; entries.Kind != "ledger entries" || entries.Rows != 3001 {
		t.Errorf("copied %+v", copied)
	}
	was, _ := readDir(t, from, Options{})
	is, _ := readDir(t, to, Options{})
	for i := range is.Lines[store.Ledger] {
		if was.Lines[store.Ledger][i].Settled != nil && is.Lines[store.Ledger][i].Settled == nil {
			t.Errorf("line %d is not settled in the copy", i)
		}
	}
	if !reflect.DeepEqual(was, is) {
		t.Error("the copy differs")
	}
	// What was replaced is in files, until they are purged.
	if e, err := OpenEngine(to, Options{}); err != nil {
		t.Error(err)
	} else {
		err := e.View(t.Context(), func(r store.Records) error {
			key, _, err := store.PurgeNote(time.Now())
			values, failed := r.Get(key)
			if values[0] == nil {
				t.Error("nobody knows that the copy has bytes of what was deleted")
			}
			return errors.Join(err, failed)
		})
		if err := errors.Join(err, e.Close()); err != nil {
			t.Error(err)
		}
	}
	if _, err := copyDir(t.Context(), Place{Dir: from}, to, nil); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("copied into a store that somebody has served from: %v", err)
	}
}

// copyBreaking is a target that breaks off once something was written.
type copyBreaking struct {
	*Copy
	cancel func()
}

func (b copyBreaking) Write(ctx context.Context, span transfer.Span, empty bool, put []*transfer.Row, gone [][]byte) error {
	err := b.Copy.Write(ctx, span, empty, put, gone)
	b.cancel()
	return errors.Join(err, ctx.Err())
}

// A copy may lie where a store of the installation was before, and that one may not lie
// there again.
func TestCopyBack(t *testing.T) {
	dir := fastDir(t)
	home, moved, other := filepath.Join(dir, "home"), filepath.Join(dir, "moved"), filepath.Join(dir, "other")
	open := func() *Engine {
		t.Helper()
		e, err := OpenEngine(home, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	for range 3 {
		if err := open().Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := copyDir(t.Context(), Place{Dir: home}, other, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(home, moved); err != nil {
		t.Fatal(err)
	}
	if _, err := copyDir(t.Context(), Place{Dir: other}, home, nil); err != nil {
		t.Fatal(err)
	}
	e := open()
	if n := e.Notices(); len(n) > 0 {
		t.Errorf("it says %q", n)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.RemoveAll(home), os.Rename(moved, home)); err != nil {
		t.Fatal(err)
	}
	_, err := OpenEngine(home, Options{})
	if loss, ok := errors.AsType[*Loss](err); !ok || loss.Kind != KindOther {
		t.Errorf("the store from before: %v", err)
	}
}

// Whom a restored backup has brought back is not copied.
func TestCopyErased(t *testing.T) {
	dir := fastDir(t)
	from := filepath.Join(dir, "from")
	s := openStore(t, from, Options{})
	closeStore(t, s)
	if err := appendTombstones(from+erasedSuffix, s.Installation(), []store.Tombstone{{Name: policy.Alias{1}, Erasure: policy.Erasure{At: 5}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := copyDir(t.Context(), Place{Dir: from}, filepath.Join(dir, "to"), nil); err == nil || !strings.Contains(err.Error(), "was erased") {
		t.Errorf("copied who was erased: %v", err)
	}
	closeStore(t, openStore(t, from, Options{}))
	if _, err := copyDir(t.Context(), Place{Dir: from}, filepath.Join(dir, "to"), nil); err != nil {
		t.Error(err)
	}
}
