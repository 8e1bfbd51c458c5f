package policy

import (
	"fmt"
	"slices"
	"time"
)

// Decide judges one send. It is a function of its arguments alone: the same
// send, facts, policy and time always give the same decision.
//
// Where a phone number without plus sign can be read in two ways, the person it
// means is judged, and the other one only counts against the send: if they opted
// out. Where the policy says so both are judged, and the stricter answer holds.
func Decide(s *Send, f *Facts, p *Policy, now time.Time) Decision {
	at := MomentOf(now)
	category := categoryOf(s, f, at)
	who := recipientsOf(s, f, p)
	d := decide(s, f, p, who, at, category)
	d.Category, d.Person = category, who.meant
	if d.Rule == RuleConfirmation {
		d.Claims = who.confirmations(f)
	}
	if category != CategoryNone {
		d.Initiation = initiation(f, p, who, at)
	}
	return d
}

func decide(s *Send, f *Facts, p *Policy, who recipients, now Moment, category Category) Decision {
	switch s.Kind {
	case Receipt:
		return allow(RuleReceipt, "a read receipt or typing indicator is not a message")
	case CallControl:
		return allow(RuleCallControl, "the action concerns a call that already exists")
	}
	if s.Edge == EdgeMarketing && s.Kind != TemplateMessage {
		return refuse(RuleMarketingOnly, "only marketing templates can be sent through /marketing_messages", "send it through /messages")
	}
	if s.Group && !p.AllowGroups {
		return refuse(RuleGroupsRefused, "the message goes to a group, and the consent of a group's members can't be seen from the request",
			"write to the members one by one, or set `groups allow` for this business")
	}
	if d, refused := judgeBare(s, f, p); refused {
		return d
	}
	note := ""
	if s.Kind == TemplateMessage {
		d, doubt, refused := judgeTemplate(s, f.Template, now)
		if refused {
			return d
		}
		note = doubt
		if known := f.Template.CategoryAt(now); s.Edge == EdgeMarketing && known.Scope() != Marketing {
			return refuse(RuleMarketingOnly, fmt.Sprintf("the template %q is a %s template, and only marketing templates can be sent through /marketing_messages", s.Template.Name, known),
				"send it through /messages")
		}
	}
	if len(f.Persons) == 0 || len(f.Persons) < s.names() || s.namesTwice() && !who.onePerson(f) {
		return refuse(RuleRecipientConflict, "`to` and `recipient` are not known to be the same person", "name the person once, in `to` or in `recipient`")
	}
	var strictest Decision
	for i := range f.Persons {
		if !who.counts(i) {
			continue
		}
		d := judgePerson(s, &f.Template, &f.Persons[i], p, now, category)
		if d.Verdict == Refuse {
			if s.Bare != NotBare && who.phones > 1 && i < who.phones {
				who.sayWhose(&d)
			}
			return d
		}
		// The first reading is the likeliest, but an exception made for another
		// one is an exception all the same: its claim must not get lost.
		if strictest.Verdict == "" || d.Exception() && !strictest.Exception() {
			strictest = d
		}
	}
	if d, refused := who.judgeOthers(s, f, p, now, category); refused {
		return d
	}
	strictest.Reason += note
	return strictest
}

// judgePerson applies the rules about the person to one reading of the
// recipient.
func judgePerson(s *Send, t *TemplateFacts, person *PersonFacts, p *Policy, now Moment, category Category) Decision {
	w := WindowOf(person.Opened, p.WindowMargin)
	billed := s.Kind == TemplateMessage || s.Kind == DirectSend && p.DirectSend
	switch {
	case billed && category == CategoryUnknown:
		return judgeUncategorised(s, t, person)
	case s.Kind == TemplateMessage && s.Group:
		return judgeGroup(person, category)
	case billed:
		return judgeConsent(s, person, p, w, now, category)
	case s.Kind == Call:
		return judgeCall(person, p, w, now)
	}
	return judgeFreeForm(s, person, p, w, now)
}

