package gateway

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/lab"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

// under are the settings of a world, changed.
func (w *world) under(change func(id string, b *Business)) *Settings {
	s := &Settings{Businesses: Businesses{Listed: make(map[string]*Business)}, Budgets: w.Budgets}
	for id, b := range w.Businesses.Listed {
		other := *b
		if change != nil {
			change(id, &other)
		}
		s.Businesses.Listed[id] = &other
	}
	return s
}

func (w *world) test(t testing.TB, under *Settings) *PolicyTest {
	t.Helper()
	test, err := w.PolicyTest(t.Context(), &PolicyTestRequest{Under: under, Examples: 3})
	if err != nil {
		t.Fatal(err)
	}
	return test
}

// saleTo is a request with the template sale.
func saleTo(to string) string {
	return `{"messaging_product":"whatsapp","to":"` + to + `","type":"template","template":{"name":"sale","language":{"code":"en"}}}`
}

// campaigned is a world in which some people got sales, and one didn't.
func campaigned(t testing.TB) *world {
	w := newWorld(t)
	w.learn(t, policy.TemplateChanged{WABA: waba, Template: policy.TemplateRef{Name: "sale", Language: "en"}, Status: policy.TemplateApproved, Category: policy.CategoryMarketing, At: w.now(), Read: true})
	all := agreed(t, w, 3)
	for range 3 {
		for _, who := range all {
			w.handle(t, w.request(t, shop, saleTo(who)))
		}
		w.handle(t, w.request(t, shop, saleTo(ben)))
		w.advance(time.Hour)
	}
	w.handle(t, w.request(t, support, text(ben, "hi"))) // in monitor mode
	w.handle(t, w.request(t, shop, text(all[0], "hi")))
	return w
}

// By the policy that decided nothing is decided otherwise.
func TestTheSamePolicyChangesNothing(t *testing.T) {
	w := campaigned(t)
	test := w.test(t, w.under(nil))
	if test.Sends != 14 || test.Same != 14 || test.Untold != 0 || len(test.Differences)+len(test.Notes)+len(test.Examples) > 0 {
		t.Errorf("%+v, otherwise %v, %v", test.Counts, test.Differences, test.Notes)
	}
}

