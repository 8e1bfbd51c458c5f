package gateway

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// What may leave is passed on once, and is in the ledger before. What may not is
// in the ledger, and nobody gets it.
func TestHandle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(t, ana)
	for _, test := range []struct {
		name, number, to string
		want             string // the answer's rule, the ledger's state, and how often it was passed on
	}{
		{"allowed", shop, ana, " accepted 1"},
		{"refused", shop, ben, "WINDOW_CLOSED refused 0"},
		{"refused/number-not-served", "104455667000", ana, "SENDER_UNKNOWN refused 0"},
		{"monitor/allowed", support, ana, " accepted 1"},
		{"monitor/would-be-refused", support, ben, " accepted 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := w.meta.sent()
			w.meta.answers = func(ctx context.Context, a *Answer) error {
				if e := w.newest(t); e.Outcome.State != store.Reserved || e.Send.PhoneNumberID != test.number {
					t.Errorf("when it leaves the ledger says %+v", e.Outcome)
				}
				return accepts(ctx, a)
			}
			result := w.handle(t, w.request(t, test.number, text(test.to, "hi")))
			e := w.newest(t)
			if got := fmt.Sprint(rule(result), " ", e.Outcome.State, " ", w.meta.sent()-before); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			if result.ID != e.ID || e.Sender != "crm" || e.Token != "a1b2c3d4e5" {
				t.Errorf("the answer names %s, the ledger has %+v", result.ID, e)
			}
		})
	}
}

// The sends of a batch leave together or not at all. Those that could have left
// fall with the others, and the ledger says so.
func TestBatchIsWhole(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		texts    []string
		want     string // the answer's rule, its elements, and what the ledger has of each send
		monitors bool   // a monitored send falls, and the log says why
	}{
		{"all-allowed", []string{shop + " " + ana + " hi", support + " " + ana + " hi"}, " [] [accepted accepted]", false},
		{"one-refused", []string{shop + " " + ana + " hi", shop + " " + ben + " hi"}, "BATCH_REFUSED [1 WINDOW_CLOSED] [BATCH_REFUSED WINDOW_CLOSED]", false},
		{"monitored-beside-refused", []string{support + " " + ben + " hi", shop + " " + ben + " hi"}, "BATCH_REFUSED [1 WINDOW_CLOSED] [BATCH_REFUSED WINDOW_CLOSED]", true},
		{"monitored-beside-allowed", []string{support + " " + ben + " hi", shop + " " + ana + " hi"}, " [] [accepted accepted]", false},
		{"not-served-beside-allowed", []string{"1044 " + ben + " hi", shop + " " + ana + " hi"}, "BATCH_REFUSED [0 SENDER_UNKNOWN] [SENDER_UNKNOWN BATCH_REFUSED]", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.writes(t, ana)
			result := w.handle(t, w.batch(t, test.texts...))
			elements, states := []string{}, []string{}
			for _, e := range result.Elements {
				elements = append(elements, fmt.Sprint(e.Index, " ", e.Rule))
			}
			for i := range result.Sends {
				e, err := w.store.Entry(t.Context(), result.Sends[i].Entry.ID)
				if err != nil {
					t.Fatal(err)
				}
				state := string(e.Outcome.State)
				if e.Outcome.State == store.Refused {
					state = string(e.Decision.Rule)
				}
				states = append(states, state)
			}
			if got := fmt.Sprint(rule(result), " ", elements, " ", states); got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
			if monitors := w.said("send refused although in monitor mode") > 0; monitors != test.monitors {
				t.Errorf("the log tells of a refusal in monitor mode: %v", monitors)
			}
		})
	}
}

// An opt-out may be confirmed once. In one batch the first that would is the
// confirmation, by whatever name the others call the person, and the others are
// refused for what they are.
func TestOneConfirmationInABatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(t, ana)
	w.writes(t, ben)
	w.advance(1e9)
	w.stops(t, ana)
	w.advance(1e9)
	toAna, toBen := shop+" "+ana+" "+confirmation, shop+" "+ben+" hi"
	for name, test := range map[string]struct {
		texts []string
		want  string
	}{
		"twice":          {[]string{toAna, toAna}, "[1]"},
		"beside-another": {[]string{toAna, toBen, toAna}, "[2]"},
		"three-times":    {[]string{toAna, toAna, toAna}, "[1 2]"},
	} {
		result := w.handle(t, w.batch(t, test.texts...))
		var refused []int
		for _, e := range result.Elements {
			refused = append(refused, e.Index)
			if e.Rule != policy.RuleOptedOut || !strings.Contains(e.Reason, "another send of this batch") {
				t.Errorf("%s: element %d is refused by %s: %s", name, e.Index, e.Rule, e.Reason)
			}
		}
		if got := fmt.Sprint(refused); got != test.want || rule(result) != "BATCH_REFUSED" {
			t.Errorf("%s: %s refused by %s, want %s", name, got, rule(result), test.want)
		}
	}
	if result := w.handle(t, w.batch(t, toAna, toBen)); rule(result) != "" {
		t.Errorf("one confirmation: %s", result.Refusal)
	}
	if result := w.handle(t, w.request(t, shop, text(ana, confirmation))); rule(result) != policy.RuleOptedOut {
		t.Errorf("a second one: %s", result.Refusal)
	}
}

