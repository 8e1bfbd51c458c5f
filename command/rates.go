package command

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/billing"
)

func init() {
	register(definition{
		name:  "rates",
		usage: "<command>",
		short: "Shows the rate cards that messages are priced by, and checks files of them",
		long: `
Meta publishes a rate card for each currency, and changes it on the first day of a quarter
at most. Some come with waguard; rate_card gives the gateway others.`,
		example: `
waguard rates list
waguard rates show "USD 2026-10-01" --market Germany
waguard rates check usd-2026-10.csv usd-2027-01.csv`,
		shape: func(cmd *cobra.Command) { group(cmd, ratesList(), ratesShow(), ratesCheck(), ratesConvert()) },
	})
}

// cardRow is a rate card in short.
type cardRow struct {
	Card       string           `json:"card"`
	Currency   billing.Currency `json:"currency"`
	From       string           `json:"from"`
	Markets    int              `json:"markets"`
	Tiers      bool             `json:"tiers"`
	Unofficial bool             `json:"unofficial"`
	Source     string           `json:"source"`
}

func cardRowOf(c *billing.Card) cardRow {
	return cardRow{c.ID(), c.Currency, c.From, len(c.Rates), len(c.Tiers) > 0, c.Unofficial, c.Source}
}

var cardRows = layout[cardRow]{
	titles: []string{"CARD", "FROM", "MARKETS", "TIERS", "SOURCE"},
	cells: func(r cardRow) []string {
		tiers := "no"
		if r.Tiers {
			tiers = "yes"
		}
		return []string{r.Card, r.From, strconv.Itoa(r.Markets), tiers, sourceText(r.Source, r.Unofficial)}
	},
	none: "No rate cards.",
}

// sourceText is where a card is from, and whether that is no file of Meta's.
func sourceText(source string, unofficial bool) string {
	if unofficial {
		source += " (unofficial)"
	}
	return source
}

func ratesList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "Lists the rate cards of a running gateway", Example: indented(`
waguard rates list
waguard rates list --shipped`)}
	shippedFlag(cmd)
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		cards, err := cardsOf(ctx, c)
		if err != nil {
			return err
		}
		var rows []cardRow
		for _, card := range cards.All() {
			rows = append(rows, cardRowOf(card))
		}
		return show(c, &cardRows, rows, nil)
	})
	return cmd
}

func shippedFlag(cmd *cobra.Command) {
	cmd.Flags().Bool("shipped", false, "Ask no gateway: the cards that come with waguard")
}

// cardsOf are the cards of the running gateway, or those that come with waguard.
func cardsOf(ctx context.Context, c *call) (*billing.Cards, error) {
	if c.flags.Bool("shipped") {
		return billing.Shipped(), nil
	}
	rates, err := c.client.Rates(ctx)
	if err != nil {
		return nil, err
	}
	return billing.NewCards(rates.Cards...), nil
}

// rateRow is what a card says of a market and a category.
type rateRow struct {
	Card     string           `json:"card"`
	Market   billing.Market   `json:"market"`
	Category billing.Category `json:"category"`
	// Rate is absent where the card has none.
	Rate     *billing.Amount  `json:"rate,omitempty"`
	Currency billing.Currency `json:"currency"`
	Tiers    []billing.Tier   `json:"tiers,omitempty"`
}

var rateRows = layout[rateRow]{
	titles: []string{"MARKET", "CATEGORY", "RATE", "TIERS"},
	cells: func(r rateRow) []string {
		rate := "n/a"
		if r.Rate != nil {
			rate = r.Rate.String()
		}
		var tiers []string
		for i := 1; i < len(r.Tiers); i++ {
			tiers = append(tiers, r.Tiers[i].Rate.String()+" above "+humanize.Comma(int64(r.Tiers[i-1].To)))
		}
		return []string{string(r.Market), string(r.Category), rate, strings.Join(tiers, ", ")}
	},
	none: "The card has no such market.",
}