// What changes, by what is changed.
func TestPolicyTest(t *testing.T) {
	marketing := policy.ScopesOf(policy.Marketing)
	for name, c := range map[string]struct {
		change func(string, *Business)
		want   lab.Counts
		// rules are the changes, as "3 stopped allow CONSENT -> refuse FREQUENCY_CAP".
		rules   []string
		options []string
	}{
		"a cap": {
			change: func(id string, b *Business) {
				if id == shop {
					b.Policy.Caps = []policy.Cap{{Scopes: marketing, Limit: 2, Period: 24 * time.Hour}}
				}
			},
			want:  lab.Counts{Sends: 14, Same: 11, Stopped: 3},
			rules: []string{"3 stopped allow CONSENT -> refuse FREQUENCY_CAP"}, options: []string{shop + " frequency_caps"},
		},
		"a cap that counts for two hours": {
			change: func(_ string, b *Business) {
				b.Policy.Caps = []policy.Cap{{Scopes: marketing, Limit: 2, Period: 2 * time.Hour}}
			},
			want: lab.Counts{Sends: 14, Same: 14}, options: []string{shop + " frequency_caps", support + " frequency_caps"},
		},
		"session only": {
			change: func(id string, b *Business) { b.Policy.SessionOnly = id == shop },
			want:   lab.Counts{Sends: 14, Same: 2, Stopped: 9, Reworded: 3},
			rules:  []string{"9 stopped allow CONSENT -> refuse SENDER_SESSION_ONLY", "3 reworded refuse NO_CONSENT -> refuse SENDER_SESSION_ONLY"}, options: []string{shop + " session_only"},
		},
		"enforce": {
			change: func(_ string, b *Business) { b.Monitor = false },
			want:   lab.Counts{Sends: 14, Same: 13, Stopped: 1},
			rules:  []string{"1 stopped monitor WINDOW_CLOSED -> refuse WINDOW_CLOSED"}, options: []string{support + " mode"},
		},
		"monitor": {
			change: func(_ string, b *Business) { b.Monitor = true },
			want:   lab.Counts{Sends: 14, Same: 11, Released: 3},
			rules:  []string{"3 released refuse NO_CONSENT -> monitor NO_CONSENT"}, options: []string{shop + " mode"},
		},
		"another reach of consent": {
			change: func(_ string, b *Business) {
				b.Terms = policy.DefaultTerms()
				b.Terms.OptOutReach = policy.ReachAll
			},
			want: lab.Counts{Sends: 14, Same: 1, Untold: 13}, options: []string{shop + " consent reach", support + " consent reach"},
		},
		"quiet hours where people are": {
			change: func(_ string, b *Business) { // Berlin is an hour ahead
				b.Policy.QuietHours = []policy.Quiet{{Scopes: marketing, From: 11 * 60, To: 12 * 60}}
			},
			want:  lab.Counts{Sends: 14, Same: 11, Stopped: 3},
			rules: []string{"3 stopped allow CONSENT -> refuse QUIET_HOURS"}, options: []string{shop + " quiet_hours", support + " quiet_hours"},
		},
		"a country": {
			change: func(_ string, b *Business) {
				b.Policy.Countries = []policy.CountryRule{{Scopes: marketing, Only: true, Countries: []string{"DE"}}}
			},
			want: lab.Counts{Sends: 14, Same: 14}, options: []string{shop + " countries", support + " countries"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := campaigned(t)
			test := w.test(t, w.under(c.change))
			if test.Counts != c.want {
				t.Errorf("%+v, want %+v; missing %v", test.Counts, c.want, test.Missing)
			}
			var rules, options []string
			for _, r := range test.Rules {
				rules = append(rules, fmt.Sprintf("%d %s %s %s -> %s %s", r.Sends, r.Change, r.From.Effect, r.From.Rule, r.To.Effect, r.To.Rule))
			}
			for _, d := range test.Differences {
				options = append(options, d.PhoneNumberID+" "+strings.Join(d.Options, ","))
			}
			if !slices.Equal(rules, c.rules) || !slices.Equal(options, c.options) {
				t.Errorf("by rule %q, otherwise %q\nwant %q, %q", rules, options, c.rules, c.options)
			}
			for _, e := range test.Examples {
				if e.Change() == lab.Same || e.ID == "" || e.Contact.IsZero() {
					t.Errorf("an example is %+v", e)
				}
			}
		})
	}
}

// A number that is served no longer, and one that was not served.
func TestPolicyTestOfOtherNumbers(t *testing.T) {
	w := campaigned(t)
	w.handle(t, w.request(t, "999", text(ben, "hi")))
	under := w.under(nil)
	delete(under.Businesses.Listed, support)
	under.Businesses.Listed["999"] = business("New")
	test := w.test(t, under)
	if want := (lab.Counts{Sends: 15, Same: 13, Stopped: 1, Untold: 1}); test.Counts != want || test.Missing[0].What != policy.MissingNumber {
		t.Errorf("%+v, missing %v", test.Counts, test.Missing)
	}
	one, err := w.PolicyTest(t.Context(), &PolicyTestRequest{Under: under, PhoneNumberID: "Shop"})
	if err != nil || one.Sends != 13 {
		t.Errorf("of one number %+v, %v", one.Counts, err)
	}
}

// What it costs: a stopped message that went saves its price, and a released one spends it.
func TestPolicyTestCounts(t *testing.T) {
	w := campaigned(t)
	for _, b := range w.Businesses.Listed {
		b.Currency = "USD"
	}
	w.Cards = billing.Shipped()
	who := agreed(t, w, 1)[0]
	w.handle(t, w.request(t, shop, saleTo(who)))
	w.handle(t, w.request(t, shop, saleTo(ben)))
	price := w.newest(t).Price
	if !price.Known || price.Unit == 0 {
		t.Fatalf("a sale costs %+v", price)
	}
	test := w.test(t, w.under(func(id string, b *Business) { b.Policy.SessionOnly, b.Monitor = id == shop, false }))
	if len(test.Money) != 1 || test.Money[0].Saved != price.Unit || test.Money[0].Spent != 0 {
		t.Errorf("session only saves %+v, want %s", test.Money, price.Unit)
	}
	test = w.test(t, w.under(func(_ string, b *Business) { b.Monitor = true }))
	if len(test.Money) != 1 || test.Money[0].Spent != price.Unit || test.Money[0].Saved != 0 {
		t.Errorf("monitor mode spends %+v, want %s", test.Money, price.Unit)
	}
}

