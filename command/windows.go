package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

func init() {
	register(definition{
		name:  "windows",
		usage: "[--ending <time>] [--unanswered] [--business <phone_number_id>] [--limit <n>] [--output <format>]",
		short: "Lists customer service windows that end soon, and what it costs to write after that",
		long: `
Lists the customer service windows of a running gateway that end within a time, those
that end first before the others: of whom, when, and whether the business has written
since the person did. What opened a window and asks for no answer, such as a STOP, is
marked. After the end only a template can be sent: LATER is what the cheapest costs
that the account has, for the person's market.

Nobody but Meta and the sender knows a person's number, so that the market is that of
what was sent to them lately; where nothing was, it is that of the business's own
number, and the price has a tilde.`,
		example: `
waguard windows --ending 2h --unanswered
waguard windows --ending 30m --json | jq -r .contact`,
		shape: windowsCommand,
	})
}

func windowsCommand(cmd *cobra.Command) {
	cmd.Flags().Duration("ending", 2*time.Hour, "Those that end within this `time`, at most 24h")
	cmd.Flags().Bool("unanswered", false, "Only those in which the person waits for an answer")
	businessFlag(cmd, "Only this `number` of the business, by its phone_number_id")
	mostFlag(cmd)
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		ending, err := c.flags.GetDuration("ending")
		if err != nil {
			return err
		}
		answer, err := c.client.Windows(ctx, adminapi.WindowSelection{
			PhoneNumberID: c.flags.String("business"), Ending: ending.String(), Unanswered: c.flags.Bool("unanswered"), Limit: c.flags.Int("limit"),
		})
		if err != nil {
			return err
		}
		if err := show(c, &windowsLayout, answer.Windows, nil); err != nil {
			return err
		}
		if answer.More > 0 {
			c.hint("Not listed: %d more windows.", answer.More)
		}
		c.note("Somebody waits for an answer in %d of those that end within %s.", answer.Waiting, shortDuration(ending))
		return nil
	})
}

// shortDuration is a duration as people write it: 2h, not 2h0m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	for _, none := range []string{"0s", "0m"} {
		if short, ok := strings.CutSuffix(text, none); ok && strings.HasSuffix(short, map[string]string{"0s": "m", "0m": "h"}[none]) {
			text = short
		}
	}
	return text
}

var windowsLayout = layout[adminapi.Window]{
	titles: []string{"ENDS", "IN", "BUSINESS", "CONTACT", "OPENED", "ANSWER", "LATER"},
	cells: func(w adminapi.Window) []string {
		business, price := w.Business, "unknown"
		if business == "" {
			business = w.PhoneNumberID
		}
		if w.LaterPrice != nil {
			price = money(w.LaterPrice, w.Currency)
			if w.MarketEstimated {
				price = "~" + price
			}
			price += " (" + string(w.LaterCategory) + ")"
		}
		return []string{
			w.Ends.Format(tableTime), inMinutes(w.EndsIn), business, w.Contact, w.Opened.Format(tableTime), w.Answer, price,
		}
	},
	none: "No windows end in that time.",
}

// inMinutes is a time to go, as tables have it.
func inMinutes(seconds int64) string {
	if seconds < 60 {
		return fmt.Sprintf("%d s", seconds)
	}
	if minutes := seconds / 60; minutes < 120 {
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d h %d min", seconds/3600, seconds/60%60)
}
