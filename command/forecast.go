package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/billpage"
)

var forecastRows = layout[billing.ForecastRow]{
	titles: []string{"MONTH", "CATEGORY", "DELIVERED", "COST", "EXPECTED DELIVERED", "EXPECTED COST"},
	cells: func(r billing.ForecastRow) []string {
		return []string{
			r.Month, r.Category, fmt.Sprint(r.Delivered), forecastMoney(r.Cost, r.Unpriced, r.Currency),
			fmt.Sprint(r.ExpectedDelivered), forecastMoney(r.ExpectedCost, r.ExpectedUnpriced, r.Currency),
		}
	},
	none: "Nothing was delivered.",
}

// forecastMoney is an amount as a report has it: unknown where no message has a known price.
func forecastMoney(a *billing.Amount, unpriced int, currency billing.Currency) string {
	if a == nil {
		return billpage.Unknown
	}
	return moneyCell(a.String(), unpriced, currency)
}

// showForecast says what the running month is expected to cost.
func showForecast(ctx context.Context, c *call) error {
	for _, flag := range []string{"from", "to", "month", "by", "card", "rules", "message-class", "csv-dialect", "conversations"} {
		if c.cmd.Flags().Changed(flag) {
			return misused("--forecast is of the running month, by category: leave --%s out", flag)
		}
	}
	if c.format == formatHTML || strings.HasSuffix(strings.ToLower(c.format), ".html") {
		return misused("--forecast prints a table, json or csv")
	}
	where, err := c.cmd.Flags().GetStringArray("where")
	if err != nil {
		return err
	}
	f, err := c.client.Forecast(ctx, adminapi.ForecastSelection{PhoneNumberID: c.flags.String("business"), Where: strings.Join(where, "; ")})
	if err != nil {
		return err
	}
	if err := show(c, &forecastRows, f.Rows, nil); err != nil {
		return err
	}
	c.note("%s, as of %s: what was delivered, and for each day left what came on the same days of the week since %s (%d days), at today's prices, with the free allowance taken off.",
		f.Month, f.AsOf.Format(tableTime), f.Since, f.Days)
	return nil
}
