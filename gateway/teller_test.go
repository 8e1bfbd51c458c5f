package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/notify"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/memory"
)

// receiver stands in for an endpoint.
type receiver struct {
	// answer is what it answers; nil takes everything.
	answer func(*notify.Event) *notify.Answer
	// got are the events it took, tried all attempts.
	got, tried []*notify.Event
}

func (r *receiver) send(_ context.Context, e *notify.Event) *notify.Answer {
	r.tried = append(r.tried, e)
	a := &notify.Answer{Taken: true, Status: http.StatusOK}
	if r.answer != nil {
		if said := r.answer(e); said != nil {
			a = said
		}
	}
	if a.Taken {
		r.got = append(r.got, e)
	}
	return a
}

// types are those of events, in their order.
func types(events []*notify.Event) (list []string) {
	for _, e := range events {
		list = append(list, e.Type)
	}
	return list
}

func ids(events []*notify.Event) (list []string) {
	for _, e := range events {
		list = append(list, e.ID)
	}
	return list
}

// tellerWorld is a world whose store tells, with an endpoint.
type tellerWorld struct {
	*world
	*Teller
	receiver *receiver
	space    *memory.Space
	book     *store.Book
}

func newTellerWorld(t *testing.T, types ...string) *tellerWorld {
	t.Helper()
	w := &tellerWorld{world: newWorld(t), receiver: new(receiver), space: memory.NewSpace()}
	w.reopen(t)
	t.Cleanup(func() { w.book.Close() })
	w.world.Open = func() (store.Store, error) { return w.book, nil }
	w.Teller = w.teller("h1", types...)
	w.due(t)
	w.advance(time.Second)
	return w
}

// reopen opens the store anew, as a start after kill -9 does.
func (w *tellerWorld) reopen(t *testing.T) {
	t.Helper()
	if w.book != nil {
		if err := w.book.Close(); err != nil {
			t.Fatal(err)
		}
	}
	book, err := store.Open(t.Context(), w.space.OpenAlone(w.world.Now), store.Options{Now: w.world.Now, CacheSize: 1 << 10}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.book = book
}

func (w *tellerWorld) teller(holder string, types ...string) *Teller {
	return &Teller{
		Gateway: w.Sends.Gateway, Log: w.Sends.Log, Name: "crm", Types: types, Pseudonyms: true, Ending: 2 * time.Hour, KeepDead: 24 * time.Hour, Holder: holder,
		Send: w.receiver.send,
	}
}

func (w *tellerWorld) due(t *testing.T) {
	t.Helper()
	w.Due(t.Context())
}

func (w *tellerWorld) subscriber(t *testing.T) *store.Subscriber {
	t.Helper()
	subs, err := w.book.Subscribers(t.Context())
	if err != nil || len(subs) != 1 {
		t.Fatalf("endpoints: %v, %v", subs, err)
	}
	return subs[0]
}

// event is an account event that Meta told of at a time.
func event(name string, at policy.Moment) policy.AccountEvent {
	return policy.AccountEvent{At: at, WABA: waba, Kind: "account_update", Name: name, Severity: policy.Warning}
}

// violate has a text refused.
func (w *tellerWorld) violate(t *testing.T, who string) {
	t.Helper()
	w.handle(t, w.request(t, shop, text(who, "hi")))
}

// TestTold: what happens is told, in order, each thing once.
func TestTold(t *testing.T) {
	w := newTellerWorld(t, "violation", "consent", "account", "person")
	w.writes(t, ana)
	w.advance(time.Second)
	w.violate(t, ben)
	w.advance(time.Second)
	w.stops(t, ana)
	w.advance(time.Second)
	w.learn(t, event("ACCOUNT_RESTRICTION", w.world.now()))
	w.due(t)
	w.due(t)
	if got, want := types(w.receiver.got), []string{"violation", "consent.opted_out", "account.changed"}; !slices.Equal(got, want) {
		t.Fatalf("told %v, want %v", got, want)
	}
	for _, e := range w.receiver.got {
		body, err := e.Body()
		if err != nil {
			t.Fatal(err)
		}
		for _, never := range []string{ana[1:], ben[1:]} {
			if strings.Contains(string(body), never) {
				t.Errorf("an event names a number: %s", body)
			}
		}
		if e.Subject == "" {
			t.Errorf("an event is about nothing: %s", body)
		}
	}
}

// TestToldLate: what was written down late, and what Meta tells days later, is told too.
func TestToldLate(t *testing.T) {
	w := newTellerWorld(t, "violation", "account")
	w.learn(t, event("FIRST", w.world.now()))
	w.due(t)
	w.advance(time.Minute)
	w.learn(t, event("OLD", w.world.now().Add(-3*24*time.Hour)))
	w.due(t)
	late := &store.Entry{ID: store.NewID(w.world.now().Add(-20 * time.Second)), At: w.world.now().Add(-20 * time.Second), Send: policy.Send{PhoneNumberID: shop}, Decision: policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleWindowClosed}}
	late.Outcome.State = store.Refused
	if err := w.book.Reserve(t.Context(), late).Wait(); err != nil {
		t.Fatal(err)
	}
	for range 40 {
		w.advance(5 * time.Second)
		w.due(t)
	}
	if got, want := types(w.receiver.got), []string{"account.changed", "account.changed", "violation"}; !slices.Equal(got, want) {
		t.Fatalf("told %v, want %v", got, want)
	}
	if sub := w.subscriber(t); len(sub.Violations.Seen)+len(sub.Arrivals.Seen) > 0 && sub.Violations.Settled == 0 {
		t.Errorf("what was told long ago is still remembered: %+v", sub)
	}
}

