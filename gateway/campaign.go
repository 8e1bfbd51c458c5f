package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// CampaignOf says whether marketing of a business phone number is switched off.
type CampaignOf struct {
	PhoneNumberID, Business string
	// Off: it is, for Causes; what of them the business's campaign_switch_off leaves out is
	// not among them.
	Off    bool
	Causes []policy.CampaignTurns
}

// CampaignTurn is what an operator does to the switch.
type CampaignTurn struct {
	PhoneNumberID string
	Off           bool
	// Reason says why, Actor who does it.
	Reason, Actor string
}

// Campaigns says of every business phone number that is known, or of one, whether its
// marketing is switched off.
func (g *Gateway) Campaigns(ctx context.Context, phoneNumberID string) ([]CampaignOf, error) {
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	ids := map[string]struct{}{}
	if phoneNumberID != "" {
		if phoneNumberID, err = g.businessNamed(ctx, phoneNumberID); err != nil {
			return nil, err
		}
		ids[phoneNumberID] = struct{}{}
	} else {
		for id := range g.Businesses.Listed {
			ids[id] = struct{}{}
		}
		told, err := st.Numbers(ctx)
		if err != nil {
			return nil, err
		}
		for id := range told {
			if _, served := g.Businesses.Of(id); served {
				ids[id] = struct{}{}
			}
		}
	}
	list := make([]CampaignOf, 0, len(ids))
	for id := range ids {
		one, err := g.campaign(ctx, st, id)
		if err != nil {
			return nil, err
		}
		list = append(list, *one)
	}
	slices.SortFunc(list, func(a, b CampaignOf) int {
		return cmp.Or(strings.Compare(a.Business, b.Business), strings.Compare(a.PhoneNumberID, b.PhoneNumberID))
	})
	return list, nil
}

// campaign is how the switch of one number stands.
func (g *Gateway) campaign(ctx context.Context, st store.Store, id string) (*CampaignOf, error) {
	of := &CampaignOf{PhoneNumberID: id}
	waba, noSwitchOff := "", false
	if b, ok := g.Businesses.Of(id); ok {
		of.Business, waba, noSwitchOff = b.Name, b.WABA, b.Policy.NoSwitchOff
	}
	known, err := st.Campaign(ctx, id, waba)
	if err != nil {
		return nil, err
	}
	for _, t := range known.Off(g.now()) {
		if !noSwitchOff || t.Cause == policy.CauseOperator {
			of.Causes = append(of.Causes, t)
		}
	}
	of.Off = len(of.Causes) > 0
	return of, nil
}

// SwitchCampaign switches marketing of a business phone number off or on, and says how it
// stands then.
func (g *Gateway) SwitchCampaign(ctx context.Context, turn CampaignTurn) (*CampaignOf, error) {
	turn.Reason = strings.TrimSpace(turn.Reason)
	switch {
	case turn.PhoneNumberID == "":
		return nil, misasked(errors.New("phone_number_id is missing: whose marketing it is"))
	case len(turn.Reason) > longestReason:
		return nil, misasked(fmt.Errorf("reason is a few words of at most %d bytes", longestReason))
	}
	id, err := g.businessNamed(ctx, turn.PhoneNumberID)
	if err != nil {
		return nil, err
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	waba := ""
	if b, ok := g.Businesses.Of(id); ok {
		waba = b.WABA
	}
	known, err := st.Campaign(ctx, id, waba)
	if err != nil {
		return nil, err
	}
	says := "switched by " + turn.Actor
	if turn.Reason != "" {
		says += " (" + turn.Reason + ")"
	}
	at := max(g.now(), known.Newest()+1) // whatever the clocks say, it is the newest turn
	name, severity := "ON", policy.Info
	if turn.Off {
		name, severity = "OFF", policy.Warning
	}
	err = g.Learn(ctx, []policy.Event{
		policy.CampaignSwitched{PhoneNumberID: id, Cause: policy.CauseOperator, Off: turn.Off, Switch: policy.Switch{At: at, Says: says}},
		policy.AccountEvent{At: at, WABA: waba, PhoneNumberID: id, Kind: policy.CampaignSwitch, Name: name, Detail: says, Severity: severity},
	})
	if err != nil {
		return nil, unrecorded(err)
	}
	return g.campaign(ctx, st, id)
}
