package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// testTelling: what happened is read on in its order, also what came late, and it is
// remembered over a restart how far somebody is, who tells them, and what they didn't take.
func testTelling(t *testing.T, open Open) {
	f := newFixture(t, open)
	tells, ok := f.Store.(store.Tells)
	if !ok {
		t.Fatal("the store can't tell what has happened since")
	}
	ctx, now := t.Context(), func() policy.Moment { return policy.MomentOf(f.clock.now()) }
	forward := func(by time.Duration) { f.clock.set(now().Add(by)) }

	// One at a time holds an endpoint, for a while.
	sub, err := tells.Hold(ctx, "crm", "a", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tells.Hold(ctx, "crm", "b", time.Minute); !errors.Is(err, store.ErrHeld) {
		t.Errorf("two hold it: %v", err)
	}
	first := now()
	forward(time.Second)

	// Consent records, in the order in which they came.
	f.apply(said(policy.OptedIn, now(), ann))
	f.apply(said(policy.OptedOut, now().Add(-time.Hour), bob))
	read, next, err := tells.ConsentsFrom(ctx, sub.Leaf, 10)
	var states []string
	for _, told := range read {
		if told.Leaf != nil {
			states = append(states, told.Leaf.State+" "+told.Contact.String())
		}
	}
	want := []string{"opted_in " + f.person(ann).Contact.String(), "opted_out " + f.person(bob).Contact.String()}
	if err != nil || !slices.Equal(states, want) {
		t.Errorf("read %v, %v, want %v", states, err, want)
	}
	if again, _, err := tells.ConsentsFrom(ctx, next, 10); len(again) != 0 || err != nil {
		t.Errorf("read %d more, %v", len(again), err)
	}

	// Violations, many of them in a moment, in parts.
	var ids []store.ID
	for i := range 40 {
		e := f.newEntry(now(), stranger)
		e.Decision.Verdict, e.Decision.Rule, e.Outcome.State = policy.Refuse, policy.RuleWindowClosed, store.Refused
		ids = append(ids, f.reserve(e))
		if i%7 == 0 {
			forward(time.Duration(i) * time.Second)
		}
	}
	var got []store.ID
	for from, end := store.FirstID(first), store.FirstID(now()+1); ; {
		some, next, err := tells.ViolationIDs(ctx, from, end, 3)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, some...)
		if next == end {
			break
		}
		from = next
	}
	if !slices.Equal(got, ids) {
		t.Errorf("read %d violations, want %d in their order", len(got), len(ids))
	}
	if e, erased, err := tells.Violation(ctx, ids[0]); err != nil || erased || e.ID != ids[0] {
		t.Errorf("a violation is %+v, %v, %v", e, erased, err)
	}

	// What came in, by when it came and not by when it was.
	event := func(name string, at policy.Moment) policy.AccountEvent {
		return policy.AccountEvent{At: at, WABA: waba, Kind: "account_update", Name: name}
	}
	f.apply(event("NEW", now()))
	forward(time.Second)
	f.apply(event("OLD", now().Add(-72*time.Hour)))
	f.apply(event("NEW", now().Add(-time.Second))) // told again
	arrivals, _, err := tells.Arrivals(ctx, store.FirstArrival(first), store.FirstArrival(now()+1), 10)
	var names []string
	for _, id := range arrivals {
		a, err := tells.Arrival(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, a.Event.Name)
	}
	if err != nil || fmt.Sprint(names) != "[NEW OLD]" {
		t.Errorf("what came in: %v, %v", names, err)
	}

	// How far it is, and what it didn't take.
	sub.Leaf, sub.Violations.Next = next, ids[3]
	sub.Parked = []store.ParkedEvent{{Ref: store.EventRef{Log: store.LogViolations, ID: ids[1]}, Attempts: 2, First: now(), Next: now().Add(time.Minute), Status: 500, Error: "no"}}
	dead := &store.DeadEvent{Event: "violation-x", Type: "violation", At: now(), Died: now(), Parked: store.ParkedEvent{Ref: store.EventRef{Log: store.LogViolations, ID: ids[0]}, Attempts: 10}}
	lost := *dead
	lost.Event, lost.Parked.Ref.ID = "violation-y", store.FirstID(first-1)
	sub.Holder = "b"
	if err := tells.Told(ctx, sub, nil, time.Minute, time.Hour); !errors.Is(err, store.ErrHeld) {
		t.Errorf("somebody else writes down how far it is: %v", err)
	}
	sub.Holder = "a"
	if err := tells.Told(ctx, sub, []*store.DeadEvent{dead, &lost}, time.Minute, time.Hour); err != nil {
		t.Fatal(err)
	}
	forward(2 * time.Minute) // the lease ends
	f.reopen()
	tells = f.Store.(store.Tells)
	again, err := tells.Hold(ctx, "crm", "b", time.Minute)
	if err != nil || again.Leaf != next || again.Violations.Next != ids[3] || len(again.Parked) != 1 || again.Parked[0].Status != 500 {
		t.Fatalf("after a restart it is %+v, %v", again, err)
	}
	if list, all, err := tells.DeadEvents(ctx, "crm", 10); err != nil || all != 2 || list[0].Event != "violation-x" {
		t.Errorf("dead: %v, %d, %v", list, all, err)
	}
	if n, gone, err := tells.Revive(ctx, "crm", func(*store.DeadEvent) bool { return true }, 10); n != 1 || gone != 1 || err != nil {
		t.Errorf("revived %d, %d were gone, %v", n, gone, err)
	}
	if _, all, err := tells.DeadEvents(ctx, "crm", 10); err != nil || all != 1 {
		t.Errorf("%d are dead still, %v", all, err)
	}
	if err := tells.Told(ctx, again, nil, time.Minute, time.Hour); !errors.Is(err, store.ErrHeld) {
		t.Errorf("what was changed meanwhile is lost: %v", err)
	}
	if err := tells.SwitchOn(ctx, "crm"); err != nil {
		t.Error(err)
	}
	if err := tells.SwitchOn(ctx, "nobody"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an endpoint is switched on that there is not: %v", err)
	}
	subs, err := tells.Subscribers(ctx)
	if err != nil || len(subs) != 1 || len(subs[0].Parked) != 2 || subs[0].Parked[1].Ref.ID != ids[0] {
		t.Errorf("endpoints: %+v, %v", subs, err)
	}
	if err := tells.Release(ctx, again); err != nil {
		t.Error(err)
	}
	if _, err := tells.Hold(ctx, "crm", "c", time.Minute); err != nil {
		t.Errorf("it was let go, and nobody can hold it: %v", err)
	}
}

