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
	if !c.errs.terminal || !c.errs.colourful {
		return func(int64) {}, func() {}
	}
	bar := progress.NewWriter()
	bar.SetOutputWriter(c.errs.Writer)
	bar.SetAutoStop(true)
	bar.SetNumTrackersExpected(1)
	bar.SetTrackerLength(25)
	bar.SetUpdateFrequency(100 * time.Millisecond)
	bar.Style().Visibility.ETA = total > 0
	bar.Style().Visibility.Percentage = total > 0
	bar.Style().Visibility.Value = total >= 0
	bar.Style().Options.DoneString = "" // how it ended is said after it
	bar.Style().Visibility.TrackerOverall = false
	tracker := &progress.Tracker{Message: what, Total: max(total, 0), Units: progress.UnitsBytes, AutoStopDisabled: true}
	bar.AppendTracker(tracker)
	ended := make(chan struct{})
	go func() { // ends with the tracker
		bar.Render()
		close(ended)
	}()
	return tracker.Increment, func() {
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
