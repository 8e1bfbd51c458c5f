package badger

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func TestOpenTwice(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Options{})
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "already in use") || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want a sentence that says %s is in use", err, dir)
	}
	closeStore(t, s)
	closeStore(t, openStore(t, dir, Options{}))
}

func TestOpenFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, Options{}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v, want an error about %s", err, file)
	}
}

// TestOpenSchema opens stores this version can't read.
func TestOpenSchema(t *testing.T) {
	for name, c := range map[string]struct {
		key   []byte
		value any
		want  string
	}{
		"newer":   {metaKey, metaRecord{Schema: schemaVersion + 1, Key: make([]byte, 32)}, "written by a newer waguard"},
		"older":   {metaKey, metaRecord{Schema: oldestSchema - 1, Key: make([]byte, 32)}, "schema is version 1"},
		"no-key":  {metaKey, metaRecord{Schema: schemaVersion}, "restore a backup"},
		"garbage": {metaKey, 7, "restore a backup"},
		"foreign": {[]byte("other"), 7, "another program"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			db, err := badger.Open(badgerOptions(&home{dir: dir, at: dir}, Options{Logger: zap.NewNop(), memtable: memtableSize}))
			if err != nil {
				t.Fatal(err)
			}
			value, err := encode(c.value)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Update(func(txn *badger.Txn) error { return txn.Set(c.key, value) }); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			for range 2 { // a store that was refused stays as it is, and unlocked
				if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
					t.Errorf("got %v, want %q and %s", err, c.want, dir)
				}
			}
		})
	}
}

// TestNothingInClear searches the files for everything that names a person or a
// message.
func TestNothingInClear(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Options{Now: testNow})
	who := []policy.Identity{phone("15550123456"), {Kind: policy.BSUID, Value: "US.13491208655302741918"}, {Kind: policy.ParentBSUID, Value: "US.ENT.11815799212886844830"}, {Kind: policy.Group, Value: "Y2FwaV9ncm91cDoxNzA1"}}
	other := phone("15550654321")
	at := policy.MomentOf(testTime)
	wamid, opaque := "wamid.HBgLMTU1NTAxMjM0NTYVAgASGBI5", "order-4711-of-jane"
	facts, err := s.Facts(t.Context(), store.Query{PhoneNumberID: testNumber, Who: who})
	if err != nil {
		t.Fatal(err)
	}
	e := newEntry(testTime, policy.Alias{})
	e.Facts, e.Send.To, e.Send.Recipient = facts, who[:1], who[1]
	e.Opaque = s.OpaquePseudonym(testNumber, opaque)
	if err := s.Reserve(t.Context(), e).Wait(); err != nil {
		t.Fatal(err)
	}
	status := policy.StatusChanged{PhoneNumberID: testNumber, Wamid: wamid, Who: who, At: at, Status: policy.StatusFailed, ErrorCode: 131050, Opaque: opaque}
	unnamed := status
	unnamed.Who, unnamed.Wamid = nil, wamid+"2"
	apply(t, s,
		policy.ServiceWindowOpened{PhoneNumberID: testNumber, Who: who, At: at},
		policy.ConsentChanged{PhoneNumberID: testNumber, Who: who, At: at, State: policy.OptedOut, Scopes: policy.AllScopes, Source: policy.SourceKeyword, Ref: wamid},
		policy.IdentityChanged{Old: who, New: []policy.Identity{other}, At: at}, policy.NewPerson{Who: other, At: at},
		policy.CallPermission{PhoneNumberID: testNumber, Who: who, At: at, Until: at}, status, unnamed,
	)
	if err := s.Settle(t.Context(), e.ID, store.Outcome{State: store.Accepted, Wamid: wamid, Learned: append(who, other)}).Wait(); err != nil {
		t.Fatal(err)
	}
	secrets := []string{other.Value, wamid, strings.TrimPrefix(wamid, "wamid."), opaque}
	for _, w := range who {
		secrets = append(secrets, w.Value)
	}
	search := func() {
		t.Helper()
		found := false
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			found = found || bytes.Contains(content, []byte(testNumber))
			for _, secret := range secrets {
				if bytes.Contains(content, []byte(secret)) {
					t.Errorf("%s holds %q in clear", filepath.Base(path), secret)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !found {
			t.Error("the search doesn't even find the business's own number")
		}
	}
	search() // the newest writes are in the memtable's log
	closeStore(t, s)
	search() // and now in a table
}
