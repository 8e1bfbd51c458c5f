package gateway

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TestFollowerShowsEachOnce: entries that come in any order, some of them decided
// before others that were entered earlier, while the clock moves and is set back,
// are shown once each, and none is left out.
func TestFollowerShowsEachOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
		var entered []store.ID
		enter := func(label string) {
			late := time.Duration(rapid.IntRange(0, 20_000).Draw(t, label)) * time.Millisecond
			entered = append(entered, store.NewID(policy.MomentOf(now.Add(-late))))
		}
		ask := func(_ context.Context, s adminapi.Selection) (*adminapi.Page, error) {
			const overlap = 30 * time.Second // nothing is later here
			sel := Selection{From: s.From, Before: s.Before, After: s.After, Limit: s.Limit}
			f, err := filterIn(&sel, time.UTC, now, overlap)
			if err != nil {
				return nil, err
			}
			var found []*store.Entry
			for _, id := range entered {
				if id.Moment() >= f.From && (f.Before.IsZero() || bytes.Compare(id[:], f.Before[:]) < 0) {
					found = append(found, &store.Entry{ID: id})
				}
			}
			slices.SortFunc(found, func(a, b *store.Entry) int { return bytes.Compare(b.ID[:], a.ID[:]) })
			const few = 3 // a page
			p := &adminapi.Page{Newest: newestOf(found, &sel, now)}
			limit := min(f.Limit, few)
			if len(found) > limit {
				found = found[:limit]
				p.Next = found[limit-1].ID.String()
			}
			for _, e := range found {
				p.Entries = append(p.Entries, adminapi.LineOf(e))
			}
			return p, nil
		}
		for range rapid.IntRange(0, 6).Draw(t, "before") {
			enter("late before")
			now = now.Add(time.Second)
		}
		var shown []store.ID
		show := func(lines []*adminapi.Line, err error) {
			if err != nil {
				t.Fatal(err)
			}
			for i, l := range lines {
				if i > 0 && l.ID.String() < lines[i-1].ID.String() {
					t.Errorf("%s is shown before %s", lines[i-1].ID, l.ID)
				}
				shown = append(shown, l.ID)
			}
		}
		s := adminapi.Selection{Limit: 2}
		whole := rapid.Bool().Draw(t, "from the beginning")
		if whole {
			s.From = "24h"
		}
		f := adminapi.NewFollower(s, ask)
		show(f.Begin(t.Context()))
		first := len(entered)
		if got, want := len(shown), min(first, 2); !whole && got != want {
			t.Errorf("it begins with %d of %d", got, first)
		}
		begunWith := len(shown)
		for range rapid.IntRange(0, 12).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 60, 3600, -3600}).Draw(t, "clock")) * time.Second)
			for range rapid.IntRange(0, 5).Draw(t, "new") {
				enter("late")
			}
			show(f.Next(t.Context()))
		}
		want := entered[first:]
		if whole {
			want = entered
			begunWith = 0
		}
		got := slices.Clone(shown[begunWith:])
		for _, list := range [][]store.ID{got, want} {
			slices.SortFunc(list, func(a, b store.ID) int { return bytes.Compare(a[:], b[:]) })
		}
		if !slices.Equal(got, want) {
			t.Errorf("shown %v\nwant  %v", got, want)
		}
	})
}

func TestSortGroups(t *testing.T) {
	t.Parallel()
	if got := fmt.Sprint(sortGroups(map[string]*Group{"b": {Key: "b", Count: 1, Before: 0}, "a": {Key: "a", Count: 1, Before: 0}, "c": {Key: "c", Count: 0, Before: 9}, "d": {Key: "d", Count: 7, Before: 0}}, false)); got != "[{d 7 0} {a 1 0} {b 1 0} {c 0 9}]" {
		t.Errorf("sorted: %s", got)
	}
}
