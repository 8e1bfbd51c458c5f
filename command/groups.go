package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
)

// countSends counts a list of sends.
func countSends(ctx context.Context, c *call, list adminapi.List, s adminapi.GroupSelection) error {
	g, err := c.client.Groups(ctx, list, s)
	if err != nil {
		return err
	}
	row := func(r adminapi.Group) []string {
		return []string{r.Key, fmt.Sprint(r.Count), fmt.Sprint(r.Before), trend(&r)}
	}
	how := layout[adminapi.Group]{titles: []string{strings.ToUpper(g.By), "COUNT", "BEFORE", "TREND"}, cells: row}
	g.Total.Key = "total"
	if c.format != formatTable {
		return show(c, &how, g.Groups, nil)
	}
	if err := tableOf(c, &how)(g.Groups, row(g.Total)); err != nil {
		return err
	}
	length := g.To.Sub(g.From).Round(time.Second)
	c.note("From %s to %s; before: the %s until then.", g.From.Format(tableTime), g.To.Format(tableTime), strings.TrimSuffix(strings.TrimSuffix(length.String(), "0s"), "0m"))
	return nil
}

// trend is how the count has changed.
func trend(g *adminapi.Group) string {
	switch change := g.Count - g.Before; {
	case change == 0:
		return "="
	case g.Before == 0:
		return "new"
	case g.Count == 0:
		return "gone"
	default:
		return fmt.Sprintf("%+d (%+.0f %%)", change, 100*float64(change)/float64(g.Before))
	}
}
