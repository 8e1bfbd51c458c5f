package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/lab"
	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Settings are what another configuration says of business phone numbers.
type Settings struct {
	Businesses Businesses
	Budgets    []*Budget
	// Notes say what it changes that can't be tested on what was.
	Notes []string
}

// PolicyTestRequest asks what would have been under other settings.
type PolicyTestRequest struct {
	// From and To are RFC 3339, a date, or an age such as 30d. PhoneNumberID is one number's,
	// or its name; "" for all.
	From, To, PhoneNumberID string
	// Examples is how many are given of each way in which answers change.
	Examples int
	Under    *Settings
}

// PolicyTest is what would have been under other settings.
type PolicyTest struct {
	From, To policy.Moment
	// Since is where the ledger begins; zero where it reaches back further than was asked.
	Since policy.Moment
	*lab.Comparison
	// Unread are requests that could not be read: no policy sees them.
	Unread int
	// Differences are the options in which the settings differ from those that hold now, by
	// business phone number, for such as differ.
	Differences []PolicyDifference
	Notes       []string
	Took        time.Duration
}

// PolicyDifference is what is otherwise for a business phone number.
type PolicyDifference struct {
	// PhoneNumberID is * for all that are not listed.
	PhoneNumberID string
	Options       []string
}

// LabProgress is how far a test of a policy is.
type LabProgress struct {
	Running bool
	// Decided is how many decisions were made again, At the time of the newest, in a test
	// from From to To.
	Decided      int64
	From, At, To policy.Moment
}

// laboratory is what tests of policies share: one at a time runs.
type laboratory struct {
	running      atomic.Bool
	decided      atomic.Int64
	from, at, to atomic.Int64
}

func (l *laboratory) progress() LabProgress {
	return LabProgress{l.running.Load(), l.decided.Load(), policy.Moment(l.from.Load()), policy.Moment(l.at.Load()), policy.Moment(l.to.Load())}
}

// LabProgress is how far the test of a policy is that runs.
func (g *Gateway) LabProgress() LabProgress { return g.lab.progress() }

// MostExamples is how many examples may be asked for, of each way in which answers change.
const MostExamples = 100

// compared is a period in which answers are compared, with so many examples.
func (g *Gateway) compared(ctx context.Context, from, to, phoneNumberID, since string, examples int) (f store.Filter, st store.Store, err error) {
	if examples < 0 || examples > MostExamples {
		return f, nil, misasked(fmt.Errorf("examples is %d; it must be 0 to %d", examples, MostExamples))
	}
	return g.counted(ctx, Selection{From: from, To: to, PhoneNumberID: phoneNumberID}, since)
}

// PolicyTest decides everything again that was decided in a period, under other settings.
// Nothing is recorded, and what is sent meanwhile doesn't wait.
func (g *Gateway) PolicyTest(ctx context.Context, r *PolicyTestRequest) (*PolicyTest, error) {
	f, st, err := g.compared(ctx, r.From, r.To, r.PhoneNumberID, "30d", r.Examples)
	if err != nil {
		return nil, err
	}
	if !g.lab.running.CompareAndSwap(false, true) {
		return nil, &Problem{Kind: Busy, Err: errors.New("another policy is being tested at this moment: one at a time is, so that the gateway has time for sends. Try again when it is done")}
	}
	defer g.lab.running.Store(false)
	began := time.Now()
	t := &tester{g: g, st: st, under: r.Under, filter: f, counter: lab.NewCounter(r.Examples), held: make(map[string]*heldTerms)}
	t.test = &PolicyTest{From: f.From, To: f.To, Differences: g.differences(r.Under), Notes: slices.Concat(r.Under.Notes, g.notes(r.Under))}
	if kept := keptSince(st); kept > f.From {
		t.test.Since = kept
	}
	g.lab.decided.Store(0)
	g.lab.from.Store(int64(f.From))
	g.lab.at.Store(int64(f.From))
	g.lab.to.Store(int64(f.To))
	if err := t.run(ctx); err != nil {
		return nil, err
	}
	t.test.Comparison, t.test.Took = t.counter.Comparison(), time.Since(began)
	return t.test, nil
}

