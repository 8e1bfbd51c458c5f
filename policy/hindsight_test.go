package policy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestHindsight: what an error of Meta's says of a decision, and which fact was missing.
func TestHindsight(t *testing.T) {
	t.Parallel()
	const at = Moment(1_790_000_000_000)
	ago := func(d time.Duration) Moment { return at.Add(-d) }
	reply := Send{Edge: EdgeMessages, Kind: FreeForm, Type: "text"}
	sale := Send{Edge: EdgeMessages, Kind: TemplateMessage, Type: "template", Template: TemplateRef{"sale", "en"}}
	direct := Send{Edge: EdgeMessages, Kind: DirectSend, Type: "text"}
	call := Send{Edge: EdgeCalls, Kind: Call}
	open := func(d time.Duration) Facts { return Facts{Persons: []PersonFacts{{Opened: ago(d)}}} }
	agreed := Facts{Persons: []PersonFacts{{Consent: [Scopes]Consent{Marketing: {State: OptedIn, Since: ago(time.Hour), Source: "form"}}}}}
	template := func(f TemplateFacts) Facts { return Facts{Persons: agreed.Persons, Template: f} }
	limited := func(codes ...Limited) Facts { return Facts{Persons: []PersonFacts{{Limits: codes}}, Limits: codes} }
	allowed := func(rule Rule, c Category) Decision { return Decision{Verdict: Allow, Rule: rule, Category: c} }
	byWindow, byConsent := allowed(RuleWindowOpen, CategoryService), allowed(RuleConsent, CategoryMarketing)
	sync, later := MetaError{}, MetaError{Later: true}

	for _, c := range []struct {
		name  string
		code  int
		when  MetaError
		send  Send
		facts Facts
		by    Decision
		p     Policy
		rule  Rule
		lack  Lack
		says  string
	}{
		{"window/open by Meta's own webhook", 131047, later, reply, open(3 * time.Hour), byWindow, Policy{}, RuleWindowClosed, LackWindowAtMeta, "3 h 0 min before"},
		{"window/at once", 131047, sync, reply, open(3 * time.Hour), byWindow, Policy{}, RuleWindowClosed, LackWindowAtMeta, "send it again once"},
		{"window/in its last minutes", 131047, later, reply, open(24*time.Hour - 4*time.Minute), byWindow, Policy{}, RuleWindowClosed, LackWindowEnding, "raise window_margin"},
		{"window/of one of two people", 131047, later, Send{Edge: EdgeMessages, Kind: FreeForm, Bare: BareInternational}, Facts{Persons: []PersonFacts{{Opened: ago(time.Hour)}, {}}}, byWindow, Policy{}, RuleWindowClosed, LackReading, "plus and country code"},
		{"window/none among the facts", 131047, later, reply, Facts{}, byWindow, Policy{}, RuleWindowClosed, LackWindowUnasked, "WINDOW_OPEN let the message through"},
		{"window/direct send needs none", 131047, later, direct, open(48 * time.Hour), allowed(RuleConsent, CategoryUtility), Policy{DirectSend: true}, "", "", "Direct Send"},

		{"opt-out/after an opt-in", 131050, later, sale, agreed, byConsent, Policy{}, RuleOptedOutMarketing, LackOptOutAtMeta, "user_preferences"},
		{"opt-out/nothing said", 131050, later, sale, Facts{Persons: []PersonFacts{{}}}, allowed(RuleConsentRequest, CategoryMarketing), Policy{}, RuleOptedOutMarketing, LackOptOutAtMeta, "CONSENT_REQUEST let the message through"},
		{"opt-out/known", 131050, later, sale, Facts{Persons: []PersonFacts{{Consent: [Scopes]Consent{Marketing: {State: OptedOut, Since: ago(time.Hour)}}}}}, allowed(RuleConsentRequest, CategoryMarketing), Policy{}, RuleOptedOutMarketing, LackOptOutPassed, "exception"},
		{"opt-out/of what was judged as utility", 131050, later, sale, agreed, allowed(RuleConsent, CategoryUtility), Policy{}, RuleOptedOutMarketing, LackCategory, "judged as utility"},

		{"marketing limit/first word", 131049, later, sale, agreed, byConsent, Policy{}, "", "", "its first word can't be known before"},
		{"marketing limit/after the wait", 131049, later, sale, limited(Limited{Code: 131049, At: ago(25 * time.Hour)}), byConsent, Policy{}, RuleMarketingLimit, LackWaitOver, "waited for until"},
		{"pair/nobody counts", 131056, sync, reply, open(time.Hour), byWindow, Policy{}, "", "", "pair_rate"},
		{"pair/counted", 131056, sync, reply, open(time.Hour), byWindow, Policy{PairRate: true}, RulePairRate, LackSentElsewhere, "through the gateway"},
		{"pair/after the wait", 131056, sync, reply, limited(Limited{Code: 131056, At: ago(2 * time.Second)}), byWindow, Policy{}, RulePairRate, LackWaitOver, "too often"},
		{"throughput/first word", 130429, sync, reply, open(time.Hour), byWindow, Policy{}, "", "", "waits by itself"},
		{"throughput/after the wait", 130429, sync, reply, limited(Limited{Code: 80007, At: ago(2 * time.Second)}), byWindow, Policy{}, RuleThroughput, LackWaitOver, "too short"},

		{"template/no account", 132001, sync, sale, template(TemplateFacts{NoAccount: true}), byConsent, Policy{}, RuleTemplateUnknown, LackAccount, "waba <id>"},
		{"template/never heard of", 132001, sync, sale, template(TemplateFacts{}), byConsent, Policy{}, RuleTemplateUnknown, LackNeverListed, "waguard templates sync"},
		{"template/not in an old list", 132001, sync, sale, template(TemplateFacts{Listed: true, ListedAt: ago(48 * time.Hour)}), byConsent, Policy{}, RuleTemplateUnknown, LackListOld, "too long before"},
		{"template/known as approved", 132001, sync, sale, template(TemplateFacts{Found: true, Status: TemplateApproved}), byConsent, Policy{}, RuleTemplateNotApproved, LackTemplateStatus, "message_template_status_update"},
		{"template/listed as approved", 132001, sync, sale, template(TemplateFacts{Found: true, Status: TemplateApproved, ReadAt: ago(time.Hour)}), byConsent, Policy{}, RuleTemplateNotApproved, LackTemplateStatus, "as listed at"},
		{"template/status never told", 132001, sync, sale, template(TemplateFacts{Found: true}), byConsent, Policy{}, RuleTemplateNotApproved, LackTemplateStatus, "never told"},
		{"template/edited", 132001, sync, sale, template(TemplateFacts{Found: true, Status: TemplateEdited}), byConsent, Policy{}, RuleTemplateNotApproved, LackTemplateEdited, "new version"},
		{"template/paused, known as approved", 132015, sync, sale, template(TemplateFacts{Found: true, Status: TemplateApproved}), byConsent, Policy{}, RuleTemplatePaused, LackTemplateStatus, "APPROVED"},
		{"template/paused, known so long ago", 132015, sync, sale, template(TemplateFacts{Found: true, Status: TemplatePaused, ReadAt: ago(4 * time.Hour)}), byConsent, Policy{}, RuleTemplatePaused, LackStatusOld, "PAUSED"},
		{"template/paused after Meta took it", 132015, later, sale, template(TemplateFacts{Found: true, Status: TemplateApproved}), byConsent, Policy{}, "", "", "held it back"},
		{"template/disabled", 132016, sync, sale, template(TemplateFacts{}), byConsent, Policy{}, RuleTemplateDisabled, LackNeverListed, ""},
		{"template/not marketing", 131055, sync, Send{Edge: EdgeMarketing, Kind: TemplateMessage}, template(TemplateFacts{}), byConsent, Policy{}, RuleMarketingOnly, LackCategory, "unknown"},
		{"template/its parameters", 132000, sync, sale, template(TemplateFacts{Found: true, Status: TemplateApproved}), byConsent, Policy{}, "", "", "no rule judges"},

		{"call/open window", 138006, sync, call, open(time.Hour), allowed(RuleWindowOpen, CategoryNone), Policy{}, RuleCallNotPermitted, LackCall, "since the customer service window was open"},
		{"call/permission taken back", 138006, sync, call, Facts{Persons: []PersonFacts{{CallUntil: Forever}}}, allowed(RuleCallPermission, CategoryNone), Policy{}, RuleCallNotPermitted, LackCall, "without end"},
		{"recipient/not on WhatsApp", 131026, later, reply, open(time.Hour), byWindow, Policy{}, "", "", "may have blocked"},
		{"recipient/read in two ways", 131026, later, Send{Edge: EdgeMessages, Kind: FreeForm, Bare: BareNational}, Facts{Persons: []PersonFacts{{Opened: ago(time.Hour)}, {}}}, byWindow, Policy{}, RuleRecipientInvalid, LackReading, "plus"},
		{"recipient/two names of one", 131026, later, Send{Edge: EdgeMessages, Kind: FreeForm, Bare: BareNational, TwoNames: true}, Facts{Persons: []PersonFacts{{Opened: ago(time.Hour)}, {}}}, byWindow, Policy{}, "", "", ""},
		{"payment", 131042, later, reply, open(time.Hour), byWindow, Policy{}, "", "", "between the business and Meta"},
		{"new to everybody", 987654, later, reply, open(time.Hour), byWindow, Policy{}, "", "", "which nobody here knows"},
	} {
		c.when.Code = c.code
		h := InHindsight(c.when, &c.send, &c.facts, &c.p, &c.by, at)
		if h.Rule != c.rule || h.Lack != c.lack || h.Missed() != (c.rule != "") || h.Confirmed || !strings.Contains(h.Said+". "+h.Remedy, c.says) || h.Said == "" || h.Matter != MatterOf(c.code) {
			t.Errorf("%s: %+v, want %s for want of %q, saying %q", c.name, h, c.rule, c.lack, c.says)
		}
		if h.Missed() && (!slices.Contains(MissableRules, h.Rule) || !slices.Contains(Lacks, h.Lack) || !MayBeMissed(c.code) || h.Remedy == "") {
			t.Errorf("%s: %s or %s is in no list, or it says not what to do", c.name, h.Rule, h.Lack)
		}
	}
}

