package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// testSums checks that counting the ledger and reading it come to the same, whatever
// happened and whenever somebody counted in between.
func testSums(t *testing.T, open Open) {
	rapid.Check(t, func(r *rapid.T) {
		f := newFixture(t, open)
		defer f.close()
		f.clock.set(start)
		s := &sumsHistory{fixture: f}
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			switch rapid.IntRange(0, 22).Draw(r, "step") % 12 {
			case 0, 1, 2:
				for range rapid.SampledFrom([]int{1, 1, 3, 40}).Draw(r, "sends") {
					s.send(r)
				}
			case 3, 4:
				for range rapid.SampledFrom([]int{1, 30}).Draw(r, "settlements") {
					s.settle(r)
				}
			case 5, 6:
				for range rapid.SampledFrom([]int{1, 3, 30}).Draw(r, "statuses") {
					s.status(r)
				}
			case 7:
				f.clock.set(policy.MomentOf(f.clock.now()) + rapid.SampledFrom([]policy.Moment{1, minute, 10 * minute, 2 * 60 * minute, 3 * day, 31 * day}).Draw(r, "later"))
			case 8, 10:
				s.compare(r)
				if sumUp, ok := f.Store.(interface{ SumUp(context.Context) error }); ok {
					if err := sumUp.SumUp(t.Context()); err != nil {
						r.Fatal(err)
					}
				}
				s.compare(r)
			case 9:
				f.reopen()
			case 11:
				if _, err := f.Store.(store.Erases).Erase(t.Context(), &store.ErasureRequest{Who: []policy.Identity{bob}, Actor: "ana"}); err != nil {
					r.Fatal(err)
				}
				s.compare(r)
			}
		}
		s.rebuild(r)
		s.compare(r)
	})
}

// sumsHistory is what happened to sends.
type sumsHistory struct {
	*fixture
	sends []send
}

func (s *sumsHistory) send(r *rapid.T) {
	now := policy.MomentOf(s.clock.now())
	to := rapid.SampledFrom([]policy.Identity{ann, bob}).Draw(r, "to")
	e := s.newEntry(now-rapid.SampledFrom([]policy.Moment{0, 0, 1, minute, 20 * minute, 2 * 60 * minute}).Draw(r, "ago"), to)
	e.Send.PhoneNumberID = rapid.SampledFrom([]string{number1, number2}).Draw(r, "number")
	e.Business = rapid.SampledFrom([]string{"", "shop"}).Draw(r, "business")
	e.Tags = rapid.SampledFrom([]billing.Tags{"", "team=crm"}).Draw(r, "tags")
	e.Sender, e.Token = rapid.SampledFrom([]string{"", "crm"}).Draw(r, "sender"), rapid.SampledFrom([]string{"", "a1b2c3d4e5"}).Draw(r, "token")
	e.Send.Bare = rapid.SampledFrom([]policy.Bare{policy.NotBare, policy.NotBare, policy.BareInternational}).Draw(r, "bare")
	e.Market, e.MarketEstimated = rapid.SampledFrom([]string{"", "Germany"}).Draw(r, "market"), rapid.Bool().Draw(r, "estimated")
	if rapid.Bool().Draw(r, "template") {
		e.Send.Kind, e.Send.Template, e.Decision.Initiation, e.Decision.Category = policy.TemplateMessage, historyTemplates[0], policy.ByBusiness, policy.CategoryMarketing
	}
	switch rapid.IntRange(0, 7).Draw(r, "verdict") {
	case 0:
		e.Decision.Verdict, e.Decision.Rule, e.Outcome.State = policy.Refuse, policy.RuleNoConsent, store.Refused
	case 1:
		e.Decision.Verdict, e.Decision.Rule, e.Monitored = policy.Refuse, policy.RuleNoConsent, true
	}
	if rapid.IntRange(0, 3).Draw(r, "to a group") == 0 {
		e.Send.Group = true
	}
	this := send{id: e.ID, to: to, wamid: fmt.Sprint("wamid.", len(s.sends)), group: e.Send.Group}
	if rapid.IntRange(0, 3).Draw(r, "opaque") == 0 {
		this.opaque = rapid.SampledFrom([]string{"order 1", "order 2"}).Draw(r, "order")
		e.Opaque = s.OpaquePseudonym(e.Send.PhoneNumberID, this.opaque)
	}
	s.reserve(e)
	if e.Outcome.State == store.Reserved {
		s.sends = append(s.sends, this)
	}
}

