package policy

// followupOpen reports that the send may be the one template to a person who wrote, has
// neither agreed nor said no, and whose window has closed. It goes on with what they
// began, and so needs that replies may. After a restore nobody knows whether it was sent.
func (c *Case) followupOpen() bool {
	if !c.Policy.Followup || c.Policy.RequireInWindowConsent || c.Send.Kind != TemplateMessage || c.Send.Group || c.requests() || c.untold() {
		return false
	}
	if c.person.Opened == 0 || c.open() || c.person.Suspected != 0 || c.consent(c.Category.Scope()).State != ConsentUnknown {
		return false
	}
	for _, s := range AllScopes {
		switch touched := s == Transactional || c.Category == CategoryUnknown; {
		case c.consent(s).State == ConsentPending, touched && c.consent(s).State == OptedOut:
			return false
		}
	}
	return true
}

// followup lets one template of plain text through after the window has closed, until
// the person writes again.
func (c *Case) followup() bool {
	if !c.followupOpen() {
		return false
	}
	const untilThen = "wait until the user writes, or get the user's opt-in and record it with `waguard consent opt-in`"
	t := &c.Facts.Template.Parts
	switch {
	case c.Send.Media || t.Media:
		return c.refuse(RuleFollowupFormat, "the user has not opted in, and the one template that may follow their message has no header of media or a place", "use a template of text alone, without buttons")
	case c.Send.Buttons || t.Buttons:
		return c.refuse(RuleFollowupFormat, "the user has not opted in, and the one template that may follow their message has no buttons", "use a template of text alone, without buttons")
	case c.rival(ClaimFollowup) != NoRival:
		return c.refuse(RuleFollowupLimit, "the user has not opted in, and the one template that may follow their message is being sent by others at this moment", untilThen)
	case c.followedUp():
		return c.refuse(RuleFollowupLimit, "the user has not opted in, and the one template that may follow their message of "+c.window.Opened.String()+" has been sent", untilThen)
	}
	doubt := ""
	if !t.Known {
		doubt = "; whether the template has buttons is not known, since no list of templates with their components was seen"
	}
	return c.allow(RuleFollowup, "the user was in touch at "+c.window.Opened.String()+", the window has closed, and this is the one template that may follow"+doubt)
}

// followedUp reports that the person got the one template since they last wrote.
func (c *Case) followedUp() bool {
	for _, s := range c.person.Sent {
		if s.Kind == SentFollowup && s.At > c.person.Opened {
			return true
		}
	}
	return false
}

// takesFollowup is the claim of the one template.
func (c *Case) takesFollowup() Claim {
	left := 1
	if c.followedUp() {
		left = 0
	}
	return Claim{Kind: ClaimFollowup, Key: c.person.Contact, Limit: 1, Scope: c.Category.Scope(), Left: left}
}

// appendSent are the sends of a relation that count for the number of a fold. The one
// template after a window follows the window of its own number, and so does the rate of a
// pair.
func appendSent(list []Sent, r *Relation, fold *Fold) []Sent {
	for _, s := range r.Sent {
		if s.Kind != SentFollowup && s.Kind != SentToPair || r.PhoneNumberID == fold.PhoneNumberID {
			list = append(list, s)
		}
	}
	return list
}
