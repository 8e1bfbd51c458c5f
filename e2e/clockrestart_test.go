package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// restart ends the gateway, sets its clock, and starts it again.
func (w *world) restart(t testing.TB, clock time.Time) {
	t.Helper()
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(clock.Sub(w.Clock.Now()))
	if err := w.Load(); err != nil {
		t.Fatal(err)
	}
}

// hears delivers what a person wrote by WhatsApp's clock, whatever ours says.
func (p person) hears(at time.Time, text string) step {
	m := graphsim.Text(text)
	m.At = at
	return p.says(shop, m)
}

// TestWrongClockAndOptOuts: an opt-out that was acknowledged holds, although the
// gateway's clock was years off when the person opted in before it, when it came,
// or after, with restarts in between, and although older words are delivered
// late and again.
func TestWrongClockAndOptOuts(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	began := w.Clock.Now()
	start, late, stop := began.Add(time.Hour), began.Add(90*time.Minute), began.Add(2*time.Hour)
	optIn := func(p person) step { return p.optsIn("all") }
	hears := func(at time.Time, text string) func(person) step {
		return func(p person) step { return p.hears(at, text) }
	}
	nothing := func(person) step { return func(testing.TB, *world) {} }
	stories := []struct {
		name                  string
		before, optOut, after func(person) step
	}{
		{"STOP", nothing, hears(stop, "STOP"), hears(late, "START")},
		{"START-STOP", hears(start, "START"), hears(stop, "STOP"), hears(late, "START")},
		{"START-STOP-START-again", hears(start, "START"), hears(stop, "STOP"), hears(start, "START")},
		{"opt-in-STOP", optIn, hears(stop, "STOP"), hears(late, "START")},
		{"opt-in-STOP-and-again", optIn, hears(stop, "STOP"), hears(stop, "STOP")},
		{"START-opt-out", hears(start, "START"), func(p person) step { return p.optsOut("all") }, nothing},
		{"opt-in-opt-out", optIn, func(p person) step { return p.optsOut("all") }, nothing},
		{"opt-in-opt-out-STOP-before", optIn, func(p person) step { return p.optsOut("all") }, hears(start, "STOP")},
	}
	const year = 365 * day
	clocks := []time.Duration{-3 * year, -time.Hour, 0, 30 * day, 3 * year}
	people := 0
	for _, before := range clocks {
		for _, then := range clocks {
			const optedOut = "opted_out opted_out opted_out"
			crowd := make([]person, len(stories))
			for i := range crowd {
				crowd[i] = person{User: graphsim.User{Phone: fmt.Sprintf("+4915223%06d", people)}}
				people++
			}
			at := func(off time.Duration) time.Time { return stop.Add(time.Minute + off) }
			w.restart(t, at(before))
			for i, s := range stories {
				s.before(crowd[i])(t, w)
			}
			w.restart(t, at(then))
			for i, s := range stories {
				s.optOut(crowd[i])(t, w)
				if got := states(w.consentOf(t, shop, crowd[i].name())); got != optedOut {
					t.Errorf("%s with the clock %s and %s off: when the opt-out was acknowledged it was %s", s.name, before, then, got)
				}
			}
			w.restart(t, at(before))
			for i, s := range stories {
				s.after(crowd[i])(t, w)
			}
			w.restart(t, at(0))
			for i, s := range stories {
				if got := states(w.consentOf(t, shop, crowd[i].name())); got != optedOut {
					t.Errorf("%s with the clock %s and %s off: the opt-out became %s", s.name, before, then, got)
				}
			}
		}
	}
}
