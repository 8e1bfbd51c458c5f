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
	consentFlags(cmd)
	periodFlags(cmd, "")
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		s := consentSelection(c)
		var err error
		if s.From, s.To, err = period(c); err != nil {
			return err
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
