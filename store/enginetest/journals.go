package enginetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/waguard/waguard/store"
)

// wantLine checks a line; data is "" where there is to be none.
func (f *fixture) wantLine(what string, j store.Journal, id store.ID, data, settled string) {
	f.t.Helper()
	f.view(func(r store.Records) error {
		l, err := r.Find(j, id)
		switch {
		case err != nil:
			return err
		case l == nil && data != "", l != nil && (data == "" || l.ID != id || text(l.Data) != data || text(l.Settled) != settled):
			f.t.Errorf("%s: found %s, want %q, settled %q", what, shown(l), data, settled)
		}
		return nil
	})
}

func shown(l *store.Line) string {
	if l == nil {
		return "no line"
	}
	return fmt.Sprintf("%s %q settled %q", l.ID, text(l.Data), text(l.Settled))
}

func testJournals(t *testing.T, s Subject) {
	f := newFixture(t, s)
	f.update(func(tx store.Tx) error {
		l := line(5, "both")
		err := errors.Join(tx.Append(store.Ledger, l), tx.Append(store.Violations, l), tx.Append(store.Ledger, line(6, "one")))
		if got, findErr := tx.Find(store.Violations, id(5)); findErr != nil || got == nil || text(got.Data) != "both" || got.Left {
			t.Errorf("the change finds %s, %v", shown(got), findErr)
		}
		if got, findErr := tx.Find(store.Violations, id(6)); findErr != nil || got != nil {
			t.Errorf("the change finds %s, %v", shown(got), findErr)
		}
		return err
	})
	f.wantLine("in both", store.Ledger, id(5), "both", "")
	f.wantLine("in both", store.Violations, id(5), "both", "")
	f.wantLine("in one", store.Ledger, id(6), "one", "")
	f.wantLine("in one", store.Violations, id(6), "", "")
	f.update(func(tx store.Tx) error { return tx.Settle(store.Violations, id(5), value("settled"), "accepted") })
	f.wantLine("settled in the other", store.Ledger, id(5), "both", "")
	f.wantLine("settled", store.Violations, id(5), "both", "settled")
	f.reopen()
	if _, sole := f.Engine.(store.Sole); sole {
		f.view(func(r store.Records) error {
			if l, err := r.Find(store.Ledger, id(6)); err != nil || !l.Left {
				t.Errorf("the line of an engine that was closed: %s, left %v, %v", shown(l), l.Left, err)
			}
			return nil
		})
	}
}

func testWalk(t *testing.T, s Subject) {
	f := newFixture(t, s)
	const lines = 200
	for i := range lines { // out of order, several at a time, close and far
		at := i * 73 % lines
		f.update(func(tx store.Tx) error {
			l := line(at*at, fmt.Sprint(at))
			l.Columns = &store.Columns{PhoneNumberID: fmt.Sprint(at % 3), Rule: "R", Sender: "crm", Token: fmt.Sprint(at % 2)}
			if at%10 == 0 {
				l.Settled = value("at once")
			}
			return tx.Append(store.Ledger, l)
		})
	}
	f.update(func(tx store.Tx) error { return tx.Settle(store.Ledger, id(7*7), value("later"), "accepted") })
	walk := func(w store.Walk, most int) (got []int) {
		f.view(func(r store.Records) error {
			return r.Walk(w, func(l *store.Line) (bool, error) {
				var at int
				fmt.Sscan(text(l.Data), &at)
				got = append(got, at)
				settled := map[bool]string{true: "at once"}[at%10 == 0]
				if at == 7 {
					settled = "later"
				}
				if l.ID != id(at*at) || text(l.Settled) != settled {
					t.Errorf("got %s, want it settled %q", shown(l), settled)
				}
				return len(got) == most, nil
			})
		})
		return got
	}
	end := store.ID{0xff}
	for name, c := range map[string]struct {
		w            store.Walk
		most         int
		newest, last int
	}{
		"all":      {store.Walk{Journal: store.Ledger, Before: end}, 0, lines - 1, 0},
		"before":   {store.Walk{Journal: store.Ledger, Before: id(100 * 100)}, 0, 99, 0},
		"from":     {store.Walk{Journal: store.Ledger, From: id(50 * 50), Before: end}, 0, lines - 1, 50},
		"a few":    {store.Walk{Journal: store.Ledger, Before: id(20*20 + 1)}, 5, 20, 16},
		"the next": {store.Walk{Journal: store.Ledger, Before: id(16 * 16)}, 5, 15, 11},
	} {
		got := walk(c.w, c.most)
		if len(got) != c.newest-c.last+1 {
			t.Errorf("%s: %d lines, want %d to %d", name, len(got), c.newest, c.last)
			continue
		}
		for i, at := range got {
			if at != c.newest-i {
				t.Errorf("%s: line %d is %d, want %d", name, i, at, c.newest-i)
				break
			}
		}
	}
	if got := walk(store.Walk{Journal: store.Violations, Before: end}, 0); len(got) > 0 {
		t.Errorf("the other journal has %d lines", len(got))
	}
	// An engine may leave out what doesn't match, and nothing else.
	got := strings.Fields(strings.Trim(fmt.Sprint(walk(store.Walk{Journal: store.Ledger, Before: end, Wanted: store.Columns{PhoneNumberID: "1", Sender: "0"}}, 0)), "[]"))
	found := make(map[string]bool)
	for _, at := range got {
		found[at] = true
	}
	for at := range lines {
		if at%3 == 1 && at%2 == 0 && !found[fmt.Sprint(at)] {
			t.Errorf("a walk by columns has left out %d", at)
		}
	}
}

func testSettle(t *testing.T, s Subject) {
	f := newFixture(t, s)
	f.update(func(tx store.Tx) error {
		err := errors.Join(tx.Append(store.Ledger, line(1, "a")), tx.Settle(store.Ledger, id(1), value("at once"), "accepted"))
		if l, findErr := tx.Find(store.Ledger, id(1)); findErr != nil || text(l.Settled) != "at once" {
			t.Errorf("the change finds %s, %v", shown(l), findErr)
		}
		return err
	})
	f.wantLine("at once", store.Ledger, id(1), "a", "at once")
	for _, settled := range []string{"again", "and again"} {
		f.update(func(tx store.Tx) error {
			err := tx.Settle(store.Ledger, id(1), value(settled), "accepted")
			if l, findErr := tx.Find(store.Ledger, id(1)); findErr != nil || text(l.Settled) != settled {
				t.Errorf("the change finds %s, %v", shown(l), findErr)
			}
			return err
		})
		f.wantLine(settled, store.Ledger, id(1), "a", settled)
	}
}
