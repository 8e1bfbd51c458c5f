package storetest

import (
	"errors"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func testLedger(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.apply(opened(start, ann))
	f.clock.set(start + minute)
	e := f.newEntry(start+minute, ann)
	e.Policy = policy.Policy{EssentialTemplates: []string{"order"}, WindowMargin: 5}
	e.Market, e.MarketEstimated = "DE", true
	id := f.reserve(e)
	got := f.entry(id)
	if got.ID != e.ID || got.At != e.At || got.Business != e.Business || !reflect.DeepEqual(got.Decision, e.Decision) || got.Outcome.State != e.Outcome.State || got.Outcome.At != e.Outcome.At || got.Market != e.Market || !got.MarketEstimated {
		t.Errorf("got %+v, want %+v", got, *e)
	}
	if len(got.Facts.Persons) != 1 || !reflect.DeepEqual(got.Facts.Persons[0], e.Facts.Persons[0]) || !got.Facts.OnePerson {
		t.Errorf("facts: got %+v, want %+v", got.Facts, e.Facts)
	}
	if !slices.Equal(got.Policy.EssentialTemplates, e.Policy.EssentialTemplates) || got.Policy.WindowMargin != e.Policy.WindowMargin {
		t.Errorf("policy: got %+v, want %+v", got.Policy, e.Policy)
	}
	if len(got.Send.To) != 0 {
		t.Errorf("the ledger names the recipient: %v", got.Send.To)
	}
	if _, err := f.Entry(t.Context(), store.NewID(start)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an entry that doesn't exist: %v, want ErrNotFound", err)
	}
	if err := f.Settle(t.Context(), store.NewID(start), store.Outcome{State: store.NotSent}).Wait(); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("settling what doesn't exist: %v, want ErrNotFound", err)
	}
	if err := f.Reserve(t.Context(), &store.Entry{At: start}).Wait(); err == nil {
		t.Error("an entry without an id was accepted")
	}

	// Refusals are violations, enforced or not.
	refused := f.newEntry(start+2*minute, ann)
	refused.Decision = policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleOptedOut, Category: policy.CategoryMarketing}
	refused.Outcome.State = store.Refused
	f.reserve(refused)
	monitored := f.newEntry(start+3*minute, ann)
	monitored.Decision, monitored.Monitored = refused.Decision, true
	f.settle(f.reserve(monitored), store.Outcome{State: store.Accepted, Wamid: "wamid.m", HTTPStatus: 200, At: start + 3*minute})
	wantIDs(t, "ledger", f.Ledger(t.Context(), store.Filter{}), monitored, refused, e)
	wantIDs(t, "violations", f.Violations(t.Context(), store.Filter{}), monitored, refused)
	for v, err := range f.Violations(t.Context(), store.Filter{Limit: 1}) {
		if err != nil || v.Outcome.State != store.Accepted || v.Outcome.HTTPStatus != 200 {
			t.Errorf("the outcome of a monitored violation: %+v, %v", v.Outcome, err)
		}
	}
}

