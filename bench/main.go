// Command bench measures what the gateway costs. It starts a trivial upstream,
// plain Caddy as a reverse proxy and the gateway, all on loopback, drives both
// proxies in alternating rounds, and prints figures and their ratio.
//
//	go run ./bench
//	go run ./bench storm
//	go run ./bench soak
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
	"strings"
	"syscall"
	"time"
)

// options are what the flags say.
type options struct {
	connections int
	contacts    int
	rounds      int
	seconds     float64
	delay       time.Duration // of the upstream's answers
	scenarios   []scenario
	dir         string // of the stores; "" is the system's for temporary files
	json        bool
	profile     string // where a CPU profile of the gateway goes
}

func main() {
	runRole() // a child process ends here

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	args := os.Args[1:]
	run := runMeasure
	if len(args) > 0 {
		switch args[0] {
		case "storm":
			run, args = runStorms, args[1:]
		case "soak":
			run, args = runSoaks, args[1:]
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

// errUsage: a flag is wrong.
var errUsage = errors.New("-help lists the flags")

func runMeasure(ctx context.Context, args []string) error {
	o, err := parseFlags(args)
	if err != nil {
		return fmt.Errorf("%w; %w", err, errUsage)
	}
	r, err := measure(ctx, o)
	if err != nil {
		return err
	}
	return r.write(os.Stdout, o.json)
}

func runStorms(ctx context.Context, args []string) error {
	o, err := parseStormFlags(args)
	if err != nil {
		return fmt.Errorf("%w; %w", err, errUsage)
	}
	results, m, err := measureStorms(ctx, o)
	if err != nil {
		return err
	}
	return writeStorms(os.Stdout, o, m, results)
}

func parseFlags(args []string) (o options, err error) {
	names := make([]string, len(scenarios))
	for i := range scenarios {
		names[i] = scenarios[i].Name
	}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&o.connections, "connections", 32, "keep-alive connections that send, each one request after the other")
	f.IntVar(&o.contacts, "contacts", 100_000, "people the gateway knows; sends go to all of them in turn")
	f.IntVar(&o.rounds, "rounds", 10, "rounds of each side, after one more to warm up")
	f.Float64Var(&o.seconds, "seconds", 2, "length of a round in seconds")
	f.DurationVar(&o.delay, "delay", 0, "how long the upstream takes to answer, such as 50ms")
	f.StringVar(&o.dir, "dir", "", "directory for the store, on the disk to be measured (default: the system's for temporary files)")
	f.BoolVar(&o.json, "json", false, "print JSON, with every round")
	f.StringVar(&o.profile, "profile", "", "write a CPU profile of the gateway, from one more round of the last scenario, to this file")
	name := f.String("scenario", "text", strings.Join(names, ", ")+" or all")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	for _, s := range scenarios {
		if *name == s.Name || *name == "all" {
			o.scenarios = append(o.scenarios, s)
		}
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case len(o.scenarios) == 0:
		return o, fmt.Errorf("-scenario is %q; it must be %s or all", *name, strings.Join(names, ", "))
	case o.connections < 1, o.connections > 1024:
		return o, errors.New("-connections must be between 1 and 1024")
	case o.contacts < 1, o.contacts > 1_000_000:
		return o, errors.New("-contacts must be between 1 and 1000000")
	case o.rounds < 1, o.rounds > 1000, o.seconds <= 0, o.seconds > 600:
		return o, errors.New("-rounds must be between 1 and 1000, -seconds between 0 and 600")
	case o.delay < 0, o.delay > 10*time.Second:
		return o, errors.New("-delay must be between 0 and 10s")
	}
	return o, nil
}

// round is the length of a round.
func (o *options) round() time.Duration { return time.Duration(o.seconds * float64(time.Second)) }
