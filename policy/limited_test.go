package policy

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func said(code int, ats ...time.Duration) (list []Limited) {
	for _, d := range ats {
		list = WithLimited(list, Limited{Code: code, At: ago(d)})
	}
	return list
}

func limitedBy(code int, ats ...time.Duration) aspect {
	return func(p *PersonFacts) {
		for _, l := range said(code, ats...) {
			p.Limits = WithLimited(p.Limits, l)
		}
	}
}

func (f Facts) limited(code int, ats ...time.Duration) Facts {
	f.Limits = said(code, ats...)
	return f
}

// What Meta said is waited for as long as it asks, by what it is about, and no longer.
func TestBackOff(t *testing.T) {
	in := optedIn(90*day, AllScopes...)
	off := Policy{NoBackOff: true}
	receipt := Send{Edge: EdgeMessages, PhoneNumberID: "1", Kind: Receipt}
	judge(t, []ruling{
		{name: "131049/marketing/-1ms", send: template(), facts: toOne(in, limitedBy(131049, day)).of(CategoryMarketing), now: noon - 1, want: RuleMarketingLimit},
		{name: "131049/marketing/after-a-day", send: template(), facts: toOne(in, limitedBy(131049, day)).of(CategoryMarketing), want: RuleConsent},
		{name: "131049/marketing/lite", send: template().with(throughMarketing), facts: toOne(in, limitedBy(131049, hour)).of(CategoryMarketing), want: RuleMarketingLimit},
		{name: "131049/utility", send: template(), facts: toOne(in, limitedBy(131049, hour)).of(CategoryUtility), want: RuleConsent},
		{name: "131049/authentication", send: template(), facts: toOne(in, limitedBy(131049, hour)).of(CategoryAuthentication), want: RuleConsent},
		{name: "131049/unknown-category", send: template(), facts: toOne(in, limitedBy(131049, hour)), want: RuleConsent},
		{name: "131049/reply", send: text(), facts: toOne(wrote(hour), limitedBy(131049, hour)), want: RuleWindowOpen},
		{name: "131049/marketing-in-a-window", send: template(), facts: toOne(in, wrote(hour), limitedBy(131049, 2*hour)).of(CategoryMarketing), want: RuleConsent},
		{name: "131049/off", send: template(), facts: toOne(in, limitedBy(131049, hour)).of(CategoryMarketing), policy: off, want: RuleConsent},
		{name: "131049/twice/second-day", send: template(), facts: toOne(in, limitedBy(131049, 49*hour, 25*hour)).of(CategoryMarketing), want: RuleMarketingLimit},
		{name: "131049/twice/third-day", send: template(), facts: toOne(in, limitedBy(131049, 72*hour, 48*hour)).of(CategoryMarketing), want: RuleConsent},
		{name: "131049/twice-at-once-is-once", send: template(), facts: toOne(in, limitedBy(131049, 25*hour, 24*hour)).of(CategoryMarketing), want: RuleConsent},
		{name: "131049/no-opt-in", send: template(), facts: toOne(limitedBy(131049, hour)).of(CategoryMarketing), want: RuleNoConsent},
		{name: "131056/reply/at-once", send: text(), facts: toOne(wrote(hour), limitedBy(131056, 0)), want: RulePairRate},
		{name: "131056/reply/-1ms", send: text(), facts: toOne(wrote(hour), limitedBy(131056, time.Second)), now: noon - 1, want: RulePairRate},
		{name: "131056/reply/1s", send: text(), facts: toOne(wrote(hour), limitedBy(131056, time.Second)), want: RuleWindowOpen},
		{name: "131056/second/-1ms", send: text(), facts: toOne(wrote(hour), limitedBy(131056, 6*time.Second, 4*time.Second)), now: noon - 1, want: RulePairRate},
		{name: "131056/second/4s", send: text(), facts: toOne(wrote(hour), limitedBy(131056, 6*time.Second, 4*time.Second)), want: RuleWindowOpen},
		{name: "131056/third/-1ms", send: text(), facts: toOne(wrote(hour), limitedBy(131056, 40*time.Second, 30*time.Second, 16*time.Second)), now: noon - 1, want: RulePairRate},
		{name: "131056/third/16s", send: text(), facts: toOne(wrote(hour), limitedBy(131056, 40*time.Second, 30*time.Second, 16*time.Second)), want: RuleWindowOpen},
		{name: "131056/long-ago-is-the-first-again", send: text(), facts: toOne(wrote(hour), limitedBy(131056, 2*hour, time.Second)), want: RuleWindowOpen},
		{name: "131056/template", send: template(), facts: toOne(in, limitedBy(131056, 0)).of(CategoryUtility), want: RulePairRate},
		{name: "131056/receipt", send: receipt, facts: toOne(limitedBy(131056, 0)), want: RuleReceipt},
		{name: "131056/call", send: call(), facts: toOne(permitsCalls(Forever), limitedBy(131056, 0)), want: RuleCallPermission},
		{name: "131056/closed-window", send: text(), facts: toOne(limitedBy(131056, 0)), want: RuleWindowClosed},
		{name: "131056/off", send: text(), facts: toOne(wrote(hour), limitedBy(131056, 0)), policy: off, want: RuleWindowOpen},
		{name: "130429/reply", send: text(), facts: toOne(wrote(hour)).limited(130429, 0), want: RuleThroughput},
		{name: "130429/1s", send: text(), facts: toOne(wrote(hour)).limited(130429, time.Second), want: RuleWindowOpen},
		{name: "130429/second", send: template(), facts: toOne(in).of(CategoryUtility).limited(130429, 5*time.Second, 3*time.Second), want: RuleThroughput},
		{name: "80007", send: text(), facts: toOne(wrote(hour)).limited(80007, 0), want: RuleThroughput},
		{name: "4", send: text(), facts: toOne(wrote(hour)).limited(4, 0), want: RuleThroughput},
		{name: "130429/receipt", send: receipt, facts: toOne().limited(130429, 0), want: RuleReceipt},
		{name: "130429/off", send: text(), facts: toOne(wrote(hour)).limited(130429, 0), policy: off, want: RuleWindowOpen},
	})
}

