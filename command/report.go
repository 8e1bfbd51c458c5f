package command

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/billpage"
)

func init() {
	register(definition{
		name:  "report",
		usage: "[--from <time>] [--to <time>] [--month <month>] [--by <dimensions>] [--where <dimension=value>] [--business <phone_number_id>] [--output <format>]",
		short: "Counts sends and what they cost, by day, category, market, tag and more",
		long: `
Counts the sends in the ledger of a running gateway and what they cost, by day,
business, category, decision and market, or by what --by names: ` + strings.Join(billing.Dimensions, ", ") + `,
and every tag that is declared. The category is Meta's where a status webhook has told
it, else the estimate of the day of the send. Default: the last 30 days.

Days are those of the time zone of the business's WhatsApp Business Account
(time_zone, UTC by default), as Meta bills; so are --from and --to that are dates.
Sends and what they are expected to cost count on the day of sending; what was
delivered, and what it costs by the rules and the rate card of that day, on the day of
delivery. A price that nobody knows is shown as unknown, never as zero.

--output html writes a page that explains the bill; --output bill.html writes it
into that file. --message-class notification counts only the templates that met no open
customer service window, sent or refused: what policies call push notifications.

--conversations counts conversations: all that a number and a person exchanged about one
category within 24 hours, or 72 through an ad. Meta charged for those until June 2025. It
reads all messages of the period and of the weeks before, which takes a while where there
are millions.

--card and --rules ask what the period would have cost by another rate card or by the
rules of another day, and tell what it did cost.`,
		example: `
waguard report --from 7d
waguard report --month 2026-10 --by team,market
waguard report --month 2026-10 --by day,category --where market=Germany,India --where team=crm
waguard report --month 2026-10 --output bill.html
waguard report --from 2026-11-01 --to 2026-12-01 --output csv --csv-dialect excel > november.csv
waguard report --month 2026-09 --rules 2026-10-01 --by category
waguard report --forecast
waguard report --conversations --month 2026-10 --by category,market
waguard report --message-class notification`,
		shape: reportCommand,
	})
}

// formatHTML is a page that explains the bill.
const formatHTML = "html"

// dimensioned are the columns of what a report is grouped by.
type dimensioned struct {
	titles []string
	cells  func(*billing.Key) []string
}

func dimensionsOf(by []string) dimensioned {
	numbers := false
	var titles []string
	for _, dimension := range by {
		if dimension == "number" && slices.Contains(by, "business") {
			numbers = true // the name stands for it
			continue
		}
		titles = append(titles, strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(dimension, billing.TagPrefix), "_", " ")))
	}
	return dimensioned{titles, func(k *billing.Key) (cells []string) {
		for _, dimension := range by {
			cell := k.Value(dimension)
			switch {
			case dimension == "number" && numbers:
				continue
			case dimension == "business" && numbers:
				cell = cmp.Or(cell, k.PhoneNumberID)
			case dimension == "market" && k.MarketEstimated:
				cell += " (estimated)"
			}
			cells = append(cells, cell)
		}
		return cells
	}}
}

// reportLayout is the table of a report by what it is grouped by.
func reportLayout(by []string) *layout[billing.Row] {
	dimensions := dimensionsOf(by)
	return &layout[billing.Row]{
		titles: append(dimensions.titles, "SENDS", "ACCEPTED", "DELIVERED", "FAILED", "UNKNOWN", "CHARGED", "EXPECTED", "COST"),
		cells: func(r billing.Row) []string {
			return append(dimensions.cells(&r.Key), countCells(&r.Counts, r.Currency)...)
		},
		none: "No sends.",
	}
}

func countCells(c *billing.Counts, currency billing.Currency) (cells []string) {
	for _, n := range []int{c.Sends, c.Accepted, c.Delivered, c.Failed, c.Unknown, c.Charged} {
		cells = append(cells, fmt.Sprint(n))
	}
	return append(cells, moneyCell(billpage.Estimated(c), c.Unestimated, currency), moneyCell(billpage.Actual(c), c.Unpriced, currency))
}

// moneyCell is an amount with its currency, and how many messages nobody knows the price of.
func moneyCell(amount string, without int, currency billing.Currency) string {
	switch {
	case amount == billpage.Unknown:
		return amount
	case without > 0:
		return fmt.Sprintf("%s %s + %d unknown", amount, currency, without)
	}
	return amount + " " + string(currency)
}

// formatOrPage is what --output takes here: a format, or a file for the page.
func formatOrPage(s string) (string, error) {
	if strings.HasSuffix(strings.ToLower(s), ".html") {
		return s, nil
	}
	known := choice(append(slices.Clone(formats), formatHTML))
	err := known.Set(s)
	return known.value, err
}

var asMonth = regexp.MustCompile(`^[0-9]{4}-(0[1-9]|1[0-2])$`)

// monthFlag selects a calendar month.
func monthFlag(cmd *cobra.Command) {
	cmd.Flags().Var(&checked{kind: "string", judge: func(s string) (string, error) {
		if s != "" && !asMonth.MatchString(s) {
			return "", misused("takes a month such as 2026-10")
		}
		return s, nil
	}}, "month", "Of this calendar `month`, such as 2026-10, where the account is")
}

