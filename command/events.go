package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "events",
		Usage: "[--from <time>] [--to <time>] [--business <phone_number_id>] [--waba <id>] [--kind <kind>] [--severity warning] [--limit <n>] [--json]",
		Short: "Lists what happened to accounts, numbers and templates, newest first",
		Long: `
Lists what Meta told a running gateway about the business's accounts, numbers and
templates (restrictions, alerts, quality, limits, reviews, template decisions), and
what senders changed about webhooks, newest first.

Times are RFC 3339, a date, or an age such as 24h or 7d. --business takes the
events of a number and those of its whole account. --kind is one as it is listed,
which is the webhook field it came in. --severity is the least: info, warning or
critical.

--json prints one JSON object a line. With --before, the id of the last line of
one page gives the next page.`,
		CobraFunc: eventsCommand,
	})
}

func eventsCommand(cmd *cobra.Command) {
	adminFlags(cmd)
	for name, usage := range map[string]string{
		"from": "Oldest time", "to": "Time before which", "business": "Only this phone_number_id and its account", "waba": "Only this WhatsApp Business Account",
		"kind": "Only this kind, such as account_update", "severity": "At least info, warning or critical", "before": "Only those older than this id",
	} {
		cmd.Flags().String(name, "", usage)
	}
	cmd.Flags().Int("limit", 50, "How many at most")
	cmd.Flags().Bool("json", false, "Print one JSON object a line")
	cmd.RunE = asking(func(ctx context.Context, client *adminapi.Client, fl caddycmd.Flags) error {
		p, err := client.Events(ctx, adminapi.EventSelection{
			From: fl.String("from"), To: fl.String("to"), PhoneNumberID: fl.String("business"), WABA: fl.String("waba"),
			Kind: fl.String("kind"), Severity: fl.String("severity"), Before: fl.String("before"), Limit: fl.Int("limit"),
		})
		if err != nil {
			return err
		}
		if fl.Bool("json") {
			return printLines(p.Events)
		}
		return printEvents(os.Stdout, p)
	})
}

func printEvents(out io.Writer, p *adminapi.EventPage) error {
	if len(p.Events) == 0 {
		_, err := fmt.Fprintln(out, "No events.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TIME\tSEVERITY\tKIND\tEVENT\tABOUT\tSENDER\tDETAIL")
	for _, e := range p.Events {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Time.Format(tableTime), e.Severity, e.Kind, e.Name, dash(e.About()), dash(store.SenderAndToken(e.Sender, e.SenderToken)), dash(e.Detail))
	}
	if p.Next != "" {
		fmt.Fprintf(table, "\nMore with --before %s\n", p.Next)
	}
	return table.Flush()
}

// printBesides writes the account events that belong to a list of violations.
func printBesides(out io.Writer, b *adminapi.Besides) error {
	if b == nil {
		return nil
	}
	fmt.Fprintf(out, "\nWhat else happened since %s (waguard events):\n", b.From.Format(tableTime))
	for _, e := range b.Newest {
		fmt.Fprintf(out, "    %s  %s  %s %s, %s", e.Time.Format(tableTime), e.Severity, e.Kind, e.Name, dash(e.About()))
		if e.Detail != "" {
			fmt.Fprintf(out, ": %s", e.Detail)
		}
		fmt.Fprintln(out)
	}
	if more := b.Count - len(b.Newest); more > 0 {
		fmt.Fprintf(out, "    and %d more\n", more)
	}
	return nil
}
