package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

var unseenLayout = layout[adminapi.UnseenRow]{
	titles: []string{"DAY", "CATEGORY", "PRICE TYPE", "MESSAGES", "DELIVERED", "FAILED", "BILLABLE"},
	cells: func(r adminapi.UnseenRow) []string {
		return []string{r.Day, dash(r.Category), dash(r.PriceType), fmt.Sprint(r.Messages), fmt.Sprint(r.Delivered), fmt.Sprint(r.Failed), fmt.Sprint(r.Billable)}
	},
	none: "Statuses told of no message that the gateway never saw.",
}

func unseenCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "unseen", Short: "Counts messages that statuses told of, and that the gateway never saw", Long: indented(`
Meta tells the webhook of every message of a number, also of those that somebody sends past
the gateway. They are in no report and no budget. unseen counts them by day of delivery,
category and price type, in Meta's words, and says how many Meta charges for.

A message counts two hours after its status. Whose number it was isn't known any more: the
store has Meta's ids of messages as keyed pseudonyms alone.`), Example: indented(`
waguard ledger unseen --month 2026-10
waguard ledger unseen --from 7d --json`)}
	periodFlags(cmd, "")
	monthFlag(cmd)
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		from, to, err := period(c)
		if err != nil {
			return err
		}
		r, err := c.client.Unseen(ctx, adminapi.UnseenSelection{From: from, To: to, Month: c.flags.String("month")})
		if err != nil {
			return err
		}
		if err := show(c, &unseenLayout, r.Rows, nil); err != nil {
			return err
		}
		if len(r.Rows) > 0 {
			c.note("Days in %s, statuses until %s.", r.TimeZone, r.Until.UTC().Format(tableTime))
		}
		return nil
	})
	return cmd
}
