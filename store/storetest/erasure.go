package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func (f *fixture) erases() store.Erases {
	f.t.Helper()
	e, ok := f.Store.(store.Erases)
	if !ok {
		f.t.Fatal("the store can't erase anybody")
	}
	return e
}

func (f *fixture) erase(who policy.Identity) *store.ErasedData {
	f.t.Helper()
	d, err := f.erases().Erase(f.t.Context(), &store.ErasureRequest{Who: []policy.Identity{who}, Actor: "ana", Reason: "asked for it"})
	if err != nil {
		f.t.Fatal(err)
	}
	return d
}

func (f *fixture) verified() {
	f.t.Helper()
	report, err := f.Store.(store.Audited).VerifyLog(f.t.Context(), nil)
	if err != nil {
		f.t.Fatal(err)
	}
	if !report.Sound() {
		f.t.Errorf("the log is not sound: %+v", report.Findings)
	}
}

// wantErased checks that nothing is known of somebody but that they are opted out.
func (f *fixture) wantErased(who policy.Identity) {
	f.t.Helper()
	p := f.person(who)
	for s, c := range p.Consent {
		if c.State != policy.OptedOut || c.Source != policy.SourceErasure {
			f.t.Errorf("%s: %+v", policy.Scope(s), c)
		}
	}
	if p.Opened != 0 || p.Known || p.Suspected != 0 || p.CallUntil > p.Opened && p.CallUntil != policy.Forever {
		f.t.Errorf("something is known still: %+v", p)
	}
	if h := f.history(who); len(h) != 0 {
		f.t.Errorf("there are records still: %+v", h)
	}
}

