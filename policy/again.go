package policy

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// Facts are kept as far as the policy asked for them that a send was decided under. Another
// policy may ask for more: what can be told again is, and where what is missing would make
// a difference, that is said, and nothing guessed.

// Missing is something that another policy asks for and nobody kept.
type Missing string

// All that may be missing.
const (
	MissingFrequency    Missing = "frequency"       // what the person was sent before
	MissingMetaLimits   Missing = "meta_limits"     // what Meta said it sends less of
	MissingCampaign     Missing = "campaign"        // whether marketing was switched off
	MissingMessaging    Missing = "messaging_limit" // how many people the portfolio had written to
	MissingDrift        Missing = "category_drift"  // whether the template's category had changed
	MissingCodeRequest  Missing = "otp_on_request"  // whether the person had asked for a code
	MissingCountry      Missing = "country"         // the person's country
	MissingLocalTime    Missing = "local_time"      // what clocks showed where the person may be
	MissingBudget       Missing = "budget"          // what was spent of a budget
	MissingBatch        Missing = "batch"           // what else was in the batch
	MissingRace         Missing = "race"            // what other sends took at the same moment
	MissingConsent      Missing = "consent"         // what the person had said, as far as it reaches now
	MissingConfirmation Missing = "confirmation"    // whether the text confirms an opt-out
	MissingReference    Missing = "reference"       // whether the reference names a transaction
	MissingFallback     Missing = "fallback"        // whether another template would take the text's place
	MissingNumber       Missing = "number"          // anything: the number was not served
	MissingFailed       Missing = "failed"          // it could not be judged at the time
)

// missings are all of them, with what each means.
var missings = []struct {
	what Missing
	says string
}{
	{MissingFrequency, "how much people had been sent before: nobody counted that, or the ledger doesn't reach back for as long as a limit counts"},
	{MissingMetaLimits, "what Meta had said it sends less of: it was not asked, since `meta_backoff` was off"},
	{MissingCampaign, "whether marketing was switched off: that was not asked of such sends"},
	{MissingMessaging, "how many people the portfolio had written to: nobody counted that, since `messaging_limit` was off, or was another one"},
	{MissingDrift, "whether the template's category had changed by then: that was not asked, since `category_drift` was note"},
	{MissingCodeRequest, "whether people had asked for a code: that was not asked, since `otp_on_request` was off"},
	{MissingCountry, "in which country people are: the ledger has no phone numbers, and the market is one of several countries"},
	{MissingLocalTime, "what time it was where people are: the ledger has no phone numbers, and their market has several time zones"},
	{MissingBudget, "what was spent of a budget: such sends did not count under it"},
	{MissingBatch, "whether the rest of their batch would be refused as well"},
	{MissingRace, "whether they would have lost a race with other sends for the last of a limit"},
	{MissingConsent, "what people had said, as far as it reaches under the other settings of consent"},
	{MissingConfirmation, "whether their text confirms an opt-out: texts are not kept"},
	{MissingReference, "whether their reference names a transaction: references are not kept"},
	{MissingFallback, "whether the fallback template would pass in their place"},
	{MissingNumber, "anything of the person: the business phone number was not served"},
	{MissingFailed, "what the policy on trial would have said: it could not judge at the time"},
}

// AllMissing are all of them.
func AllMissing() []Missing {
	list := make([]Missing, len(missings))
	for i := range missings {
		list[i] = missings[i].what
	}
	return list
}

// String is the word for it.
func (m Missing) String() string { return string(m) }

// Says is what is missing, and why.
func (m Missing) Says() string {
	for i := range missings {
		if missings[i].what == m {
			return missings[i].says
		}
	}
	return string(m)
}

// Background is what is known beside the facts of a decision when another policy is asked.
type Background struct {
	// Before is the policy it was decided under, for which the facts were kept.
	Before *Policy
	// Sender is the program that sent it, whether or not rules asked for it.
	Sender string
	// Countries are those, by ISO code, in which the person at a place of [Facts.Persons]
	// may be, "" for one that can't be told; false where it may be any.
	Countries func(person int) ([]string, bool)
	// East is how many minutes before UTC a time zone was then, and ZonesOf are those of a
	// country.
	East    func(zone string) int
	ZonesOf func(country string) []string
	// SentTo is what the person at a place had been sent by then; nil where nobody knows.
	SentTo func(person int) SentAgain
	// Steady: the template's category is known never to have changed.
	Steady bool
	// Terms, Confirmations and References: consent reaches otherwise, or such texts are
	// others, than when it was decided.
	Terms, Confirmations, References bool
	// Spent are the budgets, as if they were spent, of which nobody knows whether they were.
	Spent []BudgetFacts
}

