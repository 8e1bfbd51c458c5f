package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// Metering is what a send counts as in the month it is sent in, where its account is. The
// zero value counts nowhere.
type Metering struct {
	Month string `json:"month,omitempty" cbor:"1,keyasint,omitempty"`
	// Service: it counts against the free allowance of its business phone number.
	Service bool `json:"service,omitempty" cbor:"2,keyasint,omitempty"`
	// Volume is the category it counts as towards a volume tier, of a market, in the
	// portfolio or account of Group; "" where it doesn't.
	Volume billing.Category `json:"volume,omitempty" cbor:"3,keyasint,omitempty"`
	Market billing.Market   `json:"market,omitempty" cbor:"4,keyasint,omitempty"`
	Group  string           `json:"group,omitempty" cbor:"5,keyasint,omitempty"`
	// Budgets are the names of those it counts under, with its Price; Unpriced where
	// nobody knows that.
	Budgets  []string       `json:"budgets,omitempty" cbor:"6,keyasint,omitempty"`
	Price    billing.Amount `json:"price,omitempty" cbor:"7,keyasint,omitempty"`
	Unpriced bool           `json:"unpriced,omitempty" cbor:"8,keyasint,omitempty"`
	// Free is why it was expected to cost nothing; "" where it was expected to cost
	// something.
	Free billing.PriceType `json:"free,omitempty" cbor:"9,keyasint,omitempty"`
	// Column is the category that it was expected to be billed as: a column of a rate card.
	Column Column `json:"column,omitempty" cbor:"10,keyasint,omitempty"`
	// Otherwise is what it counts as under budgets where Meta bills it as a column in which
	// it isn't counted above. Under a column that isn't among them it counts under none.
	Otherwise []Otherwise `json:"otherwise,omitempty" cbor:"11,keyasint,omitempty"`
	// ByCopy: it goes to a group, and counts by its copies, each at the market of its member.
	ByCopy bool `json:"by_copy,omitempty" cbor:"12,keyasint,omitempty"`
}

// Otherwise is what a message counts as under budgets if Meta bills it as a column.
type Otherwise struct {
	Column Column `json:"column" cbor:"1,keyasint,omitempty"`
	// Budgets are the names of those; nil for those it was expected to count under.
	Budgets  []string       `json:"budgets,omitempty" cbor:"2,keyasint,omitempty"`
	Price    billing.Amount `json:"price,omitempty" cbor:"3,keyasint,omitempty"`
	Unpriced bool           `json:"unpriced,omitempty" cbor:"4,keyasint,omitempty"`
}

// Column is the place of a category among [billing.Columns], from one; zero for none.
type Column uint8

// ColumnOf is the column that a category is billed by.
func ColumnOf(c billing.Category) Column {
	return Column(1 + slices.Index(billing.Columns, c.Column()))
}

// Category is the category of the column; "" for none.
func (c Column) Category() billing.Category {
	if c == 0 || int(c) > len(billing.Columns) {
		return ""
	}
	return billing.Columns[c-1]
}

// MarshalText writes the name of the category.
func (c Column) MarshalText() ([]byte, error) { return []byte(c.Category()), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *Column) UnmarshalText(text []byte) error {
	*c = ColumnOf(billing.Category(text))
	return nil
}

// Counts reports that the send counts somewhere, or may.
func (m *Metering) Counts() bool {
	return m.Service || m.Volume != "" || len(m.Budgets) > 0 || len(m.Otherwise) > 0
}

// meterSubject is what a meter counts.
type meterSubject struct {
	Kind meterKind
	// Of is a business phone number, the group of a volume, the name of a budget, or the account
	// that tiers were told of.
	Of, Month string
	Market    billing.Market
	Volume    billing.Category
}

type meterKind int

const (
	meterAllowance meterKind = iota + 1
	meterVolume
	meterBudget
	meterTier
)

func (s meterSubject) key() []byte {
	kind := []string{meterAllowance: "allowance", meterVolume: "volume", meterBudget: "budget", meterTier: "tier"}[s.Kind]
	return digestKey(meterPrefix, kind, s.Of, s.Month, string(s.Market), string(s.Volume))
}

