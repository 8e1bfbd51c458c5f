package billing

import (
	"cmp"
	"slices"
)

// What a message costs depends on how many came before it in its month: for the monthly
// allowance and for volume tiers. Messages take their turn by the quarter of an hour of
// their delivery, and within one in the order of their lines. So the result is the same in
// whatever order statuses arrived. It is also the same where lines tell days alone, but on
// those on which an allowance or a band ends (turns.go).

// pool is what a month's messages are counted in.
type pool struct {
	of, month string
	market    Market
	column    Category
}

// pools count messages of months.
type pools struct {
	service, charged map[pool]int
	// marked are those of which Meta tells which service messages are free. Then it charges for
	// those that it tells are charged for. Meta documents no price type for the allowance: where
	// it tells that all are charged for, the allowance is taken off all the same.
	marked map[pool]bool
}

// pricing prices messages that were delivered.
type pricing struct {
	cards *Cards
	what  *WhatIf
	told  func(pool, month string, m Market, c Category) ToldTiers
	pools
	// waiting are lines whose price depends on those before them. There may be a million:
	// they lie in slabs, and are sorted by where they lie.
	waiting []*waiting
	slab    []waiting
	// quote is the price of what take takes.
	quote Quote
	// take takes messages with their price.
	take func(l *Line, day string, n int, q *Quote) error
}

type waiting struct {
	Line
	day string
}

// price prices the messages of a line: at once, or when all are known whose number counts.
func (p *pricing) price(l *Line, day string) error {
	rules, card := p.by(l, day)
	m := p.message(l, day)
	m.ServiceBefore = rules.Allowance
	p.quote = card.Quote(&m, l.Currency, rules)
	if p.depends(&m, rules, card, &p.quote) {
		p.wait(l, day)
		return nil
	}
	return p.take(l, day, l.N, &p.quote)
}

// wait keeps a line until all are known whose number counts.
func (p *pricing) wait(l *Line, day string) {
	const slabSize = 512
	if len(p.slab) == 0 {
		p.slab = make([]waiting, slabSize)
	}
	w := &p.slab[0]
	*w, p.slab = waiting{*l, day}, p.slab[1:]
	p.waiting = append(p.waiting, w)
}

// depends reports that the price of messages like m depends on others: q is what it is when the
// allowance is used up.
func (p *pricing) depends(m *Message, rules Rules, card *Card, q *Quote) bool {
	return !m.ToGroup && (p.allowed(m, rules) && q.Type != FreeEntryPoint && q.Type != InConversation || q.Type == Regular && card.tiered(m))
}

// allowed reports that messages like m count against a monthly allowance.
func (p *pricing) allowed(m *Message, rules Rules) bool {
	return columnOf(m.Category) == Service && rules.Allowance > 0
}

// by are the rules and the card by which a line is priced that was delivered on a day; the
// card is nil where there is none.
func (p *pricing) by(l *Line, day string) (rules Rules, card *Card) {
	if p.what == nil {
		return RulesOn(day), p.cards.On(l.Currency, day)
	}
	if !p.what.At.IsZero() {
		day = Day(p.what.At, l.Zone)
	}
	if rules = RulesOn(day); p.what.Rules != nil {
		rules = *p.what.Rules
	}
	if card = p.what.Card; card == nil || card.Currency != l.Currency {
		card = p.cards.On(l.Currency, day)
	}
	return rules, card
}

// message is one of a line. What Meta told by the rules of its day says nothing under
// others, but that it came by a free entry point.
func (p *pricing) message(l *Line, day string) Message {
	m := l.message(day)
	if p.what.otherRules() && m.Told != FreeEntryPoint {
		m.Told = ""
	}
	return m
}

