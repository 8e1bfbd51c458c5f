package gateway

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// office is a gateway that operators ask, with a clock that stands.
type office struct {
	*Gateway
	store store.Store
	clock sync.Mutex // guards now
	now   time.Time
}

type unwatched struct{ Observer }

func (unwatched) StoreFailed() {}

const (
	officeShop    = "104455667788"
	officeSupport = "104455667799"
	officeWABA    = "200300400500"
	officeAna     = "+4915112345678"
)

// advance moves the clock, which the store reads in the background.
func (o *office) advance(by time.Duration) {
	o.clock.Lock()
	defer o.clock.Unlock()
	o.now = o.now.Add(by)
}

func newOffice(t *testing.T, zones map[string]string) *office {
	t.Helper()
	o := &office{now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time {
		o.clock.Lock()
		defer o.clock.Unlock()
		return o.now
	}
	st := openStore(t, now)
	o.store = st
	o.Gateway = &Gateway{Now: now, Open: func() (store.Store, error) { return st, nil }, Observer: unwatched{}}
	o.Businesses.Listed = make(map[string]*Business)
	for number, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		terms := policy.DefaultTerms()
		o.Businesses.Listed[number] = &Business{Name: "Business " + number, WABA: officeWABA, Zone: zone, Terms: terms}
	}
	return o
}

// refused enters a refused send of a business number.
func (o *office) refused(t *testing.T, number string, rule policy.Rule, at time.Time) store.ID {
	t.Helper()
	e := &store.Entry{ID: store.NewID(policy.MomentOf(at)), At: policy.MomentOf(at), Outcome: store.Outcome{State: store.Refused}}
	e.Send.PhoneNumberID, e.Send.Type, e.Send.Kind = number, "text", policy.FreeForm
	e.Decision.Verdict, e.Decision.Rule, e.Decision.Category = policy.Refuse, rule, policy.CategoryService
	if err := o.store.Reserve(t.Context(), e).Wait(); err != nil {
		t.Fatal(err)
	}
	return e.ID
}

// TestOperatorPages: every entry is on one page, newest first, whatever the size of
// the pages; the first page of violations has the account events of its time beside.
func TestOperatorPages(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{officeShop: "UTC"})
	const n = 5
	for i := range n {
		o.refused(t, officeShop, policy.RuleWindowClosed, o.now.Add(time.Duration(i-n)*time.Minute))
	}
	event := policy.AccountEvent{At: policy.MomentOf(o.now.Add(-time.Hour)), Severity: policy.Critical, Kind: "account_update", Name: "ACCOUNT_RESTRICTION", WABA: officeWABA}
	if err := o.Learn(t.Context(), []policy.Event{event}); err != nil {
		t.Fatal(err)
	}
	for limit := 1; limit <= n+1; limit++ {
		var got []*store.Entry
		s := Selection{Limit: limit}
		for {
			p, err := o.Page(t.Context(), Violations, s)
			if err != nil {
				t.Fatal(err)
			}
			if beside := p.Besides != nil && p.Besides.Count == 1; beside != (s.Before == "") {
				t.Errorf("pages of %d before %q have %+v beside them", limit, s.Before, p.Besides)
			}
			got = append(got, p.Entries...)
			if s.Before = p.Next; s.Before == "" {
				break
			}
		}
		if len(got) != n {
			t.Errorf("pages of %d have %d entries, want %d", limit, len(got), n)
		}
		for i := 1; i < len(got); i++ {
			if got[i-1].ID.String() <= got[i].ID.String() {
				t.Errorf("pages of %d are not newest first", limit)
			}
		}
	}
	if p, err := o.Page(t.Context(), Ledger, Selection{}); err != nil || len(p.Entries) != n || p.Besides != nil {
		t.Errorf("the ledger has %+v, %v", p, err)
	}
}