// TestRefusalsInHindsight: Meta's refusal confirms one of ours where both are for the same
// reason, and a delivery disproves what only Meta's rules forbid.
func TestRefusalsInHindsight(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule      Rule
		code      int
		confirmed bool
	}{
		{RuleWindowClosed, 131047, true},
		{RuleWindowUnknown, 131047, true},
		{RuleWindowClosed, 131026, false},
		{RuleOptedOutMarketing, 131050, true},
		{RuleNoConsent, 131050, false},
		{RuleNoConsent, 131047, false},
		{RuleTemplateUnknown, 132001, true},
		{RuleTemplatePaused, 132001, true},
		{RuleTemplatePaused, 132000, false},
		{RuleMarketingLimit, 131049, true},
		{RuleCountryBlock, 131049, true},
		{RuleCampaignOff, 131048, true},
		{RuleCampaignOff, 131042, false},
	} {
		h := InHindsight(MetaError{Code: c.code}, &Send{}, &Facts{}, &Policy{}, &Decision{Verdict: Refuse, Rule: c.rule}, 1)
		if h.Confirmed != c.confirmed || h.Missed() || h.Said == "" {
			t.Errorf("%s and %d: %+v", c.rule, c.code, h)
		}
	}
	for rule, kinds := range map[Rule][]Kind{
		RuleWindowClosed: {FreeForm}, RuleTemplateUnknown: {TemplateMessage}, RulePairRate: {FreeForm, TemplateMessage},
		RuleNoConsent: nil, RuleOptedOut: nil, RuleOptedOutMarketing: nil, RuleQuietHours: nil, RuleFrequencyCap: nil, RuleCustom: nil, RuleCountryBlock: nil, RuleBudgetSpent: nil,
	} {
		for _, kind := range []Kind{FreeForm, TemplateMessage} {
			if got := Disproved(rule, kind); got != slices.Contains(kinds, kind) {
				t.Errorf("a delivered %s disproves %s: %v", kind, rule, got)
			}
		}
	}
}

