package gateway

import (
	"crypto/sha256"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/lab"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func TestParseShare(t *testing.T) {
	for text, want := range map[string]Share{"10%": 1000, "0.5%": 50, "0.01%": 1, "100%": Everybody, "12.34%": 1234, "": 0, "10": 0, "0%": 0, "-1%": 0, "101%": 0, "0.001%": 0, "ten%": 0, "NaN%": 0, "%": 0} {
		got, err := ParseShare(text)
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("ParseShare(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
}

// Who belongs to a share is told by whom they are alone, stays in every larger one, and a
// share has about as many people as it says.
func TestShareOfPeople(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := policy.Lot(rapid.Uint32Min(1).Draw(t, "lot"))
		name := rapid.SampledFrom([]string{"stricter", "other", ""}).Draw(t, "name")
		small := Share(rapid.IntRange(0, int(Everybody)).Draw(t, "share"))
		large := small + Share(rapid.IntRange(0, int(Everybody-small)).Draw(t, "more"))
		if small.HasAny(name, c) && !large.HasAny(name, c) {
			t.Fatalf("who belongs to %d doesn't to %d", small, large)
		}
		if !Everybody.HasAny(name, c) || Share(0).HasAny(name, c) {
			t.Fatal("everybody belongs to all, nobody to nothing")
		}
		more := policy.Lot(rapid.Uint32().Draw(t, "another lot"))
		if small.HasAny(name, c) && !(small.HasAny(name, c, more) && small.HasAny(name, more, c)) {
			t.Fatal("another lot takes somebody out")
		}
	})
	const people = 20_000
	contactOf := func(n int) policy.ContactID {
		sum := sha256.Sum256([]byte(strconv.Itoa(n)))
		return policy.ContactID(sum[:16])
	}
	for _, share := range []Share{100, 1000, 5000} {
		in, both := 0, 0
		for n := range people {
			if share.HasAny("a", contactOf(n).Lot()) {
				in++
				if share.HasAny("b", contactOf(n).Lot()) {
					both++
				}
			}
		}
		want := float64(people) * float64(share) / float64(Everybody)
		if off := math.Abs(float64(in) - want); off > 6*math.Sqrt(want) {
			t.Errorf("%d of %d people belong to %g %%", in, people, share.Percent())
		}
		if want *= float64(share) / float64(Everybody); math.Abs(float64(both)-want) > 6*math.Sqrt(want)+6 {
			t.Errorf("%d belong to shares of two names, want about %g: they must not be the same people", both, want)
		}
	}
	if Everybody.HasAny("a", policy.ContactID{}.Lot()) || Everybody.HasAny("a", policy.NoLot) || Everybody.HasAny("a") {
		t.Error("what goes to nobody belongs to a share")
	}
}

// trialOf is a shadow that differs in many ways.
func trialOf(t *rapid.T) *Shadow {
	return &Shadow{Name: "trial", Policy: policy.Policy{
		SessionOnly:            rapid.Bool().Draw(t, "session only"),
		RequireInWindowConsent: rapid.Bool().Draw(t, "consent in windows"),
		WindowMargin:           rapid.SampledFrom([]time.Duration{0, 12 * time.Hour}).Draw(t, "margin"),
		Caps:                   rapid.SampledFrom([][]policy.Cap{nil, {{Scopes: policy.ScopesOf(policy.AllScopes...), Limit: 1, Period: 24 * time.Hour}}}).Draw(t, "caps"),
		Rules:                  rapid.SampledFrom([][]policy.CustomRule{nil, {{ID: "crm", Expression: `sender.name == "crm"`, Reason: "no"}}, {{ID: "broken", Expression: `int(send.type) == 1`, Reason: "no"}}}).Draw(t, "rules"),
		Messaging:              rapid.SampledFrom([]policy.MessagingLimit{{}, {Number: 1}}).Draw(t, "messaging"),
		QuietHours:             rapid.SampledFrom([][]policy.Quiet{nil, {{Scopes: policy.ScopesOf(policy.AllScopes...), From: 0, To: 24*60 - 1}}}).Draw(t, "quiet"),
	}}
}

