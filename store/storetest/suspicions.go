package storetest

import (
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func suspected(at policy.Moment, ref string, w ...policy.Identity) policy.ConsentChanged {
	e := said(policy.OptOutSuspected, at, w...)
	e.Scopes, e.Ref = []policy.Scope{policy.Marketing}, ref
	return e
}

func (f *fixture) suspicions() []store.Suspicion {
	f.t.Helper()
	list, err := f.Suspicions(f.t.Context(), func(string) *policy.Terms { return nil })
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

func (f *fixture) dismiss(s store.Suspicion) {
	f.t.Helper()
	f.apply(policy.ConsentChanged{
		PhoneNumberID: s.PhoneNumberID, Known: s.Names, State: policy.OptOutDismissed, Scopes: []policy.Scope{policy.Marketing},
		Source: policy.SourceReview, Ref: "about the bus", Actor: "ana (told)", Reviewed: s.Recorded,
	})
}

// testSuspicions: what may be an opt-out waits until somebody has decided, or the
// person has, and what was decided is in the history.
func testSuspicions(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.clock.set(start + minute)
	if list := f.suspicions(); len(list) != 0 {
		t.Fatalf("nobody wrote, and there is %+v", list)
	}
	f.apply(given(start, ann), suspected(start+minute, "wamid.1", ann, annUser))
	f.clock.set(start + 2*minute)
	f.apply(suspected(start+2*minute, "wamid.2", bob))
	f.apply(suspected(start+minute, "wamid.1", ann, annUser)) // delivered again
	f.reopen()
	list := f.suspicions()
	if len(list) != 2 || len(list[0].Names) != 2 || list[0].At != start+minute || list[1].At != start+2*minute || list[0].PhoneNumberID != number1 {
		t.Fatalf("what waits: %+v", list)
	}
	if p := f.person(annUser); p.Suspected != start+minute || p.Contact != list[0].Contact || p.Consent[policy.Marketing].State != policy.OptedIn {
		t.Errorf("she is %+v", p)
	}

	// Another one comes in after the reviewer looked: it waits anew.
	f.clock.set(start + 3*minute)
	f.apply(suspected(start+90*1000, "wamid.late", ann, annUser))
	f.dismiss(list[0])
	if again := f.suspicions(); len(again) != 2 || f.person(ann).Suspected == 0 {
		t.Errorf("what came in after the reviewer looked is dismissed: %+v", again)
	}
	for _, s := range f.suspicions() {
		if s.Contact == list[0].Contact {
			f.dismiss(s)
			f.dismiss(s)
		}
	}
	f.apply(suspected(start+minute, "wamid.1", ann, annUser)) // delivered once more
	f.reopen()
	if again := f.suspicions(); len(again) != 1 || f.person(ann).Suspected != 0 {
		t.Errorf("after the dismissal %+v", again)
	}

	// Who opts out, or in, has decided themselves.
	stop := said(policy.OptedOut, start+4*minute, bob)
	stop.General = true
	f.clock.set(start + 4*minute)
	f.apply(stop)
	if again := f.suspicions(); len(again) != 0 {
		t.Errorf("after STOP %+v", again)
	}

	var states []policy.ConsentState
	for _, r := range f.history(ann) {
		states = append(states, r.State)
		if r.State == policy.OptOutDismissed && (r.Actor != "ana (told)" || r.Ref != "about the bus" || r.Reviewed == 0) {
			t.Errorf("the dismissal is kept as %+v", r)
		}
	}
	dismissals := 0
	for _, s := range states {
		if s == policy.OptOutDismissed {
			dismissals++
		}
	}
	if len(states)-dismissals != 3 || dismissals < 2 {
		t.Errorf("her history is %v", states)
	}
}
