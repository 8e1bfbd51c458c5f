package enginetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/waguard/waguard/store"
)

const (
	writers = 8
	rounds  = 25
)

// each runs do for every round of every writer, all writers at once.
func each(do func(writer, round int)) {
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for r := range rounds {
				do(w, r)
			}
		})
	}
	wg.Wait()
}

// count adds one to the number under a key.
func count(tx store.Tx, key string) error {
	before, err := get(tx, key)
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(before)
	return put(tx, key, strconv.Itoa(n+1))
}

// testConflicts: what a change has read still holds when it is committed, also
// that there was nothing.
func testConflicts(t *testing.T, s Subject) {
	f := newFixture(t, s)
	countAll(t, f, func(int) store.Engine { return f })
}

func countAll(t *testing.T, f *fixture, engine func(writer int) store.Engine) {
	var mu sync.Mutex
	firsts := make(map[string]int)
	each(func(w, r int) {
		claim := fmt.Sprint("claim", r)
		first := false
		err := engine(w).Update(t.Context(), func(tx store.Tx) error {
			if err := count(tx, "counter"); err != nil {
				return err
			}
			taken, err := get(tx, claim)
			if first = taken == ""; err != nil || !first {
				return err
			}
			return put(tx, claim, fmt.Sprint(w))
		})
		if err != nil {
			t.Error(err)
		}
		if first {
			mu.Lock()
			firsts[claim]++
			mu.Unlock()
		}
	})
	f.want("counted", map[string]string{"counter": strconv.Itoa(writers * rounds)})
	for r := range rounds {
		if n := firsts[fmt.Sprint("claim", r)]; n != 1 {
			t.Errorf("%d writers took claim %d, want one", n, r)
		}
	}
}

// testSkew: of two changes that each read both records and write one of them,
// one comes first.
func testSkew(t *testing.T, s Subject) {
	f := newFixture(t, s)
	each(func(w, r int) {
		keys := []string{fmt.Sprint("a", r), fmt.Sprint("b", r)}
		err := f.Update(t.Context(), func(tx store.Tx) error {
			values, err := tx.Get([]byte(keys[0]), []byte(keys[1]))
			if err != nil || values[0] != nil || values[1] != nil {
				return err
			}
			return put(tx, keys[w%2], fmt.Sprint(w))
		})
		if err != nil {
			t.Error(err)
		}
	})
	f.view(func(g store.Records) error {
		for r := range rounds {
			a, errA := get(g, fmt.Sprint("a", r))
			b, errB := get(g, fmt.Sprint("b", r))
			if errA != nil || errB != nil || (a == "") == (b == "") {
				t.Errorf("round %d: %q and %q were written, %v, %v; want one of them", r, a, b, errA, errB)
			}
		}
		return nil
	})
}

// testSettlers: what a change has found of a line still holds.
func testSettlers(t *testing.T, s Subject) {
	f := newFixture(t, s)
	f.update(func(tx store.Tx) error { return tx.Append(store.Ledger, line(1, "x")) })
	each(func(int, int) {
		err := f.Update(t.Context(), func(tx store.Tx) error {
			l, err := tx.Find(store.Ledger, id(1))
			if err != nil {
				return err
			}
			n, _ := strconv.Atoi(text(l.Settled))
			return tx.Settle(store.Ledger, id(1), value(strconv.Itoa(n+1)), "accepted")
		})
		if err != nil {
			t.Error(err)
		}
	})
	f.wantLine("settled by many", store.Ledger, id(1), "x", strconv.Itoa(writers*rounds))
}

