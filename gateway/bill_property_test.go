package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

// A history of sends is told twice: to a gateway, by requests, answers and webhooks in any
// order and multiplicity, and to a clerk who writes everything down and counts it message by
// message, from a price list of his own. The reports, the budgets and what the sums are
// rebuilt from must say what the clerk does.

// clerk is who counts by hand.
type clerk struct {
	zones    map[string]*time.Location
	messages []*sentMessage
}

// sentMessage is what the clerk has written down of a send.
type sentMessage struct {
	number, market, template, tags string
	at                             time.Time
	// As the request was judged, and what the answer said that it would cost.
	verdict, initiation, estimated string
	monitored                      bool
	expected                       billing.Quote
	// answered is how Meta answered: yes, no, lost or gone; "" where it was not asked.
	answered string
	wamid    string
	told     []policy.StatusChanged
}

// The clerk's price list: what a message costs in USD, by the day from which on, the market
// and the category.
var clerksPrices = map[string]map[string]map[string]string{
	"2026-04-01": {"Germany": {"marketing": "0.1365", "utility": "0.0550", "authentication": "0.0540"}, "India": {"marketing": "0.0118", "utility": "0.0014"}},
	"2026-10-01": {"Germany": {"marketing": "0.1400", "utility": "0.0550", "authentication": "0.0540", "service": "0.0530"}, "India": {"marketing": "0.0118", "utility": "0.0015", "authentication": "0.0014", "service": "0.0013"}},
}

// The clerk's list of discounts: from which message of a month on a market's messages of a
// category cost less, in October.
var clerksTiers = map[string][]struct {
	from  int
	price string
}{
	"Germany utility":        {{2, "0.0500"}, {5, "0.0450"}},
	"India utility":          {{1, "0.0012"}},
	"Germany authentication": {{3, "0.0410"}},
}