// testErasure: an erased person is known by none of their names any more and counts as
// opted out; others stay as they were, and so does what is proven about them.
func testErasure(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.clock.set(start)
	f.apply(
		policy.IdentityLinked{Who: []policy.Identity{ann, annUser}, At: start - day},
		opened(start-minute, annUser),
		said(policy.OptedIn, start-minute, ann, annUser),
		said(policy.OptedIn, start-minute, bob),
		said(policy.OptOutSuspected, start-minute/2, ann),
	)
	c := store.Challenge{PhoneNumberID: number1, Scopes: []policy.Scope{policy.Marketing}, Source: "sms", Evidence: &consent.Evidence{IP: "192.0.2.7"}, Expires: start + day}
	if err := f.Ask(t.Context(), ann, &c); err != nil {
		t.Fatal(err)
	}
	f.verified()
	dry, err := f.erases().Erase(t.Context(), &store.ErasureRequest{Who: []policy.Identity{ann}, DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	if f.marketing(ann) != policy.OptedIn || dry.At != 0 {
		t.Error("a dry run erased something")
	}
	f.clock.set(start + minute)
	d := f.erase(ann)
	if !d.Known || d.Before != 0 || d.Counts.Names != 2 || d.Counts.Consents != 3 || d.Counts.Challenges != 1 || d.Counts.Leaves != 3 {
		t.Errorf("erased %+v", d)
	}
	if dry.Counts.Consents != d.Counts.Consents || dry.Counts.Names != d.Counts.Names || dry.Counts.Challenges != d.Counts.Challenges {
		t.Errorf("a dry run found %+v", dry.Counts)
	}
	for range 2 {
		f.wantErased(ann)
		f.wantErased(annUser)
		if f.marketing(bob) != policy.OptedIn || len(f.history(bob)) != 1 {
			t.Error("somebody else lost something")
		}
		f.verified()
		if _, err := f.Answer(t.Context(), c.ID, policy.OptedIn, ""); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the challenge: %v", err)
		}
		if list := f.suspicions(); len(list) != 0 {
			t.Errorf("waiting: %+v", list)
		}
		f.reopen()
	}
	f.clock.set(start + 2*minute)
	again := f.erase(ann)
	if again.Known || again.Before != d.At || again.Counts.Consents != 0 {
		t.Errorf("erased again: %+v", again)
	}
	if stranger := f.erase(carl); stranger.Known || stranger.Counts.Consents != 0 {
		t.Errorf("a stranger: %+v", stranger)
	}
	f.wantErased(carl)
	notes, err := f.erases().Erasures(t.Context())
	if err != nil || len(notes) != 3 || notes[2].Counts.Consents != 3 || notes[2].Actor != "ana" {
		t.Errorf("noted %+v, %v", notes, err)
	}
	tombs, err := f.erases().AllTombstones(t.Context())
	if err != nil || len(tombs) != 3 {
		t.Errorf("%d tombstones, %v", len(tombs), err)
	}
	for _, tomb := range tombs {
		if tomb.Name == f.Pseudonym(ann) || tomb.Name == f.Pseudonym(annUser) {
			t.Error("a tombstone has the name of the person")
		}
	}
}

// testErasureLate: what tells of the time before the erasure brings nothing back; what the
// person does later counts as a stranger's.
func testErasureLate(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.clock.set(start)
	optIn := said(policy.OptedIn, start-minute, ann)
	f.apply(opened(start-minute, ann), optIn)
	f.clock.set(start + minute)
	f.erase(ann)
	told := optIn
	told.Source, told.Recorded = policy.SourceOperator, 0
	f.apply(
		opened(start-minute, ann, annUser), optIn, told,
		policy.StatusChanged{PhoneNumberID: number1, Wamid: "wamid.late", Who: []policy.Identity{ann, annUser}, At: start + 5*minute, Status: policy.StatusRead},
		policy.CallPermission{PhoneNumberID: number1, Who: []policy.Identity{ann}, At: start - minute, Until: policy.Forever},
	)
	f.wantErased(ann)
	f.wantErased(annUser) // the late message showed that it is another name of hers
	f.apply(policy.IdentityChanged{Old: []policy.Identity{ann}, New: []policy.Identity{carl}, At: start + 6*minute})
	f.wantErased(carl)
	f.reopen()
	f.wantErased(ann)
	f.wantErased(carl)

	// She writes: a window opens. What she agrees to now is hers.
	f.clock.set(start + 10*minute)
	f.apply(opened(start+10*minute, ann))
	if p := f.person(ann); p.Opened != start+10*minute || p.Consent[policy.Marketing].State != policy.OptedOut {
		t.Errorf("after she wrote: %+v", p)
	}
	f.apply(said(policy.OptedIn, start+10*minute, ann))
	if got := f.marketing(ann); got != policy.OptedIn {
		t.Errorf("after she agreed: %s", got)
	}
	f.reopen()
	if got := f.marketing(ann); got != policy.OptedIn {
		t.Errorf("after she agreed, and a restart: %s", got)
	}
	f.verified()

	// And again.
	f.clock.set(start + 20*minute)
	if d := f.erase(ann); !d.Known || d.Counts.Consents != 1 {
		t.Errorf("erased again %+v", d)
	}
	f.wantErased(ann)
	f.verified()
	agreed := said(policy.OptedIn, 0, ann)
	agreed.Source = policy.SourceOperator
	f.apply(agreed) // now, in the very moment of the erasure
	if got := f.marketing(ann); got != policy.OptedIn {
		t.Errorf("after she agreed at once: %s", got)
	}
	// Somebody new gets the number.
	f.clock.set(start + 30*minute)
	f.erase(ann)
	f.clock.set(start + 40*minute)
	f.apply(policy.NewPerson{Who: ann, At: start + 35*minute})
	if got := f.marketing(ann); got != policy.ConsentUnknown {
		t.Errorf("who got the number after: %s", got)
	}
}

// testErasureLedger: entries stay, with all that the bill needs, and lose the person.
func testErasureLedger(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.clock.set(start)
	f.apply(opened(start-minute, ann), opened(start-minute, bob))
	var ids []store.ID
	for i := range 3 {
		e := f.newEntry(start+policy.Moment(i), ann)
		e.Opaque = f.OpaquePseudonym(number1, "order")
		ids = append(ids, f.reserve(e))
	}
	other := f.reserve(f.newEntry(start, bob))
	outdated := f.newEntry(start, ann)
	f.settle(ids[0], store.Outcome{State: store.Accepted, HTTPStatus: 200, Wamid: "wamid.1"})
	f.settle(other, store.Outcome{State: store.Accepted, HTTPStatus: 200, Wamid: "wamid.2"})
	priced := policy.StatusChanged{PhoneNumberID: number1, Wamid: "wamid.1", Who: []policy.Identity{ann}, At: start + minute, Status: policy.StatusDelivered, Pricing: &policy.Pricing{Category: "marketing", Type: "regular", Billable: true}}
	f.apply(priced)
	before := f.entry(ids[0])
	sums := sumsOf(t, f)
	f.clock.set(start + 2*minute)
	if d := f.erase(ann); d.Counts.Entries != 3 {
		t.Errorf("erased %+v", d)
	}
	for range 2 {
		after := f.entry(ids[0])
		if after.Contact() == before.Contact() {
			t.Error("the entry names her still")
		}
		same := after
		same.Facts.Persons = slices.Clone(after.Facts.Persons)
		same.Facts.Persons[0].Contact, same.Opaque = before.Contact(), before.Opaque
		if !reflect.DeepEqual(same, before) {
			t.Errorf("before %+v, after %+v", before, after)
		}
		if second := f.entry(ids[1]); second.Contact() == after.Contact() {
			t.Error("two entries have a name in common")
		}
		if e := f.entry(other); e.Contact() != f.Pseudonym(bob) {
			t.Error("somebody else's entry lost them")
		}
		if got := sumsOf(t, f); got != sums {
			t.Errorf("the sums are %s, and were %s", got, sums)
		}
		n := 0
		for _, err := range f.Ledger(t.Context(), store.Filter{Contact: ann}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 0 {
			t.Errorf("%d entries are hers still", n)
		}
		f.reopen()
	}
	// What was decided before is entered no more as it was.
	if err := f.Reserve(t.Context(), outdated).Wait(); !errors.Is(err, store.ErrClaimed) {
		t.Errorf("a send that was decided before the erasure: %v", err)
	}
	// What was under way is settled, and tells nothing of her.
	if err := f.Settle(t.Context(), ids[2], store.Outcome{State: store.Accepted, HTTPStatus: 200, Wamid: "wamid.3", Learned: []policy.Identity{ann, annUser}}).Wait(); err != nil {
		t.Fatal(err)
	}
	f.wantErased(ann)
	if e := f.entry(ids[2]); e.Outcome.State != store.Accepted {
		t.Errorf("settled as %+v", e.Outcome)
	}
	facts, err := f.Facts(context.Background(), store.Query{PhoneNumberID: number1, Who: []policy.Identity{ann}})
	if err != nil || facts.Persons[0].Contact == f.Pseudonym(ann) {
		t.Errorf("a send to her now is entered under her name: %+v, %v", facts, err)
	}
}

var carl = phone("15550100003")

// sumsOf are the sums of the whole ledger, in words.
func sumsOf(t *testing.T, f *fixture) string {
	t.Helper()
	var lines []string
	for sum, err := range f.Sums(t.Context(), store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%+v", *sum))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
