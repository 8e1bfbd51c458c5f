package billing

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A reconciliation compares three accounts of the same messages: what they were expected to
// cost when they were sent, what they cost by what statuses told (as a report counts it), and
// what Meta's own figures say ([Analytics]). Every difference has a cause, and the causes add
// up to the whole of it: of messages and of money, of each day and of all.

// Cause is why two accounts of the same messages differ.
type Cause string

// The causes. What applies first counts, in this order.
const (
	// NotDelivered: it was expected to cost something, and failed, or never came in the 30
	// days that Meta tries.
	NotDelivered Cause = "not_delivered"
	// NoWord: Meta took it, and no status has told what became of it.
	NoWord Cause = "no_word"
	// Copies: a message to a group was expected as one, and is charged for by its copies.
	Copies Cause = "group_copies"
	// AnotherDay: one counts it on another day. Messages are expected on the day of sending
	// and charged for on that of delivery; and days may begin at another time at Meta.
	AnotherDay Cause = "another_day"
	// OtherCategory: Meta charged under another category.
	OtherCategory Cause = "category"
	// OtherMarket: Meta charged for another market.
	OtherMarket Cause = "market"
	// Unpriced: one of them knows no price.
	Unpriced Cause = "unpriced"
	// Allowance: it is one of the free service messages of the month to one of them alone.
	Allowance Cause = "allowance"
	// OtherPriceType: it is free for another reason to one of them alone, such as an open
	// window.
	OtherPriceType Cause = "price_type"
	// VolumeTier: they have it in another band of the month's volume.
	VolumeTier Cause = "volume_tier"
	// OtherRate: they have another price for the same.
	OtherRate Cause = "rate"
	// Rounding: Meta rounded what it told.
	Rounding Cause = "rounding"
	// UnknownToUs: Meta charged for a message that the gateway never saw.
	UnknownToUs Cause = "unknown_to_us"
	// UnknownToMeta: a status told that it was delivered, and Meta's figures don't have it.
	UnknownToMeta Cause = "unknown_to_meta"
)

// Causes are all of them.
var Causes = []Cause{
	NotDelivered, NoWord, Copies, AnotherDay, OtherCategory, OtherMarket, Unpriced, Allowance, OtherPriceType, VolumeTier, OtherRate, Rounding, UnknownToUs, UnknownToMeta,
}

// Step is which two accounts differ.
type Step string

const (
	// ToSettled is from what was expected to what statuses told.
	ToSettled Step = "settled"
	// ToBilled is from that to Meta's figures.
	ToBilled Step = "billed"
)

// Side is one account of messages: how many there are, and what they cost together. Unpriced
// are those without a known price, which are in Messages and not in Cost.
type Side struct {
	Messages int    `json:"messages"`
	Cost     Amount `json:"cost"`
	Unpriced int    `json:"unpriced,omitempty"`
}

// Known is what they cost; nil where nobody knows.
func (s *Side) Known() *Amount { return known(s.Cost, s.Unpriced) }

// MarshalJSON writes money that nobody knows as null.
func (s Side) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Messages int     `json:"messages"`
		Cost     *Amount `json:"cost"`
		Unpriced int     `json:"unpriced,omitempty"`
	}{s.Messages, s.Known(), s.Unpriced})
}

func (s *Side) add(o *Side) (err error) {
	s.Messages, s.Unpriced = s.Messages+o.Messages, s.Unpriced+o.Unpriced
	s.Cost, err = s.Cost.Plus(o.Cost)
	return err
}

// Difference is where two accounts differ, for one cause.
type Difference struct {
	Step  Step  `json:"step"`
	Cause Cause `json:"cause"`
	// Day, PhoneNumberID, Market and Category are those of the messages: by the account
	// that has them first.
	Day           string   `json:"day,omitempty"`
	PhoneNumberID string   `json:"phone_number_id,omitempty"`
	Market        Market   `json:"market,omitempty"`
	Category      Category `json:"category,omitempty"`
	// From and To are in what they differ: the categories, markets, price types, unit prices
	// or days of both; "" where the cause says all.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Messages is how many messages differ. Added is how many more of them the second
	// account has, and Cost how much more they cost in it; below zero for fewer and less.
	// Unpriced are those of Messages that one of the accounts knows no price of: they make a
	// difference of money that nobody knows, and Cost has what the other account knows.
	Messages int    `json:"messages"`
	Added    int    `json:"added"`
	Cost     Amount `json:"cost"`
	Unpriced int    `json:"unpriced,omitempty"`
}