func testFilters(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.apply(policy.IdentityLinked{Who: who(ann, annUser), At: start})
	var all []*store.Entry
	for i := range 300 { // several chunks of a store that reads in chunks
		to := ann
		if i%3 == 0 {
			to = bob
		}
		e := f.newEntry(start+policy.Moment(i)*1000, to)
		if i%2 == 0 {
			e.Send.PhoneNumberID = number2
			e.Sender, e.Token = "crm", f.Fingerprint("token of crm")
			e.Send.Template = policy.TemplateRef{Name: "sale", Language: "en"}
			e.Decision = policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleNoConsent, Category: policy.CategoryMarketing}
			e.Outcome.State = store.Refused
		}
		f.reserve(e)
		if i%2 == 1 {
			f.settle(e.ID, store.Outcome{State: store.Accepted, At: e.At})
		}
		all = append([]*store.Entry{e}, all...)
	}
	where := func(keep func(*store.Entry) bool) []*store.Entry {
		var some []*store.Entry
		for _, e := range all {
			if keep(e) {
				some = append(some, e)
			}
		}
		return some
	}
	for _, c := range []struct {
		name   string
		filter store.Filter
		want   []*store.Entry
	}{
		{"all", store.Filter{}, all},
		{"limit", store.Filter{Limit: 7}, all[:7]},
		{"limit-of-a-chunk", store.Filter{Limit: 128}, all[:128]},
		{"before", store.Filter{Before: all[9].ID, Limit: 5}, all[10:15]},
		{"before-the-last", store.Filter{Before: all[299].ID}, nil},
		{"from", store.Filter{From: all[4].At}, all[:5]},
		{"to", store.Filter{To: all[4].At}, all[5:]},
		{"from-to", store.Filter{From: all[8].At, To: all[4].At}, all[5:9]},
		{"to-before", store.Filter{To: all[4].At, Before: all[2].ID, Limit: 2}, all[5:7]},
		{"number", store.Filter{PhoneNumberID: number2}, where(func(e *store.Entry) bool { return e.Send.PhoneNumberID == number2 })},
		{"rule", store.Filter{Rule: policy.RuleNoConsent, Limit: 20}, where(func(e *store.Entry) bool { return e.Violation() })[:20]},
		{"category", store.Filter{Category: policy.CategoryService}, where(func(e *store.Entry) bool { return !e.Violation() })},
		{"contact", store.Filter{Contact: bob}, where(func(e *store.Entry) bool { return e.Contact() == f.Pseudonym(bob) })},
		{"contact-by-other-name", store.Filter{Contact: annUser}, where(func(e *store.Entry) bool { return e.Contact() != f.Pseudonym(bob) })},
		{"sender", store.Filter{Sender: "crm"}, where(func(e *store.Entry) bool { return e.Sender == "crm" })},
		{"sender-by-token", store.Filter{Sender: f.Fingerprint("token of crm"), Limit: 3}, where(func(e *store.Entry) bool { return e.Sender == "crm" })[:3]},
		{"sender-nobody", store.Filter{Sender: "cr"}, nil},
		{"template", store.Filter{Template: "sale"}, where(func(e *store.Entry) bool { return e.Violation() })},
		{"outcome", store.Filter{Outcome: store.Accepted}, where(func(e *store.Entry) bool { return !e.Violation() })},
		{"outcome-limit", store.Filter{Outcome: store.Refused, Limit: 2}, where(func(e *store.Entry) bool { return e.Violation() })[:2]},
		{"contact-nobody", store.Filter{Contact: stranger}, nil},
		{
			"all-at-once",
			store.Filter{Contact: bob, PhoneNumberID: number2, Category: policy.CategoryMarketing, Rule: policy.RuleNoConsent, Limit: 3},
			where(func(e *store.Entry) bool { return e.Violation() && e.Contact() == f.Pseudonym(bob) })[:3],
		},
	} {
		wantIDs(t, c.name, f.Ledger(t.Context(), c.filter), c.want...)
	}
	wantIDs(t, "violations", f.Violations(t.Context(), store.Filter{}), where(func(e *store.Entry) bool { return e.Violation() })...)

	// A consumer may use the store while it reads, and write to it.
	n := 0
	for e, err := range f.Ledger(t.Context(), store.Filter{PhoneNumberID: number1}) {
		if err != nil {
			t.Fatal(err)
		}
		f.settle(e.ID, store.Outcome{State: store.Rejected, At: e.At})
		n++
	}
	if n != 150 {
		t.Errorf("a scan during writes found %d entries, want 150", n)
	}
}

