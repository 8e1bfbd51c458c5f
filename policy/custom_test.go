package policy

import (
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"
)

// own is a policy with rules of the operator's own.
func own(rules ...CustomRule) Policy { return Policy{Rules: rules, BusinessName: "shop"} }

// refuses and warns are rules of the operator's own.
func refuses(expression string) CustomRule {
	return CustomRule{ID: "mine", Expression: expression, Reason: "because of mine"}
}

func warns(expression string) CustomRule {
	return CustomRule{ID: "careful", Expression: expression, Reason: "be careful", Warn: true}
}

// A rule of the operator's own refuses what all others let through, lets nothing through
// itself, and never passes silently what it can't be asked about.
func TestCustomRules(t *testing.T) {
	offer := toOne(optedIn(day, AllScopes...), wrote(hour)).of(CategoryMarketing)
	with := func(change func(*Facts)) Facts {
		f := offer
		f.Persons = append([]PersonFacts(nil), offer.Persons...)
		change(&f)
		return f
	}
	both := with(func(f *Facts) { f.Persons = append(f.Persons, person(optedIn(day, AllScopes...), wrote(day))) })
	judge(t, []ruling{
		{name: "holds", send: template(), facts: offer, policy: own(refuses(`send.category == "marketing"`)), want: RuleCustom},
		{name: "does-not", send: template(), facts: offer, policy: own(refuses(`send.category == "utility"`)), want: RuleConsent},
		{name: "warns", send: template(), facts: offer, policy: own(warns(`send.category == "marketing"`)), want: RuleConsent},
		{name: "fails", send: template(), facts: offer, policy: own(refuses(`int(template.name) == 1`)), want: RuleError},
		{name: "fails/and-warns", send: template(), facts: offer, policy: own(warns(`int(template.name) == 1`)), want: RuleConsent},
		{name: "is-none", send: template(), facts: offer, policy: own(refuses(`send.catgory == ""`)), want: RuleError},
		{name: "lets-nothing-through", send: template(), facts: toOne().of(CategoryMarketing), policy: own(refuses(`false`)), want: RuleNoConsent},
		{name: "is-asked-last", send: template(), facts: toOne().of(CategoryMarketing), policy: own(refuses(`true`)), want: RuleNoConsent},
		{name: "reply", send: text(), facts: offer, policy: own(refuses(`send.kind == "free_form" && send.type == "text" && window.open && send.initiation == "user"`)), want: RuleCustom},
		{name: "call", send: call(), facts: toOne(permitsCalls(Forever)), policy: own(refuses(`send.kind == "call"`)), want: RuleCustom},
		{name: "receipt", send: Send{Kind: Receipt}, policy: own(refuses(`true`)), want: RuleReceipt},
		{name: "call-control", send: Send{Kind: CallControl}, policy: own(refuses(`true`)), want: RuleCallControl},
		{name: "allowed-by", send: template(), facts: offer, policy: own(refuses(`send.allowed_by == "CONSENT"`)), want: RuleCustom},
		{name: "business", send: template(), facts: offer, policy: own(refuses(`business.name == "shop" && business.phone_number_id == "1"`)), want: RuleCustom},
		{name: "sender", send: template(), facts: with(func(f *Facts) { f.Sender = "crm" }), policy: own(refuses(`sender.known && sender.name == "crm"`)), want: RuleCustom},
		{name: "sender/unknown", send: template(), facts: offer, policy: own(refuses(`!sender.known`)), want: RuleCustom},
		{name: "consent", send: template(), facts: offer, policy: own(refuses(`consent.state == "opted_in" && consent.source == "operator" && now - consent.since >= duration("24h")`)), want: RuleCustom},
		{name: "window/never", send: template(), facts: toOne(optedIn(day, Marketing)).of(CategoryMarketing), policy: own(refuses(`!window.known && now - window.opened > duration("24h")`)), want: RuleCustom},
		{name: "template", send: template(), facts: offer, policy: own(refuses(`template.name == "order_update" && template.known && template.status == "APPROVED" && template.category == "marketing"`)), want: RuleCustom},
		{name: "country", send: template(), facts: with(func(f *Facts) { f.Persons[0].Country = "FR" }), policy: own(refuses(`contact.country == "FR"`)), want: RuleCustom},
		{name: "local/of-none", send: template(), facts: offer, policy: own(refuses(`now_local.known`)), want: RuleConsent},
		{name: "local/of-two-one", send: template(), facts: with(func(f *Facts) { f.Persons[0].Clocks = []Clock{{East: 60}, {East: 600}} }), policy: own(refuses(`now_local.hour == 22`)), want: RuleCustom},
		{name: "local/of-another-zone", send: template(), facts: with(func(f *Facts) { f.Persons[0].Clocks = []Clock{{Zone: "Asia/Tokyo", East: 540}} }), policy: own(refuses(`now_local.hour == 21`)), want: RuleConsent},
		{name: "of-two-people-one", send: template().with(toTwoReadings), facts: both, policy: Policy{BareNumbers: BareBoth, Rules: []CustomRule{refuses(`!window.open`)}}, want: RuleCustom},
		{name: "the-first-decides", send: template(), facts: offer, policy: own(refuses(`false`), refuses(`int(template.name) == 1`), refuses(`true`)), want: RuleError},
	})
	s := template()
	p := own(warns(`send.category == "marketing"`), CustomRule{ID: "broken", Expression: `1 / now_local.hour == 1`, Reason: "r", Warn: true}, refuses(`template.name == "order_update"`), warns(`true`))
	d := Decide(&s, &offer, &p, noon.Time())
	if d.RuleID != "mine" || d.Reason != "because of mine" || !strings.Contains(d.Remedy, "`rule mine`") || len(d.Claims) != 0 {
		t.Errorf("a refusal is %+v", d)
	}
	if len(d.Warnings) != 2 || d.Warnings[0] != (RuleWarning{Rule: "careful", Reason: "be careful"}) || d.Warnings[1].Rule != "broken" || !d.Warnings[1].Failed {
		t.Errorf("the warnings are %+v", d.Warnings)
	}
}