// Known is how much more it costs; nil where nobody knows.
func (d *Difference) Known() *Amount { return known(d.Cost, d.Unpriced) }

// MarshalJSON writes money that nobody knows as null.
func (d Difference) MarshalJSON() ([]byte, error) {
	type plain Difference
	return json.Marshal(struct {
		plain
		Cost     *Amount `json:"cost"`
		Unpriced int     `json:"unpriced,omitempty"`
	}{plain(d), d.Known(), d.Unpriced})
}

func (d *Difference) key() Difference {
	k := *d
	k.Messages, k.Added, k.Cost, k.Unpriced = 0, 0, 0, 0
	return k
}

func (d *Difference) compare(o *Difference) int {
	return cmp.Or(
		strings.Compare(d.Day, o.Day), -strings.Compare(string(d.Step), string(o.Step)), slices.Index(Causes, d.Cause)-slices.Index(Causes, o.Cause),
		strings.Compare(d.PhoneNumberID, o.PhoneNumberID), strings.Compare(string(d.Market), string(o.Market)), strings.Compare(string(d.Category), string(o.Category)),
		strings.Compare(d.From, o.From), strings.Compare(d.To, o.To),
	)
}

func (d *Difference) add(o *Difference) (err error) {
	d.Messages, d.Added, d.Unpriced = d.Messages+o.Messages, d.Added+o.Added, d.Unpriced+o.Unpriced
	d.Cost, err = d.Cost.Plus(o.Cost)
	return err
}

// CauseSum is what one cause comes to; its counts and its money are as in a [Difference].
type CauseSum struct {
	Step     Step   `json:"step"`
	Cause    Cause  `json:"cause"`
	Messages int    `json:"messages"`
	Added    int    `json:"added"`
	Cost     Amount `json:"cost"`
	Unpriced int    `json:"unpriced,omitempty"`
	// Example is the largest difference of the cause, by money and then by messages.
	Example Difference `json:"example"`
}

// Known is how much more it costs; nil where nobody knows.
func (s *CauseSum) Known() *Amount { return known(s.Cost, s.Unpriced) }

// MarshalJSON writes money that nobody knows as null.
func (s CauseSum) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Step     Step       `json:"step"`
		Cause    Cause      `json:"cause"`
		Messages int        `json:"messages"`
		Added    int        `json:"added"`
		Cost     *Amount    `json:"cost"`
		Unpriced int        `json:"unpriced,omitempty"`
		Example  Difference `json:"example"`
	}{s.Step, s.Cause, s.Messages, s.Added, s.Known(), s.Unpriced, s.Example})
}

// Share is a part of a whole in hundredths of a percent, rounded down: 10,000 is all of it.
type Share int

// All is the whole.
const All Share = 100_00

// String is the share in percent: "99.87".
func (s Share) String() string { return fmt.Sprintf("%d.%02d", int(s)/100, int(s)%100) }

// MarshalText writes it as String does.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a percentage with at most two decimals.
func (s *Share) UnmarshalText(text []byte) error {
	parsed, err := ParseShare(string(text))
	*s = parsed
	return err
}

// ParseShare reads a percentage such as 99.5.
func ParseShare(text string) (Share, error) {
	whole, fraction, pointed := strings.Cut(text, ".")
	n, err := strconv.Atoi(whole + (fraction + "00")[:2])
	if err != nil || whole == "" || pointed && fraction == "" || len(fraction) > 2 || n < 0 || n > int(All) {
		return 0, fmt.Errorf("%q is no percentage from 0 to 100; write it as 99.5", text)
	}
	return Share(n), nil
}

// Matched is how far what statuses told and Meta's figures agree.
type Matched struct {
	// Messages is which part of the messages both have alike: on the same day, of the same
	// number, market, category and price. Cost is which part of the money, the larger of
	// both, is in no difference. Nil where there is nothing, and Cost also where a message has
	// no known price: then nobody knows the whole that it would be a part of.
	Messages *Share `json:"matched_messages,omitempty"`
	Cost     *Share `json:"matched_cost,omitempty"`
}

