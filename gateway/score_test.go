package gateway

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// scored is a world in which Meta has its own mind.
type scored struct {
	*world
	sent int
}

func newScored(t testing.TB) *scored {
	t.Helper()
	w := &scored{world: newWorld(t)}
	st := w.store.Store // all that it can
	w.Open = func() (store.Store, error) { return st, nil }
	return w
}

// word is what Meta makes of a send.
type word struct {
	// rejects is the code of its answer, 0 for none; statuses are what follows, such as sent,
	// delivered and failed 131047.
	rejects  int
	statuses []string
	// category and price type of a status; "" for none.
	category, kind string
	// unheard: no status is told.
	unheard bool
}

// post has a send judged, and Meta give its word. It gives the id of the decision.
func (w *scored) post(t testing.TB, number, body string, word word) store.ID {
	t.Helper()
	w.sent++
	wamid := fmt.Sprintf("wamid.%d", w.sent)
	w.meta.answers = func(ctx context.Context, a *Answer) error {
		if word.rejects != 0 {
			return answer(http.StatusBadRequest, fmt.Sprintf(`{"error":{"message":"no","code":%d}}`, word.rejects))(ctx, a)
		}
		return answer(http.StatusOK, `{"messaging_product":"whatsapp","messages":[{"id":"`+wamid+`"}]}`)(ctx, a)
	}
	w.advance(time.Second)
	result := w.handle(t, w.request(t, number, body))
	if word.rejects == 0 {
		w.tell(t, number, wamid, &word)
	}
	return result.ID
}

// tell has statuses come of a message, each twice and the last first.
func (w *scored) tell(t testing.TB, number, wamid string, word *word) {
	t.Helper()
	var events []policy.Event
	for i, said := range word.statuses {
		e := policy.StatusChanged{PhoneNumberID: number, Wamid: wamid, At: w.now() + policy.Moment(1000*i)}
		status, code, _ := strings.Cut(said, " ")
		e.Status = policy.DeliveryStatus(status)
		_, _ = fmt.Sscan(code, &e.ErrorCode)
		if word.category != "" && e.Status != policy.StatusFailed {
			e.Pricing = &policy.Pricing{Category: word.category, Type: word.kind, Model: "PMP", Billable: word.kind == "regular"}
		}
		events = append(events, e)
	}
	slices.Reverse(events)
	for range 2 {
		for _, e := range events {
			if err := w.Hear(t.Context(), []policy.Event{e}); err != nil {
				t.Fatal(err)
			}
			w.refusals.wait()
		}
	}
}

// agrees is that somebody opted in to everything.
func (w *scored) agrees(t testing.TB, who string) {
	t.Helper()
	for _, number := range []string{shop, support} {
		w.learn(t, policy.ConsentChanged{PhoneNumberID: number, Who: names(who), At: w.now(), State: policy.OptedIn, Scopes: policy.AllScopes, Source: "form"})
	}
}

// approves is that Meta approved a template.
func (w *scored) approves(t testing.TB, name string, category policy.Category) {
	t.Helper()
	w.learn(t, policy.TemplateChanged{WABA: waba, Template: policy.TemplateRef{Name: name, Language: "en"}, At: w.now(), Status: policy.TemplateApproved, Category: category})
}

func templateTo(to, name string) string {
	return `{"messaging_product":"whatsapp","to":"` + to + `","type":"template","template":{"name":"` + name + `","language":{"code":"en"}}}`
}

var (
	delivered = []string{"sent", "delivered", "read"}
	failed    = func(code int) []string { return []string{"sent", fmt.Sprintf("failed %d", code)} }
)

