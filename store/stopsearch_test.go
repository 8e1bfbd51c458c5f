package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/memory"
)

var (
	testTime   = time.UnixMilli(1_790_000_000_000)
	testNumber = "106540352242922"
)

func openBook(t testing.TB, space *memory.Space) *store.Book {
	t.Helper()
	now := func() time.Time { return testTime }
	s, err := store.Open(t.Context(), space.OpenAlone(now), store.Options{Now: now}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func phone(digits string) policy.Identity { return policy.Identity{Kind: policy.Phone, Value: digits} }

func apply(t testing.TB, s *store.Book, events ...policy.Event) {
	t.Helper()
	if err := s.Apply(t.Context(), events); err != nil {
		t.Fatal(err)
	}
}

func newEntry(at time.Time, to policy.Alias) *store.Entry { return store.NewTestEntry(at, to) }

// A status that names nobody costs the webhook it comes with a look at the end
// of the ledger, and finds its message all the same, wherever that is: in the
// background, also where the gateway was restarted in between.
func TestStopOfAnOldMessage(t *testing.T) {
	space := memory.NewSpace()
	s := openBook(t, space)
	old := newEntry(testTime.Add(-time.Hour), s.Pseudonym(phone("4915112345678")))
	older := newEntry(testTime.Add(-2*time.Hour), s.Pseudonym(phone("4915112345679")))
	for i, e := range []*store.Entry{older, old} {
		if err := s.Reserve(t.Context(), e).Wait(); err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(t.Context(), e.ID, store.Outcome{State: store.Accepted, Wamid: fmt.Sprint("wamid.", i)}).Wait(); err != nil {
			t.Fatal(err)
		}
	}
	writes := make([]*store.Write, store.ChunkLooks+1)
	for i := range writes {
		writes[i] = s.Reserve(t.Context(), newEntry(testTime, s.Pseudonym(phone("4915112345680"))))
	}
	for _, w := range writes {
		if err := w.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	stop := func(wamid string) policy.Event {
		return policy.StatusChanged{PhoneNumberID: testNumber, Wamid: wamid, At: policy.MomentOf(testTime), Status: policy.StatusFailed, ErrorCode: 131050}
	}
	optedOut := func(e *store.Entry, digits string) bool {
		f, err := s.Person(t.Context(), phone(digits), testNumber, nil)
		if err != nil {
			t.Fatal(err)
		}
		return f.Consent[policy.Marketing].State == policy.OptedOut
	}
	await := func(what string, e *store.Entry, digits string) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); !optedOut(e, digits); {
			if time.Now().After(deadline) {
				t.Fatalf("%s: the person is not opted out", what)
			}
			<-time.After(time.Millisecond)
		}
	}
	var events []policy.Event
	for i := range 1000 {
		events = append(events, stop(fmt.Sprint("wamid.of-nobody-", i)))
	}
	apply(t, s, append(events, stop("wamid.1"))...)
	await("in the background", old, "4915112345678")

	s.EndSearch() // as if the gateway ended before it has searched
	apply(t, s, stop("wamid.0"))
	if optedOut(older, "4915112345679") {
		t.Fatal("the search at the end of the ledger found what is far from it")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openBook(t, space)
	await("after a restart", older, "4915112345679")
}
