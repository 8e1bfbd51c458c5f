package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/billpage"
)

func init() {
	register(definition{
		name:  "reconcile",
		usage: "[--month <month> | --from <time> --to <time>] [--file <file> | --fetch] [--waba <id>] [--by cause|day|difference] [--output <format>]",
		short: "Compares what messages cost here with what Meta says that it charges",
		long: `
Compares, for each account, what messages were expected to cost when they were sent,
what they cost by what statuses told, and Meta's own figures (pricing_analytics), and
says why they differ: how many messages and how much money for each cause, with the
command that shows what is behind the largest difference. The causes add up to the whole
difference, to the last digit.

Meta's figures are those that the gateway fetched by itself (option reconcile; --fetch does
it now, for days within a year), or those in --file: what Meta answered to GET /<WABA>?fields=pricing_analytics.start(...).end(...)
.granularity(DAILY).dimensions(["PHONE","COUNTRY","PRICING_CATEGORY","PRICING_TYPE","TIER"]),
one answer or several.

Days are those of the account's time_zone. Default: the days in --file, else the last 7.`,
		example: `
waguard reconcile --month 2026-10
waguard reconcile --file analytics.json
waguard reconcile --month 2026-08 --fetch
waguard reconcile --from 7d --by day
waguard reconcile --month 2026-10 --by difference --output csv > differences.csv`,
		shape: reconcileCommand,
	})
}

// Views of a reconciliation.
const (
	byCause      = "cause"
	byDay        = "day"
	byDifference = "difference"
)

func reconcileCommand(cmd *cobra.Command) {
	periodFlags(cmd, "")
	monthFlag(cmd)
	cmd.Flags().String("file", "", "The `file` with what Meta answered, or - for standard input")
	cmd.Flags().Bool("fetch", false, "Have the gateway ask Meta for the figures of these days first")
	cmd.Flags().String("waba", "", "Only this WhatsApp Business Account, by its `id`")
	choiceFlag(cmd, "by", "Show each `cause`, day or difference", []string{byCause, byDay, byDifference})
	outputFlags(cmd)
	asking(cmd, doReconcile)
}

// reconciledRow is a line of a reconciliation: one of the three accounts of messages, or why
// two of them differ.
type reconciledRow struct {
	WABA string `json:"waba"`
	// What is expected, settled or billed, or the cause of a difference between two of those.
	What string `json:"what"`
	// Step is to which of them the cause leads: settled or billed.
	Step     billing.Step `json:"step,omitempty"`
	Messages int          `json:"messages"`
	Added    int          `json:"added"`
	// Cost is null where nobody knows it. Unpriced are messages without a known price, of
	// which Cost has nothing; of a cause those that one of both knows no price of.
	Cost     *billing.Amount `json:"cost"`
	Unpriced int             `json:"unpriced,omitempty"`
	// Currency is that of the account.
	Currency billing.Currency `json:"currency"`
	billing.Matched
	// Example is the largest difference of the cause, and Look the command that shows what is
	// behind it.
	Example *ShownDifference `json:"example,omitempty"`
	Look    string           `json:"look,omitempty"`
}

// ShownDifference is a difference whose cost is null where nobody knows it, also as CSV, which
// reads no embedded fields of a type that is not exported.
type ShownDifference struct {
	Step          billing.Step     `json:"step"`
	Cause         billing.Cause    `json:"cause"`
	Day           string           `json:"day,omitempty"`
	PhoneNumberID string           `json:"phone_number_id,omitempty"`
	Market        billing.Market   `json:"market,omitempty"`
	Category      billing.Category `json:"category,omitempty"`
	From          string           `json:"from,omitempty"`
	To            string           `json:"to,omitempty"`
	Messages      int              `json:"messages"`
	Added         int              `json:"added"`
	Cost          *billing.Amount  `json:"cost"`
	Unpriced      int              `json:"unpriced,omitempty"`
}

func shown(d *billing.Difference) ShownDifference {
	return ShownDifference{d.Step, d.Cause, d.Day, d.PhoneNumberID, d.Market, d.Category, d.From, d.To, d.Messages, d.Added, d.Known(), d.Unpriced}
}

// reconciledDifference is a difference of an account.
type reconciledDifference struct {
	WABA     string           `json:"waba"`
	Currency billing.Currency `json:"currency"`
	ShownDifference
}

