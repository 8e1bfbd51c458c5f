package policy

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Limited is a word of Meta's that it sends less than it is asked to: the error of a
// send, as its answer or as the status of a message.
type Limited struct {
	// Code is Meta's code.
	Code int `json:"code" cbor:"1,keyasint"`
	// At is when it said so.
	At Moment `json:"at" cbor:"2,keyasint"`
	// Over: it is the contrary, a send like that got through.
	Over bool `json:"over,omitempty" cbor:"3,keyasint,omitempty"`
}

// Codes by which Meta says that it sends less for a time.
const (
	codeAppCalls     = 4      // calls of the app
	codeAccountCalls = 80007  // calls about the account
	codeThroughput   = 130429 // messages of the business phone number
	codeMarketing    = 131049 // marketing messages to one person, of all businesses
	codePair         = 131056 // messages of the business phone number to one person
)

// backOff is how long what Meta said is waited for.
type backOff struct {
	// first is how long after the first word; each further one makes it times as long, up
	// to longest.
	first   time.Duration
	times   int
	longest time.Duration
	// forgets is how long after the end of a wait the next word counts as the first one
	// again.
	forgets time.Duration
}

// backOffs are those of the codes: as Meta's pages say, 4^n seconds, and a day and longer
// for marketing messages.
var backOffs = map[int]backOff{
	codeAppCalls:     {time.Second, 4, 256 * time.Second, 10 * time.Minute},
	codeAccountCalls: {time.Second, 4, 256 * time.Second, 10 * time.Minute},
	codeThroughput:   {time.Second, 4, 64 * time.Second, 10 * time.Minute},
	codePair:         {time.Second, 4, 1024 * time.Second, time.Hour},
	codeMarketing:    {24 * time.Hour, 2, 7 * 24 * time.Hour, 7 * 24 * time.Hour},
}

// numberCodes are about all that a business phone number sends, personCodes about what it
// sends to one person.
var (
	numberCodes = []int{codeThroughput, codeAccountCalls, codeAppCalls}
	personCodes = []int{codeMarketing, codePair}
)

// LimitsNumber reports that the error is about all a business phone number sends.
func LimitsNumber(code int) bool { return slices.Contains(numberCodes, code) }

// LimitsPerson reports that the error is about what it sends to one person.
func LimitsPerson(code int) bool { return slices.Contains(personCodes, code) }

// AcceptanceEnds reports that Meta's taking a message ends what the error means. It takes
// marketing messages first and fails them later.
func AcceptanceEnds(code int) bool { return code != codeMarketing }

// mostLimited is how many words of one code are kept, the newest.
const mostLimited = 8

// WithLimited adds a word to a list, which stays as it is: sorted, each once, without what
// is over, and the newest of each code. In which order they come makes no difference.
func WithLimited(list []Limited, l Limited) []Limited {
	list, added := inserted(list, l, compareLimited)
	if !added {
		return list
	}
	over := make(map[int]Moment)
	words := make(map[int]int)
	for _, w := range list {
		words[w.Code]++
		if w.Over {
			over[w.Code] = max(over[w.Code], w.At)
		}
	}
	return slices.DeleteFunc(list, func(w Limited) bool {
		if at, ok := over[w.Code]; ok && w.At < at { // of the same moment both stay, and the word holds
			words[w.Code]--
			return true
		}
		if words[w.Code] > mostLimited && !w.Over {
			words[w.Code]--
			return true
		}
		return false
	})
}

func compareLimited(a, b Limited) int {
	return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.At, b.At), CompareBools(a.Over, b.Over))
}

// CompareBools orders false before true.
func CompareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// waiting is until when words of a code are to be waited for, and the how manieth wait that
// is; zero where there are none. Words that come within a wait are about what was on its
// way when it began: they make it no longer than it is from then on.
func waiting(list []Limited, code int) (until, last Moment, wait int) {
	b := backOffs[code]
	length := b.first
	for _, w := range list {
		if w.Code != code || w.Over {
			continue
		}
		switch {
		case wait == 0 || w.At > until.Add(b.forgets):
			length, wait = b.first, 1
		case w.At >= until:
			length, wait = min(length*time.Duration(b.times), b.longest), wait+1
		}
		last, until = w.At, w.At.Add(length)
	}
	return until, last, wait
}

// limitRules ask what Meta said of the number, and what there is money for, about sends that
// all others let through.
var limitRules = []rule{
	{[]Rule{RuleCampaignOff}, "a campaign that brings a number into trouble stops", (*Case).campaignOff},
	{[]Rule{RuleThroughput}, "a number that Meta says sends too much waits", (*Case).throughput},
	{[]Rule{RuleMessagingLimit}, "a portfolio writes to as many people in a day as Meta lets it", (*Case).tooMany},
	{[]Rule{RuleBudgetSpent}, "marketing costs no more in a month than its budgets have", (*Case).overBudget},
}

// personLimitRules do so about each person.
var personLimitRules = []rule{
	{[]Rule{RuleMarketingLimit}, "who Meta spares a marketing message isn't sent it again at once", (*Case).marketingLimited},
	{[]Rule{RulePairRate}, "nobody is written to faster than Meta delivers", (*Case).pairLimited},
}

// limits asks the rules on what Meta said about a send that may leave.
func (c *Case) limits() {
	if c.decision.Verdict != Allow || !c.isMessage() {
		return
	}
	for i := range limitRules {
		if c.ask(&limitRules[i], -1) {
			return
		}
	}
	for i := range c.Facts.Persons {
		if !c.who.counts(i) {
			continue
		}
		c.person = &c.Facts.Persons[i]
		c.window = WindowOf(c.person.Opened, c.Policy.WindowMargin)
		for j := range personLimitRules {
			if c.ask(&personLimitRules[j], i) {
				return
			}
		}
	}
}

