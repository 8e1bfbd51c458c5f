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
	const usage = "[--from <time>] [--to <time>] [--rule <rule>] [--business <phone_number_id>] [--sender <sender>] [--contact <number> | --pseudonym <contact>] [--id <decision>] [--wamid <message>] [--limit <n>] [--follow | --group-by <what>] [--output <format>]"
	const common = `
Times are RFC 3339, a date, or an age such as 24h or 7d. A date begins at midnight
in the time zone of the business (time_zone), if all that are asked for have the
same one; else in UTC. Contacts are shown by pseudonym; --contact finds those of
one phone number (with plus and country code) or user id. --sender takes a sender
as it is listed, or the fingerprint of its access token, in brackets behind it.

--follow goes on listing what comes, oldest first, until Ctrl-C.

--id finds one send, as refusals, logs and the header X-Waguard-Id name it;
--wamid the one of a message at Meta; --pseudonym those to a contact as it is listed.

--group-by counts instead of listing, and compares with the time of equal length
before. Default: the last 7 days.

With --before, the id of the last line of one page gives the next page.`
	register(definition{
		name:  "violations",
		usage: strings.Replace(usage, "[--follow |", "[--follow | --summary |", 1),
		short: "Lists the sends that were refused, newest first",
		long: `
Lists the sends a running gateway has refused, and in monitor mode those it
would have refused, newest first; and besides them the restrictions and other
account events of the time.

--summary says how much of all sends that is, by cause, rule, message, sender and
business, with the newest reason and what to do about it: in monitor mode, what
enforcing now would refuse.
` + common,
		example: `
waguard violations --summary
waguard violations --from 24h --rule WINDOW_CLOSED
waguard violations --group-by sender --from 7d
waguard violations --follow
waguard violations --from 2026-11-01 --to 2026-12-01 --output csv > november.csv`,
		shape: listCommand(adminapi.Violations, &violations),
	})
	register(definition{
		name:  "ledger",
		usage: strings.Replace(usage, "[--limit", "[--outcome <outcome>] [--limit", 1) + " | rebuild [--from <time>] [--to <time>] [--output <format>] | unseen [--from <time>] [--to <time>] [--month <month>] [--output <format>]",
		short: "Lists all sends, newest first",
		long: `
Lists all sends a running gateway has seen, allowed and refused, newest first, with
what became of them: refused, accepted or rejected by Meta, not_sent, unknown, or
how far the message got.

rebuild makes the sums anew that reports are made of, from the ledger, and says whether
those there were came to the same; the exit code is 5 where some didn't. unseen counts
messages that statuses told of, and that somebody sent past the gateway.
` + common,
		example: `
waguard ledger --sender crm --outcome rejected
waguard ledger --contact +4915112345678 --from 30d
waguard ledger --group-by template
waguard ledger --json | jq .outcome
waguard ledger rebuild --from 2026-11-01 --to 2026-12-01
waguard ledger unseen --month 2026-11`,
		shape: func(cmd *cobra.Command) {
			listCommand(adminapi.Ledger, &sends)(cmd)
			cmd.Annotations = map[string]string{doesItself: "true"}
			cmd.AddCommand(rebuildCommand(), unseenCommand())
		},
	})
}

var violations = layout[*adminapi.Line]{
	titles: []string{"TIME", "DECISION", "RULE", "BUSINESS", "SENDER", "CONTACT", "MESSAGE"},
	cells: func(l *adminapi.Line) []string {
		return []string{
			l.Time.Format(tableTime), l.Decision, l.RuleNamed(), cmp.Or(l.Business, l.PhoneNumberID), store.SenderAndToken(l.Sender, l.SenderToken), l.Contact, l.Message(),
		}
	},
	below: func(l *adminapi.Line) string { return l.Reason + l.Warned() },
	none:  "No violations.",
}

