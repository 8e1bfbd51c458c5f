package policy

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Meta bounds how many different people the numbers of a business portfolio write to
// outside of customer service windows, in any 24 hours.
const portfolioPeriod = 24 * time.Hour

// MessagingLimit bounds how many different people are written to outside of windows within
// 24 hours. The zero value bounds nothing and counts nothing.
type MessagingLimit struct {
	// Number is the limit. Learn takes what Meta's webhooks told instead; until they have,
	// there is none.
	Number int  `json:"number,omitempty" cbor:"1,keyasint,omitempty"`
	Learn  bool `json:"learn,omitempty" cbor:"2,keyasint,omitempty"`
	// Reserve are the last people of the limit that only utility and authentication
	// templates go to.
	Reserve int `json:"reserve,omitempty" cbor:"3,keyasint,omitempty"`
}

// On reports that people are counted.
func (l MessagingLimit) On() bool { return l.Number > 0 || l.Learn }

// Unlimited is a messaging limit that Meta told and that bounds nothing.
const Unlimited = -1

// ToldLimit is a messaging limit as Meta told it. The zero value is none.
type ToldLimit struct {
	Number int    `json:"number" cbor:"1,keyasint,omitempty"`
	At     Moment `json:"at" cbor:"2,keyasint,omitempty"`
}

// Newer is the later told of two limits.
func (l ToldLimit) Newer(other ToldLimit) ToldLimit {
	if cmp.Or(cmp.Compare(l.At, other.At), cmp.Compare(l.Number, other.Number)) >= 0 {
		return l
	}
	return other
}

// MessagingLimitTold: Meta told the messaging limit of an account's portfolio.
type MessagingLimitTold struct {
	WABA string
	ToldLimit
}

func (MessagingLimitTold) event() {}

// VolumeTierTold: Meta told that what is charged for in a month, a market and a category has
// reached a volume tier, in the portfolio of an account.
type VolumeTierTold struct {
	WABA string
	// At is when it was reached, Month such as 2026-11 the one it is of.
	At    Moment
	Month string
	// Region is the market as Meta writes it there, such as INDIA.
	Region   string
	Category Category
	// From and To are the first and the last message of the tier; To is zero for one that is
	// open.
	From, To int
}

func (VolumeTierTold) event() {}

// PortfolioFacts are what is known of the portfolio a send leaves from.
type PortfolioFacts struct {
	// ID says which portfolio it is.
	ID string `json:"id,omitempty" cbor:"1,keyasint,omitempty"`
	// Told is the limit Meta told.
	Told ToldLimit `json:"told,omitzero" cbor:"2,keyasint,omitempty"`
	// Used is how many people count at the time of the decision; where a send to one more
	// is one too many, Again is from when on it isn't.
	Used  int    `json:"used,omitempty" cbor:"3,keyasint,omitempty"`
	Again Moment `json:"again,omitempty" cbor:"4,keyasint,omitempty"`
	// Usage is what Used comes from. It isn't kept with a decision.
	Usage Usage `json:"-" cbor:"-"`
}

// usageSlot is the grain of time in which people are counted.
const usageSlot = 15 * time.Minute

// Usage is how many people were last written to in each quarter of an hour, oldest first.
type Usage []UsedSlot

// UsedSlot is one quarter of an hour.
type UsedSlot struct {
	Slot  int64 `cbor:"1,keyasint"` // since 1970
	Count int   `cbor:"2,keyasint"`
}

func slotOf(at Moment) int64 { return int64(at) / usageSlot.Milliseconds() }

// At is how many people count at a moment: all who were written to within 24 hours, and for
// up to a quarter of an hour longer, as the slot they were counted in.
func (u Usage) At(now Moment) (used int) {
	first := slotOf(now.Add(-portfolioPeriod))
	for _, s := range u {
		if s.Slot >= first {
			used += s.Count
		}
	}
	return used
}

// again is from when on fewer than limit people count; [Forever] where that never is.
func (u Usage) again(limit int, now Moment) Moment {
	used, first := u.At(now), slotOf(now.Add(-portfolioPeriod))
	for _, s := range u {
		if s.Slot < first {
			continue
		}
		if used -= s.Count; used < limit {
			return Moment((s.Slot + 1) * usageSlot.Milliseconds()).Add(portfolioPeriod)
		}
	}
	return Forever
}