// isMessage reports that the send is a message to people, to which Meta's limits apply.
func (c *Case) isMessage() bool {
	switch c.Send.Kind {
	case Receipt, CallControl, Call:
		return false
	}
	return true
}

// refuseUntil refuses what may be sent again at a time.
func (c *Case) refuseUntil(rule Rule, until Moment, reason, remedy string) bool {
	c.refuse(rule, reason, fmt.Sprintf("%s at %s or later", remedy, until))
	c.decision.Retry = until
	return true
}

func (c *Case) throughput() bool {
	if c.Policy.NoBackOff {
		return false
	}
	var until, said Moment
	var code int
	for _, k := range numberCodes {
		if u, at, _ := waiting(c.Facts.Limits, k); u > c.Now && u > until {
			until, said, code = u, at, k
		}
	}
	return until != 0 && c.refuseUntil(RuleThroughput, until, fmt.Sprintf("Meta answered %d to a send of this number at %s: it sends faster than Meta takes messages", code, said), "send it again")
}

// marketingLimited holds marketing back from a person to whom Meta has just delivered none.
// It is Meta's word about messages outside of a window.
func (c *Case) marketingLimited() bool {
	if !c.marketingForMeta() || c.open() {
		return false
	}
	until, said, wait := waiting(c.person.Limits, codeMarketing)
	if until <= c.Now {
		return false
	}
	return c.refuseUntil(RuleMarketingLimit, until,
		fmt.Sprintf("Meta did not deliver a marketing message to this user at %s (131049, %s in a row): it bounds how many one person gets from all businesses", said, times(wait)), "send it again")
}

// marketingForMeta reports that Meta counts the send among the marketing messages of a
// person.
func (c *Case) marketingForMeta() bool {
	return !c.Policy.NoBackOff && !c.Send.Group && (c.Category == CategoryMarketing || c.Category == CategoryMarketingLite)
}

// pairLimited holds back what Meta has said, or is known, to be too fast for one person.
func (c *Case) pairLimited() bool {
	if c.Send.Group {
		return false
	}
	if !c.Policy.NoBackOff {
		if until, said, _ := waiting(c.person.Limits, codePair); until > c.Now {
			return c.refuseUntil(RulePairRate, until, fmt.Sprintf("Meta answered 131056 to a message to this user at %s: this number wrote to them too often in a short time", said), "send it again")
		}
	}
	return c.tooFast()
}

// Limited keeps of Meta's words only what the rules on a send go by.
func (f *Facts) Limited(p *Policy, send *Send, now Moment) {
	c := Case{Send: send, Facts: f, Policy: p, Now: now, Category: CategoryOf(send, f, now)}
	counts := func(l Limited) bool {
		b := backOffs[l.Code]
		if p.NoBackOff || !c.isMessage() || l.Over || now > l.At.Add(b.longest+b.forgets) {
			return false
		}
		return l.Code != codeMarketing || c.marketingForMeta()
	}
	keep := func(list []Limited) (kept []Limited) {
		for _, l := range list {
			if counts(l) {
				kept = append(kept, l)
			}
		}
		return kept
	}
	f.Limits = keep(f.Limits)
	for i := range f.Persons {
		f.Persons[i].Limits = keep(f.Persons[i].Limits)
	}
	if !c.isCampaign() {
		f.Campaign = Campaign{}
	}
}

// EndedByAcceptance are the codes that are waited for no longer, since Meta takes the send.
func (f *Facts) EndedByAcceptance() (codes []int) {
	add := func(list []Limited) {
		for _, l := range list {
			if AcceptanceEnds(l.Code) && !slices.Contains(codes, l.Code) {
				codes = append(codes, l.Code)
			}
		}
	}
	add(f.Limits)
	for i := range f.Persons {
		add(f.Persons[i].Limits)
	}
	return codes
}

// limit records a word of Meta's.
func (r *Relation) limit(l Limited) { r.Limits = WithLimited(r.Limits, l) }

// Limit records a word of Meta's about what a business phone number sends to the person.
func (c *Contact) Limit(a Alias, phoneNumberID string, l Limited) {
	c.Member(a).Relation(phoneNumberID).limit(l)
}

// IsLimited reports that there are words of a code about what the number sends to the
// person.
func (c *Contact) IsLimited(a Alias, phoneNumberID string, code int) bool {
	for _, n := range c.reach(a, Forever, SamePerson) {
		if r, ok := c.relation(n, phoneNumberID); ok && slices.ContainsFunc(r.Limits, func(l Limited) bool { return l.Code == code && !l.Over }) {
			return true
		}
	}
	return false
}

// appendLimits are the words about a person that count for the number of a fold: those on
// marketing are about all numbers.
func appendLimits(list []Limited, r *Relation, fold *Fold) []Limited {
	for _, l := range r.Limits {
		if l.Code == codeMarketing || r.PhoneNumberID == fold.PhoneNumberID {
			list = WithLimited(list, l)
		}
	}
	return list
}

// Limited is the word of Meta's on what it sends that a status is, to its person or of its
// number; false where it is none.
func (e *StatusChanged) Limited() (Limited, bool) {
	if e.Status == StatusFailed && (LimitsNumber(e.ErrorCode) || LimitsPerson(e.ErrorCode)) {
		return Limited{Code: e.ErrorCode, At: e.At}, true
	}
	if (e.Status == StatusDelivered || e.Status == StatusRead) && e.Pricing != nil && (e.Pricing.Category == "marketing" || e.Pricing.Category == "marketing_lite") {
		return Limited{Code: codeMarketing, At: e.At, Over: true}, true
	}
	return Limited{}, false
}