// Least is the smaller of both; false where there is neither.
func (m *Matched) Least() (Share, bool) {
	switch {
	case m.Messages == nil && m.Cost == nil:
		return 0, false
	case m.Messages == nil:
		return *m.Cost, true
	case m.Cost == nil:
		return *m.Messages, true
	}
	return min(*m.Messages, *m.Cost), true
}

// ReconciledDay is how the accounts of a day compare; of a month where Meta's figures are by
// months.
type ReconciledDay struct {
	Day      string `json:"day"`
	Expected Side   `json:"expected"`
	Settled  Side   `json:"settled"`
	// Billed is nil where Meta's figures don't have the day.
	Billed *Side `json:"billed,omitempty"`
	Matched
}

// Reconciliation is how the three accounts compare in a period. Expected, and all differences
// to what was settled, make Settled; Compared, and all differences to what was billed, make
// Billed.
type Reconciliation struct {
	WABA     string   `json:"waba,omitempty"`
	Currency Currency `json:"currency"`
	TimeZone string   `json:"time_zone"`
	// From is the first day, and To the one after the last.
	From string `json:"from"`
	To   string `json:"to"`

	Expected Side `json:"expected"` // of the day of sending
	Settled  Side `json:"settled"`  // of the day of delivery
	// Compared is what was settled of the days that Meta's figures have. Billed is nil where
	// they have none.
	Compared Side  `json:"compared"`
	Billed   *Side `json:"billed,omitempty"`
	Matched

	Causes      []CauseSum      `json:"causes"`
	Days        []ReconciledDay `json:"days"`
	Differences []Difference    `json:"differences"`
	// By is what is told apart of messages beside the day; less where Meta's figures do.
	By    []string `json:"by"`
	Notes []string `json:"notes,omitempty"`
}

// ReconcileQuestion is what is compared.
type ReconcileQuestion struct {
	// WABA is the account, Zone where it is, and Currency the one that it is billed in.
	WABA     string
	Zone     *time.Location
	Currency Currency
	// From is the first day, and To the one after the last. Lines of the day before and of
	// the one after tell what came over midnight.
	From, To string
	// Now tells what may still be delivered.
	Now   time.Time
	Cards *Cards
	// Told are the volume tiers that Meta told of, as in a [Question].
	Told func(pool, month string, m Market, c Category) ToldTiers
	// Lacking says why there are none of Meta's figures, where there are none; "" where nobody
	// asks for them.
	Lacking string
	// Numbers are the ids of the account's business phone numbers by their own digits.
	Numbers map[string]string
}

// Incomparable is why Meta's figures can't be compared as they were asked to be.
type Incomparable struct{ Reason string }

func (e *Incomparable) Error() string { return e.Reason }

// longestDelivery is how long Meta tries to deliver a message.
const longestDelivery = 30 * 24 * time.Hour

// reconciling makes a reconciliation.
type reconciling struct {
	*ReconcileQuestion
	told *Analytics
	// unit is the part of a date that is compared: the day, or the month.
	unit func(date string) string
	// identified are the numbers whose digits are known; others are compared together.
	identified map[string]bool
	// first and last are the units in which the period begins and ends, toldFirst and
	// toldLast those of Meta's figures.
	first, last, toldFirst, toldLast string

	days         map[string]*ReconciledDay
	agreed       map[string]int // messages, by day
	differences  map[Difference]*Difference
	ours, theirs cells
	// quiet are messages without a word on them, by the day of sending.
	quiet map[cellKey]int
	err   error
}

