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
		usage: "[--waba <id>] [--name <template>] [--problems] [--output <format>]",
		short: "Lists what is known about the message templates, and which are used",
		long: `
Lists what a running gateway knows about the templates of its accounts: status and
category, since when and from where that is known (a webhook, an answer of Meta's
API, a price), quality, and how often each was sent in the last 7 days. Templates
that were sent and that nobody has told of are among them.

--problems lists only those that somebody should look at: sent and unknown, sent and
not sendable, billed under another category than Meta told, of low quality.

sync has a gateway with template_sync list the templates of all its accounts now, and
tells what came of it; the exit code is 1 where an account could not be listed.`,
		example: `
waguard templates
waguard templates --problems
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
	titles: []string{"TEMPLATE", "LANGUAGE", "CATEGORY", "STATUS", "SINCE", "FROM", "QUALITY", "SENT", "LAST SENT", "ACCOUNT", "NOTE"},
	cells: func(t adminapi.Template) []string {
		cells := []string{t.Name, t.Language, "", "", "", "", "", fmt.Sprint(t.Uses), "", t.WABA, templateNote(&t)}
		if t.Category != nil {
			cells[2] = t.Category.Value
		}
		if t.Status != nil {
			cells[3], cells[4], cells[5] = t.Status.Value, t.Status.Time.Format(tableTime), string(t.Status.From)
		}
		if t.Quality != nil {
			cells[6] = t.Quality.Value
		}
		if t.LastUse != nil {
			cells[8] = t.LastUse.Format(tableTime)
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
	return strings.Join(notes, "; ")
}

func templatesCommand(cmd *cobra.Command) {
	cmd.Flags().String("waba", "", "Only those of this WhatsApp Business Account, by its `id`")
	cmd.Flags().String("name", "", "Only this `template`, in all its languages")
	cmd.Flags().Bool("problems", false, "Only those that somebody should look at")
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		s := adminapi.TemplateSelection{WABA: c.flags.String("waba"), Name: c.flags.String("name")}
		if c.flags.Bool("problems") {
			s.Problems = "yes"
		}
		t, err := c.client.Templates(ctx, s)
		if err != nil {
			return err
		}
		if err := show(c, &templates, t.Templates, nil); err != nil {
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
	cmd.AddCommand(sync)
}