var reconciledRows = layout[reconciledRow]{
	titles: []string{"WHAT", "MESSAGES", "DIFFERENCE", "COST"},
	cells: func(r reconciledRow) []string {
		if r.Step == "" {
			return []string{sides[r.What], strconv.Itoa(r.Messages), "", knownMoney(r.Cost, r.Unpriced, r.Currency, billing.Amount.String)}
		}
		return []string{"  " + causes[billing.Cause(r.What)].says, strconv.Itoa(r.Messages), signedCount(r.Added), knownMoney(r.Cost, r.Unpriced, r.Currency, signedAmount)}
	},
	below: func(r reconciledRow) string {
		if r.Look == "" {
			return ""
		}
		return example(r.Example) + ": " + r.Look
	},
	none: "Nothing to compare.",
}

func signedAmount(a billing.Amount) string { return signed(a.String()) }

// knownMoney is money of which a part may be unknown, or all.
func knownMoney(cost *billing.Amount, without int, currency billing.Currency, said func(billing.Amount) string) string {
	if cost == nil {
		return billpage.Unknown
	}
	return moneyCell(said(*cost), without, currency)
}

func signedCount(n int) string {
	if n == 0 {
		return "0"
	}
	return fmt.Sprintf("%+d", n)
}

// sides are the three accounts of messages, for people.
var sides = map[string]string{
	"expected": "Expected when they were sent", "settled": "Charged for by what statuses told", "billed": "Charged for by Meta's figures",
	"compared": "  of them on the days that Meta's figures have",
}

// dayRows is a reconciliation by days.
var dayRows = layout[reconciledDay]{
	titles: []string{"DAY", "EXPECTED", "STATUSES", "META", "COST EXPECTED", "COST STATUSES", "COST META", "MATCHED", "MATCHED COST"},
	cells: func(r reconciledDay) []string {
		cells := []string{r.Day, strconv.Itoa(r.Expected.Messages), strconv.Itoa(r.Settled.Messages), "", sideMoney(&r.Expected, r.Currency), sideMoney(&r.Settled, r.Currency), "", shareCell(r.Matched.Messages), shareCell(r.Matched.Cost)}
		if r.Billed != nil {
			cells[3], cells[6] = strconv.Itoa(r.Billed.Messages), sideMoney(r.Billed, r.Currency)
		}
		return cells
	},
	none: "Nothing to compare.",
}

func sideMoney(s *shownSide, currency billing.Currency) string {
	return knownMoney(s.Cost, s.Unpriced, currency, billing.Amount.String)
}

func shareCell(s *billing.Share) string {
	if s == nil {
		return ""
	}
	return s.String() + " %"
}

// reconciledDay is a day of an account.
type reconciledDay struct {
	WABA     string           `json:"waba"`
	Currency billing.Currency `json:"currency"`
	Day      string           `json:"day"`
	Expected shownSide        `json:"expected"`
	Settled  shownSide        `json:"settled"`
	Billed   *shownSide       `json:"billed,omitempty"`
	billing.Matched
}

// shownSide is an account of messages whose cost is null where nobody knows it, also as CSV.
type shownSide struct {
	Messages int             `json:"messages"`
	Cost     *billing.Amount `json:"cost"`
	Unpriced int             `json:"unpriced,omitempty"`
}

func shownAs(s *billing.Side) *shownSide {
	if s == nil {
		return nil
	}
	return &shownSide{s.Messages, s.Known(), s.Unpriced}
}

// differenceRows is a reconciliation by every difference.
var differenceRows = layout[reconciledDifference]{
	titles: []string{"DAY", "CAUSE", "NUMBER", "MARKET", "CATEGORY", "FROM", "TO", "MESSAGES", "DIFFERENCE", "COST"},
	cells: func(r reconciledDifference) []string {
		return []string{
			r.Day, causes[r.Cause].says, r.PhoneNumberID, string(r.Market), string(r.Category), r.From, r.To,
			strconv.Itoa(r.Messages), signedCount(r.Added), knownMoney(r.Cost, r.Unpriced, r.Currency, signedAmount),
		}
	},
	none: "No differences.",
}

// cause is how a cause is told.
type causeWords struct {
	says string
	// look is the command that shows what is behind a difference; "" for none. {period} is
	// its day, {where} its number and market.
	look string
}