// SentAgain is what a person had been sent by a moment.
type SentAgain struct {
	// Sent is all since a moment.
	Sent  []Sent
	Since Moment
	// Undone are those of what was counted then that the other policy had not let leave,
	// Added those that only it had.
	Undone, Added []Sent
}

// Again is what another policy decides.
type Again struct {
	Decision Decision
	// Missing is what would make a difference and is not known: the decision can't be told
	// then.
	Missing []Missing
}

// Told reports that the decision is certain.
func (a *Again) Told() bool { return len(a.Missing) == 0 }

// Same reports that two decisions are the same answer by the same rule.
func (d *Decision) Same(o *Decision) bool {
	return d.Verdict == o.Verdict && d.Rule == o.Rule && d.RuleID == o.RuleID
}

// doubt is something that isn't known, and what it may be in place of what is taken for it.
type doubt struct {
	what     Missing
	variants []func(*Send, *Facts)
	// rules: it makes a difference wherever the operator's own rules are asked.
	rules bool
}

// again is a send that is decided again.
type again struct {
	was, is Case // under the policy before, and under the other one
	h       *Background
	doubts  []doubt
}

// DecideAgain judges a send of the ledger by another policy than it was decided under. By
// the same policy it is the same decision.
func DecideAgain(s *Send, f *Facts, p *Policy, now time.Time, h *Background) Again {
	if reflect.DeepEqual(h.Before, p) && !h.Terms && !h.Confirmations && !h.References && len(h.Spent) == 0 {
		return Again{Decision: Decide(s, f, p, now)}
	}
	at := MomentOf(now)
	g := *f
	g.Persons = slices.Clone(f.Persons)
	a := &again{h: h}
	category := CategoryOf(s, f, at)
	a.was = Case{Send: s, Facts: f, Policy: h.Before, Now: at, Category: category, who: recipientsOf(s, f, h.Before)}
	a.is = Case{Send: s, Facts: &g, Policy: p, Now: at, Category: category, who: recipientsOf(s, f, p)}
	a.was.billed, a.is.billed = a.was.isBilled(), a.is.isBilled()
	a.reconstruct()
	return a.decide(now)
}

// decide judges by what is known, and by what may be in its place.
func (a *again) decide(now time.Time) Again {
	s, f, p := a.is.Send, a.is.Facts, a.is.Policy
	result := Again{Decision: Decide(s, f, p, now)}
	base := &result.Decision
	// What was refused with its batch, and would be on its own, is refused: which rule would
	// have spoken is no difference to anybody.
	withBatch := a.was.Facts.SiblingRefused
	differs := func(variants ...func(*Send, *Facts)) bool {
		send, facts := *s, *f
		facts.Persons = slices.Clone(f.Persons)
		for _, v := range variants {
			v(&send, &facts)
		}
		d := Decide(&send, &facts, p, now)
		if withBatch {
			return d.Verdict != base.Verdict
		}
		return !d.Same(base)
	}
	var first []func(*Send, *Facts)
	for i := range a.doubts {
		d := &a.doubts[i]
		first = append(first, d.variants...)
		asked := base.Verdict == Allow || base.Rule == RuleCustom || base.Rule == RuleError
		if d.rules && asked || slices.ContainsFunc(d.variants, func(v func(*Send, *Facts)) bool { return differs(v) }) {
			result.Missing = append(result.Missing, d.what)
		}
	}
	if len(result.Missing) == 0 && len(a.doubts) > 1 && differs(first...) {
		for i := range a.doubts {
			result.Missing = append(result.Missing, a.doubts[i].what)
		}
	}
	slices.Sort(result.Missing)
	if result.Missing = slices.Compact(result.Missing); withBatch && result.Told() {
		f.SiblingRefused = true
		result.Decision = Decide(s, f, p, now)
	}
	return result
}

func (a *again) doubtful(what Missing, variants ...func(*Send, *Facts)) {
	a.doubts = append(a.doubts, doubt{what: what, variants: variants})
}

