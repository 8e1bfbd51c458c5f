package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

func init() {
	const usage = "[--from <time>] [--to <time>] [--rule <rule>] [--business <phone_number_id>] [--sender <sender>] [--contact <number>] [--limit <n>] [--follow | --group-by <what>] [--json]"
	const common = `
Times are RFC 3339, a date, or an age such as 24h or 7d. A date begins at midnight
in the time zone of the business (time_zone), if all that are asked for have the
same one; else in UTC. Contacts are shown by pseudonym; --contact finds those of
one phone number (with plus and country code) or user id. --sender takes a sender
as it is listed, or the fingerprint of its access token, in brackets behind it.

--follow goes on listing what comes, oldest first, until Ctrl-C.

--group-by rule, sender, business, template or day counts instead of listing, and
compares with the time of equal length before. Default: the last 7 days.

--json prints one JSON object a line. With --before, the id of the last line of
one page gives the next page.`
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "violations",
		Usage: usage,
		Short: "Lists the sends that were refused, newest first",
		Long: `
Lists the sends a running gateway has refused, and in monitor mode those it
would have refused, newest first, and below them the restrictions and other
account events of the time.
` + common,
		CobraFunc: listCommand(adminapi.Violations, printViolations),
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "ledger",
		Usage: strings.Replace(usage, "[--limit", "[--outcome <outcome>] [--limit", 1),
		Short: "Lists all sends, newest first",
		Long: `
Lists all sends a running gateway has seen, allowed and refused, newest first, with
what became of them: refused, accepted or rejected by Meta, not_sent, unknown, or
how far the message got.
` + common,
		CobraFunc: listCommand(adminapi.Ledger, printLedger),
	})
}

// layout is how entries are shown as a table: its titles, and the cells of one.
type layout struct {
	titles []string
	cells  func(*adminapi.Line) []string
	// reasons is whether each line has the reason below it.
	reasons bool
	none    string
}

var printViolations = layout{
	titles: []string{"TIME", "DECISION", "RULE", "BUSINESS", "SENDER", "CONTACT", "MESSAGE"},
	cells: func(l *adminapi.Line) []string {
		return []string{
			l.Time.Format(tableTime), l.Decision, string(l.Rule), cmp.Or(l.Business, l.PhoneNumberID), store.SenderAndToken(l.Sender, l.SenderToken), short(l.Contact), l.Message(),
		}
	},
	reasons: true,
	none:    "No violations.",
}

var printLedger = layout{
	titles: []string{"TIME", "DECISION", "RULE", "CATEGORY", "OUTCOME", "BUSINESS", "SENDER", "CONTACT", "MESSAGE"},
	cells: func(l *adminapi.Line) []string {
		return []string{
			l.Time.Format(tableTime), l.Decision, string(l.Rule), string(cmp.Or(l.Billed, l.Category)), l.Result(),
			cmp.Or(l.Business, l.PhoneNumberID), store.SenderAndToken(l.Sender, l.SenderToken), short(l.Contact), l.Message(),
		}
	},
	none: "No sends.",
}

// listCommand is the command that shows a list of sends.
func listCommand(list adminapi.List, how layout) func(*cobra.Command) {
	return func(cmd *cobra.Command) {
		adminFlags(cmd)
		for name, usage := range map[string]string{
			"from": "Oldest time", "to": "Time before which", "rule": "Only this rule, such as WINDOW_CLOSED",
			"business": "Only this phone_number_id", "category": "Only this category", "contact": "Only this person", "before": "Only those older than this id",
			"sender": "Only this sender, or this fingerprint of an access token", "template": "Only this template, by its name",
			"outcome":  "Only what became this: refused, reserved, accepted, rejected, not_sent or unknown",
			"group-by": "Count by rule, sender, business, template or day",
		} {
			cmd.Flags().String(name, "", usage)
		}
		cmd.Flags().Int("limit", 50, "How many at most")
		cmd.Flags().Bool("follow", false, "Go on until Ctrl-C, oldest first")
		cmd.Flags().Duration("interval", time.Second, "How often to look, with --follow")
		cmd.Flags().Bool("json", false, "Print one JSON object a line")
		cmd.RunE = asking(func(ctx context.Context, client *adminapi.Client, fl caddycmd.Flags) error {
			s := adminapi.Selection{
				From: fl.String("from"), To: fl.String("to"), Rule: fl.String("rule"), PhoneNumberID: fl.String("business"),
				Category: fl.String("category"), Contact: fl.String("contact"), Before: fl.String("before"), Limit: fl.Int("limit"),
				Sender: fl.String("sender"), Template: fl.String("template"), Outcome: fl.String("outcome"),
			}
			by := fl.String("group-by")
			switch {
			case fl.Bool("follow") && (by != "" || s.To != "" || s.Before != ""):
				return errors.New("--follow goes on for ever: it goes neither with --group-by nor with --to or --before")
			case fl.Bool("follow"):
				return follow(ctx, client, fl, list, s, how)
			case by != "":
				s.Limit = 0
				g, err := client.Groups(ctx, list, adminapi.GroupSelection{By: by, Selection: s})
				if err != nil {
					return err
				}
				if fl.Bool("json") {
					return printLines(g.Groups)
				}
				return printGroups(os.Stdout, g)
			}
			p, err := client.Page(ctx, list, s)
			if err != nil {
				return err
			}
			if fl.Bool("json") {
				return printLines(p.Entries)
			}
			return how.print(os.Stdout, p)
		})
	}
}

func (how *layout) print(out io.Writer, p *adminapi.Page) error {
	if len(p.Entries) == 0 {
		if _, err := fmt.Fprintln(out, how.none); err != nil {
			return err
		}
		return printBesides(out, p.AccountEvents)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.StripEscape)
	fmt.Fprintln(table, strings.Join(how.titles, "\t"))
	for _, e := range p.Entries {
		cells := how.cells(e)
		for i := range cells {
			cells[i] = dash(cells[i])
		}
		row := strings.Join(cells, "\t")
		if how.reasons {
			// A reason is a sentence, too wide for a column. It stands on a line of
			// its own, escaped so that the columns go on below it.
			row += "\xff\n    " + e.Reason + "\xff"
		}
		fmt.Fprintln(table, row)
	}
	if p.Next != "" {
		fmt.Fprintf(table, "\nMore with --before %s\n", p.Next)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return printBesides(out, p.AccountEvents)
}

func printGroups(out io.Writer, g *adminapi.Groups) error {
	length := g.To.Sub(g.From).Round(time.Second)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s\tCOUNT\tBEFORE\tTREND\n", strings.ToUpper(g.By))
	for _, row := range g.Groups {
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\n", dash(row.Key), row.Count, row.Before, trend(&row))
	}
	fmt.Fprintf(table, "total\t%d\t%d\t%s\n", g.Total.Count, g.Total.Before, trend(&g.Total))
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "From %s to %s; before: the %s until then.\n", g.From.Format(tableTime), g.To.Format(tableTime), strings.TrimSuffix(strings.TrimSuffix(length.String(), "0s"), "0m"))
	return err
}

// trend is how the count has changed.
func trend(g *adminapi.Group) string {
	switch change := g.Count - g.Before; {
	case change == 0:
		return "="
	case g.Before == 0:
		return "new"
	case g.Count == 0:
		return "gone"
	default:
		return fmt.Sprintf("%+d (%+.0f %%)", change, 100*float64(change)/float64(g.Before))
	}
}