// TestToldAsLateAsMetaAnswers: a send turns out to have gone to somebody else only when Meta
// answers, and however long that may take, it is told.
func TestToldAsLateAsMetaAnswers(t *testing.T) {
	for _, timeout := range []time.Duration{time.Minute, 10 * time.Minute} {
		w := newTellerWorld(t, "violation")
		w.Awaits(timeout)
		w.Awaits(time.Second)
		decided := w.world.now()
		for range int(timeout / (5 * time.Second)) {
			w.advance(5 * time.Second)
			w.due(t)
		}
		late := &store.Entry{ID: store.NewID(decided), At: decided, Send: policy.Send{PhoneNumberID: shop}, Decision: policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleWindowClosed}}
		late.Outcome.State = store.Refused
		if err := w.book.Reserve(t.Context(), late).Wait(); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			w.advance(5 * time.Second)
			w.due(t)
		}
		if len(w.receiver.got) != 1 {
			t.Errorf("with a send_timeout of %s, %d violations were told", timeout, len(w.receiver.got))
		}
	}
}

// TestToldAfterKill: whenever the process ends, everything is told, and what is told twice has
// the same id.
func TestToldAfterKill(t *testing.T) {
	w := newTellerWorld(t, "violation", "account")
	for i := range 5 {
		w.violate(t, ana)
		w.advance(time.Second)
		w.learn(t, event(fmt.Sprint("E", i), w.world.now()))
		w.advance(time.Second)
	}
	calls := 0
	w.receiver.answer = func(e *notify.Event) *notify.Answer {
		w.advance(saveEvery * 3 / 5)
		if calls++; calls%3 == 0 { // it takes it, and nobody here hears of that any more
			w.receiver.got = append(w.receiver.got, e)
			panic("killed")
		}
		return nil
	}
	for range 20 {
		func() {
			defer func() { _ = recover() }()
			w.teller(fmt.Sprint("h", calls), "violation", "account").Due(t.Context())
		}()
		w.reopen(t)
		w.advance(tellerLease) // the lease of the one that was killed ends
	}
	if len(w.receiver.got) == 10 {
		t.Error("nothing was told again: nobody was killed")
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(ids(w.receiver.got))))
	if len(distinct) != 10 {
		t.Errorf("told %d different events, want 10", len(distinct))
	}
}

