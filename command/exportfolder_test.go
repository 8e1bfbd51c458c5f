package command

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/export"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// What the ledger doesn't keep whole any more is not written anew: a day of the ledger that
// began before, and of the bill every day whose month had messages sent before.
func TestIncompleteUntil(t *testing.T) {
	since := time.Date(2026, time.October, 5, 18, 0, 0, 0, time.UTC)
	for kind, want := range map[export.Kind]string{export.Ledger: "2026-10-06", export.Bill: "2026-11-30", export.FOCUS: "2026-11-30"} {
		w := folder[export.Send, *export.Send]{exporting: &exporting{kind: kind}}
		if got := w.incompleteUntil(&adminapi.SendPage{KeptSince: &since}); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
		if got := w.incompleteUntil(new(adminapi.SendPage)); got != "" {
			t.Errorf("%s is incomplete until %s, and all of it is kept", kind, got)
		}
	}
}

// TestReplaceInterrupted: where --replace is interrupted in a folder that --follow writes into,
// each send is there once when that goes on.
func TestReplaceInterrupted(t *testing.T) {
	var rows []export.Send // newest first
	for day := 5; day >= 1; day-- {
		at := time.Date(2026, 10, day, 10, 0, 0, 0, time.UTC)
		rows = append(rows, export.Send{Place: export.Place{Day: at.Format(time.DateOnly), Business: "shop"}, ID: store.FirstID(policy.MomentOf(at)).String(), Time: at})
	}
	var now time.Time
	restarts := false
	from := func(_ context.Context, s adminapi.SendSelection, told func(*adminapi.SendPage), row func(*export.Send) error, over func(func(string) bool) error) error {
		told(&adminapi.SendPage{Now: now})
		begin, _ := time.Parse(time.RFC3339Nano, s.From)
		end, err := time.Parse(time.RFC3339Nano, s.To)
		if err != nil {
			end = now
		}
		for i := range rows {
			if at := rows[i].Time; at.Before(begin) || !at.Before(end) || at.After(now) {
				continue
			}
			if err := row(&rows[i]); err != nil {
				return err
			}
			if err := over(func(day string) bool { return day > rows[i].Day }); err != nil {
				return err
			}
			if restarts && rows[i].Day == "2026-10-03" {
				return errors.New("the gateway restarts")
			}
		}
		return nil
	}
	into := filepath.Join(t.TempDir(), "ledger")
	follows := exporting{kind: export.Ledger, format: export.Lines, into: into, options: export.Options{Kind: export.Ledger, Folders: true}, delay: usualDelay, call: new(call)}
	replaces := follows
	replaces.replace = true
	follow, replace := &folder[export.Send, *export.Send]{exporting: &follows, from: from}, &folder[export.Send, *export.Send]{exporting: &replaces, from: from}

	now = time.Date(2026, 10, 2, 12, 0, 0, 0, time.UTC)
	if err := follow.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	now, restarts = time.Date(2026, 10, 6, 12, 0, 0, 0, time.UTC), true
	if err := replace.once(t.Context()); err == nil {
		t.Fatal("nothing interrupted it")
	}
	restarts = false
	if err := follow.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(into, "day=*", "business=*", "part-*"))
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines += strings.Count(string(content), "\n")
	}
	if lines != len(rows) || len(files) != len(rows) {
		t.Errorf("of %d sends there are %d rows in %q", len(rows), lines, files)
	}
}
