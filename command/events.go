package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func init() {
	register(definition{
		name:  "events",
		usage: "[--from <time>] [--to <time>] [--business <phone_number_id>] [--waba <id>] [--kind <kind>] [--severity <least>] [--limit <n>] [--output <format>]",
		short: "Lists what happened to accounts, numbers and templates, newest first",
		long: `
Lists what Meta told a running gateway about the business's accounts, numbers and
templates (restrictions, alerts, quality, limits, reviews, template decisions), and
what senders changed about webhooks, newest first.

Times are RFC 3339, a date, or an age such as 24h or 7d. --business takes the
events of a number and those of its whole account. --kind is one as it is listed,
which is the webhook field it came in. --severity is the least: info, warning or
critical.

With --before, the id of the last line of one page gives the next page.`,
		example: `
waguard events --severity warning --from 7d
waguard events --kind phone_number_quality_update
waguard events --json`,
		shape: eventsCommand,
	})
}

var accountEvents = layout[*adminapi.EventLine]{
	titles: []string{"TIME", "SEVERITY", "KIND", "EVENT", "ABOUT", "SENDER", "DETAIL"},
	cells: func(e *adminapi.EventLine) []string {
		return []string{
			e.Time.Format(tableTime), e.Severity.String(), string(e.Kind), e.Name, e.About(), store.SenderAndToken(e.Sender, e.SenderToken), e.Detail,
		}
	},
	none: "No events.",
}

func eventsCommand(cmd *cobra.Command) {
	periodFlags(cmd, "")
	businessFlag(cmd, "Only this `number` of the business, by its phone_number_id, and its account")
	cmd.Flags().String("waba", "", "Only this WhatsApp Business Account, by its `id`")
	cmd.Flags().String("kind", "", "Only this `kind`, such as account_update")
	choiceFlag(cmd, "severity", "At `least` info, warning or critical", []string{policy.Info.String(), policy.Warning.String(), policy.Critical.String()})
	limitFlag(cmd)
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		from, to, err := period(c)
		if err != nil {
			return err
		}
		p, err := c.client.Events(ctx, adminapi.EventSelection{
			From: from, To: to, PhoneNumberID: c.flags.String("business"), WABA: c.flags.String("waba"),
			Kind: c.flags.String("kind"), Severity: c.flags.String("severity"), Before: c.flags.String("before"), Limit: c.flags.Int("limit"),
		})
		if err != nil {
			return err
		}
		if err := show(c, &accountEvents, p.Events, nil); err != nil {
			return err
		}
		c.more(p.Next)
		return nil
	})
}

// besides tells of the account events that belong to a list of violations.
func (c *call) besides(b *adminapi.Besides) {
	if b == nil {
		return
	}
	var said strings.Builder
	fmt.Fprintf(&said, "What else happened since %s (waguard events):", b.From.Format(tableTime))
	for _, e := range b.Newest {
		fmt.Fprintf(&said, "\n    %s  %s  %s %s, %s", e.Time.Format(tableTime), e.Severity, e.Kind, e.Name, dash(e.About()))
		if e.Detail != "" {
			said.WriteString(": " + e.Detail)
		}
	}
	if more := b.Count - len(b.Newest); more > 0 {
		fmt.Fprintf(&said, "\n    and %d more", more)
	}
	c.note("%s", said.String())
}
