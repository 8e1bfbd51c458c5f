package store_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// member is one of a group, by the names that statuses may have of them.
type member struct {
	names  []policy.Identity
	market string
}

// copyStatus is a status of a member's copy, which names them by some of their names.
type copyStatus struct {
	member int
	names  []int
	policy.StatusChanged
}

// aboutGroup is a message to a group, and what statuses tell of its copies.
type aboutGroup struct {
	members  []member
	statuses []copyStatus
}

var theGroup = policy.Identity{Kind: policy.Group, Value: "Y2FwaV9ncm91cDo"}

func drawGroup(rt *rapid.T) *aboutGroup {
	g := &aboutGroup{members: []member{
		{[]policy.Identity{phone("4915550100001"), {Kind: policy.BSUID, Value: "DE.1"}}, "Germany"},
		{[]policy.Identity{phone("919812345678"), {Kind: policy.BSUID, Value: "IN.2"}, {Kind: policy.ParentBSUID, Value: "IN.ENT.2"}}, "India"},
		{[]policy.Identity{{Kind: policy.BSUID, Value: "BR.3"}}, "Brazil"},
	}}
	for range rapid.IntRange(0, 14).Draw(rt, "statuses") {
		m := rapid.IntRange(0, len(g.members)-1).Draw(rt, "member")
		s := copyStatus{member: m, names: rapid.SliceOfNDistinct(rapid.IntRange(0, len(g.members[m].names)-1), 1, -1, rapid.ID[int]).Draw(rt, "names")}
		s.StatusChanged = policy.StatusChanged{
			PhoneNumberID: testNumber, Wamid: "wamid.group", Copy: true, Group: theGroup, At: policy.MomentOf(testTime) + policy.Moment(rapid.IntRange(1, 5_000_000).Draw(rt, "after")),
			Status: rapid.SampledFrom([]policy.DeliveryStatus{policy.StatusSent, policy.StatusDelivered, policy.StatusRead, policy.StatusFailed}).Draw(rt, "status"),
			Market: g.members[m].market,
		}
		for _, i := range s.names {
			s.Who = append(s.Who, g.members[m].names[i])
		}
		s.Estimated = !slices.Contains(s.names, 0) || m == 2
		if s.Status == policy.StatusFailed {
			s.ErrorCode = 131026
		} else if rapid.Bool().Draw(rt, "priced") {
			s.Pricing = &policy.Pricing{Category: rapid.SampledFrom([]string{"group_utility", "group_service"}).Draw(rt, "category"), Type: rapid.SampledFrom([]string{"regular", "free_customer_service"}).Draw(rt, "type"), Model: "PMP"}
			s.Price, s.Priced = 55_000, true
		}
		g.statuses = append(g.statuses, s)
	}
	return g
}

// naive says what became of each copy, from the statuses as they are: those of a copy are those
// that share a name, or are connected by others that do.
func (g *aboutGroup) naive() []string {
	var copies []string
	for m := range g.members {
		left := make([]copyStatus, 0, len(g.statuses))
		for _, s := range g.statuses {
			if s.member == m {
				left = append(left, s)
			}
		}
		for len(left) > 0 {
			one, names := left[:1], slices.Clone(left[0].names)
			left = left[1:]
			for {
				i := slices.IndexFunc(left, func(s copyStatus) bool {
					return slices.ContainsFunc(s.names, func(n int) bool { return slices.Contains(names, n) })
				})
				if i < 0 {
					break
				}
				one, names = append(slices.Clone(one), left[i]), append(names, left[i].names...)
				left = slices.Delete(slices.Clone(left), i, i+1)
			}
			copies = append(copies, toldOf(one))
		}
	}
	slices.Sort(copies)
	return copies
}

// toldOf is what some statuses tell of one copy.
func toldOf(statuses []copyStatus) string {
	var status policy.DeliveryStatus
	var delivered policy.Moment
	var priced *copyStatus
	market := statuses[0]
	for i := range statuses {
		s := &statuses[i]
		if s.Status.Rank() > status.Rank() {
			status = s.Status
		}
		if s.Status.Delivered() && (delivered == 0 || s.At < delivered) {
			delivered = s.At
		}
		if s.Pricing != nil && (priced == nil || cmp.Or(cmp.Compare(s.At, priced.At), cmp.Compare(s.Pricing.Category, priced.Pricing.Category), cmp.Compare(s.Pricing.Type, priced.Pricing.Type)) > 0) {
			priced = s
		}
		if !s.Estimated && market.Estimated {
			market = *s
		}
	}
	category, priceType := "", ""
	if priced != nil {
		category, priceType = priced.Pricing.Category, priced.Pricing.Type
	}
	return fmt.Sprint(market.Market, " ", market.Estimated, " ", status, " ", delivered, " ", category, " ", priceType)
}

