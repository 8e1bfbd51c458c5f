package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// stormOptions are the flags of `bench storm`.
type stormOptions struct {
	storms      []storm
	rounds      int
	seconds     float64
	connections int
	every       time.Duration // a send on each of them
	contacts    int
	dir         string
	profile     string
	most        float64 // the largest ratio that is none of a failure
	setup
}

func parseStormFlags(args []string) (o stormOptions, err error) {
	names := make([]string, len(storms))
	for i := range storms {
		names[i] = storms[i].Name
	}
	f := flag.NewFlagSet("bench storm", flag.ContinueOnError)
	f.IntVar(&o.rounds, "rounds", 7, "rounds of quiet and storm in turn, after one more to warm up")
	f.Float64Var(&o.seconds, "seconds", 4, "length of a round in seconds")
	f.IntVar(&o.connections, "connections", 8, "keep-alive connections of honest senders")
	f.DurationVar(&o.every, "every", 20*time.Millisecond, "how often each of them sends")
	f.IntVar(&o.contacts, "contacts", 20_000, "people the gateway knows")
	f.StringVar(&o.dir, "dir", "", "directory for the store, on the disk to be measured (default: the system's for temporary files)")
	f.StringVar(&o.profile, "profile", "", "write a CPU profile of the gateway in the last storm to this file")
	f.Float64Var(&o.most, "most", 0, "fail if a storm makes the p99 of sends more than this many times its quiet one; 0 never fails")
	o.setup = defaultSetup
	f.StringVar(&o.Path, "path", o.Path, "what forwards judged sends: upstream or proxy")
	name := f.String("kind", "all", strings.Join(names, ", ")+" or all")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	for _, s := range storms {
		if *name == s.Name || *name == "all" {
			o.storms = append(o.storms, s)
		}
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case len(o.storms) == 0:
		return o, fmt.Errorf("-kind is %q; it must be %s or all", *name, strings.Join(names, ", "))
	case o.connections < 1, o.connections > 1024, o.every <= 0, o.every > time.Second:
		return o, errors.New("-connections must be between 1 and 1024, -every between 0 and 1s")
	case o.rounds < 1, o.rounds > 1000, o.seconds <= 0, o.seconds > 600:
		return o, errors.New("-rounds must be between 1 and 1000, -seconds between 0 and 600")
	case o.contacts < 1, o.contacts > 1_000_000:
		return o, errors.New("-contacts must be between 1 and 1000000")
	}
	return o, o.setup.check()
}

// stormed is what a storm did to honest sends: pairs of rounds, the first to warm
// up.
type stormed struct {
	storm
	quiet, during []latencies
	perSecond     []float64 // requests of the storm that were answered
	// The most anonymous memory of the gateway in each round.
	quietMemory, memory []int64
	// plainMemory is plain Caddy's with the same connections, where those are held.
	plainMemory int64
}

func (s *stormed) ratio(q float64) ratio {
	var ratios []float64
	for i := 1; i < len(s.quiet); i++ {
		ratios = append(ratios, float64(s.during[i].quantile(q))/float64(s.quiet[i].quantile(q)))
	}
	return ratioOf(ratios)
}

// runStorms is the command.
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

// measureStorms measures how long honest sends take, quiet and in storms in turn.
func measureStorms(ctx context.Context, o stormOptions) ([]*stormed, machine, error) {
	dir, err := os.MkdirTemp(o.dir, "waguard-storm-")
	if err != nil {
		return nil, machine{}, err
	}
	defer os.RemoveAll(dir)
	m, err := describe(dir)
	if err != nil {
		return nil, m, err
	}
	w, err := newWorld(ctx, dir, 0, false)
	if err != nil {
		return nil, m, err
	}
	defer w.close()
	gateway, err := w.gateway(ctx, o.setup)
	if err != nil {
		return nil, m, err
	}
	defer gateway.stop()
	if err := seed(ctx, gateway, o.contacts); err != nil {
		return nil, m, err
	}
	honest, err := newLoad(gateway, scenarioNamed("text"), crowd{o.contacts, "uniform", "digits"}, o.connections)
	if err != nil {
		return nil, m, err
	}
	defer honest.close()
	var results []*stormed
	first := 0
	for i := range o.storms {
		s := &stormed{storm: o.storms[i]}
		results = append(results, s)
		for r := range o.rounds + 1 {
			profile := o.profile != "" && i == len(o.storms)-1 && r == o.rounds
			if err := stormRound(ctx, o, gateway, honest, s, &first, profile); err != nil {
				return nil, m, fmt.Errorf("%s: %w\n%s", s.Name, err, gateway.lastWords())
			}
		}
		if s.hold == nil {
			continue
		}
		if s.plainMemory, err = heldByPlain(ctx, w, gateway, &s.storm, o.length()); err != nil {
			return nil, m, fmt.Errorf("%s, plain Caddy: %w", s.Name, err)
		}
	}
	return results, m, nil
}

