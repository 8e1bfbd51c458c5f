package memory

import (
	"fmt"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Sums of the ledger hold over starts of a waguard that knows of them, and no longer
// where another one has written since, which changes entries and leaves their sums.
func TestSumsOfOthers(t *testing.T) {
	const start = policy.Moment(1_790_000_000_000)
	now := func() time.Time { return start.Add(time.Hour).Time() }
	space := NewSpace()
	s := open(t, space.OpenAlone(now), now).(*store.Book)
	var ids []store.ID
	for i := range 40 {
		e := &store.Entry{
			ID: store.NewID(start + policy.Moment(i)), At: start + policy.Moment(i), Send: policy.Send{PhoneNumberID: "1", Kind: policy.FreeForm},
			Decision: policy.Decision{Verdict: policy.Allow, Rule: policy.RuleWindowOpen}, Outcome: store.Outcome{State: store.Reserved},
		}
		ids = append(ids, e.ID)
		if err := s.Reserve(t.Context(), e).Wait(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SumUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	counts := func() string {
		t.Helper()
		sums := make(map[store.OutcomeState]int)
		for sum, err := range s.Sums(t.Context(), store.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			sums[sum.State] += sum.N
		}
		return fmt.Sprint(sums)
	}
	other := func() { // leaves sums as they are
		t.Helper()
		e := space.OpenAlone(now)
		err := e.Update(t.Context(), func(tx store.Tx) error {
			return tx.Settle(store.Ledger, ids[0], []byte("\xa1\x01\xa1\x01\x68rejected"), "rejected")
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	leave := func() {
		t.Helper()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}

	leave()
	s = open(t, space.OpenAlone(now), now).(*store.Book)
	if got := counts(); got != "map[unknown:40]" {
		t.Errorf("after a start: %s", got)
	}
	leave()
	other()
	s = open(t, space.OpenAlone(now), now).(*store.Book)
	if got := counts(); got != "map[rejected:1 unknown:39]" {
		t.Errorf("after another waguard: %s", got)
	}
	if err := s.SumUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := counts(); got != "map[rejected:1 unknown:39]" {
		t.Errorf("summed up again: %s", got)
	}
	leave()
}
