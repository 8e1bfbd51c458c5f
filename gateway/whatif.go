package gateway

import (
	"fmt"
	"time"

	"github.com/waguard/waguard/billing"
)

// whatIf is what a report is to price by in place of what was charged by; nil for nothing.
func (g *Gateway) whatIf(s *ReportSelection) (*billing.WhatIf, error) {
	if s.Card == "" && s.Rules == "" {
		return nil, nil
	}
	what := new(billing.WhatIf)
	if s.Card != "" {
		if what.Card = g.Cards.Find(s.Card); what.Card == nil {
			return nil, misasked(fmt.Errorf("there is no rate card %q; waguard rates list shows which there are, such as \"USD 2026-10-01\"", s.Card))
		}
	}
	if s.Rules != "" {
		if _, err := time.Parse(time.DateOnly, s.Rules); err != nil {
			return nil, misasked(fmt.Errorf("rules is %q; it must be the day whose rules are meant, such as 2026-10-01", s.Rules))
		}
		what.Rules = new(billing.RulesOn(s.Rules))
	}
	return what, nil
}

// compared says by what a report was priced that says what would have been, and what was.
func compared(what *billing.WhatIf) string {
	by := "the cards of their days"
	if what.Card != nil {
		by = "the card " + what.Card.ID()
	}
	rules := "the rules of their days"
	if what.Rules != nil {
		rules = "the rules that hold since " + what.Rules.From
	}
	return "The cost is what would have been charged by " + by + " and " + rules + ", and not what was."
}
