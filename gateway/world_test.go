package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/memory"
)

// The business numbers of the tests, and two people.
const (
	shop    = "104455667788"
	support = "104455667799"
	waba    = "200300400500"
	ana     = "+4915112345678"
	ben     = "+4915119876543"
)

// epoch is what the clock shows at first.
var epoch = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// world is a gateway between a sender and somebody who stands in for Meta.
type world struct {
	*Sends
	store  *faulty
	logs   *observer.ObservedLogs
	counts counts
	meta   meta
	// moved is how far the clock is past the epoch.
	moved atomic.Int64
}

// newWorld is a gateway that serves one number under the default policy, and
// another one in monitor mode.
func newWorld(t testing.TB) *world {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	w := &world{logs: logs}
	now := func() time.Time { return epoch.Add(time.Duration(w.moved.Load())) }
	w.store = &faulty{Store: openStore(t, now)}
	g := &Gateway{
		Now: now, Observer: &w.counts,
		Open: func() (store.Store, error) {
			if w.store.closed.Load() {
				return nil, store.ErrClosed
			}
			return w.store, nil
		},
		Businesses: Businesses{Listed: map[string]*Business{shop: business("Shop"), support: business("Support")}},
	}
	g.Businesses.Listed[support].Monitor = true
	g.Silence.Store(new(Silence))
	w.Sends = &Sends{Gateway: g, Log: zap.New(core), Timeout: time.Minute, Remember: time.Hour}
	w.meta.answers = accepts
	return w
}

// openStore is an empty store.
func openStore(t testing.TB, now func() time.Time) store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), memory.NewSpace().OpenAlone(now), store.Options{Now: now, CacheSize: 1 << 10}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return st
}

// business is one under the default policy.
func business(name string) *Business {
	return &Business{Name: name, WABA: waba, Home: "49", Zone: time.UTC, Terms: policy.DefaultTerms(), References: policy.DefaultReferences}
}

// advance moves the clock.
func (w *world) advance(by time.Duration) { w.moved.Add(int64(by)) }

// learn has the gateway learn.
func (w *world) learn(t testing.TB, events ...policy.Event) {
	t.Helper()
	if err := w.Learn(t.Context(), events); err != nil {
		t.Fatal(err)
	}
}

// writes is that somebody wrote to both numbers a moment ago.
func (w *world) writes(t testing.TB, who string) {
	t.Helper()
	for _, number := range []string{shop, support} {
		w.learn(t, policy.ServiceWindowOpened{PhoneNumberID: number, Who: names(who), At: w.now()})
	}
}

// stops is that somebody wrote STOP.
func (w *world) stops(t testing.TB, who string) {
	t.Helper()
	w.learn(t,
		policy.ServiceWindowOpened{PhoneNumberID: shop, Who: names(who), At: w.now(), OptOut: true},
		policy.ConsentChanged{PhoneNumberID: shop, Who: names(who), At: w.now(), State: policy.OptedOut, Scopes: policy.AllScopes, General: true, Source: policy.SourceKeyword})
}

func names(phone string) []policy.Identity {
	return []policy.Identity{{Kind: policy.Phone, Value: phone[1:]}}
}

// text is the body of a text to somebody.
func text(to, body string) string {
	return `{"messaging_product":"whatsapp","to":"` + to + `","type":"text","text":{"body":"` + body + `"}}`
}

// The text that may confirm an opt-out.
const confirmation = "You are unsubscribed."

// request reads a request to a business phone number.
func (w *world) request(t testing.TB, number, body string) *Request {
	t.Helper()
	return w.read(t, "/v25.0/"+number+"/messages", body)
}

// batch reads a batch of texts from numbers to people, each as "number person
// text".
func (w *world) batch(t testing.TB, texts ...string) *Request {
	t.Helper()
	elements := make([]string, len(texts))
	for i, s := range texts {
		f := strings.SplitN(s, " ", 3)
		elements[i] = `{"method":"POST","relative_url":"` + f[0] + `/messages","body":"messaging_product=whatsapp&to=%2B` + f[1][1:] +
			`&type=text&text=%7B%22body%22%3A%22` + f[2] + `%22%7D"}`
	}
	return w.read(t, "/v25.0/", `{"batch":[`+strings.Join(elements, ",")+`]}`)
}

// read reads a request, a little later than the one before, so that the ledger
// tells their order.
func (w *world) read(t testing.TB, path, body string) *Request {
	t.Helper()
	w.advance(time.Millisecond)
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	route, refusal := cloudapi.Classify(cloudapi.Cloud, r, "")
	if refusal != nil {
		t.Fatal(refusal)
	}
	reading, refusal := cloudapi.ReadSends(route, "application/json", []byte(body), func(id string) string { return w.Home(t.Context(), id) })
	if refusal != nil {
		t.Fatal(refusal)
	}
	return &Request{Reading: reading, Body: []byte(body), By: By{Sender: "crm", Token: "a1b2c3d4e5"}, From: Caller{Named: true}}
}

// handle has a request handled.
func (w *world) handle(t testing.TB, r *Request) Result {
	t.Helper()
	return w.Handle(t.Context(), r, &w.meta)
}

// rule is the rule of the refusal a request came to; "" for none.
func rule(r Result) policy.Rule {
	if r.Refusal == nil {
		return ""
	}
	return r.Refusal.Rule
}

