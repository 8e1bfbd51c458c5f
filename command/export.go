package command

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/billpage"
	"github.com/waguard/waguard/internal/export"
)

func init() {
	register(definition{
		name:  "export",
		usage: "[--what ledger|bill|focus] [--format csv|jsonl|parquet] [--into <folder>] [--from <time>] [--to <time>] [--month <month>] [--business <phone_number_id>] [--replace] [--final] [--follow]",
		short: "Writes the ledger or the bill for other machines to work on, as CSV, JSON Lines or Parquet",
		long: `
Writes what a running gateway has, to standard output or into a folder: every send of the
ledger with what is known of it by now; the lines of the bill, as a report by all of its
dimensions has them; or charges in the columns of FOCUS. The columns stand in
docs/reference/export.md, and keep their meaning from version to version.

--into writes files by day and business, such as day=2026-10-05/business=shop/part-0.parquet,
which appear whole. Statuses come later than sends:

  --replace  writes the files anew whose rows changed since
  --final    writes only days that no status can change any more: those that ended
             45 days ago
  --follow   goes on writing what is new until Ctrl-C, and after a restart where it was.
             Of the ledger each send once, --delay after it was decided; with --final
             each day once it is final; of the bill, with --replace, what changes

People stand in it by the pseudonyms that the ledger has: neither a phone number nor a
user id is in it. Money is exact, and a price that nobody knows is empty, never zero.
Days are those of the account (time_zone); so are --from and --to that are dates.`,
		example: `
waguard export --month 2026-10 > october.jsonl
waguard export --from 7d --format csv > week.csv
waguard export --into /srv/lake/ledger --follow
waguard export --into /srv/lake/ledger --replace --from 2026-10-01
waguard export --what bill --into /srv/lake/bill --final
waguard export --what focus --month 2026-10 --format csv > october-focus.csv`,
		shape: exportRowsCommand,
	})
}

const (
	// usualDelay is how long after its decision a send is exported that is followed: by then
	// most statuses have come. Less than leastDelay may leave one out that is being entered.
	usualDelay = 2 * time.Minute
	leastDelay = 30 * time.Second
	// usualInterval is how often --follow looks, and leastBetween how often at most.
	usualInterval = time.Minute
	leastBetween  = leastInterval
)

func exportRowsCommand(cmd *cobra.Command) {
	choiceFlag(cmd, "what", "What to write: ledger, bill or focus (default ledger)", export.Kinds)
	choiceFlag(cmd, "format", "How to write: jsonl, csv or parquet (default jsonl, and parquet with --into)", export.Formats)
	cmd.Flags().String("into", "", "The `folder` to write files into by day and business, which is made (default standard output)")
	periodFlags(cmd, "")
	monthFlag(cmd)
	businessFlag(cmd, "Only this `number` of the business, by its phone_number_id")
	cmd.Flags().Bool("replace", false, "Write the files of --into anew whose rows changed")
	cmd.Flags().Bool("final", false, "Write only days that no status can change any more")
	cmd.Flags().Bool("follow", false, "Go on writing what is new into --into until Ctrl-C")
	cmd.Flags().Duration("delay", usualDelay, "How long after its decision a send is written, with --follow")
	cmd.Flags().Duration("interval", usualInterval, "How often to look, with --follow")
	cmd.Flags().String("issuer", "", "The `name` of who sends the invoice, in FOCUS (default "+export.Issuer+")")
	choiceFlag(cmd, "csv-dialect", "Write CSV for this `program`: rfc4180, excel, or excel-semicolon where the decimal sign is a comma", billpage.Dialects)
	asking(cmd, exportRows)
}

// exporting is an export as it was asked for.
type exporting struct {
	*call
	kind    export.Kind
	format  export.Format
	options export.Options
	// what is to be exported; its times are dates where it goes into a folder.
	adminapi.SendSelection
	into, issuer           string
	replace, final, follow bool
	delay, interval        time.Duration
}

func exportRows(ctx context.Context, c *call) error {
	e, err := exportOf(c)
	if err != nil {
		return err
	}
	c.client.Clean = nil // what is exported must stay as it is
	switch e.kind {
	case export.Bill:
		return write(ctx, e, e.lines)
	case export.FOCUS:
		return write(ctx, e, e.charges())
	}
	return write(ctx, e, e.sends)
}