// reconstruct gives the facts what the policy asks for and can be told, and collects what
// can't.
func (a *again) reconstruct() {
	s, f, p := a.is.Send, a.is.Facts, a.is.Policy
	before := a.was.Policy
	f.Sender = ""
	if len(p.Rules) > 0 {
		f.Sender = a.h.Sender
	}
	if f.SiblingRefused {
		f.SiblingRefused = false
		a.doubtful(MissingBatch, func(_ *Send, f *Facts) { f.SiblingRefused = true })
	}
	if f.Rival != NoRival {
		a.doubtful(MissingRace, func(_ *Send, f *Facts) { f.Rival = NoRival })
	}
	if a.h.Confirmations && s.Kind == FreeForm && f.MayBeConfirmed() {
		a.doubtful(MissingConfirmation, func(s *Send, _ *Facts) { s.Confirms = !s.Confirms })
	}
	if a.h.References {
		a.doubtful(MissingReference, func(s *Send, _ *Facts) { s.Transaction = !s.Transaction })
	}
	if len(a.h.Spent) > 0 {
		a.doubtful(MissingBudget, func(_ *Send, f *Facts) { f.Budgets = append(slices.Clip(f.Budgets), a.h.Spent...) })
	}
	if a.is.isCampaign() && !a.was.isCampaign() {
		a.doubtful(MissingCampaign, func(_ *Send, f *Facts) {
			f.Campaign = Campaign{Turns: []CampaignTurns{{Cause: CauseOperator, Off: Switch{At: 1}}}}
		})
	}
	if p.HoldDrift && !before.HoldDrift && s.Kind == TemplateMessage && !a.h.Steady {
		other := CategoryMarketing
		if a.is.Category.Scope() == Marketing {
			other = CategoryUtility
		}
		a.doubtful(MissingDrift, func(_ *Send, f *Facts) { f.Template.Drift.Before = other })
	}
	for i := range f.Persons {
		a.person(i)
	}
	a.metaLimits()
	a.portfolio()
}

// person is reconstruct for what is of one person.
func (a *again) person(i int) {
	a.sentTo(i)
	a.country(i)
	if p := a.is.Policy; p.CodeOnRequest > 0 && a.is.Category == CategoryAuthentication && a.was.Policy.CodeOnRequest == 0 {
		a.doubtful(MissingCodeRequest, func(_ *Send, f *Facts) { f.Persons[i].Requested = max(a.is.Now-1, 1) })
	}
	if !a.h.Terms {
		return
	}
	said := func(state ConsentState) func(*Send, *Facts) {
		return func(_ *Send, f *Facts) {
			for s := range f.Persons[i].Consent {
				f.Persons[i].Consent[s] = Consent{State: state, Since: max(a.is.Now-1, 1)}
				if state == OptedIn {
					f.Persons[i].Consent[s].LastOptIn = f.Persons[i].Consent[s].Since
				}
			}
		}
	}
	a.doubtful(MissingConsent, said(ConsentUnknown), said(OptedIn), said(OptedOut), func(_ *Send, f *Facts) { f.Persons[i].Confirmed = a.is.Now })
}

// metaLimits is reconstruct for what Meta said.
func (a *again) metaLimits() {
	if a.is.Policy.NoBackOff || !a.was.Policy.NoBackOff || !a.is.isMessage() {
		return
	}
	now := max(a.is.Now-1, 1)
	variants := []func(*Send, *Facts){func(_ *Send, f *Facts) { f.Limits = []Limited{{Code: codeThroughput, At: now}} }}
	for i := range a.is.Facts.Persons {
		for _, code := range personCodes {
			variants = append(variants, func(_ *Send, f *Facts) { f.Persons[i].Limits = []Limited{{Code: code, At: now}} })
		}
	}
	a.doubtful(MissingMetaLimits, variants...)
}

// portfolio is reconstruct for what the portfolio has used of its messaging limit. What was
// counted was counted whatever the limit is.
func (a *again) portfolio() {
	f, l := a.is.Facts, a.is.Policy.Messaging
	if !l.On() {
		return
	}
	if f.Portfolio.ID == "" {
		a.doubtful(MissingMessaging, a.spent(ToldLimit{Number: 1, At: 1}))
		return
	}
	if l.Number == 0 && !a.was.Policy.Messaging.Learn {
		a.doubtful(MissingMessaging, a.spent(ToldLimit{Number: 1, At: 1}))
	}
	if f.Portfolio.Again == 0 { // it was enough for the limit before
		f.Portfolio.Again = a.is.Now.Add(portfolioPeriod)
	}
}

