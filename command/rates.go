package command

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"

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
waguard rates show --currency USD --on 2026-10-01 --market Germany
waguard rates check usd-rates.csv`,
		shape: func(cmd *cobra.Command) { cmd.AddCommand(ratesList(), ratesShow(), ratesCheck(), ratesConvert()) },
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
		tiers, source := "no", r.Source
		if r.Tiers {
			tiers = "yes"
		}
		if r.Unofficial {
			source += " (unofficial)"
		}
		return []string{r.Card, r.From, strconv.Itoa(r.Markets), tiers, source}
	},
	none: "No rate cards.",
}

func ratesList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "Lists the rate cards of a running gateway", Example: indented("\nwaguard rates list")}
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		rates, err := c.client.Rates(ctx)
		if err != nil {
			return err
		}
		var rows []cardRow
		for _, card := range rates.Cards {
			rows = append(rows, cardRowOf(card))
		}
		return show(c, &cardRows, rows, nil)
	})
	return cmd
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
		for _, t := range r.Tiers {
			to := "∞"
			if t.To > 0 {
				to = strconv.Itoa(t.To)
			}
			tiers = append(tiers, "to "+to+" "+t.Rate.String())
		}
		return []string{string(r.Market), string(r.Category), rate, strings.Join(tiers, ", ")}
	},
	none: "The card has no such market.",
}

func ratesOfCard(c *billing.Card, market string) (rows []rateRow) {
	for _, m := range slices.Sorted(maps.Keys(c.Rates)) {
		if market != "" && !strings.EqualFold(string(m), market) {
			continue
		}
		for _, category := range billing.Columns {
			row := rateRow{Card: c.ID(), Market: m, Category: category, Currency: c.Currency, Tiers: c.Tiers[m][category]}
			if rate, ok := c.Rate(m, category); ok {
				row.Rate = &rate
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func ratesShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show", Short: "Shows the rate card of a currency that holds on a day", Example: indented(`
waguard rates show --currency EUR --on 2026-07-01
waguard rates show --market India -o csv`)}
	cmd.Flags().String("currency", "USD", "The `code` of the currency")
	cmd.Flags().String("on", "", "The `day`, such as 2026-10-01 (default the newest card)")
	cmd.Flags().String("market", "", "Only this `market`, such as Germany")
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		currency, err := billing.ParseCurrency(c.flags.String("currency"))
		if err != nil {
			return misused("%v", err)
		}
		rates, err := c.client.Rates(ctx)
		if err != nil {
			return err
		}
		day := c.flags.String("on")
		if day == "" {
			day = "9999-12-31"
		}
		card := billing.NewCards(rates.Cards...).On(currency, day)
		if card == nil {
			return fmt.Errorf("there is no rate card in %s for that day: waguard rates list shows which there are", currency)
		}
		if err := show(c, &rateRows, ratesOfCard(card, c.flags.String("market")), nil); err != nil {
			return err
		}
		c.note("%s, from %s.", card.ID(), cardRowOf(card).Source)
		return nil
	})
	return cmd
}

// rateChange is where a card differs from the one before it.
type rateChange struct {
	Card     string           `json:"card"`
	Market   billing.Market   `json:"market"`
	Category billing.Category `json:"category"`
	Before   *billing.Amount  `json:"before,omitempty"`
	After    *billing.Amount  `json:"after,omitempty"`
	// Percent is by how much it grew, to a tenth; "" where one of them is none.
	Percent string `json:"percent,omitempty"`
}

var rateChanges = layout[rateChange]{
	titles: []string{"CARD", "MARKET", "CATEGORY", "BEFORE", "AFTER", "CHANGE"},
	cells: func(r rateChange) []string {
		return []string{r.Card, string(r.Market), string(r.Category), amountOr(r.Before), amountOr(r.After), r.Percent}
	},
	none: "No rate differs from the card before.",
}

func amountOr(a *billing.Amount) string {
	if a == nil {
		return "n/a"
	}
	return a.String()
}

// changesTo are where a card differs from another one.
func changesTo(card, before *billing.Card) (rows []rateChange) {
	markets := make(map[billing.Market]bool)
	for _, c := range []*billing.Card{card, before} {
		for m := range c.Rates {
			markets[m] = true
		}
	}
	for _, m := range slices.Sorted(maps.Keys(markets)) {
		for _, category := range billing.Columns {
			now, ok := card.Rate(m, category)
			was, had := before.Rate(m, category)
			if ok == had && now == was {
				continue
			}
			row := rateChange{Card: card.ID(), Market: m, Category: category}
			if ok {
				row.After = &now
			}
			if had {
				row.Before = &was
			}
			if ok && had && was != 0 {
				row.Percent = signed(big.NewRat(100*int64(now-was), int64(was)).FloatString(1)) + " %"
			}
			rows = append(rows, row)
		}
	}
	return rows
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
	cmd := &cobra.Command{Use: "check", Short: "Reads files as the gateway would, and lists what differs from the card before", Example: indented(`
waguard rates check usd-rates.csv
waguard rates check --from usd-rates.csv --from usd-volume-tiers.csv`)}
	cardFileFlag(cmd)
	outputFlags(cmd)
	doing(cmd, func(_ context.Context, c *call) error {
		names, err := filesNamed(c)
		if err != nil {
			return err
		}
		files, err := readCardFiles(names)
		if err != nil {
			return err
		}
		cards, err := billing.Shipped().With(files...)
		if err != nil {
			return &finding{err.Error()}
		}
		var rows []rateChange
		for i, f := range files {
			for _, note := range f.Notes {
				c.note("%s: %s", names[i], note)
			}
			if f.OnlyTiers {
				c.note("%s: volume tiers of %d markets in %s.", names[i], len(f.Card.Tiers), f.Card.Currency)
				continue
			}
			c.note("%s: the card %s with %d markets.", names[i], f.Card.ID(), len(f.Card.Rates))
			if before := cardBefore(cards, f.Card); before != nil {
				rows = append(rows, changesTo(f.Card, before)...)
			}
		}
		return show(c, &rateChanges, rows, nil)
	})
	return cmd
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