// TestOneTells: of two gateways over one store one tells, the other takes over when it has gone.
func TestOneTells(t *testing.T) {
	w := newTellerWorld(t, "account")
	other := w.teller("h2", "account")
	w.learn(t, event("A", w.world.now()))
	other.Due(t.Context())
	if len(w.receiver.got) != 0 {
		t.Fatal("both tell")
	}
	w.due(t)
	if len(w.receiver.got) != 1 {
		t.Fatal("nobody tells")
	}
	w.Leave(t.Context())
	w.advance(holdEvery)
	w.learn(t, event("B", w.world.now()))
	other.Due(t.Context())
	if got := types(w.receiver.got); len(got) != 2 {
		t.Fatalf("told %v", got)
	}
}

// TestSchedule: an event is tried at the times of the schedule, and then given up; it can be
// told again.
func TestSchedule(t *testing.T) {
	w := newTellerWorld(t, "account")
	bad := true
	var at []time.Duration
	poison := func(e *notify.Event) bool {
		raw, _ := json.Marshal(e.Data)
		return strings.Contains(string(raw), "POISON")
	}
	w.receiver.answer = func(e *notify.Event) *notify.Answer {
		if bad && poison(e) {
			at = append(at, time.Duration(w.moved.Load()))
			return &notify.Answer{Status: http.StatusInternalServerError, Why: "the endpoint answers 500"}
		}
		return nil
	}
	w.learn(t, event("POISON", w.world.now()))
	w.due(t)
	w.learn(t, event("FINE", w.world.now()))
	for end := w.world.now().Add(100 * time.Hour); w.world.now() < end; {
		w.due(t)
		step := time.Second
		if len(at) > 2 {
			step = time.Minute
		}
		w.advance(step)
	}
	want := []time.Duration{0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}
	if len(at) != len(want) {
		t.Fatalf("tried %d times, want %d", len(at), len(want))
	}
	for i := 1; i < len(at); i++ {
		if d := at[i] - at[i-1]; d < want[i] || d > want[i]+want[i]/5+2*time.Minute {
			t.Errorf("attempt %d came after %s, want %s to a fifth more", i+1, d, want[i])
		}
	}
	if got := types(w.receiver.got); len(got) != 1 {
		t.Errorf("one event held others up: told %v", got)
	}
	// It is dead, and off it isn't: others were taken.
	dead, all, err := w.book.DeadEvents(t.Context(), "crm", 10)
	if err != nil || all != 1 || dead[0].Parked.Attempts != notify.Attempts || dead[0].Parked.Status != 500 {
		t.Fatalf("dead: %+v, %d, %v", dead, all, err)
	}
	if sub := w.subscriber(t); sub.Off != 0 || len(sub.Parked) != 0 {
		t.Errorf("the endpoint is %+v", sub)
	}
	bad = false
	w.Endpoints = []*Teller{w.Teller}
	if _, _, err := w.Replay(t.Context(), ReplaySelection{Endpoint: "crm", IDs: []string{"violation-1"}}); err == nil {
		t.Error("an event that nobody knows is told again")
	}
	if n, gone, err := w.Replay(t.Context(), ReplaySelection{Endpoint: "crm", IDs: []string{dead[0].Event}}); n != 1 || gone != 0 || err != nil {
		t.Fatalf("replayed %d, %d were gone, %v", n, gone, err)
	}
	for range 3 {
		w.due(t) // which finds out that somebody else has changed the record
		w.advance(holdEvery)
	}
	if got := ids(w.receiver.got); len(got) != 2 || got[1] != dead[0].Event {
		t.Errorf("told %v after the replay", got)
	}
}

