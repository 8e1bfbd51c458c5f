package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

func init() {
	register(definition{
		name:  "templates",
		usage: "[--waba <id>] [--name <template>] [--problems] [--drift] [--output <format>]",
		short: "Lists what is known about the message templates, and which are used",
		long: `
Lists what a running gateway knows about the templates of its accounts: status and
category, since when and from where that is known (a webhook, an answer of Meta's
API, a price), quality, and how often each was sent in the last 7 days. Templates
that were sent and that nobody has told of are among them.

--problems lists only those that somebody should look at: sent and unknown, sent and
not sendable, billed under another category than Meta told, of a category that changed and
nobody accepted, of low quality.

--drift lists those whose category has changed: from which to which, since when, how that
was learned, and whether an operator has accepted it. With category_drift hold a template
is refused until then. accept does that, and cost says what the change costs a month.

sync has a gateway with template_sync list the templates of all its accounts now, and
tells what came of it; the exit code is 1 where an account could not be listed.`,
		example: `
waguard templates
waguard templates --problems
waguard templates --drift
waguard templates accept order_shipped --language en --waba 102290129340398
waguard templates cost
waguard templates sync
waguard templates --waba 102290129340398 --output csv`,
		shape: templatesCommand,
	})
}

var syncedAccounts = layout[adminapi.SyncedAccount]{
	titles: []string{"ACCOUNT", "LISTED", "TEMPLATES", "NEXT", "PROBLEM"},
	cells: func(a adminapi.SyncedAccount) []string {
		listed := "never"
		if a.Listed != nil {
			listed = a.Listed.Format(tableTime)
		}
		return []string{a.WABA, listed, fmt.Sprint(a.Templates), a.Next.Format(tableTime), a.Error}
	},
	none: "No accounts: no business is configured with a waba, and no webhook has told of one.",
}

var templates = layout[adminapi.Template]{
	titles: []string{"TEMPLATE", "LANGUAGE", "CATEGORY", "BEFORE", "STATUS", "SINCE", "FROM", "QUALITY", "SENT", "LAST SENT", "ACCOUNT", "NOTE"},
	cells: func(t adminapi.Template) []string {
		cells := []string{t.Name, t.Language, "", string(t.PreviousCategory), "", "", "", "", fmt.Sprint(t.Uses), "", t.WABA, templateNote(&t)}
		if t.Category != nil {
			cells[2] = t.Category.Value
		}
		if t.Status != nil {
			cells[4], cells[5], cells[6] = t.Status.Value, t.Status.Time.Format(tableTime), string(t.Status.From)
		}
		if t.Quality != nil {
			cells[7] = t.Quality.Value
		}
		if t.LastUse != nil {
			cells[9] = t.LastUse.Format(tableTime)
		}
		return cells
	},
	none: "No templates.",
}

