package badger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TestCheck checks stores that run, were closed, and were killed.
func TestCheck(t *testing.T) {
	e := estate{dir: fastDir(t)}
	options := damageStore
	options.memtable *= 2 // a send and what becomes of it must not be parted by want of room
	s := openStore(t, e.store(), options)
	e.grow(t, s, 300)
	apply(t, s, policy.IdentityChanged{Old: []policy.Identity{damagePerson(1)}, New: []policy.Identity{damagePerson(2)}, At: 5})
	flush(t, s)
	// What became of a line that is in its page is beside it.
	if err := s.Settle(t.Context(), e.entries[0], store.Outcome{State: store.Accepted, Wamid: "wamid.1"}).Wait(); err != nil {
		t.Fatal(err)
	}
	sound := func(what string, r *store.CheckReport, err error) {
		t.Helper()
		if err != nil || !r.Sound() || len(r.Notes) > 0 {
			t.Fatalf("%s: %+v, %v", what, r, err)
		}
		for kind, want := range map[string]int{"ledger entries": 300, "names of people": 300, "consent records": 600, "settlements": 1} {
			if r.Counts[kind] != want {
				t.Errorf("%s: %d %s, want %d", what, r.Counts[kind], kind, want)
			}
		}
		if r.Newest == nil || !r.Newest.Equal(testTime) || r.Transaction < 15 || r.Tables == 0 || r.Bytes == 0 {
			t.Errorf("%s: %+v", what, r)
		}
	}
	r, err := s.Examine(t.Context())
	sound("running", r, err)
	if _, err := Check(t.Context(), e.store(), ""); err == nil || !strings.Contains(err.Error(), "already in use") {
		t.Errorf("checking the directory of a running store: %v", err)
	}
	killed := e.killed(t, s, filepath.Join(t.TempDir(), "killed"))
	before := killed.state(t)
	r, err = Check(t.Context(), killed.store(), "")
	sound("killed", r, err)
	if r.Logs == 0 || before != killed.state(t) {
		t.Errorf("the check changed something, or read no log: %+v", r)
	}
	closeStore(t, s)
	r, err = Check(t.Context(), e.store(), "")
	sound("closed", r, err)

	l, err := list(e.store())
	if err != nil {
		t.Fatal(err)
	}
	if err := flip(5000)(filepath.Join(e.store(), l.tables[0]), ""); err != nil {
		t.Fatal(err)
	}
	if r, err := Check(t.Context(), e.store(), ""); err != nil || r.Sound() || !strings.Contains(r.Problems[0], l.tables[0]) {
		t.Errorf("a damaged store: %+v, %v", r, err)
	}
	if err := os.RemoveAll(e.store()); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(t.Context(), e.store(), ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	if err := os.Mkdir(e.store(), 0o700); err != nil {
		t.Fatal(err)
	}
	if r, err := Check(t.Context(), e.store(), ""); err != nil || r.Sound() {
		t.Errorf("an empty directory: %+v, %v", r, err)
	}
}

// TestCheckFinds makes every record wrong that can be.
func TestCheckFinds(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{Now: testNow})
	defer closeStore(t, s)
	who := []policy.Identity{phone("15550100001"), phone("15550100002")}
	apply(t, s, policy.IdentityChanged{Old: who[:1], New: who[1:], At: 5}, policy.StatusChanged{PhoneNumberID: testNumber, Wamid: "w", At: 5, Status: policy.StatusSent})
	entry := newEntry(testTime, s.Pseudonym(who[0]))
	if err := s.Reserve(t.Context(), entry).Wait(); err != nil {
		t.Fatal(err)
	}
	flush(t, s) // so that what becomes of it is beside it
	if err := s.Settle(t.Context(), entry.ID, store.Outcome{State: store.Accepted}).Wait(); err != nil {
		t.Fatal(err)
	}
	names := policy.SortAliases([]policy.Alias{s.Pseudonym(who[0]), s.Pseudonym(who[1])})
	other := policy.Alias{0xff}
	pointer := func(to policy.Alias) []byte {
		value, err := encode(map[int]policy.Alias{2: to})
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	if r, err := s.Examine(t.Context()); err != nil || !r.Sound() {
		t.Fatalf("before: %+v, %v", r, err)
	}
	for _, test := range []struct {
		name       string
		key, value []byte
		want       string
	}{
		{"a contact that is gone", recordKey('c', names[0]), nil, "contact without this name"},
		{"a pointer to another", recordKey('c', other), pointer(names[0]), "contact without this name"},
		{"a pointer to itself", recordKey('c', names[1]), pointer(names[1]), "leads nowhere"},
		{"a status that is garbage", recordKey('s', other), []byte("garbage"), "messages"},
		{"a settlement without entry", idKey(ledger.settlements, store.NewID(policy.MomentOf(testTime)+5000)), mustEncode(t, map[int]int{}), "the entry is not"},
		{"a page that is gone", idKey(ledger.pages, entry.ID), mustPage(t), "the entry is not"},
		{"a page that is garbage", idKey(ledger.pages, store.NewID(policy.MomentOf(testTime)+9000)), []byte("garbage"), "page"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, err := s.raw(test.key)
			if err != nil {
				t.Fatal(err)
			}
			set := func(value []byte) {
				t.Helper()
				err := s.engine.db.Update(func(txn *badger.Txn) error {
					if value == nil {
						return txn.Delete(test.key)
					}
					return txn.Set(test.key, value)
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			set(test.value)
			r, err := s.Examine(t.Context())
			if err != nil || r.Sound() || !strings.Contains(fmt.Sprint(r.Problems), test.want) {
				t.Errorf("got %+v, %v, want a problem with %q", r, err, test.want)
			}
			set(before)
		})
	}
}

// recordKey is that of a record about a name.
func recordKey(prefix byte, a policy.Alias) []byte { return append([]byte{prefix}, a[:]...) }

func mustPage(t testing.TB) []byte {
	t.Helper()
	page, err := encodePage(pageRecord{})
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func mustEncode(t testing.TB, record any) []byte {
	t.Helper()
	value, err := encode(record)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// raw is the value of a key.
func (s *Store) raw(key []byte) (value []byte, err error) {
	err = s.engine.view(context.Background(), func(snap snapshot) error {
		value, err = get(snap.txn, key)
		return err
	})
	return value, err
}
