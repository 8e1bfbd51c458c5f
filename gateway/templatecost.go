package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TemplateCostSelection says of which templates it is asked what their category costs.
type TemplateCostSelection struct {
	// WABA is an account; "" for all.
	WABA string
	// Name is a template's; "" for all whose category changes or has changed.
	Name string
	// As asks what the template would cost under this category, whether or not Meta has
	// filed it there; "" for what Meta did.
	As string
}

// TemplateCosts say what it costs that Meta files templates under other categories.
type TemplateCosts struct {
	// Since is the day from which on messages were counted, TemplateCostDays with today, and
	// Cards the rate cards they are priced by, whatever other templates are by.
	Since string
	Cards []billing.CardUsed
	// SendersSince is from when on senders were counted: later than Since where more was sent
	// than is looked at.
	SendersSince policy.Moment
	Templates    []TemplateCost
}

// TemplateCostDays is how many days are counted, as if they were a month.
const TemplateCostDays = 30

// TemplateCost is what a change of category costs.
type TemplateCost struct {
	WABA, Name string
	// Languages are those of the template that change.
	Languages []string
	// Before and Now are the categories, and Since when it changed, at the earliest, or
	// will change, where that is only Announced; zero where it is asked what would be.
	Before, Now policy.Category
	Since       policy.Moment
	How         store.WordSource
	Announced   bool
	// Totals are the money of all markets, by currency.
	Totals  []TemplateMoney
	Markets []TemplateMoney
	// Who uses it: how often business phone numbers sent it, with their names, values of
	// tags, and senders.
	Numbers, Tags, Senders []TemplateUse
}

// TemplateMoney is what messages of a template cost under the category it had, and under the
// one it has, by the rules and the rate card of today.
type TemplateMoney struct {
	// Market is "" for all. Estimated: it is told by the country of user ids.
	Market    string
	Estimated bool
	Currency  billing.Currency
	// Delivered are the messages, of which UnpricedBefore and UnpricedNow have no known price
	// under a category. The money of all markets is that of the markets that can be compared,
	// and what was delivered in others has no known price under either.
	Delivered                   int
	Before, Now                 billing.Amount
	UnpricedBefore, UnpricedNow int
}

// Difference is what the messages cost more under the category they have now; false where
// nobody knows. Under one of the categories so many messages have no known price.
func (m *TemplateMoney) Difference() (more billing.Amount, unpriced int, ok bool) {
	unpriced = max(m.UnpricedBefore, m.UnpricedNow)
	if unpriced > 0 && unpriced == m.Delivered {
		return 0, unpriced, false
	}
	return m.Now - m.Before, unpriced, true
}

// TemplateUse is how often somebody sent a template.
type TemplateUse struct {
	// Of is who: a phone number id, a sender, or the value of a tag, whose name is Tag.
	Of, Tag string
	// Business is the configured name of a number.
	Business string
	Sends    int
}

// shift is a template whose category changes, as it is priced.
type shift struct {
	TemplateCost
	languages map[string]bool // nil for all
	numbers   map[string]*TemplateUse
	tags      map[[2]string]int
	senders   map[string]int
}