// Rules of the operator's own only ever make a decision stricter; and of what a record
// keeps the same is decided again.
func TestCustomRulesProperty(t *testing.T) {
	expressions := []string{
		`true`, `false`, `window.open`, `send.category == "marketing"`, `contact.country == "DE"`, `now_local.hour < 8`, `int(send.type) == 1`, `consent.state != "opted_in"`,
		`send.group || send.transaction`, `template.buttons`, `send.allowed_by == "CONSENT" && sender.name == ""`,
	}
	rapid.Check(t, func(t *rapid.T) {
		s := genSend().Draw(t, "send")
		f := genFacts(&s).Draw(t, "facts")
		p := genPolicy().Draw(t, "policy")
		without := Decide(&s, &f, &p, noon.Time())
		for range rapid.IntRange(1, 3).Draw(t, "rules") {
			p.Rules = append(p.Rules, CustomRule{
				ID: "r", Expression: rapid.SampledFrom(expressions).Draw(t, "expression"), Reason: "why", Warn: rapid.Bool().Draw(t, "warns"),
			})
		}
		d := Decide(&s, &f, &p, noon.Time())
		switch {
		case without.Verdict == Refuse && d.Rule != without.Rule:
			t.Fatalf("%s was refused, and is decided by %s", without.Rule, d.Rule)
		case d.Verdict == Allow && d.Rule != without.Rule:
			t.Fatalf("%s lets through what %s did", d.Rule, without.Rule)
		case d.Verdict == Refuse && without.Verdict == Allow && (d.RuleID == "" || d.Rule != RuleCustom && d.Rule != RuleError):
			t.Fatalf("refused by %s of no rule", d.Rule)
		}
		record, err := cbor.Marshal([]any{&s, &f, &p})
		if err != nil {
			t.Fatal(err)
		}
		var s2 Send
		var f2 Facts
		var p2 Policy
		var parts []cbor.RawMessage
		if err := cbor.Unmarshal(record, &parts); err != nil {
			t.Fatal(err)
		}
		for i, into := range []any{&s2, &f2, &p2} {
			if err := cbor.Unmarshal(parts[i], into); err != nil {
				t.Fatal(err)
			}
		}
		if again := Decide(&s2, &f2, &p2, noon.Time()); !reflect.DeepEqual(again, d) {
			t.Fatalf("decided %+v\nagain   %+v", d, again)
		}
	})
}

// What rules of the operator's own cost a send: none, one, ten.
func BenchmarkCustomRules(b *testing.B) {
	for name, n := range map[string]int{"0": 0, "1": 1, "10": 10} {
		var p Policy
		for range n {
			p.Rules = append(p.Rules, refuses(`send.category == "utility" && contact.country in ["DE", "AT", "CH"] && window.closes - now < duration("1h")`))
		}
		s, f := template(), toOne(optedIn(day, AllScopes...), wrote(hour)).of(CategoryMarketing)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d := Decide(&s, &f, &p, noon.Time()); d.Verdict != Allow {
					b.Fatal(d)
				}
			}
		})
	}
}
