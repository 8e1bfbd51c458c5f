package badger

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func eraseIn(t testing.TB, s *Store, who policy.Identity) *store.ErasedData {
	t.Helper()
	d, err := s.Erase(t.Context(), &store.ErasureRequest{Who: []policy.Identity{who}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestErasedStayErasedAfterRestore: a backup from before an erasure brings nobody back, nor
// their opt-in, whether the tombstones lie beside the directory or are handed over.
func TestErasedStayErasedAfterRestore(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(fastDir(t), "store")
	at := policy.MomentOf(testTime) - 1000
	s := openStore(t, dir, Options{Now: testNow, Named: named})
	gone, stays := personOf(1), personOf(2)
	gone.live(t, s, at, 1)
	stays.live(t, s, at, 2)
	var backup bytes.Buffer
	if err := s.Backup(t.Context(), &backup, nil); err != nil {
		t.Fatal(err)
	}
	eraseIn(t, s, gone.phone)
	var exported bytes.Buffer
	tombs, err := s.AllTombstones(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteTombstones(&exported, s.Installation(), tombs); err != nil {
		t.Fatal(err)
	}
	secrets := gone.secrets(s)
	for name, secret := range secrets {
		if bytes.Contains(exported.Bytes(), secret) || strings.Contains(exported.String(), policy.Alias(append(secret, make([]byte, 16)...)[:16]).String()) {
			t.Errorf("%s is among the tombstones", name)
		}
	}
	closeStore(t, s)
	check := func(dir string) {
		t.Helper()
		s := openStore(t, dir, Options{Now: testNow, Named: named})
		for range 2 {
			for _, who := range []policy.Identity{gone.phone, gone.user} {
				p, err := s.Person(t.Context(), who, testNumber, nil)
				if err != nil || p.Consent[policy.Marketing].Source != policy.SourceErasure || p.Opened != 0 {
					t.Errorf("%+v, %v", p, err)
				}
			}
			p, err := s.Person(t.Context(), stays.phone, testNumber, nil)
			if err != nil || p.Opened == 0 {
				t.Errorf("somebody else: %+v, %v", p, err)
			}
			closeStore(t, s)
			s = openStore(t, dir, Options{Now: testNow, Named: named})
		}
		waitFor(t, func() bool {
			notes, err := s.Erasures(t.Context())
			return err == nil && len(notes) > 0
		})
		if err := s.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		r, err := s.VerifyLog(t.Context(), nil)
		if err != nil || !r.Sound() {
			t.Errorf("%+v, %v", r, err)
		}
		closeStore(t, s)
		if found := leaks(t, dir, secrets); len(found) > 0 {
			t.Errorf("found %q", found)
		}
	}
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := Restore(dir, bytes.NewReader(backup.Bytes())); err != nil {
		t.Fatal(err)
	}
	check(dir)

	elsewhere := filepath.Join(fastDir(t), "elsewhere")
	if err := Restore(elsewhere, bytes.NewReader(backup.Bytes())); err != nil {
		t.Fatal(err)
	}
	if n, err := AddTombstones(elsewhere, bytes.NewReader(exported.Bytes())); err != nil || n != len(tombs) {
		t.Fatalf("added %d, %v", n, err)
	}
	check(elsewhere)
}

// waitFor waits until something that is under way has come about.
func waitFor(t testing.TB, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it doesn't come about")
		}
	}
}

// TestTornTombstones: a line that was torn is left out, what stands behind it isn't.
func TestTornTombstones(t *testing.T) {
	dir := filepath.Join(fastDir(t), "store")
	s := openStore(t, dir, Options{Now: testNow})
	eraseIn(t, s, phone("15550100001"))
	path := dir + erasedSuffix
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole[:len(whole)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	eraseIn(t, s, phone("15550100002"))
	tombs, err := s.engine.Tombstones()
	if err != nil || len(tombs) != 2 {
		t.Errorf("%d tombstones, %v", len(tombs), err)
	}
	closeStore(t, s)
	for _, wrong := range []string{"hello\n", "waguard backup 1\n"} {
		if n, err := AddTombstones(dir, strings.NewReader(wrong)); err == nil {
			t.Errorf("took %d tombstones out of %q", n, wrong)
		}
	}
}
