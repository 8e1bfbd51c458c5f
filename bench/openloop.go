package main

import (
	"context"
	"time"
)

// paced makes requests for d on all connections, on each at fixed times. One that
// must wait for the one before it counts from the time it was due: what senders
// wait for is not left out because there were fewer of them.
func (l *load) paced(ctx context.Context, d, every time.Duration) (latencies, error) {
	took := make([]latencies, len(l.connections))
	start := time.Now()
	err := l.each(func(i int, c *connection) error {
		if err := c.SetDeadline(start.Add(d + answerTimeout)); err != nil {
			return err
		}
		due := start.Add(every * time.Duration(i) / time.Duration(len(l.connections)))
		for ; due.Before(start.Add(d)) && ctx.Err() == nil; due = due.Add(every) {
			late := time.Since(due)
			if late < 0 {
				time.Sleep(-late)
				late = 0
			}
			made, err := l.next(c)
			if err != nil {
				return err
			}
			took[i] = append(took[i], made.took+late)
		}
		return ctx.Err()
	})
	return gathered(took), err
}
