package command

import (
	"context"
	"fmt"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/billpage"
)

// showConversations counts the conversations of a period.
func showConversations(ctx context.Context, c *call, s adminapi.ReportSelection) error {
	for _, flag := range []string{"card", "rules", "forecast"} {
		if c.cmd.Flags().Changed(flag) {
			return misused("--conversations counts conversations, which have no prices: leave --%s out", flag)
		}
	}
	report, err := c.client.Conversations(ctx, s)
	if err != nil {
		return err
	}
	if c.format == formatCSV {
		return billpage.WriteConversationsCSV(c.out, report, billpage.Dialect(c.flags.String("csv-dialect")))
	}
	dimensions := dimensionsOf(report.By)
	how := &layout[billing.ConversationRow]{
		titles: append(dimensions.titles, "CONVERSATIONS", "BY AN AD", "BY THE PERSON", "BY THE BUSINESS", "MESSAGES"),
		cells: func(r billing.ConversationRow) []string {
			return append(dimensions.cells(&r.Key), conversationCells(&r.ConversationCounts)...)
		},
		none: "No conversations.",
	}
	if len(report.Rows) == 0 {
		return show(c, how, report.Rows, nil)
	}
	total := make([]string, len(dimensions.titles), len(how.titles))
	if len(total) > 0 {
		total[0] = "total"
	}
	if err := show(c, how, report.Rows, append(total, conversationCells(&report.Total)...)); err != nil {
		return err
	}
	c.note("Days in %s, on which conversations began.", allOf(report.TimeZones))
	for _, note := range report.Notes {
		c.note("%s", note)
	}
	return nil
}

func conversationCells(counts *billing.ConversationCounts) (cells []string) {
	for _, n := range []int{counts.Conversations, counts.FreeEntryPoint, counts.UserInitiated, counts.BusinessInitiated, counts.Messages} {
		cells = append(cells, fmt.Sprint(n))
	}
	return cells
}
