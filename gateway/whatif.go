package gateway

import (
	"context"
	"fmt"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/store"
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

// compare adds to a report of what would have been what was.
func (g *Gateway) compare(ctx context.Context, st store.Store, q *billing.Question, p *period, report *billing.Report) error {
	asWas := *q
	asWas.By, asWas.If = nil, nil
	was, err := asWas.NewReport(g.lines(ctx, st, &asWas, p))
	if err != nil {
		return err
	}
	for i := range report.Totals {
		total := &report.Totals[i]
		total.Was = new(billing.Amount)
		for _, t := range was.Totals {
			if t.Currency != total.Currency {
				continue
			}
			total.WasUnpriced = t.Unpriced
			if cost, ok := t.Cost(); ok {
				*total.Was = cost
			} else {
				total.Was = nil
			}
		}
	}
	by := "the cards of their days"
	if q.If.Card != nil {
		by = "the card " + q.If.Card.ID()
	}
	rules := "the rules of their days"
	if q.If.Rules != nil {
		rules = "the rules that hold since " + q.If.Rules.From
	}
	report.Notes = append(report.Notes, "The cost is what would have been charged by "+by+" and "+rules+", and not what was.")
	return nil
}