var causes = map[billing.Cause]causeWords{
	billing.NotDelivered:   {"not delivered", "waguard ledger {period} {business} {category} --limit 1000 --json | jq 'select(.delivery.status == \"failed\")'"},
	billing.NoWord:         {"no status came", "waguard ledger {period} {business} {category} --limit 1000 --json | jq 'select(.outcome.state != \"refused\" and (.delivery.status == null or .delivery.status == \"sent\"))'"},
	billing.AnotherDay:     {"counted on another day", "waguard report {around} {business} {where} --by day,category"},
	billing.OtherCategory:  {"category changed by Meta", "waguard report {period} {business} {where} --by template,estimated_category,category"},
	billing.OtherMarket:    {"another market at Meta", "waguard report {period} {business} --by market,category"},
	billing.Unpriced:       {"no price is known here", "waguard rates show --currency {currency} --on {day} {market}"},
	billing.Allowance:      {"free allowance of the month", "waguard report --month {month} {business} --where category=service --by day,price_type"},
	billing.OtherPriceType: {"free for one of both", "waguard report {period} {business} {where} --by template,price_type"},
	billing.VolumeTier:     {"volume tier", "waguard report --month {month} {business} {where} --by market,category,unit_price"},
	billing.OtherRate:      {"another rate", "waguard rates show --currency {currency} --on {day} {market}"},
	billing.Rounding:       {"rounded by Meta", ""},
	billing.UnknownToUs:    {"unknown to us: sent past the gateway", "waguard report {period} {business} {where} --by template,category"},
	billing.UnknownToMeta:  {"unknown to Meta", "waguard report {period} {business} {where} --by template,category"},
}

// example is the largest difference of a cause.
func example(d *ShownDifference) string {
	said := fmt.Sprintf("%d on %s", d.Messages, d.Day)
	for _, part := range []string{string(d.Category), string(d.Market)} {
		if part != "" {
			said += ", " + part
		}
	}
	switch {
	case d.From != "" && d.To != "":
		said += ", " + d.From + " to " + d.To
	case d.To != "":
		said += ", " + d.To
	}
	return said
}

// lookAt is the command that shows what is behind a difference.
func lookAt(d *billing.Difference, currency billing.Currency) string {
	flag := func(name, value string) string {
		if value == "" {
			return ""
		}
		return "--" + name + " " + quoted(value)
	}
	from, to, month := d.Day, d.Day, d.Day
	around := ""
	if len(d.Day) == len(time.DateOnly) {
		from, to, month = d.Day, addDays(d.Day, 1), d.Day[:len("2006-01")]
		first, last := min(d.Day, cmp.Or(d.From, d.Day)), max(d.Day, d.To)
		around = "--from " + first + " --to " + addDays(last, 1)
	}
	period := "--from " + from + " --to " + to
	if from == to {
		period, around = "--month "+month, "--month "+month
	}
	where := ""
	if d.Market != "" {
		where = flag("where", "market="+string(d.Market))
	}
	said := strings.NewReplacer(
		"{period}", period, "{around}", around, "{month}", month, "{day}", from, "{currency}", string(currency),
		"{business}", flag("business", d.PhoneNumberID), "{where}", where, "{market}", flag("market", string(d.Market)), "{category}", flag("category", string(d.Category)),
	).Replace(causes[d.Cause].look)
	return strings.Join(strings.Fields(said), " ")
}

