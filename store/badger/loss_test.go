package badger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/wal"
)

// swap puts other in the place of the estate's store.
func (e estate) swap(t testing.TB, other estate) {
	t.Helper()
	if err := os.RemoveAll(e.store()); err != nil {
		t.Fatal(err)
	}
	if other.dir == "" {
		return
	}
	c := other.copy(t, fastDir(t))
	if err := os.Rename(c.store(), e.store()); err != nil {
		t.Fatal(err)
	}
}

// TestReplaced replaces whole directories, which are sound in themselves.
func TestReplaced(t *testing.T) {
	t.Parallel()
	early, middle, late := estates(t)
	foreign := estate{dir: fastDir(t)}
	s := openStore(t, foreign.store(), damageStore)
	foreign.grow(t, s, 1)
	closeStore(t, s)
	for _, test := range []struct {
		name  string
		by    estate
		kind  string
		found string
	}{
		{"an older copy", middle, KindOlder, "had come to"},
		{"a much older copy", early, KindOlder, "had come to"},
		{"nothing", estate{}, KindEmpty, "it is empty"},
		{"another installation's", foreign, KindOther, "another installation's"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := late.copy(t, fastDir(t))
			e.swap(t, test.by)
			var code string
			for range 2 { // once is never enough
				_, err := Open(e.store(), damageStore)
				loss, ok := errors.AsType[*Loss](err)
				if !ok || loss.Kind != test.kind || loss.Code == "" || !strings.Contains(err.Error(), test.found) {
					t.Fatalf("got %v, want a loss of kind %s that says %q", err, test.kind, test.found)
				}
				code = loss.Code
			}
			o := damageStore
			o.AcceptLoss = "00000000"
			if _, err := Open(e.store(), o); err == nil {
				t.Error("the code of another loss was accepted")
			}
			o.AcceptLoss = code
			s := openStore(t, e.store(), o)
			if notices := s.Condition().Notices; len(notices) != 1 || !strings.Contains(notices[0], test.found) {
				t.Errorf("the store opened with a loss says %q", notices)
			}
			by := test.by
			by.dir = e.dir
			if err := by.check(t, s); err != nil {
				t.Errorf("the store that was accepted: %v", err)
			}
			by.grow(t, s, 1)
			closeStore(t, s)
			s = openStore(t, e.store(), damageStore) // what was accepted is the truth now
			defer closeStore(t, s)
			if err := by.check(t, s); err != nil || len(s.Condition().Notices) > 0 {
				t.Errorf("the store afterwards: %v, %q", err, s.Condition().Notices)
			}
		})
	}
}

// TestTogether damages files together with the witness that would tell.
func TestTogether(t *testing.T) {
	t.Parallel()
	_, _, late := estates(t)
	l, err := list(late.store())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(path string) error{
		"deleted": os.Remove,
		"emptied": func(path string) error { return os.Truncate(path, 0) },
		"cut":     func(path string) error { return edit(func(c []byte) []byte { return c[:used(c)/2] })(path, "") },
	} {
		e := late.copy(t, fastDir(t))
		if err := errors.Join(change(filepath.Join(e.store(), l.logs[0])), os.Remove(filepath.Join(e.store(), witnessName))); err != nil {
			t.Fatal(err)
		}
		if outcome, err := e.after(t); outcome != refused {
			t.Errorf("the log is %s, and the witness gone: %s, %v", name, outcome, err)
		}
		// And with no witness at all nothing is said that isn't so.
		if err := os.Remove(e.store() + witnessSuffix); err != nil {
			t.Fatal(err)
		}
		s, err := Open(e.store(), damageStore)
		if err != nil {
			continue
		}
		if c := s.Condition(); len(c.Notices) != 1 || !strings.Contains(c.Notices[0], "can't be told") {
			t.Errorf("the log is %s, and all witnesses gone: the store says %q", name, c.Notices)
		}
		closeStore(t, s)
	}
}

