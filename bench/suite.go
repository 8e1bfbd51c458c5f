package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// suite is everything that has an aim.
type suite struct {
	Results []*result    `json:"results"`
	Scale   *scaleResult `json:"scale"`
	Rows    []row        `json:"rows"`
}

// measureSuite measures it. Of the options it takes how many rounds and people, and
// how recipients are written and drawn; the rest is said by the aims.
func measureSuite(ctx context.Context, o options) (*suite, error) {
	s := new(suite)
	o.delay, o.sync, o.secure = 0, 0, false
	strict, overlap, distant := o, o, o
	strict.Ledger, overlap.Ledger, distant.Ledger = "strict", "overlap", "strict"
	distant.delay = 50 * time.Millisecond
	for _, part := range []struct {
		o  options
		do func(context.Context, *bench, *result) error
	}{{strict, s.strict}, {overlap, s.overlap}, {distant, s.distant}} {
		if err := s.compare(ctx, part.o, part.do); err != nil {
			return nil, err
		}
	}
	o.scale.seconds = max(o.seconds, o.seconds*float64(o.rounds)/2)
	o.scale.setup = o.setup
	var err error
	if s.Scale, err = measureScale(ctx, o.scale); err != nil {
		return nil, err
	}
	s.scaleRows()
	return s, nil
}

// progress tells whoever waits what is measured.
func progress(what string) { fmt.Fprintln(os.Stderr, time.Now().Format(time.TimeOnly), what) }