// Reconcile compares what lines say of an account with Meta's figures; told is nil where there
// are none. Lines are as for a report; a line that comes with an error ends it.
func (q *ReconcileQuestion) Reconcile(lines iter.Seq2[*Line, error], told *Analytics) (*Reconciliation, error) {
	r := &reconciling{
		ReconcileQuestion: q, told: told, unit: func(date string) string { return date },
		identified: make(map[string]bool), days: make(map[string]*ReconciledDay), agreed: make(map[string]int), differences: make(map[Difference]*Difference),
		ours: make(cells), theirs: make(cells), quiet: make(map[cellKey]int),
	}
	for _, id := range q.Numbers {
		r.identified[id] = true
	}
	if told != nil && told.Currency != "" && told.Currency != q.Currency {
		return nil, &Incomparable{fmt.Sprintf("Meta bills the account in %s, and waguard prices it in %s: write currency %s into its business blocks, so that amounts can be compared", told.Currency, q.Currency, told.Currency)}
	}
	if told != nil && told.Monthly() {
		if !strings.HasSuffix(q.From, "-01") || !strings.HasSuffix(q.To, "-01") {
			return nil, &Incomparable{"Meta's figures are by months: compare whole months, or ask Meta with granularity(DAILY)"}
		}
		r.unit = func(date string) string { return date[:len("2006-01")] }
	}
	r.first, r.last = r.unit(q.From), r.unit(dayBefore(q.To))
	p := &pricing{cards: q.Cards, told: q.Told, take: r.take}
	for l, err := range lines {
		if err != nil {
			return nil, err
		}
		if l.Key.Category == "none" {
			continue // costs nothing, and is no message
		}
		if l.Send.Part == Divided {
			r.divided(l)
		} else if !l.Send.Delivered() {
			if l.WABA == q.WABA && l.Send.Part != Copy {
				r.undelivered(l)
			}
		} else if err := p.price(l, Day(l.Delivered, l.Zone)); err != nil {
			return nil, err
		}
		if r.err != nil {
			return nil, r.err
		}
	}
	if err := p.settle(); err != nil {
		return nil, err
	}
	if told != nil {
		r.meta()
		r.match()
	}
	if r.err != nil {
		return nil, r.err
	}
	return r.result()
}

// in reports whether a day belongs to the period.
func (r *reconciling) in(date string) bool { return date >= r.From && date < r.To }

// covered reports whether Meta's figures have a day of the period, or a month.
func (r *reconciling) covered(unit string) bool {
	switch {
	case r.told == nil:
		return false
	case r.told.Covers == nil:
		return r.toldFirst != "" && unit >= r.toldFirst && unit <= r.toldLast
	}
	return r.told.Covers(unit)
}

func (r *reconciling) day(date string) *ReconciledDay {
	unit := r.unit(date)
	d := r.days[unit]
	if d == nil {
		d = &ReconciledDay{Day: unit}
		r.days[unit] = d
	}
	return d
}

func (r *reconciling) failed(err error) {
	if r.err == nil {
		r.err = err
	}
}

// differs notes a difference.
func (r *reconciling) differs(d Difference) {
	if d.Messages == 0 && d.Added == 0 && d.Cost == 0 {
		return
	}
	key := d.key()
	if sum := r.differences[key]; sum != nil {
		r.failed(sum.add(&d))
		return
	}
	r.differences[key] = &d
}

// price is what n messages cost by a quote, in the currency of the account; false where
// nobody knows.
func (r *reconciling) price(q *Quote, n int) (Amount, bool) {
	if q.Type.Free() {
		return 0, true
	}
	if !q.Known || q.Currency != "" && q.Currency != r.Currency {
		return 0, false
	}
	cost, err := q.Unit.Times(n)
	r.failed(err)
	return cost, true
}

// side is what n messages at a price are on an account of them.
func side(n int, cost Amount, known bool) Side {
	if !known {
		return Side{Messages: n, Unpriced: n}
	}
	return Side{Messages: n, Cost: cost}
}

// withoutPrice is how many of n messages have no known price.
func withoutPrice(n int, known bool) int {
	if known {
		return 0
	}
	return n
}

