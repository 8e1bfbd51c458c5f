// Package command is the commands of waguard beside Caddy's: they ask a running
// gateway over its admin endpoint, and print what it answers. They need none of the
// handlers, and decide nothing.
//
// A command is a [definition]. It prints data with show, and all else with note or
// hint; its errors are sentences, with the exit codes of this package.
package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/waguard/waguard/internal/adminapi"
)

// definition is a command of the program. Its example stands in the help; its
// shape adds flags, and what it does.
type definition struct {
	name, usage, short, long, example string
	shape                             func(*cobra.Command)
}

func register(d definition) {
	groups[groupGateway] = append(groups[groupGateway], d.name)
	caddycmd.RegisterCommand(caddycmd.Command{
		Name: d.name, Usage: d.usage, Short: d.short, Long: strings.TrimSpace(d.long),
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Example = indented(d.example)
			d.shape(cmd)
		},
	})
}

// indented are examples as the help shows them.
func indented(examples string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(examples), "\n", "\n  ")
}

// call is a command that runs.
type call struct {
	cmd    *cobra.Command
	flags  caddycmd.Flags
	format string
	// out takes data, errs all else.
	out, errs *stream
	// words are those that belong to no flag, of a command that takes some.
	words []string
	// client asks the gateway; nil for a command that asks none.
	client *adminapi.Client
}

// doing makes f what a command does on this machine.
func doing(cmd *cobra.Command, f func(context.Context, *call) error) {
	cmd.Args = cobra.ArbitraryArgs // they are judged below, in our words
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return failed(cmd, flagMistake(cmd, err)) })
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c := &call{cmd: cmd, flags: caddycmd.Flags{FlagSet: cmd.Flags()}, out: streamOf(cmd.OutOrStdout()), errs: streamOf(cmd.ErrOrStderr())}
		args, err := fileOf(cmd, args)
		if most, takes := cmd.Annotations[takesWords]; takes && len(args) <= len(most) {
			c.words, args = args, nil
		}
		if err == nil {
			err = extraWords(cmd, args)
		}
		if err == nil {
			err = missing(cmd)
		}
		if err == nil {
			c.format, err = formatOf(cmd)
		}
		if err == nil {
			err = f(context.Background(), c)
		}
		return failed(cmd, err)
	}
}

// takesWords marks a command that takes words, at most as many as the annotation has letters.
const takesWords = "waguard_takes_words"

// asking makes f what a command does with a running gateway.
func asking(cmd *cobra.Command, f func(context.Context, *call) error) {
	adminFlags(cmd)
	numberByAnyName(cmd)
	doing(cmd, func(ctx context.Context, c *call) (err error) {
		if c.client, err = adminClient(c); err != nil {
			return err
		}
		return f(ctx, c)
	})
}

// group makes a command one that has others below it, and does nothing itself.
func group(cmd *cobra.Command, below ...*cobra.Command) {
	cmd.AddCommand(below...)
	// Behind a misspelt command come flags of the one that was meant.
	cmd.FParseErrWhitelist.UnknownFlags = true
	doing(cmd, nil)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return failed(cmd, noCommand(cmd, args)) }
}

// adminVariable is where commands look for the admin address that no flag names.
const adminVariable = "WAGUARD_ADMIN"

// serviceSocket is the admin socket of the service that the packages install: where
// it is, commands need no address.
const serviceSocket = "/run/waguard/admin.sock"

// adminFlags are the flags that find the running gateway's admin endpoint.
func adminFlags(cmd *cobra.Command) {
	cmd.Flags().StringP("config", "c", "", "Configuration `file` to take the admin address from")
	cmd.Flags().StringP("adapter", "a", "", "`Name` of the config adapter for --config")
	cmd.Flags().String("address", "", "The admin `address` of the running gateway, such as unix//run/waguard.sock (default $WAGUARD_ADMIN, else "+serviceSocket+" where that is, else localhost:2019)")
}

// adminClient is a client for the running gateway's admin endpoint.
func adminClient(c *call) (*adminapi.Client, error) {
	given := c.flags.String("address")
	if given == "" && c.flags.String("config") == "" {
		given = os.Getenv(adminVariable)
		if _, err := os.Stat(serviceSocket); given == "" && err == nil {
			given = "unix/" + serviceSocket
		}
	}
	address := cmp.Or(given, caddy.DefaultAdminListen)
	if file := c.flags.String("config"); given == "" && file != "" {
		if _, err := os.Stat(file); err != nil {
			return nil, misused("the configuration %s can't be read: %v", file, errors.Unwrap(err))
		}
		var err error
		if address, err = configuredAdmin(file, c.flags.String("adapter")); err != nil {
			return nil, fmt.Errorf("the configuration %s has no admin address that can be read: %w", file, err)
		}
	}
	client, err := adminapi.NewClient(address)
	if err != nil {
		return nil, &misuse{err.Error()}
	}
	if c.format != formatJSON { // which is escaped as it is printed
		client.Clean = printedAnswer
	}
	return client, nil
}
