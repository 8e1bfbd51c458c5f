package policy

import (
	"strings"
	"testing"
)

// Nothing leaves from a number nobody configured, whatever it is.
func TestSenderUnknown(t *testing.T) {
	nobody := Facts{NoBusiness: true}
	judge(t, []ruling{
		{name: "text", send: text(), facts: nobody, want: RuleSenderUnknown},
		{name: "template", send: template(), facts: nobody, want: RuleSenderUnknown},
		{name: "receipt", send: Send{Edge: EdgeMessages, Kind: Receipt}, facts: nobody, want: RuleSenderUnknown},
		{name: "call", send: call(), facts: nobody, want: RuleSenderUnknown},
		{name: "group", send: text().with(toGroup), facts: nobody, want: RuleSenderUnknown},
		{name: "two-names", send: text().with(toPhoneAndUser), facts: nobody, want: RuleSenderUnknown},
	})
	for _, s := range []Send{text(), template(), call(), {Edge: EdgeMessages, Kind: Receipt}} {
		if d := Decide(&s, &nobody, &Policy{}, noon.Time()); d.Category != CategoryUnknown || d.Initiation != "" || d.Person != 0 {
			t.Errorf("%s: a send of nobody's is tagged %+v", s.Kind, d)
		}
	}
}

// A batch is sent whole or not at all: whatever a send would be alone, beside a
// refused one it is refused. It is billed as it would have been.
func TestSiblingRefused(t *testing.T) {
	beside := func(f Facts) Facts { f.SiblingRefused = true; return f }
	stopped := toOne(wrote(2*hour), optedOutOf(hour, AllScopes...))
	judge(t, []ruling{
		{name: "allowed", send: text(), facts: beside(toOne(wrote(hour))), want: RuleBatch},
		{name: "refused-itself", send: text(), facts: beside(toOne()), want: RuleBatch},
		{name: "receipt", send: Send{Edge: EdgeMessages, Kind: Receipt}, facts: beside(Facts{}), want: RuleBatch},
		{name: "no-business", send: text(), facts: beside(Facts{NoBusiness: true}), want: RuleBatch},
		{name: "confirmation", send: text().with(confirms), facts: beside(stopped), want: RuleBatch},
	})
	s, alone := template(), toOne(optedIn(day, AllScopes...), wrote(hour)).of(CategoryUtility)
	want, with := Decide(&s, &alone, &Policy{}, noon.Time()), beside(alone)
	got := Decide(&s, &with, &Policy{}, noon.Time())
	if got.Category != want.Category || got.Initiation != want.Initiation || got.Person != want.Person {
		t.Errorf("alone %+v, beside a refused send %+v", want, got)
	}
}

// While another send takes the one confirmation of an opt-out, this one may not.
// Nothing else is any different.
func TestRival(t *testing.T) {
	against := func(r Rival, f Facts) Facts { f.Rival = r; return f }
	stopped := toOne(wrote(2*hour), optedOutOf(hour, AllScopes...))
	judge(t, []ruling{
		{name: "none", send: text().with(confirms), facts: against(NoRival, stopped), want: RuleConfirmation},
		{name: "sibling", send: text().with(confirms), facts: against(SiblingRival, stopped), want: RuleOptedOut},
		{name: "request", send: text().with(confirms), facts: against(RequestRival, stopped), want: RuleOptedOut},
		{name: "no-confirmation", send: text(), facts: against(SiblingRival, stopped), want: RuleOptedOut},
		{name: "open-window", send: text().with(confirms), facts: against(SiblingRival, toOne(wrote(hour))), want: RuleWindowOpen},
		{name: "wrote-since", send: text().with(confirms), facts: against(RequestRival, toOne(wrote(hour), optedOutOf(2*hour, AllScopes...))), want: RuleWindowOpen},
		{name: "template", send: template(), facts: against(RequestRival, toOne(optedIn(hour, AllScopes...)).of(CategoryUtility)), want: RuleConsent},
	})
	s := text().with(confirms)
	for rival, reason := range map[Rival]string{SiblingRival: "another send of this batch", RequestRival: "other requests at this moment"} {
		f := against(rival, stopped)
		if d := Decide(&s, &f, &Policy{}, noon.Time()); !strings.Contains(d.Reason, reason) {
			t.Errorf("%s: %s", rival, d.Reason)
		}
	}
}

// Who only answers sends no templates, to nobody. Replies are as they were.
func TestSessionOnly(t *testing.T) {
	only := Policy{SessionOnly: true, AllowGroups: true}
	direct := func(p Policy) Policy { p.DirectSend = true; return p }(only)
	agreed := toOne(optedIn(day, AllScopes...), wrote(hour))
	judge(t, []ruling{
		{name: "utility", send: template(), facts: agreed.of(CategoryUtility), policy: only, want: RuleSessionOnly},
		{name: "marketing", send: template(), facts: agreed.of(CategoryMarketing), policy: only, want: RuleSessionOnly},
		{name: "marketing-edge", send: template().with(throughMarketing), facts: agreed.of(CategoryMarketing), policy: only, want: RuleSessionOnly},
		{name: "authentication", send: template(), facts: agreed.of(CategoryAuthentication), policy: only, want: RuleSessionOnly},
		{name: "unknown-category", send: template(), facts: agreed, policy: only, want: RuleSessionOnly},
		{name: "to-nobody-known", send: template(), facts: toOne().of(CategoryUtility), policy: only, want: RuleSessionOnly},
		{name: "to-a-group", send: template().with(toGroup), facts: toOne().of(CategoryUtility), policy: only, want: RuleSessionOnly},
		{name: "billed-like-one", send: Send{Kind: DirectSend, Edge: EdgeMessages, Stated: CategoryUtility}, facts: agreed, policy: direct, want: RuleSessionOnly},
		{name: "reply", send: text(), facts: agreed, policy: only, want: RuleWindowOpen},
		{name: "reply-to-an-unknown-person", send: text(), facts: toOne(wrote(hour)), policy: only, want: RuleWindowOpen},
		{name: "reply-too-late", send: text(), facts: toOne(wrote(day)), policy: only, want: RuleWindowClosed},
		{name: "receipt", send: Send{Edge: EdgeMessages, Kind: Receipt}, policy: only, want: RuleReceipt},
		{name: "off", send: template(), facts: agreed.of(CategoryUtility), want: RuleConsent},
	})
}
