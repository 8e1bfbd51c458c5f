package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// testUnseen: of what statuses told, that is unseen of which the ledger has no message, however
// it is found out whose message it is, and however late.
func testUnseen(t *testing.T, open Open) {
	const hour = 60 * minute
	for _, test := range []struct {
		reopened bool
		others   int // sends of the same quarter of an hour: sums are made where there are many
	}{{false, 0}, {true, 0}, {false, 20}, {true, 20}} {
		t.Run(fmt.Sprintf("%+v", test), func(t *testing.T) {
			f := newFixture(t, open)
			f.clock.set(start)
			told := func(wamid, opaque string, at policy.Moment) policy.StatusChanged {
				return policy.StatusChanged{PhoneNumberID: number1, Wamid: wamid, Opaque: opaque, At: at, Status: policy.StatusDelivered, Who: who(ann), Pricing: &policy.Pricing{Category: "marketing", Billable: true}}
			}
			reserved := func(opaque string) store.ID {
				e := f.newEntry(start, ann)
				if opaque != "" {
					e.Opaque = f.OpaquePseudonym(number1, opaque)
				}
				f.reserve(e)
				return e.ID
			}
			accepted := func(id store.ID, wamid string) { f.settle(id, store.Outcome{State: store.Accepted, Wamid: wamid}) }

			for i := range test.others {
				accepted(reserved(""), fmt.Sprint("wamid.other.", i))
			}
			accepted(reserved(""), "wamid.answered")
			f.apply(told("wamid.answered", "", start+minute))
			early := reserved("")
			f.apply(told("wamid.early", "", start+minute))
			accepted(early, "wamid.early")
			accepted(reserved(""), "wamid.late") // of which a status tells tomorrow
			f.settle(reserved("order"), store.Outcome{State: store.Unknown})
			f.apply(told("wamid.opaque", "order", start+minute))
			accepted(reserved("another order"), "wamid.both")
			f.apply(told("wamid.both", "another order", start+minute))
			f.apply(told("wamid.elsewhere", "", start+minute), told("wamid.elsewhere", "", start+2*minute))
			f.apply(told("wamid.elsewhere, later", "", start+hour))

			unseen := func(from, to policy.Moment) (list []policy.Moment, sums bool) {
				t.Helper()
				for u, err := range f.Store.(store.TellsUnseen).Unseen(t.Context(), from, to) {
					if errors.Is(err, store.ErrNoSums) {
						return nil, false
					}
					if err != nil {
						t.Fatal(err)
					}
					if u.Status != policy.StatusDelivered || u.Pricing == nil || !u.Pricing.Billable {
						t.Errorf("%+v", u)
					}
					list = append(list, u.At-start)
				}
				slices.Sort(list)
				return list, true
			}
			if got, _ := unseen(0, 0); len(got) != 0 {
				t.Errorf("at once: %v", got)
			}
			if test.reopened {
				f.reopen()
			}
			f.clock.set(start + 24*hour)
			f.apply(told("wamid.late", "", start+23*hour))
			f.clock.set(start + 48*hour)
			for _, asked := range []struct {
				from, to policy.Moment
				want     []policy.Moment
			}{{0, 0, []policy.Moment{minute, hour}}, {start + 2*minute, 0, []policy.Moment{hour}}, {0, start + hour, []policy.Moment{minute}}} {
				if got, sums := unseen(asked.from, asked.to); sums && !slices.Equal(got, asked.want) {
					t.Errorf("from %d to %d: %v, want %v", asked.from, asked.to, got, asked.want)
				}
			}
		})
	}
}
