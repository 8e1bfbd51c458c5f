package storetest

import (
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func testStatuses(t *testing.T, open Open) {
	f := newFixture(t, open)
	price := &policy.Pricing{Category: "marketing", Type: "regular", Model: "PMP", Billable: true}
	sent := policy.StatusChanged{PhoneNumberID: number1, Wamid: "wamid.1", Who: who(ann), At: start + 1, Status: policy.StatusSent, Pricing: &policy.Pricing{Category: "utility"}}
	failed := policy.StatusChanged{PhoneNumberID: number1, Wamid: "wamid.1", Who: who(ann), At: start + 2, Status: policy.StatusFailed, ErrorCode: 131026}
	delivered := policy.StatusChanged{PhoneNumberID: number1, Wamid: "wamid.1", Who: who(ann), At: start + 3, Status: policy.StatusDelivered, Pricing: price}
	elsewhere := policy.StatusChanged{PhoneNumberID: number2, Wamid: "wamid.1", At: start + 9, Status: policy.StatusRead}
	f.apply(delivered, elsewhere)
	id := f.reserve(f.newEntry(start, ann))
	f.settle(id, store.Outcome{State: store.Accepted, At: start + 1, Wamid: "wamid.1"})
	f.apply(sent, failed)
	got := f.entry(id).Delivery
	if got.Status != policy.StatusDelivered || got.At != start+3 || got.ErrorCode != 131026 {
		t.Errorf("got %+v, want delivered at %s with the error of the failed device", got, start+3)
	}
	if got.Pricing == nil || *got.Pricing != *price {
		t.Errorf("pricing: got %+v, want the newest %+v", got.Pricing, *price)
	}
	if got := f.person(ann).Opened; got != 0 {
		t.Error("a status opened a window")
	}
	f.apply(policy.StatusChanged{PhoneNumberID: number1, Who: who(bob, bobUser), At: start, Wamid: "wamid.other", Status: policy.StatusSent})
	if f.person(bob).Contact != f.person(bobUser).Contact {
		t.Error("the names in a status are not linked")
	}
}

func testOpaqueValues(t *testing.T, open Open) {
	f := newFixture(t, open)
	send := func(opaque string, to policy.Identity) store.ID {
		e := f.newEntry(start, to)
		e.Opaque = f.OpaquePseudonym(number1, opaque)
		return f.reserve(e)
	}
	status := func(wamid, opaque string, to ...policy.Identity) policy.StatusChanged {
		return policy.StatusChanged{PhoneNumberID: number1, Wamid: wamid, Who: to, At: start + minute, Status: policy.StatusDelivered, Opaque: opaque}
	}
	want := func(what string, id store.ID, state store.OutcomeState, delivery policy.DeliveryStatus) {
		t.Helper()
		if e := f.entry(id); e.Outcome.State != state || e.Delivery.Status != delivery {
			t.Errorf("%s: %s, delivery %q; want %s, %q", what, e.Outcome.State, e.Delivery.Status, state, delivery)
		}
	}

	id := send("order 1", ann)
	f.settle(id, store.Outcome{State: store.Unknown, At: start})
	f.apply(status("wamid.1", "order 1", ann))
	want("unknown, then reported", id, store.Accepted, policy.StatusDelivered)

	id = send("order 2", ann)
	f.apply(status("wamid.2", "order 2"))
	want("reserved, then reported", id, store.Accepted, policy.StatusDelivered)
	f.settle(id, store.Outcome{State: store.Unknown, At: start + day})
	want("reported, then unknown", id, store.Accepted, policy.StatusDelivered)
	f.settle(id, store.Outcome{State: store.Rejected, At: start + day})
	want("reported, then rejected", id, store.Rejected, "")

	id = send("order 3", ann)
	f.settle(id, store.Outcome{State: store.Unknown, At: start})
	f.apply(policy.StatusChanged{PhoneNumberID: number2, Wamid: "wamid.3", At: start, Status: policy.StatusSent, Opaque: "order 3"}, status("wamid.4", "order 4", ann))
	want("reported by another number", id, store.Unknown, "")
	f.apply(status("wamid.3", "order 3", bob))
	want("reported in a message to somebody else", id, store.Unknown, "")

	// A send that timed out and was repeated: the status of the second one
	// doesn't settle the first, even if it comes before the answer.
	first, second := send("order 5", ann), send("order 5", ann)
	f.settle(first, store.Outcome{State: store.Unknown, At: start})
	f.apply(status("wamid.5", "order 5", ann))
	f.settle(second, store.Outcome{State: store.Accepted, At: start, Wamid: "wamid.5"})
	want("the first of two", first, store.Unknown, "")
	want("the second of two", second, store.Accepted, policy.StatusDelivered)

	id = send("order 6", ann)
	f.settle(id, store.Outcome{State: store.Unknown, At: start})
	f.clock.set(start + 31*day)
	f.apply(status("wamid.6", "order 6", ann))
	want("reported after 30 days", id, store.Unknown, "")
}

func testStop131050(t *testing.T, open Open) {
	stop := policy.StatusChanged{PhoneNumberID: number1, Wamid: "wamid.1", At: start + minute, Status: policy.StatusFailed, ErrorCode: 131050}
	accepted := store.Outcome{State: store.Accepted, At: start, Wamid: "wamid.1"}
	for name, run := range map[string]func(f *fixture, id store.ID){
		"named": func(f *fixture, id store.ID) {
			stop := stop
			stop.Who = who(ann)
			f.apply(stop)
		},
		"settled-first": func(f *fixture, id store.ID) { f.settle(id, accepted); f.apply(stop, stop) },
		"status-first":  func(f *fixture, id store.ID) { f.apply(stop, stop); f.settle(id, accepted) },
		"both-reopened": func(f *fixture, id store.ID) { f.apply(stop); f.reopen(); f.settle(id, accepted) },
		// The answer to the send says it. It names the entry as evidence.
		"answered": func(f *fixture, id store.ID) {
			f.settle(id, store.Outcome{State: store.Rejected, At: start + minute, HTTPStatus: 400, ErrorCode: 131050})
			f.reopen()
		},
		"reported": func(f *fixture, id store.ID) {
			f.settle(id, store.Outcome{State: store.Unknown, At: start})
			stop := stop
			stop.Opaque = "order"
			f.apply(stop)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, open)
			f.apply(said(policy.OptedIn, start, ann))
			e := f.newEntry(start, ann)
			e.Opaque = f.OpaquePseudonym(number1, "order")
			id := f.reserve(e)
			run(f, id)
			consent := f.person(ann).Consent
			if c := consent[policy.Marketing]; c.State != policy.OptedOut || c.Source != policy.SourceMeta131050 || c.Since != start+minute {
				t.Errorf("marketing: %+v", c)
			}
			if c := consent[policy.Transactional]; c.State != policy.OptedIn {
				t.Errorf("transactional: %+v", c)
			}
			words := f.history(ann)
			if len(words) != 2 || words[0].Source != policy.SourceMeta131050 || words[0].Ref == "" || words[0].Ref == "wamid.1" {
				t.Errorf("history: %+v", words)
			}
		})
	}
}
