package policy

import "time"

// Asked is a rule that was asked about a send.
type Asked struct {
	// Doc says in a sentence what the rule is about, Codes are those it decides by.
	Doc   string
	Codes []Rule
	// Person is the place in [Facts.Persons] of whom it was asked about; -1 for a rule
	// about the send itself.
	Person int
	// Decision is what it decided; nil where it left that to the next one.
	Decision *Decision
}

// Explain judges a send as [Decide] does, and lists the rules in the order in which they
// were asked.
func Explain(s *Send, f *Facts, p *Policy, now time.Time) (Decision, []Asked) {
	var asked []Asked
	d := decide(s, f, p, now, func(a Asked) { asked = append(asked, a) })
	return d, asked
}