// TemplateCosts say what the messages of the last TemplateCostDays days would have cost
// under the category that a template had before Meta filed it elsewhere, and under the one
// that it has now.
func (g *Gateway) TemplateCosts(ctx context.Context, s TemplateCostSelection) (*TemplateCosts, error) {
	as, err := readCategory(s.As)
	switch {
	case err != nil:
		return nil, misasked(err)
	case as != "" && s.Name == "":
		return nil, misasked(errors.New("name is missing: which template it is that would have another category"))
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	known, err := st.Templates(ctx, s.WABA, mostTemplates)
	if err != nil {
		return nil, err
	}
	var of []store.KnownTemplate
	for _, t := range known.Templates {
		if s.Name == "" || s.Name == t.Ref.Name {
			of = append(of, t)
		}
	}
	if s.Name != "" && len(of) == 0 {
		return nil, &Problem{Kind: Unknown, Err: fmt.Errorf("no template %q is known; `waguard templates` lists those that are", s.Name)}
	}
	shifts := shiftsOf(of, as, g.now())
	switch {
	case s.Name == "" || len(shifts) > 0:
	case as != "":
		return nil, &Problem{Kind: Unknown, Err: fmt.Errorf("the template %q has the category %s already; --as asks what another would cost", s.Name, as)}
	default:
		return nil, &Problem{Kind: Unknown, Err: fmt.Errorf("the template %q has always had the category it has; --as asks what another would cost", s.Name)}
	}
	return g.templateCosts(ctx, st, shifts, true)
}

// shiftsOf are the changes of category of some templates of accounts, which are in order; of
// those without one it is the change to as, where that is given.
func shiftsOf(templates []store.KnownTemplate, as policy.Category, now policy.Moment) []*shift {
	type change struct {
		waba, name  string
		before, now policy.Category
		announced   bool
	}
	var shifts []*shift
	byChange := make(map[change]*shift)
	all := make(map[[2]string]int)
	for i := range templates {
		t := &templates[i]
		all[[2]string{t.WABA, t.Ref.Name}]++
		c := change{waba: t.WABA, name: t.Ref.Name, before: t.Previous, now: policy.Category(t.Category.Value)}
		since, how := t.ChangedAt, t.ChangedFrom
		switch {
		case as != "":
			c.before, c.now, since, how = c.now, as, 0, ""
		case t.Next != "" && t.NextFrom > now && t.Next != c.now:
			c.before, c.now, c.announced, since, how = c.now, t.Next, true, t.NextFrom, store.FromWebhook
		}
		if c.before == "" || c.now == "" || c.before == c.now {
			continue
		}
		sh := byChange[c]
		if sh == nil {
			sh = &shift{TemplateCost: TemplateCost{WABA: c.waba, Name: c.name, Before: c.before, Now: c.now, Since: since, How: how, Announced: c.announced}}
			byChange[c] = sh
			shifts = append(shifts, sh)
		}
		sh.Languages = append(sh.Languages, t.Ref.Language)
		if since < sh.Since {
			sh.Since, sh.How = since, how
		}
	}
	for _, sh := range shifts {
		if all[[2]string{sh.WABA, sh.Name}] == len(sh.Languages) {
			continue
		}
		sh.languages = make(map[string]bool)
		for _, language := range sh.Languages {
			sh.languages[language] = true
		}
	}
	return shifts
}

// templateCosts prices what was sent of templates lately. Who uses them it says where it is
// asked to.
func (g *Gateway) templateCosts(ctx context.Context, st store.Store, shifts []*shift, users bool) (*TemplateCosts, error) {
	now := g.Now()
	since := now.AddDate(0, 0, 1-TemplateCostDays).UTC().Format(time.DateOnly)
	costs := &TemplateCosts{Since: since, Templates: []TemplateCost{}}
	if len(shifts) == 0 {
		return costs, nil
	}
	period, err := g.period(&Selection{From: since})
	if err != nil {
		return nil, err
	}
	period.month = period.filter.From // the days are one month
	q := &billing.Question{By: []string{"template", "market"}, Cards: g.Cards, Has: period.has, If: &billing.WhatIf{At: now, OneMonth: true}}
	var reports [2]*billing.Report // under the category before, and under that of now
	for i := range reports {
		if reports[i], err = q.NewReport(g.shifted(ctx, st, period, shifts, i == 1)); err != nil {
			return nil, err
		}
	}
	if users {
		if costs.SendersSince, err = g.countSenders(ctx, st, period, shifts); err != nil {
			return nil, err
		}
	}
	for i, sh := range shifts {
		if err := sh.sum(shiftName(i), reports[0], reports[1]); err != nil {
			return nil, err
		}
		sh.used()
		costs.Templates = append(costs.Templates, sh.TemplateCost)
	}
	costs.Cards = g.cardsOf(costs.Templates, reports[1].Cards)
	return costs, nil
}

// cardsOf are those of the cards used that priced templates, and not others alone.
func (g *Gateway) cardsOf(templates []TemplateCost, used []billing.CardUsed) (of []billing.CardUsed) {
	priced := make(map[billing.Currency]bool)
	for i := range templates {
		for _, m := range templates[i].Totals {
			priced[m.Currency] = true
		}
	}
	for _, u := range used {
		if card := g.Cards.Find(u.ID); card != nil && priced[card.Currency] {
			of = append(of, u)
		}
	}
	return of
}

// shiftName stands for the template of a shift in reports: no template is called so.
func shiftName(i int) string { return fmt.Sprintf("#%d", i) }

// shifted are the lines of a period, those of the templates under the category before it
// changed, or under the new one.
func (g *Gateway) shifted(ctx context.Context, st store.Store, p *period, shifts []*shift, changed bool) iter.Seq2[*billing.Line, error] {
	return func(yield func(*billing.Line, error) bool) {
		l := liner{g: g, accounts: make(map[string]account)}
		var err error
		if l.told, err = st.Numbers(ctx); err != nil {
			yield(nil, err)
			return
		}
		byName := make(map[string][]int)
		for i, sh := range shifts {
			byName[sh.Name] = append(byName[sh.Name], i)
		}
		// take passes a line on, as that of the shift it belongs to.
		take := func(sum *store.Sum, belongs func(*shift) bool) bool {
			line := l.of(sum)
			for _, i := range byName[sum.Template] {
				sh := shifts[i]
				if sh.WABA != line.WABA || !belongs(sh) {
					continue
				}
				category := sh.Before
				if changed {
					category = sh.Now
					sh.count(line, p)
				}
				line.Category, line.Template = string(category), shiftName(i)
				break
			}
			return yield(line, nil)
		}
		detail := store.Detail{Days: func(a *store.Alike) *time.Location { return l.account(a.PhoneNumberID).zone }}
		for _, f := range p.filters() {
			if detail.DeliveredFrom = 0; f.To == p.filter.From {
				detail.DeliveredFrom = p.month
			}
			for sum, err := range st.SumsIn(ctx, f, detail) {
				if err != nil {
					yield(nil, err)
					return
				}
				// Sums don't tell languages apart. Where only some change, entries do.
				if sum.Kind == policy.TemplateMessage && partly(shifts, byName[sum.Template], l.account(sum.PhoneNumberID).waba) {
					continue
				}
				if !take(sum, func(*shift) bool { return true }) {
					return
				}
			}
			for _, name := range slices.Sorted(maps.Keys(byName)) {
				if !slices.ContainsFunc(byName[name], func(i int) bool { return shifts[i].languages != nil }) {
					continue
				}
				of := f
				of.Template = name
				for e, err := range st.Ledger(ctx, of) {
					if err != nil {
						yield(nil, err)
						return
					}
					if !partly(shifts, byName[name], l.account(e.Send.PhoneNumberID).waba) {
						continue
					}
					for i, is := range e.Counts() {
						delivered := e.Delivery.Delivered
						if i > 0 {
							delivered = e.Copies[i-1].Delivery.Delivered
						}
						if e.At < p.month && delivered < p.month {
							continue
						}
						if !take(&store.Sum{At: e.At, Alike: is, N: 1}, func(sh *shift) bool { return sh.languages[e.Send.Template.Language] }) {
							return
						}
					}
				}
			}
		}
	}
}

// partly reports that only some languages of an account's template change.
func partly(shifts []*shift, of []int, waba string) bool {
	return slices.ContainsFunc(of, func(i int) bool { return shifts[i].languages != nil && shifts[i].WABA == waba })
}

// count notes who uses the template, by a line of the period. A message to a group is one send,
// however many copies there are of it.
func (sh *shift) count(l *billing.Line, p *period) {
	if l.Send.Part == billing.Copy || l.Send.Fate == billing.Refused || !p.has(l.Sent, l.Zone) {
		return
	}
	if sh.numbers == nil {
		sh.numbers, sh.tags = make(map[string]*TemplateUse), make(map[[2]string]int)
	}
	n := sh.numbers[l.PhoneNumberID]
	if n == nil {
		n = &TemplateUse{Of: l.PhoneNumberID}
		sh.numbers[l.PhoneNumberID] = n
	}
	n.Sends += l.N
	n.Business = cmp.Or(l.Business, n.Business)
	for name, value := range l.Tags.ByName() {
		sh.tags[[2]string{name, value}] += l.N
	}
}

// countSenders notes which programs send the templates, of so many sends as are looked at for
// what happened lately, the newest.
func (g *Gateway) countSenders(ctx context.Context, st store.Store, p *period, shifts []*shift) (since policy.Moment, err error) {
	g.counting.Lock()
	defer g.counting.Unlock()
	byName := make(map[string][]*shift)
	for _, sh := range shifts {
		sh.senders = make(map[string]int)
		byName[sh.Name] = append(byName[sh.Name], sh)
	}
	f := store.Filter{From: p.filter.From}
	if len(byName) == 1 {
		f.Template = shifts[0].Name
	}
	wabas, looked := make(map[string]string), 0
	for h, err := range st.Heads(ctx, store.Ledger, f) {
		if err != nil {
			return 0, err
		}
		if looked++; looked > mostActivity {
			return h.ID.Moment(), nil
		}
		of := byName[h.Template.Name]
		if len(of) == 0 || h.Kind != policy.TemplateMessage || h.Verdict == policy.Refuse && !h.Monitored {
			continue
		}
		waba, ok := wabas[h.PhoneNumberID]
		if !ok {
			if waba, err = g.waba(ctx, st, h.PhoneNumberID); err != nil {
				return 0, err
			}
			wabas[h.PhoneNumberID] = waba
		}
		for _, sh := range of {
			if sh.WABA == waba && (sh.languages == nil || sh.languages[h.Template.Language]) && len(sh.senders) < mostGroups {
				sh.senders[cmp.Or(h.Sender, h.Token)]++
			}
		}
	}
	return p.filter.From, ctx.Err()
}

// sum takes the money of the shift from both reports.
func (sh *shift) sum(name string, before, now *billing.Report) error {
	type place struct {
		market    string
		estimated bool
		currency  billing.Currency
	}
	markets, totals := make(map[place]*TemplateMoney), make(map[billing.Currency]*TemplateMoney)
	for i, r := range []*billing.Report{before, now} {
		for _, row := range r.Rows {
			if row.Template != name || row.Delivered == 0 {
				continue
			}
			of := place{row.Market, row.MarketEstimated, row.Currency}
			m := markets[of]
			if m == nil {
				m = &TemplateMoney{Market: of.market, Estimated: of.estimated, Currency: of.currency}
				markets[of] = m
			}
			cost, unpriced := &m.Before, &m.UnpricedBefore
			if i == 1 {
				cost, unpriced = &m.Now, &m.UnpricedNow
				m.Delivered += row.Delivered
			}
			var err error
			if *cost, err = cost.Plus(row.Actual); err != nil {
				return err
			}
			*unpriced += row.Unpriced
		}
	}
	for _, m := range markets {
		sh.Markets = append(sh.Markets, *m)
		total := totals[m.Currency]
		if total == nil {
			total = &TemplateMoney{Currency: m.Currency}
			totals[m.Currency] = total
		}
		if err := total.add(m); err != nil {
			return err
		}
	}
	for _, total := range totals {
		sh.Totals = append(sh.Totals, *total)
	}
	for _, list := range [][]TemplateMoney{sh.Markets, sh.Totals} {
		slices.SortFunc(list, func(a, b TemplateMoney) int {
			more, _, _ := a.Difference()
			other, _, _ := b.Difference()
			return cmp.Or(strings.Compare(string(a.Currency), string(b.Currency)), -cmp.Compare(more, other), strings.Compare(a.Market, b.Market), cmp.Compare(a.Delivered, b.Delivered))
		})
	}
	return nil
}

// add adds the money of a market to that of all: a price that is known under one category
// alone says nothing of what the other costs more.
func (m *TemplateMoney) add(market *TemplateMoney) (err error) {
	m.Delivered += market.Delivered
	if _, unpriced, _ := market.Difference(); unpriced > 0 {
		m.UnpricedBefore += market.Delivered
		m.UnpricedNow += market.Delivered
		return nil
	}
	if m.Before, err = m.Before.Plus(market.Before); err == nil {
		m.Now, err = m.Now.Plus(market.Now)
	}
	return err
}

// used lists who uses the template, the most first.
func (sh *shift) used() {
	for _, n := range sh.numbers {
		sh.Numbers = append(sh.Numbers, *n)
	}
	for tag, n := range sh.tags {
		sh.Tags = append(sh.Tags, TemplateUse{Tag: tag[0], Of: tag[1], Sends: n})
	}
	for sender, n := range sh.senders {
		sh.Senders = append(sh.Senders, TemplateUse{Of: sender, Sends: n})
	}
	for _, list := range []*[]TemplateUse{&sh.Numbers, &sh.Tags, &sh.Senders} {
		sortUses(*list)
	}
}

func sortUses(list []TemplateUse) {
	slices.SortFunc(list, func(a, b TemplateUse) int {
		return cmp.Or(strings.Compare(a.Tag, b.Tag), -cmp.Compare(a.Sends, b.Sends), strings.Compare(a.Of, b.Of))
	})
}