// spent is a portfolio that has used up its limit.
func (a *again) spent(told ToldLimit) func(*Send, *Facts) {
	return func(_ *Send, f *Facts) {
		f.Portfolio = PortfolioFacts{ID: "unknown", Told: told, Used: Unbounded, Again: a.is.Now.Add(portfolioPeriod)}
		for i := range f.Persons {
			f.Persons[i].Started = 0
		}
	}
}

// Unbounded is more people than any portfolio writes to.
const Unbounded = 1 << 30

// counting is a kind of what is counted of people that a policy goes by.
type counting struct {
	kind SentKind
	// needed: the policy asks for it. known: the one before counted all of it.
	needed, known bool
	// since is from when on it counts, full what leaves nothing of it.
	since Moment
	full  func() []Sent
}

// countings are all kinds, about a person, of whom both cases are.
func countings(was, is *Case) []counting {
	person := is.person
	return []counting{
		{SentMessage, is.isBilled() && is.capsOn(), was.isBilled() && capsKnown(was, is), is.Now.Add(-is.longestCap()), is.fullCaps},
		{SentRequest, is.requests(), was.requests() && was.Policy.RequestPeriod >= is.Policy.RequestPeriod, is.Now.Add(-is.Policy.RequestPeriod), func() []Sent {
			return slices.Repeat([]Sent{{Scope: is.Category.Scope(), At: is.Now - 1, Kind: SentRequest}}, max(is.Policy.RequestLimit, 1))
		}},
		{SentFollowup, is.Policy.Followup && is.Send.Kind == TemplateMessage, was.Policy.Followup, person.Opened, func() []Sent {
			return []Sent{{Scope: is.Category.Scope(), At: max(person.Opened+1, is.Now-1), Kind: SentFollowup}}
		}},
		{SentToPair, is.countsForPair(), was.countsForPair(), is.Now.Add(-2 * pairKept), func() []Sent {
			return slices.Repeat([]Sent{{Scope: is.Category.Scope(), At: is.Now - 1, Kind: SentToPair}}, pairBurst)
		}},
	}
}

// sentTo is reconstruct for what was sent to a person before. What was counted under the
// policy before is known, but for what changes before it change; else it is what went to the
// person by the ledger.
func (a *again) sentTo(i int) {
	person := &a.is.Facts.Persons[i]
	was, is := a.was, a.is
	was.person, is.person = &a.was.Facts.Persons[i], person
	var sent []Sent
	again := SentAgain{Since: Forever}
	asked := false
	for _, k := range countings(&was, &is) {
		if !k.needed {
			continue
		}
		if !asked && a.h.SentTo != nil {
			again, asked = a.h.SentTo(i), true
		}
		of := func(s Sent) bool { return s.Kind == k.kind }
		if k.known {
			for _, s := range person.Sent {
				if of(s) && !nearly(again.Undone, s) {
					sent = append(sent, s)
				}
			}
			sent = appendWhere(sent, again.Added, of)
			continue
		}
		sent = appendWhere(sent, again.Sent, of)
		if again.Since > k.since {
			full := k.full()
			a.doubtful(MissingFrequency, func(_ *Send, f *Facts) { f.Persons[i].sentToo(full) })
		}
	}
	slices.SortFunc(sent, compareSent)
	person.Sent = sent
}

// sentToo adds what the person was sent.
func (p *PersonFacts) sentToo(more []Sent) {
	p.Sent = append(slices.Clip(p.Sent), more...)
	slices.SortFunc(p.Sent, compareSent)
}

// Uncounted is what a policy on trial goes by that only the one that is enforced would have
// counted, and doesn't, where that can make a difference to a send; "" for nothing. The facts
// are those that the policy on trial asks for.
func Uncounted(s *Send, f *Facts, enforced, p *Policy, now time.Time) Missing {
	at := MomentOf(now)
	category := CategoryOf(s, f, at)
	was := Case{Send: s, Facts: f, Policy: enforced, Now: at, Category: category, who: recipientsOf(s, f, enforced)}
	is := Case{Send: s, Facts: f, Policy: p, Now: at, Category: category, who: recipientsOf(s, f, p)}
	was.billed, is.billed = was.isBilled(), is.isBilled()
	var base *Decision // seldom needed
	differs := func(change func(*Facts)) bool {
		if base == nil {
			base = new(Decide(s, f, p, now))
		}
		full := *f
		full.Persons = slices.Clone(f.Persons)
		change(&full)
		d := Decide(s, &full, p, now)
		return !d.Same(base)
	}
	for i := range f.Persons {
		was.person, is.person = &f.Persons[i], &f.Persons[i]
		for _, k := range countings(&was, &is) {
			if k.needed && !k.known && differs(func(f *Facts) { f.Persons[i].sentToo(k.full()) }) {
				return MissingFrequency
			}
		}
	}
	if p.Messaging.On() && !enforced.Messaging.On() {
		a := again{is: is}
		if differs(func(f *Facts) { a.spent(ToldLimit{Number: 1, At: 1})(nil, f) }) {
			return MissingMessaging
		}
	}
	return ""
}

