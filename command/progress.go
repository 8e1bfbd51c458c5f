package command

import (
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
)

// underway shows on a terminal that something goes on, and how far it is. It is
// over with the function it returns. A total of zero is one that nobody knows, and
// with one below zero nothing is counted.
func (c *call) underway(what string, total int64) (advance func(int64), over func()) {
	tracker, over := c.tracked(what, total, total >= 0)
	return tracker.Increment, over
}

// percents shows how much of something is done, in percent, as often as that is asked: until it
// is over.
func (c *call) percents(what string, done func() float64) (over func()) {
	if !c.errs.terminal || !c.errs.colourful {
		return func() {}
	}
	tracker, end := c.tracked(what, 100, false)
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		each := time.NewTicker(500 * time.Millisecond)
		defer each.Stop()
		for {
			select {
			case <-each.C:
				tracker.SetValue(min(int64(100*done()), 99))
			case <-stop:
				return
			}
		}
	}()
	return func() { close(stop); <-ended; end() }
}

// tracked shows a tracker until it is over; values says whether with what is counted.
func (c *call) tracked(what string, total int64, values bool) (tracker *progress.Tracker, over func()) {
	if !c.errs.terminal || !c.errs.colourful {
		return new(progress.Tracker), func() {}
	}
	bar := progress.NewWriter()
	bar.SetOutputWriter(c.errs.Writer)
	bar.SetAutoStop(true)
	bar.SetNumTrackersExpected(1)
	bar.SetTrackerLength(25)
	bar.SetUpdateFrequency(100 * time.Millisecond)
	bar.Style().Visibility.ETA = total > 0
	bar.Style().Visibility.Percentage = total > 0
	bar.Style().Visibility.Value = values
	bar.Style().Options.DoneString = "" // how it ended is said after it
	bar.Style().Visibility.TrackerOverall = false
	tracker = &progress.Tracker{Message: what, Total: max(total, 0), Units: progress.UnitsBytes, AutoStopDisabled: true}
	bar.AppendTracker(tracker)
	ended := make(chan struct{})
	go func() { // ends with the tracker
		bar.Render()
		close(ended)
	}()
	return tracker, func() {
		tracker.MarkAsDone()
		<-ended
	}
}

// counted counts what is read.
type counted struct {
	io.Reader
	advance func(int64)
}

func (r counted) Read(p []byte) (n int, err error) {
	n, err = r.Reader.Read(p)
	r.advance(int64(n))
	return n, err
}