// meterRecord is how far a meter is.
type meterRecord struct {
	// What it counts: see meterSubject.
	Kind   meterKind        `cbor:"1,keyasint"`
	Of     string           `cbor:"2,keyasint"`
	Month  string           `cbor:"3,keyasint"`
	Market billing.Market   `cbor:"4,keyasint,omitempty"`
	Volume billing.Category `cbor:"5,keyasint,omitempty"`
	// Messages are those that count, whatever they cost.
	Messages int `cbor:"6,keyasint,omitempty"`
	// Spent is what messages are expected to cost that Meta took, Reserved that of sends
	// of which that isn't known. Unpriced are messages of which the price isn't.
	Spent    billing.Amount `cbor:"7,keyasint,omitempty"`
	Reserved billing.Amount `cbor:"8,keyasint,omitempty"`
	Unpriced int            `cbor:"9,keyasint,omitempty"`
	// Told is how much of what there is to tell of a budget has been told.
	Told toldOfBudget `cbor:"10,keyasint,omitempty"`
	// ToldOf is the amount that was told of.
	ToldOf policy.Money `cbor:"12,keyasint,omitempty"`
	// Changes is how often a budget's was changed.
	Changes int64 `cbor:"11,keyasint,omitempty"`
	// Tiers are those that Meta told of, in the order in which they were reached.
	Tiers []toldTier `cbor:"13,keyasint,omitempty"`
}

func (r *meterRecord) subject() meterSubject {
	return meterSubject{r.Kind, r.Of, r.Month, r.Market, r.Volume}
}

// changeMeter changes how far a meter is. Nearly every send changes one, and so nothing is
// decoded again that was written here.
func (t *tx) changeMeter(s meterSubject, change func(*meterRecord)) error {
	key := s.key()
	before, err := t.get(key)
	if err != nil {
		return err
	}
	r := meterRecord{Kind: s.Kind, Of: s.Of, Month: s.Month, Market: s.Market, Volume: s.Volume}
	if before != nil {
		if r, err = decodeMeter(before); err != nil {
			return err
		}
	}
	change(&r)
	after := appendMeter(make([]byte, 0, 64), &r)
	if bytes.Equal(before, after) {
		return nil
	}
	if k := t.s.known; k != nil {
		t.Committed(func() { k.metered(&r) })
	}
	return t.Put(key, after, 0)
}

// metered takes over how far a meter is.
func (k *knowledge) metered(r *meterRecord) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.meters[r.subject()] = *r
}

// share is what a message adds to its meters.
type share struct {
	service int
	// volume is the category it counts as towards a tier, of a market; "" for none.
	volume billing.Category
	market billing.Market
	// under says which budgets the rest is for: zero for those that were expected, else the
	// place in Metering.Otherwise, from one.
	under              int
	messages, unpriced int
	spent, reserved    billing.Amount
}

// shares are what the message adds by what became of it: settled is nil as long as nobody
// knows, r is what its statuses told, and copies are those of a message to a group. As long as
// nobody knows of a copy it is one message of an unknown price, which uses up neither allowance
// nor volume.
func (m *Metering) shares(settled *settlement, r *statusRecord, copies *copiesRecord) []share {
	if !m.ByCopy || len(copies.Copies) == 0 {
		s := m.share(settled, r)
		if s.market = m.Market; m.ByCopy {
			s.service, s.volume = 0, ""
		}
		return []share{s}
	}
	all := make([]share, len(copies.Copies))
	for i := range copies.Copies {
		c := &copies.Copies[i]
		s := m.share(settled, &c.Told)
		if s.market = billing.Market(c.Market.Market); s.market == "" {
			s.volume = ""
		}
		if s.unpriced > 0 && c.Price.Known {
			s.unpriced, s.spent = 0, c.Price.Unit
		}
		all[i] = s
	}
	return all
}

// share is what the message, or a copy of it, adds.
func (m *Metering) share(settled *settlement, r *statusRecord) (s share) {
	if settled != nil && settled.reachedNobody() || r.Status.Status == policy.StatusFailed {
		return share{}
	}
	price, unpriced := m.Price, m.Unpriced
	if m.Free == "" {
		s.volume, s.messages = m.Volume, 1
	}
	if m.Service && (m.Free == "" || m.Free == billing.FreeAllowance) {
		s.service = 1
	}
	if p := r.Priced.Pricing; p != nil {
		price, unpriced = m.bill(&s, p)
	}
	taken := settled != nil && settled.Outcome.State == Accepted || r.Status.Status.Delivered()
	switch {
	case s.messages == 0:
	case unpriced:
		s.unpriced = 1
	case taken:
		s.spent = price
	default:
		s.reserved = price
	}
	return s
}