func appendWhere(list, from []Sent, of func(Sent) bool) []Sent {
	for _, s := range from {
		if of(s) {
			list = append(list, s)
		}
	}
	return list
}

// atOnce is by how much the time at which a send counts may differ from that of its decision.
const atOnce = 2 * time.Second

// nearly reports that one of a list is s.
func nearly(list []Sent, s Sent) bool {
	return slices.ContainsFunc(list, func(o Sent) bool {
		return o.Kind == s.Kind && o.Scope == s.Scope && s.At >= o.At && s.At <= o.At.Add(atOnce)
	})
}

// capsOn reports that caps are on what is to be sent.
func (c *Case) capsOn() bool {
	return slices.ContainsFunc(c.Policy.Caps, func(k Cap) bool { return k.covers(c.Category.Scope()) })
}

// longestCap is for how long the caps count that are on what is to be sent.
func (c *Case) longestCap() (longest time.Duration) {
	for _, k := range c.Policy.Caps {
		if k.covers(c.Category.Scope()) {
			longest = max(longest, k.Period)
		}
	}
	return longest
}

// fullCaps is what leaves nothing of the caps on what is to be sent.
func (c *Case) fullCaps() (sent []Sent) {
	for _, k := range c.Policy.Caps {
		if k.covers(c.Category.Scope()) {
			sent = append(sent, slices.Repeat([]Sent{{Scope: c.Category.Scope(), At: c.Now - 1}}, k.Limit)...)
		}
	}
	return sent
}

// capsKnown reports that the caps before counted all that those now do.
func capsKnown(was, is *Case) bool {
	scope := is.Category.Scope()
	for _, k := range is.Policy.Caps {
		if !k.covers(scope) {
			continue
		}
		for _, s := range k.Scopes.list() {
			if !slices.ContainsFunc(was.Policy.Caps, func(o Cap) bool { return o.covers(scope) && o.covers(s) && o.Period >= k.Period }) {
				return false
			}
		}
	}
	return true
}

// countryMatters reports that the country of people makes a difference beyond what is known
// of countries without being told.
func (c *Case) countryMatters() bool {
	if !c.billed && !c.customApplies() || c.Send.Group {
		return false
	}
	scope := c.Category.Scope()
	return c.customApplies() || slices.ContainsFunc(c.Policy.Countries, func(r CountryRule) bool { return r.Scopes.Has(scope) })
}

// packApplies reports that what is known of countries counts.
func (c *Case) packApplies() bool { return c.billed && !c.Send.Group && !c.Policy.NoCountryPack }

// country is reconstruct for where a person is, and for the clocks there.
func (a *again) country(i int) {
	person := &a.is.Facts.Persons[i]
	may, bounded := []string(nil), false
	if a.h.Countries != nil {
		may, bounded = a.h.Countries(i)
	}
	switch {
	case a.was.countryMatters() || person.Country != "":
		may, bounded = []string{person.Country}, true
	case a.was.packApplies(): // it is none of the pack's
		may = slices.DeleteFunc(slices.Clone(may), func(iso string) bool { return a.was.packed(iso) != nil })
		bounded = bounded && len(may) > 0
	}
	a.clocks(i, may, bounded)
	person.Country = ""
	matters := a.is.countryMatters()
	if !matters && (!a.is.packApplies() || a.was.packApplies() && a.was.Facts.Persons[i].Country == "") {
		return
	}
	was := func(iso string) func(*Send, *Facts) {
		return func(_ *Send, f *Facts) { f.Persons[i].Country = iso }
	}
	if bounded {
		person.Country = may[0]
		if len(may) > 1 {
			var others []func(*Send, *Facts)
			for _, iso := range may[1:] {
				others = append(others, was(iso))
			}
			a.doubtful(MissingCountry, others...)
		}
		return
	}
	d := doubt{what: MissingCountry, variants: []func(*Send, *Facts){was("ZZ")}}
	for _, r := range a.is.Policy.Countries {
		for _, iso := range r.Countries {
			d.variants = append(d.variants, was(iso))
		}
	}
	if !a.was.packApplies() {
		for j := range countryPack {
			for _, iso := range countryPack[j].countries {
				d.variants = append(d.variants, was(iso))
			}
		}
	}
	d.rules = a.is.customApplies() && slices.ContainsFunc(a.is.Policy.Rules, func(r CustomRule) bool { return strings.Contains(r.Expression, "country") })
	a.doubts = append(a.doubts, d)
}