// cards are the same lists as a gateway has them.
func clerksCards(t testing.TB) *billing.Cards {
	t.Helper()
	amount := func(text string) billing.Amount {
		a, err := billing.ParseAmount(text)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	var cards []*billing.Card
	for from, markets := range clerksPrices {
		c := &billing.Card{Currency: "USD", From: from, Rates: make(map[billing.Market]map[billing.Category]billing.Amount), Tiers: make(map[billing.Market]map[billing.Category][]billing.Tier)}
		for market, categories := range markets {
			rates, tiers := make(map[billing.Category]billing.Amount), make(map[billing.Category][]billing.Tier)
			for category, price := range categories {
				rates[billing.Category(category)] = amount(price)
				bands := clerksTiers[market+" "+category]
				if from < "2026-10" || len(bands) == 0 {
					continue
				}
				list := []billing.Tier{{Rate: amount(price)}}
				for _, band := range bands {
					list[len(list)-1].To = band.from
					list = append(list, billing.Tier{Rate: amount(band.price)})
				}
				tiers[billing.Category(category)] = list
			}
			c.Rates[billing.Market(market)], c.Tiers[billing.Market(market)] = rates, tiers
		}
		cards = append(cards, c)
	}
	return billing.NewCards(cards...)
}

const clerksAllowance = 1000

// last is what became of a message in the end: delivered when, failed, and what Meta said of
// its price.
func (m *sentMessage) last() (delivered time.Time, status string, price *policy.Pricing) {
	rank := []string{"", "sent", "failed", "delivered", "read"}
	priced := policy.StatusChanged{}
	for _, s := range m.told {
		if m.answered != "yes" {
			break // nobody knows whose it is
		}
		if at := s.At.Time(); s.Status == "delivered" || s.Status == "read" {
			if delivered.IsZero() || at.Before(delivered) {
				delivered = at
			}
		}
		if slices.Index(rank, string(s.Status)) > slices.Index(rank, status) {
			status = string(s.Status)
		}
		if p := s.Pricing; p != nil {
			names := p.Category != ""
			known := priced.Pricing != nil && priced.Pricing.Category != ""
			if priced.Pricing == nil || names && !known || names == known && s.At > priced.At {
				priced = s
			}
		}
	}
	return delivered, status, priced.Pricing
}

// column is what a category costs as.
func column(category string) string {
	switch category {
	case "marketing_lite", "group_marketing":
		return "marketing"
	case "marketing", "utility", "authentication", "authentication_international", "service":
		return category
	}
	return ""
}

// bill is what the clerk counts of a message on one day.
type bill struct {
	day, currency string
	dims          map[string]string
	counts        billing.Counts
}

// price is what the list says; "" for nothing.
func price(day, market, column string) (list, card string) {
	for _, from := range slices.Sorted(maps.Keys(clerksPrices)) {
		if from <= day {
			card, list = from, clerksPrices[from][market][column]
		}
	}
	return list, card
}

// bills are what all messages count as.
func (c *clerk) bills(t *rapid.T) (all []bill) {
	type delivery struct {
		*sentMessage
		day, month string
		quarter    int64
		category   string
		told       string // the price type
		billable   bool
		dims       map[string]string
	}
	var deliveries []delivery
	for _, m := range c.messages {
		zone := c.zones[m.number]
		at, status, told := m.last()
		d := delivery{sentMessage: m, category: m.estimated}
		if told != nil {
			d.billable = told.Billable
			if told.Category != "" {
				d.category = strings.ReplaceAll(told.Category, "-", "_")
			}
			switch {
			case told.Type != "":
				d.told = told.Type
			case told.Billable:
				d.told = "regular"
			default:
				d.told = "not_billable"
			}
		}
		decision := m.verdict
		if m.monitored {
			decision = "monitor"
		}
		d.dims = map[string]string{
			"number": m.number, "business": map[string]string{shop: "Shop", support: "Support"}[m.number], "waba": waba, "category": d.category, "estimated_category": m.estimated,
			"market": m.market, "template": m.template, "decision": decision, "initiation": m.initiation, "currency": "USD", "team": tagIn(m.tags, "team"), "campaign": tagIn(m.tags, "campaign"), "tags": m.tags,
		}
		if m.template != "" && m.initiation == "business" {
			d.dims["message_class"] = "notification"
		}
		sent := bill{day: m.at.In(zone).Format(time.DateOnly), currency: "USD", dims: maps.Clone(d.dims)}
		sent.dims["price_type"], sent.dims["card"] = string(m.expected.Type), m.expected.Card
		if m.expected.Known && m.expected.Type != "" {
			sent.dims["unit_price"] = m.expected.Unit.String()
		}
		n := &sent.counts
		n.Sends = 1
		switch {
		case m.answered == "":
			n.Refused = 1
		case m.answered == "yes" && status == "failed", m.answered == "no", m.answered == "gone":
			n.Failed = 1
		case m.answered == "lost":
			n.Unknown = 1
		}
		if m.answered == "yes" {
			n.Accepted = 1
			if m.expected.Known {
				n.Estimated = m.expected.Unit
			} else {
				n.Unestimated = 1
			}
		}
		all = append(all, sent)
		if status != "delivered" && status != "read" {
			continue
		}
		d.day, d.quarter = at.In(zone).Format(time.DateOnly), at.UnixMilli()/(15*60*1000)
		d.month = d.day[:7]
		deliveries = append(deliveries, d)
	}
	// Messages take turns by the quarter of an hour, then by the order of rows, and then by what
	// Meta told of them.
	slices.SortStableFunc(deliveries, func(a, b delivery) int {
		order := []int{cmp.Compare(a.quarter, b.quarter)}
		for _, name := range []string{"business", "number", "zone", "category", "estimated_category", "decision", "market", "template", "initiation", "message_class", "tags"} {
			x, y := a.dims[name], b.dims[name]
			switch name {
			case "zone":
				x, y = "", "" // is the number's
			case "tags":
				x, y = a.tags, b.tags
			}
			order = append(order, strings.Compare(x, y))
		}
		order = append(order, strings.Compare(a.told, b.told))
		return cmp.Or(order...)
	})
	free, charged := make(map[string]int), make(map[string]int)
	// Where Meta says of some service messages of a month that they are free, it charges for the
	// others.
	marked := make(map[string]bool)
	for _, d := range deliveries {
		if column(d.category) == "service" && d.day >= "2026-10-01" && d.told != "" && d.told != "regular" && d.told != "free_entry_point" {
			marked[d.number+d.month] = true
		}
	}
	for _, d := range deliveries {
		is := column(d.category)
		list, card := price(d.day, d.market, is)
		why := d.told
		switch {
		case why != "":
		case is == "service" && d.day < "2026-10-01", is == "utility" && d.initiation == "user" && d.day < "2026-10-01":
			why = "free_customer_service"
		default:
			why = "regular"
		}
		if is == "service" && d.day >= "2026-10-01" && why != "free_entry_point" {
			free[d.number+d.month]++
			if within := free[d.number+d.month] <= clerksAllowance; within && why == "regular" && (d.told == "" || !marked[d.number+d.month]) {
				why = "free_allowance"
			}
		}
		b := bill{day: d.day, currency: "USD", dims: maps.Clone(d.dims)}
		b.dims["price_type"], b.dims["card"] = why, "USD "+card
		b.counts.Delivered = 1
		if d.billable {
			b.counts.Billable = 1
		}
		if why != "regular" {
			b.counts.Free, b.dims["unit_price"] = 1, "0.0000"
			all = append(all, b)
			continue
		}
		b.counts.Charged = 1
		pool := d.month + d.market + is // of one account
		if card >= "2026-10" {
			for _, band := range clerksTiers[d.market+" "+is] {
				if charged[pool] >= band.from {
					list = band.price
				}
			}
			charged[pool]++
		}
		if list == "" {
			b.counts.Unpriced = 1
		} else {
			amount, err := billing.ParseAmount(list)
			if err != nil {
				t.Fatal(err)
			}
			b.counts.Actual, b.dims["unit_price"] = amount, amount.String()
		}
		all = append(all, b)
	}
	return all
}

func tagIn(tags, name string) string {
	for _, tag := range strings.Split(tags, ",") {
		if value, ok := strings.CutPrefix(tag, name+"="); ok {
			return value
		}
	}
	return ""
}

// rows are the clerk's answer to a question.
func rows(bills []bill, by []string, from, to string, where map[string][]string) map[string]billing.Counts {
	all := make(map[string]billing.Counts)
	for _, b := range bills {
		dim := func(name string) string {
			switch name {
			case "day":
				return b.day
			case "month":
				return b.day[:7]
			}
			return b.dims[name]
		}
		selected := b.day >= from && b.day < to
		for name, values := range where {
			selected = selected && slices.Contains(values, dim(name))
		}
		if !selected {
			continue
		}
		var key []string
		for _, name := range by {
			key = append(key, dim(name))
		}
		sum, n := all[strings.Join(key, " | ")], b.counts
		sum.Sends += n.Sends
		sum.Accepted += n.Accepted
		sum.Failed += n.Failed
		sum.Unknown += n.Unknown
		sum.Refused += n.Refused
		sum.Estimated += n.Estimated
		sum.Unestimated += n.Unestimated
		sum.Delivered += n.Delivered
		sum.Billable += n.Billable
		sum.Charged += n.Charged
		sum.Free += n.Free
		sum.Actual += n.Actual
		sum.Unpriced += n.Unpriced
		all[strings.Join(key, " | ")] = sum
	}
	return all
}

// spent is what the clerk counts under a budget in a month.
func (c *clerk) spent(t *rapid.T, b *Budget, month string) (s store.BudgetMeter) {
	for _, m := range c.messages {
		_, status, told := m.last()
		if m.answered == "" || m.answered == "no" || m.answered == "gone" || status == "failed" || m.at.In(c.zones[m.number]).Format("2006-01") != month {
			continue
		}
		is, why, unit, known := m.estimated, string(m.expected.Type), m.expected.Unit, m.expected.Known
		if told != nil {
			another := told.Category != "" && column(strings.ReplaceAll(told.Category, "-", "_")) != column(m.estimated)
			says := told.Type
			if says == "" {
				says = map[bool]string{true: "regular", false: "not_billable"}[told.Billable]
			}
			switch {
			case says != "regular":
				why, unit, known = says, 0, true
			case another || why != "regular" && why != "free_allowance":
				if another {
					is = strings.ReplaceAll(told.Category, "-", "_")
				}
				list, _ := price(m.at.In(c.zones[m.number]).Format(time.DateOnly), m.market, column(is))
				why, unit, known = "regular", 0, list != ""
				if known {
					var err error
					if unit, err = billing.ParseAmount(list); err != nil {
						t.Fatal(err)
					}
				}
				if column(is) == "" {
					is = m.estimated
				}
			}
		}
		covered := m.expected.Type == billing.Regular || why == "regular"
		for name, value := range b.Tags {
			covered = covered && tagIn(m.tags, name) == value
		}
		if len(b.Categories) > 0 {
			in := strings.TrimSuffix(column(is), "_international") // codes are codes
			covered = covered && slices.Contains(b.Categories, billing.Category(in))
		}
		if !covered {
			continue
		}
		s.Messages++
		switch {
		case why != "regular":
		case !known:
			s.Unpriced++
		case m.answered == "yes":
			s.Spent += unit
		default:
			s.Reserved += unit
		}
	}
	return s
}

// history is what happens to a gateway and to the clerk.
type history struct {
	*world
	*clerk
	t     *rapid.T
	ctx   context.Context
	store store.Store
}

// At first it is the end of September: the rules of October begin within a history.
var billEpoch = time.Date(2026, 9, 29, 20, 0, 0, 0, time.UTC)

func newHistory(t testing.TB, r *rapid.T, open func(now func() time.Time) store.Store) *history {
	t.Helper()
	w := newWorld(t)
	h := &history{world: w, t: r, ctx: t.Context(), clerk: &clerk{zones: make(map[string]*time.Location)}}
	now := func() time.Time { return billEpoch.Add(time.Duration(w.moved.Load())) }
	h.store = open(now)
	w.Now, w.store.Store = now, h.store
	for id, name := range map[string]string{shop: "Europe/Berlin", support: "America/Sao_Paulo"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		h.zones[id] = zone
		w.Businesses.Listed[id].Zone, w.Businesses.Listed[id].Currency = zone, "USD"
	}
	w.Cards = clerksCards(t)
	w.Tagging.Declared = map[string]*Tag{"team": {}, "campaign": {}}
	for _, b := range []*Budget{
		{Name: "all"},
		{Name: "ads", Categories: []billing.Category{billing.Marketing}},
		{Name: "crm", Tags: map[string]string{"team": "crm"}, Categories: []billing.Category{billing.Utility, billing.Authentication}},
	} {
		b.Amount, b.Currency = 1_000_000_000_000, "USD"
		w.Budgets = append(w.Budgets, b)
	}
	for name, category := range map[string]policy.Category{"sale": policy.CategoryMarketing, "parcel": policy.CategoryUtility, "code": policy.CategoryAuthentication} {
		w.learn(t, policy.TemplateChanged{WABA: waba, Template: policy.TemplateRef{Name: name, Language: "en"}, At: w.now(), Status: policy.TemplateApproved, Category: category})
	}
	for _, number := range []string{shop, support} {
		w.learn(t, policy.ConsentChanged{PhoneNumberID: number, Who: names(ana), At: w.now(), State: policy.OptedIn, Scopes: policy.AllScopes, Source: "website"})
	}
	return h
}

// indian is a person in India, who has not agreed to anything.
const indian = "+919812345678"

// send has somebody sent something.
func (h *history) send() {
	number := rapid.SampledFrom([]string{shop, shop, support}).Draw(h.t, "number")
	to := rapid.SampledFrom([]string{ana, ana, indian}).Draw(h.t, "to")
	template := rapid.SampledFrom([]string{"", "sale", "parcel", "parcel", "code"}).Draw(h.t, "template")
	body := text(to, "Hello")
	if template != "" {
		body = `{"messaging_product":"whatsapp","to":"` + to + `","type":"template","template":{"name":"` + template + `","language":{"code":"en"}}}`
	}
	m := &sentMessage{number: number, market: map[string]string{ana: "Germany", indian: "India"}[to], template: template}
	m.tags = rapid.SampledFrom([]string{"", "team=crm", "campaign=diwali,team=crm", "team=support"}).Draw(h.t, "tags")
	m.answered = rapid.SampledFrom([]string{"yes", "yes", "yes", "yes", "yes", "no", "lost", "gone"}).Draw(h.t, "answered")
	m.wamid = fmt.Sprintf("wamid.%d", len(h.messages))
	h.ask(m, body)
	if rapid.IntRange(0, 3).Draw(h.t, "early") == 0 { // statuses may come before the next send, or never
		h.status()
	}
}

// ask sends a request and notes what was said of it.
func (h *history) ask(m *sentMessage, body string) {
	h.meta.answers = map[string]func(context.Context, *Answer) error{
		"yes":  answer(http.StatusOK, `{"messaging_product":"whatsapp","messages":[{"id":"`+m.wamid+`"}]}`),
		"no":   answer(http.StatusBadRequest, `{"error":{"code":131026,"message":"undeliverable"}}`),
		"lost": func(_ context.Context, a *Answer) error { a.Reached = true; return errors.New("reset") },
		"gone": func(context.Context, *Answer) error { return errors.New("refused") },
	}[m.answered]
	r := h.request(h.tb(h.t), m.number, body)
	r.By.Tags = billing.Tags(m.tags)
	result := h.Handle(h.ctx, r, &h.meta)
	if len(result.Sends) != 1 {
		h.t.Fatalf("%+v", result)
	}
	e := result.Sends[0].Entry
	m.at, m.verdict, m.initiation, m.estimated, m.monitored, m.expected = e.At.Time(), string(e.Decision.Verdict), string(e.Decision.Initiation), string(e.Decision.Category), e.Monitored, e.Price
	if m.verdict == "refuse" && !m.monitored {
		m.answered = ""
	}
	h.messages = append(h.messages, m)
}

// status has Meta tell something of a message, some times.
func (h *history) status() {
	if len(h.messages) == 0 {
		return
	}
	m := rapid.SampledFrom(h.messages).Draw(h.t, "of")
	if m.answered == "" {
		return
	}
	e := policy.StatusChanged{PhoneNumberID: m.number, Wamid: m.wamid, Status: rapid.SampledFrom([]policy.DeliveryStatus{policy.StatusSent, policy.StatusFailed, policy.StatusDelivered, policy.StatusDelivered, policy.StatusRead}).Draw(h.t, "status")}
	if e.Status == policy.StatusFailed {
		e.ErrorCode = 131026
	}
	ago := time.Duration(rapid.Int64Range(0, int64(h.Now().Sub(m.at))).Draw(h.t, "ago"))
	e.At = max(policy.MomentOf(h.Now().Add(-ago)), policy.MomentOf(m.at))
	if slices.ContainsFunc(m.told, func(s policy.StatusChanged) bool { return s.At == e.At }) {
		return // which of them is newer nobody could tell
	}
	if rapid.IntRange(0, 2).Draw(h.t, "priced") > 0 {
		// Mostly as it was expected; a service message stays one.
		category := rapid.SampledFrom([]string{m.estimated, m.estimated, "marketing", "utility", "authentication", "authentication-international", "marketing_lite", "general_purpose_ai", ""}).Draw(h.t, "category")
		e.Pricing = &policy.Pricing{Category: category, Model: "PMP"}
		e.Pricing.Type = rapid.SampledFrom([]string{"regular", "regular", "regular", "free_customer_service", "free_entry_point", ""}).Draw(h.t, "type")
		e.Pricing.Billable = e.Pricing.Type == "regular" || e.Pricing.Type == "" && rapid.Bool().Draw(h.t, "billable")
	}
	m.told = append(m.told, e)
	times := rapid.IntRange(1, 2).Draw(h.t, "times")
	for range times {
		h.tell(e)
	}
	if again := rapid.SampledFrom(m.told).Draw(h.t, "again"); rapid.Bool().Draw(h.t, "late") {
		h.tell(again)
	}
}

func (h *history) tell(events ...policy.Event) {
	if err := h.Learn(h.ctx, events); err != nil {
		h.t.Fatal(err)
	}
}

// tb is a testing.TB that fails the history.
func (w *world) tb(t *rapid.T) testing.TB { return historyTB{t: t} }

type historyTB struct {
	testing.TB
	t *rapid.T
}

func (h historyTB) Helper()                   {}
func (h historyTB) Context() context.Context  { return context.Background() }
func (h historyTB) Fatal(args ...any)         { h.t.Fatal(args...) }
func (h historyTB) Fatalf(f string, a ...any) { h.t.Fatalf(f, a...) }

// crowd answers so many people at once, by one number in the same moment, that the free
// messages of a month are nearly used up.
func (h *history) crowd() {
	h.tell(policy.ServiceWindowOpened{PhoneNumberID: shop, Who: names(ana), At: h.now()})
	h.ask(&sentMessage{number: shop, market: "Germany", answered: "yes", wamid: fmt.Sprintf("wamid.%d", len(h.messages))}, text(ana, "Hello"))
	first, entry := *h.messages[len(h.messages)-1], h.newest(h.tb(h.t))
	for i := range clerksAllowance - 3 {
		m, e := first, *entry
		m.wamid = fmt.Sprintf("%s.%d", first.wamid, i)
		e.ID, e.Outcome, e.Delivery = store.NewID(e.At), store.Outcome{State: store.Reserved, At: e.At}, store.Delivery{}
		if err := h.store.Reserve(h.ctx, &e).Wait(); err != nil {
			h.t.Fatal(err)
		}
		if err := h.store.Settle(h.ctx, e.ID, store.Outcome{State: store.Accepted, At: e.At, Wamid: m.wamid}).Wait(); err != nil {
			h.t.Fatal(err)
		}
		m.told = []policy.StatusChanged{{PhoneNumberID: m.number, Wamid: m.wamid, Status: policy.StatusDelivered, At: policy.MomentOf(m.at) + 1}}
		h.tell(m.told[0])
		h.messages = append(h.messages, &m)
	}
}

// compare asks both the same question.
func (h *history) compare() {
	bills := h.bills(h.t)
	dimensions := append(slices.Clone(billing.Dimensions), "team", "campaign")
	by := rapid.SliceOfNDistinct(rapid.SampledFrom(dimensions), 1, 4, rapid.ID[string]).Draw(h.t, "by")
	days := []string{"2026-09-01", "2026-09-30", "2026-10-01", "2026-10-02", "2026-10-09", "2026-11-01"}
	from := rapid.IntRange(0, len(days)-1).Draw(h.t, "from")
	s := ReportSelection{By: strings.Join(by, ","), Selection: Selection{From: days[from], To: "2026-12-31"}}
	if to := rapid.IntRange(0, len(days)).Draw(h.t, "to"); to > from && to < len(days) {
		s.To = days[to]
	}
	where := make(map[string][]string)
	if rapid.IntRange(0, 2).Draw(h.t, "selects") == 0 {
		name := rapid.SampledFrom([]string{"market", "category", "team", "decision", "price_type"}).Draw(h.t, "where")
		where[name] = map[string][]string{"market": {"India"}, "category": {"utility", "service"}, "team": {"crm"}, "decision": {"allow"}, "price_type": {"regular"}}[name]
		s.Where = name + "=" + strings.Join(where[name], ",")
	}
	want := rows(bills, by, s.From, s.To, where)
	for key, counts := range want {
		if counts == (billing.Counts{}) {
			delete(want, key)
		}
	}
	r, err := h.Report(h.ctx, s)
	if err != nil {
		h.t.Fatal(err)
	}
	got, total := make(map[string]billing.Counts), billing.Counts{}
	for _, row := range r.Rows {
		var key []string
		for _, name := range by {
			key = append(key, row.Value(name))
		}
		got[strings.Join(key, " | ")] = row.Counts
		total.Sends += row.Sends
		total.Actual += row.Actual
	}
	if !maps.Equal(got, want) {
		h.t.Fatalf("by %v from %s to %s where %v\n%s", by, s.From, s.To, where, differences(got, want))
	}
	if r.Total.Sends != total.Sends || r.Total.Actual != total.Actual {
		h.t.Fatalf("the total is %+v, that of the rows %+v", r.Total, total)
	}
}

// differences says how two answers differ.
func differences(got, want map[string]billing.Counts) string {
	var out strings.Builder
	keys := maps.Clone(got)
	maps.Copy(keys, want)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if got[key] != want[key] {
			fmt.Fprintf(&out, "%s\n\treport %+v\n\tclerk  %+v\n", key, got[key], want[key])
		}
	}
	return out.String()
}

