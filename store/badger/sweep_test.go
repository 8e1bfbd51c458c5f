package badger

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

const day = 24 * time.Hour

// company is a store in use, day after day, by a clock of its own.
type company struct {
	*Store
	clock
	sent int
}

func newCompany(t testing.TB, kept time.Duration) *company {
	c := new(company)
	c.set(testTime)
	c.open(t, fastDir(t), kept)
	t.Cleanup(func() { closeStore(t, c.Store) })
	return c
}

func (c *company) open(t testing.TB, dir string, kept time.Duration) {
	t.Helper()
	c.Store = openStore(t, dir, Options{
		Now: c.now, LedgerRetention: kept, ViolationRetention: kept, memtable: 128 << 10,
	})
}

// restart closes the store and opens it again, with a clock that shows now.
func (c *company) restart(t testing.TB, now time.Time) {
	t.Helper()
	closeStore(t, c.Store)
	c.set(now)
	c.open(t, c.engine.dir, c.engine.options.LedgerRetention)
}

// work lets a day pass with some sends and refusals.
func (c *company) work(t testing.TB, sends int) {
	t.Helper()
	for range sends {
		c.sent++
		sent := newEntry(c.now(), policy.Alias{byte(c.sent)})
		refused := newEntry(c.now(), policy.Alias{byte(c.sent)})
		refused.Decision.Verdict, refused.Outcome.State = policy.Refuse, store.Refused
		wamid := fmt.Sprint("wamid.", c.sent)
		for _, e := range []*store.Entry{sent, refused} {
			if err := c.Reserve(t.Context(), e).Wait(); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Settle(t.Context(), sent.ID, store.Outcome{State: store.Accepted, Wamid: wamid}).Wait(); err != nil {
			t.Fatal(err)
		}
		apply(t, c.Store, policy.StatusChanged{PhoneNumberID: testNumber, Wamid: wamid, Status: policy.StatusDelivered, At: policy.MomentOf(c.now()), Opaque: wamid})
		c.set(c.now().Add(time.Second))
	}
	c.set(c.now().Add(day - time.Duration(sends)*time.Second))
	if err := c.engine.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// count is how many entries and statuses are on disk. Each day's sends leave one
// entry and one status each, and each refusal two.
func (c *company) count(t testing.TB) (entries, statuses int) {
	t.Helper()
	err := c.engine.view(t.Context(), func(snap snapshot) error {
		for _, j := range []journal{ledger, violations} {
			err := snap.Walk(store.Walk{Journal: j.Journal, Before: maxID}, func(*store.Line) (bool, error) { entries++; return false, nil })
			if err != nil {
				return err
			}
		}
		return snap.Scan([]byte{'s'}, func(_, _ []byte) (bool, error) { statuses++; return false, nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries, statuses
}

// tables is how many bytes the tables take.
func (c *company) tables(t testing.TB) (bytes int64) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(c.engine.dir, "*.sst"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			bytes += info.Size()
		}
	}
	return bytes
}

// TestDiskLevelsOff: what is no longer kept leaves the disk, not only the lists.
func TestDiskLevelsOff(t *testing.T) {
	t.Parallel()
	const kept, sends = 30, 20
	c := newCompany(t, kept*day)
	var atFirst, most int64
	for d := 1; d <= 4*kept; d++ {
		c.work(t, sends)
		switch size := c.tables(t); {
		case d > kept && d <= 2*kept:
			atFirst = max(atFirst, size)
		case d > 2*kept:
			most = max(most, size)
		}
	}
	entries, statuses := c.count(t)
	if days := kept + sweepDays; entries < 3*sends*kept || entries > 3*sends*days || statuses < sends*kept || statuses > sends*max(days, 45+sweepDays) {
		t.Errorf("after %d days there are %d entries and %d statuses, want those of %d days", 4*kept, entries, statuses, kept)
	}
	t.Logf("the tables had up to %d kB in the first days that were full, and %d kB after", atFirst>>10, most>>10)
	if most > atFirst*3/2 {
		t.Errorf("the tables grew from %d to %d bytes although as much was deleted as written", atFirst, most)
	}
}

// TestWrongClock: a clock that is far ahead for a while deletes nothing, also if
// entries are written meanwhile, and midnight passes.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	c := newCompany(t, 20*day)
	for range 10 {
		c.work(t, 5)
	}
	before, statuses := c.count(t)
	right := c.now()
	for range 2 {
		c.set(right.Add(450 * day))
		c.work(t, 5)
		c.work(t, 5)
		c.set(right.Add(time.Hour))
		c.work(t, 5)
	}
	c.set(time.Unix(1, 0)) // and none at all
	c.work(t, 5)
	c.set(right.Add(2 * day))
	c.work(t, 5)
	if entries, left := c.count(t); entries != before+3*8*5 || left != statuses+8*5 {
		t.Errorf("%d entries and %d statuses are left, want %d and %d", entries, left, before+3*8*5, statuses+8*5)
	}
	for range 40 { // in the end everything goes that must
		c.work(t, 5)
	}
	const ahead = 4 // days whose entries are still to come
	if entries, _ := c.count(t); entries > 3*5*(20+sweepDays+ahead) {
		t.Errorf("%d entries are left after 40 days, of which 20 are kept", entries)
	}
}

// TestWrongClockRestarted is the same with restarts: before and after the clock
// goes wrong, each time with another error, and several a day.
func TestWrongClockRestarted(t *testing.T) {
	c := newCompany(t, 20*day)
	for range 10 {
		c.work(t, 5)
	}
	before, statuses := c.count(t)
	right := c.now()
	days := 0
	for _, off := range []time.Duration{450 * day, -450 * day, 10 * 365 * day, 450 * day, 0, 451 * day, 452 * day, -40 * 365 * day, 0} {
		for range 2 {
			c.restart(t, right.Add(off))
			c.work(t, 5)
			days++
		}
		c.restart(t, right)
		if err := c.engine.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if entries, left := c.count(t); entries != before+3*days*5 || left != statuses+days*5 {
		t.Errorf("%d entries and %d statuses are left, want %d and %d", entries, left, before+3*days*5, statuses+days*5)
	}
}

// TestSweepWhileServing sweeps while others read and write.
func TestSweepWhileServing(t *testing.T) {
	c := newCompany(t, 10*day)
	for range 12 {
		c.work(t, 20)
	}
	stop, done := make(chan struct{}), make(chan error, 1)
	fixed := c.now()
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			e := newEntry(fixed, policy.Alias{9})
			if err := c.Reserve(t.Context(), e).Wait(); err != nil {
				done <- err
				return
			}
			if _, err := c.Entry(t.Context(), e.ID); err != nil {
				done <- fmt.Errorf("entry %d, just written: %w", i, err)
				return
			}
		}
	}()
	for range 5 {
		if err := c.engine.sweep(t.Context()); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestSweepExpired: what an older waguard let Badger expire leaves the disk, too.
func TestSweepExpired(t *testing.T) {
	c := newCompany(t, 10*day)
	hidden := func() (n int) {
		err := c.engine.view(t.Context(), func(snap snapshot) error {
			for _, prefix := range []byte{ledger.pages, violations.pages} {
				it := snap.txn.NewIterator(badger.IteratorOptions{Prefix: []byte{prefix}, AllVersions: true})
				for it.Rewind(); it.Valid(); it.Next() {
					if it.Item().ExpiresAt() == 1 {
						n++
					}
				}
				it.Close()
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i := range 20 {
		err := c.engine.db.Update(func(txn *badger.Txn) error {
			for _, prefix := range []byte{ledger.pages, violations.pages} {
				e := badger.NewEntry(idKey(prefix, store.NewID(policy.MomentOf(c.now())-policy.Moment(i*1000))), make([]byte, 1000))
				e.ExpiresAt = 1
				if err := txn.SetEntry(e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := hidden(); n != 40 {
		t.Fatalf("%d records expired, want 40", n)
	}
	for range 15 {
		c.work(t, 3)
	}
	if n := hidden(); n != 0 {
		t.Errorf("%d records that expired are still on disk", n)
	}
}
