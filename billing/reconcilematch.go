package billing

import (
	"cmp"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/internal/decimal"
)

// Meta's figures name no message, and so what was settled is matched with them by cells:
// messages of one day that are alike. What is in both is matched first; of what is left, what
// differs in one respect is matched next, and that respect is the cause. What is left then
// only one of them knows.

// cellKey is what is told apart of messages.
type cellKey struct {
	day, number, market string
	category            Category
	class               PriceType
}

func (k cellKey) compare(o cellKey) int {
	return cmp.Or(
		strings.Compare(k.day, o.day), strings.Compare(k.number, o.number), strings.Compare(k.market, o.market),
		strings.Compare(string(k.category), string(o.category)), strings.Compare(string(k.class), string(o.class)),
	)
}

// part is messages of a cell at one price.
type part struct {
	n     int
	cost  Amount // of all n
	known bool
	// discounted: at the price of a volume tier that isn't the first band.
	discounted bool
	kind       PriceType
}

// alike reports that two parts are at one price.
func (p *part) alike(o *part) bool {
	return p.known == o.known && (!p.known || p.n != 0 && o.n != 0 && p.compareUnit(o) == 0)
}

// compareUnit compares what one message costs.
func (p *part) compareUnit(o *part) int {
	if p.n <= 0 || o.n <= 0 || p.cost < 0 || o.cost < 0 { // corrections, which add up to something else
		return cmp.Compare(p.cost, o.cost)
	}
	hi, lo := bits.Mul64(uint64(p.cost), uint64(o.n))
	ohi, olo := bits.Mul64(uint64(o.cost), uint64(p.n))
	return cmp.Or(cmp.Compare(hi, ohi), cmp.Compare(lo, olo))
}

// shareOf is what n of some messages cost that have a cost together, rounded towards zero: what
// is left is the rest's.
func shareOf(cost Amount, n, of int) Amount {
	switch {
	case n == of:
		return cost
	case n < 0 || of < n: // of corrections, which stay whole
		return 0
	case cost < 0:
		return -Amount(scaled(uint64(-cost), uint64(n), uint64(of)))
	}
	return Amount(scaled(uint64(cost), uint64(n), uint64(of)))
}

// scaled is a part of a whole, n of so many, rounded down.
func scaled(whole, n, of uint64) uint64 {
	hi, lo := bits.Mul64(whole, n)
	quotient, _ := bits.Div64(hi, lo, of) // not larger than the whole
	return quotient
}

// cut takes n messages off a part.
func (p *part) cut(n int) part {
	off := *p
	off.n, off.cost = n, shareOf(p.cost, n, p.n)
	p.n, p.cost = p.n-n, p.cost-off.cost
	return off
}

// unit is what one message of a part costs, as people read it.
func (p *part) unit() string {
	switch {
	case !p.known:
		return "unknown"
	case p.n == 0 || p.cost%Amount(p.n) != 0:
		return "about " + shareOf(p.cost, 1, max(p.n, 1)).String()
	}
	return (p.cost / Amount(p.n)).String()
}

// cells are messages by what is told apart of them.
type cells map[cellKey][]part

// add adds messages of one price.
func (c cells) add(key cellKey, p part) error {
	for i := range c[key] {
		other := &c[key][i]
		if other.known == p.known && other.discounted == p.discounted && other.kind == p.kind && (!p.known || sameUnit(other, &p)) {
			cost, err := other.cost.Plus(p.cost)
			other.n, other.cost = other.n+p.n, cost
			return err
		}
	}
	c[key] = append(c[key], p)
	return nil
}

// sameUnit reports that a whole amount is the price of one message in both.
func sameUnit(a, b *part) bool {
	return a.n != 0 && b.n != 0 && a.cost%Amount(a.n) == 0 && b.cost%Amount(b.n) == 0 && a.cost/Amount(a.n) == b.cost/Amount(b.n)
}

// count is how many messages there are in parts.
func count(parts []part) (n int) {
	for i := range parts {
		n += parts[i].n
	}
	return n
}

