package badger

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store/archive"
)

// exportedTombs are the tombstones of a store, as the command writes them.
func exportedTombs(t testing.TB, s *Store) []byte {
	t.Helper()
	tombs, err := s.AllTombstones(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WriteTombstones(&b, s.Installation(), tombs); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readTombs(t testing.TB, text []byte) *Tombs {
	t.Helper()
	tombs, err := ReadTombs(bytes.NewReader(text), "")
	if err != nil {
		t.Fatal(err)
	}
	return tombs
}

// namedRecords are the records under the names of somebody.
func namedRecords(t testing.TB, dir string, names ...policy.Alias) map[string]string {
	t.Helper()
	db, err := badger.Open(badger.DefaultOptions(dir).WithReadOnly(true).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := make(map[string]string)
	err = db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			for _, name := range names {
				if !bytes.Contains(it.Item().Key(), name[:]) {
					continue
				}
				value, err := it.Item().ValueCopy(nil)
				if err != nil {
					return err
				}
				all[string(it.Item().Key())] = string(value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestForgottenAreInNoBackup: whoever was erased after a backup is in no byte of it once it
// was written anew, nor in any record that is restored of it; everybody else is there whole.
func TestForgottenAreInNoBackup(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 7))
		dir := filepath.Join(fastDir(t), "store")
		now := testTime
		s := openStore(t, dir, Options{Now: func() time.Time { return now }, Named: named})
		people := make([]fullPerson, 8)
		erased := make([]bool, len(people))
		half := len(people) / 2
		for i := range people {
			people[i], erased[i] = personOf(i+1), random.IntN(2) == 0
		}
		erased[random.IntN(half)] = true
		enter := func(from, to int) {
			for i := from; i < to; i++ {
				people[i].live(t, s, policy.MomentOf(now)-1000, i)
			}
		}
		copied := func(base *archive.Base) (b []byte, next *archive.Base) {
			t.Helper()
			var out bytes.Buffer
			if err := s.Backup(t.Context(), &out, base); err != nil {
				t.Fatal(err)
			}
			m, err := archive.Read(bytes.NewReader(out.Bytes()), archive.Visitor{})
			if err != nil {
				t.Fatal(err)
			}
			return out.Bytes(), &archive.Base{Previous: archive.Previous{File: "base", SHA256: "0"}, Point: m.Point, Checkpoint: m.Checkpoint}
		}
		enter(0, half)
		whole, base := copied(nil)
		now = now.Add(time.Hour)
		enter(half, len(people))
		more, _ := copied(base)
		of := now.UTC()
		now = now.Add(24 * time.Hour)
		for i, p := range people {
			if erased[i] {
				eraseIn(t, s, p.phone)
			}
		}
		tombs := readTombs(t, exportedTombs(t, s))
		var anew bytes.Buffer
		work := fastDir(t)
		if _, err := Forget(t.Context(), work, sourcesOf([][]byte{whole, more}), tombs, &anew, Options{Named: named}); err != nil {
			t.Fatal(err)
		}
		var header archive.Header
		m, err := archive.Read(bytes.NewReader(anew.Bytes()), archive.Visitor{Header: func(h archive.Header) error {
			header = h
			return nil
		}})
		if err != nil || !m.At.Equal(of) || header.Previous != nil || !tombs.Forgotten(header) {
			t.Fatalf("it is %+v, %v", header, err)
		}
		before, after := filepath.Join(fastDir(t), "before"), filepath.Join(fastDir(t), "after")
		if _, err := RestoreChain(before, sourcesOf([][]byte{whole, more}), nil); err != nil {
			t.Fatal(err)
		}
		restored, err := RestoreChain(after, sourcesOf([][]byte{anew.Bytes()}), nil)
		if err != nil || !restored.At.Equal(of) {
			t.Fatalf("%+v, %v", restored, err)
		}
		for i, p := range people {
			secrets := p.secrets(s)
			if len(leaks(t, before, secrets)) == 0 {
				t.Fatalf("seed %d: person %d was in no backup", seed, i)
			}
			if found := leaks(t, after, secrets); erased[i] && len(found) > 0 {
				t.Errorf("seed %d: of person %d there is %q", seed, i, found)
			}
			for name, secret := range secrets {
				if erased[i] && bytes.Contains(anew.Bytes(), secret) {
					t.Errorf("seed %d: %s of person %d is in the file", seed, name, i)
				}
			}
			if names := []policy.Alias{s.Pseudonym(p.phone), s.Pseudonym(p.user)}; !erased[i] {
				was, is := namedRecords(t, before, names...), namedRecords(t, after, names...)
				if len(was) == 0 || !reflect.DeepEqual(was, is) {
					t.Errorf("seed %d: person %d had %d records, and has %d, or others", seed, i, len(was), len(is))
				}
			}
		}
		closeStore(t, s)
		r := openStore(t, after, Options{Now: func() time.Time { return now }, Named: named})
		log, err := r.VerifyLog(t.Context(), []byte(m.Checkpoint+"\n"+m.Verifier+"\n"))
		if err != nil || !log.Sound() {
			t.Errorf("seed %d: %+v, %v", seed, log, err)
		}
		for i, p := range people {
			facts, err := r.Person(t.Context(), p.phone, testNumber, nil)
			if err != nil || (facts.Opened != 0) == erased[i] || (facts.Consent[policy.Marketing].Source == policy.SourceErasure) != erased[i] {
				t.Errorf("seed %d: person %d: %+v, %v", seed, i, facts, err)
			}
		}
		closeStore(t, r)
	}
}

// TestForgotten: which backups have nothing of the erased by what they say at their
// beginning.
func TestForgotten(t *testing.T) {
	at := testTime.UTC()
	time1, time2 := at.Add(-time.Minute), at.Add(time.Minute)
	for name, tc := range map[string]struct {
		header archive.Header
		want   bool
	}{
		"before the erasure":              {archive.Header{At: at.Add(-time.Hour)}, false},
		"while it may have been going on": {archive.Header{At: at.Add(time.Minute)}, false},
		"long after":                      {archive.Header{At: at.Add(ForgetWithin + time.Second)}, true},
		"written anew before":             {archive.Header{At: at.Add(-time.Hour), Forgot: &time1}, false},
		"written anew by it":              {archive.Header{At: at.Add(-time.Hour), Forgot: &at}, true},
		"written anew later":              {archive.Header{At: at.Add(-time.Hour), Forgot: &time2}, true},
		"of a version that doesn't say":   {archive.Header{}, false},
	} {
		if got := (&Tombs{Newest: at}).Forgotten(tc.header); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if !new(Tombs).Forgotten(archive.Header{}) {
		t.Error("nobody was erased, and a backup is to be written anew")
	}
}

// TestForgetByOthers: the tombstones of another installation are refused, not taken for
// none.
func TestForgetByOthers(t *testing.T) {
	t.Parallel()
	s := openStore(t, filepath.Join(fastDir(t), "store"), Options{Now: testNow})
	var backup bytes.Buffer
	if err := s.Backup(t.Context(), &backup, nil); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	other := openStore(t, filepath.Join(fastDir(t), "store"), Options{Now: testNow})
	eraseIn(t, other, phone("15550100001"))
	tombs := readTombs(t, exportedTombs(t, other))
	closeStore(t, other)
	var out bytes.Buffer
	if _, err := Forget(context.Background(), fastDir(t), sourcesOf([][]byte{backup.Bytes()}), tombs, &out, Options{}); !errors.Is(err, ErrOthersTombs) || out.Len() > 0 {
		t.Errorf("%v, and %d bytes", err, out.Len())
	}
}
