package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// given is an opt-in an operator records, without a time: as it is recorded.
func given(at policy.Moment, w ...policy.Identity) policy.ConsentChanged {
	return policy.ConsentChanged{PhoneNumberID: number1, Who: w, At: at, State: policy.OptedIn, Scopes: policy.AllScopes, Source: "website", Ref: "form-1"}
}

func (f *fixture) marketing(w policy.Identity) policy.ConsentState {
	f.t.Helper()
	return f.person(w).Consent[policy.Marketing].State
}

// testArrival: when a word came in is noted once, and never runs backwards for
// one person.
func testArrival(t *testing.T, open Open) {
	f := newFixture(t, open)
	const second = policy.Moment(1000)
	stop := said(policy.OptedOut, start, ann)
	stop.General, stop.Ref = true, "wamid.stop"

	f.clock.set(start + minute)
	f.apply(stop)
	f.clock.set(start + 2*minute)
	f.apply(given(0, ann))
	if got := f.marketing(ann); got != policy.OptedIn {
		t.Errorf("given two minutes after STOP: %s", got)
	}
	// The same STOP delivered again is no news, also after reopening.
	f.apply(stop)
	f.reopen()
	f.apply(stop, stop)
	if got := f.marketing(ann); got != policy.OptedIn {
		t.Errorf("after STOP was delivered again: %s", got)
	}
	if got := len(f.history(ann)); got != 2 {
		t.Errorf("the history has %d words, want 2", got)
	}
	// A STOP nobody knew of that arrives after the opt-in counts after it.
	late := said(policy.OptedOut, start+minute+10*second, ann)
	late.General, late.Ref = true, "wamid.late"
	f.apply(late)
	if got := f.marketing(ann); got != policy.OptedOut {
		t.Errorf("after a STOP of before that came late: %s", got)
	}
	// Neither does the clock going backwards make it older.
	f.clock.set(start - day)
	f.apply(given(0, ann))
	if got := f.marketing(ann); got != policy.OptedOut {
		t.Errorf("given by a clock a day slow: %s", got)
	}
	words := f.history(ann)
	slices.SortFunc(words, func(a, b store.ConsentRecord) int { return int(a.Recorded - b.Recorded) })
	for i := 1; i < len(words); i++ {
		if words[i].Recorded <= words[i-1].Recorded {
			t.Errorf("two words arrived at %d and %d", words[i-1].Recorded, words[i].Recorded)
		}
	}
	// An operator's words follow one another, whatever the clock does.
	f.clock.set(start + 30*day)
	f.apply(told(bob))
	f.clock.set(start + minute)
	f.apply(given(0, bob))
	if got := f.marketing(bob); got != policy.OptedIn {
		t.Errorf("told to stop by a clock a month fast, then given: %s", got)
	}
	f.apply(told(bob))
	if got := f.marketing(bob); got != policy.OptedOut {
		t.Errorf("and told to stop again: %s", got)
	}
	// What an operator says now comes after what the person did, though our clock
	// is slow.
	f.apply(opened(start+day, stranger), told(stranger))
	if p := f.person(stranger); p.Consent[policy.Transactional].Since < p.Spoke {
		t.Errorf("told to stop at %s, after the person wrote at %s", p.Consent[policy.Transactional].Since, p.Spoke)
	}
}

// told is an opt-out an operator records.
func told(w ...policy.Identity) policy.ConsentChanged {
	return policy.ConsentChanged{PhoneNumberID: number1, Who: w, State: policy.OptedOut, Scopes: policy.AllScopes, Source: policy.SourceOperator, General: true}
}

