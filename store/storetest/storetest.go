// Package storetest holds what every implementation of [store.Store] must do, as
// a suite of tests. It tests nothing about how an implementation does it.
package storetest

import (
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Open opens the store that belongs to dir, which may hold one from before. The
// suite closes it, several times: it must be an [io.Closer].
type Open func(t testing.TB, dir string, now func() time.Time) store.Store

// tests are the suite.
var tests = map[string]func(*testing.T, Open){
	"facts":             testFacts,
	"consent":           testConsent,
	"identities":        testIdentities,
	"history":           testHistory,
	"suspicions":        testSuspicions,
	"new-person-undone": testNewPersonUndone,
	"templates":         testTemplates,
	"template-clocks":   testTemplateClocks,
	"template-list":     testTemplateList,
	"template-billed":   testTemplateBilled,
	"numbers":           testNumbers,
	"bare-numbers":      testBareNumbers,
	"user-ids":          testUserIDs,
	"events":            testAccountEvents,
	"fingerprint":       testFingerprint,
	"callers":           testCallers,
	"ledger":            testLedger,
	"filters":           testFilters,
	"find":              testFind,
	"heads":             testHeads,
	"sums":              testSums,
	"sums-race":         testSumsRace,
	"catalogue":         testCatalogue,
	"listing":           testListing,
	"in-touch":          testInTouch,
	"entries":           testEntries,
	"settle":            testSettle,
	"statuses":          testStatuses,
	"opaque-values":     testOpaqueValues,
	"stop131050":        testStop131050,
	"confirmation":      testConfirmation,
	"order":             testOrder,
	"visibility":        testVisibility,
	"claims-race":       testClaimsRace,
	"meters":            testMeters,
	"tiers":             testTiers,
	"unseen":            testUnseen,
	"budget-race":       testBudgetRace,
	"figures":           testFigures,
	"challenges":        testChallenges,
	"erasure":           testErasure,
	"erasure-late":      testErasureLate,
	"erasure-ledger":    testErasureLedger,
	"consents":          testConsents,
	"attempts":          testAttempts,
	"attempts-race":     testAttemptsRace,
	"settle-race":       testSettleRace,
	"reopen":            testReopen,
	"closed":            testClosed,
	"large":             testLarge,
	"arrival":           testArrival,
	"clocks":            testClocks,
	"reach":             testReach,
	"answers":           testAnswers,
	"telling":           testTelling,
	"windows":           testWindows,
}

// Run tests the implementation that open opens, which keeps everything for ever.
func Run(t *testing.T, open func(t testing.TB, dir string, now func() time.Time) store.Store) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

// RunSome runs a part of the suite, for implementations that differ from one that
// passes all of it by their engine alone.
func RunSome(t *testing.T, open func(t testing.TB, dir string, now func() time.Time) store.Store, names ...string) {
	for _, name := range names {
		test, ok := tests[name]
		if !ok {
			t.Fatalf("the suite has no test %q", name)
		}
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

// start is when the tests happen: some day.
const start policy.Moment = 1_790_000_000_000

// minute and day are in a Moment's unit.
const (
	minute policy.Moment = 60 * 1000
	day                  = 24 * 60 * minute
)

// clock is a clock that stands until it is set.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time      { return time.UnixMilli(c.at.Load()) }
func (c *clock) set(m policy.Moment) { c.at.Store(int64(m)) }

// fixture is an open store with helpers that fail the test.
type fixture struct {
	store.Store
	t     testing.TB
	clock *clock
	open  Open
	dir   string
}

func (f *fixture) number(id string) store.Number {
	f.t.Helper()
	n, err := f.Number(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

// newFixture opens an empty store, closed at the end of the test.
func newFixture(t testing.TB, open Open) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: new(clock), open: open, dir: t.TempDir()}
	f.clock.set(start + day)
	f.Store = open(t, f.dir, f.clock.now)
	t.Cleanup(func() { f.close() })
	return f
}

func (f *fixture) close() {
	f.t.Helper()
	if err := f.Store.(io.Closer).Close(); err != nil {
		f.t.Errorf("closing: %v", err)
	}
}

func (f *fixture) reopen() {
	f.t.Helper()
	f.close()
	f.Store = f.open(f.t, f.dir, f.clock.now)
}

func (f *fixture) apply(events ...policy.Event) {
	f.t.Helper()
	if err := f.Apply(f.t.Context(), events); err != nil {
		f.t.Fatalf("applying %d events: %v", len(events), err)
	}
}

func (f *fixture) facts(q store.Query) policy.Facts {
	f.t.Helper()
	facts, err := f.Facts(f.t.Context(), q)
	if err != nil {
		f.t.Fatalf("reading facts: %v", err)
	}
	return facts
}

// person is what is known about one identity, for number 1 alone.
func (f *fixture) person(who policy.Identity) policy.PersonFacts {
	f.t.Helper()
	p, err := f.Person(f.t.Context(), who, number1, nil)
	if err != nil {
		f.t.Fatalf("reading a person: %v", err)
	}
	return p
}

func (f *fixture) history(who policy.Identity) []store.ConsentRecord {
	f.t.Helper()
	var words []store.ConsentRecord
	for w, err := range f.History(f.t.Context(), who) {
		if err != nil {
			f.t.Fatalf("reading the history: %v", err)
		}
		words = append(words, *w)
	}
	return words
}

func (f *fixture) entry(id store.ID) store.Entry {
	f.t.Helper()
	e, err := f.Entry(f.t.Context(), id)
	if err != nil {
		f.t.Fatalf("reading an entry: %v", err)
	}
	return *e
}

func (f *fixture) reserve(e *store.Entry) store.ID {
	f.t.Helper()
	if err := f.Reserve(f.t.Context(), e).Wait(); err != nil {
		f.t.Fatalf("reserving: %v", err)
	}
	return e.ID
}

func (f *fixture) settle(id store.ID, o store.Outcome) {
	f.t.Helper()
	if err := f.Settle(f.t.Context(), id, o).Wait(); err != nil {
		f.t.Fatalf("settling: %v", err)
	}
}

// Two numbers of one account, and one of another.
const (
	number1 = "106540352242922"
	number2 = "106540352242923"
	number3 = "777"
	waba    = "102290129340398"
)

var pair = []string{number1, number2}

// shared are terms under which both kinds of words reach the numbers of one
// account.
var shared = &policy.Terms{
	OptOutReach: policy.ReachWABA, OptInReach: policy.ReachWABA, Start: [policy.Scopes]bool{true, true, true},
	WABA: map[string]string{number1: waba, number2: waba, number3: "other"},
}

func phone(digits string) policy.Identity { return policy.Identity{Kind: policy.Phone, Value: digits} }
func bsuid(id string) policy.Identity     { return policy.Identity{Kind: policy.BSUID, Value: id} }

var (
	ann, annUser = phone("15550100001"), bsuid("US.1001")
	bob, bobUser = phone("15550100002"), bsuid("US.1002")
	stranger     = phone("15550100099")
)

func who(w ...policy.Identity) []policy.Identity { return w }

func opened(at policy.Moment, w ...policy.Identity) policy.Event {
	return policy.ServiceWindowOpened{PhoneNumberID: number1, Who: w, At: at}
}

func said(state policy.ConsentState, at policy.Moment, w ...policy.Identity) policy.ConsentChanged {
	return policy.ConsentChanged{PhoneNumberID: number1, Who: w, At: at, State: state, Scopes: policy.AllScopes, Source: policy.SourceKeyword}
}

// newEntry is a reserved send of a text to the contacts of identities.
func (f *fixture) newEntry(at policy.Moment, to ...policy.Identity) *store.Entry {
	e := &store.Entry{
		ID: store.NewID(at), At: at, Business: "shop",
		Send:     policy.Send{Edge: policy.EdgeMessages, PhoneNumberID: number1, Kind: policy.FreeForm, Type: "text", To: to},
		Decision: policy.Decision{Verdict: policy.Allow, Rule: policy.RuleWindowOpen, Category: policy.CategoryService},
		Outcome:  store.Outcome{State: store.Reserved, At: at},
	}
	e.Facts = f.facts(store.Query{PhoneNumberID: number1, Who: to})
	return e
}
