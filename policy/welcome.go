package policy

// The first template after a person agreed is the welcome. It is one send, however many
// are under way, and once it has left its time never changes: neither by more opt-ins,
// nor by an opt-out and an opt-in after it.

// WelcomeDue tells the rules for whom the send is the first template since they agreed to
// such messages.
func (f *Facts) WelcomeDue(p *Policy, send *Send, now Moment) {
	c := Case{Send: send, Facts: f, Policy: p, Now: now, Category: CategoryOf(send, f, now)}
	for i := range f.Persons {
		c.person = &f.Persons[i]
		c.person.Unwelcomed = send.Kind == TemplateMessage && !send.Group && c.person.Welcomed == 0 && c.agreed(c.Category.Scope())
		c.person.Welcomed = 0
	}
}

// ForgoWelcome says that the welcome is another send's.
func (f *Facts) ForgoWelcome() {
	for i := range f.Persons {
		f.Persons[i].Unwelcomed = false
	}
}

// welcomes reports that the send, which may leave by an opt-in, is the welcome.
func (c *Case) welcomes() bool {
	return c.decision.Rule == RuleConsent && c.Send.Kind == TemplateMessage && c.Facts.Persons[c.who.meant].Unwelcomed
}

// welcomeOf is the claim on the welcome of a person.
func welcomeOf(contact ContactID) Claim {
	return Claim{Kind: ClaimWelcome, Key: contact, Limit: 1, Left: 1}
}
