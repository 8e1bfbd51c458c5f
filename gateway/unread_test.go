package gateway

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

var unreadable = &cloudapi.Refusal{Rule: policy.RuleUnreadable, Reason: "it broke off", Remedy: "again"}

// unread is a request to a number that could not be read.
func (w *world) unread(number string) *Unread {
	w.advance(time.Millisecond)
	return w.Unread(context.Background(), cloudapi.Route{PhoneNumberID: number}, unreadable, &Request{By: By{Sender: "crm"}, From: Caller{Named: true}})
}

// What could not be read is refused and in the ledger, or passes in monitor mode
// and is there too, with what became of it.
func TestUnread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	streams := func(status int) func(context.Context, *Answer) error {
		return func(_ context.Context, a *Answer) error { a.Status = status; return nil }
	}
	for _, test := range []struct {
		name    string
		comes   func() Result
		answers func(context.Context, *Answer) error
		want    string // the answer's rule; the ledger's state, whether monitored, and Meta's status
	}{
		{"refused", func() Result { return w.unread(shop).Refuse(t.Context(), "") }, nil, "UNREADABLE refused false 0"},
		{"refused/monitor", func() Result { return w.unread(support).Refuse(t.Context(), "it could hold others") }, nil, "UNREADABLE refused false 0"},
		{"passes", func() Result { return w.unread(support).Pass(t.Context(), &w.meta) }, accepts, " accepted true 200"},
		{"passes/breaks-off", func() Result { return w.unread(support).Pass(t.Context(), &w.meta) }, func(_ context.Context, a *Answer) error {
			a.Reached = true
			return errors.New("reset")
		}, "UNCONFIRMED unknown true 0"},
		{"streams", func() Result { return w.unread(support).Stream(t.Context(), &w.meta) }, streams(200), " unknown true 200"},
		{"streams/rejected", func() Result { return w.unread(support).Stream(t.Context(), &w.meta) }, streams(413), " rejected true 413"},
		{"streams/server-error", func() Result { return w.unread(support).Stream(t.Context(), &w.meta) }, streams(502), " unknown true 502"},
		{"has-streamed", func() Result { return w.unread(support).Passed(t.Context(), 200) }, nil, " unknown true 200"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.meta.answers = test.answers
			result := test.comes()
			e := w.newest(t)
			if got := fmt.Sprint(rule(result), " ", e.Outcome.State, " ", e.Monitored, " ", e.Outcome.HTTPStatus); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			if !e.Unread || e.Sender != "crm" || result.ID != e.ID {
				t.Errorf("the ledger has %+v, the answer names %s", e, result.ID)
			}
		})
	}
	if w.said("send refused although in monitor mode") != 1 {
		t.Error("the log doesn't tell what spoke against monitor mode")
	}
}

// Without a store a refusal holds, and what passes in monitor mode does so
// unrecorded.
func TestUnreadWithoutStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.closed.Store(true)
	if result := w.unread(shop).Refuse(t.Context(), ""); rule(result) != policy.RuleUnreadable {
		t.Errorf("came to %+v", result)
	}
	for name, pass := range map[string]func(*Unread) Result{
		"passes":  func(u *Unread) Result { return u.Pass(t.Context(), &w.meta) },
		"streams": func(u *Unread) Result { return u.Stream(t.Context(), &w.meta) },
	} {
		if result := pass(w.unread(support)); !result.Unjudged {
			t.Errorf("%s: came to %+v", name, result)
		}
	}
	if result := w.unread(support).Passed(t.Context(), 200); len(result.Sends) != 1 {
		t.Errorf("what has streamed came to %+v", result)
	}
	if got := w.counts.storeFailed.Load(); got != 4 || w.meta.sent() != 0 {
		t.Errorf("the store failed %d times, %d were passed on here", got, w.meta.sent())
	}
}

// A stream that panics is on record, and the panic goes on.
func TestStreamPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.meta.answers = func(_ context.Context, a *Answer) error { a.Status = 200; panic("gone") }
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		w.unread(support).Stream(t.Context(), &w.meta)
	}()
	if o := w.newest(t).Outcome; o.State != store.Unknown || o.HTTPStatus != 200 {
		t.Errorf("the ledger says %+v", o)
	}
}

// A recipient's number where the business number's id belongs doesn't stay; an id
// that is known does, whatever it looks like.
func TestPhoneNumberWhereTheIDBelongs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Businesses.Listed["4930123456"] = business("An id like a number")
	for id, kept := range map[string]bool{"4915112345678": false, shop: true, "104455667788990": true, "4930123456": true, "12": true} {
		w.unread(id).Refuse(t.Context(), "")
		got := w.newest(t).Send.PhoneNumberID
		if (got == id) != kept || got == "" {
			t.Errorf("%s is kept as %q", id, got)
		}
	}
}
