package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

func policyShadow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "shadow", Short: "Says how often policies on trial answer otherwise than the one that is enforced",
		Long: strings.TrimSpace(`
A shadow is a policy that judges what is sent beside the one that is enforced (see shadow in
the options). This says how often it answered otherwise, by which rules, for which numbers
and templates, with examples. With enforce it decides itself for some of the people.`), Example: indented(`
waguard policy shadow
waguard policy shadow --from 7d --number 104455667788
waguard policy shadow --name stricter --json`),
	}
	periodFlags(cmd, "24h")
	cmd.Flags().String("number", "", "One `number` of the business, by its phone_number_id or name")
	cmd.Flags().String("name", "", "The shadow of this `name`")
	cmd.Flags().Int("examples", 3, "How many `sends` are shown of each way in which answers differ, up to 100")
	outputFlags(cmd)
	asking(cmd, showShadows)
	return cmd
}

// shadowRow is one way in which a shadow answers otherwise.
type shadowRow struct {
	Name string `json:"name"`
	policyRow
}

func showShadows(ctx context.Context, c *call) error {
	s := adminapi.ShadowSelection{PhoneNumberID: c.flags.String("number"), Name: c.flags.String("name"), Examples: new(c.flags.Int("examples"))}
	var err error
	if s.From, s.To, err = period(c); err != nil {
		return err
	}
	all, err := c.client.Shadows(ctx, s)
	if err != nil {
		return err
	}
	from := all.From
	if all.Cut && all.Oldest != nil {
		from = *all.Oldest
		c.hint("There are more sends than are looked at at once: these are the newest, from %s on.", from.Format(tableTime))
	}
	switch c.format {
	case formatJSON:
		return show(c, new(layout[adminapi.Shadow]), all.Shadows, nil)
	case formatCSV:
		var rows []shadowRow
		for i := range all.Shadows {
			for _, r := range policyRows(&all.Shadows[i].Comparison) {
				rows = append(rows, shadowRow{all.Shadows[i].Name, r})
			}
		}
		return show(c, new(layout[shadowRow]), rows, nil)
	}
	if len(all.Shadows) == 0 {
		c.note("No shadow is configured, and none has judged anything in that time.")
		return nil
	}
	var b strings.Builder
	for i := range all.Shadows {
		sh := &all.Shadows[i]
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "Shadow %s: %s sends from %s to %s\n", sh.Name, humanize.Comma(int64(sh.Sends)), from.Format(tableTime), all.To.Format(tableTime))
		switch {
		case !sh.Configured:
			b.WriteString("  It is configured no longer.\n")
		case sh.Percent > 0:
			fmt.Fprintf(&b, "  It is enforced for %g %% of the people, and decided about %s of these sends.\n", sh.Percent, humanize.Comma(int64(sh.Enforced)))
		}
		for _, d := range sh.Differences {
			fmt.Fprintf(&b, "  Otherwise for %s: %s\n", d.PhoneNumberID, strings.Join(d.Options, ", "))
		}
		printComparison(&b, &sh.Comparison)
		if sh.Unlooked > 0 {
			fmt.Fprintf(&b, "  What it saves or costs is of the newest 20,000 sends with another answer: %s more differ.\n", humanize.Comma(int64(sh.Unlooked)))
		}
	}
	return c.paragraphs(b.String())
}