// TestCodesOfHindsight: each code has a matter and words, and a rule that Meta's refusal may
// confirm is one that refuses.
func TestCodesOfHindsight(t *testing.T) {
	t.Parallel()
	for code, row := range metaRows {
		if !slices.Contains(Matters, row.matter) || row.said == "" || row.judge == nil && (row.beyond == "" || row.remedy == "") {
			t.Errorf("%d: %+v", code, row)
		}
		for _, rule := range row.rules {
			if !slices.Contains(RefuseRules, rule) {
				t.Errorf("%d: %s doesn't refuse", code, rule)
			}
		}
	}
	for _, rule := range MissableRules {
		if !slices.Contains(RefuseRules, rule) {
			t.Errorf("%s doesn't refuse", rule)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		code := rapid.OneOf(rapid.IntRange(0, 400), rapid.IntRange(130_000, 140_000), rapid.Int()).Draw(r, "code")
		if row := rowOf(code); !slices.Contains(Matters, row.matter) || row.said == "" {
			r.Errorf("%d: %+v", code, row)
		}
	})
}

// TestMissesContradictNothing: a send that is refused is no miss, whatever Meta says, and a
// miss is of a send that puts its rule to the test or was judged as another category.
func TestMissesContradictNothing(t *testing.T) {
	t.Parallel()
	codes := []int{131047, 131050, 131049, 131056, 130429, 80007, 4, 132001, 132015, 132016, 131055, 134100, 138006, 131026, 131042, 132000}
	rapid.Check(t, func(r *rapid.T) {
		now := Moment(1_790_000_000_000)
		send := Send{
			Edge: rapid.SampledFrom([]Edge{EdgeMessages, EdgeMarketing}).Draw(r, "edge"), Kind: rapid.SampledFrom([]Kind{FreeForm, TemplateMessage, DirectSend, Call}).Draw(r, "kind"),
			Bare: rapid.SampledFrom([]Bare{NotBare, BareInternational, BareNational}).Draw(r, "bare"), Template: TemplateRef{"sale", "en"},
		}
		facts := Facts{Persons: make([]PersonFacts, rapid.IntRange(1, 2).Draw(r, "persons"))}
		for i := range facts.Persons {
			p := &facts.Persons[i]
			p.Opened = now.Add(-time.Duration(rapid.IntRange(0, 50).Draw(r, "opened")) * time.Hour)
			p.Consent[Marketing].State = ConsentState(rapid.IntRange(0, 3).Draw(r, "marketing"))
			p.Consent[Transactional].State = ConsentState(rapid.IntRange(0, 3).Draw(r, "transactional"))
		}
		facts.Template = TemplateFacts{Found: rapid.Bool().Draw(r, "found"), Listed: rapid.Bool().Draw(r, "listed"), ListedAt: now, Category: rapid.SampledFrom([]Category{"", CategoryMarketing, CategoryUtility}).Draw(r, "category")}
		p := Policy{DirectSend: rapid.Bool().Draw(r, "direct"), PairRate: rapid.Bool().Draw(r, "pair rate")}
		d := Decide(&send, &facts, &p, now.Time())
		e := MetaError{Code: rapid.SampledFrom(codes).Draw(r, "code"), Later: rapid.Bool().Draw(r, "later")}
		h := InHindsight(e, &send, &facts, &p, &d, now)
		switch {
		case h.Said == "", h.Missed() && h.Confirmed:
			r.Errorf("%+v", h)
		case d.Verdict == Refuse && h.Missed():
			r.Errorf("refused by %s, and missed: %+v", d.Rule, h)
		case d.Verdict == Allow && h.Confirmed:
			r.Errorf("allowed by %s, and confirmed: %+v", d.Rule, h)
		case h.Missed() && h.Lack == "":
			r.Errorf("missed for want of nothing: %+v", h)
		}
	})
}