// templateNote is what somebody should know about a template.
func templateNote(t *adminapi.Template) string {
	var notes []string
	note := func(is bool, format string, args ...any) {
		if is {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	note(!t.Known, "nobody told of it")
	note(t.Known && t.Category == nil && t.Uses > 0, "its category is not known")
	note(t.Uses > 0 && !t.Sendable, "Meta doesn't send it")
	if t.Category != nil {
		note(t.ToldCategory != "", "billed as %s, told as %s", t.Category.Value, t.ToldCategory)
	}
	if t.NextFrom != nil {
		note(true, "%s from %s on", t.NextCategory, t.NextFrom.Format(tableTime))
	}
	note(t.Drifted, "its category changed, and nobody has accepted that")
	return strings.Join(notes, "; ")
}

var driftedTemplates = layout[adminapi.Template]{
	titles: []string{"TEMPLATE", "LANGUAGE", "FROM", "TO", "SINCE", "LEARNED FROM", "ACCEPTED", "BY", "ACCOUNT", "NOTE"},
	cells: func(t adminapi.Template) []string {
		cells := []string{t.Name, t.Language, string(t.PreviousCategory), "", "", string(t.CategoryChangedFrom), "", "", t.WABA, templateNote(&t)}
		if t.Category != nil {
			cells[3] = t.Category.Value
		}
		if t.CategoryChanged != nil {
			cells[4] = t.CategoryChanged.Format(tableTime)
		}
		if t.Accepted != nil {
			cells[6], cells[7] = string(t.AcceptedCategory)+" "+t.Accepted.Format(tableTime), t.AcceptedBy
		}
		return cells
	},
	none: "No template has changed its category.",
}

func templatesCommand(cmd *cobra.Command) {
	cmd.Flags().String("waba", "", "Only those of this WhatsApp Business Account, by its `id`")
	cmd.Flags().String("name", "", "Only this `template`, in all its languages")
	cmd.Flags().Bool("problems", false, "Only those that somebody should look at")
	cmd.Flags().Bool("drift", false, "Only those whose category has changed, from which to which and since when")
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		s := adminapi.TemplateSelection{WABA: c.flags.String("waba"), Name: c.flags.String("name")}
		if c.flags.Bool("problems") {
			s.Problems = "yes"
		}
		shown := &templates
		if c.flags.Bool("drift") {
			s.Drift, shown = "yes", &driftedTemplates
		}
		t, err := c.client.Templates(ctx, s)
		if err != nil {
			return err
		}
		if err := show(c, shown, t.Templates, nil); err != nil {
			return err
		}
		if t.More > 0 {
			c.hint("and %d more; ask for one account with --waba", t.More)
		}
		for _, a := range t.Accounts {
			switch {
			case a.Complete:
				c.note("Account %s: its whole list was read at %s; a template that isn't on it doesn't exist.", a.WABA, a.Listed.Format(tableTime))
			case a.Listed != nil:
				c.note("Account %s: its whole list was last read at %s; since then there may be others. List them once through the gateway: GET /%s/message_templates", a.WABA, a.Listed.Format(tableTime), a.WABA)
			default:
				c.note("Account %s: its whole list was never read; there may be others. List them once through the gateway: GET /%s/message_templates", a.WABA, a.WABA)
			}
		}
		c.note("Sent: since %s.", t.UsesSince.Format(tableTime))
		return nil
	})
	sync := &cobra.Command{Use: "sync", Short: "Has the gateway list the templates of its accounts now", Example: indented(`
waguard templates sync
waguard templates sync --json`)}
	outputFlags(sync)
	asking(sync, func(ctx context.Context, c *call) error {
		done, err := c.client.SyncTemplates(ctx)
		if err != nil {
			return err
		}
		if err := show(c, &syncedAccounts, done.Accounts, nil); err != nil {
			return err
		}
		for _, a := range done.Accounts {
			if a.Error != "" {
				return fmt.Errorf("account %s: %s", a.WABA, a.Error)
			}
		}
		return nil
	})
	cmd.Annotations = map[string]string{doesItself: "true"}
	cmd.AddCommand(sync, templatesAccept(), templatesCost())
}

func templatesAccept() *cobra.Command {
	cmd := &cobra.Command{Use: "accept <name>", Short: "Accepts the category a template has now", Annotations: map[string]string{takesFile: "name"}, Example: indented(`
waguard templates accept order_shipped --language en --waba 102290129340398
waguard templates accept order_shipped --business 104455667788`)}
	cmd.Flags().String("name", "", "Which `template`; the word alone says it too")
	cmd.Flags().String("language", "", "Only in this `language`; otherwise in all")
	cmd.Flags().String("waba", "", "Of this WhatsApp Business Account, by its `id`")
	cmd.Flags().String("business", "", "Of the account of this `number` of the business, by its phone_number_id or name")
	cmd.Flags().String("actor", osUser(), "The `name` of who does it, where the gateway can't tell by itself")
	required(cmd, "name")
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		done, err := c.client.AcceptTemplate(ctx, adminapi.TemplateAcceptance{
			WABA: c.flags.String("waba"), PhoneNumberID: c.flags.String("business"), Name: c.flags.String("name"), Language: c.flags.String("language"), Actor: c.flags.String("actor"),
		})
		if err != nil {
			return err
		}
		return show(c, &driftedTemplates, done.Templates, nil)
	})
	return cmd
}
