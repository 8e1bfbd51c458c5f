package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waguard/waguard/store"
)

// What became of a send is told from what Meta answered, or didn't: what the
// ledger says, and what the sender is told where it is not Meta's answer.
func TestOutcome(t *testing.T) {
	t.Parallel()
	breaksOff := errors.New("connection reset by peer")
	fails := func(a Answer) func(context.Context, *Answer) error {
		return func(_ context.Context, got *Answer) error { *got = a; return breaksOff }
	}
	w := newWorld(t)
	w.writes(t, ana)
	for _, test := range []struct {
		name    string
		answers func(context.Context, *Answer) error
		want    string // state, Meta's status and error code, and the refusal
	}{
		{"accepted", accepts, "accepted 200 0 "},
		{"accepted/without-a-name", answer(200, `{"success":true}`), "accepted 200 0 "},
		{"rejected", answer(400, `{"error":{"code":131026}}`), "rejected 400 131026 "},
		{"rejected/with-status-200", answer(200, `{"error":{"code":131000}}`), "rejected 200 131000 "},
		{"rejected/unreadable", answer(404, "<html>"), "rejected 404 0 "},
		{"rejected/before-it-was-read", func(_ context.Context, a *Answer) error {
			*a = Answer{Status: 401, Body: []byte(`{"error":{"code":190}}`)}
			return nil
		}, "rejected 401 190 "},
		{"unknown/server-error", answer(500, "oops"), "unknown 500 0 "},
		{"unknown/broken-json", answer(200, acceptedBody[:40]), "unknown 200 0 "},
		{"unknown/empty", answer(200, ""), "unknown 200 0 "},
		{"unknown/redirect", answer(307, ""), "unknown 307 0 "},
		{"unknown/client-closed", answer(StatusClientClosed, ""), "unknown 499 0 "},
		{"unknown/streamed", func(_ context.Context, a *Answer) error {
			*a = Answer{Status: 200, Streamed: true, Reached: true}
			return nil
		}, "unknown 200 0 "},
		{"unknown/breaks-off-while-it-streams", fails(Answer{Status: 200, Streamed: true, Reached: true}), "unknown 200 0 "},
		{"unknown/breaks-off", fails(Answer{Status: 200, Reached: true}), "unknown 200 0 UNCONFIRMED unknown"},
		{"unknown/no-answer", fails(Answer{Reached: true}), "unknown 0 0 UNCONFIRMED unknown"},
		{"not-sent/nobody-there", fails(Answer{}), "not_sent 0 0 NOT_SENT not_sent"},
		{"not-sent/another-handler-declines", fails(Answer{Declined: true}), "not_sent 0 0 "},
		{"unknown/another-handler-declines-what-was-read", fails(Answer{Reached: true, Declined: true}), "unknown 0 0 "},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.meta.answers = test.answers
			result := w.handle(t, w.request(t, shop, text(ana, "hi")))
			o := w.newest(t).Outcome
			got := fmt.Sprint(o.State, " ", o.HTTPStatus, " ", o.ErrorCode, " ", rule(result))
			if result.Refusal != nil {
				got += " " + result.Refusal.Outcome
			}
			if got != test.want {
				t.Errorf("%s; want %s", got, test.want)
			}
			if result.ID != w.newest(t).ID {
				t.Errorf("the answer names %s, the ledger %s", result.ID, w.newest(t).ID)
			}
		})
	}
}

// Meta answers a batch element by element; an element without an answer may have
// been sent.
func TestOutcomesOfABatch(t *testing.T) {
	t.Parallel()
	const one = shop + " " + ana + " hi"
	ok := `{"code":200,"body":"{\"messages\":[{\"id\":\"wamid.HBgNAA\"}]}"}`
	bad := `{"code":400,"body":"{\"error\":{\"code\":131026}}"}`
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"each", 200, "[" + ok + "," + bad + "," + ok + "]", "[accepted rejected accepted]"},
		{"one-ran-out-of-time", 200, "[" + ok + ",null," + bad + "]", "[accepted unknown rejected]"},
		{"fewer-answers-than-sends", 200, "[" + ok + "]", "[accepted unknown unknown]"},
		{"one-answer-to-all", 400, `{"error":{"code":190}}`, "[rejected rejected rejected]"},
		{"unreadable", 200, "[", "[unknown unknown unknown]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.writes(t, ana)
			w.meta.answers = answer(test.status, test.body)
			result := w.handle(t, w.batch(t, one, one, one))
			var states []store.OutcomeState
			for i := range result.Sends {
				e, err := w.store.Entry(t.Context(), result.Sends[i].Entry.ID)
				if err != nil {
					t.Fatal(err)
				}
				states = append(states, e.Outcome.State)
			}
			if got := fmt.Sprint(states); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// An upstream that panics leaves a send of which nobody knows what became, and the
// panic goes on.
func TestUpstreamPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(t, ana)
	w.meta.answers = func(_ context.Context, a *Answer) error {
		a.Status = 200
		panic(http.ErrAbortHandler)
	}
	func() {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("recovered %v", p)
			}
		}()
		w.handle(t, w.request(t, shop, text(ana, "hi")))
	}()
	if o := w.newest(t).Outcome; o.State != store.Unknown || o.HTTPStatus != 200 {
		t.Errorf("the ledger says %+v", o)
	}
}

// A sender that goes while its message is on the way changes nothing, and Meta has
// the time that the settings give it.
func TestSenderGoesMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writes(t, ana)
	r := w.request(t, shop, text(ana, "hi"))
	ctx, leave := context.WithCancel(t.Context())
	w.meta.answers = func(ctx context.Context, a *Answer) error {
		leave()
		if err := ctx.Err(); err != nil {
			t.Errorf("the send ended with its sender: %v", err)
		}
		return accepts(ctx, a)
	}
	if result := w.Handle(ctx, r, &w.meta); rule(result) != "" || result.Gone != nil {
		t.Errorf("came to %+v", result)
	}
	if o := w.newest(t).Outcome; o.State != store.Accepted {
		t.Errorf("the ledger says %+v", o)
	}
	// Gone before: nothing is sent, and nothing is in the ledger.
	if result := w.Handle(ctx, r, &w.meta); result.Gone == nil {
		t.Errorf("came to %+v", result)
	}
	if w.meta.sent() != 1 || len(w.ledger(t)) != 1 {
		t.Errorf("%d requests were sent, %d are in the ledger", w.meta.sent(), len(w.ledger(t)))
	}
}

// Meta has so much time and no more.
func TestSendTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.writes(t, ana)
		w.meta.answers = func(ctx context.Context, a *Answer) error {
			a.Reached = true
			<-ctx.Done()
			return ctx.Err()
		}
		begun := time.Now()
		result := w.handle(t, w.request(t, shop, text(ana, "hi")))
		if took := time.Since(begun); took < w.Timeout || took > w.Timeout+time.Second {
			t.Errorf("Meta had %s, want %s", took, w.Timeout)
		}
		if rule(result) != "UNCONFIRMED" || !strings.Contains(result.Refusal.Reason, "within 1m0s") {
			t.Errorf("came to %+v", result.Refusal)
		}
	})
}