func ratesOfCard(c *billing.Card, market string) (rows []rateRow) {
	for _, m := range marketsOf(c) {
		if market != "" && !strings.EqualFold(string(m), market) {
			continue
		}
		for _, category := range billing.Columns {
			row := rateRow{Card: c.ID(), Market: m, Category: category, Currency: c.Currency, Tiers: c.Tiers[m][category]}
			if rate, ok := c.Rate(m, category); ok {
				row.Rate = &rate
			} else if len(row.Tiers) > 0 { // a file of volume tiers
				row.Rate = &row.Tiers[0].Rate
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// marketsOf are the markets of cards, by name.
func marketsOf(cards ...*billing.Card) []billing.Market {
	markets := make(map[billing.Market]bool)
	for _, c := range cards {
		for m := range c.Rates {
			markets[m] = true
		}
		for m := range c.Tiers {
			markets[m] = true
		}
	}
	return slices.Sorted(maps.Keys(markets))
}

func ratesShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show [<card>]", Short: "Shows a rate card: one of the running gateway, or of a file", Annotations: map[string]string{takesWords: "ab"},
		Long: strings.TrimSpace(`
A card is named by its currency and first day, as waguard rates list does, or by the file that
has it. Without a name it is the one of --currency that holds on the day --on.`),
		Example: indented(`
waguard rates show "USD 2026-10-01"
waguard rates show usd-rates.csv --market India
waguard rates show --currency EUR --on 2026-07-01 -o csv`),
	}
	cmd.Flags().String("currency", "USD", "The `code` of the currency")
	cmd.Flags().String("on", "", "The `day`, such as 2026-10-01 (default the newest card)")
	cmd.Flags().String("market", "", "Only this `market`, such as Germany")
	shippedFlag(cmd)
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		card, err := cardNamed(ctx, c, strings.Join(c.words, " "))
		if err != nil {
			return err
		}
		if err := show(c, &rateRows, ratesOfCard(card, c.flags.String("market")), nil); err != nil {
			return err
		}
		c.note("%s, from %s.", cmp.Or(strings.TrimSpace(card.ID()), "?"), sourceText(card.Source, card.Unofficial))
		return nil
	})
	return cmd
}

// cardName is how cards are named.
var cardName = regexp.MustCompile(`^[A-Za-z]{3} [0-9]{4}-[0-9]{2}-[0-9]{2}$`)

// cardNamed is the card that a name or a file has; "" for that of a currency and day.
func cardNamed(ctx context.Context, c *call, name string) (*billing.Card, error) {
	if name != "" && (c.cmd.Flags().Changed("currency") || c.cmd.Flags().Changed("on")) {
		return nil, misused("the card is named: leave --currency and --on out")
	}
	if name != "" && !cardName.MatchString(name) {
		files, err := readCardFiles([]string{name})
		if err != nil {
			return nil, err
		}
		tellNotes(c, name, files[0])
		return files[0].Card, nil
	}
	currency, err := billing.ParseCurrency(c.flags.String("currency"))
	if err != nil {
		return nil, misused("%v", err)
	}
	on := c.flags.String("on")
	if _, err := time.Parse(time.DateOnly, on); err != nil && on != "" {
		return nil, misused("--on: %q is no day; write it as 2026-10-01", on)
	}
	cards, err := cardsOf(ctx, c)
	if err != nil {
		return nil, err
	}
	if name != "" {
		if card := cards.Find(strings.ToUpper(name)); card != nil {
			return card, nil
		}
		return nil, fmt.Errorf("there is no rate card %s: waguard rates list shows which there are", strings.ToUpper(name))
	}
	card := cards.On(currency, cmp.Or(on, "9999-12-31"))
	if card == nil {
		day := ""
		if on != "" && cards.On(currency, "9999-12-31") != nil {
			day = " that holds on " + on
		}
		return nil, fmt.Errorf("there is no rate card in %s%s: waguard rates list shows which there are", currency, day)
	}
	return card, nil
}

// rateChange is where a card differs from another one.
type rateChange struct {
	Card string `json:"card"`
	// Than is the card that it is compared with.
	Than     string           `json:"than"`
	Market   billing.Market   `json:"market"`
	Category billing.Category `json:"category"`
	// Above is how many messages of a month come before those that a volume tier is of.
	Above int `json:"above,omitempty"`
	// Before and After are absent where a card has no such rate.
	Before *billing.Amount `json:"before,omitempty"`
	After  *billing.Amount `json:"after,omitempty"`
	// Change is by how much a message costs more, and Percent the same of what it cost, to
	// a tenth.
	Change  *billing.Amount `json:"change,omitempty"`
	Percent string          `json:"percent,omitempty"`
	// What is new_market, market_gone, new_rate, rate_gone or rate.
	What string `json:"what"`
	// Was is the market that numbers of a new one were charged for by before.
	Was billing.Market `json:"was,omitempty"`
}

// What of a change.
const (
	newMarket  = "new_market"
	marketGone = "market_gone"
	newRate    = "new_rate"
	rateGone   = "rate_gone"
	rateMoved  = "rate"
)

