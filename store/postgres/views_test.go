package postgres

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// What analysts read says what the book was told, by pseudonyms.
func TestViews(t *testing.T) {
	s := openBook(t, t.TempDir())
	at := policy.MomentOf(testTime)
	ann := policy.Identity{Kind: policy.Phone, Value: "15550100001"}
	price, _ := billing.ParseAmount("0.0707")
	for _, verdict := range []policy.Verdict{policy.Allow, policy.Refuse} {
		e := newEntry(at, verdict)
		e.Market, e.WABA, e.Tags = "Germany", "2002", billing.NewTags(map[string]string{"team": "crm", "campaign": "spring"})
		e.Price = billing.Quote{Category: billing.Marketing, Type: billing.Regular, Unit: price, Known: true, Currency: "USD"}
		if err := s.Reserve(t.Context(), e).Wait(); err != nil {
			t.Fatal(err)
		}
		if verdict == policy.Allow {
			if err := s.Settle(t.Context(), e.ID, store.Outcome{State: store.Accepted, Wamid: "wamid.1"}).Wait(); err != nil {
				t.Fatal(err)
			}
		}
	}
	said := policy.ConsentChanged{PhoneNumberID: testNumber, Who: []policy.Identity{ann}, At: at, State: policy.OptedOut, Scopes: policy.AllScopes, Source: policy.SourceKeyword, General: true, Recorded: at + 1}
	if err := s.Apply(t.Context(), []policy.Event{said}); err != nil {
		t.Fatal(err)
	}
	conn, err := s.engine.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for _, test := range []struct {
		what, query string
		want        []string
	}{
		{
			"the ledger", `select concat_ws(' ', to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), phone_number_id, business, waba, rule, template, verdict, category, market, outcome, price, currency, array_to_string(tags, '+')) from waguard.waguard_ledger order by verdict`,
			[]string{
				"2026-09-21 14:13 " + testNumber + " shop 2002 WINDOW_OPEN hello allow marketing Germany accepted 0.0707 USD campaign=spring+team=crm",
				"2026-09-21 14:13 " + testNumber + " shop 2002 WINDOW_CLOSED hello refuse marketing Germany refused 0.0707 USD campaign=spring+team=crm",
			},
		},
		{"violations", `select concat_ws(' ', rule, verdict, outcome) from waguard.waguard_violation`, []string{"WINDOW_CLOSED refuse refused"}},
		{
			"consent", `select concat_ws(' ', person, phone_number_id, state, scopes, general, source, recorded - at) from waguard.waguard_consent`,
			[]string{s.Pseudonym(ann).String() + " " + testNumber + ` opted_out ["marketing", "transactional", "authentication"] t chat_keyword 00:00:00.001`},
		},
	} {
		rows, err := conn.Query(t.Context(), test.query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(test.want) {
			t.Errorf("%s: %q", test.what, got)
			continue
		}
		for i := range got {
			if got[i] != test.want[i] {
				t.Errorf("%s:\n%s\nwant\n%s", test.what, got[i], test.want[i])
			}
		}
	}
}

const testNumber = "106540352242922"

var testTime = time.Date(2026, 9, 21, 14, 13, 20, 0, time.UTC)

func testNow() time.Time { return testTime }

// newEntry is a send that is reserved, or was refused.
func newEntry(at policy.Moment, verdict policy.Verdict) *store.Entry {
	e := &store.Entry{
		ID: store.NewID(at), At: at, Business: "shop",
		Send:     policy.Send{Edge: policy.EdgeMessages, PhoneNumberID: testNumber, Kind: policy.TemplateMessage, Template: policy.TemplateRef{Name: "hello", Language: "en"}, Type: "template"},
		Decision: policy.Decision{Verdict: verdict, Rule: policy.RuleWindowOpen, Reason: "the customer service window is open", Category: policy.CategoryMarketing, Initiation: policy.ByBusiness},
		Outcome:  store.Outcome{State: store.Reserved, At: at},
	}
	if verdict == policy.Refuse {
		e.Decision.Rule, e.Outcome.State = policy.RuleWindowClosed, store.Refused
	}
	return e
}

// openBook opens the store that a directory stands for.
func openBook(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), databaseOf(t, dir), Options{Now: testNow, DatabaseNow: testNow, Key: keyOf(dir), Migrate: true, Timeout: patience, Book: store.Options{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