// Move counts a person in the slot of one time in place of another's. Zero is no time.
func (u *Usage) Move(from, to Moment) {
	if from != 0 && to != 0 && slotOf(from) == slotOf(to) {
		return
	}
	if from != 0 {
		u.add(slotOf(from), -1)
	}
	if to != 0 {
		u.add(slotOf(to), 1)
	}
	if len(*u) == 0 {
		*u = nil
	}
}

// add counts in a slot, and forgets slots that count no more by the newest.
func (u *Usage) add(slot int64, n int) {
	list := slices.Clone(*u)
	i, known := slices.BinarySearchFunc(list, slot, func(s UsedSlot, slot int64) int { return cmp.Compare(s.Slot, slot) })
	switch {
	case known:
		if list[i].Count += n; list[i].Count <= 0 {
			list = slices.Delete(list, i, i+1)
		}
	case n > 0:
		list = slices.Insert(list, i, UsedSlot{slot, n})
	}
	if len(list) > 0 {
		oldest := list[len(list)-1].Slot - 2*int64(portfolioPeriod/usageSlot)
		list = slices.DeleteFunc(list, func(s UsedSlot) bool { return s.Slot < oldest })
	}
	*u = list
}

// Before is the usage without what came after a moment.
func (u Usage) Before(at Moment) Usage {
	return slices.DeleteFunc(slices.Clone(u), func(s UsedSlot) bool { return s.Slot > slotOf(at) })
}

// Started is a send to a person outside of a window.
type Started struct {
	Portfolio string `json:"portfolio" cbor:"1,keyasint"`
	At        Moment `json:"at" cbor:"2,keyasint"`
}

func compareStarted(a, b Started) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Portfolio, b.Portfolio))
}

// mostStarted is how many such sends are remembered between a name and a number.
const mostStarted = 32

// withStarted is the list and s, sorted, as far as it may still count. The list itself is
// shared and stays as it is.
func withStarted(list []Started, s Started) []Started {
	list, added := inserted(list, s, compareStarted)
	if !added {
		return list
	}
	oldest := list[len(list)-1].At.Add(-2 * portfolioPeriod)
	list = slices.DeleteFunc(list, func(s Started) bool { return s.At < oldest })
	return list[max(len(list)-mostStarted, 0):]
}

// Started is when numbers of a portfolio last wrote to the person outside of a window; zero
// for never.
func (c *Contact) Started(a Alias, portfolio string) (last Moment) {
	for _, n := range c.reach(a, Forever, SamePerson, Successor) {
		m := c.member(n)
		for i := range m.Numbers {
			for _, s := range m.Numbers[i].Started {
				if s.Portfolio == portfolio && !m.before(s.At) {
					last = max(last, s.At)
				}
			}
		}
	}
	return last
}

// counted reports that the person of a send counts already at a moment.
func counted(started, now Moment) bool {
	return started != 0 && slotOf(started) >= slotOf(now.Add(-portfolioPeriod))
}

// messagingLimit is how many people may count for a send that goes to one more; false where
// nobody bounds that.
func (c *Case) messagingLimit() (limit int, bounded bool) {
	l := c.Policy.Messaging
	limit = l.Number
	if limit == 0 {
		limit = c.Facts.Portfolio.Told.Number
	}
	if limit <= 0 {
		return 0, false
	}
	if c.Category != CategoryUtility && c.Category != CategoryAuthentication {
		limit -= l.Reserve
	}
	return max(limit, 0), true
}

// starts reports that the send writes to its person outside of a window, and so counts.
func (c *Case) starts() bool {
	return c.Policy.Messaging.On() && c.Facts.Portfolio.ID != "" && c.billed && !c.Send.Group && len(c.Facts.Persons) > 0 &&
		!WindowOf(c.Facts.Persons[c.who.meant].Opened, c.Policy.WindowMargin).OpenAt(c.Now)
}

// tooMany refuses to write to more people than Meta lets the portfolio.
func (c *Case) tooMany() bool {
	if !c.starts() || counted(c.Facts.Persons[c.who.meant].Started, c.Now) {
		return false
	}
	limit, bounded := c.messagingLimit()
	if !bounded {
		return false
	}
	says := fmt.Sprintf("the portfolio may write to %d people outside of their windows within 24 hours", limit)
	if whole, _ := c.wholeLimit(); whole != limit {
		says = fmt.Sprintf("the portfolio may write to %d people outside of their windows within 24 hours, the last %d of them with utility and authentication templates only", whole, whole-limit)
	}
	switch c.rival(ClaimConversation) {
	case SiblingRival:
		return c.refuse(RuleMessagingLimit, says+", and other sends of this batch take what is left of that", "send the batch without it")
	case RequestRival:
		return c.refuse(RuleMessagingLimit, says+", and other sends are taking what is left of that at this moment", "try again later")
	}
	f := &c.Facts.Portfolio
	switch {
	case f.Used < limit:
		return false
	case limit == 0:
		return c.refuse(RuleMessagingLimit, says, "lower the reserve of messaging_limit")
	}
	return c.refuseUntil(RuleMessagingLimit, f.Again, fmt.Sprintf("%s, and has written to %d", says, f.Used), "answer in open windows meanwhile, and send it again")
}