// TestOperatorNamesBusinesses: a business is found by its id or its name in any case,
// if it is configured or was seen; a name that several have is none.
func TestOperatorNamesBusinesses(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{officeShop: "UTC", officeSupport: "UTC"})
	o.Businesses.Others = &Business{Name: "All others", Zone: time.UTC, Terms: policy.DefaultTerms()}
	o.refused(t, officeShop, policy.RuleWindowClosed, o.now)
	o.refused(t, "777", policy.RuleWindowClosed, o.now)
	if err := o.Learn(t.Context(), []policy.Event{policy.NumberSeen{PhoneNumberID: "888", Display: "4930555123", At: policy.MomentOf(o.now)}}); err != nil {
		t.Fatal(err)
	}
	o.Businesses.Listed["5"] = &Business{Name: "Twins", Zone: time.UTC}
	o.Businesses.Listed["6"] = &Business{Name: "twins", Zone: time.UTC}
	for given, want := range map[string]string{
		officeShop: "1", officeSupport: "0", "business " + officeShop: "1", " Business " + officeShop + " ": "1", "777": "1", "888": "0",
		"twins": "give the phone_number_id of one: 5, 6", "all others": "without a business block of their own",
		"999": "known are: 104455667788 (Business 104455667788), 104455667799 (Business 104455667799), 5 (Twins), 6 (twins), 888",
	} {
		got := ""
		if p, err := o.Page(t.Context(), Ledger, Selection{PhoneNumberID: given}); err != nil {
			got = err.Error()
		} else {
			got = fmt.Sprint(len(p.Entries))
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q gives %q, want %q", given, got, want)
		}
	}
	if c, err := o.Consent(t.Context(), ConsentRequest{PhoneNumberID: "business " + officeShop, Contact: officeAna}, nil); err != nil || c == nil {
		t.Errorf("consent by the name of a business: %v", err)
	}
}

// TestOperatorDates: a date begins in the time zone of the business asked for, or of
// all if they have one; else in UTC. A report has whole days of each.
func TestOperatorDates(t *testing.T) {
	t.Parallel()
	zones := map[string]string{officeShop: "Europe/Berlin", officeSupport: "America/New_York"}
	o := newOffice(t, zones)
	for _, at := range []string{"2026-11-01T22:59:00Z", "2026-11-01T23:00:00Z", "2026-11-02T00:00:00Z", "2026-11-02T04:59:00Z", "2026-11-02T05:00:00Z"} {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		for number := range zones {
			o.refused(t, number, policy.RuleWindowClosed, moment)
		}
	}
	const date = "2026-11-02"
	for number, want := range map[string]int{officeShop: 4, officeSupport: 1, "": 6} {
		if p, err := o.Page(t.Context(), Violations, Selection{From: date, PhoneNumberID: number}); err != nil || len(p.Entries) != want {
			t.Errorf("from %s of %q there are %d, %v; want %d", date, number, len(p.Entries), err, want)
		}
	}
	r, err := o.Report(t.Context(), ReportSelection{Selection: Selection{From: date}})
	if err != nil || r.Total.Sends != 5 {
		t.Errorf("the report counts %+v, %v; want the four of one and the one of the other", r, err)
	}
	g, err := o.Groups(t.Context(), Violations, "business", Selection{From: "10h"})
	if err != nil || g.Total.Count != 8 {
		t.Errorf("the groups of ten hours are %+v, %v", g, err)
	}
}

