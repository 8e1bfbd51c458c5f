package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Score says how often the gateway was right, by Meta's own word: on the sends of a period
// that it let through, on those it refused or would have, and on what it expected them to
// cost.
type Score struct {
	From, To policy.Moment
	// Oldest is when the oldest send looked at was decided; zero where there is none. Cut:
	// there were more, and those before are not looked at.
	Oldest policy.Moment
	Cut    bool
	// Unlooked is for how many refusals nobody looked whether a window had been open of which
	// the gateway heard late: that is done for the newest 20,000.
	Unlooked int
	// Finding says it in a sentence or two.
	Finding string
	Total   ScoreCounts
	// Rules are those that judge what Meta judges, and those that refused.
	Rules []RuleScore
	// Numbers, Templates, Senders and Days are the sends in groups, those with most misses
	// first; days in their order, where the account is.
	Numbers, Templates, Senders, Days []ScoreGroup
	// Lacks are the facts that were missing for the misses, Errors the codes by which Meta
	// refused what was let through. The most frequent come first.
	Lacks  []LackTally
	Errors []ErrorTally
	// Categories and Prices are what was expected otherwise than it came.
	Categories, Prices []Mistaken
}

// ScoreCounts counts sends by what Meta's word says of our decision.
type ScoreCounts struct {
	// Passed are those that were let through. Of them Taken reached a person or are on their
	// way there by a status of Meta's, Missed Meta refused for a reason that a rule of ours
	// judges, Beyond for one that none does; of the rest, Waiting, Meta has given no word.
	Passed, Taken, Missed, Beyond, Waiting int
	Refusals
	// Category and Price are how what was expected compares with what Meta told.
	Category, Price Expected
}

// Tested are the sends that put our rules to the test: Meta took them, or refused them for a
// reason of ours.
func (c *ScoreCounts) Tested() int { return c.Taken + c.Missed }

// Misses is the share of misses among the sends that put the rules to the test.
func (c *ScoreCounts) Misses() Rate { return Rate{c.Missed, c.Tested()} }

// Refusals counts the sends that a rule refused, or would have in monitor mode.
type Refusals struct {
	Refused int
	// Right: Meta refused it for the same reason. Wrong: it could have been allowed, since Meta
	// delivered the message in monitor mode, or, Late, since a window had been open of which
	// the gateway heard after. OtherReason: Meta refused it as well, for another one. Open: it
	// may yet be shown to be right or wrong. Of the rest nobody can know.
	Right, Wrong, Late, OtherReason, Open int
}

// Rights is the share of right refusals among those of which it is known.
func (r *Refusals) Rights() Rate { return Rate{r.Right, r.Right + r.Wrong} }

// Unknowable are refusals of which nobody can know whether they were right.
func (r *Refusals) Unknowable() int { return r.Refused - r.Right - r.Wrong - r.OtherReason - r.Open }

// Expected counts messages by whether it was expected what Meta told of them.
type Expected struct {
	// Right and Wrong are those that came as expected, and otherwise. Of Unknown ones nothing
	// was expected, and of Untold ones Meta has told nothing.
	Right, Wrong, Unknown, Untold int
}

// Rights is the share of those that came as expected among those that can be compared.
func (e *Expected) Rights() Rate { return Rate{e.Right, e.Right + e.Wrong} }

// Rate is a share of so many.
type Rate struct{ Count, Of int }

// Interval is where the share of all such sends lies with a confidence of 95 percent, by
// Wilson's formula: none of three says less than none of three thousand.
func (r Rate) Interval() (low, high float64) {
	if r.Of == 0 {
		return 0, 1
	}
	const z = 1.959964 // the 97.5th percentile of the normal distribution
	n, p := float64(r.Of), float64(r.Count)/float64(r.Of)
	middle := p + z*z/(2*n)
	half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	low, high = max(0, (middle-half)/(1+z*z/n)), min(1, (middle+half)/(1+z*z/n))
	if r.Count == 0 {
		low = 0
	}
	if r.Count == r.Of {
		high = 1
	}
	return low, high
}

// RuleScore is how a rule did.
type RuleScore struct {
	Rule policy.Rule
	// Tested are the sends let through that Meta took, or refused for what the rule judges,
	// and Missed the latter.
	Tested, Missed int
	Refusals
}