// undelivered counts messages that were expected to cost something, and didn't arrive.
func (r *reconciling) undelivered(l *Line) {
	failed := l.Send.Status == "failed"
	sent := Day(l.Sent, l.Zone)
	taken := l.Send.Fate == Accepted
	if !failed && (taken || l.Send.Fate == Unknown) {
		r.quiet[cellKey{r.unit(sent), r.number(l.PhoneNumberID), r.market(l.Market), r.category(Category(l.Category)), ""}] += l.N
	}
	if !taken || !r.in(sent) {
		return
	}
	cost, known := r.price(&l.Estimate, l.N)
	r.failed(r.day(sent).Expected.add(new(side(l.N, cost, known))))
	cause := NoWord
	if failed || r.Now.Sub(l.Sent) > longestDelivery {
		cause = NotDelivered
	}
	r.differs(Difference{
		Step: ToSettled, Cause: cause, Day: r.unit(sent), PhoneNumberID: l.PhoneNumberID, Market: Market(l.Market), Category: Category(l.Category),
		Messages: l.N, Added: -l.N, Cost: -cost, Unpriced: withoutPrice(l.N, known),
	})
}

// divided counts messages to groups that were expected, and of which the copies are charged for.
func (r *reconciling) divided(l *Line) {
	sent := Day(l.Sent, l.Zone)
	if l.WABA != r.WABA || l.Send.Fate != Accepted && !l.Send.Delivered() || !r.in(sent) {
		return
	}
	cost, known := r.price(&l.Estimate, l.N)
	r.failed(r.day(sent).Expected.add(new(side(l.N, cost, known))))
	r.differs(Difference{
		Step: ToSettled, Cause: Copies, Day: r.unit(sent), PhoneNumberID: l.PhoneNumberID, Market: Market(l.Market), Category: Category(l.Category),
		Messages: l.N, Added: -l.N, Cost: -cost, Unpriced: withoutPrice(l.N, known),
	})
}

// copies counts n copies of messages to groups, which were delivered and not expected.
func (r *reconciling) copies(l *Line, date string, n int, q *Quote) error {
	cost, known := r.price(q, n)
	if r.in(date) {
		r.failed(r.day(date).Settled.add(new(side(n, cost, known))))
		r.differs(Difference{
			Step: ToSettled, Cause: Copies, Day: r.unit(date), PhoneNumberID: l.PhoneNumberID, Market: Market(l.Market), Category: Category(l.Category),
			Messages: n, Added: n, Cost: cost, Unpriced: withoutPrice(n, known),
		})
	}
	r.settled(l, date, n, q, cost, known)
	return r.err
}

// take counts n messages that were delivered, at the price that they were charged for.
func (r *reconciling) take(l *Line, date string, n int, q *Quote) error {
	if l.WABA != r.WABA {
		return nil
	}
	if l.Send.Part == Copy {
		return r.copies(l, date, n, q)
	}
	sent := Day(l.Sent, l.Zone)
	expected, wasKnown := r.price(&l.Estimate, n)
	cost, known := r.price(q, n)
	d := Difference{Step: ToSettled, PhoneNumberID: l.PhoneNumberID, Market: Market(l.Market), Category: Category(l.Category)}
	if r.in(sent) {
		r.failed(r.day(sent).Expected.add(new(side(n, expected, wasKnown))))
	}
	if r.in(date) {
		r.failed(r.day(date).Settled.add(new(side(n, cost, known))))
		of := d
		of.Day, of.Messages, of.Cost, of.Unpriced = r.unit(date), n, cost-expected, withoutPrice(n, wasKnown && known)
		if r.causeOf(&of, l, q, date, wasKnown, known) {
			r.differs(of)
		}
	}
	if was, is := r.unit(sent), r.unit(date); was != is {
		moved := d
		moved.Cause, moved.From, moved.To, moved.Messages = AnotherDay, was, is, n
		moved.Unpriced = withoutPrice(n, wasKnown)
		if r.in(sent) {
			moved.Day, moved.Added, moved.Cost = was, -n, -expected
			r.differs(moved)
		}
		if r.in(date) {
			moved.Day, moved.Added, moved.Cost = is, n, expected
			r.differs(moved)
		}
	} else if r.in(sent) != r.in(date) {
		// By months, of days on either side of an end of the period: there are none, since
		// the period is whole months.
		return fmt.Errorf("the days %s and %s are in one month and not in one period", sent, date)
	}
	r.settled(l, date, n, q, cost, known)
	return r.err
}

