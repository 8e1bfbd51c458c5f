package gateway

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/waguard/waguard/lab"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// ShadowSelection selects what policies on trial said. Its zero value is the last day.
type ShadowSelection struct {
	From, To, PhoneNumberID string
	// Name is a shadow's; "" for all.
	Name string
	// Examples is how many are given of each way in which answers differ.
	Examples int
}

// ShadowReport is how often policies on trial answered otherwise in a period.
type ShadowReport struct {
	From, To policy.Moment
	// Oldest is when the oldest send looked at was decided; zero where there is none. Cut:
	// there were more, and those before are not looked at.
	Oldest  policy.Moment
	Cut     bool
	Shadows []ShadowState
}

// ShadowState is a policy on trial, and what it said.
type ShadowState struct {
	Name string
	// Configured: it judges now. Share is for whom it is enforced, Differences are the
	// options in which it differs from what is enforced, by number.
	Configured  bool
	Share       Share
	Differences []PolicyDifference
	// Enforced are the sends that it decided about.
	Enforced int
	// Unlooked are the sends with another answer of which nobody looked what they cost: that
	// is done for the newest 20,000.
	Unlooked int
	*lab.Comparison
}

// mostPriced is for how many sends at most it is looked what they cost: each look reads an
// entry of the ledger.
const mostPriced = 20_000

// Shadows says how often policies on trial answered otherwise than what was enforced.
func (g *Gateway) Shadows(ctx context.Context, asked *ShadowSelection) (*ShadowReport, error) {
	f, st, err := g.compared(ctx, asked.From, asked.To, asked.PhoneNumberID, "24h", asked.Examples)
	if err != nil {
		return nil, err
	}
	g.counting.Lock()
	defer g.counting.Unlock()
	return g.shadows(ctx, st, f, asked, mostCounted, mostPriced)
}

// shadows looks at the newest sends of a period, and at what so many of those cost of which the
// answers differ.
func (g *Gateway) shadows(ctx context.Context, st store.Store, f store.Filter, asked *ShadowSelection, most, looks int) (*ShadowReport, error) {
	report := &ShadowReport{From: f.From, To: f.To}
	states, counters := g.configuredShadows(f.PhoneNumberID), make(map[string]*lab.Counter)
	looked := 0
	for h, err := range st.Heads(ctx, store.Ledger, f) {
		if err != nil {
			return nil, lookup(err)
		}
		if looked == most {
			report.Cut = true
			break
		}
		looked++
		report.Oldest = h.ID.Moment()
		sh := h.Shadow
		if sh == nil || asked.Name != "" && sh.Name != asked.Name {
			continue
		}
		if states[sh.Name] == nil {
			states[sh.Name] = &ShadowState{Name: sh.Name}
		}
		if sh.Enforced {
			states[sh.Name].Enforced++
		}
		if counters[sh.Name] == nil {
			counters[sh.Name] = lab.NewCounter(asked.Examples)
		}
		compared := comparedByShadow(h)
		if change := compared.Change(); change != lab.Same && change != lab.Untold {
			if looks > 0 {
				looks--
				err = costOf(ctx, st, h, compared)
			} else {
				states[sh.Name].Unlooked++
			}
		}
		if err == nil {
			err = counters[sh.Name].Add(compared)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for name, state := range states {
		if asked.Name != "" && name != asked.Name {
			continue
		}
		if counters[name] == nil {
			counters[name] = lab.NewCounter(0)
		}
		state.Comparison = counters[name].Comparison()
		report.Shadows = append(report.Shadows, *state)
	}
	slices.SortFunc(report.Shadows, func(a, b ShadowState) int { return strings.Compare(a.Name, b.Name) })
	return report, nil
}

// configuredShadows are those that judge now, for one business phone number or for all ("").
func (g *Gateway) configuredShadows(phoneNumberID string) map[string]*ShadowState {
	states := make(map[string]*ShadowState)
	add := func(id string, b *Business) {
		sh := b.Shadow
		if sh == nil {
			return
		}
		if states[sh.Name] == nil {
			states[sh.Name] = &ShadowState{Name: sh.Name, Configured: true}
		}
		state := states[sh.Name]
		state.Share = max(state.Share, sh.Share)
		if options := b.Policy.Differences(&sh.Policy); len(options) > 0 {
			state.Differences = append(state.Differences, PolicyDifference{id, options})
		}
	}
	if phoneNumberID != "" {
		if b, served := g.Businesses.Of(phoneNumberID); served {
			add(phoneNumberID, b)
		}
		return states
	}
	for id, b := range g.Businesses.Listed {
		add(id, b)
	}
	if g.Businesses.Others != nil {
		add(store.AllOthers, g.Businesses.Others)
	}
	for _, state := range states {
		slices.SortFunc(state.Differences, func(a, b PolicyDifference) int { return strings.Compare(a.PhoneNumberID, b.PhoneNumberID) })
	}
	return states
}

// ShadowChange is how the answer of a policy on trial compares with that of the other one,
// whichever of them decided about an entry that has one.
func ShadowChange(e *store.Entry) lab.Change {
	s := shadowed(e.Shadow, lab.AnswerOf(&e.Decision, false))
	return s.Change()
}

// shadowed is a send with both answers, of which one decided.
func shadowed(sh *store.Shadow, decided lab.Answer) *lab.Send {
	s := &lab.Send{From: decided, To: decided}
	other := lab.Answer{Effect: string(sh.Verdict), Rule: sh.Rule, RuleID: sh.RuleID}
	switch {
	case sh.Failed:
		s.Missing = []policy.Missing{policy.MissingFailed}
	case sh.Missing != "":
		s.Missing = []policy.Missing{sh.Missing}
	case sh.Differs() && sh.Enforced:
		s.From = other
	case sh.Differs():
		s.To = other
	}
	return s
}

// comparedByShadow is a send with what the policy on trial says of it, and what the other one
// does, whichever of them decided.
func comparedByShadow(h *store.Head) *lab.Send {
	s := shadowed(h.Shadow, lab.Answer{Effect: string(h.Verdict), Rule: h.DecidedBy, RuleID: h.RuleID})
	s.ID, s.At, s.PhoneNumberID, s.Contact = h.ID.String(), h.ID.Moment().Time(), h.PhoneNumberID, h.Contact
	s.Kind, s.Template, s.Language = h.Type, h.Template.Name, h.Template.Language
	if h.Kind == policy.TemplateMessage {
		s.Kind = "template"
	}
	return s
}

// costOf looks up what a send costs.
func costOf(ctx context.Context, st store.Store, h *store.Head, s *lab.Send) error {
	e, err := st.Entry(ctx, h.ID)
	switch {
	case errors.Is(err, store.ErrNotFound): // its time has come meanwhile
		return nil
	case err != nil:
		return lookup(err)
	}
	s.Category, s.Price = e.Category(), e.Price
	s.Went = e.Outcome.State == store.Accepted || e.Outcome.State == store.Unknown || e.Outcome.State == store.Reserved
	if h.Shadow.Enforced { // what the other policy had let leave would have been sent
		s.Went = true
	}
	return nil
}
