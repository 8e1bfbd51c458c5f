package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
)

func init() {
	register(definition{
		name:  "budget",
		usage: "<command>",
		short: "Says what is spent of the budgets, and of a month's free messages and volume tiers",
		long: `
A budget says what some sends may cost in a calendar month (see the option budget).
What they are expected to cost is counted when they leave.`,
		example: `
waguard budget list
waguard budget rebuild --name crm-marketing
waguard budget volumes`,
		shape: func(cmd *cobra.Command) { group(cmd, budgetList(), budgetRebuild(), budgetVolumes()) },
	})
}

var budgetLayout = layout[adminapi.Budget]{
	titles: []string{"BUDGET", "MONTH", "AMOUNT", "SPENT", "RESERVED", "SHARE", "MESSAGES", "UNPRICED", "STATE", "WHEN SPENT", "UNTIL"},
	cells: func(b adminapi.Budget) []string {
		return []string{
			b.Name, b.Month, b.Amount.String() + " " + string(b.Currency), b.Spent.String(), b.Reserved.String(), fmt.Sprintf("%d %%", b.Percent),
			fmt.Sprint(b.Messages), fmt.Sprint(b.Unpriced), b.State, b.WhenSpent, b.Until.UTC().Format(tableTime),
		}
	},
	none: "No budgets yet: none is configured. Write one with the option budget.",
}

func budgetList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "Lists the budgets of a running gateway, with what is spent and reserved of them in the running month",
		Long: indented(`
Lists the budgets of a running gateway, by name: what messages of the running month are
expected to cost that Meta took (spent), what sends may cost that are on their way or of
which nobody knows what became (reserved), and how much of the amount that is. Messages
without a known price are counted apart (unpriced). The state is open, warning or spent;
the next month begins at the time given, where the account is.`),
		Example: indented(`
waguard budget list
waguard budget list --json | jq 'select(.state != "open")'`),
	}
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		answer, err := c.client.Budgets(ctx)
		if err != nil {
			return err
		}
		return show(c, &budgetLayout, answer.Budgets, nil)
	})
	return cmd
}

func budgetRebuild() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rebuild", Short: "Counts what is spent of a budget, or of all, in the running month anew from the ledger",
		Long: indented(`
Counts what is spent of a budget, or of all, in the running month anew from the ledger, by
which sends count under it now: after its conditions or its currency were changed, after
a store was restored, or where you doubt it. Lists how all budgets stand then. What is no
longer in the ledger doesn't count. While very many sends under it leave it can't be
counted; nothing changes then.`),
		Example: indented(`
waguard budget rebuild
waguard budget rebuild --name crm-marketing`),
	}
	cmd.Flags().String("name", "", "Only the budget of this `name`")
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		answer, err := c.client.RebuildBudgets(ctx, c.flags.String("name"))
		if err != nil {
			return err
		}
		return show(c, &budgetLayout, answer.Budgets, nil)
	})
	return cmd
}

var volumeLayout = layout[adminapi.Volume]{
	titles: []string{"OF", "MONTH", "CATEGORY", "MARKET", "COUNTED", "CHARGED", "TIER OR FREE", "TOLD BY META", "NEXT COSTS", "CHANGES AT"},
	cells: func(v adminapi.Volume) []string {
		of, tier, told, price, next := v.Of, "", "", "", ""
		if v.Business != "" {
			of = v.Business
		}
		switch {
		case v.Allowance > 0:
			tier = fmt.Sprintf("%d free", v.Allowance)
		case v.TierFrom > 0 && v.TierTo > 0:
			tier = fmt.Sprintf("%d to %d", v.TierFrom, v.TierTo)
		case v.TierFrom > 0:
			tier = fmt.Sprintf("from %d", v.TierFrom)
		}
		if v.TierTold != nil {
			told = v.TierTold.UTC().Format(tableTime)
		}
		switch {
		case v.UnitPrice == nil && v.Category == billing.Service:
			price = "by market"
		case v.Currency != "":
			price = money(v.UnitPrice, v.Currency)
		}
		if v.NextFrom > 0 {
			next = fmt.Sprint(v.NextFrom)
		}
		return []string{of, v.Month, string(v.Category), string(v.Market), fmt.Sprint(v.Counted), fmt.Sprint(v.Charged), tier, told, price, next}
	},
	none: "Nothing has been sent in this month that counts against free service messages or towards a volume tier.",
}

func budgetVolumes() *cobra.Command {
	cmd := &cobra.Command{
		Use: "volumes", Short: "Says how much of a month's free service messages and volume tiers is used",
		Long: indented(`
Says of each business phone number how many of the service messages it sent in a month, the
running one without --month, count
against those that are free, and how many are charged for beyond them; and of each portfolio
or account how many utility and authentication messages are charged for, by market: those
that this gateway counted, and what Meta's word makes of them, which tells by webhook when a
volume tier is reached and knows of messages that others sent. The price is that of the next
message, by the rate card: of service messages that aren't free it depends on the market.`),
		Example: indented(`
waguard budget volumes
waguard budget volumes --month 2026-10 --json`),
	}
	monthFlag(cmd)
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		answer, err := c.client.Volumes(ctx, adminapi.VolumeSelection{Month: c.flags.String("month")})
		if err != nil {
			return err
		}
		return show(c, &volumeLayout, answer.Volumes, nil)
	})
	return cmd
}