// Misses is the share of misses.
func (r *RuleScore) Misses() Rate { return Rate{r.Missed, r.Tested} }

// ScoreGroup is the score of the sends that have something in common.
type ScoreGroup struct {
	Key string
	ScoreCounts
}

// LackTally counts the misses of a rule for want of a fact.
type LackTally struct {
	Rule  policy.Rule
	Lack  policy.Lack
	Count int
	// Newest is the newest of them, with what is said of it.
	Newest       store.ID
	Said, Remedy string
}

// ErrorTally counts the refusals of Meta's by a code, of sends that were let through, and how
// many of them are misses.
type ErrorTally struct {
	Code          int
	Matter        policy.Matter
	Count, Missed int
	Newest        store.ID
	// Said and Remedy are about the newest that is no miss; "" where there is none.
	Said, Remedy string
}

// Mistaken counts messages of which something was expected, and something else came.
type Mistaken struct {
	Expected, Told string
	Count          int
	Newest         store.ID
}

// Finding is what hindsight finds of a send.
type Finding string

// What hindsight finds. Of the first three, and of the last three but one, there are lists.
const (
	FoundMissed Finding = "missed" // let through, and Meta refused it for a reason that a rule judges
	FoundBeyond Finding = "beyond" // let through, and Meta refused it for a reason that none does
	FoundTaken  Finding = "taken"  // let through, and Meta took it
	FoundWait   Finding = "waiting"
	FoundRight  Finding = "right" // refused, and Meta did as well for that reason
	FoundWrong  Finding = "wrong" // refused, and it could have been allowed
	FoundOther  Finding = "other_reason"
	FoundOpen   Finding = "open"
	FoundNever  Finding = "unknowable"
	foundNone   Finding = "" // no message
)

// ListedFindings are those of which there are lists.
var ListedFindings = []Finding{FoundMissed, FoundBeyond, FoundRight, FoundWrong, FoundOther}

// defaultScorePeriod is how far back a score goes where nothing says so.
const defaultScorePeriod = "30d"

// mostLooks is for how many refusals at most a score looks for a window that was opened before
// and heard of after: each look reads the history of a person.
const mostLooks = 20_000

// Score compares the decisions of a period with what Meta made of the sends, of the last 30
// days where nothing says so. It looks at each send of the period, the newest two million.
func (g *Gateway) Score(ctx context.Context, s Selection) (*Score, error) {
	if s.Limit != 0 || s.Before != "" {
		return nil, misasked(errors.New("a score counts a period: it goes with neither limit nor before"))
	}
	f, st, err := g.scored(ctx, &s)
	if err != nil {
		return nil, err
	}
	g.counting.Lock()
	defer g.counting.Unlock()
	return g.score(ctx, st, f, mostCounted)
}

// mostRecent is how many sends RecentScore looks at: a second's work.
const mostRecent = 200_000

// RecentScore is the score of the last 24 hours, of the newest sends where there are very many.
func (g *Gateway) RecentScore(ctx context.Context) (*Score, error) {
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	now := g.now() + 1 // what was sent right now counts
	g.counting.Lock()
	defer g.counting.Unlock()
	return g.score(ctx, st, store.Filter{From: now.Add(-24 * time.Hour), To: now}, mostRecent)
}

// scored is what is selected to be scored.
func (g *Gateway) scored(ctx context.Context, s *Selection) (f store.Filter, st store.Store, err error) {
	if s.After != "" || s.ID != "" || s.Wamid != "" || s.Contact != "" || s.Pseudonym != "" || s.Outcome != "" || s.Category != "" || s.Rule != "" {
		return f, nil, misasked(errors.New("a score is of a period, and selected by number, template and sender: it goes with neither after, id, wamid, contact, pseudonym, outcome, category nor rule"))
	}
	return g.counted(ctx, *s, defaultScorePeriod)
}

