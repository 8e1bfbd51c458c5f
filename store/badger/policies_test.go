package badger

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TestPoliciesOnDisk checks that what entries were decided under is on disk with them,
// once for each policy, after several reloads of the configuration too, that a check
// counts it, and that it stays when the entries of the ledger are no longer kept.
func TestPoliciesOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	var c clock
	c.set(testTime)
	options := Options{Now: c.now, LedgerRetention: 24 * time.Hour}
	s := openStore(t, dir, options)
	to := s.Pseudonym(phone("15550100001"))
	var entered []*store.Entry
	for _, margin := range []time.Duration{time.Minute, time.Hour, time.Minute, time.Hour} {
		e := newEntry(testTime, to)
		e.Policy = policy.Policy{WindowMargin: margin, EssentialTemplates: []string{"shipped"}}
		e.Facts.Persons[0].Opened = 1
		e.Decision = policy.Decide(&e.Send, &e.Facts, &e.Policy, e.At.Time())
		e.Outcome.State = store.Refused
		if err := s.Reserve(t.Context(), e).Wait(); err != nil {
			t.Fatal(err)
		}
		entered = append(entered, e)
	}
	reads := func() {
		t.Helper()
		for _, e := range entered {
			got, err := s.Entry(t.Context(), e.ID)
			if err != nil || !reflect.DeepEqual(got.Policy, e.Policy) || !reflect.DeepEqual(got.Decision, e.Decision) {
				t.Errorf("got %+v, %v, want %+v", got, err, e)
			}
		}
	}
	reads()
	closeStore(t, s)
	if r, err := Check(t.Context(), dir, ""); err != nil || !r.Sound() || r.Counts["policies"] != 2 {
		t.Errorf("checked: %+v, %v", r, err)
	}
	c.set(c.now().Add(10 * 24 * time.Hour)) // violations are kept for ever
	s = openStore(t, dir, options)
	defer closeStore(t, s)
	reads()
}