// differences are the options in which settings differ from those that hold.
func (g *Gateway) differences(under *Settings) (list []PolicyDifference) {
	ids := slices.Collect(maps.Keys(g.Businesses.Listed))
	for id := range under.Businesses.Listed {
		if _, listed := g.Businesses.Listed[id]; !listed {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range append(ids, store.AllOthers) {
		now, served := g.Businesses.Of(id)
		then, serves := under.Businesses.Of(id)
		switch {
		case served != serves:
			list = append(list, PolicyDifference{id, []string{"business"}})
		case served:
			if options := now.differences(then); len(options) > 0 {
				list = append(list, PolicyDifference{id, options})
			}
		}
	}
	return list
}

// differences names what differs between two settings of a number, and makes a difference to
// decisions.
func (b *Business) differences(o *Business) []string {
	options := b.Policy.Differences(&o.Policy)
	for _, d := range []struct {
		name string
		same bool
	}{
		{"mode", b.Monitor == o.Monitor},
		{"enforce", b.Share == o.Share},
		{"shadow", sameTrial(b.Shadow, o.Shadow)},
		{"consent reach", sameTerms(b.Terms, o.Terms)},
		{"transaction_prefix", slices.Equal(b.References, o.References)},
		{"confirmation_texts", reflect.DeepEqual(b.Confirmations, o.Confirmations)},
		{"fallback_template", reflect.DeepEqual(b.Fallback, o.Fallback)},
	} {
		if !d.same {
			options = append(options, d.name)
		}
	}
	return options
}

// sameTrial reports that the same is enforced for the same part of the people by policies on
// trial. One that is enforced for nobody decides nothing.
func sameTrial(a, b *Shadow) bool {
	decides := func(sh *Shadow) bool { return sh != nil && sh.Share > 0 }
	if !decides(a) || !decides(b) {
		return decides(a) == decides(b)
	}
	return reflect.DeepEqual(a, b)
}

// sameTerms reports that consent counts alike.
func sameTerms(a, b *policy.Terms) bool {
	x, y := *a, *b
	if !maps.Equal(x.WABA, y.WABA) {
		return false
	}
	x.WABA, y.WABA = nil, nil
	return reflect.DeepEqual(x, y)
}

// notes say what settings change that can't be tested on what was.
func (g *Gateway) notes(under *Settings) (notes []string) {
	for id, b := range under.Businesses.Listed {
		now, served := g.Businesses.Of(id)
		if served && now.WABA != b.WABA {
			notes = append(notes, "the account (waba) of "+id+" is another one: templates, and how far consent reaches, are tested as they were under the one before")
		}
		if served && now.Questions != nil && !reflect.DeepEqual(now.Questions, b.Questions) {
			notes = append(notes, "opt_in_questions of "+id+" are others: what people would have answered is not known")
		}
	}
	slices.Sort(notes)
	return notes
}

// tester decides again.
type tester struct {
	g       *Gateway
	st      store.Store
	under   *Settings
	filter  store.Filter
	counter *lab.Counter
	test    *PolicyTest
	replay  *lab.Replay // nil where nothing counts for longer than a send
	held    map[string]*heldTerms
	zones   map[string]*time.Location
	markets map[marketDay]marketCountries
	steady  map[policy.TemplateRef]bool
	learned map[string]store.Number
}

// heldTerms are those that held for a number, as long as it did.
type heldTerms struct {
	terms      *policy.Terms
	from, upto policy.Moment
}

type marketDay struct{ market, day string }

type marketCountries struct {
	list []string
	all  bool
}

// run goes through the period, from old to new.
func (t *tester) run(ctx context.Context) error {
	var err error
	if t.learned, err = t.st.Numbers(ctx); err != nil {
		return err
	}
	if err := t.templates(ctx); err != nil {
		return err
	}
	t.zones, t.markets = make(map[string]*time.Location), make(map[marketDay]marketCountries)
	f := t.filter
	var longest time.Duration
	looksBack := func(b *Business) {
		longest = max(longest, b.Policy.LooksBack())
		if b.Shadow != nil && b.Shadow.Share > 0 {
			longest = max(longest, b.Shadow.Policy.LooksBack())
		}
	}
	t.under.each(looksBack)
	t.g.Businesses.each(looksBack)
	if longest > 0 {
		f.From, f.PhoneNumberID = max(f.From.Add(-longest), 1), ""
		t.replay = lab.NewReplay(max(f.From, keptSince(t.st)), longest, t.reaches)
	}
	forgotten := f.From
	return ascending(ctx, t.st, f, func(e *store.Entry) error {
		if t.replay != nil && e.At > forgotten.Add(longest) {
			t.replay.Forget(e.At)
			forgotten = e.At
		}
		return t.entry(ctx, e)
	})
}

func (s *Settings) each(do func(*Business)) { s.Businesses.each(do) }

func (bs *Businesses) each(do func(*Business)) {
	for _, b := range bs.Listed {
		do(b)
	}
	if bs.Others != nil {
		do(bs.Others)
	}
}

// templates finds those whose category is known never to have changed.
func (t *tester) templates(ctx context.Context) error {
	known, err := t.st.Templates(ctx, "", mostTemplates)
	if err != nil {
		return err
	}
	t.steady = make(map[policy.TemplateRef]bool, len(known.Templates))
	for i := range known.Templates {
		k := &known.Templates[i]
		steady := k.Previous == "" && k.AcceptedAt == 0 && k.Recategorised == "" && k.NextFrom == 0
		if was, seen := t.steady[k.Ref]; seen { // an account of the same name for a template
			steady = steady && was
		}
		t.steady[k.Ref] = steady
	}
	return nil
}

// reaches reports that what one number sends counts for the caps of another.
func (t *tester) reaches(number, other string) bool {
	b, ok := t.under.Businesses.Of(number)
	if !ok {
		return false
	}
	optOut, _ := b.Terms.For(number, func(id string) string { return t.learned[id].WABA }).Reach(other)
	return optOut
}

// sliceEntries is how many entries are read at once to be put in order.
const sliceEntries = 4096

// ascending gives take the entries that match, the oldest first. Nothing is held meanwhile:
// each slice of time is read by itself.
func ascending(ctx context.Context, st store.Store, f store.Filter, take func(*store.Entry) error) error {
	slice, end := policy.Moment(time.Hour.Milliseconds()), f.To
	from := f.From
	if kept := keptSince(st); kept > from {
		from = kept
	}
	list := make([]*store.Entry, 0, sliceEntries)
	for from < end {
		f.From, f.To = from, min(from+slice, end)
		list = list[:0]
		whole := true
		for e, err := range st.Ledger(ctx, f) {
			if err != nil {
				return lookup(err)
			}
			if list = append(list, e); len(list) > sliceEntries && slice > 1 {
				whole = false
				break
			}
		}
		if !whole {
			slice = max(slice/4, 1)
			continue
		}
		for _, e := range slices.Backward(list) {
			if err := take(e); err != nil {
				return err
			}
		}
		from = f.To
		if len(list) < sliceEntries/4 {
			slice = min(slice*2, policy.Moment((24 * time.Hour).Milliseconds()))
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// entry decides a send of the ledger again, and counts what that changes.
func (t *tester) entry(ctx context.Context, e *store.Entry) error {
	t.g.lab.at.Store(int64(e.At))
	inPeriod := e.At >= t.filter.From && (t.filter.PhoneNumberID == "" || t.filter.PhoneNumberID == e.Send.PhoneNumberID)
	if e.Unread {
		if inPeriod {
			t.test.Unread++
		}
		return nil
	}
	t.g.lab.decided.Add(1)
	s := lab.Send{
		ID: e.ID.String(), At: e.At.Time(), PhoneNumberID: e.Send.PhoneNumberID, Contact: e.Contact(), Kind: e.Send.Type, Template: e.Send.Template.Name, Language: e.Send.Template.Language,
		Category: e.Category(), Price: e.Price, From: lab.AnswerOf(&e.Decision, e.Monitored),
	}
	if e.Send.Kind == policy.TemplateMessage {
		s.Kind = "template"
	}
	if s.From.Leaves() {
		switch e.Outcome.State {
		case store.Accepted, store.Unknown, store.Reserved:
			s.Went = true
		}
	}
	again, err := t.again(ctx, e, &s)
	if err != nil {
		return err
	}
	t.follow(e, &s, again)
	if !inPeriod {
		return nil
	}
	return t.counter.Add(&s)
}

// again decides a send of the ledger under the other settings.
func (t *tester) again(ctx context.Context, e *store.Entry, s *lab.Send) (policy.Again, error) {
	b, serves := t.under.Businesses.Of(e.Send.PhoneNumberID)
	switch {
	case !serves:
		f := policy.Facts{NoBusiness: true}
		d := policy.Decide(&e.Send, &f, new(policy.Policy), e.At.Time())
		s.To, s.Reason = lab.AnswerOf(&d, t.under.Businesses.AllMonitored()), d.Reason
		return policy.Again{Decision: d}, nil
	case e.Facts.NoBusiness:
		s.Missing = []policy.Missing{policy.MissingNumber}
		return policy.Again{Missing: s.Missing, Decision: e.Decision}, nil
	}
	b, monitored := b.wouldDecide(e)
	h, facts, err := t.hindsight(ctx, e, b)
	if err != nil {
		return policy.Again{}, err
	}
	again := policy.DecideAgain(&e.Send, facts, &b.Policy, e.At.Time(), h)
	t.fallback(e, b, monitored, h, facts, &again)
	s.To, s.Reason, s.Missing = lab.AnswerOf(&again.Decision, monitored), again.Decision.Reason, again.Missing
	if e.Facts.SiblingRefused && again.Decision.Rule == policy.RuleBatch {
		s.To.Effect = lab.Refuse // a batch leaves whole or not at all
	}
	return again, nil
}

// hindsight is what is known beside the facts of an entry, and the facts as far as they don't
// depend on a policy.
func (t *tester) hindsight(ctx context.Context, e *store.Entry, b *Business) (*policy.Background, *policy.Facts, error) {
	terms, err := t.termsAt(ctx, e)
	if err != nil {
		return nil, nil, err
	}
	h := &policy.Background{Before: &e.Policy, Sender: e.Sender, ZonesOf: phone.ZonesOfCountry, Steady: t.steady[e.Send.Template]}
	h.Terms = !sameTerms(terms, b.Terms)
	if now, ok := t.g.Businesses.Of(e.Send.PhoneNumberID); ok {
		h.References = !slices.Equal(now.References, b.References)
		h.Confirmations = !reflect.DeepEqual(now.Confirmations, b.Confirmations)
	}
	at := e.At.Time()
	h.East = func(zone string) int {
		_, east := at.In(t.zone(zone, b.Zone)).Zone()
		return east / 60
	}
	h.Countries = func(person int) ([]string, bool) {
		if person != e.Decision.Person || e.Market == "" || e.Send.Group {
			return nil, false
		}
		return t.countries(e.Market, billing.Day(at, b.Zone))
	}
	if t.replay != nil {
		h.SentTo = func(person int) policy.SentAgain {
			return t.replay.SentTo(e.Facts.Persons[person].Contact, e.Send.PhoneNumberID)
		}
	}
	facts := t.budgets(e, b, h)
	return h, facts, nil
}

// termsAt are those by which consent counted when an entry was decided.
func (t *tester) termsAt(ctx context.Context, e *store.Entry) (*policy.Terms, error) {
	id := e.Send.PhoneNumberID
	if h := t.held[id]; h != nil && e.At >= h.from && e.At < h.upto {
		return h.terms, nil
	}
	h := &heldTerms{from: e.At, upto: e.At.Add(time.Minute)}
	t.held[id] = h
	past, ok := t.st.(store.Past)
	if ok {
		// What holds at both ends of a time holds within it, unless it was taken back.
		ends := [...]policy.Moment{e.At, e.At.Add(15 * time.Minute)}
		var found [2]*store.Enforced
		for i, at := range ends {
			var err error
			if found[i], err = past.EnforcedAt(ctx, id, at); err != nil && !errors.Is(err, store.ErrNotFound) {
				return nil, err
			}
		}
		if found[0] != nil {
			h.terms = &found[0].Terms
			if found[1] != nil && found[1].At == found[0].At {
				h.upto = ends[1]
			} else {
				h.upto = e.At + 1
			}
			return h.terms, nil
		}
	}
	h.terms = policy.DefaultTerms()
	if now, served := t.g.Businesses.Of(id); served {
		h.terms = now.Terms
	}
	return h.terms, nil
}

func (t *tester) zone(name string, other *time.Location) *time.Location {
	zone, ok := t.zones[name]
	if !ok {
		zone = zoneOf(name, nil)
		t.zones[name] = zone
	}
	if zone == nil {
		return other
	}
	return zone
}

func (t *tester) countries(market, day string) ([]string, bool) {
	k := marketDay{market, day}
	c, ok := t.markets[k]
	if !ok {
		c.list, c.all = billing.CountriesOf(billing.Market(market), day)
		t.markets[k] = c
	}
	return c.list, c.all
}

// budgets are the facts of an entry with the budgets that it would have counted under. What
// was spent of those it counted under is known.
func (t *tester) budgets(e *store.Entry, b *Business, h *policy.Background) *policy.Facts {
	if len(t.under.Budgets) == 0 && len(e.Facts.Budgets) == 0 {
		return &e.Facts
	}
	var known, unknown []policy.BudgetFacts
	for _, budget := range t.under.Budgets {
		if budget.Currency != b.Currency || e.Price.Type != billing.Regular || !e.Price.Known || e.Price.Unit == 0 || !budget.covers(e.Send.PhoneNumberID, e.Tags, e.Price.Category) {
			continue
		}
		i := slices.IndexFunc(e.Facts.Budgets, func(f policy.BudgetFacts) bool { return f.Name == budget.Name })
		if i < 0 {
			if budget.Refuse {
				unknown = append(unknown, policy.BudgetFacts{
					Name: budget.Name, Month: monthOf(billing.Day(e.At.Time(), b.Zone)), Currency: string(b.Currency), Amount: policy.Money(budget.Amount), Spent: policy.Money(budget.Amount),
					Price: max(policy.Money(e.Price.Unit), 1), Refuses: true,
				})
			}
			continue
		}
		was := e.Facts.Budgets[i]
		was.Amount, was.Warn, was.Refuses = policy.Money(budget.Amount), budget.Warn, budget.Refuse
		known = append(known, was)
	}
	h.Spent = unknown
	for _, was := range e.Facts.Budgets { // those of a price that nobody knows
		if was.Unpriced && !slices.ContainsFunc(known, func(f policy.BudgetFacts) bool { return f.Name == was.Name }) {
			known = append(known, was)
		}
	}
	if reflect.DeepEqual(known, e.Facts.Budgets) {
		return &e.Facts
	}
	facts := e.Facts
	facts.Budgets = known
	return &facts
}

// fallback says what becomes of texts in whose place a template is sent, or would be.
func (t *tester) fallback(e *store.Entry, b *Business, monitored bool, h *policy.Background, facts *policy.Facts, again *policy.Again) {
	d := &again.Decision
	if e.Fallback == nil {
		if b.Fallback == nil || monitored || d.Rule != policy.RuleWindowClosed || e.Send.Type != "text" || e.Send.Group || e.Send.Edge != policy.EdgeMessages {
			return
		}
		now, served := t.g.Businesses.Of(e.Send.PhoneNumberID)
		if !served || !reflect.DeepEqual(now.Fallback, b.Fallback) || !reflect.DeepEqual(e.Policy, b.Policy) {
			again.Missing = append(again.Missing, policy.MissingFallback)
		}
		return
	}
	text, closed := textAgain(e, b, h, facts)
	switch {
	case !closed: // the text may leave itself, or be refused for another reason
		again.Missing = []policy.Missing{policy.MissingFallback}
	case b.Fallback == nil || monitored:
		*again = policy.Again{Decision: text}
	case b.Fallback.Template.Name != e.Send.Template.Name, b.Fallback.Template.Language != "" && b.Fallback.Template.Language != e.Send.Template.Language:
		again.Missing = []policy.Missing{policy.MissingFallback}
	case again.Told() && (d.Verdict == policy.Refuse || d.Exception()):
		*again = policy.Again{Decision: text}
	}
}

// textAgain decides the text again in whose place a template was sent, and reports that it is
// certain to be refused for its window. Of the text itself nothing is kept.
func textAgain(e *store.Entry, b *Business, h *policy.Background, facts *policy.Facts) (policy.Decision, bool) {
	s, f, of := e.Send, *facts, *h
	s.Kind, s.Type, s.Template, s.Media, s.Buttons = e.Fallback.Kind, e.Fallback.Type, policy.TemplateRef{}, false, false
	f.Template, f.Budgets, f.Rival, of.Spent = policy.TemplateFacts{}, nil, policy.NoRival, nil
	if f.MayBeConfirmed() && !reflect.DeepEqual(e.Policy, b.Policy) {
		return policy.Decision{}, false // whether it does is not known
	}
	again := policy.DecideAgain(&s, &f, &b.Policy, e.At.Time(), &of)
	return again.Decision, again.Told() && again.Decision.Rule == policy.RuleWindowClosed
}

// follow notes what people have been sent by now under the other settings.
func (t *tester) follow(e *store.Entry, s *lab.Send, again policy.Again) {
	if t.replay == nil {
		return
	}
	number := e.Send.PhoneNumberID
	left := s.From.Leaves() && e.Outcome.State != store.Rejected && e.Outcome.State != store.NotSent && e.Outcome.State != store.Refused
	counts := again.Decision.Counts(e.At)
	would := len(s.Missing) > 0 && left || len(s.Missing) == 0 && s.To.Leaves()
	switch {
	case left && (e.At < t.filter.From || would):
		if len(counts) == 0 && again.Decision.Verdict == policy.Refuse && e.Decision.Verdict == policy.Allow {
			counts = e.Decision.CountsAsSent(&e.Send, e.Contact(), e.At)
		}
		t.replay.Went(number, counts)
	case left:
		t.replay.Undo(number, e.Decision.Counts(e.At))
	case would && e.At >= t.filter.From && s.From.Effect == lab.Refuse:
		t.replay.Add(number, counts)
	}
}
