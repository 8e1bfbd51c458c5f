package command

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

func init() {
	register(definition{
		name:  "store",
		usage: "check [--path <directory>] [--witness <directory>] [--output <format>] | purge | copy --from <store> --to <store> | rotate-key --path <directory> --from <file> --to <file> | migrate|maintain [--config <file>] [--to <address>]",
		short: "Checks that a store is sound, keeps it in order, and copies it",
		long: `
Reads everything a store holds and verifies it: the checksums of all files, every
record, what joins them, and that nothing is missing that was there before. It
changes nothing. Without --path it asks the running gateway to do so while it
serves; with --path it checks a directory no gateway uses.

  check       reads and verifies everything
  purge       takes what was erased out of the files of a running gateway now, as it
              does by itself within an hour
  copy        copies a store that no gateway uses into a database, or out of it
  rotate-key  gives an encrypted store another key

Of a store in PostgreSQL:

  migrate     brings the tables up to date
  maintain    makes the partitions that come, and drops those that are over

The exit code is 0 for a sound store, 5 for one that is not, and another where it
could not be checked.`,
		example: `
waguard store check
waguard store check --path /var/lib/waguard`,
		shape: storeCommand,
	})
}

func storeCommand(cmd *cobra.Command) {
	check := &cobra.Command{Use: "check", Short: "Reads and verifies everything", Example: indented(`
waguard store check
waguard store check --path /var/lib/waguard
waguard store check --json`)}
	adminFlags(check)
	check.Flags().String("path", "", "The `directory` of a store that no gateway uses")
	check.Flags().String("witness", "", "The store's witness, if it isn't beside the `directory`")
	keyFlag(check, "encryption-key", "A `file` with the key that the store of --path is encrypted with")
	outputFlags(check)
	doing(check, checkStore)
	purge := &cobra.Command{Use: "purge", Short: "Takes what was erased out of the files of a running gateway now", Example: indented(`
waguard store purge`)}
	adminFlags(purge)
	doing(purge, func(ctx context.Context, c *call) error {
		client, err := adminClient(c)
		if err != nil {
			return err
		}
		_, over := c.underway("the gateway writes its files anew", -1)
		err = client.Purge(ctx)
		over()
		if err == nil {
			c.hint("what was erased is in no file of the store any more")
		}
		return err
	})
	group(cmd, check, purge, copyCommand(), rotateKeyCommand(), migrateCommand(), maintainCommand())
}

func checkStore(ctx context.Context, c *call) error {
	report, err := storeReport(ctx, c)
	if err != nil {
		return err
	}
	if c.format == formatTable {
		err = printStoreReport(c, report)
	} else {
		err = show(c, new(layout[*store.CheckReport]), []*store.CheckReport{report}, nil)
	}
	if err == nil && !report.Sound() {
		err = &finding{"the store is not sound"}
	}
	return err
}

func storeReport(ctx context.Context, c *call) (*store.CheckReport, error) {
	if c.flags.String("path") == "" {
		if c.flags.String("witness") != "" {
			return nil, misused("--witness belongs to --path: the gateway knows its own")
		}
		client, err := adminClient(c)
		if err != nil {
			return nil, err
		}
		_, over := c.underway("the gateway reads its store", -1)
		defer over()
		return client.CheckStore(ctx)
	}
	_, over := c.underway("reading the store", -1)
	defer over()
	key, err := encryptionKey(c, "encryption-key")
	if err != nil {
		return nil, err
	}
	return badger.Place{Dir: c.flags.String("path"), Witness: c.flags.String("witness"), EncryptionKey: key}.Check(ctx)
}

func printStoreReport(c *call, r *store.CheckReport) error {
	var b strings.Builder
	if r.Transaction > 0 || r.Logs > 0 {
		fmt.Fprintf(&b, "read %d tables and %d logs, %d bytes, up to transaction %d\n", r.Tables, r.Logs, r.Bytes, r.Transaction)
	} else { // of a database
		fmt.Fprintf(&b, "read %d tables, %d bytes\n", r.Tables, r.Bytes)
	}
	if r.Newest != nil {
		fmt.Fprintf(&b, "newest ledger entry %s\n", r.Newest.Format(tableTime))
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Counts)) {
		fmt.Fprintf(&b, "%10d %s\n", r.Counts[kind], kind)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	for _, problem := range r.Problems {
		fmt.Fprintf(&b, "%s %s\n", c.out.paint(text.Colors{text.FgRed, text.Bold}, "PROBLEM:"), problem)
	}
	if r.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", r.More)
	}
	if r.Sound() {
		b.WriteString("The store is sound.\n")
	}
	_, err := c.out.Write([]byte(b.String()))
	return err
}