// compare starts both sides, measures, and adds what came of it.
func (s *suite) compare(ctx context.Context, o options, do func(context.Context, *bench, *result) error) error {
	dir, err := os.MkdirTemp(o.dir, "waguard-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r, err := newResult(dir, o)
	if err != nil {
		return err
	}
	b, err := newBench(ctx, dir, o)
	if err != nil {
		return err
	}
	defer b.close()
	r.GOGC, r.Seeding = b.gogc, b.seeding
	s.Results = append(s.Results, r)
	if err := do(ctx, b, r); err != nil {
		return err
	}
	return b.finish(ctx, r)
}

// scenario measures one, and adds it to a result.
func (b *bench) scenario(ctx context.Context, r *result, name string, connections int) (*outcome, error) {
	progress(fmt.Sprintf("%s, %d connections, ledger %s", name, connections, r.Ledger))
	profile := b.o.profile != "" && r.Ledger == "strict" && name == "allowed" && connections == 32
	out, err := b.run(ctx, scenarioNamed(name), connections, profile)
	if err == nil {
		r.Scenarios = append(r.Scenarios, out)
	}
	return out, err
}

func (s *suite) strict(ctx context.Context, b *bench, r *result) error {
	for _, connections := range []int{32, 128} {
		allowed, err := b.scenario(ctx, r, "allowed", connections)
		if err != nil {
			return err
		}
		s.add(aim{fmt.Sprintf("allowed send, %d connections, strict", connections), ratioFigure, 1, 1.6}, allowed.ratio(perSecond))
		if connections == 32 {
			s.add(aim{"CPU of the gateway per allowed send", lessFigure, 0.9, 0.6}, allowed.cpuRatio())
			progress("added latency")
			if allowed.Added, err = b.addedLatency(ctx, allowed); err != nil {
				return err
			}
			s.latency("added latency at half of saturation, p50, beyond two fdatasyncs", 200*time.Microsecond, 0, allowed.Added.beyond(allowed.Added.P50))
			s.latency("the same, p99", time.Millisecond, 0, allowed.Added.beyond(allowed.Added.P99))
		}
	}
	refused, err := b.scenario(ctx, r, "refused", 32)
	if err != nil {
		return err
	}
	s.add(aim{"refused send", ratioFigure, 2.5, 4}, refused.ratio(perSecond))
	mixed, err := b.scenario(ctx, r, "mixed", 32)
	if err != nil {
		return err
	}
	s.add(aim{"mixed day, messages a second", ratioFigure, 1, 1.5}, mixed.ratio(perSecond))
	many, err := b.scenario(ctx, r, "webhook-1000", 1)
	if err != nil {
		return err
	}
	s.latency("webhook of 1,000 updates, durable, p50", 10*time.Millisecond, 3*time.Millisecond, medianOf(many.Gateway, p50Of))
	return nil
}

func (s *suite) overlap(ctx context.Context, b *bench, r *result) error {
	for _, connections := range []int{32, 128} {
		allowed, err := b.scenario(ctx, r, "allowed", connections)
		if err != nil {
			return err
		}
		s.add(aim{fmt.Sprintf("allowed send, %d connections, overlap", connections), ratioFigure, 1.15, 1.8}, allowed.ratio(perSecond))
	}
	return nil
}

func (s *suite) distant(ctx context.Context, b *bench, r *result) error {
	one, err := b.scenario(ctx, r, "allowed", 1)
	if err != nil {
		return err
	}
	s.latency("one connection, upstream answering after 50 ms, added p50", 500*time.Microsecond, 300*time.Microsecond, medianOf(one.Gateway, p50Of)-medianOf(one.Plain, p50Of))
	return nil
}

// scaleRows are those about the largest stores that were made.
func (s *suite) scaleRows() {
	million := func(n, upTo, beyond int) float64 {
		if n <= 1_000_000 {
			return float64(upTo)
		}
		return float64(beyond)
	}
	for _, p := range s.Scale.People {
		at := fmt.Sprintf(", %s contacts", comma(p.Contacts))
		s.size("anonymous memory above plain Caddy, under load"+at, mibFigure, million(p.Contacts, 80, 150), million(p.Contacts, 40, 50), p.Above)
		s.size("anonymous memory while they are learned"+at, mibFigure, 150, 150, p.LearningMemory)
		s.size("bytes on disk per contact"+at, bytesFigure, 150, 60, p.PerContact)
		s.latency("start to first judged send, clean"+at, 500*time.Millisecond, 200*time.Millisecond, p.Clean)
		s.latency("the same after kill -9"+at, 2*time.Second, 500*time.Millisecond, p.Killed)
	}
	for _, l := range s.Scale.Ledger {
		at := fmt.Sprintf(", %s entries", comma(l.Entries))
		s.size("bytes on disk per ledger entry with its three statuses"+at, bytesFigure, 200, 80, l.PerEntry)
		s.latency("month's report"+at, 500*time.Millisecond, 50*time.Millisecond, l.Report)
		s.latency("violations page"+at, 50*time.Millisecond, 10*time.Millisecond, l.Violations)
	}
}

// write prints the table of aims, and what it comes from.
func (s *suite) write(w io.Writer, asJSON bool) error {
	if asJSON {
		return writeJSON(w, s)
	}
	r := s.Results[0]
	fmt.Fprintf(w, "machine: %s, %s\n%s\n\n", r.Machine, r.At.Format(time.DateOnly), r.about())
	writeRows(w, s.Rows)
	fmt.Fprintln(w, "\nThe aims for memory are for 1 and 10 million contacts, those for starts and reports for 10 million contacts and entries: see -scale-contacts and -scale-entries.")
	for _, r := range s.Results {
		fmt.Fprintln(w)
		if err := r.write(w, false); err != nil {
			return err
		}
	}
	fmt.Fprintln(w)
	return s.Scale.write(w, "go run ./bench -suite")
}

// smoke goes through every scenario and the suite, as fast as can be.
func smoke(ctx context.Context, w io.Writer, dir string) error {
	o, err := parseFlags([]string{
		"-scenario", "all", "-connections", "4", "-contacts", "1000", "-rounds", "1", "-seconds", "0.1", "-scale-contacts", "1000", "-scale-entries", "1000", "-dir", dir,
	})
	if err != nil {
		return err
	}
	r, err := measure(ctx, o)
	if err != nil {
		return err
	}
	if err := r.write(w, false); err != nil {
		return err
	}
	s, err := measureSuite(ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintln(w)
	return s.write(w, false)
}