var rateChanges = layout[rateChange]{
	titles: []string{"CARD", "MARKET", "CATEGORY", "BEFORE", "AFTER", "CHANGE", "PERCENT", "WHAT"},
	cells: func(r rateChange) []string {
		change := ""
		if r.Change != nil {
			change = signed(r.Change.String())
		}
		what := map[string]string{newMarket: "new market", marketGone: "market gone", newRate: "new rate", rateGone: "no rate any more"}[r.What]
		if r.Was != "" {
			what += ", was in " + string(r.Was)
		}
		if r.Above > 0 {
			what = "above " + humanize.Comma(int64(r.Above))
		}
		return []string{r.Card, string(r.Market), string(r.Category), amountOr(r.Before), amountOr(r.After), change, r.Percent, what}
	},
	none: "No rate differs.",
}

func amountOr(a *billing.Amount) string {
	if a == nil {
		return "n/a"
	}
	return a.String()
}

// changesTo are where a card differs from another one. What is sent to a market that was none of
// its own yet is compared with the one that it belonged to.
func changesTo(card, than *billing.Card) (rows []rateChange) {
	for _, m := range marketsOf(card, than) {
		what, was := "", m
		switch {
		case card.Rates[m] == nil:
			what = marketGone
		case than.Rates[m] == nil:
			what, was = newMarket, billing.MarketBefore(m, than.From)
		}
		for _, category := range billing.Columns {
			row := rateChange{Card: card.ID(), Than: than.ID(), Market: m, Category: category, What: what}
			if was != m {
				row.Was = was
			}
			row.compare(priceOf(than, was, category, 0), priceOf(card, m, category, 0))
			if row.Before == nil && row.After == nil || what == "" && row.What == "" {
				continue
			}
			rows = append(rows, row)
		}
		if len(card.Tiers) == 0 || len(than.Tiers) == 0 {
			continue
		}
		for _, category := range billing.Columns {
			for _, above := range boundsOf(card.Tiers[m][category], than.Tiers[was][category]) {
				row := rateChange{Card: card.ID(), Than: than.ID(), Market: m, Category: category, Above: above}
				row.compare(priceOf(than, was, category, above), priceOf(card, m, category, above))
				if row.What != "" {
					rows = append(rows, row)
				}
			}
		}
	}
	return rows
}

// compare fills in what differs. What is said of the market stays.
func (r *rateChange) compare(before, after *billing.Amount) {
	r.Before, r.After = before, after
	what := ""
	switch {
	case before == nil && after == nil:
	case before == nil:
		what = newRate
	case after == nil:
		what = rateGone
	case *before != *after:
		what = rateMoved
		change := *after - *before
		r.Change = &change
		if *before != 0 {
			r.Percent = signed(big.NewRat(100*int64(change), int64(*before)).FloatString(1)) + " %"
		}
	}
	r.What = cmp.Or(r.What, what)
}

// priceOf is what a message costs of which as many came before in the month; nil for n/a.
func priceOf(c *billing.Card, m billing.Market, category billing.Category, before int) *billing.Amount {
	q := c.Quote(&billing.Message{Category: category, Market: m, ChargedBefore: before, Told: billing.Regular}, c.Currency, billing.Rules{PerMessage: true})
	if !q.Known {
		return nil
	}
	return &q.Unit
}

// boundsOf are where bands of tiers end.
func boundsOf(lists ...[]billing.Tier) []int {
	bounds := make(map[int]bool)
	for _, tiers := range lists {
		for _, t := range tiers {
			bounds[t.To] = true
		}
	}
	delete(bounds, 0)
	return slices.Sorted(maps.Keys(bounds))
}

func signed(number string) string {
	if strings.HasPrefix(number, "-") {
		return number
	}
	return "+" + number
}

// cardFileFlag is the flag for files of rate cards; a single one may stand without it.
func cardFileFlag(cmd *cobra.Command) {
	cmd.Flags().StringArray("from", nil, "The `file` with a rate card or volume tiers; repeatable")
	required(cmd, "from")
	cmd.Annotations = map[string]string{takesFile: "from"}
}

func filesNamed(c *call) ([]string, error) { return c.cmd.Flags().GetStringArray("from") }

