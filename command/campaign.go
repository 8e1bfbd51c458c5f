package command

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

func init() {
	register(definition{
		name:  "campaign",
		usage: "<command>",
		short: "Says what a campaign would cost, and switches marketing of a business phone number off and on",
		long: `
Marketing of a number is switched off by itself when Meta says that its messages are a
nuisance (see campaign_switch_off), or by hand. Marketing templates are refused then,
with the reason; utility and authentication templates and replies go on.`,
		example: `
waguard campaign status
waguard campaign off --phone-number-id 104455667788 --reason "wrong price in the offer"
waguard campaign on --phone-number-id 104455667788
waguard campaign cost --phone-number-id 104455667788 --template sale --language en --to customers.csv`,
		shape: func(cmd *cobra.Command) {
			group(cmd, campaignTurn("off"), campaignTurn("on"), campaignStatus(), campaignCost())
		},
	})
}

var campaigns = layout[adminapi.Campaign]{
	titles: []string{"NUMBER ID", "BUSINESS", "MARKETING", "SINCE", "UNTIL", "CAUSE", "REASON"},
	cells: func(c adminapi.Campaign) []string {
		since, until := "", ""
		if c.Since != nil {
			since = c.Since.Format(tableTime)
		}
		if c.Until != nil {
			until = c.Until.Format(tableTime)
		}
		return []string{c.PhoneNumberID, c.Business, c.Campaign, since, until, string(c.Cause), strings.TrimSpace(c.Reason)}
	},
	none: "No business phone numbers yet: none is configured, and no webhook has told of one.",
}

func campaignTurn(which string) *cobra.Command {
	route, short := adminapi.RouteCampaignOn, "Switches marketing of a business phone number on, whatever switched it off"
	if which == "off" {
		route, short = adminapi.RouteCampaignOff, "Switches marketing of a business phone number off"
	}
	cmd := &cobra.Command{Use: which, Short: short, Example: indented(`
waguard campaign ` + which + ` --phone-number-id 104455667788 --reason "..."`)}
	cmd.Flags().String("phone-number-id", "", "Of which `number` of the business, by its phone_number_id or name")
	cmd.Flags().String("reason", "", "`Why`, in a few words; senders are told")
	cmd.Flags().String("actor", osUser(), "The `name` of who does it, where the gateway can't tell by itself")
	required(cmd, "phone-number-id")
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		of, err := c.client.SwitchCampaign(ctx, route, adminapi.CampaignTurn{
			PhoneNumberID: c.flags.String("phone-number-id"), Reason: c.flags.String("reason"), Actor: c.flags.String("actor"),
		})
		if err != nil {
			return err
		}
		return show(c, &campaigns, []adminapi.Campaign{*of}, nil)
	})
	return cmd
}

func campaignStatus() *cobra.Command {
	cmd := &cobra.Command{Use: "status", Short: "Lists whether marketing of the business phone numbers is switched off, and why", Example: indented(`
waguard campaign status
waguard campaign status --json | jq 'select(.campaign == "off")'`)}
	cmd.Flags().String("phone-number-id", "", "Only this `number` of the business, by its phone_number_id or name")
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		answer, err := c.client.Campaigns(ctx, c.flags.String("phone-number-id"))
		if err != nil {
			return err
		}
		return show(c, &campaigns, answer.Campaigns, nil)
	})
	return cmd
}
