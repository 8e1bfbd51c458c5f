package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
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
	// expected is what it was expected to be billed as, and to cost; free why nothing.
	expected billing.Category
	free     billing.PriceType

	state             store.OutcomeState
	delivered, failed bool
	pricedAt          policy.Moment
	category          billing.Category // as it was billed; "" where nobody said
	why               billing.PriceType
}

// meteredPrices are those of the columns of a card that has none for codes abroad.
var meteredPrices = map[billing.Category]billing.Amount{billing.Marketing: meteredPrice, billing.Utility: 55_000, billing.Authentication: 54_000, billing.Service: 53_000}

// ads is the budget of all marketing; crm is that of everything.
const ads, crm = "ads", "crm"

// newMetered is a send of a category, and what it counts as.
func newMetered(e *store.Entry, wamid string, c billing.Category, free billing.PriceType) *meteredSend {
	e.Send.PhoneNumberID = number1
	m := store.Metering{Month: meteredMonth, Budgets: []string{crm}, Column: store.ColumnOf(c), Free: free}
	switch c {
	case billing.Service:
		m.Service = true
	case billing.Utility, billing.Authentication:
		m.Volume, m.Market, m.Group = c, "Germany", "waba/waba"
	case billing.Marketing:
		m.Budgets = []string{crm, ads}
	}
	if free == "" {
		m.Price = meteredPrices[c]
	}
	for _, column := range billing.Columns {
		if column == c && (free == "" || free == billing.FreeAllowance) {
			continue
		}
		price, known := meteredPrices[column]
		o := store.Otherwise{Column: store.ColumnOf(column), Price: price, Unpriced: !known}
		switch {
		case column == c:
		case column == billing.Marketing:
			o.Budgets = []string{crm, ads}
		case c == billing.Marketing:
			o.Budgets = []string{crm}
		}
		m.Otherwise = append(m.Otherwise, o)
	}
	e.Metering = m
	return &meteredSend{entry: e, wamid: wamid, expected: c, free: free, state: store.Reserved}
}

// naive counts a send anew from all that is known of it.
func (s *meteredSend) naive(m *naiveMeters) {
	accepted := s.state == store.Accepted
	switch {
	case s.state == "" || s.state == store.Rejected || s.state == store.NotSent:
		return
	case accepted && s.failed && !s.delivered:
		return
	case !accepted: // its statuses are not known to be its own
		s = &meteredSend{expected: s.expected, free: s.free, state: s.state}
	}
	is, free := s.expected, s.free
	if s.category != "" {
		is = s.category
	}
	if s.why != "" && (is != billing.Service || s.free != billing.FreeAllowance || s.why != billing.Regular) {
		free = s.why
		if s.why == billing.Regular {
			free = ""
		}
	}
	if s.expected == billing.Service && is == billing.Service && free != billing.FreeEntryPoint {
		m.service++
	}
	if free == "" && s.expected != billing.Service && s.expected != billing.Marketing {
		m.volume[is]++ // Of others nobody keeps whose volume it would be.
	}
	under, columns := []string{crm}, is
	if free != "" {
		columns = s.expected
		if s.free != "" {
			return
		}
	}
	if columns == billing.Marketing {
		under = append(under, ads)
	}
	price, known := meteredPrices[is]
	for _, name := range under {
		b := m.budgets[name]
		b.Messages++
		switch {
		case free != "":
		case !known:
			b.Unpriced++
		case accepted:
			b.Spent += price
		default:
			b.Reserved += price
		}
		m.budgets[name] = b
	}
}

type naiveMeters struct {
	service int
	volume  map[billing.Category]int
	budgets map[string]store.BudgetMeter
}

// testMeters: whatever happens to sends, in any order and however often, the meters say what
// a naive count does.
func testMeters(t *testing.T, open Open) {
	f := newFixture(t, open)
	random := rand.New(rand.NewPCG(1, 2))
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
			s.pricedAt, s.category, s.why = at, billing.Category(p.Category), billing.PriceType(p.Type)
		}
		for range 1 + random.IntN(2) {
			f.apply(e)
		}
	}
	for range 600 {
		at += 7
		if len(sends) == 0 || random.IntN(5) == 0 {
			c := []billing.Category{billing.Marketing, billing.Utility, billing.Authentication, billing.Service}[random.IntN(4)]
			free := billing.PriceType("")
			switch random.IntN(4) {
			case 0:
				free = billing.FreeEntryPoint
			case 1:
				if c == billing.Service {
					free = billing.FreeAllowance
				}
			}
			s := newMetered(f.newEntry(at, ann), fmt.Sprint("wamid.", len(sends)), c, free)
			f.reserve(s.entry)
			sends = append(sends, s)
		}
		s := sends[random.IntN(len(sends))]
		switch random.IntN(6) {
		case 0, 1:
			settles(s, []store.OutcomeState{store.Accepted, store.Accepted, store.Rejected, store.NotSent, store.Unknown}[random.IntN(5)])
		case 2:
			tells(s, policy.StatusFailed, nil)
		case 3:
			tells(s, policy.StatusSent, &policy.Pricing{
				Category: string(slices.Concat(billing.Columns, billing.Columns[:2])[random.IntN(7)]), Type: []string{"regular", "regular", "free_customer_service", "free_entry_point"}[random.IntN(4)],
			})
		case 4:
			tells(s, []policy.DeliveryStatus{policy.StatusDelivered, policy.StatusRead}[random.IntN(2)], nil)
		case 5:
			if random.IntN(8) == 0 {
				f.reopen()
			}
		}
		want := naiveMeters{volume: make(map[billing.Category]int), budgets: make(map[string]store.BudgetMeter)}
		for _, s := range sends {
			s.naive(&want)
		}
		for _, volume := range []billing.Category{billing.Utility, billing.Authentication, billing.AuthenticationInternational} {
			got, err := f.Meters(t.Context(), &store.MeterQuery{PhoneNumberID: number1, WABA: "waba", Month: meteredMonth, Service: true, Volume: volume, Market: "Germany", Budgets: []string{crm, ads}})
			if err != nil {
				t.Fatal(err)
			}
			is := store.Meters{Service: want.service, Charged: want.volume[volume], Group: "waba/waba", Budgets: []store.BudgetMeter{want.budgets[crm], want.budgets[ads]}}
			if fmt.Sprint(got) != fmt.Sprint(is) {
				t.Fatalf("after %d sends the meters are %+v, want %+v", len(sends), got, is)
			}
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