func reportCommand(cmd *cobra.Command) {
	periodFlags(cmd, "30d")
	monthFlag(cmd)
	cmd.Flags().String("by", "", "Group by these `dimensions` and tags, with commas between, such as day,market,team")
	completed(cmd, "by", billing.Dimensions)
	cmd.Flags().StringArray("where", nil, "Only with this `dimension=value`, such as market=Germany,India; each one given must hold")
	businessFlag(cmd, "Only this `number` of the business, by its phone_number_id")
	choiceFlag(cmd, "message-class", "Only this `class` of messages: notification", []string{billing.Notification})
	cmd.Flags().VarP(&checked{kind: "string", judge: formatOrPage}, "output", "o", "How to print: `table`, json, csv or html; or a file such as bill.html for the page")
	completed(cmd, "output", append(slices.Clone(formats), formatHTML))
	cmd.Flags().Bool("json", false, "Print JSON, as --output json does")
	cmd.Flags().String("card", "", "What it would have cost by this `card`, such as \"USD 2026-10-01\"")
	cmd.Flags().String("rules", "", "What it would have cost by the rules of this `day`, such as 2026-10-01")
	cmd.Flags().Bool("forecast", false, "Say instead what the running month is expected to cost")
	cmd.Flags().Bool("conversations", false, "Count instead the conversations that messages belong to, and how they were opened")
	choiceFlag(cmd, "csv-dialect", "Write CSV for this `program`: rfc4180, excel, or excel-semicolon where the decimal sign is a comma", billpage.Dialects)
	asking(cmd, doReport)
}

func doReport(ctx context.Context, c *call) error {
	from, to, err := period(c)
	if err != nil {
		return err
	}
	if c.flags.Bool("forecast") {
		return showForecast(ctx, c)
	}
	month := c.flags.String("month")
	if month != "" {
		if c.cmd.Flags().Changed("from") || to != "" {
			return misused("--month and --from or --to ask for different times: leave one out")
		}
		from, to = "", ""
	}
	if c.flags.String("csv-dialect") != "" && c.format != formatCSV {
		return misused("--csv-dialect is for --output csv")
	}
	where, err := c.cmd.Flags().GetStringArray("where")
	if err != nil {
		return err
	}
	s := adminapi.ReportSelection{
		Selection:    adminapi.Selection{From: from, To: to, PhoneNumberID: c.flags.String("business")},
		MessageClass: c.flags.String("message-class"), Month: month, By: c.flags.String("by"), Where: strings.Join(where, "; "),
		Card: c.flags.String("card"), Rules: c.flags.String("rules"),
	}
	route := adminapi.RouteReport
	if c.flags.Bool("conversations") {
		route = adminapi.RouteConversations
	}
	switch {
	case c.format == formatHTML || strings.HasSuffix(strings.ToLower(c.format), ".html"):
		return c.reportPage(ctx, route, s)
	case route == adminapi.RouteConversations:
		return showConversations(ctx, c, s)
	}
	report, err := c.client.Report(ctx, s)
	if err != nil {
		return err
	}
	if c.format == formatCSV {
		return billpage.WriteCSV(c.out, report, billpage.Dialect(c.flags.String("csv-dialect")))
	}
	if err := showReport(c, report); err != nil {
		return err
	}
	for _, note := range report.Notes {
		c.note("%s", note)
	}
	for _, t := range report.Totals {
		switch {
		case t.Was != nil:
			c.note("It was %s, and would have been %s.", moneyCell(t.Was.String(), t.WasUnpriced, t.Currency), moneyCell(billpage.Actual(&t.Counts), t.Unpriced, t.Currency))
		case t.WasUnpriced > 0:
			c.note("What it was nobody knows: none of the %d messages that were charged for has a known price. It would have been %s.", t.WasUnpriced, moneyCell(billpage.Actual(&t.Counts), t.Unpriced, t.Currency))
		}
	}
	if len(report.Rows) > 0 {
		c.note("%s", daysOf(report))
	}
	return nil
}

// showReport prints rows with a total of each currency.
func showReport(c *call, report *billing.Report) error {
	how := reportLayout(report.By)
	if c.format != formatTable || len(report.Rows) == 0 {
		return show(c, how, report.Rows, nil)
	}
	print := printer(c, how)
	before := len(how.titles) - 8
	rows := report.Rows
	for _, total := range report.Totals {
		line := make([]string, before, len(how.titles))
		cells := countCells(&total.Counts, total.Currency)
		if before > 0 {
			line[0] = "total"
		}
		if err := print(rows, append(line, cells...)); err != nil {
			return err
		}
		rows = nil
	}
	return nil
}

// reportPage writes the page that explains a report.
func (c *call) reportPage(ctx context.Context, route adminapi.Route, s adminapi.ReportSelection) error {
	var page bytes.Buffer
	if err := c.client.ReportPage(ctx, &page, route, s); err != nil {
		return err
	}
	if c.format == formatHTML {
		_, err := c.out.Write(page.Bytes())
		return err
	}
	if err := os.WriteFile(c.format, page.Bytes(), 0o600); err != nil {
		return errors.New("the page can't be written: " + err.Error())
	}
	c.hint("Wrote %s: open it in a browser, or print it.", c.format)
	return nil
}

// daysOf says whose days a report counts by, and by which cards.
func daysOf(report *billing.Report) string {
	var businesses []string
	for i := range report.Rows {
		r := &report.Rows[i]
		if in := cmp.Or(r.Business, r.PhoneNumberID) + " in " + r.TimeZone; r.TimeZone != "" && !slices.Contains(businesses, in) {
			businesses = append(businesses, in)
		}
	}
	said := "Days in " + allOf(report.TimeZones) + "."
	if len(report.TimeZones) > 1 && len(businesses) > 0 {
		said = "Days of " + strings.Join(businesses, ", ") + "."
	}
	for _, card := range report.Cards {
		said += " Prices of the card " + card.ID
		if card.Unofficial {
			said += ", which is no file of Meta's"
		}
		said += "."
	}
	return said
}
