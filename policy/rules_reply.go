package policy

// The rules on one person, for calls and for replies: everything that is no
// template needs an open window and, after an opt-out, one opened by the person
// since.

func (c *Case) callToOptedOut() bool {
	return c.Send.Kind == Call && c.silenced() && c.refuseSilenced()
}

func (c *Case) callPermitted() bool {
	return c.Send.Kind == Call && c.Now < c.person.CallUntil && c.allow(RuleCallPermission, "the user permitted calls from this number")
}

func (c *Case) callNotPermitted() bool {
	return c.Send.Kind == Call && !c.open() &&
		c.refuse(RuleCallNotPermitted, "the user has not permitted calls from this number, and "+c.notOpen(),
			"ask for permission to call while the window is open, or with a template")
}

// untold reports that the person may have opened the window since the backup that the
// store was restored from, and nobody knows.
func (c *Case) untold() bool { return c.untoldOf(c.person) }

func (c *Case) untoldOf(p *PersonFacts) bool {
	return c.Facts.Restored != 0 && p.Opened <= c.Facts.Restored
}

// notOpen says why the window is not open.
func (c *Case) notOpen() string {
	if c.untold() {
		return c.window.unknownReason(c.Facts.Restored)
	}
	return c.window.closedReason()
}

func (c *Case) windowUnknown() bool {
	if c.open() || !c.untold() {
		return false
	}
	if consent := c.consent(Transactional); consent.State == OptedOut {
		return c.refuse(RuleWindowUnknown, c.notOpen()+"; and "+consent.optOut(), "wait until the user writes")
	}
	return c.refuse(RuleWindowUnknown, c.notOpen(), useTemplate)
}

func (c *Case) windowClosed() bool {
	if c.open() {
		return false
	}
	if consent := c.consent(Transactional); consent.State == OptedOut {
		return c.refuse(RuleWindowClosed, c.window.closedReason()+"; and "+consent.optOut(), "wait until the user writes")
	}
	return c.refuse(RuleWindowClosed, c.window.closedReason(), useTemplate)
}

// confirmation lets the one text through that may confirm an opt-out.
func (c *Case) confirmation() bool {
	return c.silenced() && c.mayConfirm() && c.Send.Confirms && c.Facts.Rival == NoRival &&
		c.allow(RuleConfirmation, "one text may confirm the user's opt-out, and this one says so")
}

func (c *Case) stillOptedOut() bool {
	if !c.silenced() {
		return false
	}
	switch mayConfirm := c.mayConfirm(); {
	case mayConfirm && c.Send.Confirms && c.Facts.Rival == SiblingRival:
		return c.refuse(RuleOptedOut, "the user opted out, and another send of this batch is the one message that may confirm it",
			"send one confirmation, and nothing else until the user writes again or opts in")
	case mayConfirm && c.Send.Confirms:
		return c.refuse(RuleOptedOut, "the user opted out, and the one message that may confirm it is being sent by other requests at this moment",
			"send nothing more until the user writes again or opts in")
	case mayConfirm:
		c.refuseSilenced()
		c.decision.Remedy = "send one text that confirms the opt-out and says nothing else, or " + c.decision.Remedy
		return true
	}
	return c.refuseSilenced()
}

func (c *Case) replyWithoutOptIn() bool {
	return c.Policy.RequireInWindowConsent && c.consent(Transactional).State != OptedIn && c.refuseMissing(CategoryService)
}

func (c *Case) windowOpen() bool { return c.allow(RuleWindowOpen, c.window.openReason()) }

// silenced reports that the person opted out and nothing they did since lets a
// reply through. Where replies need an opt-in, only an opt-in does: otherwise
// saying STOP and writing again would open a door that was shut before.
func (c *Case) silenced() bool {
	consent := c.consent(Transactional)
	return consent.State == OptedOut &&
		(c.Policy.RefuseOptedOutReplies || c.Policy.RequireInWindowConsent || !c.person.spokeSince(consent.Since))
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

// refuseSilenced says why a person who opted out may not be answered.
func (c *Case) refuseSilenced() bool {
	consent := c.consent(Transactional)
	out := consent.optOut()
	const untilOptIn = "wait until the user opts in"
	switch {
	case c.Policy.RequireInWindowConsent:
		return c.refuse(RuleOptedOut, out+", and this business answers only people who opted in", untilOptIn)
	case c.Policy.RefuseOptedOutReplies:
		return c.refuse(RuleOptedOut, out+", and this business doesn't answer people who opted out, also if they write again", untilOptIn)
	case c.person.Opened.second() > consent.Since.second():
		return c.refuse(RuleOptedOut, out+"; what they did since is an opt-out itself, or may be one", "wait until the user writes something else or opts in")
	}
	return c.refuse(RuleOptedOut, out+" and has not been in touch since", "wait until the user writes again or opts in")
}

// optOut says in words when the person opted out.
func (c *Consent) optOut() string {
	return "the user opted out at " + c.Since.String() + " (" + string(c.Source) + ")"
}

// mayConfirm reports whether one text may still confirm the person's opt-out.
// Where replies need an opt-in, only a person who once gave it gets one: otherwise
// saying STOP would let a message through that was refused before.
func (c *Case) mayConfirm() bool {
	if c.Policy.RequireInWindowConsent && c.consent(Transactional).LastOptIn == 0 {
		return false
	}
	return c.Send.Type == "text" && !c.person.confirmedOptOut()
}