// bill corrects what a message adds by Meta's word on its price, and is what it costs. It
// comes to the same as [billing.Card.Billed] of the price that was expected.
func (m *Metering) bill(s *share, p *policy.Pricing) (price billing.Amount, unpriced bool) {
	why, told := toldType(p.Type, p.Model, p.Billable), billing.Category(policy.BilledCategory(p.Category))
	switch {
	case why == billing.FreeEntryPoint, told != "" && told.Column() != billing.Service:
		s.service = 0
	case m.Service && (why == billing.Regular || why == billing.FreeCustomerService):
		s.service = 1
	}
	if why.Free() {
		s.volume = ""
		return 0, false
	}
	column := m.Column
	if told != "" {
		column = ColumnOf(told)
	}
	charged := m.Free == "" || why == billing.Regular
	switch expected := column == m.Column || m.Column == 0; { // earlier versions didn't keep it
	case expected && m.Free == "":
		return m.Price, m.Unpriced
	case !charged, expected && m.Free == billing.FreeAllowance:
		return 0, false
	}
	*s = share{service: s.service}
	if m.Group != "" {
		s.volume = volumeOf(column.Category())
	}
	if column == 0 { // no card has it
		s.messages = 1
		return 0, true
	}
	for i := range m.Otherwise {
		if o := &m.Otherwise[i]; o.Column == column {
			s.messages, s.under = 1, i+1
			return o.Price, o.Unpriced
		}
	}
	return 0, false
}

// volumeOf is the category as which messages of a category count towards a tier; "" where
// there are none.
func volumeOf(c billing.Category) billing.Category {
	switch c {
	case billing.Utility, billing.Authentication, billing.AuthenticationInternational:
		return c
	}
	return ""
}

// budgets are those that a share is for.
func (m *Metering) budgets(s *share) []string {
	switch {
	case s.messages == 0:
		return nil
	case s.under > 0 && m.Otherwise[s.under-1].Budgets != nil:
		return m.Otherwise[s.under-1].Budgets
	}
	return m.Budgets
}

// meterDelta is by how much a meter changes.
type meterDelta struct {
	messages, unpriced int
	spent, reserved    billing.Amount
}

