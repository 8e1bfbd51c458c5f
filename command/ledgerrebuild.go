package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

func rebuildCommand() *cobra.Command {
	rebuild := &cobra.Command{Use: "rebuild", Short: "Makes the sums of the ledger anew, and says whether they were right", Long: strings.TrimSpace(`
Reports are made of sums that a gateway keeps of each quarter of an hour. rebuild reads
all entries of the ledger, or those of a period, counts them anew, and compares that with
what the sums said. Whoever asks for a report meanwhile gets it by one or the other. A
rebuild takes half of a core at most.

The exit code is 0 where all sums were right, 5 where some were not, which are listed and
right from then on, and another where it could not be done.`), Example: indented(`
waguard ledger rebuild
waguard ledger rebuild --from 2026-11-01 --to 2026-12-01
waguard ledger rebuild --json`)}
	periodFlags(rebuild, "")
	outputFlags(rebuild)
	asking(rebuild, func(ctx context.Context, c *call) error {
		from, to, err := period(c)
		if err != nil {
			return err
		}
		_, over := c.underway("the gateway counts its ledger", -1)
		r, err := c.client.Rebuild(ctx, adminapi.RebuildRequest{From: from, To: to})
		over()
		if err != nil {
			return err
		}
		if c.format == formatTable {
			err = printRebuilt(c, r)
		} else {
			err = show(c, new(layout[*store.Rebuilt]), []*store.Rebuilt{r}, nil)
		}
		if err == nil && len(r.Differed) > 0 {
			err = &finding{"sums of the ledger were wrong, and are right now: reports that were made before may differ from those that are made now"}
		}
		return err
	})
	return rebuild
}

func printRebuilt(c *call, r *store.Rebuilt) error {
	var b strings.Builder
	took := time.Duration(r.Seconds * float64(time.Second)).Round(time.Millisecond)
	for _, row := range []struct {
		n    int
		what string
	}{
		{r.Entries, "entries, counted in " + took.String()},
		{r.Quarters, "quarters of an hour with entries"},
		{r.Equal, "of them had sums that equal the ledger"},
		{r.Missing, "had no sums, and were read for reports"},
		{len(r.Differed), "had sums that differ"},
	} {
		fmt.Fprintf(&b, "%10s %s\n", humanize.Comma(int64(row.n)), row.what)
	}
	for i := range r.Differed {
		d := &r.Differed[i]
		fmt.Fprintf(&b, "%s %s: %d entries were counted, %d are there\n", c.out.paint(text.Colors{text.FgRed, text.Bold}, "DIFFERENT:"), d.Quarter.Format(tableTime), d.Kept, d.Ledger)
	}
	if len(r.Differed) == 0 {
		b.WriteString("The sums equal the ledger.\n")
	}
	_, err := c.out.Write([]byte(b.String()))
	return err
}