// A refusal says when the same send may be tried again, and then it passes.
func TestBackOffSaysWhen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom(append(personCodes, numberCodes...)).Draw(t, "code")
		f := toOne(optedIn(90*day, AllScopes...)).of(CategoryMarketing)
		var words []Limited
		for range rapid.IntRange(1, 10).Draw(t, "words") {
			words = WithLimited(words, Limited{Code: code, At: ago(time.Duration(rapid.IntRange(0, 200).Draw(t, "ago")) * rapid.SampledFrom([]time.Duration{time.Second, time.Minute, hour}).Draw(t, "unit"))})
		}
		if LimitsNumber(code) {
			f.Limits = words
		} else {
			f.Persons[0].Limits = words
		}
		s := template()
		d := Decide(&s, &f, new(Policy), noon.Time())
		if d.Verdict == Allow {
			return
		}
		newest := words[len(words)-1].At
		if d.Retry <= noon || d.Retry > newest.Add(backOffs[code].longest) {
			t.Fatalf("retry at %s, now is %s, the newest word is of %s", d.Retry, noon, newest)
		}
		if before := Decide(&s, &f, new(Policy), (d.Retry - 1).Time()); before.Verdict != Refuse {
			t.Fatalf("it passes before %s", d.Retry)
		}
		if again := Decide(&s, &f, new(Policy), d.Retry.Time()); again.Verdict != Allow {
			t.Fatalf("refused at %s: %s %s", d.Retry, again.Rule, again.Reason)
		}
		over := Limited{Code: code, At: noon + 1, Over: true}
		if f.Limits != nil {
			f.Limits = WithLimited(f.Limits, over)
		} else {
			f.Persons[0].Limits = WithLimited(f.Persons[0].Limits, over)
		}
		if d := Decide(&s, &f, new(Policy), noon.Time()); d.Verdict != Allow {
			t.Fatalf("refused after one got through: %s", d.Reason)
		}
	})
}