// TestGroupCopies: what is known of the copies of a message to a group is the same in whatever
// order, and however often, statuses and Meta's answer come in, on whatever gateway; and each
// copy counts once.
func TestGroupCopies(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		about := drawGroup(rt)
		g := openGateways(t, 2)
		some := func() *store.Book { return g.books[rapid.IntRange(0, 1).Draw(rt, "gateway")] }
		f, err := some().Facts(t.Context(), store.Query{PhoneNumberID: testNumber, Who: []policy.Identity{theGroup}})
		if err != nil {
			rt.Fatal(err)
		}
		e := entryOf(testTime, f)
		e.Send.Group = true
		e.Price = billing.Quote{Category: billing.Utility, Type: billing.Regular, Currency: "USD"}
		if err := some().Reserve(t.Context(), e).Wait(); err != nil {
			rt.Fatal(err)
		}
		steps := []func(){func() {
			if err := some().Settle(t.Context(), e.ID, store.Outcome{State: store.Accepted, Wamid: "wamid.group", At: e.At + 1}).Wait(); err != nil {
				rt.Fatal(err)
			}
		}}
		for _, s := range about.statuses {
			steps = append(steps, func() { apply(t, some(), s.StatusChanged) })
		}
		order := rapid.Permutation(slices.Collect(func(yield func(int) bool) {
			for i := range steps {
				if !yield(i) {
					return
				}
			}
		})).Draw(rt, "order")
		for _, i := range append(order, rapid.SliceOfN(rapid.IntRange(0, len(steps)-1), 0, 6).Draw(rt, "again")...) {
			steps[i]()
		}
		got, err := some().Entry(t.Context(), e.ID)
		if err != nil {
			rt.Fatal(err)
		}
		var copies []string
		for _, c := range got.Copies {
			category, priceType := "", ""
			if p := c.Delivery.Pricing; p != nil {
				category, priceType = p.Category, p.Type
			}
			copies = append(copies, fmt.Sprint(c.Market, " ", c.MarketEstimated, " ", c.Delivery.Status, " ", c.Delivery.Delivered, " ", category, " ", priceType))
		}
		slices.Sort(copies)
		if want := about.naive(); !reflect.DeepEqual(copies, want) {
			rt.Fatalf("the copies are\n%q\nwant\n%q", copies, want)
		}
		counts := make(map[store.Alike]int)
		for sum, err := range some().Sums(t.Context(), store.Filter{}) {
			if err != nil {
				rt.Fatal(err)
			}
			counts[sum.Alike] += sum.N
		}
		want := make(map[store.Alike]int)
		for _, a := range got.Counts() {
			want[a]++
		}
		if !reflect.DeepEqual(counts, want) {
			rt.Fatalf("counted are\n%+v\nwant\n%+v", counts, want)
		}
	})
}

// TestGroupCopiesErased: the copy of a person whose data is erased stays, charged as it was and
// without them, and what Meta tells of it later counts for nobody.
func TestGroupCopiesErased(t *testing.T) {
	g := openGateways(t, 1)
	b := g.books[0]
	ann, ben := phone("4915550100001"), phone("919812345678")
	f, err := b.Facts(t.Context(), store.Query{PhoneNumberID: testNumber, Who: []policy.Identity{theGroup}})
	if err != nil {
		t.Fatal(err)
	}
	e := entryOf(testTime, f)
	e.Send.Group = true
	status := func(who policy.Identity, status policy.DeliveryStatus, market string, after time.Duration) {
		apply(t, b, policy.StatusChanged{PhoneNumberID: testNumber, Wamid: "wamid.group", Copy: true, Group: theGroup, Who: []policy.Identity{who}, At: policy.MomentOf(testTime.Add(after)), Status: status, Market: market})
	}
	if err := b.Reserve(t.Context(), e).Wait(); err != nil {
		t.Fatal(err)
	}
	if err := b.Settle(t.Context(), e.ID, store.Outcome{State: store.Accepted, Wamid: "wamid.group", At: e.At + 1}).Wait(); err != nil {
		t.Fatal(err)
	}
	status(ann, policy.StatusDelivered, "Germany", time.Second)
	status(ben, policy.StatusDelivered, "India", time.Second)
	g.now.Add(int64(time.Hour / time.Millisecond))
	if _, err := b.Erase(t.Context(), &store.ErasureRequest{Who: []policy.Identity{ann}, Actor: "ana"}); err != nil {
		t.Fatal(err)
	}
	g.now.Add(int64(time.Hour / time.Millisecond))
	status(ann, policy.StatusRead, "Germany", 2*time.Hour)
	status(ben, policy.StatusRead, "India", 2*time.Hour)
	got, err := b.Entry(t.Context(), e.ID)
	if err != nil || len(got.Copies) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, c := range got.Copies {
		switch c.Market {
		case "Germany":
			if c.Contact == b.Pseudonym(ann) || c.Delivery.Status != policy.StatusDelivered {
				t.Errorf("the erased person's is %+v", c)
			}
		case "India":
			if c.Contact != b.Pseudonym(ben) || c.Delivery.Status != policy.StatusRead {
				t.Errorf("the other's is %+v", c)
			}
		}
	}
}