// TestAway: an endpoint that takes nothing is tried now and then, nothing is lost, and after
// three days it is switched off, which others are told.
func TestAway(t *testing.T) {
	w := newTellerWorld(t, "account")
	down := true
	w.receiver.answer = func(*notify.Event) *notify.Answer {
		if down {
			return &notify.Answer{Why: "the endpoint doesn't answer within 15s"}
		}
		return nil
	}
	for i := range 50 {
		w.learn(t, event(fmt.Sprint("E", i), w.world.now()))
		w.advance(time.Second)
	}
	for range 60 {
		w.due(t)
		w.advance(time.Minute)
	}
	if n := len(w.receiver.tried); n > 25 {
		t.Errorf("tried %d times in an hour", n)
	}
	down = false
	for range 150 {
		w.due(t)
		w.advance(time.Minute)
	}
	if got := slices.Compact(slices.Sorted(slices.Values(ids(w.receiver.got)))); len(got) != 50 || len(w.receiver.got) != 50 {
		t.Fatalf("told %d events, %d different ones, want 50", len(w.receiver.got), len(got))
	}
	down = true
	w.learn(t, event("LAST", w.world.now()))
	for range 100 * 12 {
		w.due(t)
		w.advance(5 * time.Minute)
	}
	sub := w.subscriber(t)
	if sub.Off == 0 || !strings.Contains(sub.Why, "it has taken nothing since") {
		t.Fatalf("after three days it is %+v", sub)
	}
	found := false
	for e, err := range w.book.AccountEvents(t.Context(), store.EventFilter{Kind: EndpointOff}) {
		found = err == nil && e.Severity == policy.Warning
	}
	if !found {
		t.Error("no account event says that it was switched off")
	}
	down = false
	w.learn(t, event("MEANWHILE", w.world.now()))
	w.Endpoints = []*Teller{w.Teller}
	if err := w.SwitchOn(t.Context(), "crm"); err != nil {
		t.Fatal(err)
	}
	before := len(w.receiver.got)
	for range 3 {
		w.advance(holdEvery)
		w.due(t)
	}
	if len(w.receiver.got) == before {
		t.Error("nothing is told once it is on again")
	}
}

// TestGone: 410 switches an endpoint off at once.
func TestGone(t *testing.T) {
	w := newTellerWorld(t, "account")
	w.receiver.answer = func(*notify.Event) *notify.Answer {
		return &notify.Answer{Gone: true, Status: http.StatusGone, Why: "the endpoint answers 410: it wants no more events"}
	}
	w.learn(t, event("A", w.world.now()))
	w.due(t)
	w.due(t)
	if sub := w.subscriber(t); sub.Off == 0 || len(w.receiver.tried) != 1 {
		t.Errorf("tried %d times, and it is %+v", len(w.receiver.tried), sub)
	}
}

// TestBacklog: while there is much to tell, what wasn't taken is tried again in time, and it is
// seen how old the oldest is.
func TestBacklog(t *testing.T) {
	w := newTellerWorld(t, "account", "violation")
	first := true
	var oldest []policy.Moment
	w.receiver.answer = func(*notify.Event) *notify.Answer {
		if first {
			first = false
			return &notify.Answer{Status: http.StatusInternalServerError, Why: "the endpoint answers 500"}
		}
		w.advance(200 * time.Millisecond)
		oldest = append(oldest, w.State().Oldest)
		return nil
	}
	began := w.world.now()
	for range 200 {
		w.violate(t, ana)
		w.advance(time.Millisecond)
	}
	w.learn(t, event("LAST", w.world.now()))
	w.due(t)
	if len(w.receiver.got) != 201 {
		t.Fatalf("told %d events", len(w.receiver.got))
	}
	again := slices.Index(ids(w.receiver.got), w.receiver.tried[0].ID)
	if again < 10 || again > 60 {
		t.Errorf("it was tried again after %d others, which took 200 ms each; that is to be after 5 to 6 seconds", again)
	}
	for i, at := range oldest[60:] {
		if at < began {
			t.Fatalf("at event %d of 200 the oldest one that waits is of %s", 60+i, at)
		}
	}
	w.due(t)
	if s := w.State(); s.Oldest != 0 {
		t.Errorf("all was told, and the oldest one that waits is of %s", s.Oldest)
	}
	// Of many that wait, the oldest is found.
	w.receiver.answer = func(*notify.Event) *notify.Answer { return &notify.Answer{Ours: true, Why: "the secret can't be read"} }
	began = w.world.now()
	for range 1000 {
		w.violate(t, ana)
		w.advance(time.Second)
	}
	w.due(t)
	if s := w.State(); s.Oldest < began || s.Oldest > began.Add(time.Second) {
		t.Errorf("the oldest of 1000 violations is of %s, and it seems to be of %s", began, s.Oldest)
	}
}