// testClocks: an acknowledged opt-out holds until a later opt-in, whatever our
// clock shows at each step and in whatever order WhatsApp's news arrive.
func testClocks(t *testing.T, open Open) {
	const hour = 60 * minute
	offsets := []policy.Moment{0, 5 * minute, -5 * minute, -hour, hour, 30 * day, -30 * day, 400 * day, -400 * day}
	// What truly happens, two hours apart: in the order of the letters. Lower-case
	// letters are an operator's words, which arrive as they are said; upper-case
	// ones are WhatsApp's and may come later.
	for _, story := range []struct {
		happens string
		arrives []string // orders of arrival
		want    policy.ConsentState
	}{
		{"iS", []string{"iS"}, policy.OptedOut},
		{"Si", []string{"iS"}, policy.OptedOut}, // STOP is delivered late: in doubt it holds
		{"BS", []string{"BS", "SB"}, policy.OptedOut},
		{"iSiS", []string{"iSiS"}, policy.OptedOut},
		{"BiS", []string{"BiS", "iBS", "iSB"}, policy.OptedOut},
		{"iBS", []string{"iBS", "iSB"}, policy.OptedOut},
		{"io", []string{"io"}, policy.OptedOut},
		{"iSo", []string{"iSo", "ioS"}, policy.OptedOut},
		{"Bo", []string{"Bo"}, policy.OptedOut},
		{"oi", []string{"oi"}, policy.OptedIn},
		{"SB", []string{"SB", "BS"}, policy.OptedIn},
		{"iSB", []string{"iSB", "iBS"}, policy.OptedIn},
	} {
		for _, order := range story.arrives {
			f := newFixture(t, open)
			// One person for every choice of what our clock shows at each step.
			people := choices(len(order), len(offsets))
			var now policy.Moment // nothing arrives before it happens
			for i := range order {
				now = max(now, happensAt(story.happens, order, i)) + 2*minute
				for o, off := range offsets {
					f.clock.set(now + off)
					var events []policy.Event
					for n, choice := range people {
						if choice[i] == o {
							events = append(events, happening(story.happens, order, i, phone(fmt.Sprint(15560000000+n))))
						}
					}
					f.apply(events...)
				}
			}
			for n, choice := range people {
				var shown []time.Duration
				slow := false
				for _, o := range choice {
					shown = append(shown, time.Duration(offsets[o])*time.Millisecond)
					slow = slow || offsets[o] < 0
				}
				got := f.marketing(phone(fmt.Sprint(15560000000 + n)))
				// To a slow clock an opt-in is of tomorrow, and a STOP that is delivered
				// after it holds in doubt.
				if got != story.want && !(got == policy.OptedOut && slow && order != story.happens) {
					t.Errorf("%s, arriving as %s with our clock off by %v: %s, want %s", story.happens, order, shown, got, story.want)
				}
			}
		}
	}
	// With a clock that is right, the later word holds.
	f := newFixture(t, open)
	f.clock.set(start + minute)
	f.apply(said(policy.OptedOut, start+minute, ann))
	f.clock.set(start + 3*minute)
	f.apply(given(0, ann))
	if got := f.marketing(ann); got != policy.OptedIn {
		t.Errorf("given two minutes after STOP: %s", got)
	}
}

// happensAt is when the i-th thing to arrive happens: the n-th time a letter
// arrives is the n-th time it happens.
func happensAt(happens, arrives string, i int) policy.Moment {
	n := strings.Count(arrives[:i+1], arrives[i:i+1])
	for j := range happens {
		if happens[j] == arrives[i] {
			if n--; n == 0 {
				return start + policy.Moment(j+1)*120*minute
			}
		}
	}
	return start
}

// happening is the i-th thing to arrive.
func happening(happens, arrives string, i int, who policy.Identity) policy.Event {
	letter, at := arrives[i], happensAt(happens, arrives, i)
	var e policy.ConsentChanged
	switch letter {
	case 'i':
		e = given(0, who)
	case 'o':
		e = told(who)
	case 'S':
		e = said(policy.OptedOut, at, who)
		e.General = true
	case 'B': // "start promotions"
		e = said(policy.OptedIn, at, who)
	}
	e.Ref = fmt.Sprint(letter, i)
	return e
}

// choices are all ways to choose n numbers below most; of more than three only
// the last three vary.
func choices(n, most int) (all [][]int) {
	all = [][]int{make([]int, n)}
	for i := max(0, n-3); i < n; i++ {
		var more [][]int
		for _, c := range all {
			for o := range most {
				next := slices.Clone(c)
				next[i] = o
				more = append(more, next)
			}
		}
		all = more
	}
	return all
}