// Share is which part of the limit is used at a moment; false where nothing bounds it.
func (f *PortfolioFacts) Share(l MessagingLimit, now Moment) (float64, bool) {
	c := Case{Policy: &Policy{Messaging: l}, Facts: &Facts{Portfolio: *f}}
	whole, bounded := c.wholeLimit()
	if !l.On() || !bounded {
		return 0, false
	}
	return float64(f.Usage.At(now)) / float64(whole), true
}

// wholeLimit is the limit without what is set aside.
func (c *Case) wholeLimit() (int, bool) {
	if n := c.Policy.Messaging.Number; n > 0 {
		return n, true
	}
	return c.Facts.Portfolio.Told.Number, c.Facts.Portfolio.Told.Number > 0
}

// takesConversation is the claim of a send that starts one.
func (c *Case) takesConversation() Claim {
	p := &c.Facts.Persons[c.who.meant]
	k := Claim{Kind: ClaimConversation, Key: p.Contact, Portfolio: c.Facts.Portfolio.ID, Scope: c.Category.Scope(), Left: Unlimited}
	if limit, bounded := c.messagingLimit(); bounded {
		k.Limit = limit
		if !counted(p.Started, c.Now) {
			k.Left = max(limit-c.Facts.Portfolio.Used, 0)
		}
	}
	return k
}

// TakeConversation is [Claim.Take] for a claim on writing to one more person of a portfolio.
func (k *Claim) TakeConversation(u Usage, c *Contact, now Moment) (Taken, bool) {
	at := max(now, c.NewSince(k.Key)+1)
	t := Taken{Key: k.Key, At: at, Kind: k.Kind, Scope: k.Scope, Limit: k.Limit, Left: k.Left, Portfolio: k.Portfolio}
	for slices.Contains(c.allStarted(k.Key), t.started()) { // another one of the same moment
		t.At++
	}
	return t, k.Limit == 0 || counted(c.Started(k.Key, k.Portfolio), now) || u.At(now) < k.Limit
}

// allStarted are the sends remembered under a name.
func (c *Contact) allStarted(a Alias) (all []Started) {
	m := c.member(a)
	for i := range m.Numbers {
		all = append(all, m.Numbers[i].Started...)
	}
	return all
}

func (t *Taken) started() Started { return Started{Portfolio: t.Portfolio, At: t.At} }

// rivals is how many different people, other than the claim's own, would be written to by
// claims of the same portfolio; zero where the claim's own is among them.
func (k *Claim) rivals(others []Claim) int {
	keys := map[Alias]struct{}{}
	for _, o := range others {
		if o.Kind != ClaimConversation || o.Portfolio != k.Portfolio {
			continue
		}
		if o.Key == k.Key {
			return 0
		}
		if o.Left != Unlimited {
			keys[o.Key] = struct{}{}
		}
	}
	return len(keys)
}

// rival is who else is taking what the send would use up of a kind.
func (c *Case) rival(kind ClaimKind) Rival {
	of := c.Facts.RivalOf
	if of == 0 || of == kind {
		return c.Facts.Rival
	}
	return NoRival
}

// InPortfolio keeps of what is known of the portfolio what the rules on a send go by.
func (f *Facts) InPortfolio(p *Policy, send *Send, now Moment) {
	c := Case{Send: send, Facts: f, Policy: p, Now: now, Category: CategoryOf(send, f, now)}
	c.who, c.billed = recipientsOf(send, f, p), c.isBilled()
	if !c.starts() {
		f.Portfolio = PortfolioFacts{}
		for i := range f.Persons {
			f.Persons[i].Started = 0
		}
		return
	}
	if !p.Messaging.Learn {
		f.Portfolio.Told = ToldLimit{}
	}
	f.Portfolio.Used = f.Portfolio.Usage.At(now)
	if limit, bounded := c.messagingLimit(); bounded && f.Portfolio.Used >= limit {
		f.Portfolio.Again = f.Portfolio.Usage.again(limit, now)
	}
	f.Portfolio.Usage = nil
}