func (s *sumsHistory) settle(r *rapid.T) {
	if len(s.sends) == 0 {
		return
	}
	this := rapid.SampledFrom(s.sends).Draw(r, "settled")
	o := store.Outcome{State: rapid.SampledFrom([]store.OutcomeState{store.Accepted, store.Accepted, store.Rejected, store.NotSent, store.Unknown}).Draw(r, "state")}
	if o.State == store.Rejected {
		o.ErrorCode = rapid.SampledFrom([]int{0, 131047, 132000}).Draw(r, "code")
	}
	if o.State == store.Accepted && rapid.IntRange(0, 4).Draw(r, "named") > 0 {
		o.Wamid = this.wamid
	}
	s.fixture.settle(this.id, o)
}

func (s *sumsHistory) status(r *rapid.T) {
	e := policy.StatusChanged{PhoneNumberID: rapid.SampledFrom([]string{number1, number2}).Draw(r, "number"), Wamid: "wamid.elsewhere", At: policy.MomentOf(s.clock.now())}
	if len(s.sends) > 0 && rapid.IntRange(0, 9).Draw(r, "ours") > 0 {
		this := rapid.SampledFrom(s.sends).Draw(r, "of")
		if e.Wamid, e.Opaque, e.Who = this.wamid, this.opaque, who(this.to); this.group && rapid.Bool().Draw(r, "copy") {
			e.Copy, e.Group = true, this.to
			e.Who = rapid.SampledFrom([][]policy.Identity{who(bob), who(bob, bobUser), who(bobUser), who(ann)}).Draw(r, "member")
			e.Market, e.Estimated = rapid.SampledFrom([]string{"", "Germany", "India"}).Draw(r, "member's market"), rapid.Bool().Draw(r, "member's market estimated")
		}
	}
	e.Status = rapid.SampledFrom([]policy.DeliveryStatus{policy.StatusSent, policy.StatusDelivered, policy.StatusRead, policy.StatusFailed}).Draw(r, "status")
	if e.Status == policy.StatusFailed {
		e.ErrorCode = rapid.SampledFrom([]int{0, 131047, 131026}).Draw(r, "code")
	}
	if rapid.Bool().Draw(r, "priced") {
		e.Pricing = &policy.Pricing{Category: rapid.SampledFrom([]string{"", "utility", "Marketing Lite"}).Draw(r, "priced as"), Billable: rapid.Bool().Draw(r, "billable")}
	}
	s.apply(e)
}

// compare counts in both ways.
func (s *sumsHistory) compare(r *rapid.T) {
	times := rapid.SampledFrom([]policy.Moment{0, 0, start, start + 1, start + 7*minute, start + 3*day, start + 3*day + 10*minute})
	filter := store.Filter{
		From: times.Draw(r, "from"), To: times.Draw(r, "before"),
		PhoneNumberID: rapid.SampledFrom([]string{"", "", number1}).Draw(r, "of number"),
		Category:      rapid.SampledFrom([]policy.Category{"", "", policy.CategoryUtility, policy.CategoryService}).Draw(r, "category"),
		Outcome:       rapid.SampledFrom([]store.OutcomeState{"", "", "", store.Unknown}).Draw(r, "outcome"),
	}
	type key struct {
		quarter policy.Moment
		store.Alike
	}
	const quarter = 15 * minute
	want, got := make(map[key]int), make(map[key]int)
	entries := filter
	entries.Category = "" // copies may be of others
	for e, err := range s.Ledger(s.t.Context(), entries) {
		if err != nil {
			r.Fatal(err)
		}
		for _, a := range e.Counts() {
			if filter.Category == "" || a.Category == filter.Category {
				want[key{e.At / quarter, a}]++
			}
		}
	}
	for sum, err := range s.Sums(s.t.Context(), filter) {
		if err != nil {
			r.Fatal(err)
		}
		if sum.At < filter.From || filter.To != 0 && sum.At >= filter.To {
			r.Fatalf("a sum of %s lies outside of %+v", sum.At, filter)
		}
		got[key{sum.At / quarter, sum.Alike}] += sum.N
	}
	if !maps.Equal(got, want) {
		r.Fatalf("%+v:\n got %+v\nwant %+v", filter, got, want)
	}
	s.compareDays(r, filter)
}

// rebuild makes the sums anew, which must have been right.
func (s *sumsHistory) rebuild(r *rapid.T) {
	st, ok := s.Store.(store.Rebuilds)
	if !ok {
		return
	}
	rebuilt, err := st.RebuildSums(s.t.Context(), 0, 0, 0)
	switch {
	case errors.Is(err, store.ErrNoSums):
	case err != nil:
		r.Fatal(err)
	case len(rebuilt.Differed) > 0 || rebuilt.Equal+rebuilt.Missing != rebuilt.Quarters:
		r.Fatalf("rebuilt %+v", rebuilt)
	}
}

// kathmandu is 5:45 hours ahead.
var kathmandu = time.FixedZone("Asia/Kathmandu", (5*60+45)*60)

