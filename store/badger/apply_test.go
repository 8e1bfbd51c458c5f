package badger

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/wal"
)

// lazily has nothing moved into Badger unless there is no room.
var lazily = Options{Now: testNow, applyEvery: time.Hour}

// TestLogIsUsedAgain writes several times what the log of changes holds.
func TestLogIsUsedAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(fastDir(t), "store")
	e, err := OpenEngine(dir, lazily)
	if err != nil {
		t.Fatal(err)
	}
	value := bytes.Repeat([]byte("x"), 400<<10)
	const changes = 250 // of 400 KiB, in files of 16 MiB
	for i := range changes {
		value := append(fmt.Appendf(nil, "%03d", i), value...)
		if err := e.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte("xk"), value, 0) }); err != nil {
			t.Fatal(err)
		}
	}
	if e.head.Frame < changes || e.head.Frame != e.changes.Last() {
		t.Errorf("%d changes are in the log, and %d were made", e.changes.Last(), e.head.Frame)
	}
	newest := func(e *Engine) (string, error) {
		var value [][]byte
		err := e.View(t.Context(), func(r store.Records) (err error) {
			value, err = r.Get([]byte("xk"))
			return err
		})
		if err != nil || len(value[0]) < 3 {
			return "", fmt.Errorf("got %d bytes, %w", len(value[0]), err)
		}
		return string(value[0][:3]), nil
	}
	killed := estate{dir: filepath.Dir(dir)}.copy(t, fastDir(t))
	again, err := OpenEngine(killed.store(), lazily)
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]*Engine{"open": e, "killed": again} {
		if got, err := newest(e); err != nil || got != "249" {
			t.Errorf("%s: the newest value is %s, %v", name, got, err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestKilledBeforeApplied: what is in the log of changes alone, when a gateway is
// killed, is what it was when it is started again; and it knows that whoever reserved a
// send is gone.
func TestKilledBeforeApplied(t *testing.T) {
	t.Parallel()
	e := estate{dir: fastDir(t)}
	s := openStore(t, e.store(), lazily)
	who := s.Pseudonym(phone("15550100001"))
	apply(t, s, opened("15550100001", 5), policy.StatusChanged{PhoneNumberID: testNumber, Wamid: "w", At: 7, Status: policy.StatusSent})
	var ids []store.ID
	for i := range 4 {
		entry := newEntry(testTime, who)
		if err := s.Reserve(t.Context(), entry).Wait(); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, entry.ID)
		if i == 1 {
			flush(t, s)
		}
	}
	for _, i := range []int{0, 2} { // one whose line is in Badger, and one whose isn't
		if err := s.Settle(t.Context(), ids[i], store.Outcome{State: store.Accepted, Wamid: "w"}).Wait(); err != nil {
			t.Fatal(err)
		}
	}
	look := func(s *Store) string {
		var b bytes.Buffer
		for e, err := range s.Ledger(t.Context(), store.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&b, e.ID, e.Outcome.State, e.Delivery.Status)
		}
		for _, id := range ids {
			e, err := s.Entry(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&b, e.Outcome.State)
		}
		p, err := s.Person(t.Context(), phone("15550100001"), testNumber, nil)
		fmt.Fprintln(&b, p.Opened, err)
		return b.String()
	}
	const reserved, unknown = "reserved", "unknown"
	want := look(s)
	killed := e.copy(t, fastDir(t))
	report, err := Check(t.Context(), killed.store(), "")
	if err != nil || !report.Sound() || report.Counts["ledger entries"] != 4 || report.Counts["messages"] != 1 {
		t.Errorf("checked before it is opened: %+v, %v", report, err)
	}
	closeStore(t, s)
	s = openStore(t, killed.store(), lazily)
	defer closeStore(t, s)
	if got, want := look(s), string(bytes.ReplaceAll([]byte(want), []byte(reserved), []byte(unknown))); got != want {
		t.Errorf("after it was killed there is\n%s\nwant\n%s", got, want)
	}
	if r, err := s.Examine(t.Context()); err != nil || !r.Sound() || r.Counts["ledger entries"] != 4 {
		t.Errorf("checked: %+v, %v", r, err)
	}
}

func openError(dir string) error {
	_, err := Open(dir, lazily)
	return err
}

// TestChangesOfAnother: the log of changes of another store is none of this one's.
func TestChangesOfAnother(t *testing.T) {
	t.Parallel()
	var stores [2]estate
	for i := range stores {
		stores[i].dir = fastDir(t)
		s := openStore(t, stores[i].store(), lazily)
		for range 3 + i {
			apply(t, s, opened("15550100001", policy.Moment(5+i)))
		}
		defer closeStore(t, s)
		stores[i] = stores[i].copy(t, fastDir(t))
	}
	before := stores[0].state(t)
	from, to := filepath.Join(stores[1].store(), wal.Names[0]), filepath.Join(stores[0].store(), wal.Names[0])
	if err := damages[len(damages)-1].do(to, from); err != nil {
		t.Fatal(err)
	}
	_, err := Open(stores[0].store(), lazily)
	loss, ok := errors.AsType[*Loss](err)
	if !ok || loss.Kind != KindOther {
		t.Fatalf("it is opened with another's changes: %v", err)
	}
	if got := stores[0].state(t); got == before { // but for the file that was replaced
		t.Error("the file was not replaced")
	} else if again, _ := errors.AsType[*Loss](openError(stores[0].store())); again == nil || got != stores[0].state(t) {
		t.Error("refused, but the directory was changed")
	}
	accepting := lazily
	accepting.AcceptLoss = loss.Code
	s := openStore(t, stores[0].store(), accepting)
	closeStore(t, s)
	closeStore(t, openStore(t, stores[0].store(), lazily))
}
