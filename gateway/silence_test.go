package gateway

import (
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
)

// TestSilence checks when a number that sends and gets no webhooks is told of.
func TestSilence(t *testing.T) {
	const number = "104455667788"
	start := policy.MomentOf(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC))
	at := func(d time.Duration) policy.Moment { return start.Add(d) }
	const hour, day = time.Hour, 24 * time.Hour
	type happening struct {
		at    time.Duration
		heard bool // a webhook comes; else a message is sent
		warns bool
	}
	for _, tc := range []struct {
		name  string
		told  policy.Moment // when the newest webhook was that the store knows of
		steps []happening
		// silent is what holds at the end, an hour after the last step
		silent bool
	}{
		{"never-heard", 0, []happening{{0, false, false}, {day - 1, false, false}}, true},
		{"never-heard/warned-after-a-day", 0, []happening{{0, false, false}, {day, false, true}}, true},
		{"warned-once-a-day", 0, []happening{{0, false, false}, {day, false, true}, {day + hour, false, false}, {2 * day, false, true}}, true},
		{"heard-again", 0, []happening{{0, false, false}, {day, false, true}, {day + hour, true, false}, {day + hour, false, false}}, false},
		{"sends-and-webhooks-in-turn", 0, []happening{{0, false, false}, {hour, true, false}, {day, false, false}, {day + hour, true, false}, {2*day + hour, false, false}}, false},
		{"sends-seldom", 0, []happening{{0, true, false}, {30 * day, false, false}}, false},
		{"sends-right-after-a-webhook", 0, []happening{{0, true, false}, {hour - 1, false, false}, {2 * day, false, false}}, false},
		{"stopped-coming", 0, []happening{{0, true, false}, {hour, false, false}, {day, false, false}, {day + hour, false, true}}, true},
		{"told-before-the-start", start.Add(-10 * day), []happening{{0, false, false}, {day, false, true}}, true},
		{"told-just-now", at(day), []happening{{0, false, false}, {day, false, false}}, false},
		{"clock-steps-back", 0, []happening{{2 * day, false, false}, {0, false, false}, {day - 1, false, false}}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := new(Silence)
			var now policy.Moment
			for i, step := range tc.steps {
				if now = at(step.at); step.heard {
					s.heard(number, now)
					continue
				}
				if _, warn := s.sent(number, tc.told, now); warn != step.warns {
					t.Errorf("step %d: warned %v, want %v", i, warn, step.warns)
				}
			}
			if got := len(s.Silent(now.Add(hour))) == 1; got != tc.silent {
				t.Errorf("silent at the end: %v, want %v", got, tc.silent)
			}
		})
	}
}