func readCardFiles(names []string) ([]*billing.CardFile, error) {
	var files []*billing.CardFile
	for _, name := range names {
		data, err := os.ReadFile(name) // #nosec G304 -- it is the caller's to name
		if err != nil {
			return nil, misused("%v", err)
		}
		f, err := billing.ReadCardFile(data)
		if err != nil {
			return nil, &finding{name + ": " + err.Error()}
		}
		if f.Card.Source == "" {
			f.Card.Source = name
		}
		files = append(files, f)
	}
	return files, nil
}

func ratesCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use: "check [<old>] [<new>]", Short: "Reads files as the gateway would, and lists what differs from another card", Annotations: map[string]string{takesWords: "ab"},
		Long: strings.TrimSpace(`
A card is the file that has it, or one of those that come with waguard, such as "USD 2026-04-01".
Of one file the card is compared with the one before it, of those that come with waguard and are
given. Volume tiers are files beside, with --from.

It ends with status 0 where all files can be read, whatever differs; with 5 where one is broken,
or, with --fail-if-changed, where anything differs; with 2 where there is nothing to compare.`),
		Example: indented(`
waguard rates check usd-rates.csv
waguard rates check usd-2026-10.csv usd-2027-01.csv
waguard rates check "USD 2026-10-01" usd-rates.csv --fail-if-changed
waguard rates check --from usd-rates.csv --from usd-volume-tiers.csv`),
	}
	cmd.Flags().StringArray("from", nil, "The `file` with a rate card or volume tiers; repeatable")
	cmd.Flags().Bool("fail-if-changed", false, "End with status 5 if anything differs")
	outputFlags(cmd)
	doing(cmd, func(_ context.Context, c *call) error {
		names, err := filesNamed(c)
		if err != nil {
			return err
		}
		var rows []rateChange
		switch {
		case len(c.words) == 2:
			rows, err = compareTwo(c, c.words[0], c.words[1], names)
		case len(c.words) == 1 && cardName.MatchString(c.words[0]):
			rows, err = compareShipped(c, c.words[0], names)
		default:
			rows, err = compareFiles(c, append(c.words, names...))
		}
		if err != nil {
			return err
		}
		if err := show(c, &rateChanges, rows, nil); err != nil {
			return err
		}
		if len(rows) > 0 && c.flags.Bool("fail-if-changed") {
			return &finding{strconv.Itoa(len(rows)) + " rates differ"}
		}
		return nil
	})
	return cmd
}

// compareFiles compares the cards of files, each with the one before it.
func compareFiles(c *call, names []string) (rows []rateChange, err error) {
	if len(names) == 0 {
		return nil, misused("name the file with a rate card, or two cards to compare")
	}
	files, err := readCardFiles(names)
	if err != nil {
		return nil, err
	}
	cards, err := billing.Shipped().With(files...)
	if err != nil {
		return nil, &finding{err.Error()}
	}
	for i, f := range files {
		tellNotes(c, names[i], f)
		if f.OnlyTiers {
			c.note("%s: volume tiers of %d markets in %s.", names[i], len(f.Card.Tiers), f.Card.Currency)
			continue
		}
		c.note("%s: the card %s with %d markets.", names[i], f.Card.ID(), len(f.Card.Rates))
		if before := cardBefore(cards, f.Card); before != nil {
			rows = append(rows, compare(c, cards.Find(f.Card.ID()), before)...)
		}
	}
	return rows, nil
}

// compareShipped compares a card that comes with waguard with the one before it.
func compareShipped(c *call, name string, others []string) ([]rateChange, error) {
	if len(others) > 0 {
		return nil, misused("%s comes with waguard: give two cards to compare, or files alone", name)
	}
	card, err := shippedCard(name)
	if err != nil {
		return nil, err
	}
	before := cardBefore(billing.Shipped(), card)
	if before == nil {
		return nil, misused("no card comes with waguard that is before %s: name the one to compare it with", card.ID())
	}
	return compare(c, card, before), nil
}

// shippedCard is a card that comes with waguard.
func shippedCard(name string) (*billing.Card, error) {
	if card := billing.Shipped().Find(strings.ToUpper(name)); card != nil {
		return card, nil
	}
	return nil, misused("no card %s comes with waguard: waguard rates list --shipped shows which do", strings.ToUpper(name))
}

