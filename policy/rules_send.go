package policy

import "fmt"

// siblingRefused refuses what would leave together with a send that is refused.
func (c *Case) siblingRefused() bool {
	return c.Facts.SiblingRefused && c.refuse(RuleBatch, "another send of the same batch was refused", "send it on its own")
}

func (c *Case) senderUnknown() bool {
	return c.Facts.NoBusiness && c.refuse(RuleSenderUnknown, "no `business` block serves the business phone number the send would leave from",
		"check the phone number id, or add a `business` block for it")
}

func (c *Case) receipt() bool {
	return c.Send.Kind == Receipt && c.allow(RuleReceipt, "a read receipt or typing indicator is not a message")
}

func (c *Case) callControl() bool {
	return c.Send.Kind == CallControl && c.allow(RuleCallControl, "the action concerns a call that already exists")
}

// sessionOnly refuses templates of a business that answers, and writes to nobody first.
func (c *Case) sessionOnly() bool {
	return c.Policy.SessionOnly && c.billed &&
		c.refuse(RuleSessionOnly, "this business answers people who write to it, and sends no templates",
			"answer while the customer service window is open, or set `session_only off` for this business")
}

func (c *Case) notForMarketing() bool {
	return c.Send.Edge == EdgeMarketing && c.Send.Kind != TemplateMessage &&
		c.refuse(RuleMarketingOnly, "only marketing templates can be sent through /marketing_messages", sendThroughMessages)
}

const sendThroughMessages = "send it through /messages"

func (c *Case) groupRefused() bool {
	return c.Send.Group && !c.Policy.AllowGroups &&
		c.refuse(RuleGroupsRefused, "the message goes to a group, and the consent of a group's members can't be seen from the request",
			"write to the members one by one, or set `groups allow` for this business")
}

// bareNumber refuses numbers without a plus sign where they mean nothing, or
// nobody can tell whom.
func (c *Case) bareNumber() bool {
	switch {
	case c.Send.Bare == NotBare:
		return false
	case c.Policy.BareNumbers == BareRefuse:
		return c.refuse(RuleRecipientInvalid, "the phone number has no plus sign, and this business takes numbers with a plus sign only", writePlus)
	case c.Facts.Shown == ShownNone:
		return c.refuse(RuleRecipientInvalid, "the phone number has no plus sign, and Meta's answer to an earlier send with the same digits named somebody else than they are read as here", writePlus)
	}
	return false
}

// templateStanding refuses templates Meta would refuse: those known not to be
// approved and those that are not in the list of all templates.
func (c *Case) templateStanding() bool {
	if c.Send.Kind != TemplateMessage {
		return false
	}
	s, t := c.Send, &c.Facts.Template
	if !t.Found {
		if !t.listedAt(c.Now) {
			return false
		}
		seen := ""
		if t.ListedAt != 0 {
			seen = ", whose list was read at " + t.ListedAt.String()
		}
		return c.refuse(RuleTemplateUnknown,
			fmt.Sprintf("the template %q in language %q is not among the templates of this WhatsApp Business Account%s", s.Template.Name, s.Template.Language, seen),
			"check the template's name and language code; if it was created since, list the templates again through the gateway (GET /<waba id>/message_templates)")
	}
	st := standings[t.Status]
	switch {
	case t.Status.MayBeSent():
		return false
	case t.ReadAt != 0 && c.Now >= t.ReadAt.Add(st.fresh):
		c.doubt = fmt.Sprintf("; the template's status was %s at %s, which may have changed since", t.Status, t.ReadAt)
		return false
	}
	since := ""
	if t.ReadAt != 0 {
		since = " as of " + t.ReadAt.String()
	}
	return c.refuse(st.rule, fmt.Sprintf("the template %q (%s) %s: its status is %s%s", s.Template.Name, s.Template.Language, st.reason, t.Status, since), st.remedy)
}

func (c *Case) notMarketingTemplate() bool {
	if c.Send.Edge != EdgeMarketing || c.Send.Kind != TemplateMessage {
		return false
	}
	known := c.Facts.Template.CategoryAt(c.Now)
	return known.Scope() != Marketing &&
		c.refuse(RuleMarketingOnly, fmt.Sprintf("the template %q is a %s template, and only marketing templates can be sent through /marketing_messages", c.Send.Template.Name, known), sendThroughMessages)
}

func (c *Case) recipientConflict() bool {
	known := len(c.Facts.Persons)
	return (known == 0 || known < c.Send.names() || c.Send.namesTwice() && !c.who.onePerson(c.Facts)) &&
		c.refuse(RuleRecipientConflict, "`to` and `recipient` are not known to be the same person", "name the person once, in `to` or in `recipient`")
}