var sends = layout[*adminapi.Line]{
	titles: []string{"TIME", "DECISION", "RULE", "CATEGORY", "OUTCOME", "BUSINESS", "SENDER", "CONTACT", "MESSAGE"},
	cells: func(l *adminapi.Line) []string {
		return []string{
			l.Time.Format(tableTime), l.Decision, l.RuleNamed(), string(cmp.Or(l.Billed, l.Category)), l.Result(),
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
	pseudonymFlag(cmd)
	cmd.Flags().Var(&checked{kind: "string", judge: func(s string) (string, error) {
		if _, err := store.ParseID(s); s != "" && err != nil {
			return "", misused("takes the id of a decision, such as 0199f0c2-5d3e-7a41-9b0c-3f6f1f0d2a77")
		}
		return s, nil
	}}, "id", "Only the send with this `id` of a decision")
	cmd.Flags().String("wamid", "", "Only the send of this message, by Meta's `id` of it")
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
		Pseudonym: c.flags.String("pseudonym"), ID: c.flags.String("id"), Wamid: c.flags.String("wamid"),
		Sender: c.flags.String("sender"), Template: c.flags.String("template"), Outcome: c.flags.String("outcome"),
	}
	s.From, s.To, err = period(c)
	if err == nil && s.ID != "" {
		only := adminapi.Selection{ID: s.ID}
		if s != only {
			return s, misused("--id names one send: leave out what else it is looked for by")
		}
	}
	return s, err
}

// oneSend is how a list shows a send that was looked for by its name.
func oneSend(how *layout[*adminapi.Line], list adminapi.List) *layout[*adminapi.Line] {
	one := *how
	one.none = "No such send. It may be older than what is kept, or have gone through another gateway."
	if list == adminapi.Violations {
		one.none = "No such violation. The send may have been allowed: waguard ledger looks among all."
	}
	return &one
}

// pseudonymFlag names a person as lists do.
func pseudonymFlag(cmd *cobra.Command) {
	cmd.Flags().Var(&checked{kind: "string", judge: func(s string) (string, error) {
		s = strings.ToLower(s)
		if s != "" && (len(s) < 8 || len(s) > 32 || strings.Trim(s, "0123456789abcdef") != "") {
			return "", misused("takes a contact as it is listed: 32 hexadecimal digits, or the first 8 of them or more")
		}
		return s, nil
	}}, "pseudonym", "Only this `contact` as it is listed, or as many of its digits as tell it apart, at least 8")
}

// listCommand is the command that shows a list of sends.
func listCommand(list adminapi.List, how *layout[*adminapi.Line]) func(*cobra.Command) {
	return func(cmd *cobra.Command) {
		selectionFlags(cmd)
		limitFlag(cmd)
		choiceFlag(cmd, "group-by", "Count by `what`: rule, sender, business, template or day", groupNames)
		if list == adminapi.Violations {
			cmd.Flags().Bool("summary", false, "Say what enforcing would refuse, or what is refused, and why (default the last 7 days)")
		}
		cmd.Flags().Bool("follow", false, "Go on until Ctrl-C, oldest first")
		cmd.Flags().Duration("interval", time.Second, "How often to look, with --follow")
		outputFlags(cmd)
		asking(cmd, func(ctx context.Context, c *call) error {
			s, err := selection(c)
			if err != nil {
				return err
			}
			if list == adminapi.Violations && c.flags.Bool("summary") {
				for _, other := range []string{"follow", "group-by", "before", "limit", "rule", "category", "outcome", "id", "wamid"} {
					if c.cmd.Flags().Changed(other) {
						return misused("--summary compares violations with all sends of a time: it doesn't go with --%s", other)
					}
				}
				return summarise(ctx, c, s)
			}
			s.Before, s.Limit = c.flags.String("before"), c.flags.Int("limit")
			if s.ID != "" {
				s.Limit = 0
			}
			by := c.flags.String("group-by")
			switch {
			case s.ID != "" && (by != "" || s.Before != "" || c.flags.Bool("follow")):
				return misused("--id names one send: it goes neither with --follow nor with --group-by or --before")
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
			if s.ID != "" || s.Wamid != "" {
				how = oneSend(how, list)
			}
			if err := show(c, how, p.Entries, nil); err != nil {
				return err
			}
			c.more(p.Next)
			c.besides(p.AccountEvents)
			c.unlisted(p.Unlisted)
			return nil
		})
	}
}
