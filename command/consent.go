package command

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

func init() {
	register(definition{
		name:  "consent",
		usage: "get|opt-in|opt-out|ask|confirm|import|key|list|history|receipt|pack|subject|export|review|erase|erasures|new-person|undo-new-person [--business <phone_number_id>] [--contact <number>]",
		short: "Shows and records people's consent on a running gateway",
		long: `
Shows and records consent on a running gateway, for one business phone number
and one person, named by phone number (with plus and country code) or user id.

  get         what holds now: the window and the consent for each scope
  opt-in      records that the person agreed: to which --scope, how that is known
              (--source) and at what time (--at, else now)
  opt-out     records that the person said no
  ask         records that the person was asked: an ordinary word such as "yes"
              is an opt-in then, for seven days
  confirm     records what a person answered to the question, elsewhere than on WhatsApp
  import      records a list of opt-ins or opt-outs, from a file
  list        the records of all people, or some of them
  key         makes, lists and revokes the keys of programs that record consent
  history     every consent record, newest first
  receipt     receipts of the records, each with its proof
  pack        everything that proves a person's consent, signed, for a stranger
  export      what holds for all people, as import takes it, or every record
  subject     everything held on a person, for that person
  review      what may be an opt-out and waits for somebody to decide
  erase       erases what is known of a person, and keeps them opted out
  erasures    lists erasures, and writes the tombstones that are left
  new-person  records that a recycled number belongs to somebody new: nothing said
              before counts for it; the history keeps it, marked
  undo-new-person
              takes the newest such record back: what it made void counts again`,
		example: `
waguard consent get --business 104455667788 --contact +4915112345678
waguard consent opt-in --business 104455667788 --contact +4915112345678 \\
    --scope marketing --source website --reference form-8812`,
		shape: consentCommand,
	})
}

// who is how examples name a person.
const who = "--business 104455667788 --contact +4915112345678"

func consentCommand(cmd *cobra.Command) {
	group(
		cmd,
		consentAction(adminapi.RouteConsentGet, "get", "Shows the window and the consent of a person", `
waguard consent get `+who+`
waguard consent get `+who+` --json`),
		consentAction(adminapi.RouteOptIn, "opt-in", "Records that a person agreed", `
waguard consent opt-in `+who+` \
    --scope marketing --source website --reference form-8812
waguard consent opt-in `+who+` \
    --scope all --source import --reference list-2025 --at 2025-06-01`),
		consentAction(adminapi.RouteOptOut, "opt-out", "Records that a person said no", `
waguard consent opt-out `+who+`
waguard consent opt-out `+who+` --scope marketing --source phone`),
		consentAction(adminapi.RouteAsk, "ask", "Records that a person was asked for consent", `
waguard consent ask `+who+` --scope marketing --source phone`),
		consentAction(adminapi.RouteHistory, "history", "Shows every consent record, newest first", `
waguard consent history `+who+`
waguard consent history `+who+` --output csv`),
		confirmCommand(),
		importCommand(),
		keyCommand(),
		receiptCommand(),
		packCommand(),
		subjectCommand(),
		exportCommand(),
		listConsentCommand(),
		reviewCommand(),
		eraseCommand(),
		erasuresCommand(),
		consentAction(adminapi.RouteNewPerson, "new-person", "Records that a recycled number belongs to somebody new", `
waguard consent new-person `+who+`
waguard consent new-person `+who+` --yes`),
		consentAction(adminapi.RouteUndoNewPerson, "undo-new-person", "Takes the newest new-person record back: what it made void counts again", `
waguard consent undo-new-person `+who),
	)
}

// consentAction is a command about a person.
func consentAction(route adminapi.Route, name, short, example string) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short, Example: indented(example)}
	businessFlag(cmd, "The `number` of the business, by its phone_number_id")
	contactFlag(cmd, "The `person`, by phone number with + or user id")
	required(cmd, "business", "contact")
	if route != adminapi.RouteConsentGet && route != adminapi.RouteHistory {
		cmd.Flags().String("actor", osUser(), "The `name` of who records it, where the gateway can't tell by itself")
	}
	switch route {
	case adminapi.RouteOptIn:
		scopeFlag(cmd, "The `scope` the person agreed to: marketing, transactional, authentication or all")
		sourceFlag(cmd, "The `source`: how it is known that the person agreed, such as website, app, in_store, paper, phone or import")
		required(cmd, "scope", "source")
	case adminapi.RouteOptOut:
		scopeFlag(cmd, "The `scope` the person said no to: marketing, transactional, authentication or all (default all)")
		sourceFlag(cmd, "The `source`: how it is known that the person said no, such as phone (default operator)")
	case adminapi.RouteAsk:
		scopeFlag(cmd, "The `scope` the person was asked for: marketing, transactional, authentication or all")
		sourceFlag(cmd, "The `source`: how the person was asked, such as phone (default operator)")
		required(cmd, "scope")
		cmd.Flags().String("expires-in", "", "How long (`duration`) the person may take to answer, such as 48h (default a week)")
	case adminapi.RouteNewPerson:
		cmd.Flags().Bool("yes", false, "Record it without a question")
	}
	if saying(route) {
		cmd.Flags().String("reference", "", "Where the `evidence` lies, such as a form or an order; an opt-in needs it, or what its source asks for, unless that is website, contact_page, signup_form, in_app or in_store")
		cmd.Flags().StringArray("evidence", nil, "A `field=value` of the evidence, such as page_url=https://example.com/sign-up; @ before a file reads it from there, as in text=@shown.txt; repeatable")
		completed(cmd, "evidence", evidenceFields())
		if route != adminapi.RouteAsk {
			saidFlag(cmd, "The `time` at which the person said so, such as 2026-11-22 or 2026-11-22T10:00:00Z, if not now; needed for what comes from a list or an import")
		}
	}
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error { return consentOf(ctx, c, route) })
	return cmd
}

