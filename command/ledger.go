package command

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

func init() {
	const usage = "[--from <time>] [--to <time>] [--rule <rule>] [--business <phone_number_id>] [--sender <sender>] [--contact <number>] [--limit <n>] [--follow | --group-by <what>] [--output <format>]"
	const common = `
Times are RFC 3339, a date, or an age such as 24h or 7d. A date begins at midnight
in the time zone of the business (time_zone), if all that are asked for have the
same one; else in UTC. Contacts are shown by pseudonym; --contact finds those of
one phone number (with plus and country code) or user id. --sender takes a sender
as it is listed, or the fingerprint of its access token, in brackets behind it.

--follow goes on listing what comes, oldest first, until Ctrl-C.

--group-by counts instead of listing, and compares with the time of equal length
before. Default: the last 7 days.

With --before, the id of the last line of one page gives the next page.`
	register(definition{
		name:  "violations",
		usage: usage,
		short: "Lists the sends that were refused, newest first",
		long: `
Lists the sends a running gateway has refused, and in monitor mode those it
would have refused, newest first; and besides them the restrictions and other
account events of the time.
` + common,
		example: `
waguard violations --from 24h --rule WINDOW_CLOSED
waguard violations --group-by sender --from 7d
waguard violations --follow
waguard violations --from 2026-11-01 --to 2026-12-01 --output csv > november.csv`,
		shape: listCommand(adminapi.Violations, &violations),
	})
	register(definition{
		name:  "ledger",
		usage: strings.Replace(usage, "[--limit", "[--outcome <outcome>] [--limit", 1),
		short: "Lists all sends, newest first",
		long: `
Lists all sends a running gateway has seen, allowed and refused, newest first, with
what became of them: refused, accepted or rejected by Meta, not_sent, unknown, or
how far the message got.
` + common,
		example: `
waguard ledger --sender crm --outcome rejected
waguard ledger --contact +4915112345678 --from 30d
waguard ledger --group-by template
waguard ledger --json | jq .outcome`,
		shape: listCommand(adminapi.Ledger, &sends),
	})
}

var violations = layout[*adminapi.Line]{
	titles: []string{"TIME", "DECISION", "RULE", "BUSINESS", "SENDER", "CONTACT", "MESSAGE"},
	cells: func(l *adminapi.Line) []string {
		return []string{
			l.Time.Format(tableTime), l.Decision, string(l.Rule), cmp.Or(l.Business, l.PhoneNumberID), store.SenderAndToken(l.Sender, l.SenderToken), l.Contact, l.Message(),
		}
	},
	below: func(l *adminapi.Line) string { return l.Reason },
	none:  "No violations.",
}

var sends = layout[*adminapi.Line]{
	titles: []string{"TIME", "DECISION", "RULE", "CATEGORY", "OUTCOME", "BUSINESS", "SENDER", "CONTACT", "MESSAGE"},
	cells: func(l *adminapi.Line) []string {
		return []string{
			l.Time.Format(tableTime), l.Decision, string(l.Rule), string(cmp.Or(l.Billed, l.Category)), l.Result(),
			cmp.Or(l.Business, l.PhoneNumberID), store.SenderAndToken(l.Sender, l.SenderToken), l.Contact, l.Message(),
		}
	},
	none: "No sends.",
}

// selectionFlags are those that select sends.
func selectionFlags(cmd *cobra.Command) {
	periodFlags(cmd, "")
	choiceFlag(cmd, "rule", "Only this `rule`, such as WINDOW_CLOSED", ruleNames)
	businessFlag(cmd, "Only this `number` of the business, by its phone_number_id")
	categoryFlag(cmd)
	contactFlag(cmd, "Only this `person`, by phone number with + or user id")
	cmd.Flags().String("sender", "", "Only this `sender`, or this fingerprint of an access token")
	cmd.Flags().String("template", "", "Only this template, by its `name`")
	choiceFlag(cmd, "outcome", "Only what became `this`: refused, reserved, accepted, rejected, not_sent or unknown", names(store.OutcomeStates))
}

// What closed lists have.
var (
	ruleNames     = names(policy.Refusals(), []policy.Rule{policy.RuleSentToAnother}, policy.AllowRules)
	categoryNames = names(policy.BilledCategories, []policy.Category{policy.CategoryNone, policy.CategoryUnknown})
	groupNames    = []string{"rule", "sender", "business", "template", "day"}
)

// selection is what selectionFlags select.
func selection(c *call) (s adminapi.Selection, err error) {
	s = adminapi.Selection{
		Rule: c.flags.String("rule"), PhoneNumberID: c.flags.String("business"), Category: c.flags.String("category"), Contact: c.flags.String("contact"),
		Sender: c.flags.String("sender"), Template: c.flags.String("template"), Outcome: c.flags.String("outcome"),
	}
	s.From, s.To, err = period(c)
	return s, err
}

// listCommand is the command that shows a list of sends.
func listCommand(list adminapi.List, how *layout[*adminapi.Line]) func(*cobra.Command) {
	return func(cmd *cobra.Command) {
		selectionFlags(cmd)
		limitFlag(cmd)
		choiceFlag(cmd, "group-by", "Count by `what`: rule, sender, business, template or day", groupNames)
		cmd.Flags().Bool("follow", false, "Go on until Ctrl-C, oldest first")
		cmd.Flags().Duration("interval", time.Second, "How often to look, with --follow")
		outputFlags(cmd)
		asking(cmd, func(ctx context.Context, c *call) error {
			s, err := selection(c)
			if err != nil {
				return err
			}
			s.Before, s.Limit = c.flags.String("before"), c.flags.Int("limit")
			by := c.flags.String("group-by")
			switch {
			case c.flags.Bool("follow") && (by != "" || s.To != "" || s.Before != ""):
				return misused("--follow goes on for ever: it goes neither with --group-by nor with --to or --before")
			case c.flags.Bool("follow"):
				return follow(ctx, c, list, s, how)
			case by != "":
				s.Limit = 0
				return countSends(ctx, c, list, adminapi.GroupSelection{By: by, Selection: s})
			}
			p, err := c.client.Page(ctx, list, s)
			if err != nil {
				return err
			}
			if err := show(c, how, p.Entries, nil); err != nil {
				return err
			}
			c.more(p.Next)
			c.besides(p.AccountEvents)
			return nil
		})
	}
}
