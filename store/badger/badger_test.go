package badger

import (
	"os"
	"testing"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/enginetest"
	"github.com/waguard/waguard/store/storetest"
)

// childEnv names what this binary does instead of running tests, when a test
// needs a process to kill or to starve.
const childEnv = "WAGUARD_TEST_CHILD"

func TestMain(m *testing.M) {
	name := os.Getenv(childEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	os.Exit(children[name](os.Getenv("WAGUARD_TEST_DIR")))
}

// children are what this binary can do instead, by name. They get a directory
// and give an exit code.
var children = map[string]func(dir string) int{"write": writeUntilKilled}

// TestEngine runs the suite that every engine passes.
func TestEngine(t *testing.T) {
	t.Parallel()
	enginetest.Run(t, enginetest.Subject{
		Open: func(t testing.TB, dir string, o enginetest.Options) store.Engine {
			e, err := OpenEngine(dir, Options{
				Now: o.Now, LedgerRetention: o.LedgerRetention, ViolationRetention: o.ViolationRetention,
				applyEvery: time.Millisecond, // so that changes are moved while others look
			})
			if err != nil {
				t.Fatal(err)
			}
			return e
		},
		Sweep: func(t testing.TB, e store.Engine) {
			if err := e.(*Engine).sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
	})
}

// TestStore runs what of the store's suite depends on its engine: what is on disk
// and when, pages, many callers at once. All of it is run over memory.
func TestStore(t *testing.T) {
	t.Parallel()
	storetest.RunSome(t, func(t testing.TB, dir string, now func() time.Time) store.Store {
		return openStore(t, dir, Options{Now: now})
	}, engineTests...)
}

// TestStoreSmallCache runs it with a cache that nearly always misses.
func TestStoreSmallCache(t *testing.T) {
	t.Parallel()
	storetest.RunSome(t, func(t testing.TB, dir string, now func() time.Time) store.Store {
		return openStore(t, dir, Options{Now: now, CacheSize: 2})
	}, "facts", "consent", "identities", "history", "confirmation", "visibility", "settle-race", "reopen")
}

var engineTests = []string{
	"facts", "history", "events", "callers", "ledger", "filters", "entries", "sums", "sums-race", "settle", "statuses", "opaque-values", "stop131050", "confirmation",
	"visibility", "claims-race", "attempts", "attempts-race", "settle-race", "reopen", "closed", "large", "erasure", "erasure-late", "erasure-ledger", "telling", "windows",
}

func openStore(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// testTime is the clock of these tests.
var testTime = time.UnixMilli(1_790_000_000_000)

func testNow() time.Time { return testTime }

const testNumber = "106540352242922"

func phone(digits string) policy.Identity { return policy.Identity{Kind: policy.Phone, Value: digits} }

func opened(digits string, at policy.Moment) policy.Event {
	return policy.ServiceWindowOpened{PhoneNumberID: testNumber, Who: []policy.Identity{phone(digits)}, At: at}
}

func apply(t testing.TB, s *Store, events ...policy.Event) {
	t.Helper()
	if err := s.Apply(t.Context(), events); err != nil {
		t.Fatal(err)
	}
}

func closeStore(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// newEntry is a reserved send to an alias.
func newEntry(at time.Time, to policy.Alias) *store.Entry {
	m := policy.MomentOf(at)
	return &store.Entry{
		ID: store.NewID(m), At: m, Business: "shop",
		Send:     policy.Send{Edge: policy.EdgeMessages, PhoneNumberID: testNumber, Kind: policy.FreeForm, Type: "text"},
		Facts:    policy.Facts{Persons: []policy.PersonFacts{{Contact: to, Opened: m}}, OnePerson: true},
		Decision: policy.Decision{Verdict: policy.Allow, Rule: policy.RuleWindowOpen, Reason: "the user wrote at 2026-09-21T14:13:20Z, the customer service window is open until 2026-09-22T14:13:20Z", Category: policy.CategoryService, Initiation: policy.ByUser},
		Outcome:  store.Outcome{State: store.Reserved, At: m},
	}
}
