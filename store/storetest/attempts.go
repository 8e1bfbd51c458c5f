package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// attempt is a send whose request came with an idempotency key.
func (f *fixture) attempt(at policy.Moment, key, request string) *store.Entry {
	e := f.newEntry(at, ann)
	e.Attempt = &store.Attempt{
		Key: f.AttemptPseudonym("key", number1, key), Request: f.AttemptPseudonym("request", request), Keep: 24 * time.Hour,
	}
	return e
}

// wantAttempt checks what is remembered under a key; a zero state wants nothing.
func (f *fixture) wantAttempt(what, key string, state store.AttemptState, id store.ID) *store.KnownAttempt {
	f.t.Helper()
	got, err := f.Attempt(f.t.Context(), f.AttemptPseudonym("key", number1, key))
	if state == 0 {
		if !errors.Is(err, store.ErrNotFound) {
			f.t.Errorf("%s: %+v, %v, want ErrNotFound", what, got, err)
		}
		return nil
	}
	if err != nil || got.State != state || got.Entry != id {
		f.t.Fatalf("%s: %+v, %v, want state %d of %s", what, got, err, state, id)
	}
	return got
}

func testAttempts(t *testing.T, open Open) {
	f := newFixture(t, open)
	at := start
	reserve := func(what string, want error, key string) store.ID {
		t.Helper()
		at++
		e := f.attempt(at, key, "request")
		if err := f.Reserve(t.Context(), e).Wait(); !errors.Is(err, want) {
			t.Fatalf("%s: %v, want %v", what, err, want)
		}
		if _, err := f.Entry(t.Context(), e.ID); (err == nil) != (want == nil) {
			t.Errorf("%s: reading the entry: %v", what, err)
		}
		return e.ID
	}
	f.clock.set(start)
	f.wantAttempt("before", "k", 0, store.ID{})
	id := reserve("the first", nil, "k")
	got := f.wantAttempt("in flight", "k", store.AttemptOpen, id)
	if got.Request != f.AttemptPseudonym("request", "request") {
		t.Errorf("the request is known as %s", got.Request)
	}
	reserve("in flight", store.ErrRepeated, "k")
	reserve("under another key", nil, "other")

	f.settle(id, store.Outcome{State: store.Accepted, At: at, HTTPStatus: 200, Answer: []byte("sealed")})
	got = f.wantAttempt("answered", "k", store.AttemptAnswered, id)
	if got.Status != 200 || string(got.Answer) != "sealed" {
		t.Errorf("the answer is %d %q", got.Status, got.Answer)
	}
	reserve("answered", store.ErrRepeated, "k")

	unknown := reserve("one without answer", nil, "unknown")
	f.settle(unknown, store.Outcome{State: store.Unknown, At: at})
	f.wantAttempt("without answer", "unknown", store.AttemptUnknown, unknown)
	reserve("without answer", store.ErrRepeated, "unknown")

	for name, o := range map[string]store.Outcome{
		"not-sent":   {State: store.NotSent, At: at},
		"repeatable": {State: store.Rejected, At: at, HTTPStatus: 429, Repeatable: true},
	} {
		f.settle(reserve(name, nil, name), o)
		f.wantAttempt(name, name, 0, store.ID{})
		again := reserve(name+" again", nil, name)
		f.wantAttempt(name+" again", name, store.AttemptOpen, again)
	}

	lost := reserve("one that a restart interrupts", nil, "lost")
	f.reopen()
	f.clock.set(start + 15*minute) // longer than a send can take
	f.wantAttempt("after a restart", "lost", store.AttemptUnknown, lost)
	reserve("after a restart", store.ErrRepeated, "lost")
	f.wantAttempt("after a restart, answered", "k", store.AttemptAnswered, id)

	f.clock.set(start + day + minute)
	f.wantAttempt("a day later", "k", 0, store.ID{})
	at = start + day + minute
	id = reserve("a day later", nil, "k")
	f.wantAttempt("a day later, again", "k", store.AttemptOpen, id)

	// What was refused has not left, and may be asked again.
	e := f.attempt(at+1, "refused", "request")
	e.Outcome.State = store.Refused
	f.reserve(e)
	f.wantAttempt("refused", "refused", 0, store.ID{})
}

func testAttemptsRace(t *testing.T, open Open) {
	f := newFixture(t, open)
	const senders = 17
	errs := make([]error, senders)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = f.Reserve(t.Context(), f.attempt(start+policy.Moment(i), "k", "request")).Wait() })
	}
	wg.Wait()
	first := 0
	for _, err := range errs {
		switch {
		case err == nil:
			first++
		case !errors.Is(err, store.ErrRepeated):
			t.Errorf("%v, want ErrRepeated", err)
		}
	}
	if first != 1 {
		t.Errorf("%d of %d requests under one key were reserved, want 1", first, senders)
	}
}