// compareDays counts by days in both ways. Numbers are in different time zones.
func (s *sumsHistory) compareDays(r *rapid.T, filter store.Filter) {
	zone := func(phoneNumberID string) *time.Location {
		if phoneNumberID == number1 {
			return time.UTC
		}
		return kathmandu
	}
	type key struct {
		day, delivered string
		store.Alike
	}
	day := func(at policy.Moment, phoneNumberID string) string {
		return at.Time().In(zone(phoneNumberID)).Format(time.DateOnly)
	}
	const quarter = 15 * minute
	keyOf := func(at policy.Moment, a store.Alike) key {
		k := key{day(at, a.PhoneNumberID), day(at/quarter*quarter+policy.Moment(a.DeliveredAfter)*quarter, a.PhoneNumberID), a}
		k.DeliveredAfter = 0
		return k
	}
	want, got := make(map[key]int), make(map[key]int)
	for sum, err := range s.Sums(s.t.Context(), filter) {
		if err != nil {
			r.Fatal(err)
		}
		want[keyOf(sum.At, sum.Alike)] += sum.N
	}
	for sum, err := range s.SumsByDay(s.t.Context(), filter, zone) {
		if err != nil {
			r.Fatal(err)
		}
		if sum.At < filter.From {
			r.Fatalf("a sum of %s lies outside of %+v", sum.At, filter)
		}
		got[keyOf(sum.At, sum.Alike)] += sum.N
	}
	if !maps.Equal(got, want) {
		r.Fatalf("%+v by days:\n got %+v\nwant %+v", filter, got, want)
	}
	s.compareLess(r, filter)
}

// compareLess counts in less detail: some by days, others by quarters of an hour.
func (s *sumsHistory) compareLess(r *rapid.T, filter store.Filter) {
	type key struct {
		at policy.Moment
		store.Alike
	}
	const quarter, today = 15 * minute, 24 * 60 * minute
	detail := store.Detail{NoTemplates: rapid.Bool().Draw(r, "no templates"), NoTags: rapid.Bool().Draw(r, "no tags"), Days: func(a *store.Alike) *time.Location {
		if a.Charged {
			return time.UTC
		}
		return nil
	}}
	if rapid.Bool().Draw(r, "late ones") {
		detail.DeliveredFrom = start + 3*60*minute
	}
	apart := rapid.SampledFrom([]policy.Moment{0, start + 37*minute, start + 6*60*minute + 1, start + 3*day}).Draw(r, "apart")
	detail.Apart = []policy.Moment{0, apart}
	// begins is the day, or the part of it from the next quarter of an hour on.
	begins := func(at policy.Moment) policy.Moment {
		begin := at / today * today
		if next := (apart + quarter - 1) / quarter * quarter; next <= at {
			begin = max(begin, next)
		}
		return begin
	}
	only := func(delivered policy.Moment) bool { return delivered/today%2 == 1 }
	if rapid.Bool().Draw(r, "only some") {
		detail.Only = func(a *store.Alike) func(policy.Moment) bool {
			if !a.Status.Delivered() {
				return nil
			}
			return only
		}
	}
	want, got := make(map[key]int), make(map[key]int)
	for sum, err := range s.Sums(s.t.Context(), filter) {
		if err != nil {
			r.Fatal(err)
		}
		if sum.At/quarter+policy.Moment(sum.DeliveredAfter) < detail.DeliveredFrom/quarter {
			continue
		}
		if detail.Only != nil && (!sum.Status.Delivered() || !only((sum.At/quarter+policy.Moment(sum.DeliveredAfter))*quarter)) {
			continue
		}
		k := key{sum.At / quarter, sum.Alike}
		if detail.NoTemplates {
			k.Template = ""
		}
		if detail.NoTags {
			k.Tags = ""
		}
		if sum.Charged {
			begin := max(begins(sum.At/quarter*quarter), filter.From)
			delivered := begins((sum.At/quarter + policy.Moment(sum.DeliveredAfter)) * quarter)
			k.at, k.DeliveredAfter = begin/quarter, int(max(0, delivered/quarter-begin/quarter))
		}
		want[k] += sum.N
	}
	for sum, err := range s.SumsIn(s.t.Context(), filter, detail) {
		if err != nil {
			r.Fatal(err)
		}
		got[key{sum.At / quarter, sum.Alike}] += sum.N
	}
	if !maps.Equal(got, want) {
		r.Fatalf("%+v in less detail:\n got %+v\nwant %+v", filter, got, want)
	}
	s.compareReceived(r, filter)
	s.compareScored(r, filter)
}

