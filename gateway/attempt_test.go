package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// keyed is a request with an idempotency key.
func (w *world) keyed(t testing.TB, key, body string) *Request {
	t.Helper()
	r := w.request(t, shop, body)
	r.Key = key
	return r
}

// came is what a request came to: its first answer's status, or its rule and
// outcome, or Meta's answer.
func came(r Result) string {
	switch {
	case r.First != nil:
		return fmt.Sprint("first ", r.First.Status, " ", r.First.ContentType, " ", string(r.First.Body))
	case r.Refusal != nil:
		return strings.TrimSpace(string(rule(r)) + " " + r.Refusal.Outcome)
	}
	return "passed"
}

// A repetition under the same key gets what the first one got, where that is
// known, and is sent again only where the first had no effect.
func TestRepetition(t *testing.T) {
	t.Parallel()
	const first = "first 200 application/json " + acceptedBody
	const rejected = `{"error":{"code":132000}}`
	const limited = `{"error":{"code":130429}}`
	for _, test := range []struct {
		name    string
		answers func(context.Context, *Answer) error
		want    string
		sent    int
	}{
		{"accepted", accepts, first, 1},
		{"rejected-for-good", answer(400, rejected), "first 400 application/json " + rejected, 1},
		{"rejected-for-the-moment", answer(400, limited), "passed", 2},
		{"broken-off", func(_ context.Context, a *Answer) error { a.Reached = true; return errors.New("reset") }, "UNCONFIRMED unknown", 1},
		{"unclear", answer(500, "oops"), "UNCONFIRMED unknown", 1},
		{"streamed", func(_ context.Context, a *Answer) error {
			*a = Answer{Status: 200, Streamed: true, Reached: true}
			return nil
		}, "UNCONFIRMED unknown", 1},
		{"nobody-there", func(context.Context, *Answer) error { return errors.New("refused") }, "NOT_SENT not_sent", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.writes(t, ana)
			w.meta.answers = test.answers
			begun := w.handle(t, w.keyed(t, "k-1", text(ana, "hi")))
			w.advance(time.Second) // as long as 130429 is waited for
			again := w.handle(t, w.keyed(t, "k-1", text(ana, "hi")))
			if got := came(again); got != test.want || w.meta.sent() != test.sent {
				t.Errorf("%s after %d sends, want %s after %d", got, w.meta.sent(), test.want, test.sent)
			}
			if test.sent == 1 && (again.ID != begun.ID || !again.Repetition) {
				t.Errorf("it speaks of %s, the first was %s", again.ID, begun.ID)
			}
			if got := len(w.ledger(t)); got != test.sent {
				t.Errorf("the ledger has %d entries, want %d", got, test.sent)
			}
		})
	}
}

// A key is one request's, for as long as keys are remembered.
func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(t, ana)
	for _, step := range []struct {
		name, key, body string
		want            string
	}{
		{"the-first", "k-1", text(ana, "hi"), "passed"},
		{"another-body", "k-1", text(ana, "ho"), "IDEMPOTENCY_KEY_REUSED"},
		{"another-key", "k-2", text(ana, "hi"), "passed"},
		{"a-refusal", "k-3", text(ben, "hi"), "WINDOW_CLOSED"},
	} {
		if got := came(w.handle(t, w.keyed(t, step.key, step.body))); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
	// What was refused has not left: it may be asked again.
	w.writes(t, ben)
	if got := came(w.handle(t, w.keyed(t, "k-3", text(ben, "hi")))); got != "passed" {
		t.Errorf("allowed by now: %s", got)
	}
	w.advance(w.Remember + time.Second)
	if got := came(w.handle(t, w.keyed(t, "k-1", text(ana, "ho")))); got != "passed" {
		t.Errorf("after the time keys are kept: %s", got)
	}
	w.store.attempt.Store(true)
	if got := came(w.handle(t, w.keyed(t, "k-9", text(ana, "hi")))); got != "STORE_UNAVAILABLE" {
		t.Errorf("while the store can't tell: %s", got)
	}
}

// A request that comes while the first under its key is on the way is not sent.
func TestIdempotencyKeyInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.writes(t, ana)
		release := make(chan struct{})
		w.meta.answers = func(ctx context.Context, a *Answer) error { <-release; return accepts(ctx, a) }
		first := make(chan Result)
		go func() { first <- w.handle(t, w.keyed(t, "k-1", text(ana, "hi"))) }()
		synctest.Wait()
		if got := came(w.handle(t, w.keyed(t, "k-1", text(ana, "hi")))); got != "IDEMPOTENCY_IN_FLIGHT" {
			t.Errorf("meanwhile: %s", got)
		}
		close(release)
		if got := came(<-first); got != "passed" {
			t.Errorf("the first: %s", got)
		}
		if got := came(w.handle(t, w.keyed(t, "k-1", text(ana, "hi")))); got != "first 200 application/json "+acceptedBody {
			t.Errorf("afterwards: %s", got)
		}
		if w.meta.sent() != 1 {
			t.Errorf("%d were sent", w.meta.sent())
		}
	})
}

// Of many equal requests at the same moment one is sent.
func TestRaceForAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(t, ana)
	var all sync.WaitGroup
	results := make([]Result, 16)
	for i := range results {
		r := w.keyed(t, "k-1", text(ana, "hi"))
		all.Go(func() { results[i] = w.handle(t, r) })
	}
	all.Wait()
	passed := 0
	for _, r := range results {
		switch got := came(r); {
		case got == "passed":
			passed++
		case got != "IDEMPOTENCY_IN_FLIGHT" && !strings.HasPrefix(got, "first 200"):
			t.Errorf("one came to %s", got)
		}
	}
	if passed != 1 || w.meta.sent() != 1 {
		t.Errorf("%d passed, %d were sent", passed, w.meta.sent())
	}
}
