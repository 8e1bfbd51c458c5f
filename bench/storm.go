package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
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
	return o, nil
}

// stormed is what a storm did to honest sends: pairs of rounds, the first to warm
// up.
type stormed struct {
	storm
	quiet, during []latencies
	perSecond     []float64 // requests of the storm that were answered
}

func (s *stormed) ratio(q float64) ratio {
	var ratios []float64
	for i := 1; i < len(s.quiet); i++ {
		ratios = append(ratios, float64(s.during[i].quantile(q))/float64(s.quiet[i].quantile(q)))
	}
	slices.Sort(ratios)
	return ratio{median(ratios), ratios[0], ratios[len(ratios)-1]}
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
	upstream, err := startUpstream(ctx, dir, 0)
	if err != nil {
		return nil, m, err
	}
	defer upstream.stop()
	gateway, err := startProxy(ctx, dir, "gateway", upstream.addr, filepath.Join(dir, "store"))
	if err != nil {
		return nil, m, err
	}
	defer gateway.stop()
	if err := seed(ctx, gateway, o.contacts); err != nil {
		return nil, m, err
	}
	honest, err := newLoad(gateway.addr, &scenarios[0], accepted, o.connections, o.contacts)
	if err != nil {
		return nil, m, err
	}
	defer honest.close()
	b := &bench{gateway: gateway}
	b.o.profile = o.profile
	var results []*stormed
	first := 0
	for i := range o.storms {
		s := &stormed{storm: o.storms[i]}
		results = append(results, s)
		for r := range o.rounds + 1 {
			profile := o.profile != "" && i == len(o.storms)-1 && r == o.rounds
			if err := b.stormRound(ctx, o, honest, s, &first, profile); err != nil {
				return nil, m, fmt.Errorf("%s: %w\n%s", s.Name, err, gateway.lastWords())
			}
		}
	}
	return results, m, nil
}

func (b *bench) stormRound(ctx context.Context, o stormOptions, honest *load, s *stormed, first *int, profile bool) error {
	length := time.Duration(o.seconds * float64(time.Second))
	quiet, err := honest.paced(ctx, length, o.every)
	if err != nil {
		return fmt.Errorf("quiet: %w", err)
	}
	began := time.Now()
	r, err := rage(&s.storm, b.gateway.addr, *first)
	if err != nil {
		return err
	}
	var profiled chan error
	if profile {
		profiled = make(chan error, 1)
		go func() { profiled <- b.saveProfile(ctx, max(1, int(o.seconds))) }()
	}
	during, err := honest.paced(ctx, length, o.every)
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

// paced sends for d on all connections, on each at fixed times. A send that must
// wait for the one before it counts from the time it was due: what senders wait
// for is not left out because there were fewer of them.
func (l *load) paced(ctx context.Context, d, every time.Duration) (latencies, error) {
	took := make([]latencies, len(l.conns))
	errs := make([]error, len(l.conns))
	start := time.Now()
	var running sync.WaitGroup
	for i, conn := range l.conns {
		running.Go(func() {
			var body []byte
			due := start.Add(every * time.Duration(i) / time.Duration(len(l.conns)))
			if errs[i] = conn.SetDeadline(start.Add(d + answerTimeout)); errs[i] != nil {
				return
			}
			for ; due.Before(start.Add(d)) && ctx.Err() == nil; due = due.Add(every) {
				from := due
				if wait := time.Until(due); wait > 0 {
					time.Sleep(wait)
					from = time.Now()
				}
				if body, errs[i] = l.send(i, body); errs[i] != nil {
					return
				}
				took[i] = append(took[i], time.Since(from))
			}
		})
	}
	running.Wait()
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		return nil, err
	}
	all := latencies(slices.Concat(took...))
	slices.Sort(all)
	return all, nil
}

// writeStorms prints the results, and reports whether a ratio is above most.
func writeStorms(w io.Writer, o stormOptions, m machine, results []*stormed) error {
	fmt.Fprintf(w, "machine: %s, %d cores, %s, %s, fsync %s\n", m.CPU, m.Cores, m.OS, m.Go, m.Fsync.Round(time.Microsecond))
	fmt.Fprintf(w, "run: %d connections, on each a send every %s; medians of %d pairs of rounds of %gs\n\n", o.connections, o.every, o.rounds, o.seconds)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "storm\tanswered/s\tquiet p50\tp99\tin the storm p50\tp99\tratio of p99 (min to max)")
	var failed error
	for _, s := range results {
		rate := slices.Sorted(slices.Values(s.perSecond[1:]))
		r := s.ratio(0.99)
		fmt.Fprintf(t, "%s\t%.0f\t%s\t%s\t%s\t%s\t%.1f (%.1f to %.1f)\n", s.Name, median(rate),
			medianQuantile(s.quiet, 0.5), medianQuantile(s.quiet, 0.99), medianQuantile(s.during, 0.5), medianQuantile(s.during, 0.99), r.Median, r.Min, r.Max)
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