// saying reports whether a route takes a consent record.
func saying(route adminapi.Route) bool {
	return route == adminapi.RouteOptIn || route == adminapi.RouteOptOut || route == adminapi.RouteAsk
}

func scopeFlag(cmd *cobra.Command, usage string) {
	choiceFlag(cmd, "scope", usage, append(scopeNames(), "all"))
}

func scopeNames() (list []string) {
	for _, scope := range policy.AllScopes {
		list = append(list, scope.String())
	}
	return list
}

// sourceFlag is how a word of the person's is known. Businesses have sources of
// their own; those the gateway observes are not theirs to claim.
func sourceFlag(cmd *cobra.Command, usage string) {
	cmd.Flags().Var(&checked{kind: "string", judge: func(s string) (string, error) {
		if source := policy.Source(strings.ToLower(s)); source.Observed() || source == policy.SourceQuestion {
			return "", misused("%s is what the gateway itself sees: say how you know, such as website, in_store or phone", source)
		}
		return s, nil
	}}, "source", usage)
	completed(cmd, "source", sourceNames())
}

// osUser is the user of this machine who runs the command.
func osUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return os.Getenv("USER")
}

func consentOf(ctx context.Context, c *call, route adminapi.Route) error {
	var request adminapi.ConsentRequest
	for name, field := range map[string]*string{
		"business": &request.PhoneNumberID, "contact": &request.Contact, "scope": &request.Scope, "source": &request.Source,
		"reference": &request.Reference, "at": &request.At, "actor": &request.Actor, "expires-in": &request.ExpiresIn,
	} {
		if flag := c.flags.Lookup(name); flag != nil { // not all actions have all
			*field = flag.Value.String()
		}
	}
	if err := readEvidence(c, &request.Evidence); err != nil {
		return err
	}
	if route == adminapi.RouteHistory {
		answer, err := c.client.History(ctx, request)
		if err != nil {
			return err
		}
		if answer.Welcomed != nil {
			c.hint("The first template after they agreed, the welcome, was sent at %s.", answer.Welcomed.Format(tableTime))
		}
		return show(c, &history, answer.History, nil)
	}
	if route == adminapi.RouteNewPerson {
		err := c.confirm("The number then belongs to somebody new: what is known of the person who had it, consent and opt-outs too, holds for it no longer.")
		if err != nil {
			return err
		}
	}
	answer, err := c.client.Record(ctx, route, request)
	if err != nil {
		return err
	}
	if len(answer.Lacks) > 0 {
		c.hint("Incomplete: to be valid the opt-in would need %s as well (--evidence field=value).", allOf(fieldNames(answer.Lacks)))
	}
	if answer.Warning != "" {
		c.hint("Warning: %s", answer.Warning)
	}
	return printConsent(c, answer)
}

func printConsent(c *call, a *adminapi.Consent) error {
	if c.format != formatTable {
		return show(c, new(layout[*adminapi.Consent]), []*adminapi.Consent{a}, nil)
	}
	window := "never opened"
	switch {
	case a.WindowOpen:
		window = "open until " + a.WindowUntil.Format(tableTime)
	case a.WindowUntil != nil:
		window = "closed since " + a.WindowUntil.Format(tableTime)
	}
	if a.Entry != "" && a.Entry != "direct" {
		window += ", came by " + a.Entry
	}
	rows := [][2]string{{"contact", a.Contact.String()}, {"customer service window", window}}
	for _, scope := range policy.AllScopes {
		said := a.Consent[scope.String()]
		state := said.State
		if said.Since != nil {
			state += fmt.Sprintf(" since %s (%s)", said.Since.Format(tableTime), said.Source)
		}
		rows = append(rows, [2]string{scope.String(), state})
	}
	if a.FreeUntil != nil {
		rows = append(rows, [2]string{"free entry point", "until " + a.FreeUntil.Format(tableTime)})
	}
	if a.AdUnanswered != nil {
		rows = append(rows, [2]string{"ad not answered", a.AdUnanswered.Format(tableTime) + ": an answer within a day opens a free entry point"})
	}
	if a.Welcomed != nil {
		rows = append(rows, [2]string{"welcome sent", a.Welcomed.Format(tableTime)})
	}
	if a.CodeRequested != nil {
		rows = append(rows, [2]string{"asked for a code", a.CodeRequested.Format(tableTime)})
	}
	if a.Suspected != nil {
		rows = append(rows, [2]string{"may have opted out", a.Suspected.Format(tableTime) + ": no marketing until somebody decides with waguard consent review"})
	}
	if a.Challenge != nil {
		rows = append(rows, [2]string{"challenge", a.Challenge.ID}, [2]string{"answered until", a.Challenge.Expires.Format(tableTime)})
	}
	if err := c.pairs(rows); err != nil {
		return err
	}
	for _, scope := range policy.AllScopes {
		if why, ok := a.NoEffect[scope.String()]; ok {
			c.note("No effect on %s: %s.", scope, why)
		}
	}
	return nil
}

// stateOf is what a record says, and whether a former person's it is.
func stateOf(r *adminapi.ConsentRecord) string {
	if r.Former {
		return r.State + " (former person)"
	}
	return r.State
}

var history = layout[adminapi.ConsentRecord]{
	titles: []string{"TIME", "BUSINESS", "STATE", "SCOPES", "SOURCE", "ACTOR", "REFERENCE"},
	cells: func(r adminapi.ConsentRecord) []string {
		return []string{r.Time.Format(tableTime), r.PhoneNumberID, stateOf(&r), strings.Join(r.Scopes, ","), string(r.Source), r.Actor, r.Reference}
	},
	none: "Nothing on record.",
}
