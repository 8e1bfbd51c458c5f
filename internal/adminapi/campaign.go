package adminapi

import (
	"context"
	"time"

	"github.com/waguard/waguard/policy"
)

// CampaignSelection is what the route over switches takes.
type CampaignSelection struct {
	PhoneNumberID string `json:"phone_number_id,omitempty"`
}

// CampaignTurn is what the routes take that switch marketing of a business phone number.
type CampaignTurn struct {
	PhoneNumberID string `json:"phone_number_id"`
	// Reason says why in a few words; it is told to senders.
	Reason string `json:"reason,omitempty"`
	// Actor is who does it, where the gateway can't tell by itself.
	Actor string `json:"actor,omitempty"`
}

// Campaigns say of business phone numbers whether their marketing is switched off.
type Campaigns struct {
	Campaigns []Campaign `json:"campaigns"`
}

// Campaign says whether marketing of a business phone number is switched off.
type Campaign struct {
	PhoneNumberID string `json:"phone_number_id"`
	Business      string `json:"business,omitempty"`
	// Campaign is on or off. The rest is about the newest of what switched it off.
	Campaign string `json:"campaign"`
	// Cause is operator, error, restriction, disabled or quality.
	Cause  policy.CampaignCause `json:"cause,omitempty"`
	Since  *time.Time           `json:"since,omitempty"`
	Until  *time.Time           `json:"until,omitempty"`
	Reason string               `json:"reason,omitempty"`
	// Causes is how many things switched it off that still count.
	Causes int `json:"causes,omitempty"`
}

// Campaigns lists how the switches stand, of all numbers or one.
func (c *Client) Campaigns(ctx context.Context, phoneNumberID string) (*Campaigns, error) {
	answer := new(Campaigns)
	return answer, c.ask(ctx, RouteCampaigns, CampaignSelection{PhoneNumberID: phoneNumberID}, answer)
}

// SwitchCampaign switches marketing of a number, by RouteCampaignOn or RouteCampaignOff.
func (c *Client) SwitchCampaign(ctx context.Context, route Route, t CampaignTurn) (*Campaign, error) {
	answer := new(Campaign)
	return answer, c.ask(ctx, route, t, answer)
}
