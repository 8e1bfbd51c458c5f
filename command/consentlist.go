package command

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

func listConsentCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "Lists the consent records of all people, or some of them", Example: indented(`
waguard consent list --incomplete
waguard consent list --state opted_in --source website --from 30d --output csv > opt-ins.csv
waguard consent list --json > consent.jsonl`)}
	businessFlag(cmd, "Only records of this `number` of the business, by its phone_number_id")
	choiceFlag(cmd, "state", "Only this `state`: pending, opted_in, opted_out, suspected, dismissed or requested", []string{"pending", "opted_in", "opted_out", "suspected", "dismissed", "requested"})
	cmd.Flags().String("source", "", "Only this `source`, such as website")
	completed(cmd, "source", sourceNames())
	cmd.Flags().Bool("incomplete", false, "Only opt-ins that lacked what would have made them valid")
	periodFlags(cmd, "")
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		from, to, err := period(c)
		if err != nil {
			return err
		}
		s := adminapi.ConsentSelection{PhoneNumberID: c.flags.String("business"), State: c.flags.String("state"), Source: c.flags.String("source"), From: from, To: to}
		if c.flags.Bool("incomplete") {
			s.Incomplete = "true"
		}
		print, some := printer(c, &allConsent), false
		for records, err := range c.client.Consents(ctx, s) {
			if err != nil {
				if some {
					return errors.Join(errors.New("the list broke off"), err)
				}
				return err
			}
			if len(records) == 0 {
				continue
			}
			if some = true; print(records, nil) != nil {
				return errors.New("the list could not be written")
			}
		}
		if !some && c.format == formatTable {
			c.note("%s", allConsent.none)
		}
		return nil
	})
	return cmd
}

var allConsent = layout[adminapi.ConsentRecord]{
	titles: []string{"TIME", "CONTACT", "NUMBER", "STATE", "SCOPES", "SOURCE", "REFERENCE"},
	cells: func(r adminapi.ConsentRecord) []string {
		return []string{r.Time.Format(tableTime), r.Identity.String(), r.PhoneNumberID, r.State, strings.Join(r.Scopes, ", "), string(r.Source), dash(r.Reference)}
	},
	below: func(r adminapi.ConsentRecord) string {
		if len(r.Lacks) == 0 {
			return ""
		}
		return "incomplete: " + allOf(fieldNames(r.Lacks))
	},
	none: "No such record.",
}