func (g *Gateway) score(ctx context.Context, st store.Store, f store.Filter, most int) (*Score, error) {
	c := newScoring(g, st)
	c.From, c.To = f.From, f.To
	sends := 0
	for s, err := range st.Scored(ctx, f) {
		if err != nil {
			return nil, lookup(err)
		}
		if sends == most {
			c.Cut = true
			break
		}
		sends++
		c.Oldest = s.At
		if err := c.add(ctx, s); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.close(), nil
}

// hindsight compares decisions with Meta's word.
type hindsight struct {
	g  *Gateway
	st store.Store
	// looks is for how many refusals a late window may still be looked for, unlooked for how
	// many none was.
	looks, unlooked int
}

// seen is what hindsight finds of a send.
type seen struct {
	Finding Finding
	// policy's word, where Meta refused the send.
	policy.Hindsight
	// Opened and Arrived are of a window that was open, and of which the gateway heard after.
	Opened, Arrived policy.Moment
	// Entry is that of the send, where it was read.
	Entry *store.Entry
}

// of compares a decision with what Meta made of the send.
func (h *hindsight) of(ctx context.Context, s *store.Scored) (seen, error) {
	switch s.Kind {
	case policy.Receipt, policy.CallControl:
		return seen{Finding: foundNone}, nil // which are no messages
	}
	if s.Verdict == policy.Refuse {
		return h.ofRefusal(ctx, s)
	}
	switch {
	case s.Entry != nil:
		found := seen{Finding: FoundBeyond, Hindsight: inHindsight(s.Entry, s.Error), Entry: s.Entry}
		if found.Missed() {
			found.Finding = FoundMissed
		}
		return found, nil
	case s.Failed:
		return seen{Finding: FoundBeyond, Hindsight: policy.InHindsight(s.Error, &policy.Send{}, &policy.Facts{}, &policy.Policy{}, &policy.Decision{Verdict: policy.Allow}, s.At)}, nil
	case s.Status.Rank() > 0, s.State == store.Accepted && s.Kind == policy.Call:
		return seen{Finding: FoundTaken}, nil
	}
	return seen{Finding: FoundWait}, nil
}

// inHindsight is what an error of Meta's says of the decision of an entry.
func inHindsight(e *store.Entry, err policy.MetaError) policy.Hindsight {
	return policy.InHindsight(err, &e.Send, &e.Facts, &e.Policy, &e.Decision, e.At)
}

// ofRefusal compares a refusal with Meta's word, where the send passed in monitor mode, and
// with what came in later.
func (h *hindsight) ofRefusal(ctx context.Context, s *store.Scored) (seen, error) {
	if s.Monitored {
		refused := policy.Decision{Verdict: policy.Refuse, Rule: s.Rule}
		switch {
		case s.Failed:
			found := seen{Finding: FoundOther, Hindsight: policy.InHindsight(s.Error, &policy.Send{}, &policy.Facts{}, &policy.Policy{}, &refused, s.At)}
			if found.Confirmed {
				found.Finding = FoundRight
			}
			return found, nil
		case s.Status.Delivered() && policy.Disproved(s.Rule, s.Kind):
			return seen{Finding: FoundWrong, Hindsight: policy.Hindsight{
				Said: fmt.Sprintf("%s would have refused it, and Meta delivered it: the rule judges nothing but what Meta refuses as well.", s.Rule), Remedy: disprovedRemedies[s.Rule],
			}}, nil
		}
	}
	if s.Rule == policy.RuleWindowClosed || s.Rule == policy.RuleWindowUnknown {
		if found, err := h.late(ctx, s); err != nil || found.Finding != "" {
			return found, err
		}
	}
	if s.Monitored && s.State != store.NotSent && policy.Disproved(s.Rule, s.Kind) {
		return seen{Finding: FoundOpen}, nil
	}
	return seen{Finding: FoundNever}, nil
}

// disprovedRemedies say what to do about rules that refuse what Meta delivers.
var disprovedRemedies = map[policy.Rule]string{
	policy.RuleWindowClosed:        "see whether all webhooks of the number come here and in time (waguard doctor), and whether window_margin is larger than it need be",
	policy.RuleWindowUnknown:       "nothing: it passes once users have written after the restore",
	policy.RuleTemplateUnknown:     "list the templates once (waguard templates sync), or set template_sync",
	policy.RuleTemplateNotApproved: "list the templates once (waguard templates sync), or subscribe the app to message_template_status_update",
	policy.RuleTemplatePaused:      "list the templates once (waguard templates sync), or subscribe the app to message_template_status_update",
	policy.RuleTemplateDisabled:    "list the templates once (waguard templates sync), or subscribe the app to message_template_status_update",
	policy.RuleMarketingOnly:       "see what waguard templates says of the template's category",
	policy.RuleMarketingLimit:      "nothing: Meta's limit is its own and moves; the wait costs little",
	policy.RulePairRate:            "nothing: Meta was lenient once",
	policy.RuleThroughput:          "nothing: Meta took more by then",
	policy.RuleMessagingLimit:      "see what waguard numbers says of the limit; set messaging_limit where Meta grants more",
}

// late finds that a window was open of which the gateway heard after it had refused.
func (h *hindsight) late(ctx context.Context, s *store.Scored) (seen, error) {
	st, ok := h.st.(store.Past)
	if !ok || s.Contact.IsZero() {
		return seen{}, nil
	}
	if h.looks <= 0 {
		h.unlooked++
		return seen{}, nil
	}
	h.looks--
	terms, margin := policy.DefaultTerms(), time.Duration(0)
	if b, ok := h.g.Businesses.Of(s.PhoneNumberID); ok {
		terms, margin = b.Terms, b.Policy.WindowMargin
	}
	opened, arrived, err := st.OpenedLater(ctx, s.Contact.Identity(), s.PhoneNumberID, terms, s.At)
	if err != nil || !policy.WindowOf(opened, margin).OpenAt(s.At) {
		return seen{}, err
	}
	return seen{Finding: FoundWrong, Opened: opened, Arrived: arrived, Hindsight: policy.Hindsight{
		Matter: policy.MatterWindow,
		Said:   fmt.Sprintf("The window was open: the user had been in touch at %s, and the gateway heard of it at %s, after it had refused.", opened, arrived),
		Remedy: "see with waguard doctor why webhooks come late: Meta delivers them again for days where they are not answered with 200",
	}}, nil
}

// scoring is a score that is being made.
type scoring struct {
	Score
	hindsight
	rules                             map[policy.Rule]*RuleScore
	numbers, templates, senders, days scoreGroups
	lacks                             map[lackKey]*LackTally
	errors                            map[int]*ErrorTally
	categories, prices                map[mistake]*Mistaken
	dates                             map[dayKey]string
}

type (
	lackKey struct {
		rule policy.Rule
		lack policy.Lack
	}
	mistake struct{ expected, told string }
	dayKey  struct {
		number  string
		quarter policy.Moment
	}
)

func newScoring(g *Gateway, st store.Store) *scoring {
	return &scoring{
		hindsight: hindsight{g: g, st: st, looks: mostLooks},
		rules:     make(map[policy.Rule]*RuleScore), numbers: make(scoreGroups), templates: make(scoreGroups), senders: make(scoreGroups), days: make(scoreGroups),
		lacks: make(map[lackKey]*LackTally), errors: make(map[int]*ErrorTally), categories: make(map[mistake]*Mistaken), prices: make(map[mistake]*Mistaken),
		dates: make(map[dayKey]string),
	}
}

// scoreGroups are groups of one kind, by key.
type scoreGroups map[string]*ScoreGroup

// of is the group of a key.
func (gs scoreGroups) of(key string) *ScoreCounts {
	g := gs[key]
	if g == nil {
		if len(gs) >= mostGroups {
			key = otherGroup
		}
		if g = gs[key]; g == nil {
			g = &ScoreGroup{Key: key}
			gs[key] = g
		}
	}
	return &g.ScoreCounts
}

// add counts a send. The newest comes first.
func (c *scoring) add(ctx context.Context, s *store.Scored) error {
	found, err := c.hindsight.of(ctx, s)
	if err != nil || found.Finding == foundNone {
		return err
	}
	category, price := c.expected(s)
	day := c.dayOf(s)
	for _, n := range [...]*ScoreCounts{
		&c.Total, c.numbers.of(c.g.numberName(s.PhoneNumberID)), c.templates.of(store.TypeOrTemplate(s.Kind.String(), s.Template)),
		c.senders.of(store.SenderAndToken(s.Sender, s.Token)), c.days.of(day),
	} {
		n.add(&found)
		n.Category.add(category)
		n.Price.add(price)
	}
	switch found.Finding {
	case FoundTaken:
		for _, rule := range policy.MissableRules {
			if policy.Tested(rule, s.Kind, s.Edge, s.Estimated, s.Group, s.Bare) {
				c.rule(rule).Tested++
			}
		}
	case FoundMissed:
		r := c.rule(found.Rule)
		r.Tested, r.Missed = r.Tested+1, r.Missed+1
		key := lackKey{found.Rule, found.Lack}
		if c.lacks[key] == nil {
			c.lacks[key] = &LackTally{Rule: found.Rule, Lack: found.Lack, Newest: s.ID, Said: found.Said, Remedy: found.Remedy}
		}
		c.lacks[key].Count++
		c.error(s, &found).Missed++
	case FoundBeyond:
		if e := c.error(s, &found); e.Said == "" {
			e.Newest, e.Said, e.Remedy = s.ID, found.Said, found.Remedy
		}
	}
	if s.Verdict == policy.Refuse {
		c.rule(s.Rule).add(&found)
	}
	return nil
}

func (c *scoring) rule(rule policy.Rule) *RuleScore {
	if c.rules[rule] == nil {
		c.rules[rule] = &RuleScore{Rule: rule}
	}
	return c.rules[rule]
}

// error counts a refusal of Meta's.
func (c *scoring) error(s *store.Scored, found *seen) *ErrorTally {
	e := c.errors[s.Error.Code]
	if e == nil {
		e = &ErrorTally{Code: s.Error.Code, Matter: found.Matter, Newest: s.ID}
		c.errors[s.Error.Code] = e
	}
	e.Count++
	return e
}

// dayOf is the day of a send where its account is.
func (c *scoring) dayOf(s *store.Scored) string {
	const quarter = policy.Moment(quarterOfHour / time.Millisecond)
	key := dayKey{s.PhoneNumberID, s.At / quarter}
	day, ok := c.dates[key]
	if !ok {
		day = billing.Day(s.At.Time(), c.g.Businesses.Zone(s.PhoneNumberID))
		c.dates[key] = day
	}
	return day
}

// add counts a send.
func (n *ScoreCounts) add(found *seen) {
	switch found.Finding {
	case FoundTaken:
		n.Taken++
	case FoundMissed:
		n.Missed++
	case FoundBeyond:
		n.Beyond++
	case FoundWait:
		n.Waiting++
	default:
		n.Refusals.add(found)
		return
	}
	n.Passed++
}

// add counts a refusal.
func (r *Refusals) add(found *seen) {
	r.Refused++
	switch found.Finding {
	case FoundRight:
		r.Right++
	case FoundWrong:
		r.Wrong++
		if found.Opened != 0 {
			r.Late++
		}
	case FoundOther:
		r.OtherReason++
	case FoundOpen:
		r.Open++
	}
}

// expectation is whether what Meta told was expected.
type expectation uint8

const (
	notAsked expectation = iota // it is no message that Meta took
	asExpected
	unexpected
	notExpected // nothing was
	notTold
)

func (e *Expected) add(x expectation) {
	switch x {
	case asExpected:
		e.Right++
	case unexpected:
		e.Wrong++
	case notExpected:
		e.Unknown++
	case notTold:
		e.Untold++
	}
}

// expected compares category and price with what Meta told. Those of a message to a group are
// its copies' and are not compared.
func (c *scoring) expected(s *store.Scored) (category, price expectation) {
	if s.State != store.Accepted || s.Failed || s.Part != billing.Whole || s.Kind == policy.Call {
		return notAsked, notAsked
	}
	if s.Told == "" && !s.Categorised {
		return notTold, notTold
	}
	switch {
	case !s.Categorised:
		category = notTold
	case s.Estimated == "" || s.Estimated == policy.CategoryUnknown:
		category = notExpected
	case s.Estimated == s.Category, s.Price.Type == billing.FreeEntryPoint && billing.Category(s.Category) == billing.ReferralConversion:
		category = asExpected
	default:
		category = unexpected
		count(c.categories, string(s.Estimated), string(s.Category), s.ID)
	}
	switch {
	case s.Told == "":
		price = notTold
	case s.Price.Type == "":
		price = notExpected
	case foresaw(s.Price.Type, s.Told, s.Category):
		price = asExpected
	default:
		price = unexpected
		count(c.prices, string(s.Price.Type), string(s.Told), s.ID)
	}
	return category, price
}

// foresaw reports that a message was expected to be charged for, or to be free, as Meta told.
// That a service message is one of those that are free each month no word of Meta's tells.
func foresaw(was, told billing.PriceType, category policy.Category) bool {
	return was.Free() == told.Free() || was == billing.FreeAllowance && told == billing.Regular && category == policy.CategoryService
}

func count(of map[mistake]*Mistaken, expected, told string, id store.ID) {
	key := mistake{expected, told}
	if of[key] == nil {
		if len(of) >= mostGroups {
			return
		}
		of[key] = &Mistaken{Expected: expected, Told: told, Newest: id}
	}
	of[key].Count++
}

// close is the score, when all is counted.
func (c *scoring) close() *Score {
	for _, rule := range slices.Concat(policy.MissableRules, policy.Refusals()) {
		if r := c.rules[rule]; r != nil {
			c.Rules = append(c.Rules, *r)
			delete(c.rules, rule)
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(c.rules)) { // of another version
		c.Rules = append(c.Rules, *c.rules[rule])
	}
	c.Numbers, c.Templates, c.Senders = c.numbers.sorted(), c.templates.sorted(), c.senders.sorted()
	for _, day := range slices.Sorted(maps.Keys(c.days)) {
		c.Days = append(c.Days, *c.days[day])
	}
	c.Lacks = mostFrequent(c.lacks, func(a, b *LackTally) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(string(a.Rule), string(b.Rule)), strings.Compare(string(a.Lack), string(b.Lack)))
	})
	c.Errors = mostFrequent(c.errors, func(a, b *ErrorTally) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code))
	})
	byMistake := func(a, b *Mistaken) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Expected, b.Expected), strings.Compare(a.Told, b.Told))
	}
	c.Categories, c.Prices = mostFrequent(c.categories, byMistake), mostFrequent(c.prices, byMistake)
	c.Unlooked = c.unlooked
	c.Finding = c.finding()
	return &c.Score
}

