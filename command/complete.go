package command

import (
	"cmp"
	"context"
	"time"

	"github.com/spf13/cobra"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/waguard/waguard/internal/adminapi"
)

// patience is how long a shell waits for a gateway to complete a word.
const patience = time.Second

// businesses are the numbers that have sent lately, with their names, for a shell
// that completes. Where no gateway answers there are none.
func businesses(cmd *cobra.Command) (list []string) {
	client, err := adminClient(&call{cmd: cmd, flags: caddycmd.Flags{FlagSet: cmd.Flags()}})
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	report, err := client.Report(ctx, adminapi.ReportSelection{Selection: adminapi.Selection{From: "30d"}})
	if err != nil {
		return nil
	}
	for _, row := range report.Rows {
		if row.PhoneNumberID != "" {
			list = append(list, cobra.CompletionWithDesc(row.PhoneNumberID, cmp.Or(row.Business, row.PhoneNumberID)))
		}
	}
	return sorted(list)
}
