package command

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

func eraseCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "erase", Short: "Erases what is known of a person, and keeps them opted out", Example: indented(`
waguard consent erase --contact +4915112345678 --dry-run
waguard consent erase --contact +4915112345678 --reason "ticket 8812" --yes`)}
	contactFlag(cmd, "The `person`, by phone number with + or user id")
	required(cmd, "contact")
	cmd.Flags().String("reason", "", "Why (`reason`), such as a ticket; it is kept and must not name the person")
	cmd.Flags().String("actor", osUser(), "The `name` of who erases, where the gateway can't tell by itself")
	cmd.Flags().Bool("dry-run", false, "Say what would go, and erase nothing")
	cmd.Flags().Bool("now", false, "Take what is erased out of the gateway's files at once, instead of within an hour")
	cmd.Flags().Bool("yes", false, "Erase without a question")
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		request := adminapi.ErasureRequest{
			Contact: c.flags.String("contact"), Reason: c.flags.String("reason"), Actor: c.flags.String("actor"),
			DryRun: c.flags.Bool("dry-run"), Now: c.flags.Bool("now"),
		}
		if request.DryRun && request.Now {
			return misused("--now goes with an erasure, and --dry-run makes none")
		}
		if !request.DryRun {
			if err := c.confirm("What every business of this gateway knows of the person goes for good, consent and its proof too. They stay opted out."); err != nil {
				return err
			}
		}
		erased, err := c.client.Erase(ctx, request)
		if err != nil {
			return err
		}
		return printErased(c, erased)
	})
	return cmd
}

func printErased(c *call, e *adminapi.Erased) error {
	if c.format != formatTable {
		return show(c, new(layout[*adminapi.Erased]), []*adminapi.Erased{e}, nil)
	}
	what := "erased"
	switch {
	case e.DryRun:
		what = "would go"
	case !e.Known && e.ErasedBefore != nil:
		c.note("Nothing had come in since the person was erased at %s.", e.ErasedBefore.Format(tableTime))
	case !e.Known && e.Erased.Entries > 0:
		c.note("Nothing was known of this person but what was sent to them, or refused. They are opted out from now on.")
	case !e.Known:
		c.note("Nothing was known of this person. They are opted out from now on.")
	}
	rows := [][2]string{{what, erasedWords(e.Erased)}}
	if e.BytesGoneBy != nil && e.BytesGone {
		rows = append(rows, [2]string{"out of the files", "since " + e.BytesGoneBy.Format(tableTime)})
	} else if e.BytesGoneBy != nil {
		rows = append(rows, [2]string{"out of the files", "by " + e.BytesGoneBy.Format(tableTime) + ", or at once with waguard store purge"})
	}
	for _, k := range e.Kept {
		name := strings.ReplaceAll(k.What, "_", " ")
		if k.Count > 0 {
			name = strconv.Itoa(k.Count) + " " + name
		}
		rows = append(rows, [2]string{"kept: " + name, k.Why})
	}
	if err := c.pairs(rows); err != nil {
		return err
	}
	if e.BytesLeft != "" {
		return fmt.Errorf("the person is erased, and the bytes are still in files: %s", e.BytesLeft)
	}
	return nil
}

// erasedWords are the counts that aren't zero.
func erasedWords(n store.ErasureCounts) string {
	var words []string
	for _, of := range []struct {
		n    int
		what string
	}{
		{n.Names, "names"},
		{n.Consents, "consent records"},
		{n.Challenges, "challenges"},
		{n.Reviews, "reviews"},
		{n.Answers, "remembered answers"},
		{n.Entries, "ledger entries lose the person"},
		{n.Others, "other records"},
	} {
		if of.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", of.n, of.what))
		}
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}

func erasuresCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "erasures", Short: "Lists erasures, and writes the tombstones that are left", Example: indented(`
waguard consent erasures list
waguard consent erasures export > waguard.erased`)}
	list := &cobra.Command{Use: "list", Short: "Lists erasures, newest first, without saying of whom", Example: indented(`
waguard consent erasures list`)}
	outputFlags(list)
	asking(list, func(ctx context.Context, c *call) error {
		list, err := c.client.Erasures(ctx)
		if err != nil {
			return err
		}
		if list.BytesGoneBy != nil {
			c.hint("What was erased last will be out of the gateway's files by %s.", list.BytesGoneBy.Format(tableTime))
		}
		return show(c, &erasures, list.Erasures, nil)
	})
	export := &cobra.Command{Use: "export", Short: "Writes the tombstones of erased people, for waguard restore --tombstones", Example: indented(`
waguard consent erasures export > waguard.erased`)}
	adminFlags(export)
	doing(export, func(ctx context.Context, c *call) error {
		client, err := adminClient(c)
		if err != nil {
			return err
		}
		client.Clean = nil // it must stay as it is
		tombs, err := client.Tombstones(ctx)
		if err != nil {
			return err
		}
		_, err = c.out.Write([]byte(tombs.Text))
		return err
	})
	group(cmd, list, export)
	return cmd
}

var erasures = layout[adminapi.ErasureNote]{
	titles: []string{"TIME", "ACTOR", "REASON", "ERASED"},
	cells: func(n adminapi.ErasureNote) []string {
		return []string{n.Time.Format(time.RFC3339), n.Actor, n.Reason, erasedWords(n.Erased)}
	},
	none: "Nobody was erased.",
}
