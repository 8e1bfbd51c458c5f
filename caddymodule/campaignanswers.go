package caddymodule

import (
	"context"
	"net/http"

	"go.uber.org/zap"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

// What operators are answered about switched-off marketing.

func campaignsOf(ctx context.Context, g *gateway.Gateway, s *adminapi.CampaignSelection) (*adminapi.Campaigns, error) {
	list, err := g.Campaigns(ctx, s.PhoneNumberID)
	if err != nil {
		return nil, err
	}
	answer := &adminapi.Campaigns{Campaigns: []adminapi.Campaign{}}
	for i := range list {
		answer.Campaigns = append(answer.Campaigns, campaignAnswer(&list[i]))
	}
	return answer, nil
}

func campaignAnswer(of *gateway.CampaignOf) adminapi.Campaign {
	a := adminapi.Campaign{PhoneNumberID: of.PhoneNumberID, Business: of.Business, Campaign: onOrOff[0], Causes: len(of.Causes)}
	if !of.Off {
		return a
	}
	newest := of.Causes[0]
	for _, t := range of.Causes {
		if t.Off.At > newest.Off.At {
			newest = t
		}
	}
	a.Campaign, a.Cause, a.Since, a.Reason = onOrOff[1], newest.Cause, new(newest.Off.At.Time()), newest.Off.Says
	if newest.Off.Until != 0 {
		a.Until = new(newest.Off.Until.Time())
	}
	return a
}

// switchCampaign switches marketing of a number off, or on.
func switchCampaign(off bool) adminHandle {
	return withPeer(func(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
		var request adminapi.CampaignTurn
		if err := adminapi.ReadRequest(r, &request); err != nil {
			return adminFailure(err)
		}
		actor := actorOf(r, st, request.Actor)
		of, err := a.gateway.SwitchCampaign(r.Context(), gateway.CampaignTurn{PhoneNumberID: request.PhoneNumberID, Off: off, Reason: request.Reason, Actor: actor})
		if err != nil {
			return adminFailure(err)
		}
		a.logger.Warn("marketing of a number was switched", zap.Bool("off", off), zap.String("phone_number_id", of.PhoneNumberID), zap.String("actor", actor))
		return jsonAnswer(w, campaignAnswer(of))
	})
}