func mostFrequent[K comparable, T any](of map[K]*T, compare func(a, b *T) int) []T {
	list := make([]T, 0, len(of))
	for _, t := range slices.SortedFunc(maps.Values(of), compare) {
		list = append(list, *t)
	}
	return list
}

// sorted are the groups, those with most misses and wrong refusals first.
func (gs scoreGroups) sorted() []ScoreGroup {
	return mostFrequent(gs, func(a, b *ScoreGroup) int {
		return cmp.Or(cmp.Compare(b.Missed+b.Wrong, a.Missed+a.Wrong), cmp.Compare(b.Passed+b.Refused, a.Passed+a.Refused), strings.Compare(a.Key, b.Key))
	})
}

// finding says how often the gateway was right.
func (c *scoring) finding() string {
	t := &c.Total
	var said []string
	switch {
	case t.Passed == 0 && t.Refused == 0:
		return "No sends in this time: nothing can be said."
	case t.Tested() == 0 && t.Passed > 0:
		said = append(said, fmt.Sprintf("Of %s that were let through Meta has given no word that says anything about a rule; statuses come by webhooks.", howMany(t.Passed, "send")))
	case t.Missed == 0 && t.Passed > 0:
		_, high := t.Misses().Interval()
		said = append(said, fmt.Sprintf("No misses: Meta refused none of %s for a reason that a rule judges. By chance as many as %s could be missed.", howMany(t.Tested(), "send"), upTo(high)))
	case t.Passed > 0:
		low, high := t.Misses().Interval()
		said = append(said, fmt.Sprintf("%s of sends were misses, %s of %s: let through, and refused by Meta for a reason that a rule judges. With 95 %% confidence it is between %s and %s.",
			share(t.Missed, t.Tested()), grouped(t.Missed), grouped(t.Tested()), upTo(low), upTo(high)))
	}
	if t.Right+t.Wrong > 0 {
		said = append(said, fmt.Sprintf("Of %s it is known whether they were right: %s right, %s wrong.", howMany(t.Right+t.Wrong, "refusal"), grouped(t.Right), grouped(t.Wrong)))
	}
	return strings.Join(said, " ")
}

// upTo is a share that is estimated.
func upTo(part float64) string {
	if part > 0 && part < 0.0001 {
		return "0.01 %"
	}
	if part < 0.01 {
		return fmt.Sprintf("%.2f %%", 100*part)
	}
	return fmt.Sprintf("%.1f %%", 100*part)
}