// One test runs at a time; a second one is told so, and one that is given up ends.
func TestPolicyTestIsGivenUp(t *testing.T) {
	w := campaigned(t)
	w.lab.running.Store(true)
	_, err := w.PolicyTest(t.Context(), &PolicyTestRequest{Under: w.under(nil)})
	if p, ok := errors.AsType[*Problem](err); !ok || p.Kind != Busy || !strings.Contains(err.Error(), "one at a time") {
		t.Errorf("a second test: %v", err)
	}
	w.lab.running.Store(false)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.PolicyTest(ctx, &PolicyTestRequest{Under: w.under(nil)}); err == nil {
		t.Error("it goes on although nobody waits")
	}
	if w.LabProgress().Running {
		t.Error("it still runs")
	}
	for _, r := range []*PolicyTestRequest{{Examples: 101}, {Examples: -1}, {From: "yesterday"}, {From: "1h", To: "2h"}, {PhoneNumberID: "nobody's"}} {
		r.Under = w.under(nil)
		if _, err := w.PolicyTest(t.Context(), r); err == nil {
			t.Errorf("%+v is no mistake", r)
		}
	}
}

var labEntries = flag.Int("lab.entries", 3000, "how many decisions TestLedgerDecidesAgain makes, and makes again")

// TestLedgerDecidesAgain is A5 over a whole ledger in a store on disk: by the same policy none
// of its decisions is another one. Run it with -lab.entries 1000000 for a million; -v says how
// fast it is and what memory it takes.
func TestLedgerDecidesAgain(t *testing.T) {
	var moved atomic.Int64
	now := func() time.Time { return epoch.Add(time.Duration(moved.Load())) }
	st, err := badger.Open(t.TempDir(), badger.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	g := &Gateway{Now: now, Observer: unwatched{}, Open: func() (store.Store, error) { return st, nil }, Businesses: Businesses{Listed: map[string]*Business{shop: business("Shop"), support: business("Support")}}}
	g.Businesses.Listed[shop].Policy = policy.Policy{
		Caps: []policy.Cap{{Scopes: policy.ScopesOf(policy.Marketing), Limit: 2, Period: 24 * time.Hour}}, PairRate: true,
		QuietHours: []policy.Quiet{{Scopes: policy.ScopesOf(policy.Marketing), From: 21 * 60, To: 8 * 60}},
		Rules:      []policy.CustomRule{{ID: "late", Expression: `now_local.hour >= 23`, Reason: "late"}},
	}
	learn := func(events ...policy.Event) {
		if err := g.Learn(t.Context(), events); err != nil {
			t.Fatal(err)
		}
	}
	learn(policy.TemplateChanged{WABA: waba, Template: policy.TemplateRef{Name: "sale", Language: "en"}, Status: policy.TemplateApproved, Category: policy.CategoryMarketing, At: g.now(), Read: true})
	const known = 500
	for i := range known {
		who := names(fmt.Sprintf("+49151%08d", i))
		learn(policy.ServiceWindowOpened{PhoneNumberID: shop, Who: who, At: g.now()}, policy.ConsentChanged{PhoneNumberID: shop, Who: who, At: g.now(), State: policy.OptedIn, Scopes: policy.AllScopes, Source: policy.SourceOperator})
	}
	reader := map[string]func([]byte) *Request{}
	for _, id := range []string{shop, support} {
		read, err := g.reader(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		reader[id] = func(body []byte) *Request {
			reading, refusal := read(body)
			if refusal != nil {
				t.Fatal(refusal)
			}
			return &Request{Reading: reading, Body: body, By: By{Sender: "crm"}}
		}
	}
	began := time.Now()
	step := int64(20*24*time.Hour) / int64(max(*labEntries, 1))
	var waiting []*store.Write
	for i := range *labEntries {
		moved.Add(step)
		number, to := shop, fmt.Sprintf("+49151%08d", i*7919%(2*known))
		if i%5 == 0 {
			number = support
		}
		body := text(to, "hi")
		if i%3 > 0 {
			body = saleTo(to)
		}
		e, err := g.decide(t.Context(), st, reader[number]([]byte(body)), 0)
		if err != nil {
			t.Fatal(err)
		}
		if waiting = append(waiting, st.Reserve(t.Context(), e)); len(waiting) < 256 && i < *labEntries-1 {
			continue
		}
		for _, write := range waiting {
			if err := write.Wait(); err != nil && !strings.Contains(err.Error(), "claimed") {
				t.Fatal(err)
			}
		}
		waiting = waiting[:0]
	}
	t.Logf("entered in %s", time.Since(began).Round(time.Millisecond))
	under := &Settings{Businesses: g.Businesses}
	var before, after runtime.MemStats
	var most atomic.Uint64
	runtime.GC()
	runtime.ReadMemStats(&before)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		each := time.NewTicker(50 * time.Millisecond)
		defer each.Stop()
		for {
			select {
			case <-stop:
				return
			case <-each.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most.Store(max(most.Load(), m.HeapAlloc))
			}
		}
	}()
	test, err := g.PolicyTest(t.Context(), &PolicyTestRequest{Under: under, Examples: 3})
	close(stop)
	<-stopped
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if test.Sends < *labEntries*9/10 || test.Same != test.Sends {
		t.Errorf("of %d decisions %d are the same: %+v, %v", *labEntries, test.Same, test.Counts, test.Examples)
	}
	allowed := 0
	for _, n := range test.Numbers {
		allowed += n.Sends
	}
	t.Logf("%d decisions in %s: %.0f a second; the heap had %d MiB before, %d MiB at most", allowed, test.Took.Round(time.Millisecond), float64(test.Sends)/test.Took.Seconds(), before.HeapAlloc>>20, most.Load()>>20)
	changed, err := g.PolicyTest(t.Context(), &PolicyTestRequest{Examples: 3, Under: &Settings{Businesses: Businesses{Listed: map[string]*Business{shop: business("Shop"), support: business("Support")}}}})
	if err != nil {
		t.Fatal(err)
	}
	if changed.Changed() == 0 || changed.Stopped > 0 {
		t.Errorf("without its rules %+v", changed.Counts)
	}
	t.Logf("under another policy in %s: %+v", changed.Took.Round(time.Millisecond), changed.Counts)
}

// What becomes of a text in whose place a template was sent is told by the person's window, and
// where that doesn't tell, nothing is.
func TestPolicyTestOfFallbacks(t *testing.T) {
	instead := &Fallback{Template: policy.TemplateRef{Name: "we_answered", Language: "de"}}
	for name, c := range map[string]struct {
		change func(*Business)
		want   lab.Counts
		rule   string
	}{
		"the same":                     {func(*Business) {}, lab.Counts{Same: 1}, ""},
		"without one":                  {func(b *Business) { b.Fallback = nil }, lab.Counts{Stopped: 1}, "refuse WINDOW_CLOSED"},
		"without one, the window open": {func(b *Business) { b.Fallback, b.Policy.WindowMargin = nil, 0 }, lab.Counts{Untold: 1}, ""},
		"the window open":              {func(b *Business) { b.Policy.WindowMargin = 0 }, lab.Counts{Untold: 1}, ""},
		"the window closed earlier":    {func(b *Business) { b.Policy.WindowMargin = 3 * time.Hour }, lab.Counts{Same: 1}, ""},
		"without one, and closed":      {func(b *Business) { b.Fallback, b.Policy.WindowMargin = nil, 3*time.Hour }, lab.Counts{Stopped: 1}, "refuse WINDOW_CLOSED"},
		"another template":             {func(b *Business) { b.Fallback = &Fallback{Template: policy.TemplateRef{Name: "other"}} }, lab.Counts{Untold: 1}, ""},
		"another language": {func(b *Business) {
			b.Fallback = &Fallback{Template: policy.TemplateRef{Name: "we_answered", Language: "fr"}}
		}, lab.Counts{Untold: 1}, ""},
		"the template refused":            {func(b *Business) { b.Policy.SessionOnly = true }, lab.Counts{Stopped: 1}, "refuse WINDOW_CLOSED"},
		"monitored: the text leaves":      {func(b *Business) { b.Monitor = true }, lab.Counts{Reworded: 1}, "monitor WINDOW_CLOSED"},
		"without one, consent in windows": {func(b *Business) { b.Fallback, b.Policy.RequireInWindowConsent = nil, true }, lab.Counts{Stopped: 1}, "refuse WINDOW_CLOSED"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.Businesses.Listed[shop]
			b.Fallback, b.Policy.WindowMargin = instead, 2*time.Hour
			w.learn(t,
				policy.TemplateChanged{WABA: waba, Template: instead.Template, At: w.now(), Status: policy.TemplateApproved, Category: policy.CategoryUtility},
				policy.ConsentChanged{PhoneNumberID: shop, Who: names(ana), At: w.now(), State: policy.OptedIn, Scopes: policy.AllScopes, Source: policy.SourceOperator})
			w.writes(t, ana)
			w.advance(23 * time.Hour)
			if r := w.handle(t, w.request(t, shop, text(ana, "Hello"))); r.Refusal != nil || r.Sends[0].Body() == nil {
				t.Fatalf("the text came to %+v", r)
			}
			test := w.test(t, w.under(func(id string, b *Business) {
				if id == shop {
					c.change(b)
				}
			}))
			c.want.Sends = 1
			if test.Counts != c.want {
				t.Errorf("%+v, want %+v; missing %v", test.Counts, c.want, test.Missing)
			}
			if c.rule != "" && (len(test.Rules) != 1 || test.Rules[0].To.Effect+" "+string(test.Rules[0].To.Rule) != c.rule) {
				t.Errorf("by %+v, want %s", test.Rules, c.rule)
			}
			if c.want.Untold > 0 && (len(test.Missing) != 1 || test.Missing[0].What != policy.MissingFallback) {
				t.Errorf("missing is %+v", test.Missing)
			}
		})
	}
}