// keys are those of the cells that have messages left, in order.
func (c cells) keys() []cellKey {
	for key, parts := range c {
		c.sort(key, parts)
	}
	return slices.SortedFunc(maps.Keys(c), cellKey.compare)
}

// sort sets the parts of a cell that have something, the dearest first, and those without a
// price last.
func (c cells) sort(key cellKey, parts []part) {
	parts = slices.DeleteFunc(parts, func(p part) bool { return p.n == 0 && p.cost == 0 })
	if len(parts) == 0 {
		delete(c, key)
		return
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		return cmp.Or(truth(b.known)-truth(a.known), -a.compareUnit(&b), truth(a.discounted)-truth(b.discounted), strings.Compare(string(a.kind), string(b.kind)), cmp.Compare(a.n, b.n), cmp.Compare(a.cost, b.cost))
	})
	c[key] = parts
}

// match matches what was settled with Meta's figures.
func (r *reconciling) match() {
	r.same()
	r.overMidnight()
	r.inOneRespect(func(a, b cellKey) bool { a.class, b.class = "", ""; return a == b }, func(a, b cellKey) (Cause, string, string) {
		if columnOf(a.category) == Service && rulesIn(a.day).Allowance > 0 && a.class != FreeEntryPoint && b.class != FreeEntryPoint {
			return Allowance, string(a.class), string(b.class)
		}
		return OtherPriceType, string(a.class), string(b.class)
	})
	r.inOneRespect(func(a, b cellKey) bool { return a.number == b.number && a.market == b.market }, func(a, b cellKey) (Cause, string, string) {
		return OtherCategory, string(a.category), string(b.category)
	})
	r.inOneRespect(func(a, b cellKey) bool { return a.number == b.number && a.category == b.category }, func(a, b cellKey) (Cause, string, string) {
		return OtherMarket, a.market, b.market
	})
	r.withoutWord()
	for _, key := range r.ours.keys() {
		for _, p := range r.ours[key] {
			r.alone(key, Difference{Cause: UnknownToMeta, Messages: p.n, Added: -p.n, Cost: -p.cost, Unpriced: withoutPrice(p.n, p.known)})
		}
	}
	for _, key := range r.theirs.keys() {
		for _, p := range r.theirs[key] {
			r.alone(key, Difference{Cause: UnknownToUs, Messages: p.n, Added: p.n, Cost: p.cost})
		}
	}
}

// counts reports whether differences of a day count.
func (r *reconciling) counts(day string) bool {
	return day >= r.first && day <= r.last && r.covered(day)
}

// alone notes messages that only one of them has.
func (r *reconciling) alone(key cellKey, d Difference) {
	if r.counts(key.day) {
		r.differs(r.at(key, d))
	}
}

func (r *reconciling) at(key cellKey, d Difference) Difference {
	d.Step, d.Day, d.PhoneNumberID, d.Market, d.Category = ToBilled, key.day, key.number, Market(key.market), key.category
	return d
}

// same matches messages that are in the same cell, and finds out whether they have the same
// price.
func (r *reconciling) same() {
	for _, key := range r.ours.keys() {
		if parts := r.theirs[key]; len(parts) > 0 {
			r.theirs.sort(key, r.unmixed(key, parts))
			r.sameCell(key)
		}
	}
	// What Meta has no word for, or told of no more than that it is free, is free with
	// whatever word; and statuses name no category where a free entry point is open.
	for _, pass := range []func(a, b cellKey) bool{
		func(a, b cellKey) bool {
			if a.class != FreeEntryPoint || b.class != FreeEntryPoint || a.category != ReferralConversion && b.category != ReferralConversion {
				return false
			}
			a.category, b.category = "", ""
			return a == b
		},
		func(a, b cellKey) bool {
			if !b.class.Free() {
				return false
			}
			ours := a.class == NotBillable || a.class == Regular && columnOf(a.category) == Service
			a.class, b.class = "", ""
			return ours && a == b
		},
	} {
		r.alike(pass, r.freeCell)
	}
}

