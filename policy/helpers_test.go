package policy

import (
	"testing"
	"time"
)

// noon is the time at which the tables decide.
var noon = MomentOf(time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC))

// ago is a moment before noon.
func ago(d time.Duration) Moment { return noon.Add(-d) }

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// allowing are the rules that allow. Every other rule refuses.
var allowing = map[Rule]bool{
	RuleReceipt: true, RuleCallControl: true, RuleWindowOpen: true, RuleConsent: true, RuleConfirmation: true,
	RuleEssential: true, RuleGroupsAllowed: true, RuleCallPermission: true, RuleConsentRequest: true, RuleFollowup: true, RuleCodeRequested: true,
}

// ruling is one line of a table: what is asked, and the rule that must answer.
type ruling struct {
	name   string
	send   Send
	facts  Facts
	policy Policy
	now    Moment // zero is noon
	want   Rule
}

func judge(t *testing.T, rulings []ruling) {
	t.Helper()
	names := map[string]bool{}
	for _, r := range rulings {
		if names[r.name] {
			t.Errorf("two cases are called %s", r.name)
		}
		names[r.name] = true
		t.Run(r.name, func(t *testing.T) {
			now := r.now
			if now == 0 {
				now = noon
			}
			got := Decide(&r.send, &r.facts, &r.policy, now.Time())
			if got.Rule != r.want {
				t.Errorf("got %s %s (%s), want %s", got.Verdict, got.Rule, got.Reason, r.want)
			}
			want := Refuse
			if allowing[got.Rule] {
				want = Allow
			}
			if got.Verdict != want {
				t.Errorf("%s says %s, want %s", got.Rule, got.Verdict, want)
			}
			if got.Reason == "" {
				t.Error("no reason")
			}
			if (got.Verdict == Refuse) != (got.Remedy != "") {
				t.Errorf("%s with the remedy %q", got.Verdict, got.Remedy)
			}
			if (len(got.Claims) > 0) != (got.Rule == RuleConfirmation || got.Rule == RuleConsentRequest || got.Rule == RuleFollowup) {
				t.Errorf("claims: %v", got.Claims)
			}
			if got.Category == "" {
				t.Error("no category")
			}
		})
	}
}

// aspect is something known about a person.
type aspect func(*PersonFacts)

func person(aspects ...aspect) PersonFacts {
	p := PersonFacts{Contact: name(1)}
	for _, a := range aspects {
		a(&p)
	}
	return p
}

func wrote(d time.Duration) aspect { return func(p *PersonFacts) { p.Opened = ago(d) } }

// spoke is when the person did something that is no opt-out.
func spoke(d time.Duration) aspect { return func(p *PersonFacts) { p.Spoke = ago(d) } }

// onlyOptedOut: all the person did was to opt out.
func onlyOptedOut(p *PersonFacts) { p.Spoke = 1 }

func optedIn(d time.Duration, scopes ...Scope) aspect {
	return func(p *PersonFacts) {
		for _, s := range scopes {
			p.Consent[s] = Consent{State: OptedIn, Since: ago(d), Source: SourceOperator, LastOptIn: ago(d)}
		}
	}
}

func optedOutOf(d time.Duration, scopes ...Scope) aspect {
	return func(p *PersonFacts) {
		for _, s := range scopes {
			p.Consent[s] = Consent{State: OptedOut, Since: ago(d), Source: SourceKeyword, LastOptIn: p.Consent[s].LastOptIn}
		}
	}
}

func asked(d time.Duration, scopes ...Scope) aspect {
	return func(p *PersonFacts) {
		for _, s := range scopes {
			p.Consent[s] = Consent{State: ConsentPending, Since: ago(d), Source: SourceOperator}
		}
	}
}

func suspectedAt(d time.Duration) aspect { return func(p *PersonFacts) { p.Suspected = ago(d) } }

func confirmed(d time.Duration) aspect { return func(p *PersonFacts) { p.Confirmed = ago(d) } }

func permitsCalls(until Moment) aspect { return func(p *PersonFacts) { p.CallUntil = until } }

// toOne are the facts about a send that names one person.
func toOne(aspects ...aspect) Facts { return Facts{Persons: []PersonFacts{person(aspects...)}} }

// with changes what is known about the first person.
func (f Facts) with(a aspect) Facts {
	a(&f.Persons[0])
	return f
}

// of adds what is known about the template.
func (f Facts) of(c Category) Facts {
	f.Template = TemplateFacts{Listed: true, Found: true, Status: TemplateApproved, Category: c}
	return f
}

func freeForm(kind string) Send {
	return Send{Edge: EdgeMessages, PhoneNumberID: "1", Kind: FreeForm, Type: kind}
}

func text() Send { return freeForm("text") }

func template() Send {
	return Send{Edge: EdgeMessages, PhoneNumberID: "1", Kind: TemplateMessage, Type: "template", Template: TemplateRef{Name: "order_update", Language: "en"}}
}

func direct(stated Category) Send {
	return Send{Edge: EdgeMessages, PhoneNumberID: "1", Kind: DirectSend, Type: "text", Stated: stated}
}

func call() Send {
	return Send{Edge: EdgeCalls, PhoneNumberID: "1", Kind: Call, Type: "call"}
}

// with changes a copy of s.
func (s Send) with(change func(*Send)) Send {
	change(&s)
	return s
}

func confirms(s *Send)           { s.Confirms = true }
func aboutTransaction(s *Send)   { s.Transaction = true }
func toGroup(s *Send)            { s.Group = true }
func throughMarketing(s *Send)   { s.Edge = EdgeMarketing }
func toPhoneAndUser(s *Send)     { s.To, s.Recipient = []Identity{phone}, user }
func toTwoReadings(s *Send)      { s.To = []Identity{phone, otherPhone} }
func named(n string) func(*Send) { return func(s *Send) { s.Template.Name = n } }

// Numbers of the North American range reserved for fiction.
var (
	phone      = Identity{Phone, "12025550147"}
	otherPhone = Identity{Phone, "9112025550147"}
	user       = Identity{BSUID, "US.40817726355190042"}
)

// name is the pseudonym with that number.
func name(n byte) Alias { return Alias{n} }