// budgets compares what the budgets say, as they were kept and as they are counted anew.
func (h *history) budgets() {
	for _, how := range []string{"kept", "rebuilt"} {
		for _, b := range h.Budgets {
			for _, month := range []string{"2026-09", "2026-10", "2026-11"} {
				m, err := h.store.Meters(h.ctx, &store.MeterQuery{Month: month, Budgets: []string{b.Name}})
				if err != nil {
					h.t.Fatal(err)
				}
				if want := h.spent(h.t, b, month); m.Budgets[0] != want {
					h.t.Fatalf("the budget %s of %s, as it is %s: %+v, the clerk has %+v", b.Name, month, how, m.Budgets[0], want)
				}
			}
		}
		if err := h.RecountBudgets(h.ctx, "", false); err != nil {
			h.t.Fatal(err)
		}
	}
}

// rollUp sums the ledger up, and has it counted anew.
func (h *history) rollUp() {
	if err := h.store.(interface{ SumUp(context.Context) error }).SumUp(h.ctx); err != nil {
		h.t.Fatal(err)
	}
}

func (h *history) rebuild() {
	rebuilt, err := h.RebuildSums(h.ctx, Selection{})
	if errors.Is(err, store.ErrNoSums) {
		return
	}
	if err != nil || len(rebuilt.Differed) > 0 {
		h.t.Fatalf("%+v, %v", rebuilt, err)
	}
}