// judgeFreeForm applies the rules for everything that is not a template: an
// open window and, after an opt-out, one opened by the person since.
func judgeFreeForm(s *Send, person *PersonFacts, p *Policy, w Window, now Moment) Decision {
	consent := person.Consent[Transactional]
	if !w.OpenAt(now) {
		if consent.State == OptedOut {
			return refuse(RuleWindowClosed, fmt.Sprintf("%s; and the user opted out at %s (%s)", w.closedReason(), consent.Since, consent.Source), "wait until the user writes")
		}
		return refuse(RuleWindowClosed, w.closedReason(), useTemplate)
	}
	if silenced(person, p) {
		if !mayConfirm(s, person, p, consent) {
			return stillOptedOut(person, p, consent)
		}
		if s.Confirms {
			return allow(RuleConfirmation, "one text may confirm the user's opt-out, and this one says so")
		}
		d := stillOptedOut(person, p, consent)
		d.Remedy = "send one text that confirms the opt-out and says nothing else, or " + d.Remedy
		return d
	}
	if p.RequireInWindowConsent && consent.State != OptedIn {
		return missingConsent(person, CategoryService)
	}
	return allow(RuleWindowOpen, w.openReason())
}

// silenced reports that the person opted out and nothing they did since lets a
// reply through. Where replies need an opt-in, only an opt-in does: otherwise
// saying STOP and writing again would open a door that was shut before.
func silenced(person *PersonFacts, p *Policy) bool {
	consent := person.Consent[Transactional]
	return consent.State == OptedOut &&
		(p.RefuseOptedOutReplies || p.RequireInWindowConsent || !person.spokeSince(consent.Since))
}

// spokeSince reports whether the person, after an opt-out, did something that
// opens the window and is no opt-out itself. What happened in the same second of
// WhatsApp's clock did not come after it.
func (p *PersonFacts) spokeSince(out Moment) bool {
	if p.Spoke == 0 {
		return p.Opened > out
	}
	return p.Spoke.second() > out.second()
}

// stillOptedOut says why a person who opted out may not be answered.
func stillOptedOut(person *PersonFacts, p *Policy, consent Consent) Decision {
	out := fmt.Sprintf("the user opted out at %s (%s)", consent.Since, consent.Source)
	const untilOptIn = "wait until the user opts in"
	switch {
	case p.RequireInWindowConsent:
		return refuse(RuleOptedOut, out+", and this business answers only people who opted in", untilOptIn)
	case p.RefuseOptedOutReplies:
		return refuse(RuleOptedOut, out+", and this business doesn't answer people who opted out, also if they write again", untilOptIn)
	case person.Opened.second() > consent.Since.second():
		return refuse(RuleOptedOut, out+"; what they did since is an opt-out itself, or may be one", "wait until the user writes something else or opts in")
	}
	return refuse(RuleOptedOut, out+" and has not been in touch since", "wait until the user writes again or opts in")
}

// mayConfirm reports whether one text may still confirm the person's opt-out.
// Where replies need an opt-in, only a person who once gave it gets one: otherwise
// saying STOP would let a message through that was refused before.
func mayConfirm(s *Send, person *PersonFacts, p *Policy, consent Consent) bool {
	if p.RequireInWindowConsent && consent.LastOptIn == 0 {
		return false
	}
	return s.Type == "text" && !person.confirmedOptOut()
}

// judgeCall lets a call through on the person's permission or inside an open
// window, and never to someone who opted out and could not be answered either.
func judgeCall(person *PersonFacts, p *Policy, w Window, now Moment) Decision {
	consent := person.Consent[Transactional]
	switch {
	case silenced(person, p):
		return stillOptedOut(person, p, consent)
	case now < person.CallUntil:
		return allow(RuleCallPermission, "the user permitted calls from this number")
	case w.OpenAt(now) && p.RequireInWindowConsent && consent.State != OptedIn:
		return missingConsent(person, CategoryService)
	case w.OpenAt(now):
		return allow(RuleWindowOpen, w.openReason())
	}
	return refuse(RuleCallNotPermitted, "the user has not permitted calls from this number, and "+w.closedReason(),
		"ask for permission to call while the window is open, or with a template")
}

// judgeGroup lets a template to a group through: that groups are allowed stands
// for the members' opt-ins. An opt-out recorded for the group itself still holds.
func judgeGroup(person *PersonFacts, category Category) Decision {
	if person.Consent[category.Scope()].State == OptedOut {
		return optedOut(person, category, "a "+string(category)+" message")
	}
	return allow(RuleGroupsAllowed, "groups are allowed for this business")
}

