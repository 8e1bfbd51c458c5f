package gateway

import (
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// TestOften: of what comes with every request the first lines are written, then one a
// minute with how many were left out; something else is written at once.
func TestOften(t *testing.T) {
	core, lines := observer.New(zapcore.DebugLevel)
	log, now := zap.New(core), time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	var o Often
	say := func(n int, message string) string {
		lines.TakeAll()
		for range n {
			o.Log(now, log, zapcore.ErrorLevel, message)
		}
		more := any(0)
		all := lines.TakeAll()
		for _, line := range all {
			if m, ok := line.ContextMap()["more"]; ok {
				more = m
			}
		}
		return fmt.Sprint(len(all), " ", more)
	}
	for _, step := range []struct {
		after   time.Duration
		n       int
		message string
		want    string // lines, and how many more the last one tells of
	}{
		{0, 20_000, "full", "3 0"},
		{time.Second, 5, "other", "3 0"},
		{58 * time.Second, 7, "full", "0 0"},
		{time.Second, 10, "full", "1 20004"},
		{time.Minute, 1, "full", "1 9"},
		{10 * time.Minute, 2, "full", "2 0"},
		{-time.Hour, 1, "full", "1 0"},
	} {
		now = now.Add(step.after)
		if got := say(step.n, step.message); got != step.want {
			t.Errorf("%d times %q after %s: %s lines and more, want %s", step.n, step.message, step.after, got, step.want)
		}
	}
}