// compareTwo compares two cards, to which other files may have the volume tiers.
func compareTwo(c *call, old, latest string, others []string) ([]rateChange, error) {
	tiers, err := readCardFiles(others)
	if err != nil {
		return nil, err
	}
	for i, f := range tiers {
		tellNotes(c, others[i], f)
		if !f.OnlyTiers {
			return nil, misused("--from is for volume tiers where two cards are compared, and %s has a card", others[i])
		}
	}
	used := make(map[*billing.CardFile]bool)
	var cards [2]*billing.Card
	for i, name := range []string{old, latest} {
		if cards[i], err = cardWithTiers(c, name, tiers, used); err != nil {
			return nil, err
		}
	}
	for i, f := range tiers {
		if !used[f] {
			return nil, &finding{fmt.Sprintf("%s: the tiers are of %s, and belong to neither card", others[i], f.Card.ID())}
		}
	}
	if cards[0].Currency != cards[1].Currency {
		return nil, misused("%s and %s are in two currencies, and no card is a conversion of another", cards[0].ID(), cards[1].ID())
	}
	if cards[0].From > cards[1].From {
		c.note("%s is the newer card: what differs is told backwards.", cards[0].ID())
	}
	return compare(c, cards[1], cards[0]), nil
}

// cardWithTiers is the card of a name, or of a file, with those of the tiers that belong to it.
func cardWithTiers(c *call, name string, tiers []*billing.CardFile, used map[*billing.CardFile]bool) (*billing.Card, error) {
	if cardName.MatchString(name) {
		return shippedCard(name)
	}
	files, err := readCardFiles([]string{name})
	if err != nil {
		return nil, err
	}
	card := files[0].Card
	tellNotes(c, name, files[0])
	if files[0].OnlyTiers {
		return nil, misused("%s has volume tiers and no card: name the card, and give the tiers with --from", name)
	}
	for _, f := range tiers {
		if f.Card.Currency == card.Currency && cmp.Or(f.Card.From, card.From) == card.From {
			files = append(files, f)
			used[f] = true
		}
	}
	cards, err := (*billing.Cards)(nil).With(files...)
	if err != nil {
		return nil, &finding{err.Error()}
	}
	return cards.Find(card.ID()), nil
}

// tellNotes tells what was read of a file and may not have been meant so.
func tellNotes(c *call, name string, f *billing.CardFile) {
	for _, note := range f.Notes {
		c.note("%s: %s.", name, note)
	}
}

// nameBeside is how a card is called beside another one.
func nameBeside(card, other *billing.Card) string {
	if card.ID() == other.ID() {
		return fmt.Sprintf("%s (%s)", card.ID(), sourceText(card.Source, card.Unofficial))
	}
	return card.ID()
}

// compare is where a card differs from another one, and tells it in short.
func compare(c *call, card, than *billing.Card) []rateChange {
	rows := changesTo(card, than)
	counts := make(map[string]int)
	markets := make(map[billing.Market]bool)
	for _, r := range rows {
		switch {
		case r.What == newMarket || r.What == marketGone:
			if !markets[r.Market] {
				counts[r.What]++
			}
			markets[r.Market] = true
		case r.Change != nil && *r.Change > 0:
			counts["dearer"]++
		case r.Change != nil:
			counts["cheaper"]++
		default:
			counts[r.What]++
		}
	}
	c.note("%s compared with %s: %d rates are higher, %d lower, %d new and %d gone; %d markets are new and %d gone.",
		nameBeside(card, than), nameBeside(than, card), counts["dearer"], counts["cheaper"], counts[newRate], counts[rateGone], counts[newMarket], counts[marketGone])
	if (len(card.Tiers) == 0) != (len(than.Tiers) == 0) {
		c.note("Only one of them has volume tiers, which are not compared.")
	}
	return rows
}

// cardBefore is the newest card of the same currency that is older.
func cardBefore(cards *billing.Cards, c *billing.Card) (before *billing.Card) {
	for _, other := range cards.All() {
		if other.Currency == c.Currency && other.From < c.From {
			before = other
		}
	}
	return before
}

func ratesConvert() *cobra.Command {
	cmd := &cobra.Command{Use: "convert", Short: "Writes a file's rate card as JSON, which rate_card takes as well", Example: indented(`
waguard rates convert usd-rates.csv > usd.json`)}
	cardFileFlag(cmd)
	doing(cmd, func(_ context.Context, c *call) error {
		names, err := filesNamed(c)
		if err != nil {
			return err
		}
		files, err := readCardFiles(names)
		if err != nil {
			return err
		}
		if len(files) != 1 || files[0].OnlyTiers {
			return misused("name one file with a rate card; volume tiers belong to one")
		}
		text, err := json.MarshalIndent(files[0].Card, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.out, "%s\n", text)
		return err
	})
	return cmd
}