// alike has cells of a day looked at that are alike enough.
func (r *reconciling) alike(enough func(ours, theirs cellKey) bool, look func(ours, theirs cellKey)) {
	byDay := make(map[string][]cellKey)
	for _, b := range r.theirs.keys() {
		byDay[b.day] = append(byDay[b.day], b)
	}
	for _, a := range r.ours.keys() {
		for _, b := range byDay[a.day] {
			if enough(a, b) {
				look(a, b)
			}
		}
	}
}

// unmixed tells the free messages of a cell of Meta's apart from those that cost something,
// where it has them together.
func (r *reconciling) unmixed(key cellKey, parts []part) (apart []part) {
	mixed := key.class == "" || columnOf(key.category) == Service && key.class == Regular
	for _, p := range parts {
		cut := false
		for i := range r.ours[key] {
			of := &r.ours[key][i]
			if !mixed || cut || !of.known || of.n <= 0 || of.cost <= 0 || of.cost%Amount(of.n) != 0 || p.compareUnit(of) == 0 {
				continue
			}
			if unit := of.cost / Amount(of.n); p.cost > 0 && p.cost%unit == 0 && p.cost/unit < Amount(p.n) {
				charged, free := p, p
				charged.n = int(p.cost / unit)
				free.n, free.cost = p.n-charged.n, 0
				apart, cut = append(apart, charged, free), true
			}
		}
		if !cut {
			apart = append(apart, p)
		}
	}
	return apart
}

// sameCell matches what is in a cell of both.
func (r *reconciling) sameCell(a cellKey) {
	ours, theirs := r.ours[a], r.theirs[a]
	if r.whole(a, ours, theirs) {
		delete(r.ours, a)
		delete(r.theirs, a)
		return
	}
	for i := range ours { // at the same price
		for j := range theirs {
			o, t := &ours[i], &theirs[j]
			if n := min(o.n, t.n); n > 0 && o.alike(t) {
				o.cut(n)
				t.cut(n)
				r.agreed[a.day] += n
			}
		}
	}
	r.pairs(a, a, func(o, t *part) (cause Cause, from, to string) {
		switch {
		case !o.known:
			return Unpriced, "", ""
		case (o.cost == 0) != (t.cost == 0) && columnOf(a.category) == Service && rulesIn(a.day).Allowance > 0:
			return Allowance, o.unit(), t.unit()
		case o.kind.Free() != (t.cost == 0):
			return OtherPriceType, o.unit(), t.unit()
		case o.discounted || t.discounted:
			return VolumeTier, o.unit(), t.unit()
		}
		return OtherRate, o.unit(), t.unit()
	})
}

// pairs takes messages out of a cell of each, the dearest first, as long as both have some, and
// notes in what they differ.
func (r *reconciling) pairs(a, b cellKey, cause func(ours, theirs *part) (cause Cause, from, to string)) {
	ours, theirs := r.ours[a], r.theirs[b]
	for i := range ours {
		for j := range theirs {
			n := min(ours[i].n, theirs[j].n)
			if n <= 0 {
				continue
			}
			o, t := ours[i].cut(n), theirs[j].cut(n)
			d := Difference{Messages: n, Cost: t.cost - o.cost, Unpriced: withoutPrice(n, o.known)}
			if d.Cause, d.From, d.To = cause(&o, &t); r.counts(a.day) {
				r.differs(r.at(a, d))
			}
		}
	}
}

// freeCell matches messages that are free in both.
func (r *reconciling) freeCell(a, b cellKey) {
	ours, theirs := r.ours[a], r.theirs[b]
	for i := range ours {
		for j := range theirs {
			o, t := &ours[i], &theirs[j]
			if n := min(o.n, t.n); n > 0 && o.known && o.cost == 0 && t.cost == 0 {
				o.cut(n)
				t.cut(n)
				r.agreed[a.day] += n
			}
		}
	}
}

