// Command bench measures what the gateway costs. It starts a trivial upstream,
// plain Caddy as a reverse proxy and the gateway, all on loopback, drives both
// proxies in alternating rounds, and prints figures and their ratio.
//
//	go run ./bench
//	go run ./bench -suite
//	go run ./bench storm
//	go run ./bench soak
//	go run ./bench scale
//	go run ./bench scale-ledger
//
// README.md says what is measured and how to read it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	runRole() // a child process ends here

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run, args := runMeasure, os.Args[1:]
	if len(args) > 0 {
		if command := commands[args[0]]; command != nil {
			run, args = command, args[1:]
		}
	}
	err := run(ctx, args)
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// commands are what can be measured beside the comparison.
var commands = map[string]func(context.Context, []string) error{"storm": runStorms, "soak": runSoaks, "scale": runScale, "scale-ledger": runLedger}

// errUsage: a flag is wrong.
var errUsage = errors.New("-help lists the flags")

func runMeasure(ctx context.Context, args []string) error {
	o, err := parseFlags(args)
	if err != nil {
		return fmt.Errorf("%w; %w", err, errUsage)
	}
	switch {
	case o.smoke:
		return smoke(ctx, os.Stdout, o.dir)
	case o.suite:
		s, err := measureSuite(ctx, o)
		if err != nil {
			return err
		}
		return s.write(os.Stdout, o.json)
	}
	r, err := measure(ctx, o)
	if err != nil {
		return err
	}
	return r.write(os.Stdout, o.json)
}
