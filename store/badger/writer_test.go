package badger

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TestBatchIsolation runs changes that fail in every way next to changes that
// don't, in one batch.
func TestBatchIsolation(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{Now: testNow})
	defer closeStore(t, s)
	errBad := errors.New("bad")
	answers := make(map[string]error)
	var waiting []*change
	add := func(name string, run func(*batch) error) {
		waiting = append(waiting, &change{run: run, done: func(err error) {
			if _, twice := answers[name]; twice {
				t.Errorf("%s was answered twice", name)
			}
			answers[name] = err
		}})
	}
	put := func(key string, size int) func(*batch) error {
		return func(b *batch) error { return b.Put([]byte("x"+key), make([]byte, size), 0) }
	}
	add("first", put("a", 1))
	add("fails", func(b *batch) error {
		if err := errors.Join(put("a", 2)(b), put("b", 2)(b)); err != nil {
			return err
		}
		return errBad
	})
	add("panics", func(b *batch) error {
		put("c", 1)(b)
		panic("bug")
	})
	add("large record", put("d", maxValue+1))
	add("large", func(b *batch) error {
		for i := range 10 {
			if err := put(fmt.Sprint("e", i), maxValue)(b); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range 6 { // more than one transaction holds
		add(fmt.Sprint("half", i), put(fmt.Sprint("f", i), maxValue))
	}
	add("last", func(b *batch) error {
		if value, err := b.get([]byte("xa")); err != nil || len(value) != 1 {
			return fmt.Errorf("sees %d bytes of the first change, %v", len(value), err)
		}
		return put("g", 1)(b)
	})
	s.engine.commitAll(waiting)
	for name, want := range map[string]error{
		"first": nil, "fails": errBad, "large record": store.ErrTooBig, "large": store.ErrTooBig, "last": nil,
		"half0": nil, "half1": nil, "half2": nil, "half3": nil, "half4": nil, "half5": nil,
	} {
		if got, ok := answers[name]; !ok || !errors.Is(got, want) {
			t.Errorf("%s: answered %v with %v, want %v", name, ok, got, want)
		}
	}
	if answers["panics"] == nil {
		t.Error("a change that panicked was acknowledged")
	}
	err := s.engine.view(t.Context(), func(snap snapshot) error {
		for key, want := range map[string]int{"xa": 1, "xb": 0, "xc": 0, "xd": 0, "xe0": 0, "xf5": maxValue, "xg": 1} {
			values, err := snap.Get([]byte(key))
			if err != nil {
				return err
			}
			if len(values[0]) != want {
				t.Errorf("%s has %d bytes, want %d", key, len(values[0]), want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNoWriteWithoutChange checks that repeated webhooks cost no write.
func TestNoWriteWithoutChange(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{Now: testNow})
	defer closeStore(t, s)
	who := []policy.Identity{phone("15550100001"), phone("15550100002")}
	events := []policy.Event{
		policy.ServiceWindowOpened{PhoneNumberID: testNumber, Who: who, At: 5},
		policy.ConsentChanged{PhoneNumberID: testNumber, Who: who, At: 5, State: policy.OptedIn, Scopes: policy.AllScopes},
		policy.IdentityChanged{Old: who[:1], New: who[1:], At: 5},
		policy.NewPerson{Who: who[0], At: 3},
		policy.StatusChanged{PhoneNumberID: testNumber, Wamid: "w", Who: who, At: 5, Status: policy.StatusSent, Pricing: &policy.Pricing{Category: "utility"}, Opaque: "o"},
		policy.TemplateChanged{WABA: "w", At: 5, Status: "APPROVED"},
		policy.TemplatesListed{WABA: "w", At: 5},
		policy.NumberSeen{PhoneNumberID: testNumber, WABA: "w", At: 5},
	}
	apply(t, s, events...)
	version := s.engine.db.MaxVersion()
	apply(t, s, events...)
	if got := s.engine.db.MaxVersion(); got != version {
		t.Errorf("repeated events were written: version %d after %d", got, version)
	}
}

// TestCancel checks that a caller who goes away doesn't wait.
func TestCancel(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{Now: testNow})
	defer closeStore(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Apply(ctx, []policy.Event{opened("15550100001", 1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("Apply: %v", err)
	}
	if _, err := s.Facts(ctx, store.Query{Who: []policy.Identity{phone("1")}}); !errors.Is(err, context.Canceled) {
		t.Errorf("Facts: %v", err)
	}
	// One that goes away while the writer is busy.
	release := make(chan struct{})
	busy := s.engine.Follow(store.ID{}, func(store.Tx) error { <-release; return nil })
	ctx, cancel = context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Apply(ctx, []policy.Event{opened("15550100001", 1)}) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Apply behind a busy writer: %v", err)
	}
	close(release)
	if err := busy.Wait(); err != nil {
		t.Error(err)
	}
}

func TestRetention(t *testing.T) {
	var c clock
	c.set(testTime)
	s := openStore(t, t.TempDir(), Options{Now: c.now, LedgerRetention: 10 * 24 * time.Hour, ViolationRetention: 20 * 24 * time.Hour})
	defer closeStore(t, s)
	sent := newEntry(testTime, policy.Alias{1})
	refused := newEntry(testTime, policy.Alias{1})
	refused.Decision.Verdict, refused.Outcome.State = policy.Refuse, store.Refused
	for _, e := range []*store.Entry{sent, refused} {
		if err := s.Reserve(t.Context(), e).Wait(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Apply(t.Context(), []policy.Event{policy.AccountEvent{At: policy.MomentOf(testTime), Kind: policy.WebhookChange, Name: "x"}}); err != nil {
		t.Fatal(err)
	}
	for days, want := range map[int]struct{ ledger, violations, byID, events int }{10: {2, 1, 2, 1}, 11: {0, 1, 1, 0}, 20: {0, 1, 1, 0}, 21: {0, 0, 0, 0}} {
		c.set(testTime.Add(time.Duration(days) * 24 * time.Hour))
		ledger, violations, byID, events := 0, 0, 0, 0
		for range s.AccountEvents(t.Context(), store.EventFilter{}) {
			events++
		}
		for range s.Ledger(t.Context(), store.Filter{}) {
			ledger++
		}
		for range s.Violations(t.Context(), store.Filter{}) {
			violations++
		}
		for _, e := range []*store.Entry{sent, refused} {
			if _, err := s.Entry(t.Context(), e.ID); err == nil {
				byID++
			} else if !errors.Is(err, store.ErrNotFound) {
				t.Error(err)
			}
		}
		if ledger != want.ledger || violations != want.violations || byID != want.byID || events != want.events {
			t.Errorf("after %d days: %d entries, %d violations, %d by id, %d events; want %+v", days, ledger, violations, byID, events, want)
		}
	}
}
