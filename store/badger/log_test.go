package badger

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TestLogOnDisk: what somebody does to the history in the database is found, on the
// open store and on the closed one, which is as it was when that is undone.
func TestLogOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := openStore(t, dir, Options{Now: testNow})
	for i := range 300 {
		apply(t, s, policy.ConsentChanged{
			PhoneNumberID: testNumber, Who: []policy.Identity{damagePerson(i % 50)}, At: policy.Moment(1000 + i),
			State: policy.OptedOut, Scopes: policy.AllScopes, Source: policy.SourceKeyword,
		})
	}
	kept, err := s.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	flush(t, s)
	verify := func() *audit.Report {
		t.Helper()
		r, err := s.VerifyLog(t.Context(), []byte(kept.Checkpoint))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	offline := func() (r *audit.Report) {
		t.Helper()
		closeStore(t, s)
		err := Look(dir, "", func(records store.LogRecords) (err error) {
			r, err = store.VerifyLog(t.Context(), records, []byte(kept.Checkpoint))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		s = openStore(t, dir, Options{Now: testNow})
		return r
	}
	set := func(key, value []byte) {
		t.Helper()
		err := s.engine.db.Update(func(txn *badger.Txn) error {
			if value == nil {
				return txn.Delete(key)
			}
			return txn.Set(key, value)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for what, r := range map[string]*audit.Report{"open": verify(), "closed": offline()} {
		if !r.Sound() || r.Records != 300 || r.Leaves != 301 || r.Kept == "" {
			t.Fatalf("%s: %+v", what, r)
		}
	}
	var key, value []byte
	err = s.engine.view(t.Context(), func(snap snapshot) error {
		for k, v := range snap.all('h') {
			key, value = bytes.Clone(k), bytes.Clone(v)
			break
		}
		return nil
	})
	if err != nil || key == nil {
		t.Fatal(err)
	}
	id := store.RecordID(key[25:]).String()
	other := bytes.Clone(value)
	other[len(other)-1] ^= 1
	for what, changed := range map[string][]byte{"dropped": nil, "changed": other} {
		set(key, changed)
		for where, r := range map[string]*audit.Report{"open": verify(), "closed": offline()} {
			if !slices.ContainsFunc(r.Findings, func(f audit.Finding) bool { return f.Record == id && f.Index != nil }) {
				t.Errorf("the record %s was %s, and of the %s store is found %v", id, what, where, r.Findings)
			}
		}
		set(key, value)
	}
	if r := offline(); !r.Sound() {
		t.Errorf("as it was, and found is %v", r.Findings)
	}
	closeStore(t, s)
}