// causeOf finds why messages came to cost something else than was expected; false where they
// didn't.
func (r *reconciling) causeOf(d *Difference, l *Line, q *Quote, date string, wasKnown, known bool) bool {
	was, is := l.Estimate.Type, q.Type
	estimated := Category(l.Estimated)
	switch {
	case estimated != "" && Category(l.Category) != ReferralConversion && columnOf(estimated) != columnOf(Category(l.Category)):
		d.Cause, d.From, d.To = OtherCategory, string(estimated), l.Category
		return true
	case wasKnown != known:
		d.Cause = Unpriced
		return true
	case d.Cost == 0:
		return false
	case allowed(was, Category(l.Category), date) != allowed(is, Category(l.Category), date):
		d.Cause, d.From, d.To = Allowance, string(was), string(is)
	case was.Free() != is.Free():
		d.Cause, d.From, d.To = OtherPriceType, string(was), string(is)
	case l.Estimate.List != 0 || q.List != 0:
		d.Cause, d.From, d.To = VolumeTier, l.Estimate.Unit.String(), q.Unit.String()
	default:
		d.Cause, d.From, d.To = OtherRate, l.Estimate.Unit.String(), q.Unit.String()
	}
	return true
}

// allowed reports that a message with a price type is one of those that are free each month.
// Meta documents no word for them; where there is an allowance, an open window makes no service
// message free.
func allowed(t PriceType, c Category, day string) bool {
	return t == FreeAllowance || t == FreeCustomerService && columnOf(c) == Service && RulesOn(day).Allowance > 0
}

// number, market and category are what is told apart of those.

func (r *reconciling) number(id string) string {
	if r.told == nil || !r.told.Phones || !r.identified[id] {
		return ""
	}
	return id
}

func (r *reconciling) market(name string) string {
	if r.told == nil || !r.told.Countries {
		return ""
	}
	return name
}

func (r *reconciling) category(c Category) Category {
	if r.told == nil || !r.told.Categories {
		return ""
	}
	return c
}

// class is what is told apart of price types. Whether a service message is one of those that
// are free each month its cost tells.
func (r *reconciling) class(c Category, t PriceType) PriceType {
	switch {
	case r.told == nil || !r.told.Types:
		return ""
	case t == FreeAllowance && columnOf(c) == Service:
		return Regular
	}
	return t
}

// settled keeps delivered messages for the comparison with Meta's figures.
func (r *reconciling) settled(l *Line, date string, n int, q *Quote, cost Amount, known bool) {
	if r.told == nil {
		return
	}
	category := Category(l.Category)
	key := cellKey{r.unit(date), r.number(l.PhoneNumberID), r.market(l.Market), r.category(category), r.class(category, q.Type)}
	r.failed(r.ours.add(key, part{n: n, cost: cost, known: known, discounted: q.List != 0, kind: q.Type}))
}

// meta puts Meta's figures into cells.
func (r *reconciling) meta() {
	for i := range r.told.Points {
		unit := r.unit(r.told.Points[i].Day(r.Zone))
		if r.toldFirst == "" || unit < r.toldFirst {
			r.toldFirst = unit
		}
		r.toldLast = max(r.toldLast, unit)
	}
	for i := range r.told.Points {
		p := &r.told.Points[i]
		if p.Volume == 0 && p.Cost == 0 {
			continue
		}
		date := p.Day(r.Zone)
		key := cellKey{day: r.unit(date), category: p.Category, class: p.Type}
		if r.told.Types {
			key.class = r.class(p.Category, p.Type)
		}
		if r.told.Phones {
			key.number = r.Numbers[p.Phone]
		}
		if r.told.Countries {
			noon, err := time.ParseInLocation(time.DateOnly+" 15", date+" 12", time.UTC)
			if err != nil {
				r.failed(err)
				return
			}
			key.market = string(MarketOfCountry(p.Country, noon))
		}
		r.failed(r.theirs.add(key, part{n: p.Volume, cost: p.Cost, known: true, discounted: laterBand(p.Tier), kind: p.Type}))
		if r.in(date) && r.covered(key.day) {
			d := r.day(date)
			if d.Billed == nil {
				d.Billed = new(Side)
			}
			r.failed(d.Billed.add(&Side{Messages: p.Volume, Cost: p.Cost}))
		}
	}
}