// testWindows finds the windows that were opened in a time, and which of them were answered.
func testWindows(t *testing.T, open Open) {
	f := newFixture(t, open)
	windowed, ok := f.Store.(store.Windowed)
	if !ok {
		t.Fatal("the store can't list open windows")
	}
	f.apply(opened(start, ann), opened(start+minute, bob), opened(start+2*minute, stranger))
	f.apply(policy.ServiceWindowOpened{PhoneNumberID: number1, Who: who(stranger), At: start + 3*minute, OptOut: true})
	e := f.newEntry(start+4*minute, ann)
	e.Market = "North America"
	f.reserve(e)
	found, err := windowed.WindowsOpened(t.Context(), func(id string) (policy.Moment, policy.Moment) {
		if id != number1 {
			return 0, 0
		}
		return start - 1, start + 3*minute
	})
	if err == nil {
		err = windowed.Answers(t.Context(), found, 1000, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range found {
		got = append(got, fmt.Sprint(w.Contact, " ", int64(w.Opened-start), " ", w.Answered != 0, " ", w.Silent, " ", w.Market))
	}
	slices.Sort(got)
	want := []string{
		fmt.Sprint(f.person(ann).Contact, " 0 true false North America"),
		fmt.Sprint(f.person(bob).Contact, " ", int64(minute), " false false "),
		fmt.Sprint(f.person(stranger).Contact, " ", int64(3*minute), " false true "),
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("windows:\n%v\nwant\n%v", got, want)
	}
	// Where more was sent since than is looked at, what was read of it before tells.
	for i := range policy.Moment(40) {
		f.reserve(f.newEntry(start+5*minute+i*minute, carl))
	}
	states := func(older *store.Answered) string {
		t.Helper()
		for _, w := range found {
			w.Answered, w.AnswerUnknown = 0, false
		}
		if err := windowed.Answers(t.Context(), found, 10, older); err != nil {
			t.Fatal(err)
		}
		of := make(map[policy.ContactID]string)
		for _, w := range found {
			of[w.Contact] = fmt.Sprint(w.Answered != 0, " ", w.AnswerUnknown)
		}
		return fmt.Sprint("ann ", of[f.person(ann).Contact], ", bob ", of[f.person(bob).Contact])
	}
	if got := states(nil); got != "ann false true, bob false true" {
		t.Errorf("by the newest ten sends: %s", got)
	}
	answered := new(store.Answered)
	for i := range 10 {
		if err := windowed.FollowAnswers(t.Context(), answered, start-day, start+41*minute, 7); err != nil {
			t.Fatal(err)
		}
		// Seven times it reads seven of 37 sends, one of which it had read before.
		want := "ann false true, bob false true"
		switch {
		case i == 5: // it has found the answer, and not looked before it
			want = "ann true false, bob false true"
		case i > 5:
			want = "ann true false, bob false false"
		}
		if got := states(answered); got != want {
			t.Errorf("after reading %d times: %s, want %s", i+1, got, want)
		}
	}
	// It goes on where it stopped; where it can't keep up it says nothing that it doesn't know.
	for i := range policy.Moment(30) {
		f.reserve(f.newEntry(start+45*minute+i*minute, carl))
	}
	if got := states(answered); got != "ann true false, bob false true" {
		t.Errorf("by what was read before that: %s", got)
	}
	for _, step := range []struct {
		most int
		want string
	}{{7, "ann true false, bob false true"}, {100, "ann true false, bob false false"}} {
		if err := windowed.FollowAnswers(t.Context(), answered, start-day, start+71*minute, step.most); err != nil {
			t.Fatal(err)
		}
		if got := states(answered); got != step.want {
			t.Errorf("after reading %d more: %s, want %s", step.most, got, step.want)
		}
	}
	if none, err := windowed.WindowsOpened(t.Context(), func(string) (policy.Moment, policy.Moment) { return start + 3*minute, start + day }); len(none) != 0 || err != nil {
		t.Errorf("windows of another time: %v, %v", none, err)
	}
}
