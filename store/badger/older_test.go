package badger

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// olderPeople are those in the older store.
var olderPeople = []policy.Identity{phone("15550100001"), phone("15550100002"), phone("15550100003"), {Kind: policy.BSUID, Value: "US.13491208655302741918"}}

// show says in words what a store knows, as far as every version can tell.
func show(t testing.TB, s store.Store) string {
	t.Helper()
	var out strings.Builder
	ctx := t.Context()
	for _, who := range olderPeople {
		p, err := s.Person(ctx, who, testNumber, nil)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "person %s: contact %s opened %s confirmed %s calls %s known %v spoke %s\n", s.Pseudonym(who), p.Contact, p.Opened, p.Confirmed, p.CallUntil, p.Known, p.Spoke)
		for scope, c := range p.Consent {
			fmt.Fprintf(&out, "  %s: %s since %s by %q, last opt-in %s\n", policy.Scope(scope), c.State, c.Since, c.Source, c.LastOptIn)
		}
		for w, err := range s.History(ctx, who) {
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "  said %s %s %v at %s by %q, ref %q\n", w.PhoneNumberID, w.State, w.Scopes, w.At, w.Source, w.Ref)
		}
	}
	entries := func(name string, list func() func(func(*store.Entry, error) bool)) {
		for e, err := range list() {
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "%s %s %s %s to %s: %s %d %d, delivery %s %s %d, price %v, other %v\n", name, e.ID, e.Decision.Verdict, e.Decision.Rule, e.Contact(),
				e.Outcome.State, e.Outcome.HTTPStatus, e.Outcome.ErrorCode, e.Delivery.Status, e.Delivery.At, e.Delivery.ErrorCode, e.Delivery.Pricing, e.Outcome.ReachedOther)
		}
	}
	entries("ledger", func() func(func(*store.Entry, error) bool) { return s.Ledger(ctx, store.Filter{}) })
	entries("violation", func() func(func(*store.Entry, error) bool) { return s.Violations(ctx, store.Filter{}) })
	for e, err := range s.AccountEvents(ctx, store.EventFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "event %s %s %s %s %s\n", e.ID, e.WABA, e.PhoneNumberID, e.Kind, e.Name)
	}
	for _, key := range []string{"answered", "open"} {
		a, err := s.Attempt(ctx, s.AttemptPseudonym("key", key))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "attempt %s: %d %s %d %q\n", key, a.State, a.Entry, a.Status, a.Answer)
	}
	return out.String()
}

// TestStoreOfVersionBefore opens a store that was written before records were kept
// over an engine: it knows the same, and what was in flight when it was closed can
// still be settled.
func TestStoreOfVersionBefore(t *testing.T) {
	backup, err := os.ReadFile("testdata/store-1.backup")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/store-1.golden")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "store")
	if err := Restore(dir, bytes.NewReader(backup)); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, dir, Options{Now: func() time.Time { return testTime.Add(time.Hour) }})
	defer closeStore(t, s)
	if got := show(t, s); got != string(want) {
		t.Errorf("the store says\n%s\nand it said\n%s", got, want)
	}
	if r, err := s.Examine(t.Context()); err != nil || !r.Sound() {
		t.Errorf("checked: %+v, %v", r, err)
	}
	named, err := s.TemplateByID(t.Context(), "900800")
	number, errNumber := s.Number(t.Context(), testNumber)
	if err := errors.Join(err, errNumber); err != nil || named.WABA != "waba" || number.WABA != "waba" {
		t.Errorf("found %+v, %+v: %v", named, number, err)
	}
	confirmed := func() policy.Moment {
		p, err := s.Person(t.Context(), olderPeople[1], testNumber, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p.Confirmed
	}
	if confirmed() == 0 {
		t.Fatal("the confirmation in flight isn't used up")
	}
	for e, err := range s.Ledger(t.Context(), store.Filter{}) { // the newest is the confirmation, then one with an idempotency key
		if err != nil {
			t.Fatal(err)
		}
		if e.Outcome.State != store.Unknown {
			break
		}
		if err := s.Settle(t.Context(), e.ID, store.Outcome{State: store.NotSent, At: e.At}).Wait(); err != nil {
			t.Fatal(err)
		}
	}
	if got := confirmed(); got != 0 {
		t.Errorf("the confirmation wasn't sent, and is used up at %s", got)
	}
	if _, err := s.Attempt(t.Context(), s.AttemptPseudonym("key", "open")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the key of a request that wasn't sent: %v", err)
	}
}