// By the settings that decided nothing is decided otherwise, also where something is enforced for a
// part of the people: by a policy on trial, in monitor mode, or both; for people whose names become
// known and for those who are erased, alone and in batches.
func TestTheSameCanaryChangesNothing(t *testing.T) {
	enforced, sends := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		things, trial := happen(rt), trialOf(rt)
		share := func(label string) Share {
			return rapid.SampledFrom([]Share{0, 1000, 5000, Everybody}).Draw(rt, label)
		}
		w := newWorld(t)
		trial.Share = share("share of the trial")
		for _, b := range w.Businesses.Listed {
			b.Shadow = trial
		}
		w.Businesses.Listed[support].Share = share("share in monitor mode")
		for i, thing := range things {
			thing(t, w)
			switch who := rapid.SampledFrom([]string{ana, ben}).Draw(rt, "who"); rapid.IntRange(0, 5).Draw(rt, "and") {
			case 0:
				user := policy.Identity{Kind: policy.BSUID, Value: "DE.1349120865530274" + who[len(who)-4:]}
				w.learn(t, policy.ServiceWindowOpened{PhoneNumberID: shop, Who: append(names(who), user), At: w.now()})
			case 1:
				if _, err := w.store.Store.(store.Erases).Erase(t.Context(), &store.ErasureRequest{Who: names(who)}); err != nil {
					rt.Fatal(i, err)
				}
			}
		}
		test := w.test(t, w.under(nil))
		if test.Same != test.Sends || len(test.Differences) > 0 {
			rt.Fatalf("%+v, otherwise %v: %+v", test.Counts, test.Differences, test.Examples)
		}
		sends += test.Sends
		for _, e := range w.ledger(t) {
			if e.Shadow.Enforced {
				enforced++
			}
		}
	})
	if enforced == 0 || enforced == sends {
		t.Errorf("of %d sends %d were decided by the trial: nothing was tried", sends, enforced)
	}
}

