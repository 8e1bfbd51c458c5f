package badger

import (
	"fmt"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// BenchmarkWindowsEnding looks for windows that end within two hours among those of 100,000
// people, of whom a twelfth wrote that long ago; and then which of these were answered, by
// 100,000 sends.
func BenchmarkWindowsEnding(b *testing.B) {
	const people = 100_000
	s := openStore(b, fastDir(b), lazily)
	defer closeStore(b, s)
	now := policy.MomentOf(testTime)
	who := func(i int) string { return fmt.Sprintf("1555%07d", i) }
	var events []policy.Event
	for i := range people {
		events = append(events, opened(who(i), now.Add(-time.Duration(i)*24*time.Hour/people)))
		if len(events) == 1000 {
			apply(b, s, events...)
			events = events[:0]
		}
	}
	var writes []*store.Write
	for i := range people {
		at := now.Add(-time.Duration(people-i) * time.Millisecond)
		e := &store.Entry{ID: store.NewID(at), At: at, Send: policy.Send{PhoneNumberID: testNumber}, Facts: policy.Facts{Persons: []policy.PersonFacts{{Contact: s.Pseudonym(phone(who(i)))}}}, Market: "North America"}
		e.Decision.Verdict, e.Outcome.State = policy.Allow, store.Reserved
		writes = append(writes, s.Reserve(b.Context(), e))
	}
	for _, w := range writes {
		if err := w.Wait(); err != nil {
			b.Fatal(err)
		}
	}
	var found []*store.OpenWindow
	b.Run("windows", func(b *testing.B) {
		for b.Loop() {
			var err error
			found, err = s.WindowsOpened(b.Context(), func(string) (policy.Moment, policy.Moment) {
				return now.Add(-24 * time.Hour), now.Add(-22 * time.Hour)
			})
			if err != nil || len(found) < people/13 || len(found) > people/11 {
				b.Fatalf("%d windows, %v", len(found), err)
			}
		}
	})
	b.Run("answers", func(b *testing.B) {
		for b.Loop() {
			for _, w := range found {
				w.Answered = 0
			}
			if err := s.Answers(b.Context(), found, 500_000, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