// happen draws what happens to a gateway: people write, stop, and are written to.
func happen(t *rapid.T) []func(testing.TB, *world) Result {
	var list []func(testing.TB, *world) Result
	for range rapid.IntRange(1, 10).Draw(t, "things") {
		who := rapid.SampledFrom([]string{ana, ben}).Draw(t, "who")
		number := rapid.SampledFrom([]string{shop, support}).Draw(t, "number")
		switch rapid.SampledFrom([]string{"writes", "stops", "text", "text", "template", "batch", "time", "agrees"}).Draw(t, "what") {
		case "writes":
			list = append(list, func(t testing.TB, w *world) Result { w.writes(t, who); return Result{} })
		case "agrees":
			list = append(list, func(t testing.TB, w *world) Result {
				w.learn(t, policy.ConsentChanged{PhoneNumberID: number, Who: names(who), At: w.now(), State: policy.OptedIn, Scopes: policy.AllScopes, Source: policy.SourceOperator})
				return Result{}
			})
		case "stops":
			list = append(list, func(t testing.TB, w *world) Result { w.stops(t, who); return Result{} })
		case "time":
			by := time.Duration(rapid.IntRange(1, 20).Draw(t, "hours")) * time.Hour
			list = append(list, func(_ testing.TB, w *world) Result { w.advance(by); return Result{} })
		case "batch":
			list = append(list, func(t testing.TB, w *world) Result {
				return w.handle(t, w.batch(t, number+" "+who+" hi", number+" "+ben+" "+confirmation))
			})
		case "template":
			list = append(list, func(t testing.TB, w *world) Result {
				return w.handle(t, w.request(t, number, `{"messaging_product":"whatsapp","to":"`+who+`","type":"template","template":{"name":"sale","language":{"code":"en"}}}`))
			})
		default:
			list = append(list, func(t testing.TB, w *world) Result { return w.handle(t, w.request(t, number, text(who, "hi"))) })
		}
	}
	return list
}

// A shadow never changes an answer: with one, a gateway says to everything what it says
// without, enters the same, and reads the store as often.
func TestShadowChangesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		things, trial := happen(rt), trialOf(rt)
		with, without := newWorld(t), newWorld(t)
		for _, b := range with.Businesses.Listed {
			b.Shadow = trial
		}
		for i, thing := range things {
			a, b := thing(t, with), thing(t, without)
			if !reflect.DeepEqual(a.Refusal, b.Refusal) || len(a.Sends) != len(b.Sends) {
				rt.Fatalf("thing %d: with a shadow %+v, without %+v", i, a.Refusal, b.Refusal)
			}
		}
		one, other := with.ledger(t), without.ledger(t)
		if len(one) != len(other) {
			rt.Fatalf("with a shadow %d entries, without %d", len(one), len(other))
		}
		for i := range one {
			a, b := *one[i], *other[i]
			if a.Shadow == nil || a.Shadow.Failed {
				rt.Fatalf("the shadow did not judge: %+v", a.Shadow)
			}
			a.Shadow, a.ID, a.At, a.Outcome.At, b.ID, b.At, b.Outcome.At = nil, store.ID{}, 0, 0, store.ID{}, 0, 0
			if a.Decision.Verdict != b.Decision.Verdict || a.Decision.Rule != b.Decision.Rule || a.Monitored != b.Monitored || a.Outcome.State != b.Outcome.State || !reflect.DeepEqual(a.Policy, b.Policy) {
				rt.Fatalf("entry %d: with a shadow %+v, without %+v", i, a, b)
			}
		}
	})
}