// compareScored reads what scoring needs in both ways.
func (s *sumsHistory) compareScored(r *rapid.T, filter store.Filter) {
	var want, got []store.Scored
	whole := func(s store.Scored) store.Scored { // entries are compared by themselves
		if s.Entry != nil && s.Entry.ID != s.ID {
			r.Fatalf("%s comes with the entry %s", s.ID, s.Entry.ID)
		}
		return s
	}
	for e, err := range s.Ledger(s.t.Context(), store.Filter{From: filter.From, To: filter.To, PhoneNumberID: filter.PhoneNumberID}) {
		if err != nil {
			r.Fatal(err)
		}
		want = append(want, whole(e.Scored()))
	}
	for scored, err := range s.Scored(s.t.Context(), store.Filter{From: filter.From, To: filter.To, PhoneNumberID: filter.PhoneNumberID}) {
		if err != nil {
			r.Fatal(err)
		}
		got = append(got, whole(*scored))
	}
	equal := func(a, b store.Scored) bool {
		has := (a.Entry == nil) == (b.Entry == nil)
		a.Entry, b.Entry = nil, nil
		return has && a == b
	}
	if !slices.EqualFunc(got, want, equal) {
		r.Fatalf("%+v scored:\n got %+v\nwant %+v", filter, got, want)
	}
}

// compareReceived reads the messages that were delivered in both ways.
func (s *sumsHistory) compareReceived(r *rapid.T, filter store.Filter) {
	var want, got []store.Received
	for e, err := range s.Ledger(s.t.Context(), store.Filter{From: filter.From, To: filter.To, PhoneNumberID: filter.PhoneNumberID}) {
		if err != nil {
			r.Fatal(err)
		}
		if e.Delivery.Status.Delivered() && len(e.Copies) == 0 {
			want = append(want, store.Received{ID: e.ID, At: e.At, Delivered: max(e.At, e.Delivery.Delivered), Person: e.Contact(), Alike: e.Alike()})
		}
		for i, a := range e.Counts()[1:] {
			if c := &e.Copies[i]; c.Delivery.Status.Delivered() {
				want = append(want, store.Received{ID: e.ID, At: e.At, Delivered: max(e.At, c.Delivery.Delivered), Person: c.Contact, Alike: a})
			}
		}
	}
	for m, err := range s.Received(s.t.Context(), filter.From, filter.To, filter.PhoneNumberID) {
		if err != nil {
			r.Fatal(err)
		}
		got = append(got, *m)
	}
	if !slices.Equal(got, want) {
		r.Fatalf("%+v received:\n got %+v\nwant %+v", filter, got, want)
	}
}

// testSumsRace sums up while sends are settled and statuses come.
func testSumsRace(t *testing.T, open Open) {
	f := newFixture(t, open)
	defer f.close()
	raceSums(t, f, f.Store, f.Store)
}

// raceSums has some stores sum up while sends are settled and statuses come at others. f is
// of any of them.
func raceSums(t *testing.T, f *fixture, stores ...store.Store) {
	if _, ok := f.Store.(interface{ SumUp(context.Context) error }); !ok {
		return
	}
	sumUp := func(s store.Store) error { return s.(interface{ SumUp(context.Context) error }).SumUp(t.Context()) }
	f.clock.set(start)
	ids := make([]store.ID, 400)
	for i := range ids {
		ids[i] = f.reserve(f.newEntry(start+policy.Moment(i)*minute/10, ann))
	}
	f.clock.set(start + 3*60*minute)
	ctx, stop := context.WithCancel(t.Context())
	var summing, changing sync.WaitGroup
	for i := range 2 {
		summing.Go(func() {
			for ctx.Err() == nil {
				if err := sumUp(stores[i]); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for part := range 4 {
		changing.Go(func() {
			s := stores[part%len(stores)]
			for i := part; i < len(ids); i += 4 {
				wamid := fmt.Sprint("wamid.", i)
				err := errors.Join(
					s.Settle(t.Context(), ids[i], store.Outcome{State: store.Accepted, Wamid: wamid}).Wait(),
					s.Apply(t.Context(), []policy.Event{policy.StatusChanged{PhoneNumberID: number1, Wamid: wamid, At: start, Status: policy.StatusDelivered}}),
				)
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	changing.Wait()
	stop()
	summing.Wait()
	for range 2 { // as it was left, and with nothing missing
		delivered := 0
		for sum, err := range f.Sums(t.Context(), store.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if sum.Status == policy.StatusDelivered {
				delivered += sum.N
			}
		}
		if delivered != len(ids) {
			t.Errorf("%d of %d are counted as delivered", delivered, len(ids))
		}
		f.clock.set(policy.MomentOf(f.clock.now()) + day) // whoever looked at a quarter is past it
		if err := sumUp(f.Store); err != nil {
			t.Fatal(err)
		}
	}
}