// whole matches cells that have the same messages at the same cost, or at one that Meta
// rounded.
func (r *reconciling) whole(key cellKey, ours, theirs []part) bool {
	if count(ours) != count(theirs) || slices.ContainsFunc(ours, func(p part) bool { return !p.known }) {
		return false
	}
	var exact, told Amount
	for i := range ours {
		exact += ours[i].cost
	}
	for i := range theirs {
		told += theirs[i].cost
	}
	if exact == told {
		r.agreed[key.day] += count(ours)
		return true
	}
	for step := Amount(decimal.Unit / 100); step > 1; step /= 10 { // cents, and tenths and hundredths of them
		if down := exact - exact%step; exact > 0 && told%step == 0 && (told == down && 2*(exact-down) <= step || told == down+step && 2*(exact-down) >= step) {
			r.agreed[key.day] += count(ours)
			if r.counts(key.day) {
				r.differs(r.at(key, Difference{Cause: Rounding, Messages: count(ours), Cost: told - exact}))
			}
			return true
		}
	}
	return false
}

// inOneRespect matches messages of cells that differ in one respect.
func (r *reconciling) inOneRespect(enough func(a, b cellKey) bool, cause func(a, b cellKey) (cause Cause, from, to string)) {
	r.alike(enough, func(a, b cellKey) {
		r.pairs(a, b, func(_, _ *part) (Cause, string, string) { return cause(a, b) })
	})
}

// overMidnight matches messages that are on another day in Meta's figures. That is the day
// before or after; where days begin at another time there, it may look like several, since
// some go over each midnight between.
func (r *reconciling) overMidnight() {
	all := make(map[cellKey][]cellKey) // those of Meta's by all but the day
	for _, b := range r.theirs.keys() {
		k := b
		k.day = ""
		all[k] = append(all[k], b)
	}
	apart := 1
	if r.otherMidnight() != 0 {
		apart = len(r.days) + 2
	}
	ours := r.ours.keys()
	for far := 1; far <= apart; far++ {
		for _, a := range ours {
			k := a
			k.day = ""
			for _, b := range all[k] {
				if r.distance(a.day, b.day) == far {
					r.moved(a, b)
				}
			}
		}
	}
}

// distance is how many days, or months, lie between two.
func (r *reconciling) distance(a, b string) int {
	layout := time.DateOnly[:len(a)]
	from, err := time.Parse(layout, a)
	to, otherErr := time.Parse(layout, b)
	if err != nil || otherErr != nil {
		return -1
	}
	if len(a) < len(time.DateOnly) {
		months := (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month())
		return max(months, -months)
	}
	days := int(to.Sub(from) / (24 * time.Hour))
	return max(days, -days)
}

// moved matches messages of a cell with those of one of another day.
func (r *reconciling) moved(a, b cellKey) {
	ours, theirs := r.ours[a], r.theirs[b]
	for i := range ours {
		for j := range theirs {
			n := min(ours[i].n, theirs[j].n)
			if n <= 0 {
				continue
			}
			o, t := ours[i].cut(n), theirs[j].cut(n)
			d := Difference{Cause: AnotherDay, From: a.day, To: b.day, Messages: n}
			if r.counts(a.day) {
				d.Added, d.Cost, d.Unpriced = -n, -o.cost, withoutPrice(n, o.known)
				r.differs(r.at(a, d))
			}
			if r.counts(b.day) {
				d.Added, d.Cost, d.Unpriced = n, t.cost, 0 // Meta's price is known
				r.differs(r.at(b, d))
			}
		}
	}
}

// withoutWord matches messages that only Meta has with sends of which nobody has told what
// became of them.
func (r *reconciling) withoutWord() {
	for _, key := range r.theirs.keys() {
		for i := range r.theirs[key] {
			p := &r.theirs[key][i]
			for _, sent := range r.sentBefore(key) {
				n := min(p.n, r.quiet[sent])
				if n <= 0 {
					continue
				}
				cut := p.cut(n)
				r.quiet[sent] -= n
				r.alone(key, Difference{Cause: NoWord, Messages: n, Added: n, Cost: cut.cost})
			}
		}
	}
}

