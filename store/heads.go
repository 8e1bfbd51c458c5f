package store

import (
	"github.com/waguard/waguard/policy"
)

// Head is the part of a ledger entry that counts are made from.
type Head struct {
	ID            ID
	PhoneNumberID string
	Kind          policy.Kind
	Type          string
	Template      policy.TemplateRef
	Sender, Token string
	Verdict       policy.Verdict
	// Rule is the one the entry counts under; see [Entry.ViolatedRule].
	Rule      policy.Rule
	Monitored bool
	// SentToAnother: the send was allowed, and went to somebody else than it was
	// judged by.
	SentToAnother bool
	// Contact is the pseudonym of the recipient; zero where the send names none.
	Contact policy.ContactID
	// DecidedBy is the rule that decided, RuleID names the one of the operator's own that
	// refused. Shadow is what a policy on trial says; nil where none is.
	DecidedBy policy.Rule
	RuleID    string
	Shadow    *Shadow
}

// head is the head of an entry that matches; nil where it doesn't after all.
func (sc *scan) head(r *reading, l *logged) (*Head, error) {
	if f := &sc.filter; f.Category != "" || f.Outcome != "" { // which the head doesn't tell
		if e, err := sc.entry(r, l); e == nil || err != nil {
			return nil, err
		}
	}
	h := l.head
	head := &Head{
		ID: l.ID, PhoneNumberID: h.Send.PhoneNumberID, Kind: h.Send.Kind, Type: h.Send.Type, Template: h.Send.Template, Sender: h.Sender, Token: h.Token,
		Verdict: h.Decision.Verdict, Rule: h.Decision.Rule, DecidedBy: h.Decision.Rule, RuleID: h.Decision.RuleID, Shadow: h.Shadow, Monitored: h.Monitored, SentToAnother: !h.violation() && l.settled.strayed(),
	}
	if head.SentToAnother {
		head.Rule = policy.RuleSentToAnother
	}
	if h.Decision.Person < len(h.Facts.Persons) {
		head.Contact = policy.ContactID(h.Facts.Persons[h.Decision.Person].Contact)
	}
	return head, nil
}
