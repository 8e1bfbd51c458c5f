package postgres

import (
	"fmt"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TestReserveTogether: what one send of a request uses up is part of what the next one was
// decided on, and outdates it not; what others use up does. All are entered, or none.
func TestReserveTogether(t *testing.T) {
	const number = "106540352242922"
	s, err := Open(t.Context(), pgtest.Database(t), Options{Key: make([]byte, keySize), Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	at := policy.MomentOf(time.Now())
	decided := func(who policy.Identity, n int) (entries []*store.Entry) {
		for range n {
			basis := new(store.Basis)
			f, err := s.Facts(t.Context(), store.Query{PhoneNumberID: number, Who: []policy.Identity{who}, Basis: basis})
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, &store.Entry{
				ID: store.NewID(at), At: at, Business: "shop", Facts: f, Basis: basis,
				Send: policy.Send{Edge: policy.EdgeMessages, PhoneNumberID: number, Kind: policy.FreeForm, Type: "text"},
				Decision: policy.Decision{
					Verdict: policy.Allow, Rule: policy.RuleWindowOpen, Category: policy.CategoryService, Initiation: policy.ByUser,
					Claims: []policy.Claim{{Kind: policy.ClaimMessage, Key: s.Pseudonym(who), Limit: 5, Period: time.Hour}},
				},
				Outcome: store.Outcome{State: store.Reserved, At: at},
			})
		}
		return entries
	}
	together := func(entries []*store.Entry) error {
		w, ok := s.ReserveTogether(t.Context(), entries)
		if !ok {
			t.Fatal("they are not entered together")
		}
		return w.Wait()
	}
	entered := func(entries []*store.Entry) (n int) {
		for _, e := range entries {
			if _, err := s.Entry(t.Context(), e.ID); err == nil {
				n++
			}
		}
		return n
	}
	for i := range 10 {
		who := policy.Identity{Kind: policy.Phone, Value: fmt.Sprint(15550100000 + i)}
		if err := s.Apply(t.Context(), []policy.Event{policy.ServiceWindowOpened{PhoneNumberID: number, Who: []policy.Identity{who}, At: at}}); err != nil {
			t.Fatal(err)
		}
		first, late := decided(who, 3), decided(who, 3)
		if err := together(first); err != nil || entered(first) != 3 {
			t.Errorf("person %d: %d of 3 sends are entered: %v", i, entered(first), err)
		}
		if err := together(late); err == nil || entered(late) != 0 {
			t.Errorf("person %d: %d of 3 sends are entered though others were quicker: %v", i, entered(late), err)
		}
		if err := together(decided(who, 2)); err != nil {
			t.Errorf("person %d, decided again: %v", i, err)
		}
		for _, e := range first {
			if err := s.Settle(t.Context(), e.ID, store.Outcome{State: store.Accepted, At: at}).Wait(); err != nil {
				t.Error(err)
			}
		}
	}
}