// TestOperatorMisasks: what means nothing is answered with its kind and a sentence,
// and changes nothing.
func TestOperatorMisasks(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{officeShop: "UTC"})
	ctx := t.Context()
	list := func(s Selection) func() error {
		return func() error { _, err := o.Page(ctx, Ledger, s); return err }
	}
	events := func(s EventSelection) func() error {
		return func() error { _, err := o.Events(ctx, s); return err }
	}
	groups := func(by string, s Selection) func() error {
		return func() error { _, err := o.Groups(ctx, Ledger, by, s); return err }
	}
	record := func(state policy.ConsentState, r ConsentRequest) func() error {
		if r.PhoneNumberID == "" {
			r.PhoneNumberID = officeShop
		}
		if r.Contact == "" {
			r.Contact = officeAna
		}
		return func() error { _, err := o.RecordConsent(ctx, r, state); return err }
	}
	for _, test := range []struct {
		ask  func() error
		kind ProblemKind
		want string
	}{
		{list(Selection{From: "yesterday"}), Misasked, "is no time"},
		{list(Selection{To: "5x"}), Misasked, "is no time"},
		{list(Selection{Limit: 1001}), Misasked, "limit must be between 1 and 1000"},
		{list(Selection{Limit: -1}), Misasked, "limit must be between 1 and 1000"},
		{list(Selection{Rule: "WINDOW_SHUT"}), Misasked, "rule must be one of ADMIN_PATH, BATCH_REFUSED"},
		{list(Selection{Category: "marketting"}), Misasked, "category must be one of marketing, marketing_lite, utility"},
		{list(Selection{From: "2026-11-02", To: "2026-11-01"}), Misasked, "from must be before to"},
		{list(Selection{From: "1h", To: "2h"}), Misasked, "from must be before to"},
		{list(Selection{From: "-1h"}), Misasked, ""},
		{list(Selection{PhoneNumberID: "104455667789"}), Misasked, "known are: 104455667788 (Business 104455667788)"},
		{list(Selection{PhoneNumberID: "Shop"}), Misasked, "no business with that phone_number_id or name"},
		{events(EventSelection{PhoneNumberID: "Shop"}), Misasked, "no business with that phone_number_id or name"},
		{groups("rule", Selection{PhoneNumberID: "Shop"}), Misasked, "no business with that phone_number_id or name"},
		{func() error {
			_, err := o.Report(ctx, ReportSelection{Selection: Selection{PhoneNumberID: "Shop"}})
			return err
		}, Misasked, "no business with that phone_number_id or name"},
		{func() error {
			_, err := o.Report(ctx, ReportSelection{Selection: Selection{From: "1h", To: "2h"}})
			return err
		}, Misasked, "from must be before to"},
		{list(Selection{Before: "x"}), Misasked, "is not a decision id"},
		{list(Selection{After: "x"}), Misasked, "is not a decision id"},
		{list(Selection{Outcome: "lost"}), Misasked, "outcome must be one of"},
		{list(Selection{Contact: "015112345678"}), Misasked, "with plus and country code"},
		{events(EventSelection{Severity: "bad"}), Misasked, "severity must be info, warning or critical"},
		{events(EventSelection{Before: "x"}), Misasked, "is not the id of an event"},
		{events(EventSelection{Limit: -1}), Misasked, "limit must be between"},
		{groups("colour", Selection{}), Misasked, "by must be one of business, contact, day, rule, sender, template"},
		{groups("rule", Selection{From: "1h", To: "2h"}), Misasked, "from must be before to"},
		{func() error {
			_, err := o.Report(ctx, ReportSelection{MessageClass: "push"})
			return err
		}, Misasked, "message_class must be notification"},
		{record(policy.OptedIn, ConsentRequest{PhoneNumberID: "shop", Scope: "all"}), Misasked, "no business with that phone_number_id or name"},
		{record(policy.OptedIn, ConsentRequest{PhoneNumberID: "1", Scope: "all"}), NotServed, "does not serve that business phone number"},
		{record(policy.OptedIn, ConsentRequest{Contact: "015112345678", Scope: "all"}), Misasked, "with plus and country code"},
		{record(policy.OptedIn, ConsentRequest{}), Misasked, "scope is missing"},
		{record(policy.ConsentPending, ConsentRequest{}), Misasked, "scope is missing"},
		{record(policy.OptedOut, ConsentRequest{Scope: "some"}), Misasked, "scope must be"},
		{record(policy.OptedIn, ConsentRequest{Scope: "all", Source: "chat_keyword"}), Misasked, "what the gateway itself sees"},
		{record(policy.OptedIn, ConsentRequest{Scope: "all", Evidence: consent.Evidence{Reference: "list-2025"}}), Misasked, "say with at when the person agreed"},
		{record(policy.OptedIn, ConsentRequest{Scope: "all", Source: "website", At: "2026-11-03T10:00:00Z"}), Misasked, "in the future"},
		{record(policy.OptedIn, ConsentRequest{Scope: "all", Source: "website", At: "1969-01-01"}), Misasked, "before 1970"},
		{record(policy.OptedIn, ConsentRequest{Scope: "all", Source: "Chat-Keyword"}), Misasked, "what the gateway itself sees"},
		{record(policy.OptedIn, ConsentRequest{Scope: "all", Source: "template_button", Evidence: consent.Evidence{Reference: "x"}}), Misasked, "what the gateway itself sees"},
		{record(policy.OptedOut, ConsentRequest{Scope: "all", Source: "button"}), Misasked, "what the gateway itself sees"},
		{record(policy.OptedIn, ConsentRequest{Scope: "all"}), Misasked, "source is missing"},
		{record(policy.OptedIn, ConsentRequest{Scope: "all", Source: "operator", Evidence: consent.Evidence{Reference: "x"}}), Misasked, "source is missing"},
		{record(policy.OptedIn, ConsentRequest{Scope: "all", Source: "phone"}), Misasked, "reference is missing"},
		{record(policy.OptedIn, ConsentRequest{Scope: "all", Source: "paper", Evidence: consent.Evidence{Reference: "  "}}), Misasked, "reference is missing"},
		{record(policy.OptedIn, ConsentRequest{Scope: "all", Source: "import", At: "2026-01-01"}), Misasked, "reference is missing"},
		{record(policy.OptedIn, ConsentRequest{Scope: "all", Source: strings.Repeat("a long story ", 9)}), Misasked, "source is one word of the list"},
		{record(policy.ConsentPending, ConsentRequest{Scope: "all", At: "2026-11-01"}), Misasked, "leave at out"},
	} {
		err := test.ask()
		if e, ok := errors.AsType[*Problem](err); !ok || e.Kind != test.kind || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v; want kind %d and %q", err, test.kind, test.want)
		}
	}
	h, err := o.History(ctx, ConsentRequest{PhoneNumberID: officeShop, Contact: officeAna})
	if err != nil || len(h) != 0 {
		t.Errorf("something was recorded: %+v, %v", h, err)
	}
}