// TestAcceptedLogs: a log that lost its end is opened without it when that is
// accepted, and with all the rest.
func TestAcceptedLogs(t *testing.T) {
	t.Parallel()
	_, _, late := estates(t)
	l, err := list(late.store())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(c []byte) []byte{
		"cut":     func(c []byte) []byte { return c[:used(c)-10] },
		"flipped": func(c []byte) []byte { c[used(c)/2] ^= 4; return c },
		"emptied": func(c []byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			e := late.copy(t, fastDir(t))
			if err := edit(change)(filepath.Join(e.store(), l.logs[0]), ""); err != nil {
				t.Fatal(err)
			}
			_, err := Open(e.store(), damageStore)
			loss, ok := errors.AsType[*Loss](err)
			if !ok || loss.Kind != KindOlder {
				t.Fatalf("got %v, want a loss", err)
			}
			o := damageStore
			o.AcceptLoss = loss.Code
			s := openStore(t, e.store(), o)
			e.people, e.entries = 80, e.entries[:80] // long in tables
			if err := e.check(t, s); err != nil {
				t.Error(err)
			}
			closeStore(t, s)
			closeStore(t, openStore(t, e.store(), damageStore))
		})
	}
}

// torn is at how many places a change is cut.
var torn = 80

// TestTorn: the beginning of a transaction that was not finished, or parts of it,
// is what a crash leaves behind. It keeps nobody from opening the store.
func TestTorn(t *testing.T) {
	t.Parallel()
	_, _, late := estates(t)
	l, err := list(late.store())
	if err != nil {
		t.Fatal(err)
	}
	path := func(e estate) string { return filepath.Join(e.store(), l.logs[0]) }
	content, err := os.ReadFile(path(late))
	if err != nil {
		t.Fatal(err)
	}
	end := used(content)
	// The transaction after the newest one, as it would look.
	f, err := readLog(path(late), l.logs[0], new(dataKeys), nil)
	if err != nil {
		t.Fatal(err)
	}
	next := transaction(t, f, late)
	// At so many places all over it, however long it is: a store is opened for each.
	for cut := 0; cut < len(next); cut += max(7, len(next)/torn) {
		for name, torn := range map[string][]byte{
			"its beginning": next[:cut],
			"its end":       append(make([]byte, cut), next[cut:]...),
		} {
			if len(bytes.Trim(torn, "\x00")) == len(next) {
				continue // all of it, which is no tear
			}
			e := late.copy(t, fastDir(t))
			err := edit(func(c []byte) []byte { copy(c[end:], torn); return c })(path(e), "")
			if err != nil {
				t.Fatal(err)
			}
			s, err := Open(e.store(), damageStore)
			if err != nil {
				t.Fatalf("%s, %d bytes: %v", name, cut, err)
			}
			if err := e.check(t, s); err != nil {
				t.Errorf("%s, %d bytes: %v", name, cut, err)
			}
			closeStore(t, s)
			os.RemoveAll(e.dir)
		}
	}
}

// transaction is what a store writes after the log f.
func transaction(t testing.TB, f *logFile, e estate) []byte {
	t.Helper()
	e = e.copy(t, fastDir(t))
	s := openStore(t, e.store(), damageStore)
	e.grow(t, s, 1)
	e = e.copy(t, fastDir(t))
	closeStore(t, s)
	l, err := list(e.store())
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(e.store(), l.logs[len(l.logs)-1]))
	if err != nil {
		t.Fatal(err)
	}
	// The first transaction is that of the start.
	at := logHeader
	for {
		r, n := readLogRecord(content, at, nil)
		if n == 0 {
			t.Fatal("no transaction")
		}
		at += n
		if r.meta&flagEnd != 0 {
			break
		}
	}
	if f.maxVersion == 0 {
		t.Fatal("the log is empty")
	}
	return content[logHeader:at]
}

