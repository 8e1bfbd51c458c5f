package command

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
)

func init() {
	register(definition{
		name:  "report",
		usage: "[--from <time>] [--to <time>] [--business <phone_number_id>] [--message-class notification] [--output <format>]",
		short: "Counts sends by day, category and decision",
		long: `
Counts the sends in the ledger of a running gateway by day, business, category,
decision and market. The category is Meta's where a status webhook has told it,
else the estimate of the day of the send. Default: the last 30 days.

Days are those of the time zone of the business's WhatsApp Business Account
(time_zone, UTC by default), as Meta bills; so are --from and --to that are dates.

--message-class notification counts only the templates that met no open customer
service window, sent or refused: what policies call push notifications.`,
		example: `
waguard report --from 7d
waguard report --from 2026-11-01 --to 2026-12-01 --output csv > november.csv
waguard report --message-class notification`,
		shape: reportCommand,
	})
}

var reportRows = layout[billing.Row]{
	titles: []string{"DAY", "BUSINESS", "CATEGORY", "DECISION", "MARKET", "SENDS", "ACCEPTED", "DELIVERED", "FAILED", "UNKNOWN", "BILLABLE"},
	cells: func(r billing.Row) []string {
		market := r.Market
		if r.MarketEstimated {
			market += " (estimated)"
		}
		return append([]string{r.Day, cmp.Or(r.Business, r.PhoneNumberID), r.Category, r.Decision, market}, countCells(&r.Counts)...)
	},
	none: "No sends.",
}

func countCells(c *billing.Counts) (cells []string) {
	for _, n := range []int{c.Sends, c.Accepted, c.Delivered, c.Failed, c.Unknown, c.Billable} {
		cells = append(cells, fmt.Sprint(n))
	}
	return cells
}

func reportCommand(cmd *cobra.Command) {
	periodFlags(cmd, "30d")
	businessFlag(cmd, "Only this `number` of the business, by its phone_number_id")
	choiceFlag(cmd, "message-class", "Only this `class` of messages: notification", []string{billing.Notification})
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		from, to, err := period(c)
		if err != nil {
			return err
		}
		report, err := c.client.Report(ctx, adminapi.ReportSelection{
			Selection:    adminapi.Selection{From: from, To: to, PhoneNumberID: c.flags.String("business")},
			MessageClass: c.flags.String("message-class"),
		})
		if err != nil {
			return err
		}
		total := append([]string{"total", "", "", "", ""}, countCells(&report.Total)...)
		if err := show(c, &reportRows, report.Rows, total); err != nil {
			return err
		}
		if len(report.Rows) > 0 {
			c.note("%s", daysOf(report))
		}
		return nil
	})
}

// daysOf says whose days a report counts by.
func daysOf(report *billing.Report) string {
	var zones, businesses []string
	for _, r := range report.Rows {
		if in := dash(cmp.Or(r.Business, r.PhoneNumberID)) + " in " + r.TimeZone; !slices.Contains(businesses, in) {
			businesses = append(businesses, in)
		}
		if !slices.Contains(zones, r.TimeZone) {
			zones = append(zones, r.TimeZone)
		}
	}
	if len(zones) == 1 {
		return "Days in " + zones[0] + "."
	}
	return "Days of " + strings.Join(businesses, ", ") + "."
}