// In which order words come, and how often, makes no difference.
func TestLimitedInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Limited {
			return Limited{rapid.SampledFrom([]int{131049, 131056}).Draw(t, "code"), Moment(rapid.IntRange(1, 40).Draw(t, "at")), rapid.IntRange(0, 5).Draw(t, "over") == 0}
		}), 0, 30).Draw(t, "words")
		join := func(list []Limited) (joined []Limited) {
			for _, l := range list {
				joined = WithLimited(joined, l)
			}
			return joined
		}
		want := join(words)
		again := append(append([]Limited(nil), words...), words...)
		rand.New(rand.NewPCG(1, uint64(rapid.Int64().Draw(t, "seed")))).Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		if got := join(again); !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
		if len(want) > 2*(mostLimited+1) {
			t.Fatalf("%d words are kept", len(want))
		}
	})
}

// A switched-off campaign stops marketing alone, until it is on again.
func TestCampaignOff(t *testing.T) {
	in := optedIn(90*day, AllScopes...)
	turned := func(f Facts, turns ...CampaignSwitched) Facts {
		for _, e := range turns {
			f.Campaign.Turn(e)
		}
		return f
	}
	turn := func(cause CampaignCause, off bool, d time.Duration) CampaignSwitched {
		return CampaignSwitched{Cause: cause, Off: off, Switch: Switch{At: ago(d), Says: "it happened"}}
	}
	marketing := toOne(in).of(CategoryMarketing)
	spam, stopped, low := turn(CauseError, true, hour), turn(CauseOperator, true, hour), turn(CauseQuality, true, hour)
	restricted := turn(CauseRestriction, true, hour)
	restricted.Until = noon.Add(hour)
	good := turn(CauseQuality, false, time.Minute)
	off := Policy{NoSwitchOff: true}
	judge(t, []ruling{
		{name: "marketing", send: template(), facts: turned(marketing, spam), want: RuleCampaignOff},
		{name: "marketing/in-a-window", send: template(), facts: turned(toOne(in, wrote(hour)).of(CategoryMarketing), spam), want: RuleCampaignOff},
		{name: "marketing/lite", send: template().with(throughMarketing), facts: turned(marketing, spam), want: RuleCampaignOff},
		{name: "unknown-category", send: template(), facts: turned(toOne(in), spam), want: RuleCampaignOff},
		{name: "utility", send: template(), facts: turned(toOne(in).of(CategoryUtility), spam), want: RuleConsent},
		{name: "authentication", send: template(), facts: turned(toOne(in).of(CategoryAuthentication), spam), want: RuleConsent},
		{name: "reply", send: text(), facts: turned(toOne(wrote(hour)), spam), want: RuleWindowOpen},
		{name: "no-opt-in", send: template(), facts: turned(toOne().of(CategoryMarketing), spam), want: RuleNoConsent},
		{name: "restricted/-1ms", send: template(), facts: turned(marketing, restricted), now: noon.Add(hour) - 1, want: RuleCampaignOff},
		{name: "restricted/over", send: template(), facts: turned(marketing, restricted), now: noon.Add(hour), want: RuleConsent},
		{name: "restricted/over/and-an-error", send: template(), facts: turned(marketing, restricted, spam), now: noon.Add(hour), want: RuleCampaignOff},
		{name: "quality/low", send: template(), facts: turned(marketing, low), want: RuleCampaignOff},
		{name: "quality/good-again", send: template(), facts: turned(marketing, low, good), want: RuleConsent},
		{name: "quality/good-again/after-an-error", send: template(), facts: turned(marketing, spam, good), want: RuleCampaignOff},
		{name: "quality/good-again/after-an-operator", send: template(), facts: turned(marketing, stopped, good), want: RuleCampaignOff},
		{name: "operator/on-again", send: template(), facts: turned(marketing, spam, stopped, low, restricted, turn(CauseOperator, false, time.Minute)), want: RuleConsent},
		{name: "operator/on-before", send: template(), facts: turned(marketing, spam, turn(CauseOperator, false, 2*hour)), want: RuleCampaignOff},
		{name: "option-off", send: template(), facts: turned(marketing, spam, low, restricted), policy: off, want: RuleConsent},
		{name: "option-off/by-an-operator", send: template(), facts: turned(marketing, stopped), policy: off, want: RuleCampaignOff},
	})
}

func TestCampaignInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		turns := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) CampaignSwitched {
			return CampaignSwitched{Off: rapid.Bool().Draw(t, "off"), Cause: rapid.SampledFrom([]CampaignCause{CauseOperator, CauseError, CauseQuality}).Draw(t, "cause"), Switch: Switch{
				At: Moment(rapid.IntRange(1, 5).Draw(t, "at")), Says: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "says"), Until: Moment(rapid.IntRange(0, 2).Draw(t, "until")),
			}}
		}), 0, 8).Draw(t, "turns")
		var want, got Campaign
		for _, e := range turns {
			want.Turn(e)
		}
		for _, e := range rapid.Permutation(append(turns, turns...)).Draw(t, "again") {
			got.Turn(e)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

// One message in six seconds, and 45 at once that are taken from the time that follows.
func TestPairRate(t *testing.T) {
	on := Policy{PairRate: true}
	sent := func(n int, each time.Duration, until time.Duration) aspect {
		return func(p *PersonFacts) {
			for i := range n {
				p.Sent = withSent(p.Sent, Sent{At: ago(until) - Moment(i)*Moment(each.Milliseconds()), Kind: SentToPair})
			}
		}
	}
	for _, c := range []struct {
		name   string
		facts  Facts
		policy Policy
		want   Rule
		retry  Moment
	}{
		{"none", toOne(wrote(hour)), on, RuleWindowOpen, 0},
		{"44-at-once", toOne(wrote(hour), sent(44, time.Millisecond, 0)), on, RuleWindowOpen, 0},
		{"45-at-once", toOne(wrote(hour), sent(45, 0, 0), sent(45, time.Millisecond, 0)), on, RulePairRate, noon.Add(6*time.Second - 44*time.Millisecond)},
		{"45-six-seconds-ago", toOne(wrote(hour), sent(45, time.Millisecond, 6*time.Second)), on, RuleWindowOpen, 0},
		{"one-in-six-seconds", toOne(wrote(hour), sent(80, 6*time.Second, 6*time.Second)), on, RuleWindowOpen, 0},
		{"off", toOne(wrote(hour), sent(45, time.Millisecond, 0)), Policy{}, RuleWindowOpen, 0},
	} {
		s := text()
		d := Decide(&s, &c.facts, &c.policy, noon.Time())
		if d.Rule != c.want || d.Retry != c.retry {
			t.Errorf("%s: %s %s, retry %s, want %s %s", c.name, d.Rule, d.Reason, d.Retry, c.want, c.retry)
		}
		if claims := d.Verdict == Allow && c.policy.PairRate; claims != (len(d.Claims) == 1 && d.Claims[0].Kind == ClaimPair) {
			t.Errorf("%s: claims %v", c.name, d.Claims)
		}
	}
}

// However claims are taken and given back, no more leave than the rate allows, and as many
// as it allows can.
func TestTakePair(t *testing.T) {
	fold := DefaultTerms().For("1", func(string) string { return "a" })
	rapid.Check(t, func(t *rapid.T) {
		c, now := new(Contact), noon
		k := Claim{Kind: ClaimPair, Key: name(1), Limit: pairBurst}
		c.Member(name(1)).Relation("1").Open(noon, false)
		var kept []Moment
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			now = now.Add(rapid.SampledFrom([]time.Duration{0, 0, 0, 0, time.Second, 6 * time.Second, time.Minute}).Draw(t, "pass"))
			debt := time.Duration(0)
			last := Moment(0)
			for _, at := range append(append([]Moment(nil), kept...), now) {
				debt = max(0, debt-time.Duration(at-last)*time.Millisecond)
				last = at
				if at != now || len(kept) > 0 && at == kept[len(kept)-1] {
					debt += pairInterval
				}
			}
			taken, ok := k.Take(c, fold, now)
			if !ok {
				if debt < 44*pairInterval {
					t.Fatalf("refused at a debt of %s", debt)
				}
				continue
			}
			taken.Record(c, "1")
			if rapid.IntRange(0, 9).Draw(t, "fails") == 0 {
				taken.Release(c, "1")
				continue
			}
			now = max(now, taken.At)
			kept = append(kept, taken.At)
		}
		for i := range kept {
			for j := i; j < len(kept); j++ {
				if n, within := j-i+1, time.Duration(kept[j]-kept[i])*time.Millisecond; n > pairBurst+int(within/pairInterval) {
					t.Fatalf("%d leave within %s", n, within)
				}
			}
		}
	})
}
