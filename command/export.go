package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/billpage"
	"github.com/waguard/waguard/internal/export"
)

func init() {
	register(definition{
		name:  "export",
		usage: "[--from <time>] [--to <time>] [--month <month>] [--business <phone_number_id>] [--format <format>]",
		short: "Writes the ledger for other machines to work on, as CSV or JSON Lines",
		long: `
Writes every send of a running gateway's ledger, newest first, with what was decided and
expected and what is known of it by now, to standard output. The columns stand in
docs/reference/export.md, and keep their meaning from version to version.

People stand in it by the pseudonyms that the ledger has: neither a phone number nor a
user id is in it. Money is exact, and a price that nobody knows is empty, never zero.

Days are those of the account (time_zone); so are --from and --to that are dates.`,
		example: `
waguard export --month 2026-10 > october.jsonl
waguard export --from 7d --format csv > week.csv`,
		shape: exportRowsCommand,
	})
}

func exportRowsCommand(cmd *cobra.Command) {
	periodFlags(cmd, "")
	monthFlag(cmd)
	businessFlag(cmd, "Only this `number` of the business, by its phone_number_id")
	choiceFlag(cmd, "format", "How to write: jsonl or csv (default jsonl)", export.Formats)
	choiceFlag(cmd, "csv-dialect", "Write CSV for this `program`: rfc4180, excel, or excel-semicolon where the decimal sign is a comma", billpage.Dialects)
	asking(cmd, exportRows)
}

func exportRows(ctx context.Context, c *call) error {
	s, err := exportSelection(c)
	if err != nil {
		return err
	}
	format := export.Format(c.flags.String("format"))
	if format == "" {
		format = export.Lines
	}
	dialect := billpage.Dialect(c.flags.String("csv-dialect"))
	if dialect != "" && format != export.CSV {
		return misused("--csv-dialect is for --format csv")
	}
	c.client.Clean = nil // what is exported must stay as it is
	w, err := export.NewWriter[export.Send](c.out, format, export.Options{Dialect: dialect})
	if err != nil {
		return err
	}
	for page, err := range c.client.Sends(ctx, s) {
		if err != nil {
			return err
		}
		for i := range page.Sends {
			if err := w.Write(&page.Sends[i]); err != nil {
				return err
			}
		}
	}
	return w.Close()
}

// exportSelection is what is to be exported.
func exportSelection(c *call) (s adminapi.SendSelection, err error) {
	s = adminapi.SendSelection{Month: c.flags.String("month"), PhoneNumberID: c.flags.String("business")}
	if s.From, s.To, err = period(c); err == nil && s.Month != "" && (s.From != "" || s.To != "") {
		err = misused("--month and --from or --to ask for different times: leave one out")
	}
	return s, err
}
