package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

func init() {
	register(definition{
		name:  "notify",
		usage: "<command>",
		short: "Says how it stands with the endpoints that are told what happens",
		long: `
An endpoint is told by signed webhooks what happens (see the option notify). What it
doesn't take is tried again, ten times in three days, and then given up: it is kept, and
can be told again by hand.`,
		example: `
waguard notify list
waguard notify test --endpoint crm
waguard notify dead --endpoint crm`,
		shape: func(cmd *cobra.Command) {
			group(cmd, notifyList(), notifyTest(), notifyDead(), notifyReplay(), notifyOn())
		},
	})
}

var endpointLayout = layout[adminapi.Endpoint]{
	titles: []string{"ENDPOINT", "TYPES", "STATE", "LAST TAKEN", "OLDEST WAITING", "WAITING", "NEXT ATTEMPT", "DEAD", "LAST ERROR"},
	cells: func(e adminapi.Endpoint) []string {
		state := e.State
		if e.State != "new" && e.State != "unconfigured" && !e.Here {
			state += " (not told by this gateway)"
		}
		said := e.LastError
		if e.OffWhy != "" {
			said = e.OffWhy
		}
		return []string{
			e.Name, strings.Join(e.Types, " "), state, timeOr(e.LastTaken), timeOr(e.Oldest), fmt.Sprint(e.Waiting), timeOr(e.NextAttempt), fmt.Sprint(e.Dead), said,
		}
	},
	none: "No endpoints: none is configured. Write one with the option notify.",
}

// timeOr is a time in a table; "" for none.
func timeOr(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Format(tableTime)
}

func endpointFlag(cmd *cobra.Command) {
	cmd.Flags().String("endpoint", "", "The `name` of the endpoint")
	required(cmd, "endpoint")
}

func notifyList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "Lists the endpoints of a running gateway, with what waits and what was given up",
		Long: indented(`
Lists the endpoints of a running gateway, by name. An endpoint is on; or away, where it
took two new events in a row not, and is tried now and then; or off, where it wants no
more events or took none for three days, until waguard notify on. Waiting are the events
that are tried again; dead are those that were given up.`),
		Example: indented(`
waguard notify list
waguard notify list --json | jq 'select(.state != "on")'`),
	}
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		answer, err := c.client.Endpoints(ctx)
		if err != nil {
			return err
		}
		return show(c, &endpointLayout, answer.Endpoints, nil)
	})
	return cmd
}

var testedLayout = layout[adminapi.EndpointTested]{
	titles: []string{"ENDPOINT", "TAKEN", "STATUS", "MS", "ERROR"},
	cells: func(t adminapi.EndpointTested) []string {
		taken, status := "no", ""
		if t.Taken {
			taken = "yes"
		}
		if t.Status != 0 {
			status = fmt.Sprint(t.Status)
		}
		return []string{t.Endpoint, taken, status, fmt.Sprint(t.Milliseconds), t.Error}
	},
}

func notifyTest() *cobra.Command {
	cmd := &cobra.Command{
		Use: "test", Short: "Sends an endpoint a message to see whether it takes one",
		Long: indented(`
Sends an endpoint a signed message of the type test, at once and once. It ends with
code 5 where the endpoint doesn't take it.`),
		Example: indented(`
waguard notify test --endpoint crm`),
	}
	endpointFlag(cmd)
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		tested, err := c.client.TestEndpoint(ctx, adminapi.EndpointNamed{Endpoint: c.flags.String("endpoint"), Actor: osUser()})
		if err != nil {
			return err
		}
		if err := show(c, &testedLayout, []adminapi.EndpointTested{*tested}, nil); err != nil || tested.Taken {
			return err
		}
		return &finding{"the endpoint doesn't take messages"}
	})
	return cmd
}

var deadLayout = layout[adminapi.DeadEvent]{
	titles: []string{"EVENT", "TYPE", "HAPPENED", "GIVEN UP", "ATTEMPTS", "STATUS", "ERROR"},
	cells: func(d adminapi.DeadEvent) []string {
		status := ""
		if d.Status != 0 {
			status = fmt.Sprint(d.Status)
		}
		return []string{d.ID, d.Type, d.Time.Format(tableTime), d.GivenUp.Format(tableTime), fmt.Sprint(d.Attempts), status, d.Error}
	},
	none: "The endpoint took every event, or they are still tried: none was given up.",
}

func notifyDead() *cobra.Command {
	cmd := &cobra.Command{
		Use: "dead", Short: "Lists the events that an endpoint didn't take, the oldest first",
		Example: indented(`
waguard notify dead --endpoint crm
waguard notify dead --endpoint crm --json | jq -r .id`),
	}
	endpointFlag(cmd)
	mostFlag(cmd)
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		answer, err := c.client.DeadEvents(ctx, adminapi.DeadSelection{Endpoint: c.flags.String("endpoint"), Limit: c.flags.Int("limit")})
		if err != nil {
			return err
		}
		if err := show(c, &deadLayout, answer.Events, nil); err != nil {
			return err
		}
		if more := answer.All - len(answer.Events); more > 0 {
			c.hint("Not listed: %d more, newer ones.", more)
		}
		return nil
	})
	return cmd
}

var replayedLayout = layout[adminapi.Replayed]{
	titles: []string{"ENDPOINT", "EVENTS", "GONE"},
	cells: func(r adminapi.Replayed) []string {
		return []string{r.Endpoint, fmt.Sprint(r.Events), fmt.Sprint(r.Gone)}
	},
}

func notifyReplay() *cobra.Command {
	cmd := &cobra.Command{
		Use: "replay", Short: "Has events told again that an endpoint didn't take",
		Long: indented(`
Has events told again that an endpoint didn't take, as if they had not been tried before,
under the ids they had: some by their ids, those that happened in a time, or all. At most
1,000 at a time. Of those that are GONE the gateway keeps no longer what they tell: whom a
person.erased named for a week, other account events for 30 days, a violation as long as
the ledger; and a window has ended.`),
		Example: indented(`
waguard notify replay --endpoint crm --id violation-019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b
waguard notify replay --endpoint crm --from 7d --to 2d
waguard notify replay --endpoint crm --all`),
	}
	endpointFlag(cmd)
	cmd.Flags().StringSlice("id", nil, "Those called so (`ids`), as waguard notify dead lists them")
	periodFlags(cmd, "")
	cmd.Flags().Bool("all", false, "All of them")
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		from, to, err := period(c)
		if err != nil {
			return err
		}
		ids, err := c.flags.GetStringSlice("id")
		if err != nil {
			return err
		}
		answer, err := c.client.Replay(ctx, adminapi.Replay{Endpoint: c.flags.String("endpoint"), IDs: ids, From: from, To: to, All: c.flags.Bool("all")})
		if err != nil {
			return err
		}
		return show(c, &replayedLayout, []adminapi.Replayed{*answer}, nil)
	})
	return cmd
}

func notifyOn() *cobra.Command {
	cmd := &cobra.Command{
		Use: "on", Short: "Has an endpoint told again that was switched off, or that is away",
		Long: indented(`
Has an endpoint told again, at once, that was switched off or is away. What happened
meanwhile is told then, as far as the gateway still has it.`),
		Example: indented(`
waguard notify on --endpoint crm`),
	}
	endpointFlag(cmd)
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		answer, err := c.client.SwitchEndpointOn(ctx, adminapi.EndpointNamed{Endpoint: c.flags.String("endpoint"), Actor: osUser()})
		if err != nil {
			return err
		}
		return show(c, &endpointLayout, answer.Endpoints, nil)
	})
	return cmd
}
