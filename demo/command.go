// Package demo is the command `waguard demo`: a customer's story, played
// against a real gateway and a simulated WhatsApp in one process, on a clock
// that can be moved.
//
// Nothing in it is staged. The gateway is loaded from a Caddyfile, sends go
// through it over HTTP, webhooks come back signed, and what is printed was read
// from the gateway's answers and its admin endpoint. Every send has an expected
// verdict, and the command fails if one differs, so that it is a test as well.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "demo",
		Usage: "[--listen <addr>] [--verbose]",
		Short: "Plays a customer's story against a simulated WhatsApp",
		Long: `
Starts a gateway in front of a simulated WhatsApp and plays what happens between
a shop and a customer in a week: she writes, opts in and says STOP; the shop
sends, and the gateway lets pass what it may. No account at Meta is needed,
nothing leaves this machine, and nothing is kept.

Every send has an expected verdict; the exit status is 1 if one differs.

With --listen the gateway serves at that address, such as 127.0.0.1:8080, and
stays up after the story, so that you can send to it with curl. Port 0 takes a
free one.`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Args = cobra.NoArgs
			cmd.Flags().StringP("listen", "l", "", "Address of the gateway, which then stays up after the story")
			cmd.Flags().BoolP("verbose", "v", false, "Show the gateway's configuration and log")
			cmd.RunE = caddycmd.WrapCommandFuncForCobra(func(fl caddycmd.Flags) (int, error) {
				ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
				defer stop()
				if err := run(ctx, os.Stdout, options{listen: fl.String("listen"), verbose: fl.Bool("verbose"), color: colorful(os.Stdout)}); err != nil {
					return 1, err
				}
				return 0, nil
			})
		},
	})
}

// options are what the command line decides.
type options struct {
	listen  string // address to stay up at; "" ends with the story
	verbose bool
	color   bool
	// story is what is played; nil for the story of this package.
	story []chapter
}

// run plays the story and, if asked, stays up until ctx ends. Its error says how
// many sends were not judged as expected.
func run(ctx context.Context, out io.Writer, o options) (err error) {
	if o.story == nil {
		o.story = story
	}
	if o.listen != "" {
		if _, _, err := net.SplitHostPort(o.listen); err != nil {
			return fmt.Errorf("--listen is %q; it must be an address such as 127.0.0.1:8080", o.listen)
		}
	}
	s, err := open(ctx, o)
	if err != nil {
		return fmt.Errorf("starting the demonstration: %w", err)
	}
	defer func() { err = errors.Join(err, s.close()) }()

	p := &printer{out: out, color: o.color}
	p.intro(s, o)
	surprises, err := s.play(ctx, p, o.story)
	if err != nil {
		return fmt.Errorf("playing the story: %w", err)
	}
	if err := s.sumUp(ctx, p); err != nil {
		return fmt.Errorf("summing up: %w", err)
	}
	p.verdict(surprises, o)
	if o.listen != "" {
		if err := s.stay(ctx, p); err != nil {
			return fmt.Errorf("staying up: %w", err)
		}
	}
	if surprises > 0 {
		return fmt.Errorf("the gateway did not behave as expected in %s, marked above", places(surprises))
	}
	return nil
}