// What a shadow says is what its policy had decided, had it been the one: where it does not
// count for itself.
func TestShadowSaysWhatItHadDecided(t *testing.T) {
	differs := 0
	rapid.Check(t, func(rt *rapid.T) {
		things, trial := happen(rt), trialOf(rt)
		trial.Policy.Caps, trial.Policy.Messaging = nil, policy.MessagingLimit{}
		beside, alone := newWorld(t), newWorld(t)
		for _, b := range beside.Businesses.Listed {
			b.Monitor, b.Shadow = true, trial // so that what leaves is the same
		}
		for _, b := range alone.Businesses.Listed {
			b.Monitor, b.Policy = true, trial.Policy
		}
		for _, thing := range things {
			thing(t, beside)
			thing(t, alone)
		}
		one, other := beside.ledger(t), alone.ledger(t)
		if len(one) != len(other) {
			rt.Fatalf("beside another %d entries, alone %d", len(one), len(other))
		}
		for i := range one {
			said, sh := one[i].Decision, one[i].Shadow
			if sh.Differs() {
				differs++
				said = policy.Decision{Verdict: sh.Verdict, Rule: sh.Rule, RuleID: sh.RuleID}
			}
			// A confirmation that the other one let through is used up by it.
			if one[i].Send.Confirms || other[i].Send.Confirms {
				continue
			}
			if d := &other[i].Decision; d.Rule != policy.RuleBatch && one[i].Decision.Rule != policy.RuleBatch && d.Rule != policy.RuleConfirmation && one[i].Decision.Rule != policy.RuleConfirmation && !said.Same(d) {
				rt.Fatalf("the shadow says %s %s, alone it decides %s %s", said.Verdict, said.Rule, d.Verdict, d.Rule)
			}
		}
	})
	if differs == 0 {
		t.Error("the policies never differed: nothing was tried")
	}
}

// agreed are some people, who have agreed to everything from the shop and from support.
func agreed(t testing.TB, w *world, n int) (list []string) {
	t.Helper()
	for i := range n {
		who := fmt.Sprintf("+49151%08d", i)
		list = append(list, who)
		for _, number := range []string{shop, support} {
			w.learn(t, policy.ConsentChanged{PhoneNumberID: number, Who: names(who), At: w.now(), State: policy.OptedIn, Scopes: policy.AllScopes, Source: policy.SourceOperator})
		}
		w.writes(t, who)
	}
	return list
}

