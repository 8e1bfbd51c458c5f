package command

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

// campaignRow is what is told of some people of a campaign: those of one market who would
// get it at one price, or those whom one rule refuses.
type campaignRow struct {
	// Result is sent or refused.
	Result    string            `json:"result"`
	People    int               `json:"people"`
	Market    string            `json:"market,omitempty"`
	Estimated bool              `json:"market_estimated,omitempty"`
	Category  billing.Category  `json:"category,omitempty"`
	PriceType billing.PriceType `json:"price_type,omitempty"`
	UnitPrice *billing.Amount   `json:"unit_price,omitempty"`
	Cost      *billing.Amount   `json:"cost,omitempty"`
	Currency  billing.Currency  `json:"currency,omitempty"`
	Card      string            `json:"card,omitempty"`
	Rule      policy.Rule       `json:"rule,omitempty"`
	RuleID    string            `json:"rule_id,omitempty"`
	Reason    string            `json:"reason,omitempty"`
	Remedy    string            `json:"remedy,omitempty"`
}

var campaignRows = layout[campaignRow]{
	titles: []string{"RESULT", "PEOPLE", "MARKET OR RULE", "CATEGORY", "PRICE", "COST"},
	cells: func(r campaignRow) []string {
		if r.Rule != "" {
			return []string{r.Result, strconv.Itoa(r.People), strings.TrimSpace(string(r.Rule) + " " + r.RuleID), "", "", ""}
		}
		market := r.Market
		if r.Estimated {
			market += " (estimated)"
		}
		return []string{r.Result, strconv.Itoa(r.People), market, string(r.Category), money(r.UnitPrice, r.Currency), money(r.Cost, r.Currency)}
	},
	below: func(r campaignRow) string { return r.Reason },
	none:  "The list names nobody.",
}

// money is an amount with its currency, for people.
func money(a *billing.Amount, currency billing.Currency) string {
	if a == nil {
		return "unknown"
	}
	return a.String() + " " + string(currency)
}

func campaignCost() *cobra.Command {
	cmd := &cobra.Command{
		Use: "cost", Short: "Says what a template to a list of people would cost now, and who would be refused",
		Long: `
Asks the gateway, by the rules that judge sends and at this moment, about everybody on the
list. Nothing is sent or recorded. Limits that the campaign itself would use up, such as a
budget or a messaging limit, are as they stand before it. With --config, --set or --shadow
it is asked under another policy.`,
		Example: indented(`
waguard campaign cost --phone-number-id 104455667788 --template sale --language en --to customers.csv
waguard campaign cost --phone-number-id 104455667788 --template sale --language en --to - < numbers.txt
waguard campaign cost --phone-number-id 104455667788 --template sale --language en --to customers.csv --each -o csv
waguard campaign cost --phone-number-id 104455667788 --template sale --language en --to customers.csv --config new.Caddyfile`),
	}
	cmd.Flags().String("phone-number-id", "", "From which `number` of the business, by its phone_number_id or name")
	cmd.Flags().String("template", "", "The template of this `name`")
	cmd.Flags().String("language", "", "Its language `code`")
	cmd.Flags().StringArray("set", nil, "An `option` of a policy block, laid over what each business has; repeatable")
	cmd.Flags().String("shadow", "", "The `name` of a shadow, which takes the place of what is enforced")
	cmd.Flags().Bool("each", false, "List each person, with the answer and the price")
	cmd.Flags().String("to", "", "The `file` with the people, or - for standard input: one phone number or user id in each line, or CSV with a column contact, to, phone or number")
	required(cmd, "phone-number-id", "template", "language", "to")
	outputFlags(cmd)
	asking(cmd, costCampaign)
	cmd.Flags().Lookup("config").Usage = "Configuration `file` whose policy is asked in place of the one that holds; also the admin address is taken from it"
	return cmd
}

