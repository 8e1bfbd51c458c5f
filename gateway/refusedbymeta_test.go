package gateway

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// wait waits until nobody looks at refusals any more.
func (q *refusals) wait() {
	q.mu.Lock()
	idle := q.idle
	q.mu.Unlock()
	if idle != nil {
		<-idle
	}
}

// ponderous is a store in which looking for a send takes until it may end, and which counts
// how often it is asked what was heard.
type ponderous struct {
	store.Store
	may   chan struct{}
	asked atomic.Int64
	heard error
}

func (p *ponderous) Ledger(ctx context.Context, f store.Filter) iter.Seq2[*store.Entry, error] {
	<-p.may
	return p.Store.Ledger(ctx, f)
}

func (p *ponderous) Heard(ctx context.Context, messages []store.MessageID) ([]store.Heard, error) {
	p.asked.Add(1)
	if p.heard != nil {
		return nil, p.heard
	}
	return p.Store.Heard(ctx, messages)
}

func failures(n int, at policy.Moment) (events []policy.Event) {
	for i := range n {
		events = append(events, policy.StatusChanged{PhoneNumberID: shop, Wamid: fmt.Sprint("wamid.of-another-replica.", i), At: at, Status: policy.StatusFailed, ErrorCode: 131026})
	}
	return events
}

// TestWebhookWaitsForNoHindsight: that Meta refused messages of which nobody knows the sends is
// learned without looking for these, however many they are, and each is counted once.
func TestWebhookWaitsForNoHindsight(t *testing.T) {
	t.Parallel()
	w := newScored(t)
	st, err := w.Open()
	if err != nil {
		t.Fatal(err)
	}
	slow := &ponderous{Store: st, may: make(chan struct{})}
	w.Open = func() (store.Store, error) { return slow, nil }
	told := failures(100, w.now())
	for range 2 { // while nobody has found any
		if err := w.Hear(t.Context(), told); err != nil {
			t.Fatal(err)
		}
	}
	close(slow.may)
	w.refusals.wait()
	if n := len(w.counts.refused); n != 100 {
		t.Errorf("%d refusals were counted, want 100", n)
	}
	for i := range w.counts.refused {
		if r := &w.counts.refused[i]; !r.Unmatched || r.Matter != policy.MatterRecipient {
			t.Fatalf("told %+v", r)
		}
	}
	// Once before each of two deliveries, and once after, for all.
	if n := slow.asked.Load(); n != 3 {
		t.Errorf("it was read %d times what had been heard", n)
	}
}

// TestHindsightIsBounded: of more failures than may wait it is counted that they came; what
// waits when the configuration goes is let go.
func TestHindsightIsBounded(t *testing.T) {
	t.Parallel()
	w := newScored(t)
	ended := make(chan struct{})
	w.Ended = ended
	st, err := w.Open()
	if err != nil {
		t.Fatal(err)
	}
	slow := &ponderous{Store: st, may: make(chan struct{})}
	w.Open = func() (store.Store, error) { return slow, nil }
	if err := w.Hear(t.Context(), failures(mostRefusals+refusalsAtOnce+10, w.now())); err != nil {
		t.Fatal(err)
	}
	w.counts.mu.Lock()
	counted := len(w.counts.refused)
	w.counts.mu.Unlock()
	if counted < 10 || counted > refusalsAtOnce+10 {
		t.Errorf("%d failures were counted at once", counted)
	}
	close(ended)
	close(slow.may)
	w.refusals.wait()
	if n := len(w.counts.refused); n > 2*refusalsAtOnce+10 {
		t.Errorf("%d failures were looked at after the configuration had gone", n)
	}
}

// TestHindsightStopsAtAnError: where the store is away it is asked once what was heard, for all
// failures, and learning is tried.
func TestHindsightStopsAtAnError(t *testing.T) {
	t.Parallel()
	w := newScored(t)
	st, err := w.Open()
	if err != nil {
		t.Fatal(err)
	}
	away := &ponderous{Store: st, heard: errors.New("the store is away")}
	w.Open = func() (store.Store, error) { return away, nil }
	if err := w.Hear(t.Context(), failures(100, w.now())); err != nil || away.asked.Load() != 1 {
		t.Errorf("asked %d times, %v", away.asked.Load(), err)
	}
}