// TestMovedAway moves the directory of an open store, or its newest file: nothing
// is written where nobody would find it, and nothing into a successor.
func TestMovedAway(t *testing.T) {
	base := fastDir(t)
	dir, away := filepath.Join(base, "store"), filepath.Join(base, "away")
	e := estate{dir: base}
	s := openStore(t, dir, damageStore)
	e.grow(t, s, 20)
	if err := os.Rename(dir, away); err != nil {
		t.Fatal(err)
	}
	refuses := func(what, want string) {
		t.Helper()
		err := s.Apply(t.Context(), []policy.Event{opened("15550100001", 1)})
		if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, store.ErrFailed) {
			t.Errorf("%s: %v, want a sentence with %q", what, err, want)
		}
		if err := s.Check(t.Context()); err == nil {
			t.Errorf("%s: the store is healthy", what)
		}
		if err := e.check(t, s); err != nil {
			t.Errorf("%s: reading: %v", what, err)
		}
	}
	refuses("moved away", "is gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	refuses("with a successor", "another one is in its place")
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("the successor has %v, %v", entries, err)
	}
	if err := errors.Join(os.Remove(dir), os.Rename(away, dir)); err != nil {
		t.Fatal(err)
	}
	e.grow(t, s, 300) // more than a table
	if err := os.Rename(dir, away); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s) // its newest records become a table where they belong
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("the successor has %v, %v", entries, err)
	}
	if err := errors.Join(os.Remove(dir), os.Rename(away, dir)); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, damageStore)
	if err := e.check(t, s); err != nil {
		t.Error(err)
	}
	closeStore(t, s)
	for what, files := range map[string]func(listing) string{
		"log":            func(l listing) string { return l.logs[len(l.logs)-1] },
		"log of changes": func(listing) string { return wal.Names[0] },
	} {
		e := e.copy(t, t.TempDir())
		s := openStore(t, e.store(), damageStore)
		apply(t, s, opened("15550100001", 1))
		l, err := list(e.store())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(e.store(), files(l))); err != nil {
			t.Fatal(err)
		}
		err = s.engine.flush()
		if err == nil {
			err = s.Apply(t.Context(), []policy.Event{opened("15550100001", 2)})
		}
		if !errors.Is(err, store.ErrFailed) || !strings.Contains(err.Error(), "was removed") {
			t.Errorf("without its newest %s the store answers %v", what, err)
		}
		s.Close()
	}
}

