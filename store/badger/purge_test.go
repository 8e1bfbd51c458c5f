package badger

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"
	"pgregory.net/rapid"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// leaks are where in the files of a store, or in any version of any record of its, a secret
// is: as it is, or as hexadecimal digits.
func leaks(t testing.TB, dir string, secrets map[string][]byte) (found []string) {
	t.Helper()
	look := func(where string, data []byte) {
		for name, secret := range secrets {
			if bytes.Contains(data, secret) || bytes.Contains(data, []byte(hex.EncodeToString(secret))) {
				found = append(found, fmt.Sprintf("%s in %s", name, where))
			}
		}
	}
	for _, root := range []string{dir, dir + witnessSuffix, dir + erasedSuffix} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil
			}
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			look(filepath.Base(path), data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// Tables keep of a key what differs from the one before, and pages are compressed: so
	// every version of every record is read as well.
	db, err := badger.Open(badger.DefaultOptions(dir).WithReadOnly(true).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{AllVersions: true})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			item := it.Item()
			where := fmt.Sprintf("record %q", item.Key())
			look("the key of "+where, item.Key())
			if item.IsDeletedOrExpired() {
				continue
			}
			value, err := item.ValueCopy(nil)
			if err != nil {
				return err
			}
			look(where, value)
			if j := item.Key()[0]; j == ledger.pages || j == violations.pages {
				page, err := decompress(value)
				if err != nil {
					return err
				}
				look("the page "+where, page)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// person is somebody with everything that a store keeps of one.
type fullPerson struct {
	phone, user policy.Identity
	wamid       string
	ip, ref     string
}

func personOf(n int) fullPerson {
	return fullPerson{
		phone(fmt.Sprintf("1555010%04d", n)),
		policy.Identity{Kind: policy.BSUID, Value: fmt.Sprintf("US.10%04d", n)},
		fmt.Sprintf("wamid.person%04d", n), fmt.Sprintf("192.0.2.%d/person-ip", n), fmt.Sprintf("form-of-person-%04d", n),
	}
}

func (p *fullPerson) secrets(s *Store) map[string][]byte {
	pseudonym, user := s.Pseudonym(p.phone), s.Pseudonym(p.user)
	return map[string][]byte{
		"the number": []byte(p.phone.Value), "the user id": []byte(p.user.Value), "the pseudonym": pseudonym[:], "the user id's": user[:],
		"the message": []byte(p.wamid), "the address": []byte(p.ip), "the reference": []byte(p.ref),
	}
}

// live fills a store with what a person leaves behind.
func (p *fullPerson) live(t testing.TB, s *Store, at policy.Moment, i int) {
	t.Helper()
	who := []policy.Identity{p.phone, p.user}
	apply(
		t, s,
		policy.ServiceWindowOpened{PhoneNumberID: testNumber, Who: who, At: at},
		policy.ConsentChanged{
			PhoneNumberID: testNumber, Who: who, At: at, State: policy.OptedIn, Scopes: policy.AllScopes, Source: "website",
			Ref: p.ref, Evidence: &consent.Evidence{IP: p.ip},
		},
		policy.ConsentChanged{PhoneNumberID: testNumber, Who: who[:1], At: at + 1, State: policy.OptOutSuspected, Scopes: policy.AllScopes, Source: policy.SourceKeyword, Ref: p.wamid},
	)
	c := store.Challenge{PhoneNumberID: testNumber, Scopes: policy.AllScopes, Source: "sms", Ref: p.ref, Evidence: &consent.Evidence{IP: p.ip}, Expires: at.Add(time.Hour)}
	if err := s.Ask(t.Context(), p.phone, &c); err != nil {
		t.Fatal(err)
	}
	key := s.AttemptPseudonym("key", p.ref, fmt.Sprint(i))
	if err := s.Remember(t.Context(), s.AttemptPseudonym("answer", p.ref), &store.Remembered{Status: 200, Answer: []byte(`{"contact":"` + p.phone.Value + `"}`)}, time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, refused := range []bool{false, true} {
		e := newEntry(at.Time(), s.Pseudonym(p.phone))
		e.Opaque = s.OpaquePseudonym(testNumber, p.ref)
		if refused {
			e.Decision.Verdict, e.Outcome.State = policy.Refuse, store.Refused
		} else {
			e.Attempt = &store.Attempt{Key: key, Request: key, Keep: time.Hour}
		}
		if err := s.Reserve(t.Context(), e).Wait(); err != nil {
			t.Fatal(err)
		}
		if refused {
			continue
		}
		err := s.Settle(t.Context(), e.ID, store.Outcome{
			State: store.Accepted, HTTPStatus: 200, Wamid: p.wamid, Learned: who,
			Answer: []byte(`{"contacts":[{"wa_id":"` + p.phone.Value + `"}],"messages":[{"id":"` + p.wamid + `"}]}`),
		}).Wait()
		if err != nil {
			t.Fatal(err)
		}
	}
	apply(t, s, policy.StatusChanged{PhoneNumberID: testNumber, Wamid: p.wamid, Who: who, At: at + 2, Status: policy.StatusRead, Opaque: p.ref})
}

// named tells whom an answer names, as the gateway does.
func named(text []byte) (who []policy.Identity) {
	for i := 0; i+11 <= len(text); i++ {
		if string(text[i:i+4]) == "1555" {
			who = append(who, phone(string(text[i:i+11])))
		}
	}
	return who
}

// Who was erased is in no file any more, once those were purged: not by name, pseudonym,
// message or evidence, in whatever order it all happened. Before they were purged they
// are, which shows that this looks at the right places.
func TestErasedAreInNoFile(t *testing.T) {
	t.Parallel()
	seen := false
	rapid.Check(t, func(rt *rapid.T) {
		dir := filepath.Join(fastDir(t), "store")
		o := Options{Now: testNow, Named: named, memtable: 256 << 10}
		s := openStore(t, dir, o)
		at := policy.MomentOf(testTime) - 1000
		erased := make(map[int]bool)
		for i := range rapid.IntRange(2, 8).Draw(rt, "steps") {
			n := rapid.IntRange(1, 4).Draw(rt, "who")
			p := personOf(n)
			switch rapid.IntRange(0, 4).Draw(rt, "what") {
			case 0:
				if _, err := s.Erase(t.Context(), &store.ErasureRequest{Who: []policy.Identity{p.phone}}); err != nil {
					t.Fatal(err)
				}
				erased[n] = true
			case 1:
				closeStore(t, s)
				s = openStore(t, dir, o)
			case 2:
				if err := s.Purge(t.Context()); err != nil {
					t.Fatal(err)
				}
			default:
				p.live(t, s, at, i)
			}
		}
		if len(erased) == 0 {
			closeStore(t, s)
			return
		}
		secrets := make(map[string][]byte)
		for n := range erased {
			p := personOf(n)
			p.live(t, s, at, 100+n)
			if _, err := s.Erase(t.Context(), &store.ErasureRequest{Who: []policy.Identity{p.phone, p.user}}); err != nil {
				t.Fatal(err)
			}
			for name, secret := range p.secrets(s) {
				secrets[fmt.Sprintf("%s of %d", name, n)] = secret
			}
		}
		closeStore(t, s)
		seen = seen || len(leaks(t, dir, secrets)) > 0
		s = openStore(t, dir, o)
		if err := s.Purge(t.Context()); err != nil {
			rt.Fatal(err)
		}
		sound, err := s.VerifyLog(t.Context(), nil)
		if err != nil || !sound.Sound() {
			rt.Fatalf("%v, %v", sound, err)
		}
		closeStore(t, s)
		if found := leaks(t, dir, secrets); len(found) > 0 {
			rt.Fatalf("found %q", found)
		}
		report, err := Check(t.Context(), dir, "")
		if err != nil || !report.Sound() {
			rt.Fatalf("%+v, %v", report, err)
		}
	})
	if !seen {
		t.Error("nobody was seen in the files before they were purged: this looks at the wrong places")
	}
}

// What a reading still needed when tables were merged is in the lowest ones from then on,
// which nothing merges again by itself. A purge after it takes it out all the same, and
// changes nothing else.
func TestPurgeAfterReading(t *testing.T) {
	t.Parallel()
	const people = 40 // who fill some tables
	for _, test := range []struct {
		name   string
		erased int
	}{{"of one person", 1}, {"of more records than are written again", people / 2}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(fastDir(t), "store")
			s := openStore(t, dir, Options{Now: testNow, Named: named, memtable: 256 << 10})
			e := s.engine
			for n := range people {
				p := personOf(n)
				p.live(t, s, policy.MomentOf(testTime)-1000, n)
			}
			if err := e.Purge(t.Context()); err != nil {
				t.Fatal(err)
			}
			if tables := e.db.Tables(); len(tables) < 3 {
				t.Fatalf("only %d tables", len(tables))
			}
			reading := e.db.NewTransaction(false)
			defer reading.Discard()
			secrets := make(map[string][]byte)
			for n := range test.erased {
				p := personOf(n)
				if _, err := s.Erase(t.Context(), &store.ErasureRequest{Who: []policy.Identity{p.phone, p.user}}); err != nil {
					t.Fatal(err)
				}
				for name, secret := range p.secrets(s) {
					secrets[fmt.Sprintf("%s of %d", name, n)] = secret
				}
			}
			horizon, err := e.rollLogs(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.db.Flatten(1); err != nil {
				t.Fatal(err)
			}
			stale, err := e.stale(t.Context(), horizon)
			if err != nil {
				t.Fatal(err)
			}
			if len(stale) == 0 || test.erased > 1 && len(stale) < mostStale {
				t.Fatalf("only %d stale keys", len(stale))
			}
			before := recordsBesideLog(t, e.db)
			reading.Discard()
			if err := e.Purge(t.Context()); err != nil {
				t.Fatal(err)
			}
			if after := recordsBesideLog(t, e.db); !maps.Equal(after, before) {
				t.Errorf("there are other records than before: %.600q", differences(after, before))
			}
			closeStore(t, s)
			if found := leaks(t, dir, secrets); len(found) > 0 {
				t.Errorf("found %q", found)
			}
			if report, err := Check(t.Context(), dir, ""); err != nil || !report.Sound() {
				t.Errorf("%+v, %v", report, err)
			}
		})
	}
}

// recordsBesideLog are all but those of the log of consents, which gets checkpoints by itself.
func recordsBesideLog(t testing.TB, db *badger.DB) map[string]string {
	t.Helper()
	all := recordsIn(t, db)
	maps.DeleteFunc(all, func(key, _ string) bool { return key[0] == 'b' })
	return all
}

// What is written again for a purge takes the place of nothing that is written meanwhile.
func TestPurgeWhileWriting(t *testing.T) {
	t.Parallel()
	s := openStore(t, filepath.Join(fastDir(t), "store"), Options{Now: testNow, memtable: 256 << 10})
	e := s.engine
	wrote := make(map[string]string)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			key, value := fmt.Sprintf("xk%02d", n*7%50), fmt.Sprint(n)
			err := e.Update(t.Context(), func(tx store.Tx) error {
				if n%5 == 4 {
					return tx.Delete([]byte(key))
				}
				return tx.Put([]byte(key), []byte(value), 0)
			})
			if err != nil {
				t.Error(err)
				return
			}
			if wrote[key] = value; n%5 == 4 {
				delete(wrote, key)
			}
		}
	}()
	again := 0
	var stale [][]byte
	for range 30 {
		reading := e.db.NewTransaction(false)
		horizon, err := e.rollLogs(t.Context(), stale)
		if err == nil {
			err = e.db.Flatten(1)
		}
		if err == nil {
			stale, err = e.stale(t.Context(), horizon)
		}
		reading.Discard()
		if err != nil {
			t.Error(err)
			break
		}
		again += len(stale)
	}
	close(stop)
	<-stopped
	if err := e.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := recordsIn(t, e.db)
	maps.DeleteFunc(got, func(key, _ string) bool { return !strings.HasPrefix(key, "xk") })
	if !maps.Equal(got, wrote) || again == 0 {
		t.Errorf("%v, want %v; %d written again", got, wrote, again)
	}
}