// result sorts and adds up.
func (r *reconciling) result() (*Reconciliation, error) {
	answer := &Reconciliation{
		WABA: r.WABA, Currency: r.Currency, TimeZone: r.Zone.String(), From: r.From, To: r.To,
		Causes: []CauseSum{}, Days: []ReconciledDay{}, Differences: []Difference{}, By: r.by(),
	}
	for date := r.From; date < r.To; date = nextDay(date) { // also where nothing was sent
		d := r.day(date)
		if d.Billed == nil && r.covered(d.Day) {
			d.Billed = new(Side)
		}
	}
	differing, apart := make(map[string]int), make(map[string]Amount)
	causes := make(map[Difference]*CauseSum)
	for _, d := range slices.SortedFunc(maps.Values(r.differences), (*Difference).compare) {
		if d.Messages == 0 && d.Added == 0 && d.Cost == 0 {
			continue // corrected away
		}
		answer.Differences = append(answer.Differences, *d)
		if d.Step == ToBilled {
			if d.Cause != Rounding {
				differing[d.Day] += d.Messages
			}
			sum, err := apart[d.Day].Plus(max(d.Cost, -d.Cost))
			r.failed(err)
			apart[d.Day] = sum
		}
		key := Difference{Step: d.Step, Cause: d.Cause}
		sum := causes[key]
		if sum == nil {
			sum = &CauseSum{Step: d.Step, Cause: d.Cause, Example: *d}
			causes[key] = sum
		}
		sum.Messages, sum.Added, sum.Unpriced = sum.Messages+d.Messages, sum.Added+d.Added, sum.Unpriced+d.Unpriced
		cost, err := sum.Cost.Plus(d.Cost)
		r.failed(err)
		sum.Cost = cost
		if larger(d, &sum.Example) {
			sum.Example = *d
		}
	}
	for _, s := range causes {
		answer.Causes = append(answer.Causes, *s)
	}
	slices.SortFunc(answer.Causes, func(a, b CauseSum) int {
		return cmp.Or(-strings.Compare(string(a.Step), string(b.Step)), slices.Index(Causes, a.Cause)-slices.Index(Causes, b.Cause))
	})
	agreed, differingAll, apartAll := 0, 0, Amount(0)
	for _, unit := range slices.Sorted(maps.Keys(r.days)) {
		d := r.days[unit]
		r.failed(answer.Expected.add(&d.Expected))
		r.failed(answer.Settled.add(&d.Settled))
		if d.Billed != nil {
			if answer.Billed == nil {
				answer.Billed = new(Side)
			}
			r.failed(answer.Billed.add(d.Billed))
			r.failed(answer.Compared.add(&d.Settled))
			d.Matched = matched(r.agreed[unit], differing[unit], apart[unit], &d.Settled, d.Billed)
			agreed, differingAll = agreed+r.agreed[unit], differingAll+differing[unit]
			sum, err := apartAll.Plus(apart[unit])
			r.failed(err)
			apartAll = sum
		}
		answer.Days = append(answer.Days, *d)
	}
	if answer.Billed != nil {
		answer.Matched = matched(agreed, differingAll, apartAll, &answer.Compared, answer.Billed)
	}
	answer.Notes = r.notes()
	return answer, r.err
}

func larger(a, b *Difference) bool {
	return cmp.Or(cmp.Compare(max(a.Cost, -a.Cost), max(b.Cost, -b.Cost)), a.Messages-b.Messages) > 0
}

// dayBefore is the date before one.
func dayBefore(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return ""
	}
	return t.AddDate(0, 0, -1).Format(time.DateOnly)
}

// nextDay is the date after one.
func nextDay(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return "~" // after all
	}
	return t.AddDate(0, 0, 1).Format(time.DateOnly)
}

// by is what is told apart.
func (r *reconciling) by() (by []string) {
	if r.told == nil {
		return []string{"number", "market", "category", "price_type"}
	}
	for _, d := range []struct {
		name string
		told bool
	}{{"number", r.told.Phones}, {"market", r.told.Countries}, {"category", r.told.Categories}, {"price_type", r.told.Types}} {
		if d.told || len(r.told.Points) == 0 {
			by = append(by, d.name)
		}
	}
	return by
}
