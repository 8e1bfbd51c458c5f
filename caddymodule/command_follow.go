package caddymodule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/store"
)

const (
	// followFirst is how many of the latest entries --follow begins with.
	followFirst = 10
	// leastInterval keeps --follow from asking without a pause.
	leastInterval = 50 * time.Millisecond
	// mostRemembered bounds what a follower remembers: a day of many entries.
	mostRemembered = 1 << 20
)

func followCommand(cmd *cobra.Command, fl caddycmd.Flags, route string, s selection, how layout) (int, error) {
	interval := fl.Duration("interval")
	if interval < leastInterval {
		return 1, fmt.Errorf("--interval is %s; it must be at least %s", interval, leastInterval)
	}
	if !cmd.Flags().Changed("limit") {
		s.Limit = followFirst
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	show := how.stream(os.Stdout)
	if fl.Bool("json") {
		show = func(lines []*line) error {
			_, err := printLines(lines)
			return err
		}
	}
	f := &follower{
		selection: s, show: show,
		ask: func(s selection) (*page, error) {
			p := new(page)
			return p, callAdmin(fl, route, s, p)
		},
	}
	if err := f.begin(); err != nil {
		return 1, err
	}
	trouble := false
	for {
		select {
		case <-ctx.Done():
			return 0, nil
		case <-time.After(interval):
		}
		switch err := f.next(); {
		case err == nil:
			trouble = false
		case errors.Is(err, errShow):
			return 1, err
		case !trouble:
			// A gateway that restarts or reloads is back soon.
			trouble = true
			fmt.Fprintf(os.Stderr, "%v; trying again\n", err)
		}
	}
}

// follower lists entries as they come: each once, and none is left out. Entries
// don't come in the order of their ids, so that every look goes back a little and
// leaves out what was shown.
type follower struct {
	selection selection
	ask       func(selection) (*page, error)
	show      func([]*line) error

	newest string // id
	seen   map[store.ID]bool
}

// errShow: what was found can't be shown, so nobody is reading any more.
var errShow = errors.New("writing")

// begin shows what there is: all from the time that was asked for, or the latest.
func (f *follower) begin() error {
	f.seen = make(map[store.ID]bool)
	// Entries of the last moments that are not among the latest are old ones, and
	// are not to be shown as new ones later.
	latest := f.selection
	latest.Limit = 1
	p, err := f.ask(latest)
	if err != nil {
		return err
	}
	f.newest = p.Newest
	if f.selection.From == "" {
		recent, err := f.since()
		if err != nil {
			return err
		}
		for _, e := range recent {
			f.seen[e.ID] = true
		}
		if p, err = f.ask(f.selection); err != nil {
			return err
		}
		for _, e := range p.Entries {
			delete(f.seen, e.ID)
		}
		return f.print(p.Entries)
	}
	all, err := f.all(f.selection)
	if err != nil {
		return err
	}
	return f.print(all)
}

// next shows what has come since.
func (f *follower) next() error {
	entries, err := f.since()
	if err != nil {
		return err
	}
	return f.print(entries)
}

func (f *follower) since() ([]*line, error) {
	s := f.selection
	s.After = f.newest
	return f.all(s)
}

// all is every page of a selection.
func (f *follower) all(s selection) ([]*line, error) {
	s.Limit = largestPage
	var all []*line
	for {
		p, err := f.ask(s)
		if err != nil {
			return nil, err
		}
		all = append(all, p.Entries...)
		if s.Before == "" {
			f.newest = max(f.newest, p.Newest)
		}
		if s.Before = p.Next; s.Before == "" {
			return all, nil
		}
	}
}

// print shows those that were not shown yet, oldest first.
func (f *follower) print(entries []*line) error {
	var fresh []*line
	for _, e := range entries {
		if !f.seen[e.ID] {
			f.seen[e.ID] = true
			fresh = append(fresh, e)
		}
	}
	f.forget()
	if len(fresh) == 0 {
		return nil
	}
	slices.SortFunc(fresh, func(a, b *line) int { return cmp.Compare(a.ID.String(), b.ID.String()) })
	if err := f.show(fresh); err != nil {
		return fmt.Errorf("%w: %w", errShow, err)
	}
	return nil
}

// forget drops the oldest half of what was seen, once that is very much.
func (f *follower) forget() {
	if len(f.seen) < mostRemembered {
		return
	}
	ids := make([]store.ID, 0, len(f.seen))
	for id := range f.seen {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b store.ID) int { return slices.Compare(a[:], b[:]) })
	for _, id := range ids[:len(ids)/2] {
		delete(f.seen, id)
	}
}

// stream shows entries as lines of a table whose columns are as wide as the
// widest cell so far.
func (how *layout) stream(out io.Writer) func([]*line) error {
	widths := make([]int, len(how.titles))
	row := func(b *strings.Builder, cells []string) {
		for i, cell := range cells {
			if i == len(cells)-1 {
				b.WriteString(cell)
				break
			}
			widths[i] = max(widths[i], len([]rune(cell)))
			fmt.Fprintf(b, "%-*s  ", widths[i], cell)
		}
		b.WriteByte('\n')
	}
	begun := false
	return func(lines []*line) error {
		var b strings.Builder
		rows := make([][]string, len(lines))
		for i, l := range lines {
			rows[i] = how.cells(l)
			for j, cell := range rows[i] {
				rows[i][j] = dash(cell)
				widths[j] = max(widths[j], len([]rune(rows[i][j])))
			}
		}
		if !begun {
			begun = true
			row(&b, how.titles)
		}
		for i, l := range lines {
			row(&b, rows[i])
			if how.reasons {
				b.WriteString("    " + l.Reason + "\n")
			}
		}
		_, err := io.WriteString(out, b.String())
		return err
	}
}