// TestOperatorRecords: what operators record holds at once, is in the history with who
// recorded it, and ends with the person.
func TestOperatorRecords(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{officeShop: "UTC"})
	ctx, ana := t.Context(), ConsentRequest{PhoneNumberID: officeShop, Contact: officeAna}
	holds := func(recorded *Recorded) string {
		t.Helper()
		c, err := o.Consent(ctx, ana, recorded)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(c.PersonFacts.Consent[policy.Marketing].State, " ", c.PersonFacts.Consent[policy.Transactional].State, " ", len(c.NoEffect))
	}
	for _, test := range []struct {
		state policy.ConsentState
		r     ConsentRequest
		want  string // marketing, transactional, and on how much it had no effect
	}{
		{policy.ConsentPending, ConsentRequest{Scope: "marketing"}, "pending unknown 0"},
		{policy.OptedIn, ConsentRequest{Scope: "marketing", Source: "website"}, "opted_in unknown 0"},
		{policy.OptedOut, ConsentRequest{}, "opted_out opted_out 0"},
		{policy.OptedIn, ConsentRequest{Scope: "all", Source: "import", Evidence: consent.Evidence{Reference: "list-2025"}, At: "2025-03-01"}, "opted_out opted_out 3"},
		{policy.OptedIn, ConsentRequest{Scope: "transactional", Source: "phone", Evidence: consent.Evidence{Reference: "call 9"}}, "opted_out opted_in 0"},
	} {
		o.advance(time.Hour)
		r := test.r
		r.PhoneNumberID, r.Contact, r.Actor = ana.PhoneNumberID, ana.Contact, "ops (told)"
		recorded, err := o.RecordConsent(ctx, r, test.state)
		if err != nil {
			t.Fatal(err)
		}
		if got := holds(recorded); got != test.want {
			t.Errorf("after %s of %q: %s, want %s", test.state, test.r.Scope, got, test.want)
		}
	}
	h, err := o.History(ctx, ana)
	if err != nil || len(h) != 5 || h[0].Actor != "ops (told)" {
		t.Errorf("the history is %+v, %v", h, err)
	}
	o.advance(time.Hour)
	ana.Actor = "eve (told)"
	if _, err := o.RecordNewPerson(ctx, ana); err != nil || holds(nil) != "unknown unknown 0" {
		t.Errorf("of a new person is known: %s, %v", holds(nil), err)
	}
	if h, err := o.History(ctx, ana); err != nil || len(h) != 6 || h[0].Handover != store.HandedOver || h[0].Actor != "eve (told)" || h[0].Former || !h[1].Former {
		t.Errorf("the history is %+v, %v", h, err)
	}
	o.advance(time.Hour)
	ana.Actor = "bob (told)"
	if _, err := o.UndoNewPerson(ctx, ana); err != nil || holds(nil) != "opted_out opted_in 0" {
		t.Errorf("taken back: %s, %v", holds(nil), err)
	}
	if h, err := o.History(ctx, ana); err != nil || len(h) != 7 || h[0].Handover != store.HandoverUndone || h[0].Actor != "bob (told)" || h[2].Former {
		t.Errorf("the history is %+v, %v", h, err)
	}
	if _, err := o.UndoNewPerson(ctx, ana); err == nil || !strings.Contains(err.Error(), "nothing to take back") {
		t.Errorf("taken back twice: %v", err)
	}
}

// TestOperatorStoreGone: an answer that could not be recorded asks to try again.
func TestOperatorStoreGone(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{officeShop: "UTC"})
	o.store.(io.Closer).Close()
	_, err := o.RecordConsent(t.Context(), ConsentRequest{PhoneNumberID: officeShop, Contact: officeAna, Scope: "all", Source: "website"}, policy.OptedIn)
	if e, ok := errors.AsType[*Problem](err); !ok || e.Kind != Unrecorded {
		t.Errorf("got %v", err)
	}
}