// TestUnreadableRecord: a record that can't be read is the error of whoever asks
// for it.
func TestUnreadableRecord(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{Now: testNow, CacheSize: 1})
	defer closeStore(t, s)
	apply(t, s, opened("15550100001", 1), opened("15550100002", 1), opened("15550100003", 1))
	flush(t, s)
	err := s.engine.db.Update(func(txn *badger.Txn) error {
		return txn.Set(recordKey('c', s.Pseudonym(phone("15550100001"))), []byte("garbage"))
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.Person(t.Context(), phone("15550100002"), testNumber, nil); err != nil { // it takes the only place in the cache
			t.Fatal(err)
		}
		if _, err := s.Person(t.Context(), phone("15550100003"), testNumber, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Person(t.Context(), phone("15550100001"), testNumber, nil); !errors.Is(err, store.ErrUnreadable) || errors.Is(err, store.ErrFailed) {
		t.Errorf("the person whose record is garbage: %v", err)
	}
	if _, err := s.Person(t.Context(), phone("15550100001"), testNumber, nil); err == nil {
		t.Error("the second time it can be read")
	}
	if err := s.Apply(t.Context(), []policy.Event{opened("15550100001", 2)}); err == nil || errors.Is(err, store.ErrFailed) {
		t.Errorf("a change of it: %v", err)
	}
	if err := s.engine.view(t.Context(), func(snapshot) error { panic("damage") }); !errors.Is(err, store.ErrUnreadable) {
		t.Errorf("a read that panics: %v", err)
	}
	if p, err := s.Person(t.Context(), phone("15550100002"), testNumber, nil); err != nil || p.Opened != 1 {
		t.Errorf("another person: %+v, %v", p, err)
	}
	apply(t, s, opened("15550100002", 3))
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if c := s.Condition(); c.Unreadable < 2 {
		t.Errorf("%d reads were counted", c.Unreadable)
	}
}

// TestDamagedWhileOpen: a table that is damaged under the open store is found,
// and from then on nothing is written, nor backed up.
func TestDamagedWhileOpen(t *testing.T) {
	t.Parallel()
	e := estate{dir: fastDir(t)}
	s := openStore(t, e.store(), damageStore)
	defer s.Close()
	e.grow(t, s, 300)
	settleDown(t, e.store())
	if err := s.engine.verifyTables(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	l, err := list(e.store())
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(e.store(), l.tables[0]), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(make([]byte, 100), 1000); err != nil {
		t.Fatal(err)
	}
	file.Close()
	if err := s.Backup(t.Context(), new(bytes.Buffer), nil); err == nil || !strings.Contains(err.Error(), l.tables[0]) {
		t.Errorf("the backup of a damaged store: %v", err)
	}
	for name, err := range map[string]error{"Apply": s.Apply(t.Context(), []policy.Event{opened("1", 1)}), "Check": s.Check(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), l.tables[0]) {
			t.Errorf("%s: %v, want a sentence about %s", name, err, l.tables[0])
		}
	}
	if c := s.Condition(); len(c.Notices) != 1 || !strings.Contains(c.Notices[0], l.tables[0]) {
		t.Errorf("the store says %q", c.Notices)
	}
}

// TestOlderVersion opens a store written before there were witnesses.
func TestOlderVersion(t *testing.T) {
	t.Parallel()
	_, _, late := estates(t)
	closeStore(t, openStore(t, late.store(), damageStore)) // there was no log of changes
	late = late.withoutWitness(t)
	for i := range 2 {
		s := openStore(t, late.store(), damageStore)
		if err := late.check(t, s); err != nil {
			t.Error(err)
		}
		if i == 0 && s.engine.applied.Seq != 1 {
			t.Errorf("the first transaction has number %d", s.engine.applied.Seq)
		}
		if c := s.Condition(); len(c.Notices) > 0 {
			t.Errorf("the store says %q", c.Notices)
		}
		late.grow(t, s, 1)
		closeStore(t, s)
	}
	newest := slices.MaxFunc(late.entries[len(late.entries)-2:], compareIDs)
	for _, name := range []string{filepath.Join(late.store(), witnessName), late.store() + witnessSuffix} {
		if _, h, err := readWitness(name); err != nil || h.Seq < 4 || h.Entry != newest {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
}

// withoutWitness is the estate as a waguard wrote it that numbered no
// transactions.
func (e estate) withoutWitness(t testing.TB) estate {
	t.Helper()
	old := e
	old.dir = fastDir(t)
	open := func(dir string) *badger.DB {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		db, err := badger.Open(badgerOptions(&home{dir: dir, at: dir}, damageStore.with(dir)))
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	from, to := open(e.store()), open(old.store())
	err := from.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			key := it.Item().KeyCopy(nil)
			value, err := it.Item().ValueCopy(nil)
			switch key[0] {
			case commitPrefix, daysKey[0]:
				continue
			case metaKey[0]:
				var meta metaRecord
				if err := decode(value, &meta); err != nil {
					return err
				}
				meta.Lineage = ""
				if value, err = encode(meta); err != nil {
					return err
				}
			}
			err = errors.Join(err, to.Update(func(txn *badger.Txn) error { return txn.Set(key, value) }))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, from.Close()); err != nil {
		t.Fatal(err)
	}
	settleDown(t, old.store()) // a copy made while files come and go is none a crash could leave
	killed := old.copy(t, fastDir(t))
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return killed
}

// with is o with its defaults.
func (o Options) with(dir string) Options {
	o.complete(dir)
	return o
}

// TestWitnessUnwritable: where the witness outside can't be written the store is
// opened, and says so.
func TestWitnessUnwritable(t *testing.T) {
	o := damageStore
	o.Witness = filepath.Join(t.TempDir(), "missing", "witness")
	s := openStore(t, t.TempDir(), o)
	defer closeStore(t, s)
	if c := s.Condition(); len(c.Notices) != 1 || !strings.Contains(c.Notices[0], "witness") {
		t.Errorf("the store says %q", c.Notices)
	}
	apply(t, s, opened("15550100001", 1))
}

// FuzzLog reads logs of any content: it never panics, and never reads on behind
// where Badger stops.
func FuzzLog(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 100))
	e := estate{dir: f.TempDir()}
	s := openStore(f, e.store(), damageStore)
	f.Cleanup(func() { s.Close() })
	apply(f, s, opened("15550100001", 1), opened("15550100002", 1))
	content, err := os.ReadFile(filepath.Join(s.engine.dir, s.engine.keeper.newest))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content[:used(content)])
	path := filepath.Join(f.TempDir(), "00001.mem")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := readLog(path, "00001.mem", new(dataKeys), func(r logRecord) { _ = fmt.Sprint(r.version()) })
		if err != nil {
			t.Fatal(err)
		}
		if l.end > l.size || l.rest > l.size-l.end && l.size >= logHeader {
			t.Errorf("it ends at %d, with %d more of %d", l.end, l.rest, l.size)
		}
	})
}

