package billing

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// The price of a message depends on how many came before it in its month where a monthly
// allowance or a band of a volume tier ends: on one day of a month, mostly. On all others it
// makes no difference in which order they came, so that lines which tell days are enough, and
// there are far fewer of those than of quarters of an hour.

// Turns are the days on which it makes a difference in which order messages were delivered.
type Turns struct {
	c  *counting
	p  *pricing
	on map[turn]bool
	// From and To are when the messages of those days were sent.
	From, To time.Time
}

// turn is a day of a pool.
type turn struct {
	pool
	zone, day string
}

// Matter reports whether it makes a difference when on its day messages of a line were
// delivered.
func (t *Turns) Matter(l *Line) bool {
	return l.Send.settles() && t.matter(l, t.c.dayOf(l.Delivered, l.Zone).date)
}

func (t *Turns) matter(l *Line, day string) bool {
	for _, s := range t.p.stakes(l, day) {
		if t.on[turn{s.pool, l.Zone.String(), day}] {
			return true
		}
	}
	return false
}

// stake is what messages of a line count in, and after how many others their price changes.
type stake struct {
	pool
	ends func(yield func(after int) bool)
	// perhaps: it isn't known yet whether they count.
	perhaps bool
}

// stakes are those of messages of a line that was delivered on a day: none where their price
// depends on no others.
func (p *pricing) stakes(l *Line, day string) (list []stake) {
	rules, card := p.by(l, day)
	m := p.message(l, day)
	m.ServiceBefore = rules.Allowance
	q := card.Quote(&m, l.Currency, rules)
	if !p.depends(&m, rules, card, &q) {
		return nil
	}
	service, of := p.allowed(&m, rules), p.servicePool(l, day, rules)
	if service {
		list = append(list, stake{pool: of, ends: func(yield func(int) bool) { yield(rules.Allowance) }})
	}
	if q.Type == Regular && card.tiered(&m) {
		tiers := card.Tiers[m.Market][columnOf(m.Category)]
		list = append(list, stake{pool{of: l.Pool, month: of.month, market: m.Market, column: columnOf(m.Category)}, func(yield func(int) bool) {
			for _, t := range tiers {
				if t.To > 0 && !yield(t.To) {
					return
				}
			}
		}, service})
	}
	return list
}

// stretch is when messages of a line came: the day, or the quarter of an hour.
type stretch struct {
	begin, end time.Time
	// There are so many in a pool by then.
	least, most int
}

// turns are the days of the lines that wait on which their order matters; nil for none.
func (p *pricing) turns(c *counting) *Turns {
	t := &Turns{c: c, p: p, on: make(map[turn]bool)}
	pools := make(map[pool][]stretch)
	stretchOf := func(w *waiting) stretch {
		if w.Exact {
			return stretch{begin: w.Delivered, end: w.Delivered.Add(quarter)}
		}
		return stretch{begin: w.Delivered, end: c.endOf(w.day, w.Zone)}
	}
	for _, w := range p.waiting {
		for _, s := range p.stakes(&w.Line, w.day) {
			at := stretchOf(w)
			if at.least, at.most = min(w.N, 0), max(w.N, 0); s.perhaps {
				pools[s.pool] = append(pools[s.pool], stretch{at.begin, at.end, at.least, 0}, stretch{at.begin, farFuture, 0, at.most})
				continue
			}
			pools[s.pool] = append(pools[s.pool], at)
		}
	}
	volumes := make(map[pool]*volumeBy, len(pools))
	for of, list := range pools {
		volumes[of] = newVolumeBy(list)
	}
	for _, w := range p.waiting {
		at := stretchOf(w)
		for _, s := range p.stakes(&w.Line, w.day) {
			least, most := volumes[s.pool].around(at)
			least, most, same := p.toldOf(s.pool).around(at, least, most)
			for end := range s.ends {
				if !same || least < end && end < most {
					t.on[turn{s.pool, w.Zone.String(), w.day}] = true
				}
			}
		}
	}
	if len(t.on) == 0 {
		return nil
	}
	for _, w := range p.waiting {
		if w.Exact || !t.matter(&w.Line, w.day) {
			continue
		}
		if t.From.IsZero() || w.Sent.Before(t.From) {
			t.From = w.Sent
		}
		if end := c.endOf(c.dayOf(w.Sent, w.Zone).date, w.Zone); end.After(t.To) {
			t.To = end
		}
	}
	return t
}

// farFuture is after all messages.
var farFuture = time.Unix(1<<40, 0)

// volumeBy says how many messages of a pool came by when.
type volumeBy struct {
	begins, ends []time.Time
	// mostBegun and leastBegun are how many, positive and negative, of the first ones that
	// begin; ended those that end.
	mostBegun, leastBegun, mostEnded, leastEnded []int
}

func newVolumeBy(list []stretch) *volumeBy {
	v := new(volumeBy)
	sums := func(at func(*stretch) time.Time) (times []time.Time, most, least []int) {
		slices.SortFunc(list, func(a, b stretch) int { return at(&a).Compare(at(&b)) })
		most, least = []int{0}, []int{0}
		for i := range list {
			times = append(times, at(&list[i]))
			most, least = append(most, most[i]+list[i].most), append(least, least[i]+list[i].least)
		}
		return times, most, least
	}
	v.begins, v.mostBegun, v.leastBegun = sums(func(s *stretch) time.Time { return s.begin })
	v.ends, v.mostEnded, v.leastEnded = sums(func(s *stretch) time.Time { return s.end })
	return v
}

// around is how many there were before the first of a stretch at least, and with its last one
// at most.
func (v *volumeBy) around(s stretch) (least, most int) {
	begun, _ := slices.BinarySearchFunc(v.begins, s.end, time.Time.Compare) // before it ends
	ended, _ := slices.BinarySearchFunc(v.ends, s.begin, func(t, begin time.Time) int {
		return cmp.Or(t.Compare(begin), -1) // also those that end as it begins
	})
	return v.mostEnded[ended] + v.leastBegun[begun], v.mostBegun[begun] + v.leastEnded[ended]
}

// around is how many messages are charged for before the first one of a stretch at least, and
// with its last one at most, by Meta's word on what was counted; false where that changes within
// the stretch.
func (ts ToldTiers) around(s stretch, least, most int) (_, _ int, same bool) {
	if len(ts) == 0 {
		return least, most, true
	}
	last, lifted := s.end.Add(-1), 0
	for i := range ts {
		if at := ts[i].At; at.Truncate(quarter).After(s.begin) && !at.After(last) {
			return least, most, false
		}
		if !ts[i].At.After(last) {
			lifted = max(lifted, ts[i].From-1) // it counts on from there
		}
	}
	most += lifted
	from, to := ts.bounds(last)
	if least = max(least, from); to >= 0 {
		least, most = min(least, to), min(most, to+1) // and a band that ends after that doesn't end
	}
	return least, most, true
}

// exactly replaces what waits of the days on which order matters by lines that tell quarters of
// an hour.
func (p *pricing) exactly(c *counting, finer func(*Turns) iter.Seq2[*Line, error]) error {
	turns := p.turns(c)
	if turns == nil {
		return nil
	}
	p.waiting = slices.DeleteFunc(p.waiting, func(w *waiting) bool { return !w.Exact && turns.matter(&w.Line, w.day) })
	for l, err := range finer(turns) {
		if err != nil {
			return err
		}
		if day := c.dayOf(l.Delivered, l.Zone).date; l.Send.settles() && turns.matter(l, day) {
			p.wait(l, day)
		}
	}
	return nil
}