// billIs runs histories of so many steps at most, and asks in between and at the end.
func billIs(t *testing.T, most int, crowds bool, open func(now func() time.Time) store.Store) {
	rapid.Check(t, func(r *rapid.T) {
		h := newHistory(t, r, open)
		for range rapid.IntRange(1, most).Draw(r, "steps") {
			switch step := rapid.IntRange(0, 70).Draw(r, "step"); {
			case step < 24:
				h.send()
			case step < 46:
				h.status()
			case step < 52:
				h.tell(policy.ServiceWindowOpened{PhoneNumberID: rapid.SampledFrom([]string{shop, support}).Draw(r, "writes to"), Who: names(rapid.SampledFrom([]string{ana, indian}).Draw(r, "who")), At: h.now()})
			case step < 60:
				h.advance(rapid.SampledFrom([]time.Duration{time.Minute, 16 * time.Minute, 5 * time.Hour, 26 * time.Hour, 9 * 24 * time.Hour}).Draw(r, "later"))
			case step < 65:
				h.rollUp()
			case step < 70:
				h.compare()
			case crowds:
				h.crowd()
			}
		}
		h.compare()
		h.budgets()
		h.rollUp()
		h.compare()
		h.rebuild()
		h.compare()
	})
}

// TestBillIsWhatTheClerkCounts: over a store in memory.
func TestBillIsWhatTheClerkCounts(t *testing.T) {
	billIs(t, 30, true, func(now func() time.Time) store.Store { return openStore(t, now) })
}

// TestBillIsWhatTheClerkCountsOnDisk: over the store that keeps it on disk.
func TestBillIsWhatTheClerkCountsOnDisk(t *testing.T) {
	billIs(t, 12, false, func(now func() time.Time) store.Store {
		s, err := badger.Open(t.TempDir(), badger.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	})
}