// testReach: the account of a number is learned from webhooks.
func testReach(t *testing.T, open Open) {
	f := newFixture(t, open)
	state := func(number string, terms *policy.Terms) policy.ConsentState {
		t.Helper()
		p, err := f.Person(t.Context(), ann, number, terms)
		if err != nil {
			t.Fatal(err)
		}
		return p.Consent[policy.Marketing].State
	}
	stop := said(policy.OptedOut, start, ann)
	stop.General = true
	f.apply(stop)
	for _, number := range []string{number1, number2, number3} {
		if got := state(number, nil); got != policy.OptedOut {
			t.Errorf("while no account is known, for number %s: %s", number, got)
		}
	}
	f.apply(policy.NumberSeen{PhoneNumberID: number1, WABA: waba, At: start}, policy.NumberSeen{PhoneNumberID: number3, WABA: "other", At: start})
	f.reopen()
	for number, want := range map[string]policy.ConsentState{number1: policy.OptedOut, number2: policy.OptedOut, number3: policy.ConsentUnknown} {
		if got := state(number, nil); got != want {
			t.Errorf("for number %s: %s, want %s", number, got, want)
		}
	}
	if got := state(number3, &policy.Terms{OptOutReach: policy.ReachAll}); got != policy.OptedOut {
		t.Errorf("where opt-outs reach everywhere: %s", got)
	}
	if got := state(number2, &policy.Terms{OptOutReach: policy.ReachNumber}); got != policy.ConsentUnknown {
		t.Errorf("where opt-outs reach nowhere: %s", got)
	}
	// The confirmation follows the opt-out: one for all numbers it reaches.
	e := f.confirmation(start+minute, number1, ann)
	e.Terms = nil
	f.reserve(e)
	if p, err := f.Person(t.Context(), ann, number2, nil); err != nil || p.Confirmed == 0 {
		t.Errorf("confirmed by number 1; for number 2: %s (%v)", p.Confirmed, err)
	}
}

// testAnswers: an ordinary word is an opt-in only as the answer to a question.
func testAnswers(t *testing.T, open Open) {
	f := newFixture(t, open)
	yes := func(at policy.Moment, w ...policy.Identity) policy.ConsentChanged {
		e := said(policy.OptedIn, at, w...)
		e.Answer, e.Ref = true, fmt.Sprint("wamid.", at)
		return e
	}
	ask := func(at policy.Moment, to policy.Identity, state store.OutcomeState) {
		t.Helper()
		e := f.newEntry(at, to)
		f.reserve(e)
		f.settle(e.ID, store.Outcome{State: state, At: at + 100, HTTPStatus: 200, Wamid: fmt.Sprint("wamid.q", at), Asked: []policy.Scope{policy.Marketing}})
	}
	states := func(w policy.Identity) string {
		c := f.person(w).Consent
		return fmt.Sprint(c[policy.Marketing].State, " ", c[policy.Transactional].State)
	}
	expect := func(what string, w policy.Identity, want string) {
		t.Helper()
		if got := states(w); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	f.apply(yes(start, ann))
	expect("never asked", ann, "unknown unknown")
	if got := len(f.history(ann)); got != 0 {
		t.Errorf("ordinary talk left %d words in the history", got)
	}
	ask(start+minute, ann, store.Rejected)
	f.apply(yes(start+2*minute, ann))
	expect("a question that Meta rejected", ann, "unknown unknown")
	ask(start+3*minute, ann, store.Accepted)
	expect("asked", ann, "pending unknown")
	f.apply(yes(start+2*minute, ann), yes(start+3*minute, ann))
	expect("answers of before, and of the same second", ann, "pending unknown")
	f.apply(yes(start+4*minute, ann, annUser))
	expect("answered", ann, "opted_in unknown")
	f.apply(said(policy.OptedOut, start+5*minute, ann))
	expect("stopped", ann, "opted_out opted_out")

	ask(start, bob, store.Accepted)
	f.apply(yes(start+7*day+1, bob))
	expect("answered too late", bob, "pending unknown")
	f.apply(yes(start+7*day, bob))
	expect("answered on the last day", bob, "opted_in unknown")

	asked := policy.ConsentChanged{PhoneNumberID: number1, Who: who(stranger), State: policy.ConsentPending, Scopes: []policy.Scope{policy.Transactional}, Source: policy.SourceOperator}
	f.clock.set(start)
	f.apply(asked)
	f.apply(yes(start+minute, stranger))
	expect("asked by an operator", stranger, "unknown opted_in")
}
