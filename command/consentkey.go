package command

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

func keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Makes, lists and revokes the keys of programs that record consent", Example: indented(`
waguard consent key add --name web-shop --rights record
waguard consent key list`)}
	add := &cobra.Command{Use: "add", Short: "Makes a key, and prints it once", Example: indented(`
waguard consent key add --name web-shop --rights read,record --businesses 104455667788`)}
	add.Flags().String("name", "", "The `name` of who gets it")
	add.Flags().StringSlice("rights", nil, "What it may do (`rights`): read, record, opt-out, erase")
	completed(add, "rights", []string{"read", "record", "opt-out", "erase"})
	add.Flags().StringSlice("businesses", nil, "The `numbers` of the business it is for, by phone_number_id or name (default all)")
	add.Flags().String("actor", osUser(), "The `name` of who makes it, where the gateway can't tell by itself")
	required(add, "name", "rights")
	outputFlags(add)
	asking(add, func(ctx context.Context, c *call) error {
		request := adminapi.KeyRequest{Name: c.flags.String("name"), Actor: c.flags.String("actor")}
		var err error
		if request.Rights, err = c.flags.GetStringSlice("rights"); err != nil {
			return err
		}
		if request.Businesses, err = c.flags.GetStringSlice("businesses"); err != nil {
			return err
		}
		key, err := c.client.AddKey(ctx, request)
		if err != nil {
			return err
		}
		if c.format != formatTable {
			return show(c, &keys, []adminapi.Key{*key}, nil)
		}
		c.hint("Give this to %s; it is shown once, and the gateway keeps its hash alone.", key.Name)
		return c.pairs([][2]string{{"id", key.ID}, {"key", key.Key}})
	})
	list := &cobra.Command{Use: "list", Short: "Lists all keys, revoked ones too", Example: indented(`
waguard consent key list`)}
	outputFlags(list)
	asking(list, func(ctx context.Context, c *call) error {
		all, err := c.client.Keys(ctx)
		if err != nil {
			return err
		}
		return show(c, &keys, all.Keys, nil)
	})
	revoke := &cobra.Command{Use: "revoke", Short: "Takes a key back, at once and for ever", Example: indented(`
waguard consent key revoke --id 5f0c2a7e9b1d4c3f`)}
	revoke.Flags().String("id", "", "The `id` of the key")
	required(revoke, "id")
	outputFlags(revoke)
	asking(revoke, func(ctx context.Context, c *call) error {
		key, err := c.client.RevokeKey(ctx, c.flags.String("id"))
		if err != nil {
			return err
		}
		return show(c, &keys, []adminapi.Key{*key}, nil)
	})
	group(cmd, add, list, revoke)
	return cmd
}

var keys = layout[adminapi.Key]{
	titles: []string{"ID", "NAME", "RIGHTS", "BUSINESSES", "CREATED", "REVOKED"},
	cells: func(k adminapi.Key) []string {
		businesses, revoked := "all", "-"
		if len(k.Businesses) > 0 {
			businesses = strings.Join(k.Businesses, ", ")
		}
		if k.Revoked != nil {
			revoked = k.Revoked.Format(tableTime)
		}
		return []string{k.ID, k.Name, strings.Join(k.Rights, ", "), businesses, k.Created.Format(tableTime), revoked}
	},
	none: "No program has a key for consent.",
}
