package memory

import (
	"reflect"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Making sums anew finds those that were wrong, and makes them right. What is within a
// running store cannot make them so: here an entry is settled behind its back.
func TestRebuildSums(t *testing.T) {
	const start = policy.Moment(1_789_999_200_000)
	now := func() time.Time { return start.Add(2 * time.Hour).Time() }
	engine := NewSpace().OpenAlone(now)
	s := open(t, engine, now).(*store.Book)
	var ids []store.ID
	for i := range 100 { // in two quarters of an hour
		at := start + policy.Moment(i)*policy.Moment(15*time.Second/time.Millisecond)
		e := &store.Entry{
			ID: store.NewID(at), At: at, Send: policy.Send{PhoneNumberID: "1", Kind: policy.FreeForm},
			Decision: policy.Decision{Verdict: policy.Allow, Rule: policy.RuleWindowOpen}, Outcome: store.Outcome{State: store.Reserved},
		}
		ids = append(ids, e.ID)
		if err := s.Reserve(t.Context(), e).Wait(); err != nil {
			t.Fatal(err)
		}
	}
	counts := func() map[store.OutcomeState]int {
		t.Helper()
		sums := make(map[store.OutcomeState]int)
		for sum, err := range s.Sums(t.Context(), store.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			sums[sum.State] += sum.N
		}
		return sums
	}
	rebuilt := func(want store.Rebuilt) {
		t.Helper()
		got, err := s.RebuildSums(t.Context(), 0, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		got.Seconds = 0
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("rebuilt %+v, want %+v", *got, want)
		}
	}
	none := []store.DifferentSums{}
	rebuilt(store.Rebuilt{Entries: 100, Quarters: 2, Missing: 2, Differed: none})
	rebuilt(store.Rebuilt{Entries: 100, Quarters: 2, Equal: 2, Differed: none})

	err := engine.Update(t.Context(), func(tx store.Tx) error {
		return tx.Settle(store.Ledger, ids[0], []byte("\xa1\x01\xa1\x01\x68rejected"), "rejected")
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := counts()[store.Rejected]; got != 0 {
		t.Errorf("%d are counted as rejected: nothing is wrong", got)
	}
	rebuilt(store.Rebuilt{Entries: 100, Quarters: 2, Equal: 1, Differed: []store.DifferentSums{{Quarter: start.Time().UTC(), Kept: 60, Ledger: 60}}})
	if got := counts(); got[store.Rejected] != 1 || got[store.Unknown] != 99 {
		t.Errorf("counted %v", got)
	}
	// What happens then corrects them, which is no difference.
	if err := s.Settle(t.Context(), ids[1], store.Outcome{State: store.NotSent}).Wait(); err != nil {
		t.Fatal(err)
	}
	rebuilt(store.Rebuilt{Entries: 100, Quarters: 2, Equal: 2, Differed: none})
	if got := counts(); got[store.NotSent] != 1 || got[store.Unknown] != 98 {
		t.Errorf("counted %v", got)
	}
}