// TestScore: a history with known misses gives the known rates, whatever order statuses come
// in and however often.
func TestScore(t *testing.T) {
	t.Parallel()
	w := newScored(t)
	w.writes(t, ana)
	w.agrees(t, ana)
	w.approves(t, "sale", policy.CategoryMarketing)
	w.approves(t, "order", policy.CategoryUtility)

	for range 6 {
		w.post(t, shop, text(ana, "hello"), word{statuses: delivered})
	}
	missed := w.post(t, shop, text(ana, "hello"), word{statuses: failed(131047)})
	w.post(t, shop, text(ana, "hello"), word{statuses: []string{"failed 131047", "delivered"}}) // on another device
	atOnce := w.post(t, shop, text(ana, "hello"), word{rejects: 131047})
	w.post(t, shop, text(ana, "hello"), word{unheard: true})
	w.post(t, shop, text(ana, "hello"), word{rejects: 131042})
	w.post(t, shop, text(ana, "hello"), word{statuses: failed(131026)})
	w.post(t, shop, templateTo(ana, "order"), word{statuses: delivered, category: "utility", kind: "regular"})
	w.post(t, shop, templateTo(ana, "order"), word{statuses: delivered, category: "marketing", kind: "regular"})
	paused := w.post(t, shop, templateTo(ana, "order"), word{rejects: 132015})
	w.post(t, shop, templateTo(ana, "order"), word{statuses: failed(132015)}) // Meta took it first
	w.post(t, shop, templateTo(ana, "order"), word{rejects: 132000})
	optedOut := w.post(t, shop, templateTo(ana, "sale"), word{statuses: failed(131050)})

	// What is refused and not sent nobody knows of, but for a window of which a webhook tells
	// late.
	w.post(t, shop, text(ben, "hello"), word{})
	late := w.post(t, shop, text(ben, "hello"), word{})
	opened := w.now()
	w.post(t, shop, templateTo(ben, "sale"), word{})
	w.advance(time.Minute)
	w.learn(t, policy.ServiceWindowOpened{PhoneNumberID: shop, Who: names(ben), At: opened - 500})
	// In monitor mode Meta has a word on refusals, too.
	clo := "+4915113333333"
	right := w.post(t, support, text(clo, "hello"), word{statuses: failed(131047)})
	wrong := w.post(t, support, text(clo, "hello"), word{statuses: delivered})
	other := w.post(t, support, text(clo, "hello"), word{statuses: failed(131026)})
	w.post(t, support, text(clo, "hello"), word{unheard: true})
	w.post(t, support, templateTo(clo, "sale"), word{statuses: delivered}) // consent is not Meta's to judge

	s, err := w.Score(t.Context(), Selection{})
	if err != nil {
		t.Fatal(err)
	}
	total := s.Total
	if total.Passed != 18 || total.Taken != 9 || total.Missed != 4 || total.Beyond != 4 || total.Waiting != 1 {
		t.Errorf("let through: %+v", total)
	}
	if want := (Refusals{Refused: 8, Right: 1, Wrong: 2, Late: 1, OtherReason: 1, Open: 1}); total.Refusals != want || total.Unknowable() != 3 {
		t.Errorf("refused: %+v, want %+v", total.Refusals, want)
	}
	if want := (Expected{Right: 1, Wrong: 1}); total.Category.Right != want.Right || total.Category.Wrong != want.Wrong {
		t.Errorf("categories: %+v, want %+v", total.Category, want)
	}
	if len(s.Categories) != 1 || s.Categories[0].Expected != "utility" || s.Categories[0].Told != "marketing" || s.Categories[0].Count != 1 {
		t.Errorf("categories that came otherwise: %+v", s.Categories)
	}
	rules := make(map[policy.Rule]RuleScore)
	for _, r := range s.Rules {
		rules[r.Rule] = r
	}
	for rule, want := range map[policy.Rule]RuleScore{
		policy.RuleWindowClosed:      {Tested: 9, Missed: 2, Refusals: Refusals{Refused: 6, Right: 1, Wrong: 2, Late: 1, OtherReason: 1, Open: 1}},
		policy.RuleTemplatePaused:    {Tested: 3, Missed: 1},
		policy.RuleTemplateUnknown:   {Tested: 2},
		policy.RuleOptedOutMarketing: {Tested: 1, Missed: 1},
		policy.RuleNoConsent:         {Refusals: Refusals{Refused: 2}},
	} {
		if want.Rule = rule; rules[rule] != want {
			t.Errorf("%+v, want %+v", rules[rule], want)
		}
	}
	if len(s.Lacks) != 3 || s.Lacks[0].Lack != policy.LackWindowAtMeta || s.Lacks[0].Count != 2 || s.Lacks[0].Newest != atOnce || s.Lacks[0].Remedy == "" {
		t.Errorf("lacked: %+v", s.Lacks)
	}
	codes := make(map[int][2]int)
	for _, e := range s.Errors {
		codes[e.Code] = [2]int{e.Count, e.Missed}
	}
	if want := map[int][2]int{131047: {2, 2}, 131042: {1, 0}, 131026: {1, 0}, 132015: {2, 1}, 132000: {1, 0}, 131050: {1, 1}}; !maps.Equal(codes, want) {
		t.Errorf("errors: %v, want %v", codes, want)
	}
	if len(s.Numbers) != 2 || s.Numbers[0].Key != "Shop" || s.Numbers[0].Missed != 4 || s.Numbers[1].Right != 1 || len(s.Days) != 1 || s.Days[0].Key != "2026-11-02" || len(s.Senders) != 1 {
		t.Errorf("numbers %+v, days %+v", s.Numbers, s.Days)
	}
	if !strings.HasPrefix(s.Finding, "30.8 % of sends were misses, 4 of 13:") || !strings.HasSuffix(s.Finding, "Of 3 refusals it is known whether they were right: 1 right, 2 wrong.") {
		t.Errorf("it finds %q", s.Finding)
	}

	// The sends behind it.
	for finding, want := range map[Finding][]store.ID{
		FoundMissed: {optedOut, paused, atOnce, missed}, FoundRight: {right}, FoundWrong: {wrong, late}, FoundOther: {other},
	} {
		var got []store.ID
		selection := ScoredSelection{Finding: string(finding)}
		selection.Limit = 2
		for {
			page, err := w.ScoredSends(t.Context(), selection)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page.Sends {
				got = append(got, s.Entry.ID)
				if s.Said == "" || s.Remedy == "" && finding != FoundRight {
					t.Errorf("of %s it is said: %+v", s.Entry.ID, s)
				}
			}
			if selection.Before = page.Next; page.Next == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", finding, got, want)
		}
	}
	// A page that has looked at as many sends as it may leads to the next one.
	var all []store.ID
	cut, pages := ScoredSelection{}, 0
	for ; pages == 0 || cut.Before != ""; pages++ {
		page, err := w.scoredSends(t.Context(), cut, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.Sends {
			all = append(all, s.Entry.ID)
		}
		cut.Before = page.Next
	}
	if want := []store.ID{optedOut, paused, atOnce, missed}; !slices.Equal(all, want) || pages < 4 {
		t.Errorf("by three sends at a time: %v on %d pages, want %v", all, pages, want)
	}
	only := ScoredSelection{Lack: string(policy.LackWindowAtMeta), Code: 131047, MissedRule: "window_closed"}
	if page, err := w.ScoredSends(t.Context(), only); err != nil || len(page.Sends) != 2 || page.Sends[0].Error.Later || !page.Sends[1].Error.Later {
		t.Errorf("by rule, fact and code: %+v, %v", page, err)
	}

	// What was told as it happened, each once.
	var misses []policy.Rule
	matters := make(map[policy.Matter]int)
	for i := range w.counts.refused {
		r := &w.counts.refused[i]
		if matters[r.Matter]++; r.Missed() {
			misses = append(misses, r.Rule)
		}
		if r.Unmatched {
			t.Errorf("unmatched: %+v", r)
		}
	}
	if want := []policy.Rule{policy.RuleWindowClosed, policy.RuleWindowClosed, policy.RuleTemplatePaused, policy.RuleOptedOutMarketing}; !slices.Equal(misses, want) {
		t.Errorf("told of misses %v, want %v", misses, want)
	}
	if want := map[policy.Matter]int{policy.MatterWindow: 2, policy.MatterAccount: 1, policy.MatterRecipient: 1, policy.MatterTemplate: 2, policy.MatterContent: 1, policy.MatterOptOut: 1}; !maps.Equal(matters, want) {
		t.Errorf("told of %v, want %v", matters, want)
	}
}

// TestScoreSelection: what can't be scored is refused in words.
func TestScoreSelection(t *testing.T) {
	t.Parallel()
	w := newScored(t)
	for _, s := range []Selection{{Limit: 3}, {Contact: ana}, {Rule: "WINDOW_CLOSED"}, {From: "2026-11-02", To: "2026-11-01"}} {
		if _, err := w.Score(t.Context(), s); err == nil {
			t.Errorf("%+v is scored", s)
		}
	}
	for _, s := range []ScoredSelection{{Finding: "taken"}, {Lack: "luck"}, {MissedRule: "NONSENSE"}, {Selection: Selection{Wamid: "wamid.1"}}} {
		if _, err := w.ScoredSends(t.Context(), s); err == nil {
			t.Errorf("%+v is listed", s)
		}
	}
	if s, err := w.Score(t.Context(), Selection{}); err != nil || s.Finding != "No sends in this time: nothing can be said." {
		t.Errorf("of nothing: %+v, %v", s, err)
	}
	w.writes(t, ana)
	w.post(t, shop, text(ana, "hello"), word{})
	if s, err := w.Score(t.Context(), Selection{}); err != nil || !strings.HasPrefix(s.Finding, "Of 1 send that were let through Meta has given no word") || s.Total.Waiting != 1 {
		t.Errorf("of what nobody told of: %+v, %v", s, err)
	}
}

// TestScoreOfAnyHistory: what is counted is what happened, in every group, however statuses
// come.
func TestScoreOfAnyHistory(t *testing.T) {
	t.Parallel()
	fates := []struct {
		word
		as func(*ScoreCounts)
	}{
		{word{statuses: delivered}, func(c *ScoreCounts) { c.Taken++ }},
		{word{statuses: []string{"sent"}}, func(c *ScoreCounts) { c.Taken++ }},
		{word{statuses: failed(131047)}, func(c *ScoreCounts) { c.Missed++ }},
		{word{rejects: 131047}, func(c *ScoreCounts) { c.Missed++ }},
		{word{statuses: []string{"failed 131047", "read"}}, func(c *ScoreCounts) { c.Taken++ }},
		{word{statuses: failed(131026)}, func(c *ScoreCounts) { c.Beyond++ }},
		{word{rejects: 131042}, func(c *ScoreCounts) { c.Beyond++ }},
		{word{unheard: true}, func(c *ScoreCounts) { c.Waiting++ }},
	}
	monitored := []struct {
		word
		as func(*ScoreCounts)
	}{
		{word{statuses: delivered}, func(c *ScoreCounts) { c.Wrong++ }},
		{word{statuses: failed(131047)}, func(c *ScoreCounts) { c.Right++ }},
		{word{rejects: 131042}, func(c *ScoreCounts) { c.OtherReason++ }},
		{word{statuses: []string{"sent"}}, func(c *ScoreCounts) { c.Open++ }},
	}
	rapid.Check(t, func(r *rapid.T) {
		w := newScored(t)
		w.writes(t, ana)
		var want ScoreCounts
		for range rapid.IntRange(0, 12).Draw(r, "sends") {
			switch rapid.IntRange(0, 2).Draw(r, "what") {
			case 0:
				fate := rapid.SampledFrom(fates).Draw(r, "fate")
				w.post(t, shop, text(ana, "hello"), fate.word)
				want.Passed++
				fate.as(&want)
			case 1:
				fate := rapid.SampledFrom(monitored).Draw(r, "fate in monitor mode")
				w.post(t, support, text(ben, "hello"), fate.word)
				want.Refused++
				fate.as(&want)
			default:
				w.post(t, shop, text(ben, "hello"), word{})
				want.Refused++
			}
		}
		s, err := w.Score(t.Context(), Selection{})
		if err != nil {
			r.Fatal(err)
		}
		want.Category, want.Price = s.Total.Category, s.Total.Price
		if s.Total != want {
			r.Fatalf("%+v, want %+v", s.Total, want)
		}
		if n := s.Total; n.Passed != n.Taken+n.Missed+n.Beyond+n.Waiting || n.Unknowable() < 0 {
			r.Fatalf("it doesn't add up: %+v", n)
		}
		for _, groups := range [][]ScoreGroup{s.Numbers, s.Templates, s.Senders, s.Days} {
			var sum ScoreCounts
			for i := range groups {
				g := &groups[i]
				sum.Passed, sum.Missed, sum.Refused, sum.Right, sum.Wrong = sum.Passed+g.Passed, sum.Missed+g.Missed, sum.Refused+g.Refused, sum.Right+g.Right, sum.Wrong+g.Wrong
			}
			if sum.Passed != want.Passed || sum.Missed != want.Missed || sum.Refused != want.Refused || sum.Right != want.Right || sum.Wrong != want.Wrong {
				r.Fatalf("groups come to %+v", sum)
			}
		}
		missed := 0
		for i := range w.counts.refused {
			if w.counts.refused[i].Missed() {
				missed++
			}
		}
		// A failure that was heard before the delivery on another device was told.
		if missed < want.Missed {
			r.Fatalf("told of %d misses, of %d", missed, want.Missed)
		}
	})
}

// TestWilson: the interval is the textbook's, and none of three is not perfect.
func TestWilson(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate      Rate
		low, high float64
	}{
		{Rate{0, 0}, 0, 1},
		{Rate{0, 3}, 0, 0.5615},
		{Rate{0, 3000}, 0, 0.00128},
		{Rate{3, 3}, 0.4385, 1},
		{Rate{10, 100}, 0.0552, 0.1744},
		{Rate{1, 1000}, 0.000177, 0.00564},
	} {
		if low, high := c.rate.Interval(); math.Abs(low-c.low) > 0.0001 || math.Abs(high-c.high) > 0.0001 {
			t.Errorf("%+v: %.5f to %.5f, want %.5f to %.5f", c.rate, low, high, c.low, c.high)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		of := rapid.IntRange(1, 1_000_000).Draw(r, "of")
		rate := Rate{rapid.IntRange(0, of).Draw(r, "count"), of}
		low, high := rate.Interval()
		if p := float64(rate.Count) / float64(of); low < 0 || high > 1 || low > p+1e-12 || high < p-1e-12 {
			r.Errorf("%+v: %v to %v", rate, low, high)
		}
	})
}

// TestForesaw: a price came as expected where the message is charged for, or free, as
// expected.
func TestForesaw(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		was, told billing.PriceType
		category  policy.Category
		want      bool
	}{
		{billing.Regular, billing.Regular, policy.CategoryUtility, true},
		{billing.Regular, billing.FreeCustomerService, policy.CategoryUtility, false},
		{billing.FreeCustomerService, billing.FreeEntryPoint, policy.CategoryUtility, true},
		{billing.FreeCustomerService, billing.NotBillable, policy.CategoryUtility, true},
		{billing.FreeAllowance, billing.Regular, policy.CategoryService, true},
		{billing.FreeAllowance, billing.Regular, policy.CategoryUtility, false},
	} {
		if got := foresaw(c.was, c.told, c.category); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
