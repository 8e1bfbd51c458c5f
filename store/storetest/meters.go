package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

const (
	meteredMonth = "2026-10"
	meteredPrice = billing.Amount(136_500)
)

// meteredSend is a send that counts in meters, and what has become of it by the events so
// far.
type meteredSend struct {
	entry *store.Entry
	wamid string

	state             store.OutcomeState
	delivered, failed bool
	free, entryPoint  bool
	pricedAt          policy.Moment
	category          string
}

// naive counts a send anew from all that is known of it.
func (s *meteredSend) naive(m *store.Meters) {
	if s.state == "" || s.state == store.Rejected || s.state == store.NotSent {
		return
	}
	accepted := s.state == store.Accepted
	if accepted && s.failed && !s.delivered {
		return
	}
	counted := s.entry.Metering
	b := &m.Budgets[0]
	b.Messages++
	free, category := accepted && s.free, ""
	if accepted {
		category = s.category
	}
	if counted.Service && !(free && s.entryPoint) && (category == "" || category == "service") {
		m.Service++
	}
	if counted.Volume != "" && !free && (category == "" || category == string(counted.Volume)) {
		m.Charged++
	}
	switch {
	case free:
	case counted.Unpriced:
		b.Unpriced++
	case accepted:
		b.Spent += meteredPrice
	default:
		b.Reserved += meteredPrice
	}
}

// testMeters: whatever happens to sends, in any order and however often, the meters say what
// a naive count does.
func testMeters(t *testing.T, open Open) {
	f := newFixture(t, open)
	random := rand.New(rand.NewPCG(1, 2))
	q := store.MeterQuery{PhoneNumberID: number1, WABA: "waba", Month: meteredMonth, Service: true, Volume: billing.Utility, Market: "Germany", Budgets: []string{"crm"}}
	var sends []*meteredSend
	at := start
	settles := func(s *meteredSend, state store.OutcomeState) {
		o := store.Outcome{State: state, At: at}
		if state == store.Accepted {
			o.Wamid = s.wamid
		}
		f.settle(s.entry.ID, o)
		s.state = state
	}
	tells := func(s *meteredSend, status policy.DeliveryStatus, p *policy.Pricing) {
		e := policy.StatusChanged{Wamid: s.wamid, PhoneNumberID: number1, Who: []policy.Identity{ann}, Status: status, At: at, Pricing: p}
		if status == policy.StatusFailed {
			e.ErrorCode = 131026
			s.failed = true
		}
		s.delivered = s.delivered || status.Delivered()
		if p != nil && at >= s.pricedAt {
			s.pricedAt, s.category, s.free, s.entryPoint = at, p.Category, p.Type != "regular", p.Type == "free_entry_point"
		}
		for range 1 + random.IntN(2) {
			f.apply(e)
		}
	}
	for range 400 {
		at += 7
		if len(sends) == 0 || random.IntN(5) == 0 {
			e := f.newEntry(at, ann)
			e.Send.PhoneNumberID = number1
			e.Metering = store.Metering{Month: meteredMonth, Budgets: []string{"crm"}, Price: meteredPrice}
			switch random.IntN(3) {
			case 0:
				e.Metering.Service = true
			case 1:
				e.Metering.Volume, e.Metering.Market, e.Metering.Group = billing.Utility, "Germany", "waba/waba"
			case 2:
				e.Metering.Price, e.Metering.Unpriced = 0, true
			}
			f.reserve(e)
			sends = append(sends, &meteredSend{entry: e, wamid: fmt.Sprint("wamid.", len(sends)), state: store.Reserved})
		}
		s := sends[random.IntN(len(sends))]
		switch random.IntN(6) {
		case 0, 1:
			settles(s, []store.OutcomeState{store.Accepted, store.Accepted, store.Rejected, store.NotSent, store.Unknown}[random.IntN(5)])
		case 2:
			tells(s, policy.StatusFailed, nil)
		case 3:
			tells(s, policy.StatusSent, &policy.Pricing{Category: []string{"service", "utility", "marketing"}[random.IntN(3)], Type: []string{"regular", "free_customer_service", "free_entry_point"}[random.IntN(3)]})
		case 4:
			tells(s, []policy.DeliveryStatus{policy.StatusDelivered, policy.StatusRead}[random.IntN(2)], nil)
		case 5:
			if random.IntN(8) == 0 {
				f.reopen()
			}
		}
		want := store.Meters{Group: "waba/waba", Budgets: make([]store.BudgetMeter, 1)}
		for _, s := range sends {
			s.naive(&want)
		}
		got, err := f.Meters(t.Context(), &q)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("after %d sends the meters are %+v, want %+v", len(sends), got, want)
		}
	}
}

// testBudgetRace: of sends at once as many are reserved as there is money for, and an event
// says once that it is spent.
func testBudgetRace(t *testing.T, open Open) {
	f := newFixture(t, open)
	const amount, fit = 5*meteredPrice + 1, 5
	var reserved atomic.Int32
	var wg sync.WaitGroup
	for i := range 40 {
		e := f.newEntry(start+policy.Moment(i), ann)
		e.Facts.Budgets = []policy.BudgetFacts{{Name: "crm", Month: meteredMonth, Currency: "USD", Amount: policy.Money(amount), Price: policy.Money(meteredPrice), Warn: 80, Refuses: true}}
		e.Metering = store.Metering{Month: meteredMonth, Budgets: []string{"crm"}, Price: meteredPrice}
		e.Decision.Claims = []policy.Claim{{Kind: policy.ClaimBudget, Budget: policy.BudgetClaim{Name: "crm", Month: meteredMonth, Price: policy.Money(meteredPrice), Amount: policy.Money(amount)}}}
		wg.Go(func() {
			switch err := f.Reserve(t.Context(), e).Wait(); {
			case err == nil:
				reserved.Add(1)
			case !errors.Is(err, store.ErrClaimed):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	m, err := f.Meters(t.Context(), &store.MeterQuery{Month: meteredMonth, Budgets: []string{"crm"}})
	if err != nil || reserved.Load() != fit || m.Budgets[0].Reserved != fit*meteredPrice {
		t.Errorf("%d were reserved, %+v: %v", reserved.Load(), m, err)
	}
	// A refusal says that it is spent; another one has nothing to add.
	for i := range 2 {
		e := f.newEntry(start+policy.Moment(100+i), ann)
		e.Outcome.State = store.Refused
		e.Decision = policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleBudgetSpent, Category: policy.CategoryMarketing}
		e.Facts.Budgets = []policy.BudgetFacts{{Name: "crm", Month: meteredMonth, Currency: "USD", Amount: policy.Money(amount), Spent: policy.Money(fit * meteredPrice), Price: policy.Money(meteredPrice), Refuses: true}}
		f.reserve(e)
	}
	var told []string
	for e, err := range f.AccountEvents(t.Context(), store.EventFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, string(e.Kind)+" "+e.Name+" "+e.Severity.String())
	}
	if want := "[budget BUDGET_SPENT critical budget BUDGET_WARNING warning]"; fmt.Sprint(told) != want {
		t.Errorf("the events are %v, want %s", told, want)
	}
}
