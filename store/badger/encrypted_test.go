package badger

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waguard/waguard/store"
)

var (
	testKey  = bytes.Repeat([]byte{7}, KeySize)
	otherKey = bytes.Repeat([]byte{8}, KeySize)
)

// encrypted are the options of a store that is encrypted.
func encrypted(key []byte) Options {
	o := damageStore
	o.EncryptionKey = key
	return o
}

// plainIn are the files under a directory that have some bytes in them.
func plainIn(t testing.TB, dir string, secret []byte) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, secret) {
			names = append(names, d.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestEncryptedStore: nothing of a record is in any file in clear, neither before it is
// moved into tables nor after; and the store opens with its key alone.
func TestEncryptedStore(t *testing.T) {
	secret := []byte("a secret of some length that nothing else has")
	for _, key := range [][]byte{nil, testKey} {
		e := estate{dir: fastDir(t)}
		engine, err := OpenEngine(e.store(), encrypted(key))
		if err != nil {
			t.Fatal(err)
		}
		put := func(name string) {
			t.Helper()
			err := engine.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte("c"+name), secret, 0) })
			if err != nil {
				t.Fatal(err)
			}
		}
		look := func(when string) {
			t.Helper()
			// Without a key it is found, or this test would look in vain.
			if names := plainIn(t, e.dir, secret); (len(names) > 0) != (key == nil) {
				t.Errorf("%s: in clear in %v", when, names)
			}
			if names := plainIn(t, e.dir, []byte("cfirst-of-all")); (len(names) > 0) != (key == nil) {
				t.Errorf("%s: its key is in clear in %v", when, names)
			}
		}
		put("first-of-all")
		look("in the log of changes")
		if err := engine.flush(); err != nil {
			t.Fatal(err)
		}
		look("in Badger's log")
		if err := engine.Close(); err != nil {
			t.Fatal(err)
		}
		look("in tables")
		if engine, err = OpenEngine(e.store(), encrypted(key)); err != nil {
			t.Fatal(err)
		}
		put("second")
		settleDown(t, e.store())
		killed := e.copy(t, fastDir(t))
		if err := engine.verifyTables(t.Context(), 0); err != nil {
			t.Errorf("verifying the tables: %v", err)
		}
		if err := engine.Close(); err != nil {
			t.Fatal(err)
		}
		place := Place{Dir: killed.store(), EncryptionKey: key}
		if r, err := place.Check(t.Context()); err != nil || !r.Sound() {
			// What was put here is no record of a person.
			if err != nil || !strings.Contains(strings.Join(r.Problems, " "), "names of people") {
				t.Errorf("checked: %+v, %v", r, err)
			}
		}
		err = place.Look(func(r store.LogRecords) error {
			values, err := r.Get([]byte("cfirst-of-all"), []byte("csecond"))
			if err == nil && (!bytes.Equal(values[0], secret) || !bytes.Equal(values[1], secret)) {
				t.Errorf("looked at: %q", values)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		after, err := OpenEngine(killed.store(), encrypted(key))
		if err != nil {
			t.Fatal(err)
		}
		if got := recordsIn(t, after.db); got["cfirst-of-all"] != string(secret) || got["csecond"] != string(secret) {
			t.Errorf("after a kill there are %q", got)
		}
		if err := after.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEncryptionKey: a key that isn't the store's opens nothing and changes nothing, and
// the error says what to do.
func TestEncryptionKey(t *testing.T) {
	sealed, plain := estate{dir: fastDir(t)}, estate{dir: fastDir(t)}
	for e, key := range map[*estate][]byte{&sealed: testKey, &plain: nil} {
		s := openStore(t, e.store(), encrypted(key))
		e.grow(t, s, 30)
		closeStore(t, s)
	}
	gone := sealed.copy(t, fastDir(t))
	if err := os.Remove(filepath.Join(gone.store(), "KEYREGISTRY")); err != nil {
		t.Fatal(err)
	}
	damaged := sealed.copy(t, fastDir(t))
	if err := os.WriteFile(filepath.Join(damaged.store(), "KEYREGISTRY"), []byte("nonsense that is long enough to be one"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		of   estate
		key  []byte
		want string
	}{
		"none":                       {sealed, nil, "it is encrypted: name its key by encryption_key"},
		"another":                    {sealed, otherKey, "with another key than encryption_key has"},
		"one for a plain store":      {plain, testKey, "is not encrypted, and encryption_key names a key"},
		"without KEYREGISTRY":        {gone, testKey, "KEYREGISTRY is missing"},
		"none, without KEYREGISTRY":  {gone, nil, "it is encrypted: name its key"},
		"with a damaged KEYREGISTRY": {damaged, testKey, "or KEYREGISTRY in its directory is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			before := tc.of.state(t)
			if s, err := Open(tc.of.store(), encrypted(tc.key)); err == nil {
				closeStore(t, s)
				t.Fatal("it opens")
			} else if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("opened: %v, want %q", err, tc.want)
			}
			if _, err := (Place{Dir: tc.of.store(), EncryptionKey: tc.key}).Check(t.Context()); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("checked: %v, want %q", err, tc.want)
			}
			if tc.of.state(t) != before {
				t.Error("something was changed")
			}
		})
	}
	s := openStore(t, sealed.store(), encrypted(testKey))
	if err := sealed.check(t, s); err != nil {
		t.Error(err)
	}
	// A plain store becomes an encrypted one by a backup.
	var backup bytes.Buffer
	if err := s.Backup(t.Context(), &backup, nil); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	dir := filepath.Join(fastDir(t), "restored")
	if _, err := RestoreChain(dir, sourcesOf([][]byte{backup.Bytes()}), otherKey); err != nil {
		t.Fatal(err)
	}
	restored := openStore(t, dir, encrypted(otherKey))
	if err := sealed.check(t, restored); err != nil {
		t.Error(err)
	}
	closeStore(t, restored)
}

// TestRotateKey: after it the new key opens the store and the old one doesn't, also one
// that was killed.
func TestRotateKey(t *testing.T) {
	e := estate{dir: fastDir(t)}
	s := openStore(t, e.store(), encrypted(testKey))
	e.grow(t, s, 300)
	killed := e.killed(t, s, fastDir(t))
	closeStore(t, s)
	place := Place{Dir: killed.store(), EncryptionKey: otherKey}
	if err := place.RotateKey(testKey); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("from a key that isn't its: %v", err)
	}
	place.EncryptionKey = testKey
	if err := place.RotateKey(otherKey); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(killed.store(), encrypted(testKey)); err == nil {
		t.Error("the old key opens it")
	}
	for range 2 {
		s = openStore(t, killed.store(), encrypted(otherKey))
		if err := killed.check(t, s); err != nil {
			t.Error(err)
		}
		killed.grow(t, s, 30)
		closeStore(t, s)
	}
	if err := (Place{Dir: t.TempDir(), EncryptionKey: testKey}).RotateKey(otherKey); err == nil || !strings.Contains(err.Error(), "there is no store") {
		t.Errorf("where there is none: %v", err)
	}
}

// TestParseKey: a key is read as people write it, and never quoted.
func TestParseKey(t *testing.T) {
	for _, text := range []string{strings.Repeat("07", 32), strings.Repeat("07", 32) + "\n", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="} {
		if key, err := ParseKey(text); err != nil || !bytes.Equal(key, testKey) {
			t.Errorf("%q: %x, %v", text, key, err)
		}
	}
	for _, text := range []string{"", "secret-word", strings.Repeat("07", 31), strings.Repeat("07", 33), "BwcHBw=="} {
		if _, err := ParseKey(text); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