// TestWindowsAlone: an endpoint that is told of windows alone, which nobody is told of once they
// have ended, is switched off like others, and is never away for ever.
func TestWindowsAlone(t *testing.T) {
	w := newTellerWorld(t, "window")
	down := true
	w.receiver.answer = func(*notify.Event) *notify.Answer {
		if down {
			return &notify.Answer{Why: "it is down"}
		}
		return nil
	}
	day := func() {
		w.writes(t, ana)
		for range 24 * 12 {
			w.due(t)
			w.advance(5 * time.Minute)
		}
	}
	day()
	day()
	if sub := w.subscriber(t); sub.Off != 0 {
		t.Fatalf("after two days it is %+v", sub)
	}
	for range 4 {
		day()
	}
	if sub := w.subscriber(t); sub.Off == 0 || !strings.Contains(sub.Why, "it has taken nothing since") {
		t.Fatalf("after six days it is %+v", sub)
	}

	down = false
	w.Endpoints = []*Teller{w.Teller}
	if err := w.SwitchOn(t.Context(), "crm"); err != nil {
		t.Fatal(err)
	}
	w.advance(holdEvery)
	w.due(t)
	w.advance(holdEvery)
	w.due(t)
	w.sub.Misses, w.sub.Probe = 11, 1<<61 // as an earlier version left it
	if err := w.save(t.Context(), w.book); err != nil {
		t.Fatal(err)
	}
	w.Teller = w.teller("h1", "window")
	before := len(w.receiver.got)
	for range 5 {
		day()
	}
	if len(w.receiver.got) == before {
		t.Error("an endpoint that is up again is told nothing")
	}
}

// TestOurOwnFault: that a secret can't be read here says nothing of the endpoint, whose events
// wait; an event that can't be sent is given up at once, and holds nobody up.
func TestOurOwnFault(t *testing.T) {
	w := newTellerWorld(t, "account")
	unreadable := true
	w.receiver.answer = func(*notify.Event) *notify.Answer {
		if unreadable {
			return &notify.Answer{Ours: true, Why: "the secret can't be read"}
		}
		return nil
	}
	w.learn(t, event("A", w.world.now()), event("B", w.world.now()))
	for range 5 * 24 * 12 {
		w.due(t)
		w.advance(5 * time.Minute)
	}
	if sub := w.subscriber(t); sub.Off != 0 || sub.Misses != 0 || sub.Failing != 0 || len(sub.Parked) != 0 || sub.Error != "the secret can't be read" {
		t.Fatalf("the endpoint is held responsible: %+v", sub)
	}
	if s := w.State(); s.Oldest == 0 {
		t.Error("nobody sees that events wait")
	}
	tries := len(w.receiver.tried)
	w.due(t)
	w.due(t)
	if len(w.receiver.tried) > tries+1 {
		t.Error("it is tried all the time")
	}
	unreadable = false
	w.advance(hinderedFor)
	w.due(t)
	if len(w.receiver.got) != 2 {
		t.Fatalf("told %v once the secret can be read", ids(w.receiver.got))
	}
	w.receiver.answer = func(e *notify.Event) *notify.Answer {
		if d := e.Data.(*accountData); d.Name == "HUGE" {
			return &notify.Answer{Ours: true, Never: true, Why: "the event has 30000 bytes, and may have 20480"}
		}
		return nil
	}
	w.learn(t, event("HUGE", w.world.now()), event("C", w.world.now()))
	w.due(t)
	dead, all, err := w.book.DeadEvents(t.Context(), "crm", 10)
	if err != nil || all != 1 || !strings.Contains(dead[0].Parked.Error, "30000 bytes") {
		t.Errorf("dead: %v, %d, %v", dead, all, err)
	}
	if sub := w.subscriber(t); len(w.receiver.got) != 3 || sub.Misses != 0 || len(sub.Parked) != 0 || sub.Off != 0 {
		t.Errorf("told %v, and the endpoint is %+v", ids(w.receiver.got), sub)
	}
}