// ledger is what the ledger says became of each send, newest first.
func (w *world) ledger(t testing.TB) (entries []*store.Entry) {
	t.Helper()
	for e, err := range w.store.Ledger(t.Context(), store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

// newest is the newest entry of the ledger.
func (w *world) newest(t testing.TB) *store.Entry {
	t.Helper()
	entries := w.ledger(t)
	if len(entries) == 0 {
		t.Fatal("the ledger is empty")
	}
	return entries[0]
}

// said reports how often a message was logged.
func (w *world) said(message string) int { return w.logs.FilterMessage(message).Len() }

// meta stands in for Meta, and what lies before it.
type meta struct {
	mu     sync.Mutex
	passed int
	// answers is how requests are answered.
	answers func(context.Context, *Answer) error
}

// Pass counts the request and answers it.
func (m *meta) Pass(ctx context.Context, _ []Judged, a *Answer) error {
	m.mu.Lock()
	m.passed++
	answers := m.answers
	m.mu.Unlock()
	return answers(ctx, a)
}

// sent is how many requests came.
func (m *meta) sent() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.passed
}

// answer is an upstream that gets the request and answers it.
func answer(status int, body string) func(context.Context, *Answer) error {
	return func(_ context.Context, a *Answer) error {
		*a = Answer{Status: status, ContentType: "application/json", Body: []byte(body), Reached: true}
		return nil
	}
}

const acceptedBody = `{"messaging_product":"whatsapp","contacts":[{"input":"+4915112345678","wa_id":"4915112345678"}],"messages":[{"id":"wamid.HBgNAA"}]}`

var accepts = answer(http.StatusOK, acceptedBody)

// counts is what an Observer was told.
type counts struct {
	storeFailed, sentToAnother, strangers, decided, judged, answered, inFlight, statuses atomic.Int64
	// mu guards the rest.
	mu       sync.Mutex
	outcomes []store.OutcomeState
	refused  []RefusedByMeta
}

func (c *counts) StoreFailed()   { c.storeFailed.Add(1) }
func (c *counts) SentToAnother() { c.sentToAnother.Add(1) }

func (c *counts) StrangerRefused(policy.Rule)       { c.strangers.Add(1) }
func (c *counts) Decided(*Judged)                   { c.decided.Add(1) }
func (c *counts) Judged(time.Duration)              { c.judged.Add(1) }
func (c *counts) Answered(time.Duration)            { c.answered.Add(1) }
func (c *counts) Leaving(sends int)                 { c.inFlight.Add(int64(sends)) }
func (c *counts) StatusHeard(policy.DeliveryStatus) { c.statuses.Add(1) }

func (c *counts) RefusedByMeta(r *RefusedByMeta) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = append(c.refused, *r)
}

func (c *counts) Returned(sends []Judged) {
	c.inFlight.Add(-int64(len(sends)))
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range sends {
		c.outcomes = append(c.outcomes, sends[i].Outcome.State)
	}
}

// faulty is a store of which some methods fail.
type faulty struct {
	store.Store
	closed, facts, apply, reserve, full, claims, settle, attempt atomic.Bool
	// What takes longer than anybody waits, and is done all the same.
	slowFacts, slowReserve, slowSettle atomic.Bool
	// slowApply is what Apply waits for; nil for nothing.
	slowApply chan struct{}
	// outdated is how many reservations from now on others come before.
	outdated atomic.Int64
}

var errFaulty = errors.New("the store fails because the test says so")

func (f *faulty) Facts(ctx context.Context, q store.Query) (policy.Facts, error) {
	if f.facts.Load() {
		return policy.Facts{}, errFaulty
	}
	if f.slowFacts.Load() {
		<-ctx.Done()
		return policy.Facts{}, ctx.Err()
	}
	return f.Store.Facts(ctx, q)
}

func (f *faulty) Apply(ctx context.Context, events []policy.Event) error {
	if f.apply.Load() {
		return errFaulty
	}
	if f.slowApply != nil {
		<-f.slowApply
	}
	return errors.Join(ctx.Err(), f.Store.Apply(ctx, events))
}

func (f *faulty) Reserve(ctx context.Context, e *store.Entry) *store.Write {
	switch {
	case f.reserve.Load(): // which shows when somebody waits for it
		w, done := store.NewWrite()
		w.Hurry(func() { done(errFaulty) })
		return w
	case f.full.Load():
		return ended(errFaulty)
	case f.claims.Load() && claims(e): // another send was quicker
		return ended(store.ErrClaimed)
	case f.outdated.Add(-1) >= 0:
		return ended(store.ErrOutdated)
	}
	return slow(f.Store.Reserve(ctx, e), f.slowReserve.Load())
}

func (f *faulty) Settle(ctx context.Context, id store.ID, o store.Outcome) *store.Write {
	if f.settle.Load() {
		return ended(errFaulty)
	}
	return slow(f.Store.Settle(ctx, id, o), f.slowSettle.Load())
}

func (f *faulty) Attempt(ctx context.Context, key policy.Alias) (*store.KnownAttempt, error) {
	if f.attempt.Load() {
		return nil, errFaulty
	}
	return f.Store.Attempt(ctx, key)
}

// slow is a write of which nobody hears, if it is one.
func slow(w *store.Write, is bool) *store.Write {
	if is {
		w, _ = store.NewWrite()
	}
	return w
}

// ended is a write that has ended.
func ended(err error) *store.Write {
	w, done := store.NewWrite()
	done(err)
	return w
}

func claims(e *store.Entry) bool { return len(e.Decision.Claims) > 0 }