// clocks is reconstruct for the clocks that a send to a person goes by.
func (a *again) clocks(i int, may []string, bounded bool) {
	person := &a.is.Facts.Persons[i]
	kept := person.Clocks
	person.Clocks = nil
	theirs := slices.Contains(a.was.Facts.QuietZones(a.was.Policy, a.was.Send, a.was.Now), "")
	for _, zone := range a.is.Facts.QuietZones(a.is.Policy, a.is.Send, a.is.Now) {
		switch {
		case zone != "" && a.h.East != nil:
			person.Clocks = append(person.Clocks, Clock{Zone: zone, East: a.h.East(zone)})
		case zone != "" || theirs:
			for _, k := range kept {
				if k.Zone == zone {
					person.Clocks = append(person.Clocks, k)
				}
			}
		default:
			a.localClocks(i, may, bounded)
		}
	}
}

// localClocks gives a person each clock alone that they may live by: where all say the same,
// so do any of them together.
func (a *again) localClocks(i int, may []string, bounded bool) {
	var east []int
	if bounded && a.h.East != nil && a.h.ZonesOf != nil {
		for _, iso := range may {
			zones := a.h.ZonesOf(iso)
			if len(zones) == 0 {
				east, bounded = nil, false
				break
			}
			for _, zone := range zones {
				east = append(east, a.h.East(zone))
			}
		}
	}
	if len(east) == 0 {
		for hour := -12; hour <= 14; hour++ {
			east = append(east, hour*60)
		}
	}
	slices.Sort(east)
	east = slices.Compact(east)
	person := &a.is.Facts.Persons[i]
	others := slices.Clip(person.Clocks)
	person.Clocks = append(others, Clock{East: east[0]})
	if len(east) == 1 {
		return
	}
	d := doubt{what: MissingLocalTime}
	for _, e := range east[1:] {
		d.variants = append(d.variants, func(_ *Send, f *Facts) { f.Persons[i].Clocks = append(slices.Clip(others), Clock{East: e}) })
	}
	a.doubts = append(a.doubts, d)
}

// Differences names the options in which two policies differ, in the order of the fields of
// Policy.
func (p *Policy) Differences(o *Policy) (names []string) {
	a, b := reflect.ValueOf(p).Elem(), reflect.ValueOf(o).Elem()
	for i := range a.NumField() {
		if !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			name, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("json"), ",")
			names = append(names, name)
		}
	}
	return names
}

// SentTo is what a send counts as, for a person.
type SentTo struct {
	Contact ContactID
	Sent
}

// Counts are what an allowed send counts as that is decided at a moment.
func (d *Decision) Counts(at Moment) (list []SentTo) {
	for _, k := range d.Claims {
		if kind, counted := k.Kind.sent(); counted {
			list = append(list, SentTo{k.Key, Sent{Scope: k.Scope, At: at, Kind: kind}})
		}
	}
	return list
}

// CountsAsSent is what a message counts as that went to a person whatever is decided about
// it now.
func (d *Decision) CountsAsSent(s *Send, contact ContactID, at Moment) []SentTo {
	if s.Group || s.Kind != TemplateMessage && s.Kind != DirectSend || contact == (ContactID{}) {
		return nil
	}
	return []SentTo{{contact, Sent{Scope: d.Category.Scope(), At: at}}}
}

// LooksBack is how long before a send what counts under the policy may be, that the facts of
// a decision under another one need not have.
func (p *Policy) LooksBack() (longest time.Duration) {
	for _, k := range p.Caps {
		longest = max(longest, k.Period)
	}
	if len(p.ConsentRequests) > 0 {
		longest = max(longest, p.RequestPeriod)
	}
	if p.PairRate {
		longest = max(longest, 2*pairKept)
	}
	return longest
}