// opensAsOlder opens a directory that an older version wrote, twice: it says what it said, is
// sound and of today's schema, and what further looks at holds.
func opensAsOlder(t *testing.T, version int, now time.Time, further func(*Store)) {
	t.Helper()
	name := fmt.Sprint("testdata/store-", version)
	want, err := os.ReadFile(name + ".golden")
	if err != nil {
		t.Fatal(err)
	}
	base := t.TempDir()
	extract(t, name+".tar.gz", base)
	for range 2 {
		s := openStore(t, filepath.Join(base, "store"), Options{Now: func() time.Time { return now }})
		if got := show(t, s); got != string(want) {
			t.Errorf("the store says\n%s\nand it said\n%s", got, want)
		}
		if r, err := s.Examine(t.Context()); err != nil || !r.Sound() {
			t.Errorf("checked: %+v, %v", r, err)
		}
		if got := s.Schema(); got != schemaVersion {
			t.Errorf("its schema is %d", got)
		}
		further(s)
		closeStore(t, s)
		now = now.Add(time.Hour)
	}
}

// TestStoreBeforeLog opens a directory that was written before there was a log of
// changes, by a gateway that was killed.
func TestStoreBeforeLog(t *testing.T) {
	opensAsOlder(t, 2, testTime.Add(time.Hour), func(s *Store) {
		if c := s.Condition(); len(c.Notices) > 0 {
			t.Errorf("it says %q", c.Notices)
		}
	})
}

// extract unpacks the directories and files of an archive.
func extract(t testing.TB, archive, to string) {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(to, h.Name)
		if h.FileInfo().IsDir() {
			err = os.MkdirAll(path, 0o700)
		} else {
			var content []byte
			if content, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, content, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestStoreBeforeErasure opens a directory that the version before wrote, which kept the
// log of consent records, and neither tombstones nor what changes replace.
func TestStoreBeforeErasure(t *testing.T) {
	opensAsOlder(t, 4, testTime.Add(48*time.Hour), func(s *Store) {
		if r, err := s.VerifyLog(t.Context(), nil); err != nil || !r.Sound() || r.Records == 0 {
			t.Errorf("the log: %+v, %v", r, err)
		}
		began := policy.MomentOf(testTime.Add(48 * time.Hour))
		query := store.Query{PhoneNumberID: testNumber, Who: olderPeople[:1]}
		if _, err := s.FactsAt(t.Context(), query, began-1); !errors.Is(err, store.ErrForgotten) {
			t.Errorf("what was known before it was kept: %v", err)
		}
		was, err := s.FactsAt(t.Context(), query, began)
		is, errNow := s.Facts(t.Context(), query)
		if err := errors.Join(err, errNow); err != nil || was.Persons[0].Opened != is.Persons[0].Opened || was.Persons[0].Consent != is.Persons[0].Consent {
			t.Errorf("then %+v, now %+v: %v", was.Persons, is.Persons, err)
		}
	})
}

// TestStoreBeforeBill opens a directory that the version before wrote, which knew no
// prices, by a gateway that was killed: what it counts is what its ledger comes to, and of
// what was delivered it is known when, as far as statuses told.
func TestStoreBeforeBill(t *testing.T) {
	opensAsOlder(t, 5, testTime.Add(time.Hour), func(s *Store) {
		entries := make(map[store.Alike]int)
		for e, err := range s.Ledger(t.Context(), store.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Delivery.Status.Delivered() && e.Delivery.Delivered == 0 {
				t.Errorf("%s was delivered, and it isn't known when", e.ID)
			}
			entries[e.Alike()]++
		}
		sums := make(map[store.Alike]int)
		for sum, err := range s.Sums(t.Context(), store.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			sums[sum.Alike] += sum.N
		}
		if len(entries) < 3 || !maps.Equal(sums, entries) {
			t.Errorf("it counts %v, and its ledger comes to %v", sums, entries)
		}
		if err := s.SumUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}