// countingBook counts what is written for endpoints.
type countingBook struct {
	*store.Book
	told int
}

func (b *countingBook) Told(ctx context.Context, sub *store.Subscriber, dead []*store.DeadEvent, lasting, keepDead time.Duration) error {
	b.told++
	return b.Book.Told(ctx, sub, dead, lasting, keepDead)
}

// TestOffIsQuiet: for an endpoint that is off only the lease is renewed, and that it is switched
// on is seen at once.
func TestOffIsQuiet(t *testing.T) {
	w := newTellerWorld(t, "account")
	book := &countingBook{Book: w.book}
	w.world.Open = func() (store.Store, error) { return book, nil }
	gone := true
	w.receiver.answer = func(*notify.Event) *notify.Answer {
		if gone {
			return &notify.Answer{Gone: true, Status: http.StatusGone, Why: "the endpoint answers 410: it wants no more events"}
		}
		return nil
	}
	w.learn(t, event("A", w.world.now()))
	w.due(t)
	book.told = 0
	for range 600 {
		w.advance(time.Second)
		w.due(t)
	}
	if book.told < 10 || book.told > 25 {
		t.Errorf("in ten minutes it was written %d times that an endpoint is off", book.told)
	}
	gone = false
	w.Endpoints = []*Teller{w.Teller}
	if err := w.SwitchOn(t.Context(), "crm"); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		w.advance(time.Second)
		w.due(t)
	}
	if len(w.receiver.got) == 0 {
		t.Error("it is on again, and told nothing for five seconds")
	}
}

// TestErasedIsToldNamelessly: what waits for somebody who is erased goes out without anything
// that names them, and whom to erase is told.
func TestErasedIsToldNamelessly(t *testing.T) {
	w := newTellerWorld(t, "violation", "consent", "window", "person")
	w.Endpoints = []*Teller{w.Teller}
	down := true
	w.receiver.answer = func(*notify.Event) *notify.Answer {
		if down {
			return &notify.Answer{Why: "it is down"}
		}
		return nil
	}
	w.writes(t, ana)
	w.advance(time.Second)
	w.stops(t, ana)
	w.advance(time.Second)
	w.violate(t, ana)
	w.writes(t, ben)
	w.advance(22*time.Hour + 30*time.Minute)
	w.due(t)
	pseudonym := w.book.Pseudonym(names(ana)[0]).String()
	if _, err := w.Sends.Erase(t.Context(), &ErasureRequest{Contact: ana, Actor: "test", Reason: "asked"}); err != nil {
		t.Fatal(err)
	}
	w.receiver.tried = nil
	down = false
	for range 200 {
		w.advance(time.Second)
		w.due(t)
	}
	told := make(map[string]int)
	for _, e := range w.receiver.got {
		body, err := e.Body()
		if err != nil {
			t.Fatal(err)
		}
		told[e.Type]++
		if names := strings.Contains(string(body), pseudonym); names != (e.Type == "person.erased") {
			t.Errorf("%s names the person: %v\n%s", e.Type, names, body)
		}
	}
	if told["person.erased"] != 1 || told["violation"] == 0 || told["consent.opted_out"] == 0 {
		t.Errorf("told %v", told)
	}
}