// judgeConsent demands an opt-in whose scope covers the category. What may be said
// freely, a reply in an open window, may be said with a utility template too.
func judgeConsent(s *Send, person *PersonFacts, p *Policy, w Window, now Moment, category Category) Decision {
	consent := person.Consent[category.Scope()]
	if consent.State == OptedIn {
		return allow(RuleConsent, fmt.Sprintf("the user opted in to %s messages at %s (%s)", category.Scope(), consent.Since, consent.Source))
	}
	if category == CategoryUtility && w.OpenAt(now) && !p.RequireInWindowConsent && !silenced(person, p) {
		return allow(RuleWindowOpen, w.openReason())
	}
	if consent.State != OptedOut {
		return missingConsent(person, category)
	}
	d := optedOut(person, category, "a "+string(category)+" message")
	switch {
	case !essential(s, p, category) || consent.LastOptIn == 0:
	case s.Transaction:
		return allow(RuleEssential, fmt.Sprintf("the user opted out at %s, but %q is an essential %s template about an existing transaction", consent.Since, s.Template.Name, category))
	default:
		d.Remedy = "don't send it, unless it is about an order or transaction of the user's: then name that in biz_opaque_callback_data, such as order:1234"
	}
	return d
}

// essential reports whether s may go to a person who opted out, if it is about a
// transaction: a listed utility or authentication template. The person must have
// opted in once: an opt-out must never open a door.
func essential(s *Send, p *Policy, category Category) bool {
	return s.Kind == TemplateMessage &&
		(category == CategoryUtility || category == CategoryAuthentication) &&
		slices.Contains(p.EssentialTemplates, s.Template.Name)
}

func optedOut(person *PersonFacts, category Category, what string) Decision {
	scope := category.Scope()
	consent := person.Consent[scope]
	rule := RuleOptedOut
	if scope == Marketing {
		rule = RuleOptedOutMarketing
	}
	return refuse(rule, fmt.Sprintf("the user opted out of %s messages at %s (%s), and this is %s", scope, consent.Since, consent.Source, what),
		"don't send it; only the user can opt in again")
}

// missingConsent tells the three ways of not having an opt-in apart.
func missingConsent(person *PersonFacts, category Category) Decision {
	scope := category.Scope()
	if c := person.Consent[scope]; c.State == ConsentPending {
		return refuse(RuleConsentPending, fmt.Sprintf("the user was asked for consent to %s messages at %s and has not confirmed it", scope, c.Since),
			"wait until the user confirms")
	}
	for other, c := range person.Consent {
		if c.State == OptedIn {
			return refuse(RuleNoConsentCategory, fmt.Sprintf("the user opted in to %s messages only, and a %s message needs consent to %s messages", Scope(other), category, scope),
				"get the user's opt-in to this kind of message and record it")
		}
	}
	return refuse(RuleNoConsent, fmt.Sprintf("no opt-in of this user is on record, and a %s message needs consent to %s messages", category, scope),
		"get the user's opt-in and record it with `waguard consent opt-in`")
}

// categoryOf is what the send will be billed as, as far as can be told before
// Meta does.
func categoryOf(s *Send, f *Facts, now Moment) Category {
	switch s.Kind {
	case Receipt, Call, CallControl:
		return CategoryNone
	case TemplateMessage:
		c := f.Template.CategoryAt(now)
		if s.Edge == EdgeMarketing && c.Scope() == Marketing {
			return CategoryMarketingLite
		}
		return c
	case DirectSend:
		// Meta takes no other category here. What a body claims beyond that is
		// not believed.
		if s.Stated == CategoryUtility || s.Stated == CategoryAuthentication {
			return s.Stated
		}
		return CategoryUnknown
	}
	return CategoryService
}

func initiation(f *Facts, p *Policy, who recipients, now Moment) Initiation {
	if len(f.Persons) == 0 {
		return ByBusiness
	}
	for i := range f.Persons {
		if who.counts(i) && !WindowOf(f.Persons[i].Opened, p.WindowMargin).OpenAt(now) {
			return ByBusiness
		}
	}
	return ByUser
}