// TestUnnamedTables: of tables that MANIFEST doesn't name only those hold nothing
// of their own that are the copy of a log that is there, or were put together
// into others.
func TestUnnamedTables(t *testing.T) {
	logs := func(bounds ...uint64) (logs []*logFile) {
		for i := 0; i < len(bounds); i += 2 {
			logs = append(logs, &logFile{name: fmt.Sprintf("%05d.mem", i), minVersion: bounds[i], maxVersion: bounds[i+1]})
		}
		return logs
	}
	for _, c := range []struct {
		what                   string
		named                  uint64 // the newest version in tables that are named
		logs                   []*logFile
		minVersion, maxVersion uint64
		refused                bool
	}{
		{"a log, flushed and not yet named", 100, logs(101, 200, 201, 300), 101, 200, false},
		{"the newest log", 100, logs(101, 200), 101, 200, false},
		{"the first log, with no table named", 0, logs(1, 200), 1, 200, false},
		{"older tables, put together into others", 100, logs(101, 200), 1, 90, false},
		{"a table whose log is gone", 100, logs(201, 300), 101, 200, true},
		{"a table whose log is gone, the log before it being there", 0, logs(1, 100), 101, 200, true},
		{"tables put together, with the log of the last of them still there", 100, logs(201, 300), 1, 250, true},
		{"tables put together up to the end of a log", 100, logs(201, 300), 150, 300, true},
		{"all tables put together, with none named", 0, logs(201, 300), 1, 300, true},
		{"a table of two logs", 100, logs(101, 200, 201, 300), 150, 250, true},
	} {
		s := &survey{
			logs: c.logs, tables: []*tableFile{{name: "000001.sst", maxVersion: c.named}},
			orphans: []*tableFile{{name: "000002.sst", minVersion: c.minVersion, maxVersion: c.maxVersion}},
		}
		s.followLogs(nil)
		if refused := len(s.damaged) > 0; refused != c.refused {
			t.Errorf("%s: refused is %t, want %t", c.what, refused, c.refused)
		}
	}
	// MANIFEST named it once, and dropped it: its newest records were swept.
	for _, c := range []struct {
		what    string
		commit  uint64
		refused bool
	}{
		{"put together into others without what is no longer kept", 7, false},
		{"newer than all else: another table had its number before it", 8, true},
	} {
		s := &survey{tables: []*tableFile{{name: "000001.sst", maxVersion: 100}}, orphans: []*tableFile{{name: "000002.sst", minVersion: 90, maxVersion: 110, dropped: true, commit: head{Seq: c.commit}}}}
		s.flushed.Seq = 7
		s.followLogs(nil)
		if refused := len(s.damaged) > 0; refused != c.refused {
			t.Errorf("%s: refused is %t, want %t", c.what, refused, c.refused)
		}
	}
}

// TestDamageOlderVersion damages a store without witness: what is missing at the
// end of its logs can't be told, but what is in front of something.
func TestDamageOlderVersion(t *testing.T) {
	t.Parallel()
	_, _, late := estates(t)
	late = late.withoutWitness(t)
	l, err := list(late.store())
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(late.store(), "MANIFEST"))
	if err != nil {
		t.Fatal(err)
	}
	newest := l.logs[len(l.logs)-1]
	log, err := os.ReadFile(filepath.Join(late.store(), newest))
	if err != nil {
		t.Fatal(err)
	}
	type attempt struct {
		name string
		file string
		do   func(path, _ string) error
	}
	attempts := []attempt{
		{"MANIFEST deleted", "MANIFEST", func(path, _ string) error { return os.Remove(path) }},
		{"a table deleted", l.tables[0], func(path, _ string) error { return os.Remove(path) }},
	}
	for cut := 0; cut < len(content); cut += 16 {
		attempts = append(attempts, attempt{fmt.Sprint("MANIFEST cut at ", cut), "MANIFEST", edit(func(c []byte) []byte { return c[:cut] })})
	}
	for i := range 20 {
		attempts = append(attempts, attempt{"a bit flipped in a log", newest, flip(int64(logHeader + i*(used(log)-logHeader-3000)/20))})
	}
	for _, a := range attempts {
		e := late.copy(t, fastDir(t))
		if err := a.do(filepath.Join(e.store(), a.file), ""); err != nil {
			t.Fatal(err)
		}
		if outcome, err := e.after(t); outcome == silent {
			t.Errorf("%s: %v", a.name, err)
		}
		os.RemoveAll(e.dir)
	}
}