// What is enforced for a larger part of the people, for none or for all is told by who they are.
func TestPolicyTestOfCanaries(t *testing.T) {
	w := newWorld(t)
	all := agreed(t, w, 40)
	trial := func(share Share) *Shadow {
		return &Shadow{Name: "trial", Share: share, Policy: policy.Policy{Rules: []policy.CustomRule{{ID: "no", Expression: "true", Reason: "none at all"}}}}
	}
	monitored := w.Businesses.Listed[support]
	w.Businesses.Listed[shop].Shadow, monitored.Share, monitored.Policy.SessionOnly = trial(1000), 1000, true
	in := func(share Share, name string) (n int) {
		for _, who := range all {
			if share.HasAny(name, w.store.Pseudonym(names(who)[0]).Lot()) {
				n++
			}
		}
		return n
	}
	for _, who := range all {
		w.handle(t, w.request(t, shop, text(who, "hi")))
		w.handle(t, w.request(t, support, saleTo(who)))
	}
	sends := 2 * len(all)
	if n := in(1000, "trial"); n == 0 || n == in(5000, "trial") {
		t.Fatalf("%d people are in: nothing can be told apart", n)
	}
	for name, c := range map[string]struct {
		change            func(id string, b *Business)
		stopped, released int
		options           []string
	}{
		"the same": {func(string, *Business) {}, 0, 0, nil},
		"a larger trial": {func(id string, b *Business) {
			if id == shop {
				b.Shadow = trial(5000)
			}
		}, in(5000, "trial") - in(1000, "trial"), 0, []string{shop + " shadow"}},
		"a smaller trial": {func(id string, b *Business) {
			if id == shop {
				b.Shadow = trial(1)
			}
		}, 0, in(1000, "trial") - in(1, "trial"), []string{shop + " shadow"}},
		"a trial that is enforced for nobody": {func(id string, b *Business) {
			if id == shop {
				b.Shadow = trial(0)
			}
		}, 0, in(1000, "trial"), []string{shop + " shadow"}},
		"no trial": {func(_ string, b *Business) { b.Shadow = nil }, 0, in(1000, "trial"), []string{shop + " shadow"}},
		"another trial": {func(id string, b *Business) {
			if id == shop {
				b.Shadow = &Shadow{Name: "trial", Share: 1000}
			}
		}, 0, in(1000, "trial"), []string{shop + " shadow"}},
		"a larger part in monitor mode": {func(id string, b *Business) {
			if id == support {
				b.Share = 5000
			}
		}, in(5000, monitorShare) - in(1000, monitorShare), 0, []string{support + " enforce"}},
		"nobody in monitor mode": {func(_ string, b *Business) { b.Share = 0 }, 0, in(1000, monitorShare), []string{support + " enforce"}},
		"enforced": {func(id string, b *Business) {
			if id == support {
				b.Monitor, b.Share = false, 0
			}
		}, len(all) - in(1000, monitorShare), 0, []string{support + " mode,enforce"}},
		"a trial in monitor mode": {func(id string, b *Business) {
			if id == support {
				b.Shadow = trial(Everybody)
			}
		}, len(all) - in(1000, monitorShare), 0, []string{support + " shadow"}},
	} {
		t.Run(name, func(t *testing.T) {
			test := w.test(t, w.under(c.change))
			if test.Stopped != c.stopped || test.Released != c.released || test.Sends != sends || test.Untold > 0 {
				t.Errorf("%+v, want %d stopped and %d released", test.Counts, c.stopped, c.released)
			}
			var options []string
			for _, d := range test.Differences {
				options = append(options, d.PhoneNumberID+" "+strings.Join(d.Options, ","))
			}
			if !slices.Equal(options, c.options) {
				t.Errorf("otherwise is %q, want %q", options, c.options)
			}
		})
	}
}
