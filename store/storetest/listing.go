package storetest

import (
	"encoding/binary"
	"testing"

	"github.com/waguard/waguard/policy"
)

// A list of templates is complete when somebody has seen all its pages one after the
// other, and was when they began.
func testListing(t *testing.T, open Open) {
	f := newFixture(t, open)
	digest := func(n int) (d policy.Digest) {
		binary.BigEndian.PutUint64(d[:], uint64(n))
		return d
	}
	at := start
	page := func(by, after, next int) policy.TemplatesPaged {
		at++
		return policy.TemplatesPaged{WABA: waba, By: digest(by), After: digest(after), Next: digest(next), At: at}
	}
	listed := func(says string, want policy.Moment) {
		t.Helper()
		c, err := f.Templates(t.Context(), "", 10)
		if err != nil {
			t.Fatal(err)
		}
		var got policy.Moment
		for _, a := range c.Accounts {
			got = max(got, a.ListedAt)
		}
		if got != want {
			t.Errorf("%s: listed at %d, want %d", says, got-start, want-start)
		}
	}
	for _, step := range []struct {
		says            string
		by, after, next int
		// listed is which page the list began with that is complete then; 0 for none.
		listed policy.Moment
	}{
		{"the first page of three", 1, 0, 2, 0},
		{"the second", 1, 2, 3, 0},
		{"somebody else's second", 9, 2, 3, 0},
		{"the second again", 1, 2, 3, 0},
		{"the last, of somebody else", 9, 3, 0, 0},
		{"the last", 1, 3, 0, 1},
		{"the last again", 1, 3, 0, 1},
		{"from the beginning", 1, 0, 2, 1},
		{"one left out", 1, 4, 0, 1},
		{"from the beginning again", 1, 0, 2, 1},
		{"two pages", 1, 2, 0, 10},
		{"one page alone", 9, 0, 0, 12},
	} {
		f.apply(page(step.by, step.after, step.next))
		want := policy.Moment(0)
		if step.listed > 0 {
			want = start + step.listed
		}
		listed(step.says, want)
	}
	// However many begin, few are followed: the newest.
	began := at
	for i := range 300 {
		f.apply(page(100+i, 0, 2))
	}
	f.apply(page(100, 2, 0))
	listed("one of many, the oldest", began)
	f.apply(page(399, 2, 0))
	listed("one of many, the newest", began+300)
}
