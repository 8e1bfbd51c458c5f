package caddymodule

import (
	"testing"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

// TestScoreFinding: the doctor tells of misses, and of a problem where they are as many as the
// alert minds.
func TestScoreFinding(t *testing.T) {
	t.Parallel()
	lacks := []gateway.LackTally{{Rule: policy.RuleWindowClosed, Lack: policy.LackWindowEnding, Remedy: "raise window_margin"}}
	for name, c := range map[string]struct {
		taken, missed int
		want          string
	}{
		"no word": {0, 0, "ok given no word"}, "none": {900, 0, "ok of 900 sends"}, "few": {100, 5, "note 5 of 105 sends"},
		"of many": {9_991, 9, "note 9 of 10000 sends"}, "many": {90, 10, "problem 10 of 100 sends"},
	} {
		wants(t, name, []adminapi.Finding{scoreFinding(&gateway.Score{Total: gateway.ScoreCounts{Taken: c.taken, Missed: c.missed}, Lacks: lacks})}, c.want)
	}
}

// TestShareOf: a share has its interval, in percent, and nothing where there is nothing to
// count.
func TestShareOf(t *testing.T) {
	t.Parallel()
	if s := shareOf(gateway.Rate{}); s.Percent != nil || s.Low != nil || s.High != nil {
		t.Errorf("of nothing: %+v", s)
	}
	if s := shareOf(gateway.Rate{Count: 1, Of: 3}); *s.Percent != 33.333 || *s.Low != 6.149 || *s.High != 79.234 {
		t.Errorf("one of three: %v, %v to %v", *s.Percent, *s.Low, *s.High)
	}
}
