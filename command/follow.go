package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/waguard/waguard/internal/adminapi"
)

const (
	// followFirst is how many of the latest entries --follow begins with.
	followFirst = 10
	// leastInterval keeps --follow from asking without a pause.
	leastInterval = 50 * time.Millisecond
)

// follow shows what comes until Ctrl-C.
func follow(ctx context.Context, client *adminapi.Client, fl caddycmd.Flags, list adminapi.List, s adminapi.Selection, how layout) error {
	interval := fl.Duration("interval")
	if interval < leastInterval {
		return fmt.Errorf("--interval is %s; it must be at least %s", interval, leastInterval)
	}
	if !fl.Changed("limit") {
		s.Limit = followFirst
	}
	show := how.stream(os.Stdout)
	if fl.Bool("json") {
		show = printLines[*adminapi.Line]
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	f := client.Follow(list, s)
	lines, err := f.Begin(ctx)
	if err != nil && ctx.Err() == nil {
		return err
	}
	for trouble := false; ; {
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			trouble = false
			if len(lines) > 0 {
				if err := show(lines); err != nil {
					return fmt.Errorf("writing: %w", err)
				}
			}
		case !trouble:
			// A gateway that restarts or reloads is back soon.
			trouble = true
			fmt.Fprintf(os.Stderr, "%v; trying again\n", printedError{err})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(interval):
		}
		lines, err = f.Next(ctx)
	}
}

// stream shows entries as lines of a table whose columns are as wide as the
// widest cell so far.
func (how *layout) stream(out io.Writer) func([]*adminapi.Line) error {
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
	return func(lines []*adminapi.Line) error {
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
