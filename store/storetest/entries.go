package storetest

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// testEntries checks the ledger against a list: entries decided close together
// and far apart, entered in any order and any portions, some of them settled at
// once, later, or twice, are found by their id and by every filter, newest
// first.
func testEntries(t *testing.T, open Open) {
	rapid.Check(t, func(r *rapid.T) {
		f := newFixture(t, open)
		defer f.close()
		var waiting []*store.Entry
		for range rapid.IntRange(1, 60).Draw(r, "entries") {
			at := start + policy.Moment(rapid.SampledFrom([]int{0, 1, 24, 25, 26, 60_000}).Draw(r, "far")+rapid.IntRange(0, 30).Draw(r, "near"))
			e := f.newEntry(at, ann)
			if rapid.IntRange(0, 3).Draw(r, "refused") == 0 {
				e.Decision.Verdict, e.Outcome.State = policy.Refuse, store.Refused
			}
			waiting = append(waiting, e)
		}
		waiting = rapid.Permutation(waiting).Draw(r, "order")
		var entered []*store.Entry
		want := make(map[store.ID]int) // the HTTP status each was settled with
		settle := func(e *store.Entry) *store.Write {
			want[e.ID] = rapid.IntRange(200, 299).Draw(r, "status")
			return f.Settle(t.Context(), e.ID, store.Outcome{State: store.Accepted, HTTPStatus: want[e.ID], At: e.At})
		}
		for len(waiting) > 0 {
			n := rapid.IntRange(1, len(waiting)).Draw(r, "portion")
			var writes []*store.Write
			for _, e := range waiting[:n] {
				writes = append(writes, f.Reserve(t.Context(), e))
				if rapid.Bool().Draw(r, "settled at once") {
					writes = append(writes, settle(e))
				}
			}
			for _, w := range writes {
				if err := w.Wait(); err != nil {
					r.Fatal(err)
				}
			}
			entered = append(entered, waiting[:n]...)
			waiting = waiting[n:]
			if e := rapid.SampledFrom(entered).Draw(r, "late"); rapid.Bool().Draw(r, "settled late") {
				if err := settle(e).Wait(); err != nil {
					r.Fatal(err)
				}
			}
		}
		slices.SortFunc(entered, func(a, b *store.Entry) int { return bytes.Compare(b.ID[:], a.ID[:]) })
		if rapid.Bool().Draw(r, "reopened") {
			f.reopen()
		}
		for _, e := range entered {
			if got := f.entry(e.ID); got.ID != e.ID || got.Decision.Verdict != e.Decision.Verdict || got.Outcome.HTTPStatus != want[e.ID] {
				r.Fatalf("by id: got %+v, want %s with status %d", got, e.ID, want[e.ID])
			}
		}
		ids := rapid.SampledFrom(append(entered, &store.Entry{}))
		times := rapid.SampledFrom([]policy.Moment{0, start, start + 1, start + 25, start + 30, start + 60_000})
		filter := store.Filter{From: times.Draw(r, "from"), To: times.Draw(r, "to"), Before: ids.Draw(r, "before").ID, Limit: rapid.IntRange(0, 20).Draw(r, "limit")}
		for name, list := range map[string]func(context.Context, store.Filter) iter.Seq2[*store.Entry, error]{"ledger": f.Ledger, "violations": f.Violations} {
			var got, model []string
			for e, err := range list(t.Context(), filter) {
				if err != nil {
					r.Fatal(err)
				}
				got = append(got, fmt.Sprint(e.ID, " ", e.Outcome.HTTPStatus))
			}
			for _, e := range entered {
				switch {
				case name == "violations" && !e.Violation(),
					e.At < filter.From, filter.To != 0 && e.At >= filter.To,
					!filter.Before.IsZero() && bytes.Compare(e.ID[:], filter.Before[:]) >= 0:
				case filter.Limit == 0 || len(model) < filter.Limit:
					model = append(model, fmt.Sprint(e.ID, " ", want[e.ID]))
				}
			}
			if !slices.Equal(got, model) {
				r.Fatalf("%s, %+v:\n got %v\nwant %v", name, filter, got, model)
			}
		}
	})
}
