package gateway

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// What has come whole is learned, whether or not somebody waits for it.
func TestLearnThoughNobodyWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if err := w.Hear(ctx, []policy.Event{policy.ServiceWindowOpened{PhoneNumberID: shop, Who: names(ana), At: w.now()}}); err != nil {
		t.Fatal(err)
	}
	if result := w.handle(t, w.request(t, shop, text(ana, "hi"))); rule(result) != "" {
		t.Errorf("a reply came to %s", result.Refusal)
	}
}

// Nobody waits for ever until something is learned. It is, all the same.
func TestLearnTakesLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Patience = 20 * time.Millisecond
	w.store.slowApply = make(chan struct{})
	err := w.Hear(t.Context(), []policy.Event{policy.ServiceWindowOpened{PhoneNumberID: shop, Who: names(ana), At: w.now()}})
	if !errors.Is(err, store.ErrLate) {
		t.Errorf("learned: %v", err)
	}
	close(w.store.slowApply)
	w.Patience = 0
	for deadline := time.Now().Add(time.Minute); ; {
		result := w.handle(t, w.request(t, shop, text(ana, "hi")))
		if rule(result) == "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a reply came to %s", result.Refusal)
		}
	}
}

// What could not be recorded is not learned: whoever brought it must know, and it
// counts as a failure of the store. Where there is nothing to learn, nothing fails.
func TestLearnFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	heard := []policy.Event{policy.NumberSeen{PhoneNumberID: shop, WABA: waba, At: w.now()}}
	w.store.apply.Store(true)
	if err := w.Hear(t.Context(), heard); !errors.Is(err, errFaulty) {
		t.Errorf("learned: %v", err)
	}
	w.store.closed.Store(true)
	if err := w.Hear(t.Context(), heard); err == nil {
		t.Error("learned without a store")
	}
	if got := w.counts.storeFailed.Load(); got != 2 {
		t.Errorf("the store failed %d times, want 2", got)
	}
	if err := w.Hear(t.Context(), nil); err != nil {
		t.Errorf("nothing could not be learned: %v", err)
	}
	if q := w.Silence.Load().number(shop); q.heard != 0 {
		t.Error("a webhook that failed counts as heard")
	}
	w.store.apply.Store(false)
	w.store.closed.Store(false)
	if err := w.Hear(t.Context(), heard); err != nil {
		t.Fatal(err)
	}
	if q := w.Silence.Load().number(shop); q.heard != w.now() {
		t.Error("a webhook is not heard")
	}
}

// While the store fails to write, nothing leaves that is not on disk; once it
// writes again, whoever finds out first says so for all.
func TestLearningTellsThatTheStoreWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Overlap = true
	w.writes(t, ana)
	w.store.apply.Store(true)
	_ = w.Learn(t.Context(), []policy.Event{policy.NewPerson{Who: names(ben)[0]}})
	w.store.apply.Store(false)
	w.store.reserve.Store(true)
	if result := w.handle(t, w.request(t, shop, text(ana, "hi"))); rule(result) != "STORE_UNAVAILABLE" {
		t.Errorf("while it fails: %s", result.Refusal)
	}
	w.store.reserve.Store(false)
	w.learn(t, policy.NewPerson{Who: names(ben)[0]})
	if w.failing.Load() {
		t.Error("the store is still taken to fail")
	}
}