// sentBefore are the cells of sends without a word that a delivery can be of, the newest
// first.
func (r *reconciling) sentBefore(key cellKey) (found []cellKey) {
	for k, n := range r.quiet {
		if n > 0 && k.day <= key.day && k.number == key.number && k.market == key.market && columnOf(k.category) == columnOf(key.category) && r.distance(k.day, key.day) <= 31 {
			found = append(found, k)
		}
	}
	slices.SortFunc(found, func(a, b cellKey) int { return -a.compare(b) })
	return found
}

// rulesIn are the rules of a day, or of a month.
func rulesIn(unit string) Rules {
	if len(unit) < len(time.DateOnly) {
		unit += "-28"
	}
	return RulesOn(unit)
}

// otherMidnight is how much later than those of the account Meta's days begin; zero where
// they don't.
func (r *reconciling) otherMidnight() time.Duration {
	looked := make(map[time.Time]bool)
	for i := range r.told.Points {
		p := &r.told.Points[i]
		if length := p.End.Sub(p.Start); looked[p.Start] || length < 20*time.Hour || length > longestDay {
			continue
		}
		looked[p.Start] = true
		midnight, err := Midnight(p.Day(r.Zone), r.Zone)
		if err == nil && !midnight.Equal(p.Start) {
			return p.Start.Sub(midnight)
		}
	}
	return 0
}

// matched is how far two accounts agree, of which some messages agree and others differ, and
// which are an amount apart.
func matched(agreed, differing int, apart Amount, settled, billed *Side) (m Matched) {
	if all := agreed + differing; all > 0 {
		m.Messages = new(Share(agreed * int(All) / all))
	}
	switch most := max(settled.Cost, billed.Cost); {
	case settled.Unpriced > 0 || billed.Unpriced > 0:
		// Nobody knows how much money there is, and so nobody knows a part of it.
	case most > 0 && apart >= most:
		m.Cost = new(Share(0))
	case most > 0:
		m.Cost = new(Share(scaled(uint64(All), uint64(most-apart), uint64(most))))
	case apart == 0 && settled.Messages+billed.Messages > 0:
		m.Cost = new(All)
	}
	return m
}

// notes say what a reader must know.
func (r *reconciling) notes() (notes []string) {
	if r.told == nil {
		return []string{"Meta's own figures are not compared: " + cmp.Or(r.Lacking, "there is no file, and the gateway fetches none (option reconcile).")}
	}
	if r.told.Covers == nil && r.toldFirst != "" && (r.toldLast < r.first || r.toldFirst > r.last) {
		return []string{fmt.Sprintf("Meta's figures tell of %s to %s, and nothing of them was used: compared are %s to %s.", r.toldFirst, r.toldLast, r.first, r.last)}
	}
	missing := 0
	for _, d := range r.days {
		if d.Billed == nil {
			missing++
		}
	}
	if missing > 0 {
		notes = append(notes, fmt.Sprintf("Meta's figures lack %d of the %d days, which are compared with what was expected alone.", missing, len(r.days)))
	}
	if late := r.otherMidnight(); late != 0 {
		begin := "later"
		if late < 0 {
			begin, late = "earlier", -late
		}
		notes = append(notes, fmt.Sprintf("Meta's days begin %s %s than those in %s: time_zone should be that of the account in Meta's settings.", late, begin, r.Zone))
	}
	if r.told.Rounded > 0 {
		notes = append(notes, fmt.Sprintf("%d of Meta's costs have more than six decimals and were rounded to the sixth.", r.told.Rounded))
	}
	if len(r.told.Points) > 0 {
		for _, d := range []struct {
			told bool
			name string
		}{{r.told.Phones, "PHONE"}, {r.told.Countries, "COUNTRY"}, {r.told.Categories, "PRICING_CATEGORY"}, {r.told.Types, "PRICING_TYPE"}} {
			if !d.told {
				notes = append(notes, "Meta's figures don't tell the dimension "+d.name+" apart, and nor does this; ask Meta for it to see more causes.")
			}
		}
	}
	return notes
}
