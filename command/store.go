package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "store",
		Usage: "check [--path <directory>]",
		Short: "Checks that a store is sound",
		Long: `
Reads everything a store holds and verifies it: the checksums of all files, every
record, what joins them, and that nothing is missing that was there before. It
changes nothing. Without --path it asks the running gateway to do so while it
serves; with --path it checks a directory no gateway uses.

The exit code is 0 for a sound store and 1 for any other.`,
		CobraFunc: storeCommand,
	})
}

func storeCommand(cmd *cobra.Command) {
	check := &cobra.Command{Use: "check", Short: "Reads and verifies everything", Args: cobra.NoArgs}
	adminFlags(check)
	check.Flags().String("path", "", "The directory of a store that no gateway uses")
	check.Flags().String("witness", "", "The store's witness, if it isn't beside the directory")
	check.Flags().Bool("json", false, "Print JSON")
	check.RunE = caddycmd.WrapCommandFuncForCobra(checkStore)
	cmd.AddCommand(check)
}

func checkStore(fl caddycmd.Flags) (int, error) {
	report, err := storeReport(fl)
	if err != nil {
		return 1, err
	}
	if fl.Bool("json") {
		err = printLines([]*store.CheckReport{report})
	} else {
		err = printStoreReport(os.Stdout, report)
	}
	if err == nil && !report.Sound() {
		err = errors.New("the store is not sound")
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}

func storeReport(fl caddycmd.Flags) (*store.CheckReport, error) {
	if path := fl.String("path"); path != "" {
		return badger.Check(context.Background(), path, fl.String("witness"))
	}
	client, err := adminClient(fl)
	if err != nil {
		return nil, err
	}
	report, err := client.CheckStore(context.Background())
	if err != nil {
		return nil, printedError{err}
	}
	return report, nil
}

func printStoreReport(out io.Writer, r *store.CheckReport) error {
	fmt.Fprintf(out, "read %d tables and %d logs, %d bytes, up to transaction %d\n", r.Tables, r.Logs, r.Bytes, r.Transaction)
	if r.Newest != nil {
		fmt.Fprintf(out, "newest ledger entry %s\n", r.Newest.Format(tableTime))
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Counts)) {
		fmt.Fprintf(out, "%10d %s\n", r.Counts[kind], kind)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(out, "note: %s\n", note)
	}
	for _, problem := range r.Problems {
		fmt.Fprintf(out, "PROBLEM: %s\n", problem)
	}
	if r.More > 0 {
		fmt.Fprintf(out, "and %d more\n", r.More)
	}
	if !r.Sound() {
		return nil
	}
	_, err := fmt.Fprintln(out, "The store is sound.")
	return err
}