// A shadow that is enforced for a part of the people decides for those and no others, also in
// monitor mode, and the ledger says so: every decision can be made again.
func TestShadowIsEnforcedForSome(t *testing.T) {
	w := newWorld(t)
	trial := &Shadow{Name: "trial", Share: 3000, Policy: policy.Policy{Rules: []policy.CustomRule{{ID: "no", Expression: "true", Reason: "none at all"}}}}
	for _, b := range w.Businesses.Listed {
		b.Shadow = trial
	}
	enforced := map[string]int{}
	all := agreed(t, w, 40)
	for _, number := range []string{shop, support} {
		for _, who := range all {
			r := w.handle(t, w.request(t, number, text(who, "hi")))
			in := trial.Share.HasAny(trial.Name, w.store.Pseudonym(names(who)[0]).Lot())
			if in {
				enforced[number]++
			}
			if refused := rule(r) == policy.RuleCustom; refused != in {
				t.Errorf("%s: refused %v, enforced for them %v", number, refused, in)
			}
		}
	}
	if n := enforced[shop]; n < 1 || n > 32 || n != enforced[support] {
		t.Errorf("it is enforced for %v of 40 people", enforced)
	}
	for _, e := range w.ledger(t) {
		if again := policy.Decide(&e.Send, &e.Facts, &e.Policy, e.At.Time()); !again.Same(&e.Decision) {
			t.Errorf("decided %+v, again %+v", e.Decision, again)
		}
		sh := e.Shadow
		if e.Monitored || sh == nil || !sh.Differs() || sh.Enforced != (e.Decision.Rule == policy.RuleCustom) || sh.Enforced != (sh.Verdict == policy.Allow) {
			t.Errorf("an entry is %+v, its shadow %+v", e.Decision, sh)
		}
	}
	report, err := w.Shadows(t.Context(), &ShadowSelection{Examples: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Shadows) != 1 || report.Shadows[0].Sends != 80 || report.Shadows[0].Stopped != 80 || report.Shadows[0].Enforced != enforced[shop]+enforced[support] || len(report.Shadows[0].Examples) != 2 {
		t.Errorf("the report is %+v, %+v", report.Shadows, report.Shadows[0].Comparison)
	}
}

// A share keeps its people when their user ids become known, by whichever name they are written
// to, and a number with a user id is no two draws.
func TestShareKeepsItsPeople(t *testing.T) {
	w := newWorld(t)
	trial := &Shadow{Name: "trial", Share: 4000, Policy: policy.Policy{Rules: []policy.CustomRule{{ID: "no", Expression: "true", Reason: "none at all"}}}}
	w.Businesses.Listed[shop].Shadow = trial
	all := agreed(t, w, 40)
	refused := func(body string) bool { return rule(w.handle(t, w.request(t, shop, body))) == policy.RuleCustom }
	in, in10 := 0, 0
	for i, who := range all {
		before := refused(text(who, "hi"))
		user := fmt.Sprintf("DE.1349120865530274%04d", i)
		w.learn(t, policy.ServiceWindowOpened{PhoneNumberID: shop, Who: append(names(who), policy.Identity{Kind: policy.BSUID, Value: user}), At: w.now()})
		if after := refused(text(who, "hi")); after != before {
			t.Errorf("%d: refused %v before their user id was known, %v after", i, before, after)
		}
		if after := refused(`{"messaging_product":"whatsapp","recipient":"` + user + `","type":"text","text":{"body":"hi"}}`); after != before {
			t.Errorf("%d: refused %v by their number, %v by their user id", i, before, after)
		}
		if before {
			in++
		}
		trial.Share = 1000
		if refused(text(who, "hi")) {
			in10++
			if !before {
				t.Errorf("%d: they belong to a tenth and not to four", i)
			}
		}
		trial.Share = 4000
	}
	if in < 6 || in > 30 || in10 > in {
		t.Errorf("%d and %d of 40 people are in", in, in10)
	}
}

// Nothing is enforced for a part of the people for somebody whose data was erased and who has not
// been heard of since: each send would be another draw.
func TestShareHasNoErasedPeople(t *testing.T) {
	w := newWorld(t)
	w.Businesses.Listed[shop].Shadow = &Shadow{Name: "trial", Share: Everybody, Policy: policy.Policy{Rules: []policy.CustomRule{{ID: "no", Expression: "true", Reason: "none at all"}}}}
	b := w.Businesses.Listed[support]
	b.Share = Everybody
	w.writes(t, ana)
	if _, err := w.store.Store.(store.Erases).Erase(t.Context(), &store.ErasureRequest{Who: names(ana)}); err != nil {
		t.Fatal(err)
	}
	w.advance(time.Minute)
	if r := w.handle(t, w.request(t, shop, text(ana, "hi"))); rule(r) == "" || r.Sends[0].Entry.Shadow.Enforced {
		t.Errorf("the shadow decided: %s, %+v", rule(r), r.Sends[0].Entry.Shadow)
	}
	if r := w.handle(t, w.request(t, support, text(ana, "hi"))); r.Refusal != nil {
		t.Errorf("in monitor mode it is refused: %s", rule(r))
	}
	w.writes(t, ana) // and is somebody again
	if r := w.handle(t, w.request(t, shop, text(ana, "hi"))); !r.Sends[0].Entry.Shadow.Enforced {
		t.Errorf("the shadow did not decide: %s, %+v", rule(r), r.Sends[0].Entry.Shadow)
	}
}

// What is enforced for a part of the people is enforced in no batch of several: it would hold back
// what goes to others. A batch of one is a send like any other.
func TestShareIsNotEnforcedInBatches(t *testing.T) {
	w := newWorld(t)
	w.Businesses.Listed[shop].Shadow = &Shadow{Name: "trial", Share: Everybody, Policy: policy.Policy{Rules: []policy.CustomRule{{ID: "no", Expression: "true", Reason: "none at all"}}}}
	b := w.Businesses.Listed[support]
	b.Share, b.Policy.RequireInWindowConsent = Everybody, true
	w.writes(t, ana)
	w.writes(t, ben)
	for _, number := range []string{shop, support} {
		if r := w.handle(t, w.batch(t, number+" "+ana+" hi", number+" "+ben+" hi")); r.Refusal != nil {
			t.Errorf("%s: a batch is refused: %+v", number, r.Refusal)
		}
		for _, e := range w.ledger(t)[:2] {
			if sh := e.Shadow; sh != nil && (sh.Enforced || sh.Rule != policy.RuleCustom) || e.Violation() != e.Monitored || !slices.Equal(e.Lots(), []policy.Lot{policy.NoLot}) {
				t.Errorf("%s: an entry is %+v, monitored %v, its shadow %+v", number, e.Decision, e.Monitored, sh)
			}
		}
		if r := w.handle(t, w.batch(t, number+" "+ana+" hi")); r.Refusal == nil {
			t.Errorf("%s: a batch of one passes", number)
		}
		if r := w.handle(t, w.request(t, number, text(ana, "hi"))); r.Refusal == nil {
			t.Errorf("%s: alone it passes", number)
		}
	}
	// Where the store can't answer nobody is known, and monitor mode lets everything pass.
	w.store.closed.Store(true)
	if r := w.handle(t, w.request(t, support, text(ana, "hi"))); !r.Unjudged {
		t.Errorf("without a store it came to %+v", r)
	}
	w.store.closed.Store(false)
}

// What shadows said is of so many sends at most, the newest, and says so; and so is what they
// cost.
func TestShadowsLookAtTheNewest(t *testing.T) {
	w := newWorld(t)
	w.Businesses.Listed[shop].Shadow = &Shadow{Name: "trial", Policy: policy.Policy{Rules: []policy.CustomRule{{ID: "no", Expression: "true", Reason: "none at all"}}}}
	who := agreed(t, w, 1)[0]
	for range 6 {
		w.handle(t, w.request(t, shop, text(who, "hi")))
		w.advance(time.Minute)
	}
	oldest := w.ledger(t)[3].At
	for name, c := range map[string]struct {
		most, looks, sends, unlooked int
		cut                          bool
		oldest                       policy.Moment
	}{
		"all":   {6, 6, 6, 0, false, w.ledger(t)[5].At},
		"some":  {4, 6, 4, 0, true, oldest},
		"costs": {4, 3, 4, 1, true, oldest},
	} {
		r, err := w.shadows(t.Context(), w.store, store.Filter{}, new(ShadowSelection), c.most, c.looks)
		if err != nil {
			t.Fatal(err)
		}
		if sh := r.Shadows[0]; r.Cut != c.cut || r.Oldest != c.oldest || sh.Stopped != c.sends || sh.Unlooked != c.unlooked {
			t.Errorf("%s: cut %v at %s, %+v, %d not looked at; want %+v", name, r.Cut, r.Oldest, sh.Counts, sh.Unlooked, c)
		}
	}
}

// In monitor mode a policy can be enforced for a part of the people.
func TestMonitorModeEnforcesForSome(t *testing.T) {
	w := newWorld(t)
	b := w.Businesses.Listed[support]
	b.Share, b.Policy.SessionOnly, b.Policy.RequireInWindowConsent = 5000, true, true
	refused := 0
	for i := range 30 {
		who := fmt.Sprintf("+49151%08d", i)
		r := w.handle(t, w.request(t, support, text(who, "hi")))
		in := b.Share.HasAny(monitorShare, w.store.Pseudonym(names(who)[0]).Lot())
		if (rule(r) == policy.RuleWindowClosed) != in {
			t.Errorf("refused by %q, enforced for them: %v", rule(r), in)
		}
		if in {
			refused++
		}
		if e := w.newest(t); e.Monitored == in || e.Outcome.State == store.Refused != in {
			t.Errorf("the entry is monitored %v, %s; enforced for them: %v", e.Monitored, e.Outcome.State, in)
		}
	}
	if refused < 2 || refused > 28 {
		t.Errorf("%d of 30 were refused", refused)
	}
}

// A policy on trial that goes by counts which nobody keeps says so, and isn't taken at its
// word.
func TestShadowDoesNotGuess(t *testing.T) {
	w := newWorld(t)
	w.Businesses.Listed[shop].Shadow = &Shadow{Name: "capped", Policy: policy.Policy{Caps: []policy.Cap{{Scopes: policy.ScopesOf(policy.Marketing), Limit: 1, Period: 24 * time.Hour}}}}
	who := agreed(t, w, 1)[0]
	w.learn(t, policy.TemplateChanged{WABA: waba, Template: policy.TemplateRef{Name: "sale", Language: "en"}, Status: policy.TemplateApproved, Category: policy.CategoryMarketing, At: w.now()})
	for range 2 {
		w.handle(t, w.request(t, shop, `{"messaging_product":"whatsapp","to":"`+who+`","type":"template","template":{"name":"sale","language":{"code":"en"}}}`))
	}
	w.handle(t, w.request(t, shop, text(who, "hi")))
	entries := w.ledger(t)
	for i, want := range []policy.Missing{"", policy.MissingFrequency, policy.MissingFrequency} {
		if sh := entries[i].Shadow; sh.Missing != want || sh.Differs() || ShadowChange(entries[i]) != map[policy.Missing]lab.Change{"": lab.Same, policy.MissingFrequency: lab.Untold}[want] {
			t.Errorf("entry %d: the shadow is %+v, want %q missing", i, sh, want)
		}
	}
	// The ledger tells, since it has what was sent.
	under := &Settings{Businesses: Businesses{Listed: map[string]*Business{}}}
	for id, b := range w.Businesses.Listed {
		under.Businesses.Listed[id] = b
	}
	if !under.Businesses.Promote("capped") || under.Businesses.Promote("unheard of") {
		t.Fatal("the shadow is not found")
	}
	test, err := w.PolicyTest(t.Context(), &PolicyTestRequest{Under: under, Examples: 5})
	if err != nil {
		t.Fatal(err)
	}
	if test.Stopped != 1 || test.Same != 2 || test.Untold != 0 || test.Rules[0].To.Rule != policy.RuleFrequencyCap {
		t.Errorf("by the ledger it is %+v, %+v", test.Counts, test.Rules)
	}
}

// A policy on trial that fails keeps nothing from leaving, whenever it does: when a send is
// judged, and when it is judged again because of another one.
func TestShadowThatFails(t *testing.T) {
	w := newWorld(t)
	b := w.Businesses.Listed[shop]
	b.Shadow = &Shadow{Name: "trial", Share: Everybody, Policy: policy.Policy{Rules: []policy.CustomRule{{ID: "no", Expression: "true", Reason: "none at all"}}}}
	e := &store.Entry{At: w.now(), Decision: policy.Decision{Verdict: policy.Allow, Rule: policy.RuleWindowOpen}}
	w.onTrial(t.Context(), e, b, new(policy.Facts), nil, nil) // without a request it has no sender
	if e.Decision.Verdict != policy.Allow || !reflect.DeepEqual(e.Shadow, &store.Shadow{Name: "trial", Failed: true}) || ShadowChange(e) != lab.Untold {
		t.Errorf("the entry is %+v, its shadow %+v", e.Decision, e.Shadow)
	}
	for _, enforced := range []bool{false, true} {
		e.Shadow = &store.Shadow{Name: "trial", Enforced: enforced, Verdict: policy.Refuse, Facts: new(policy.Facts)} // of no policy
		j := &Judged{Send: &e.Send, Entry: e}
		j.decideAgain()
		if !e.Shadow.Failed || e.Shadow.Enforced != enforced || e.Shadow.Differs() || e.Decision.Rule == "" {
			t.Errorf("decided again it is %+v, its shadow %+v", e.Decision, e.Shadow)
		}
	}
}
