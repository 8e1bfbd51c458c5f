// Package command is the commands of waguard beside Caddy's: they ask a running
// gateway over its admin endpoint, and print what it answers. They need none of the
// handlers, and decide nothing.
package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"strings"
	"text/tabwriter"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "consent",
		Usage: "get|opt-in|opt-out|ask|history|new-person --business <phone_number_id> --contact <number>",
		Short: "Shows and records people's consent on a running gateway",
		Long: `
Shows and records consent on a running gateway, for one business phone number
and one person, named by phone number (with plus and country code) or user id.

  get         what holds now: the window and the consent for each scope
  opt-in      records that the person agreed, to which --scope and --at what time
  opt-out     records that the person said no
  ask         records that the person was asked: an ordinary word such as "yes"
              is an opt-in then, for seven days
  history     every consent record, newest first
  new-person  records that a recycled number belongs to somebody new`,
		CobraFunc: consentCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "report",
		Usage: "[--from <time>] [--to <time>] [--business <phone_number_id>] [--message-class notification] [--json]",
		Short: "Counts sends by day, category and decision",
		Long: `
Counts the sends in the ledger of a running gateway by day, business, category,
decision and market. The category is Meta's where a status webhook has told it,
else the estimate of the day of the send. Default: the last 30 days.

Days are those of the time zone of the business's WhatsApp Business Account
(time_zone, UTC by default), as Meta bills; so are --from and --to that are dates.

--message-class notification counts only the templates that met no open customer
service window, sent or refused: what policies call push notifications.`,
		CobraFunc: reportCommand,
	})
}

// tableTime is how tables write times, in UTC.
const tableTime = "2006-01-02 15:04:05Z"

// adminVariable is where commands look for the admin address that no flag names.
const adminVariable = "WAGUARD_ADMIN"

// adminFlags are the flags that find the running gateway's admin endpoint.
func adminFlags(cmd *cobra.Command) {
	cmd.Flags().StringP("config", "c", "", "Configuration file to take the admin address from")
	cmd.Flags().StringP("adapter", "a", "", "Name of the config adapter for --config")
	cmd.Flags().String("address", "", "The admin address of the running gateway, such as unix//run/waguard.sock; default: $WAGUARD_ADMIN, else localhost:2019")
}

// adminClient is a client for the running gateway's admin endpoint.
func adminClient(fl caddycmd.Flags) (*adminapi.Client, error) {
	given := fl.String("address")
	if given == "" && fl.String("config") == "" {
		given = os.Getenv(adminVariable)
	}
	address, err := caddycmd.DetermineAdminAPIAddress(given, nil, fl.String("config"), fl.String("adapter"))
	if err != nil {
		return nil, fmt.Errorf("finding the admin address: %w", err)
	}
	client, err := adminapi.NewClient(address)
	if err != nil {
		return nil, err
	}
	if asJSON := fl.Lookup("json"); asJSON != nil && !fl.Bool("json") { // JSON is escaped as it is printed
		client.Clean = printedAnswer
	}
	return client, nil
}

// asking is a command that asks the running gateway.
func asking(ask func(ctx context.Context, client *adminapi.Client, fl caddycmd.Flags) error) func(*cobra.Command, []string) error {
	return caddycmd.WrapCommandFuncForCobra(func(fl caddycmd.Flags) (int, error) {
		client, err := adminClient(fl)
		if err == nil {
			err = ask(context.Background(), client, fl)
		}
		if err != nil {
			return 1, printedError{err}
		}
		return 0, nil
	})
}

func printLines[T any](list []T) error {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	for _, v := range list {
		line.Reset()
		if err := enc.Encode(v); err != nil {
			return err
		}
		if _, err := os.Stdout.Write(printedJSON(line.Bytes())); err != nil {
			return err
		}
	}
	return nil
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// short is the beginning of a pseudonym, enough to tell people apart in a table.
func short(contact string) string {
	return contact[:min(len(contact), 10)]
}

func consentCommand(cmd *cobra.Command) {
	for _, action := range []struct {
		name, short string
		route       adminapi.Route
	}{
		{"get", "Shows the window and the consent of a person", adminapi.RouteConsentGet},
		{"opt-in", "Records that a person agreed", adminapi.RouteOptIn},
		{"opt-out", "Records that a person said no", adminapi.RouteOptOut},
		{"ask", "Records that a person was asked for consent", adminapi.RouteAsk},
		{"history", "Shows every consent record, newest first", adminapi.RouteHistory},
		{"new-person", "Records that a recycled number belongs to somebody new", adminapi.RouteNewPerson},
	} {
		sub := &cobra.Command{Use: action.name, Short: action.short, Args: cobra.NoArgs}
		adminFlags(sub)
		if action.route != adminapi.RouteConsentGet && action.route != adminapi.RouteHistory {
			sub.Flags().String("actor", osUser(), "Who records it, where the gateway can't tell by itself")
		}
		sub.Flags().String("business", "", "The phone_number_id of the business (required)")
		sub.Flags().String("contact", "", "The person's phone number with + or user id (required)")
		if saying(action.route) {
			scope := "marketing, transactional, authentication or all (required)"
			if action.route == adminapi.RouteOptOut {
				scope = "marketing, transactional, authentication or all (the default)"
			}
			sub.Flags().String("scope", "", scope)
			sub.Flags().String("source", "operator", "How the person said so, such as website or in_store")
			sub.Flags().String("reference", "", "Where the evidence lies")
			if action.route != adminapi.RouteAsk {
				sub.Flags().String("at", "", "When the person said so, such as 2026-11-22 or 2026-11-22T10:00:00Z, if not now; required for what comes from a list or an import")
			}
		}
		sub.Flags().Bool("json", false, "Print JSON")
		sub.RunE = asking(func(ctx context.Context, client *adminapi.Client, fl caddycmd.Flags) error {
			return consent(ctx, client, action.route, fl)
		})
		cmd.AddCommand(sub)
	}
}

// saying reports whether a route takes a consent record.
func saying(route adminapi.Route) bool {
	return route == adminapi.RouteOptIn || route == adminapi.RouteOptOut || route == adminapi.RouteAsk
}

// osUser is the user of this machine who runs the command.
func osUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return os.Getenv("USER")
}