// Of many that would confirm one opt-out at the same moment one does, and each of
// the others is told the truth: the ledger has as many as were sent.
func TestRaceForAConfirmation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(t, ana)
	w.advance(1e9)
	w.stops(t, ana)
	w.advance(1e9)
	const senders = 16
	results := make([]Result, senders)
	var all sync.WaitGroup
	for i := range results {
		r := w.request(t, shop, text(ana, confirmation))
		all.Go(func() { results[i] = w.handle(t, r) })
	}
	all.Wait()
	sent := 0
	for _, r := range results {
		switch rule(r) {
		case "":
			sent++
		case policy.RuleOptedOut:
		default:
			t.Errorf("one came to %s", r.Refusal)
		}
	}
	if sent != 1 || w.meta.sent() != 1 {
		t.Errorf("%d were told that it was sent, %d were", sent, w.meta.sent())
	}
	accepted := 0
	for _, e := range w.ledger(t) {
		if e.Outcome.State == store.Accepted {
			accepted++
		}
	}
	if accepted != 1 {
		t.Errorf("the ledger has %d", accepted)
	}
}

// A send whose claim others are quicker to use again and again is refused for
// that. The store is not to blame.
func TestLostConfirmation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(t, ana)
	w.advance(1e9)
	w.stops(t, ana)
	w.advance(1e9)
	w.store.claims.Store(true)
	result := w.handle(t, w.request(t, shop, text(ana, confirmation)))
	if rule(result) != policy.RuleOptedOut || !strings.Contains(result.Refusal.Reason, "other requests") {
		t.Errorf("came to %s", result.Refusal)
	}
	result = w.handle(t, w.batch(t, shop+" "+ana+" "+confirmation))
	if e := result.Elements; rule(result) != "BATCH_REFUSED" || len(e) != 1 || e[0].Rule != policy.RuleOptedOut {
		t.Errorf("as a batch: %s %v", result.Refusal, e)
	}
	if w.meta.sent() != 0 || w.counts.storeFailed.Load() != 0 {
		t.Errorf("%d were sent, the store failed %d times", w.meta.sent(), w.counts.storeFailed.Load())
	}
	w.store.claims.Store(false)
	if result := w.handle(t, w.request(t, shop, text(ana, confirmation))); rule(result) != "" {
		t.Errorf("afterwards: %s", result.Refusal)
	}
}

// A send before which others have changed what it was judged by is judged again, and is
// not refused for what nobody has used up. Where that doesn't end it is to come again.
func TestOutdated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(t, ana)
	w.advance(1e9)
	w.stops(t, ana)
	w.advance(1e9)
	for _, test := range []struct {
		times int64
		want  policy.Rule
	}{{1000, policy.RuleStore}, {20, ""}, {20, policy.RuleOptedOut}} { // of two confirmations one leaves
		w.store.outdated.Store(test.times)
		if result := w.handle(t, w.request(t, shop, text(ana, confirmation))); rule(result) != test.want {
			t.Errorf("others came before %d times: %s, want %q", test.times, result.Refusal, test.want)
		}
	}
	if w.meta.sent() != 1 {
		t.Errorf("%d were sent", w.meta.sent())
	}
}

// What can't be judged or recorded is refused, as Meta refuses when it is down;
// in monitor mode it passes. What was sent without a record is not called a
// success. Whatever failed, the next send is judged as ever.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(t, ana)
	type faults []interface{ Store(bool) }
	s := w.store
	for _, test := range []struct {
		name, number, to string
		fails            faults
		want             string // the answer's rule and outcome, whether it is unjudged, and how often it was passed on
	}{
		{"opening", shop, ana, faults{&s.closed}, "STORE_UNAVAILABLE  false 0"},
		{"opening/monitor", support, ana, faults{&s.closed}, "  true 0"},
		{"facts", shop, ana, faults{&s.facts}, "STORE_UNAVAILABLE  false 0"},
		{"facts/monitor", support, ana, faults{&s.facts}, "  true 0"},
		{"reserve", shop, ana, faults{&s.reserve}, "STORE_UNAVAILABLE  false 0"},
		{"reserve/again", shop, ana, faults{&s.reserve}, "STORE_UNAVAILABLE  false 0"},
		{"reserve/monitor", support, ana, faults{&s.reserve}, "  false 1"},
		{"reserve/a-refusal", shop, ben, faults{&s.reserve}, "WINDOW_CLOSED  false 0"},
		{"settle", shop, ana, faults{&s.settle}, "UNRECORDED accepted false 1"},
		{"settle/monitor", support, ana, faults{&s.settle}, "  false 1"},
		{"all/monitor", support, ana, faults{&s.facts, &s.reserve, &s.settle}, "  true 0"},
		{"nothing", shop, ana, nil, "  false 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := w.request(t, test.number, text(test.to, "hi"))
			for _, f := range test.fails {
				f.Store(true)
				defer f.Store(false)
			}
			sent, failed := w.meta.sent(), w.counts.storeFailed.Load()
			result := w.handle(t, r)
			outcome := ""
			if result.Refusal != nil {
				outcome = result.Refusal.Outcome
			}
			if got := fmt.Sprint(rule(result), " ", outcome, " ", result.Unjudged, " ", w.meta.sent()-sent); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			if counted := w.counts.storeFailed.Load() > failed; counted != (test.fails != nil) {
				t.Errorf("that the store failed was counted: %v", counted)
			}
		})
	}
}

