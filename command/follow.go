package command

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
)

const (
	// followFirst is how many of the latest entries --follow begins with.
	followFirst = 10
	// leastInterval keeps --follow from asking without a pause.
	leastInterval = 50 * time.Millisecond
)

// follow shows what comes until Ctrl-C.
func follow(ctx context.Context, c *call, list adminapi.List, s adminapi.Selection, how *layout[*adminapi.Line]) error {
	interval := c.flags.Duration("interval")
	if interval < leastInterval {
		return misused("--interval is %s; it must be at least %s", interval, leastInterval)
	}
	if !c.flags.Changed("limit") {
		s.Limit = followFirst
	}
	show := printer(c, how)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	f := c.client.Follow(list, s)
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
				if err := show(lines, nil); err != nil {
					return fmt.Errorf("writing: %w", err)
				}
			}
		case !trouble:
			// A gateway that restarts or reloads is back soon.
			trouble = true
			c.hint("%s; trying again", printed(err.Error()))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(interval):
		}
		lines, err = f.Next(ctx)
	}
}