// length is that of a round.
func (o *stormOptions) length() time.Duration { return time.Duration(o.seconds * float64(time.Second)) }

// heldByPlain is the most anonymous memory of plain Caddy while connections are
// held: what they take in any Caddy.
func heldByPlain(ctx context.Context, w *world, gateway *proxy, s *storm, length time.Duration) (int64, error) {
	plain, _, err := w.plainLike(ctx, gateway)
	if err != nil {
		return 0, err
	}
	defer plain.stop()
	most := watchMemory(plain)
	r, err := rage(s, plain.addr, 0)
	if err != nil {
		return 0, err
	}
	time.Sleep(length)
	_, err = r.end()
	return most(), err
}

func stormRound(ctx context.Context, o stormOptions, gateway *proxy, honest *load, s *stormed, first *int, profile bool) error {
	most := watchMemory(gateway)
	quiet, err := honest.paced(ctx, o.length(), o.every)
	s.quietMemory = append(s.quietMemory, most())
	if err != nil {
		return fmt.Errorf("quiet: %w", err)
	}
	most = watchMemory(gateway)
	began := time.Now()
	r, err := rage(&s.storm, gateway.addr, *first)
	if err != nil {
		return err
	}
	var profiled chan error
	if profile {
		profiled = make(chan error, 1)
		go func() { profiled <- saveProfile(ctx, gateway, o.profile, max(1, int(o.seconds))) }()
	}
	during, err := honest.paced(ctx, o.length(), o.every)
	s.memory = append(s.memory, most())
	answered, endErr := r.end()
	if err := errors.Join(err, endErr); err != nil {
		return err
	}
	*first += answered + 1000
	s.quiet, s.during = append(s.quiet, quiet), append(s.during, during)
	s.perSecond = append(s.perSecond, float64(answered)/time.Since(began).Seconds())
	if profiled != nil {
		if err := <-profiled; err != nil {
			return err
		}
	}
	time.Sleep(pause)
	return nil
}

// writeStorms prints the results, and reports whether a ratio is above most.
func writeStorms(w io.Writer, o stormOptions, m machine, results []*stormed) error {
	fmt.Fprintf(w, "machine: %s\n", m)
	fmt.Fprintf(w, "run: %d connections, on each a send every %s; medians of %d pairs of rounds of %gs\n\n", o.connections, o.every, o.rounds, o.seconds)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "storm\tconnections\tanswered/s\tquiet p50\tp99\tanonymous\tin the storm p50\tp99\tanonymous\tplain Caddy's\tratio of p99 (min to max)")
	var failed error
	for _, s := range results {
		rate := slices.Sorted(slices.Values(s.perSecond[1:]))
		r := s.ratio(0.99)
		plain := "-"
		if s.hold != nil {
			plain = mib(s.plainMemory)
		}
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.1f (%.1f to %.1f)\n", s.Name, s.connections, median(rate),
			medianQuantile(s.quiet, 0.5), medianQuantile(s.quiet, 0.99), mib(slices.Max(s.quietMemory)),
			medianQuantile(s.during, 0.5), medianQuantile(s.during, 0.99), mib(slices.Max(s.memory)), plain, r.Median, r.Min, r.Max)
		if o.most > 0 && r.Median > o.most {
			failed = errors.Join(failed, fmt.Errorf("%s: the p99 of sends was %.1f times its quiet one, want %g at most", s.Name, r.Median, o.most))
		}
	}
	return errors.Join(t.Flush(), failed)
}

func medianQuantile(rounds []latencies, q float64) time.Duration {
	var values []time.Duration
	for _, r := range rounds[1:] {
		values = append(values, r.quantile(q))
	}
	slices.Sort(values)
	return median(values).Round(10 * time.Microsecond)
}