// testShared: what one engine has committed, the others see at once; and they
// count together.
func testShared(t *testing.T, s Subject) {
	if !s.Shared {
		return
	}
	f := newFixture(t, s)
	engines := []store.Engine{f.Engine, s.Open(t, f.dir, f.o), s.Open(t, f.dir, f.o)}
	defer func() {
		for _, e := range engines[1:] {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
	}()
	countAll(t, f, func(w int) store.Engine { return engines[w%len(engines)] })
	for i := range 30 {
		want := fmt.Sprint(i)
		if err := engines[i%3].Update(t.Context(), func(tx store.Tx) error { return put(tx, "ca", want) }); err != nil {
			t.Fatal(err)
		}
		err := engines[(i+1)%3].View(t.Context(), func(r store.Records) error {
			if got, err := get(r, "ca"); err != nil || got != want {
				t.Errorf("another engine sees %q, %v, want %q", got, err, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// testDeferring: what follows a line comes behind it, whoever waits for whom.
func testDeferring(t *testing.T, s Subject) {
	f := newFixture(t, s)
	d, ok := f.Engine.(store.Deferring)
	if !ok {
		return
	}
	each(func(w, r int) {
		n := w*rounds + r
		entered := d.Enter(id(n), func(tx store.Tx) error { return tx.Append(store.Ledger, line(n, "x")) })
		if r%3 == 0 {
			if err := entered.Wait(); err != nil {
				t.Error(err)
			}
		}
		followed := d.Follow(id(n), func(tx store.Tx) error {
			l, err := tx.Find(store.Ledger, id(n))
			if err == nil && l == nil {
				err = errors.New("the line isn't there yet")
			}
			return errors.Join(err, tx.Settle(store.Ledger, id(n), value("settled"), "accepted"))
		})
		if err := followed.Wait(); err != nil {
			t.Errorf("following %d: %v", n, err)
		}
		if r%3 == 1 {
			if err := entered.Wait(); err != nil {
				t.Error(err)
			}
		}
	})
	for n := range writers * rounds {
		f.wantLine("followed", store.Ledger, id(n), "x", "settled")
	}
	// Whoever comes later sees what was entered before, waited for or not.
	d.Enter(id(9000), func(tx store.Tx) error { return tx.Append(store.Ledger, line(9000, "x")) })
	f.update(func(tx store.Tx) error {
		if l, err := tx.Find(store.Ledger, id(9000)); err != nil || l == nil {
			t.Errorf("a change that was made later finds %s, %v", shown(l), err)
		}
		return nil
	})
	if err := d.Enter(id(9001), func(store.Tx) error { return errBad }).Wait(); !errors.Is(err, errBad) {
		t.Errorf("a change that failed: %v", err)
	}
	last := d.Enter(id(9002), func(tx store.Tx) error { return tx.Append(store.Ledger, line(9002, "x")) })
	f.reopen()
	if err := last.Wait(); err != nil {
		t.Errorf("what was accepted before the engine was closed: %v", err)
	}
	f.wantLine("accepted before the engine was closed", store.Ledger, id(9002), "x", "")
}

// testBulky: long changes are changes like any other.
func testBulky(t *testing.T, s Subject) {
	f := newFixture(t, s)
	b, ok := f.Engine.(store.Bulky)
	if !ok {
		return
	}
	each(func(w, r int) {
		update := f.Update
		if w%2 == 0 {
			err := b.UpdateBulk(t.Context(), 10, func(tx store.Tx) error { return count(tx, "counter") })
			if err != nil {
				t.Error(err)
			}
			return
		}
		if err := update(t.Context(), func(tx store.Tx) error { return count(tx, "counter") }); err != nil {
			t.Error(err)
		}
	})
	f.want("counted", map[string]string{"counter": strconv.Itoa(writers * rounds)})
}

// testPending: a sole engine tells what isn't committed yet, and hands over what
// is in the order of commits.
func testPending(t *testing.T, s Subject) {
	f := newFixture(t, s)
	sole, ok := f.Engine.(store.Sole)
	if !ok {
		return
	}
	if err := sole.Serving(t.Context()); err != nil {
		t.Errorf("an open engine: %v", err)
	}
	committed := ""
	each(func(int, int) {
		err := f.Update(t.Context(), func(tx store.Tx) error {
			known := committed
			if v, pending := tx.(store.SoleTx).Pending([]byte("ca")); pending {
				known = text(v)
			}
			if stored, err := get(tx, "ca"); err != nil || stored != known {
				t.Errorf("by what was committed and is pending it is %q; it is %q, %v", known, stored, err)
			}
			n, _ := strconv.Atoi(known)
			next := strconv.Itoa(n + 1)
			tx.Committed(func() { committed = next })
			return put(tx, "ca", next)
		})
		if err != nil {
			t.Error(err)
		}
	})
	f.want("counted", map[string]string{"ca": strconv.Itoa(writers * rounds)})
	if committed != strconv.Itoa(writers*rounds) {
		t.Errorf("what was committed last is %s", committed)
	}
	if err := sole.Serving(cancelled(t)); err == nil {
		t.Error("it serves somebody who has gone")
	}
	f.reopen()
	if err := sole.Serving(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("a closed engine: %v", err)
	}
}