// exportOf reads what is asked for.
func exportOf(c *call) (*exporting, error) {
	e := &exporting{
		call: c, kind: export.Kind(c.flags.String("what")), format: export.Format(c.flags.String("format")),
		SendSelection: adminapi.SendSelection{Month: c.flags.String("month"), PhoneNumberID: c.flags.String("business")},
		into:          c.flags.String("into"), issuer: c.flags.String("issuer"),
		replace: c.flags.Bool("replace"), final: c.flags.Bool("final"), follow: c.flags.Bool("follow"),
		delay: c.flags.Duration("delay"), interval: c.flags.Duration("interval"),
	}
	if e.kind == "" {
		e.kind = export.Ledger
	}
	if e.format == "" {
		e.format = export.Lines
		if e.into != "" {
			e.format = export.Parquet
		}
	}
	e.options = export.Options{Kind: e.kind, Folders: e.into != "", Dialect: billpage.Dialect(c.flags.String("csv-dialect"))}
	var err error
	if e.From, e.To, err = period(c); err != nil {
		return nil, err
	}
	if e.Month != "" && (e.From != "" || e.To != "") {
		return nil, misused("--month and --from or --to ask for different times: leave one out")
	}
	if e.final {
		e.Final = "true"
	}
	return e, e.check()
}

// check says what doesn't go together.
func (e *exporting) check() error {
	switch {
	case e.options.Dialect != "" && e.format != export.CSV:
		return misused("--csv-dialect is for --format csv")
	case e.issuer != "" && e.kind != export.FOCUS:
		return misused("--issuer is for --what focus")
	case e.into == "" && (e.replace || e.follow):
		return misused("--replace and --follow write into a folder: name it with --into")
	case e.into == "" && e.format == export.Parquet:
		return misused("Parquet is written into a folder: name it with --into")
	case e.into == "":
		return nil
	case e.follow && (e.To != "" || e.Month != ""):
		return misused("--follow goes on for ever: it goes neither with --to nor with --month")
	case e.follow && e.kind == export.Ledger && e.replace:
		return misused("--follow writes each send once: run --replace beside it, such as every night")
	case e.follow && e.kind != export.Ledger && !e.replace && !e.final:
		return misused("the bill of a day changes until it is final: give --final to follow final days, or --replace to follow what changes")
	case e.follow && e.delay < leastDelay:
		return misused("--delay is %s; it must be at least %s", e.delay, leastDelay)
	case e.follow && e.interval < leastBetween:
		return misused("--interval is %s; it must be at least %s", e.interval, leastBetween)
	case e.From != "" && !isDate(e.From), e.To != "" && !isDate(e.To):
		return misused("a folder has whole days: give --from and --to as dates such as 2026-10-01")
	}
	return e.months()
}

// months makes dates of a month.
func (e *exporting) months() error {
	if e.Month == "" {
		return nil
	}
	first, err := time.Parse("2006-01", e.Month)
	if err != nil {
		return misused("--month takes a month such as 2026-10")
	}
	e.From, e.To, e.Month = first.Format(time.DateOnly), first.AddDate(0, 1, 0).Format(time.DateOnly), ""
	return nil
}

// row is what has a place among folders.
type row[T any] interface {
	*T
	In() *export.Place
}

// read gives the rows of a selection to somebody, and to told what the gateway says beside
// them, before the rows that this is about. What comes later than a row has days up to the one
// that over is called with, if it is.
type read[T any] func(ctx context.Context, s adminapi.SendSelection, told func(*adminapi.SendPage), row func(*T) error, over func(complete func(day string) bool) error) error

// write writes the rows of an export.
func write[T any, R row[T]](ctx context.Context, e *exporting, from read[T]) error {
	if e.into != "" {
		return writeFolder[T, R](ctx, e, from)
	}
	w, err := export.NewWriter[T](e.out, e.format, e.options)
	if err != nil {
		return err
	}
	err = from(ctx, e.SendSelection, func(*adminapi.SendPage) {}, w.Write, func(func(string) bool) error { return nil })
	if err != nil {
		return err
	}
	return w.Close()
}

// sends are the rows of the ledger, newest first.
func (e *exporting) sends(ctx context.Context, s adminapi.SendSelection, told func(*adminapi.SendPage), row func(*export.Send) error, over func(func(string) bool) error) error {
	for page, err := range e.client.Sends(ctx, s) {
		if err != nil {
			return err
		}
		told(page)
		for i := range page.Sends {
			if err := row(&page.Sends[i]); err != nil {
				return err
			}
		}
		if n := len(page.Sends); n > 0 {
			// Nowhere has a later day begun by then.
			now := billing.Day(page.Sends[n-1].Time.Add(earliestDay), time.UTC)
			if err := over(func(day string) bool { return day > now }); err != nil {
				return err
			}
		}
	}
	return nil
}

// earliestDay is how much earlier than in UTC a day begins at most, and latestDay how much
// later.
const (
	earliestDay = 14 * time.Hour
	latestDay   = 12 * time.Hour
)
