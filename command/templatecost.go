package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/billpage"
	"github.com/waguard/waguard/policy"
)

// templateCostRow is what a change of category costs in one market, or of all templates in
// all, where none is named.
type templateCostRow struct {
	WABA       string           `json:"waba"`
	Template   string           `json:"template"`
	Languages  []string         `json:"languages"`
	Before     policy.Category  `json:"before"`
	Category   policy.Category  `json:"category"`
	Since      *time.Time       `json:"since,omitempty"`
	Announced  bool             `json:"announced,omitempty"`
	Market     string           `json:"market,omitempty"`
	Estimated  bool             `json:"market_estimated,omitempty"`
	Currency   billing.Currency `json:"currency,omitempty"`
	Delivered  int              `json:"delivered"`
	CostBefore *billing.Amount  `json:"cost_before"`
	Cost       *billing.Amount  `json:"cost"`
	Difference *billing.Amount  `json:"difference"`
	// UnpricedBefore and Unpriced are messages of which nobody knows the price.
	UnpricedBefore int `json:"unpriced_before"`
	Unpriced       int `json:"unpriced"`
}

var templateCostRows = layout[templateCostRow]{
	titles: []string{"TEMPLATE", "LANGUAGES", "FROM", "TO", "SINCE", "MARKET", "DELIVERED", "COST BEFORE", "COST NOW", "MORE A MONTH", "ACCOUNT"},
	cells: func(r templateCostRow) []string {
		since := ""
		if r.Since != nil {
			since = r.Since.UTC().Format(tableTime)
		}
		if r.Announced {
			since = "from " + since
		}
		market := r.Market
		switch {
		case r.Estimated:
			market += " (estimated)"
		case market == "":
			market = "all"
		}
		delivered, costs := "none", []string{"", "", ""}
		if r.Delivered > 0 {
			delivered, costs = fmt.Sprint(r.Delivered), []string{
				moneyWithout(r.CostBefore, r.UnpricedBefore, r.Currency), moneyWithout(r.Cost, r.Unpriced, r.Currency),
				moneyWithout(r.Difference, max(r.UnpricedBefore, r.Unpriced), r.Currency),
			}
		}
		return slices.Concat([]string{r.Template, strings.Join(r.Languages, " "), string(r.Before), string(r.Category), since, market, delivered}, costs, []string{r.WABA})
	},
	none: "No template has changed its category, and none will.",
}

// moneyWithout is what messages cost, without some of which nobody knows the price; nil where
// nobody knows that of any.
func moneyWithout(a *billing.Amount, without int, currency billing.Currency) string {
	if a == nil {
		return billpage.Unknown
	}
	return moneyCell(a.String(), without, currency)
}

func templatesCost() *cobra.Command {
	cmd := &cobra.Command{
		Use: "cost [<name>]", Short: "Says what it costs a month that Meta files templates under other categories, and who uses them",
		Annotations: map[string]string{takesFile: "name"},
		Long: indented(`
Prices what was delivered in the last 30 days, today included, under the category that a
template had before Meta changed it, and under the one it has now or will have: by the rules
and the rate card of today, by market. The difference is what it costs more a month, if as
many are sent. Volume tiers are given out as if the days were one month.

Of one template it says too who uses it: business phone numbers, tags such as team and
campaign, and senders. --as asks what a template would cost under a category, whether or not
Meta has filed it there.`),
		Example: indented(`
waguard templates cost
waguard templates cost order_shipped
waguard templates cost order_shipped --as marketing --json`),
	}
	cmd.Flags().String("name", "", "Which `template`; the word alone says it too. Otherwise all whose category changes or has changed")
	cmd.Flags().String("waba", "", "Only those of this WhatsApp Business Account, by its `id`")
	cmd.Flags().String("as", "", "What the template would cost under this `category`")
	outputFlags(cmd)
	asking(cmd, costTemplates)
	return cmd
}

func costTemplates(ctx context.Context, c *call) error {
	name := c.flags.String("name")
	costs, err := c.client.TemplateCosts(ctx, adminapi.TemplateCostSelection{WABA: c.flags.String("waba"), Name: name, As: c.flags.String("as")})
	if err != nil {
		return err
	}
	var rows []templateCostRow
	for i := range costs.Templates {
		t := &costs.Templates[i]
		list := t.Totals
		if name != "" {
			list = t.Markets
		}
		if len(list) == 0 {
			list = []adminapi.TemplateMoney{{}}
		}
		for _, m := range list {
			rows = append(rows, templateCostRow{
				WABA: t.WABA, Template: t.Template, Languages: t.Languages, Before: t.Before, Category: t.Category, Since: t.Since, Announced: t.Announced,
				Market: m.Market, Estimated: m.Estimated, Currency: m.Currency, Delivered: m.Delivered, CostBefore: m.CostBefore, Cost: m.Cost, Difference: m.Difference,
				UnpricedBefore: m.UnpricedBefore, Unpriced: m.Unpriced,
			})
		}
	}
	if err := show(c, &templateCostRows, rows, nil); err != nil {
		return err
	}
	for i := range costs.Templates {
		if t := &costs.Templates[i]; name != "" {
			c.noteUsers(t, costs)
		}
	}
	for _, card := range costs.Cards {
		c.note("Priced by the card %s%s, by the rules of today; delivered since %s.", card.ID, map[bool]string{true: " (unofficial)"}[card.Unofficial], costs.Since)
	}
	return nil
}

// noteUsers says who uses a template.
func (c *call) noteUsers(t *adminapi.TemplateCost, costs *adminapi.TemplateCosts) {
	of := fmt.Sprintf("%s of account %s", t.Template, t.WABA)
	for _, m := range t.Totals {
		if len(t.Markets) > 1 {
			without := ""
			if m.Unpriced > 0 {
				without = fmt.Sprintf(", without %d messages of which nobody knows the price", m.Unpriced)
			}
			c.note("All markets: %s is %s more a month%s.", of, money(m.Difference, m.Currency), without)
		}
	}
	for _, users := range []struct {
		what string
		list []adminapi.TemplateUse
	}{{"numbers", t.Numbers}, {"tags", t.Tags}, {"senders", t.Senders}} {
		var said []string
		for _, u := range users.list {
			who := u.Business
			switch {
			case u.Tag != "":
				who = u.Tag + "=" + u.Value
			case u.Number == "":
				who = dash(u.Sender)
			case who == "":
				who = u.Number
			}
			said = append(said, fmt.Sprintf("%s (%d)", who, u.Sends))
		}
		if len(said) > 0 {
			c.note("Sent by %s: %s.", users.what, strings.Join(said, ", "))
		}
	}
	if s := costs.SendersSince; s != nil && len(t.Senders) > 0 && s.UTC().Format(time.DateOnly) > costs.Since {
		c.note("Senders: since %s.", s.UTC().Format(tableTime))
	}
}
