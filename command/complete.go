package command

import (
	"cmp"
	"context"
	"time"

	"github.com/spf13/cobra"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
)

// patience is how long a shell waits for a gateway to complete a word.
const patience = time.Second

// businesses are the business phone numbers that a gateway knows of, with their
// names, for a shell that completes. Where no gateway answers there are none.
func businesses(cmd *cobra.Command) (list []string) {
	client, err := adminClient(&call{cmd: cmd, flags: caddycmd.Flags{FlagSet: cmd.Flags()}})
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	known, err := client.Numbers(ctx)
	if err != nil {
		return nil
	}
	for i := range known.Numbers {
		n := &known.Numbers[i]
		list = append(list, cobra.CompletionWithDesc(n.PhoneNumberID, cmp.Or(n.Business, n.Number, n.PhoneNumberID)))
	}
	return sorted(list)
}