// settle prices the lines that waited.
func (p *pricing) settle() error {
	slices.SortFunc(p.waiting, func(a, b *waiting) int { return a.compare(&b.Line) })
	// Parts of one line, and what corrects it, count as the whole of it.
	whole := p.waiting[:0]
	for _, w := range p.waiting {
		if last := len(whole) - 1; last >= 0 && whole[last].compare(&w.Line) == 0 {
			whole[last].N += w.N
		} else {
			whole = append(whole, w)
		}
	}
	p.waiting = slices.DeleteFunc(whole, func(w *waiting) bool { return w.N == 0 })
	p.service, p.charged, p.marked = make(map[pool]int), make(map[pool]int), make(map[pool]bool)
	for _, w := range p.waiting {
		rules, _ := p.by(&w.Line, w.day)
		if m := p.message(&w.Line, w.day); p.allowed(&m, rules) && m.Told.Free() {
			p.marked[p.servicePool(&w.Line, w.day, rules)] = true
		}
	}
	for _, w := range p.waiting {
		if err := p.give(&w.Line, w.day); err != nil {
			return err
		}
	}
	return nil
}

// give prices a line whose turn it is: in parts, where the allowance or a tier ends within it.
func (p *pricing) give(l *Line, day string) error {
	rules, card := p.by(l, day)
	m := p.message(l, day)
	service := p.servicePool(l, day, rules)
	charged := pool{of: l.Pool, month: service.month, market: m.Market, column: columnOf(m.Category)}
	counts := p.allowed(&m, rules)
	if m.Told == Regular && p.marked[service] {
		rules.Allowance = 0
	}
	least, most := p.bounds(l, charged)
	if p.charged[charged] < least {
		p.charged[charged] = least
	}
	for left := l.N; left != 0; {
		m.ServiceBefore, m.ChargedBefore = p.service[service], p.charged[charged]
		if most >= 0 {
			m.ChargedBefore = min(m.ChargedBefore, most)
		}
		q := card.Quote(&m, l.Currency, rules)
		n := left
		if q.Type == FreeAllowance {
			n = min(n, rules.Allowance-m.ServiceBefore)
		} else if end := card.bandEnd(&m); end > 0 && (most < 0 || end <= most) {
			n = min(n, end-m.ChargedBefore)
		}
		if counts {
			p.service[service] += n
		}
		if q.Type == Regular {
			p.charged[charged] += n
		}
		p.quote = q
		if err := p.take(l, day, n, &p.quote); err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// bounds are how many messages of a pool were charged for at least and at most before those of
// a line, by Meta's word: that of a quarter of an hour counts in all of it.
func (p *pricing) bounds(l *Line, of pool) (least, most int) {
	return p.toldOf(of).bounds(l.Delivered.Add(quarter - 1))
}

// toldOf are the tiers that Meta told of a pool; none of one that an allowance is counted in.
func (p *pricing) toldOf(of pool) ToldTiers {
	if p.told == nil || of.month == "" || of.column == "" {
		return nil
	}
	return p.told(of.of, of.month, of.market, of.column)
}

// servicePool is what a service message counts in against an allowance.
func (p *pricing) servicePool(l *Line, day string, rules Rules) pool {
	of := l.PhoneNumberID
	if rules.PerAccount {
		of = cmp.Or(l.WABA, l.Pool)
	}
	month := day[:len("2006-01")]
	if p.what != nil && p.what.OneMonth {
		month = ""
	}
	return pool{of: of, month: month}
}

// Tiered reports whether any card has volume tiers.
func (cs *Cards) Tiered() bool {
	return slices.ContainsFunc(cs.All(), func(c *Card) bool {
		for _, tiers := range c.Tiers {
			if len(tiers) > 0 {
				return true
			}
		}
		return false
	})
}

// tiered reports whether a card has tiers for a message.
func (c *Card) tiered(m *Message) bool {
	return c != nil && len(c.Tiers[m.Market][columnOf(m.Category)]) > 0
}

// NextTier is from which message of the month on a message like m costs something else; zero
// for never.
func (c *Card) NextTier(m *Message) int {
	if end := c.bandEnd(m); end > 0 {
		return end + 1
	}
	return 0
}

// bandEnd is the last message of the band that a message falls into; zero for one that is
// open.
func (c *Card) bandEnd(m *Message) int {
	if c == nil {
		return 0
	}
	for _, t := range c.Tiers[m.Market][columnOf(m.Category)] {
		if t.To == 0 || m.ChargedBefore < t.To {
			return t.To
		}
	}
	return 0
}