// TestErasedTooLongAgo: that people were erased so long ago that nobody knows whom to name is
// counted, once, and what can't be told again isn't counted as told again.
func TestErasedTooLongAgo(t *testing.T) {
	w := newTellerWorld(t, "person")
	w.Endpoints = []*Teller{w.Teller}
	w.KeepDead = 30 * 24 * time.Hour
	counted := make(map[string]int)
	w.Counts = func(result string) { counted[result]++ }
	answer := &notify.Answer{Ours: true, Never: true, Why: "it is too large"}
	w.receiver.answer = func(*notify.Event) *notify.Answer { return answer }
	erase := func(who string) {
		t.Helper()
		w.writes(t, who)
		w.advance(time.Second)
		if _, err := w.Sends.Erase(t.Context(), &ErasureRequest{Contact: who, Actor: "test", Reason: "asked"}); err != nil {
			t.Fatal(err)
		}
		w.advance(time.Second)
		w.due(t)
	}
	erase(ana) // which is dead
	answer = &notify.Answer{Gone: true, Status: http.StatusGone, Why: "the endpoint answers 410: it wants no more events"}
	erase(ben) // which switches it off
	w.advance(5 * 24 * time.Hour)
	erase("+4915110000001")
	w.advance(5 * 24 * time.Hour)
	answer = nil
	if err := w.SwitchOn(t.Context(), "crm"); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		w.advance(holdEvery)
		w.due(t)
	}
	if got := types(w.receiver.got); len(got) != 1 || got[0] != "person.erased" {
		t.Errorf("told %v, want the newest erasure", got)
	}
	if counted[ToldExpired] != 1 || w.logs.FilterMessageSnippet("it will not hear of them").Len() != 1 {
		t.Errorf("counted %v", counted)
	}
	if n, gone, err := w.Replay(t.Context(), ReplaySelection{Endpoint: "crm", All: true}); n != 0 || gone != 1 || err != nil {
		t.Errorf("told again: %d, gone: %d, %v", n, gone, err)
	}
}

// TestWindowEnding: a window that ends without an answer is told of once.
func TestWindowEnding(t *testing.T) {
	w := newTellerWorld(t, "window")
	w.writes(t, ana) // to both numbers
	w.advance(time.Second)
	w.handle(t, w.request(t, support, text(ana, "hello")))
	for range 25 * 12 {
		w.due(t)
		w.advance(5 * time.Minute)
	}
	if got := types(w.receiver.got); len(got) != 1 || got[0] != "window.ending" {
		t.Fatalf("told %v, want one window", got)
	}
	d := w.receiver.got[0].Data.(*windowData)
	if left := d.Ends.Sub(epoch); d.PhoneNumberID != shop || left < 23*time.Hour || left > 25*time.Hour || d.Contact == "" {
		t.Errorf("told %+v", d)
	}
}

// TestWindowEndingAmongMany: where more is sent than is looked at each time, what was sent
// before is read up on, and a window of which that isn't known in time is told of as such.
func TestWindowEndingAmongMany(t *testing.T) {
	for _, tc := range []struct {
		looks int
		want  []string
	}{
		{40, []string{"Shop unanswered"}},
		{1, []string{"Shop unknown", "Support unknown"}},
	} {
		w := newTellerWorld(t, "window")
		w.looksForAnswers = tc.looks
		w.meta.answers = answer(http.StatusOK, `{"messaging_product":"whatsapp","messages":[{"id":"wamid.HBgNAA"}]}`) // to whom it was sent
		w.writes(t, ana)                                                                                              // to both numbers
		w.advance(time.Second)
		w.handle(t, w.request(t, support, text(ana, "hello")))
		for i := range 25 * 12 {
			if i%120 == 0 {
				w.writes(t, ben)
			}
			for _, number := range []string{shop, support} {
				if i%2 == 0 {
					w.handle(t, w.request(t, number, text(ben, "hello")))
				}
			}
			w.due(t)
			w.advance(5 * time.Minute)
		}
		var got []string
		for _, e := range w.receiver.got {
			d := e.Data.(*windowData)
			got = append(got, d.Business+" "+string(d.Answer))
		}
		if slices.Sort(got); !slices.Equal(got, tc.want) {
			t.Errorf("by looking at %d sends at a time: told %v, want %v", tc.looks, got, tc.want)
		}
	}
}