// meter changes the meters of a message from what it added before.
func (t *tx) meter(phoneNumberID string, m *Metering, before, after []share) error {
	if slices.Equal(before, after) {
		return nil
	}
	deltas := make(map[meterSubject]meterDelta)
	for i := range before {
		m.add(deltas, phoneNumberID, &before[i], -1)
	}
	for i := range after {
		m.add(deltas, phoneNumberID, &after[i], 1)
	}
	for subject, d := range deltas {
		if d == (meterDelta{}) {
			continue
		}
		err := t.changeMeter(subject, func(r *meterRecord) {
			r.Messages += d.messages
			r.Unpriced += d.unpriced
			r.Spent += d.spent
			r.Reserved += d.reserved
			if subject.Kind == meterBudget {
				r.Changes++
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// add adds a share so many times to what meters change by.
func (m *Metering) add(to map[meterSubject]meterDelta, phoneNumberID string, s *share, n int) {
	count := func(subject meterSubject, d meterDelta) {
		is := to[subject]
		is.messages, is.unpriced = is.messages+n*d.messages, is.unpriced+n*d.unpriced
		is.spent, is.reserved = is.spent+billing.Amount(n)*d.spent, is.reserved+billing.Amount(n)*d.reserved
		to[subject] = is
	}
	if s.service > 0 {
		count(meterSubject{Kind: meterAllowance, Of: phoneNumberID, Month: m.Month}, meterDelta{messages: s.service})
	}
	if s.volume != "" {
		count(meterSubject{Kind: meterVolume, Of: m.Group, Month: m.Month, Market: s.market, Volume: s.volume}, meterDelta{messages: 1})
	}
	for _, name := range m.budgets(s) {
		count(meterSubject{Kind: meterBudget, Of: name, Month: m.Month}, meterDelta{s.messages, s.unpriced, s.spent, s.reserved})
	}
}

// settleMeters counts a send by what became of it. Its message is told what it counts as,
// so that statuses find that without the entry.
func (t *tx) settleMeters(id ID, h *entryHead, before *settlement, after settlement) error {
	m := &h.Metering
	if !m.Counts() {
		return nil
	}
	status := func(s *settlement) (r statusRecord, copies copiesRecord, err error) {
		if s == nil || s.Wamid == nil {
			return r, copies, nil
		}
		if r, err = readStatus(t, *s.Wamid); err == nil && r.Copies {
			copies, err = readCopies(t, *s.Wamid)
		}
		return r, copies, err
	}
	was, wereCopies, err := status(before)
	if err != nil {
		return err
	}
	is, areCopies, err := status(&after)
	if err != nil {
		return err
	}
	if err := t.meter(h.Send.PhoneNumberID, m, m.shares(before, &was, &wereCopies), m.shares(&after, &is, &areCopies)); err != nil {
		return err
	}
	if before != nil && before.Wamid != nil && was.Metered != nil && (after.Wamid == nil || *after.Wamid != *before.Wamid) {
		was.Metered = nil
		if err := t.putStatusValue(*before.Wamid, appendStatus(nil, &was)); err != nil {
			return err
		}
	}
	if after.Wamid == nil || is.Metered != nil {
		return nil
	}
	// No sum counts what is changed here.
	if is.Metered = m; is.sent() == nil {
		is.Sent = &id
	}
	return t.putStatusValue(*after.Wamid, appendStatus(make([]byte, 0, 96), &is))
}

// statusMeters counts a message by what its statuses told; copies are nil where it has none.
func (t *tx) statusMeters(phoneNumberID string, before, after *statusRecord, copies *changedCopies) error {
	m := after.Metered
	if m == nil {
		return nil
	}
	if copies == nil {
		copies = new(changedCopies)
	}
	accepted := &settlement{Outcome: Outcome{State: Accepted}}
	return t.meter(phoneNumberID, m, m.shares(accepted, before, &copies.before), m.shares(accepted, after, &copies.after))
}

// MeterQuery asks how far the meters are that the price of a send depends on.
type MeterQuery struct {
	PhoneNumberID string
	// WABA is its account; "" where webhooks told. Portfolio is the name of its portfolio.
	WABA, Portfolio string
	// Accounts are those of the portfolio.
	Accounts []string
	Month    string
	// Service asks for the allowance, Volume for a volume of the market; Budgets are names.
	Service bool
	Volume  billing.Category
	Market  billing.Market
	Budgets []string
}

// Meters are how far meters are. What is on its way counts.
type Meters struct {
	// Service is how many service messages of the month count against the allowance, and
	// Charged how many of the volume are charged for.
	Service, Charged int
	// Group is whose volume it is, and Tiers are those that Meta told of it: Charged agrees
	// with them.
	Group string
	Tiers billing.ToldTiers
	// Budgets are in the order of the query.
	Budgets []BudgetMeter
}

// BudgetMeter is what is spent of a budget in a month.
type BudgetMeter struct {
	// Spent is what messages are expected to cost that Meta took, Reserved that of sends
	// that are on their way, or of which nobody knows what became.
	Spent, Reserved billing.Amount
	// Messages are those that count, Unpriced those of them that have no known price.
	Messages, Unpriced int
}

// Meters reads how far meters are: from memory, if the engine is [Sole].
func (s *Book) Meters(ctx context.Context, q *MeterQuery) (m Meters, err error) {
	if s.known != nil {
		m, err = s.meters(nil, q)
	} else {
		err = s.view(ctx, func(r *reading) (err error) {
			m, err = s.meters(r, q)
			return err
		})
	}
	if err != nil {
		return m, fmt.Errorf("reading the meters of a month: %w", err)
	}
	return m, nil
}

func (s *Book) meters(r *reading, q *MeterQuery) (m Meters, err error) {
	read := func(subject meterSubject) meterRecord {
		if s.known != nil {
			return s.known.meter(subject)
		}
		record, failed := readRecord[meterRecord](r, subject.key())
		if failed != nil {
			err = failed
		}
		return record
	}
	if q.Service {
		m.Service = read(meterSubject{Kind: meterAllowance, Of: q.PhoneNumberID, Month: q.Month}).Messages
	}
	if q.Volume != "" {
		waba := q.WABA
		if waba == "" {
			number, failed := s.numberKnown(r, q.PhoneNumberID)
			if failed != nil {
				return m, failed
			}
			waba = number.WABA
		}
		group := Query{PhoneNumberID: q.PhoneNumberID, Portfolio: &PortfolioQuery{Name: q.Portfolio}}
		m.Group = group.portfolio(waba)
		m.Charged = read(meterSubject{Kind: meterVolume, Of: m.Group, Month: q.Month, Market: q.Market, Volume: q.Volume}).Messages
		m.Tiers = tiersOf(waba, q.Accounts, func(account string) []toldTier {
			return read(meterSubject{Kind: meterTier, Of: account, Month: q.Month, Market: q.Market, Volume: q.Volume}).Tiers
		})
		m.Charged = m.Tiers.Count(m.Charged, s.options.Now())
	}
	for _, name := range q.Budgets {
		b := read(meterSubject{Kind: meterBudget, Of: name, Month: q.Month})
		m.Budgets = append(m.Budgets, BudgetMeter{Spent: b.Spent, Reserved: b.Reserved, Messages: b.Messages, Unpriced: b.Unpriced})
	}
	return m, err
}

// numberKnown reads from r, which is nil where the engine is sole.
func (s *Book) numberKnown(r *reading, phoneNumberID string) (Number, error) {
	if s.known != nil {
		return s.known.number(phoneNumberID), nil
	}
	return r.number(phoneNumberID)
}

// meter is how far a meter is.
func (k *knowledge) meter(s meterSubject) meterRecord {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.meters[s]
}