// A store that takes too long is one that fails. What was not sent is recorded so once it is
// done.
func TestStoreTakesLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Patience = 20 * time.Millisecond
	w.writes(t, ana)
	s := w.store
	for _, test := range []struct {
		name, number, to string
		slow             *atomic.Bool
		want             string // the answer's rule and outcome, how often it was passed on, and what the ledger says
	}{
		{"facts", shop, ana, &s.slowFacts, "STORE_UNAVAILABLE  0 "},
		{"reserve", shop, ana, &s.slowReserve, "STORE_UNAVAILABLE  0 not_sent"},
		{"reserve/monitor", support, ana, &s.slowReserve, "  1 accepted"},
		{"reserve/a-refusal", shop, ben, &s.slowReserve, "WINDOW_CLOSED  0 refused"},
		{"settle", shop, ana, &s.slowSettle, "UNRECORDED accepted 1 accepted"},
		{"settle/monitor", support, ana, &s.slowSettle, "  1 accepted"},
		{"nothing", shop, ana, new(atomic.Bool), "  1 accepted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.slow.Store(true)
			defer test.slow.Store(false)
			before, sent := len(w.ledger(t)), w.meta.sent()
			result := w.handle(t, w.request(t, test.number, text(test.to, "hi")))
			outcome, recorded := "", store.OutcomeState("")
			if result.Refusal != nil {
				outcome = result.Refusal.Outcome
			}
			if len(w.ledger(t)) > before {
				recorded = w.newest(t).Outcome.State
			}
			if got := fmt.Sprint(rule(result), " ", outcome, " ", w.meta.sent()-sent, " ", recorded); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// What Meta refused is told as Meta said it, recorded or not.
func TestRejectionWithoutRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(t, ana)
	w.store.settle.Store(true)
	w.meta.answers = answer(400, `{"error":{"code":131056}}`)
	if result := w.handle(t, w.request(t, shop, text(ana, "hi"))); rule(result) != "" {
		t.Errorf("came to %s", result.Refusal)
	}
	w.meta.answers = answer(500, "")
	if result := w.handle(t, w.request(t, shop, text(ana, "hi"))); rule(result) != "UNRECORDED" || result.Refusal.Outcome != "unknown" {
		t.Errorf("came to %s", result.Refusal)
	}
}

// A gateway that overlaps lets sends leave while they are written. The first
// after the store has failed leaves so, and its sender is told; no further one
// does. What uses something up never leaves before it is on disk.
func TestOverlap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Overlap = true
	w.writes(t, ana)
	for i, want := range []policy.Rule{"UNRECORDED", "STORE_UNAVAILABLE", "STORE_UNAVAILABLE", ""} {
		w.store.reserve.Store(i < 3)
		if result := w.handle(t, w.request(t, shop, text(ana, "hi"))); rule(result) != want {
			t.Errorf("send %d came to %s, want %s", i, result.Refusal, want)
		}
	}
	// That there is no room shows at once.
	w.store.full.Store(true)
	if result := w.handle(t, w.request(t, shop, text(ana, "hi"))); rule(result) != "STORE_UNAVAILABLE" {
		t.Errorf("without room: %s", result.Refusal)
	}
	w.store.full.Store(false)
	if w.meta.sent() != 2 {
		t.Errorf("%d were sent, want 2", w.meta.sent())
	}
	w.advance(1e9)
	w.stops(t, ana)
	w.advance(1e9)
	w.store.reserve.Store(true)
	if result := w.handle(t, w.request(t, shop, text(ana, confirmation))); rule(result) != "STORE_UNAVAILABLE" || w.meta.sent() != 2 {
		t.Errorf("a confirmation came to %s, %d were sent", result.Refusal, w.meta.sent())
	}
}