// TestRunway lists windows that end soon.
func TestRunway(t *testing.T) {
	w := newTellerWorld(t, "account")
	w.writes(t, ana)
	w.advance(30 * time.Minute)
	w.writes(t, ben)
	w.advance(time.Minute)
	w.handle(t, w.request(t, shop, text(ana, "hello")))
	w.stops(t, ben)
	w.advance(22*time.Hour + 30*time.Minute)
	for _, tc := range []struct {
		selection RunwaySelection
		want      string
	}{
		{RunwaySelection{}, "Shop answered, Support unanswered, Support unanswered, Shop nothing_to_answer"},
		{RunwaySelection{Unanswered: true}, "Support unanswered, Support unanswered"},
		{RunwaySelection{PhoneNumberID: shop}, "Shop answered, Shop nothing_to_answer"},
		{RunwaySelection{Ending: "70m"}, "Shop answered, Support unanswered"},
		{RunwaySelection{Limit: 1}, "Shop answered"},
	} {
		r, err := w.Sends.Runway(t.Context(), tc.selection)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := range r.Windows {
			got = append(got, r.Windows[i].Business+" "+string(r.Windows[i].Answer))
		}
		if strings.Join(got, ", ") != tc.want {
			t.Errorf("%+v: %s, want %s", tc.selection, strings.Join(got, ", "), tc.want)
		}
	}
	if _, err := w.Sends.Runway(t.Context(), RunwaySelection{Ending: "25h"}); err == nil {
		t.Error("a window of more than 24 hours is listed")
	}
}

// TestEventSchema: the schema that is published has what events say, field by field.
func TestEventSchema(t *testing.T) {
	raw, err := os.ReadFile("../docs/reference/events.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		ID   string `json:"$id"`
		Defs map[string]struct {
			Anchor     string                     `json:"$anchor"`
			Required   []string                   `json:"required"`
			Properties map[string]json.RawMessage `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	parts := map[string]any{
		"violation": violationData{}, "consent": consentData{}, "account": accountData{}, "person.erased": erasedData{}, "window.ending": windowData{}, "test": testData{},
	}
	if len(schema.Defs) != len(parts) {
		t.Errorf("the schema has %d parts, want %d", len(schema.Defs), len(parts))
	}
	for name, data := range parts {
		part := schema.Defs[name]
		var fields, required []string
		of := reflect.TypeOf(data)
		for i := range of.NumField() {
			field, options, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			fields = append(fields, field)
			if options == "" {
				required = append(required, field)
			}
		}
		if got := slices.Sorted(maps.Keys(part.Properties)); !slices.Equal(got, slices.Sorted(slices.Values(fields))) {
			t.Errorf("%s: the schema has %v, events have %v", name, got, fields)
		}
		if !slices.Equal(part.Required, required) || part.Anchor != name {
			t.Errorf("%s: the schema requires %v, events always have %v", name, part.Required, required)
		}
	}
	page, err := os.ReadFile("../docs/reference/webhooks-out.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, is := range append(slices.Clone(EventTypes), EventTest) {
		if !strings.Contains(string(page), "`"+string(is)+"`") {
			t.Errorf("the reference doesn't have the type %s", is)
		}
		id, part, _ := strings.Cut(schemaOf(is), "#")
		if _, ok := parts[part]; !ok || id != schema.ID {
			t.Errorf("events of the type %s name %s, which there is not", is, schemaOf(is))
		}
	}
}
