package command

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

func confirmCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "confirm", Short: "Records what a person answered to a question for consent", Example: indented(`
waguard consent confirm --challenge 5f0c2a7e9b1d4c3f8a6e0d5b7c9f1a23 --reply YES
waguard consent confirm --challenge 5f0c2a7e9b1d4c3f8a6e0d5b7c9f1a23`)}
	cmd.Flags().String("challenge", "", "The `id` of the question, as waguard consent ask printed it")
	cmd.Flags().String("reply", "", "What the person wrote (`text`); leave it out where they confirmed otherwise, such as by a link")
	cmd.Flags().String("actor", osUser(), "The `name` of who records it, where the gateway can't tell by itself")
	required(cmd, "challenge")
	outputFlags(cmd)
	asking(cmd, func(ctx context.Context, c *call) error {
		answered, err := c.client.Answer(ctx, adminapi.Reply{Challenge: c.flags.String("challenge"), Text: c.flags.String("reply"), Actor: c.flags.String("actor")})
		if err != nil {
			return err
		}
		if c.format != formatTable {
			return show(c, new(layout[*adminapi.Answered]), []*adminapi.Answered{answered}, nil)
		}
		rows := [][2]string{{"result", answered.Result}}
		if len(answered.Scopes) > 0 {
			rows = append(rows, [2]string{"scopes", strings.Join(answered.Scopes, ", ")})
		}
		return c.pairs(rows)
	})
	return cmd
}