func consent(ctx context.Context, client *adminapi.Client, route adminapi.Route, fl caddycmd.Flags) error {
	var request adminapi.ConsentRequest
	for name, field := range map[string]*string{
		"business": &request.PhoneNumberID, "contact": &request.Contact, "scope": &request.Scope, "source": &request.Source,
		"reference": &request.Reference, "at": &request.At, "actor": &request.Actor,
	} {
		if flag := fl.Lookup(name); flag != nil { // not all actions have all
			*field = flag.Value.String()
		}
	}
	if route == adminapi.RouteHistory {
		answer, err := client.History(ctx, request)
		if err != nil {
			return err
		}
		if fl.Bool("json") {
			return printLines(answer.History)
		}
		return printHistory(os.Stdout, answer.History)
	}
	answer, err := client.Record(ctx, route, request)
	if err != nil {
		return err
	}
	if fl.Bool("json") {
		return printLines([]*adminapi.Consent{answer})
	}
	return printConsent(os.Stdout, answer)
}

func printConsent(out io.Writer, a *adminapi.Consent) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "contact\t%s\n", a.Contact)
	switch {
	case a.WindowUntil == nil:
		fmt.Fprintln(table, "customer service window\tnever opened")
	case a.WindowOpen:
		fmt.Fprintf(table, "customer service window\topen until %s\n", a.WindowUntil.Format(tableTime))
	default:
		fmt.Fprintf(table, "customer service window\tclosed since %s\n", a.WindowUntil.Format(tableTime))
	}
	for _, scope := range policy.AllScopes {
		c := a.Consent[scope.String()]
		since := ""
		if c.Since != nil {
			since = fmt.Sprintf(" since %s (%s)", c.Since.Format(tableTime), c.Source)
		}
		fmt.Fprintf(table, "%s\t%s%s\n", scope, c.State, since)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, scope := range policy.AllScopes {
		if why, ok := a.NoEffect[scope.String()]; ok {
			if _, err := fmt.Fprintf(out, "No effect on %s: %s.\n", scope, why); err != nil {
				return err
			}
		}
	}
	return nil
}

func printHistory(out io.Writer, history []adminapi.ConsentRecord) error {
	if len(history) == 0 {
		_, err := fmt.Fprintln(out, "Nothing on record.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TIME\tBUSINESS\tSTATE\tSCOPES\tSOURCE\tACTOR\tREFERENCE")
	for _, h := range history {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", h.Time.Format(tableTime), h.PhoneNumberID, h.State, strings.Join(h.Scopes, ","), h.Source, dash(h.Actor), dash(h.Reference))
	}
	return table.Flush()
}

func reportCommand(cmd *cobra.Command) {
	adminFlags(cmd)
	cmd.Flags().String("from", "30d", "Oldest time")
	cmd.Flags().String("to", "", "Time before which")
	cmd.Flags().String("business", "", "Only this phone_number_id")
	cmd.Flags().String("message-class", "", "Only this class of messages: notification")
	cmd.Flags().Bool("json", false, "Print one JSON object a line")
	cmd.RunE = asking(func(ctx context.Context, client *adminapi.Client, fl caddycmd.Flags) error {
		report, err := client.Report(ctx, adminapi.ReportSelection{
			Selection:    adminapi.Selection{From: fl.String("from"), To: fl.String("to"), PhoneNumberID: fl.String("business")},
			MessageClass: fl.String("message-class"),
		})
		if err != nil {
			return err
		}
		if fl.Bool("json") {
			return printLines(report.Rows)
		}
		return printReport(os.Stdout, report)
	})
}

// printReport writes a report as a table with its totals below.
func printReport(out io.Writer, report *billing.Report) error {
	if len(report.Rows) == 0 {
		_, err := fmt.Fprintln(out, "No sends.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "DAY\tBUSINESS\tCATEGORY\tDECISION\tMARKET\tSENDS\tACCEPTED\tDELIVERED\tFAILED\tUNKNOWN\tBILLABLE")
	for _, r := range report.Rows {
		business, market := r.Business, r.Market
		if business == "" {
			business = r.PhoneNumberID
		}
		if r.MarketEstimated {
			market += " (estimated)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\n", r.Day, dash(business), r.Category, r.Decision, dash(market),
			r.Sends, r.Accepted, r.Delivered, r.Failed, r.Unknown, r.Billable)
	}
	t := report.Total
	fmt.Fprintf(table, "total\t\t\t\t\t%d\t%d\t%d\t%d\t%d\t%d\n", t.Sends, t.Accepted, t.Delivered, t.Failed, t.Unknown, t.Billable)
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, daysOf(report))
	return err
}

// daysOf says whose days a report counts by.
func daysOf(report *billing.Report) string {
	var zones, businesses []string
	for _, r := range report.Rows {
		name := r.Business
		if name == "" {
			name = r.PhoneNumberID
		}
		if in := dash(name) + " in " + r.TimeZone; !slices.Contains(businesses, in) {
			businesses = append(businesses, in)
		}
		if !slices.Contains(zones, r.TimeZone) {
			zones = append(zones, r.TimeZone)
		}
	}
	if len(zones) == 1 {
		return "Days in " + zones[0] + "."
	}
	return "Days of " + strings.Join(businesses, ", ") + "."
}