// wantIDs compares what a scan yields with what it should, in order.
func wantIDs(t *testing.T, name string, got iter.Seq2[*store.Entry, error], want ...*store.Entry) {
	t.Helper()
	i := 0
	for e, err := range got {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if i < len(want) && e.ID != want[i].ID {
			t.Errorf("%s: entry %d is %s, want %s", name, i, e.ID, want[i].ID)
			return
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%s: got %d entries, want %d", name, i, len(want))
	}
}

func testSettle(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.clock.set(start)
	for _, c := range []store.Outcome{
		{State: store.Accepted, At: start + 1, HTTPStatus: 200},
		{State: store.Rejected, At: start + 2, HTTPStatus: 400, ErrorCode: 131047},
		{State: store.NotSent, At: start + 3},
		{State: store.Unknown, At: start + 4, HTTPStatus: 502},
	} {
		id := f.reserve(f.newEntry(start, ann))
		if got := f.entry(id).Outcome; got.State != store.Reserved {
			t.Errorf("before it was settled: %+v", got)
		}
		f.settle(id, store.Outcome{State: store.Unknown, At: start})
		f.settle(id, c)
		got := f.entry(id).Outcome
		if got.State != c.State || got.At != c.At || got.HTTPStatus != c.HTTPStatus || got.ErrorCode != c.ErrorCode {
			t.Errorf("got %+v, want %+v", got, c)
		}
	}

	// Meta's answer shows other names of the recipient.
	id := f.reserve(f.newEntry(start, ann))
	f.settle(id, store.Outcome{State: store.Accepted, At: start, Wamid: "wamid.1", Learned: who(ann, annUser)})
	if a, b := f.person(ann).Contact, f.person(annUser).Contact; a != b {
		t.Error("the names Meta's answer showed are not linked")
	}

	// A number read in two ways: nobody is linked with both readings.
	id = f.reserve(f.newEntry(start, bob, stranger))
	f.settle(id, store.Outcome{State: store.Accepted, At: start, Wamid: "wamid.2", Learned: who(stranger, bobUser)})
	if f.person(bobUser).Contact != f.person(stranger).Contact || f.person(bob).Contact == f.person(stranger).Contact {
		t.Error("of two readings, not the one Meta's answer showed was linked")
	}
}

func testReopen(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.apply(opened(start, ann, annUser), said(policy.OptedOut, start+minute, ann))
	pseudonym, before := f.Pseudonym(ann), f.person(annUser)
	inFlight := f.reserve(f.newEntry(start+minute, ann))
	settled := f.reserve(f.newEntry(start+2*minute, ann))
	f.settle(settled, store.Outcome{State: store.Accepted, At: start + 2*minute, Wamid: "wamid.r"})
	for range 2 {
		f.reopen()
		if got := f.Pseudonym(ann); got != pseudonym {
			t.Fatalf("the pseudonym changed from %s to %s", pseudonym, got)
		}
		if got := f.person(annUser); !reflect.DeepEqual(got, before) {
			t.Errorf("got %+v, want %+v", got, before)
		}
		if got := f.entry(inFlight).Outcome.State; got != store.Unknown {
			t.Errorf("a send in flight when the store closed is %s, want unknown", got)
		}
		if got := f.entry(settled).Outcome.State; got != store.Accepted {
			t.Errorf("a settled send is %s", got)
		}
		if n := len(f.history(ann)); n != 1 {
			t.Errorf("%d words on record, want 1", n)
		}
	}
	f.apply(policy.StatusChanged{PhoneNumberID: number1, Wamid: "wamid.r", At: start + day, Status: policy.StatusRead})
	if got := f.entry(settled).Delivery.Status; got != policy.StatusRead {
		t.Errorf("a status after reopening: %q", got)
	}
	f.settle(inFlight, store.Outcome{State: store.Rejected, At: start + day})
	if got := f.entry(inFlight).Outcome.State; got != store.Rejected {
		t.Errorf("settled after reopening: %s", got)
	}
}

func testClosed(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.apply(opened(start, ann))
	e := f.newEntry(start, ann)
	writes := make([]*store.Write, 50)
	for i := range writes {
		e := *e
		e.ID = store.NewID(start)
		writes[i] = f.Reserve(t.Context(), &e)
	}
	f.close()
	f.close()
	for _, w := range writes {
		if err := w.Wait(); err != nil {
			t.Errorf("a write that was accepted before Close: %v", err)
		}
	}
	ctx := t.Context()
	_, facts := f.Facts(ctx, store.Query{PhoneNumberID: number1, Who: who(ann)})
	_, unknown := f.Facts(ctx, store.Query{PhoneNumberID: number1, Who: who(stranger)})
	_, person := f.Person(ctx, ann, number1, nil)
	_, entry := f.Entry(ctx, e.ID)
	errs := map[string]error{
		"Facts": facts, "Facts/unknown": unknown, "Person": person, "Entry": entry,
		"Apply": f.Apply(ctx, []policy.Event{opened(start, ann)}), "Check": f.Check(ctx),
		"Reserve": f.Reserve(t.Context(), e).Wait(), "Settle": f.Settle(t.Context(), e.ID, store.Outcome{State: store.NotSent}).Wait(),
	}
	for _, err := range f.Ledger(ctx, store.Filter{}) {
		errs["Ledger"] = err
	}
	for _, err := range f.Violations(ctx, store.Filter{}) {
		errs["Violations"] = err
	}
	for _, err := range f.History(ctx, ann) {
		errs["History"] = err
	}
	if len(errs) != 11 {
		t.Errorf("a scan of a closed store yields nothing: %v", errs)
	}
	for name, err := range errs {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
	f.Store = f.open(t, f.dir, f.clock.now)
	n := 0
	for range f.Ledger(ctx, store.Filter{}) {
		n++
	}
	if n != len(writes) {
		t.Errorf("%d entries after reopening, want %d", n, len(writes))
	}
	if err := f.Check(ctx); err != nil {
		t.Errorf("checking an open store: %v", err)
	}
}

// testFingerprint: the same token has the same fingerprint, also after a
// restart; another token, or another store, has another one; none shows a token.
func testFingerprint(t *testing.T, open Open) {
	f, other := newFixture(t, open), newFixture(t, open)
	const token = "EAAGm0PX4ZCpsBA"
	got := f.Fingerprint(token)
	f.reopen()
	switch {
	case len(got) != 10 || strings.Trim(got, "0123456789abcdef") != "":
		t.Errorf("%q is no fingerprint", got)
	case got != f.Fingerprint(token):
		t.Errorf("%s was %s before", f.Fingerprint(token), got)
	case got == f.Fingerprint(token+"x") || got == other.Fingerprint(token):
		t.Errorf("%s is of another token or store too", got)
	case f.Fingerprint("") != "":
		t.Errorf("no token has the fingerprint %q", f.Fingerprint(""))
	}
	// A category Meta told beats the estimate, also in a filter.
	e := f.newEntry(start, ann)
	f.settle(f.reserve(e), store.Outcome{State: store.Accepted, Wamid: "wamid.b", At: start})
	f.apply(policy.StatusChanged{PhoneNumberID: number1, Wamid: "wamid.b", At: start, Status: policy.StatusDelivered, Pricing: &policy.Pricing{Category: "AUTHENTICATION-INTERNATIONAL"}})
	wantIDs(t, "billed", f.Ledger(t.Context(), store.Filter{Category: "authentication_international"}), e)
	wantIDs(t, "estimated", f.Ledger(t.Context(), store.Filter{Category: policy.CategoryService}))
}
