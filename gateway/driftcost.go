package gateway

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// categoryUpdate is the kind of account event by which Meta tells of a category.
const categoryUpdate policy.AccountEventKind = "template_category_update"

// Drifted notes that a template has another category, or will have: what that costs is to be
// found out.
func (g *Gateway) Drifted() {
	select {
	case g.Drift <- struct{}{}:
	default: // it is to be found out already, or nobody does
	}
}

// heardOfDrift notes it where one of some events says so.
func (g *Gateway) heardOfDrift(events []policy.Event) {
	for _, e := range events {
		if e, ok := e.(policy.AccountEvent); ok && e.Kind == categoryUpdate {
			g.Drifted()
			return
		}
	}
}

// TellDriftCosts finds out, until the context ends, what it costs a month that templates
// change their category, whenever one does.
func (g *Gateway) TellDriftCosts(ctx context.Context, log *zap.Logger) {
	for {
		if err := g.DriftCosts(ctx, log); err != nil && ctx.Err() == nil {
			log.Warn("what a template's new category costs could not be found out; `waguard templates cost` says it", zap.Error(err))
		}
		select {
		case <-g.Drift:
		case <-ctx.Done():
			return
		}
	}
}

// DriftCosts adds to the newest account event about the category of each template what the
// change costs a month, unless it says so.
func (g *Gateway) DriftCosts(ctx context.Context, log *zap.Logger) error {
	st, err := g.Open()
	if err != nil {
		return err
	}
	newest := make(map[store.Template]*store.AccountEvent)
	for _, kind := range []policy.AccountEventKind{categoryUpdate, policy.TemplateCategoryChanged} {
		f := store.EventFilter{Kind: kind, From: g.now().Add(-TemplateCostDays * 24 * time.Hour), Limit: mostEvents}
		for e, err := range st.AccountEvents(ctx, f) {
			if err != nil {
				return err
			}
			of := store.Template{WABA: e.WABA, Ref: e.Template}
			if known := newest[of]; known == nil || known.At < e.At {
				newest[of] = e
			}
		}
	}
	wabas := make(map[string]bool)
	for of, e := range newest {
		if e.Cost != nil {
			delete(newest, of)
		} else {
			wabas[of.WABA] = true
		}
	}
	var changed []store.KnownTemplate
	for waba := range wabas {
		known, err := st.Templates(ctx, waba, mostTemplates)
		if err != nil {
			return err
		}
		named := make(map[string]bool)
		for of := range newest {
			if of.WABA == waba {
				named[of.Ref.Name] = true
			}
		}
		for i := range known.Templates {
			if t := &known.Templates[i]; named[t.Ref.Name] {
				changed = append(changed, *t)
			}
		}
	}
	costs, err := g.templateCosts(ctx, st, shiftsOf(changed, "", g.now()), false)
	if err != nil {
		return err
	}
	var events []policy.Event
	for i := range costs.Templates {
		c := &costs.Templates[i]
		for _, language := range c.Languages {
			e := newest[store.Template{WABA: c.WABA, Ref: policy.TemplateRef{Name: c.Name, Language: language}}]
			if e == nil {
				continue
			}
			cost := c.monthly()
			events = append(events, policy.DriftCosted{Event: e.AccountEvent, Cost: *cost})
			log.Warn("a template changes its category", zap.String("waba", c.WABA), zap.String("template", c.Name), zap.String("language", language),
				zap.String("before", string(c.Before)), zap.String("now", string(c.Now)), zap.String("a_month", cost.Says))
		}
	}
	if len(events) == 0 {
		return nil
	}
	return g.Learn(ctx, events)
}

// monthly is what the change costs, in few words and as figures.
func (c *TemplateCost) monthly() *policy.CategoryCost {
	cost := new(policy.CategoryCost)
	if len(c.Totals) == 0 {
		cost.Says = fmt.Sprintf("none was delivered in the last %d days", TemplateCostDays)
		return cost
	}
	var says []string
	for i := range c.Totals {
		t := &c.Totals[i]
		if i == 0 {
			*cost = policy.CategoryCost{
				Messages: t.Delivered, Currency: string(t.Currency), Before: policy.Money(t.Before), Now: policy.Money(t.Now), Unpriced: t.UnpricedNow,
			}
		}
		says = append(says, t.says())
	}
	cost.Says = strings.Join(says, ", ")
	return cost
}

// says is what the change costs in one currency.
func (m *TemplateMoney) says() string {
	by := fmt.Sprintf("by %d messages delivered in the last %d days", m.Delivered, TemplateCostDays)
	more, unpriced, ok := m.Difference()
	switch {
	case !ok:
		return "nobody knows what that costs, " + by
	case unpriced > 0:
		by += fmt.Sprintf(", without %d of which nobody knows the price", unpriced)
	}
	how := "more"
	if more < 0 {
		more, how = -more, "less"
	}
	return fmt.Sprintf("about %s %s %s a month, %s", more, m.Currency, how, by)
}