func costCampaign(ctx context.Context, c *call) error {
	file, shut, err := openList(c.flags.String("to"))
	if err != nil {
		return err
	}
	defer shut()
	asked := adminapi.CampaignCostRequest{
		PhoneNumberID: c.flags.String("phone-number-id"), Template: c.flags.String("template"), Language: c.flags.String("language"), Shadow: c.flags.String("shadow"), Each: c.flags.Bool("each"),
	}
	if config := c.flags.String("config"); config != "" {
		if asked.Config, err = configuredApp(config, c.flags.String("adapter")); err != nil {
			return fmt.Errorf("the configuration %s: %w", config, err)
		}
	}
	set, err := c.flags.GetStringArray("set")
	if err != nil {
		return err
	}
	asked.Options = strings.Join(set, "\n")
	all := new(adminapi.CampaignCost)
	seen, twice := make(map[string]bool), 0
	var batch []string
	ask := func() error {
		if len(batch) == 0 {
			return nil
		}
		asked.Contacts = batch
		answer, err := c.client.CampaignCost(ctx, &asked)
		batch = batch[:0]
		if err != nil {
			return err
		}
		return all.Add(answer)
	}
	err = eachContact(file, func(contact string) error {
		if seen[contact] {
			twice++
			return nil
		}
		seen[contact] = true
		if batch = append(batch, contact); len(batch) < mostAsked {
			return nil
		}
		return ask()
	})
	if err == nil {
		err = ask()
	}
	if err != nil {
		return err
	}
	if twice > 0 {
		c.note("%d lines name somebody who is on the list already; each is counted once.", twice)
	}
	if c.flags.Bool("each") {
		return show(c, &campaignPeople, all.Each, nil)
	}
	return showCampaign(c, all)
}

// campaignPeople are the people of a campaign, one by one.
var campaignPeople = layout[adminapi.CampaignPerson]{
	titles: []string{"CONTACT", "ANSWER", "RULE", "MARKET", "CATEGORY", "PRICE"},
	cells: func(p adminapi.CampaignPerson) []string {
		price := ""
		if p.Verdict == policy.Allow {
			price = money(p.UnitPrice, p.Currency)
		}
		return []string{p.Contact, string(p.Verdict), strings.TrimSpace(string(p.Rule) + " " + p.RuleID), p.Market, string(p.Category), price}
	},
	below: func(p adminapi.CampaignPerson) string {
		if p.Verdict == policy.Allow {
			return ""
		}
		return p.Reason
	},
	none: "The list names nobody.",
}

// mostAsked is about how many people one request asks.
const mostAsked = 1000

func showCampaign(c *call, all *adminapi.CampaignCost) error {
	var rows []campaignRow
	for _, m := range all.Markets {
		rows = append(rows, campaignRow{
			Result: "sent", People: m.Messages, Market: m.Market, Estimated: m.Estimated, Category: m.Category, PriceType: m.PriceType,
			UnitPrice: m.UnitPrice, Cost: m.Cost, Currency: m.Currency, Card: m.Card,
		})
	}
	for _, r := range all.Refusals {
		rows = append(rows, campaignRow{Result: "refused", People: r.People, Rule: r.Rule, RuleID: r.RuleID, Reason: r.Reason, Remedy: r.Remedy})
	}
	total := []string{"total", strconv.Itoa(all.People), fmt.Sprintf("%d sent, %d refused", all.Pass, all.Refused), "", "", ""}
	if len(all.Totals) == 1 {
		total[5] = money(&all.Totals[0].Cost, all.Totals[0].Currency)
	}
	if err := show(c, &campaignRows, rows, total); err != nil {
		return err
	}
	for _, t := range all.Totals {
		if t.Unpriced > 0 {
			c.note("%d messages have no known price and are not in the cost: the card in %s has no rate for them.", t.Unpriced, t.Currency)
		}
	}
	return nil
}

// contactColumns are what a column with people may be called.
var contactColumns = []string{"contact", "to", "phone", "number", "recipient", "wa_id"}

// eachContact gives take everybody a list names: the first cell of each line, or that of
// the column whose title says so.
func eachContact(r io.Reader, take func(string) error) error {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord, rows.TrimLeadingSpace, rows.ReuseRecord = -1, true, true
	column, first := 0, true
	for {
		row, err := rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return misused("the list can't be read: %v", err)
		}
		row[0] = strings.TrimPrefix(row[0], string(byteOrderMark))
		if first {
			first = false
			titled := slices.IndexFunc(row, func(title string) bool {
				return slices.Contains(contactColumns, strings.ToLower(strings.TrimSpace(title)))
			})
			if titled >= 0 {
				column = titled
				continue
			}
		}
		if column >= len(row) {
			line, _ := rows.FieldPos(0)
			return misused("line %d of the list has no column %d", line, column+1)
		}
		contact := strings.TrimSpace(row[column])
		if contact == "" {
			continue
		}
		if err := take(contact); err != nil {
			return err
		}
	}
}
