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
		name:  "numbers",
		usage: "[--output <format>]",
		short: "Lists the business phone numbers: mode, open windows, last webhook and send, quality",
		long: `
Lists the business phone numbers of a running gateway: those of its configuration,
those that webhooks told of, and those that sent lately. For each there is its mode,
with how many people the customer service window is open, when the newest webhook
came, how often it sent in the last 7 days, and the newest word of Meta's on its
quality and limit.

A number that has sent for a day without a webhook is marked: nobody hears a STOP.
With very many people the open windows are estimated from a part of them, and
written with a tilde.`,
		example: `
waguard numbers
waguard numbers --json | jq 'select(.silent)'`,
		shape: numbersCommand,
	})
}

func numbersCommand(cmd *cobra.Command) {
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		n, err := c.client.Numbers(ctx)
		if err != nil {
			return err
		}
		if err := show(c, numbersLayout(n), n.Numbers, nil); err != nil {
			return err
		}
		c.note("Sent: since %s.", n.SendsSince.Format(tableTime))
		return nil
	})
}

func numbersLayout(n *adminapi.Numbers) *layout[adminapi.Number] {
	about, now := "", n.Time
	if n.WindowsEstimated {
		about = "~"
	}
	return &layout[adminapi.Number]{
		titles: []string{"NUMBER ID", "BUSINESS", "NUMBER", "ACCOUNT", "MODE", "OPEN WINDOWS", "LAST WEBHOOK", "SENT", "LAST SENT", "QUALITY", "NOTE"},
		cells: func(b adminapi.Number) []string {
			number, quality := b.Number, ""
			if number != "" {
				number = "+" + number
			}
			if b.Quality != nil {
				quality = strings.TrimSuffix(b.Quality.Name+" ("+b.Quality.Detail+")", " ()")
			}
			return []string{
				b.PhoneNumberID, b.Business, number, b.WABA, b.Mode, fmt.Sprint(about, b.OpenWindows), ago(b.LastWebhook, now), fmt.Sprint(b.Sends), ago(b.LastSend, now),
				quality, numberNote(&b),
			}
		},
		none: "No business phone numbers yet: none is configured, and no webhook has told of one.",
	}
}

func numberNote(b *adminapi.Number) string {
	switch {
	case b.Silent:
		return "sends and gets no webhooks: see waguard doctor"
	case b.Mode == "not_served":
		return "its sends are refused: it has no business block"
	}
	return ""
}

// ago is how long ago something was; "" for never.
func ago(at *time.Time, now time.Time) string {
	if at == nil {
		return ""
	}
	switch d := now.Sub(*at); {
	case d < 0:
		return at.Format(tableTime) // by another clock
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	}
}