// quoted is a word as a shell takes it.
func quoted(s string) string {
	if strings.ContainsAny(s, " '\"&$`\\") {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

func addDays(date string, n int) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.AddDate(0, 0, n).Format(time.DateOnly)
}

func doReconcile(ctx context.Context, c *call) error {
	from, to, err := period(c)
	if err != nil {
		return err
	}
	month := c.flags.String("month")
	if month != "" && (from != "" || to != "") {
		return misused("--month and --from or --to ask for different times: leave one out")
	}
	s := adminapi.ReconcileSelection{From: from, To: to, Month: month, WABA: c.flags.String("waba"), Fetch: c.flags.Bool("fetch")}
	name := c.flags.String("file")
	if name != "" && s.Fetch {
		return misused("--file brings Meta's figures, and --fetch asks for them: leave one out")
	}
	if name != "" {
		if s.Analytics, err = readAnalytics(name); err != nil {
			return err
		}
	}
	answer, err := c.client.Reconcile(ctx, s)
	if err != nil {
		return err
	}
	return showReconciled(c, answer.Accounts)
}

// readAnalytics reads a file of Meta's figures, as text. It is read here first, so that who has
// the file is told what is wrong with it.
func readAnalytics(name string) (string, error) {
	file, shut, err := openList(name)
	if err != nil {
		return "", misused("the file %s can't be read: %v", name, err)
	}
	defer shut()
	data, err := io.ReadAll(io.LimitReader(file, billing.LargestAnalytics+1))
	if err != nil {
		return "", misused("%s: %v", name, err)
	}
	if _, err := billing.ReadAnalytics(data); err != nil {
		return "", &finding{name + ": " + err.Error()}
	}
	return string(data), nil
}

// rowsOf are an account's causes, between the accounts of messages that they lead from and to.
func rowsOf(r *billing.Reconciliation) (rows []reconciledRow) {
	side := func(what string, s *billing.Side) {
		rows = append(rows, reconciledRow{WABA: r.WABA, What: what, Messages: s.Messages, Cost: s.Known(), Unpriced: s.Unpriced, Currency: r.Currency})
	}
	step := func(to billing.Step) {
		for _, cause := range r.Causes {
			if cause.Step == to {
				rows = append(rows, reconciledRow{
					WABA: r.WABA, What: string(cause.Cause), Step: cause.Step, Messages: cause.Messages, Added: cause.Added, Cost: cause.Known(), Unpriced: cause.Unpriced, Currency: r.Currency,
					Example: new(shown(&cause.Example)), Look: lookAt(&cause.Example, r.Currency),
				})
			}
		}
	}
	side("expected", &r.Expected)
	step(billing.ToSettled)
	side("settled", &r.Settled)
	if r.Billed != nil {
		if r.Compared != r.Settled {
			side("compared", &r.Compared)
		}
		step(billing.ToBilled)
		side("billed", r.Billed)
		rows[len(rows)-1].Matched = r.Matched
	}
	return rows
}

// showReconciled prints a reconciliation of each account.
func showReconciled(c *call, accounts []*billing.Reconciliation) error {
	show := showCauses
	switch c.flags.String("by") {
	case byDay:
		show = showDays
	case byDifference:
		show = showDifferences
	}
	return show(c, accounts)
}

func showCauses(c *call, accounts []*billing.Reconciliation) error {
	print := printer(c, &reconciledRows)
	for i, r := range accounts {
		if c.format == formatTable {
			if i > 0 {
				c.note("")
			}
			print = printer(c, &reconciledRows)
		}
		if err := print(rowsOf(r), nil); err != nil {
			return err
		}
		c.reconciled(r)
	}
	return nil
}

func showDays(c *call, accounts []*billing.Reconciliation) error {
	print := printer(c, &dayRows)
	for _, r := range accounts {
		var rows []reconciledDay
		for _, d := range r.Days {
			rows = append(rows, reconciledDay{r.WABA, r.Currency, d.Day, *shownAs(&d.Expected), *shownAs(&d.Settled), shownAs(d.Billed), d.Matched})
		}
		if err := print(rows, nil); err != nil {
			return err
		}
		c.reconciled(r)
	}
	return nil
}

func showDifferences(c *call, accounts []*billing.Reconciliation) error {
	print := printer(c, &differenceRows)
	for _, r := range accounts {
		var rows []reconciledDifference
		for _, d := range r.Differences {
			rows = append(rows, reconciledDifference{r.WABA, r.Currency, shown(&d)})
		}
		if err := print(rows, nil); err != nil {
			return err
		}
		c.reconciled(r)
	}
	return nil
}

// reconciled says of which account and days a reconciliation is, and how far it matches.
func (c *call) reconciled(r *billing.Reconciliation) {
	said := fmt.Sprintf("Account %s, %s to %s in %s.", r.WABA, r.From, addDays(r.To, -1), r.TimeZone)
	if r.Matched.Messages != nil {
		said += fmt.Sprintf(" Statuses and Meta's figures match in %s of the messages", shareCell(r.Matched.Messages))
		if r.Matched.Cost != nil {
			said += fmt.Sprintf(" and %s of the money", shareCell(r.Matched.Cost))
		}
		said += "."
		if r.Compared.Unpriced > 0 {
			said += fmt.Sprintf(" How much of the money does nobody knows: %d of the messages have no known price.", r.Compared.Unpriced)
		}
	}
	c.note("%s", said)
	for _, note := range r.Notes {
		c.note("%s", note)
	}
}
