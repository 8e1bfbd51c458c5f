package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/waguard/waguard/internal/pgtest"
)

// round is what one round on one side showed. Times are in nanoseconds in JSON.
type round struct {
	Units      int           `json:"units"`
	PerSecond  float64       `json:"units_per_second"`
	P50        time.Duration `json:"p50"`
	P99        time.Duration `json:"p99"`
	CPU        time.Duration `json:"cpu_per_unit"`             // of the proxy
	Besides    time.Duration `json:"upstream_and_load_cpu"`    // per unit, of upstream and load generator
	Resident   int64         `json:"resident_bytes"`           // RAM in use after the round
	OwnMemory  int64         `json:"resident_anonymous_bytes"` // without mapped files
	WarmUpOnly bool          `json:"warm_up,omitempty"`        // dropped from the medians
}

// pause follows each round. What a proxy still has to do then, such as
// compaction, counts as its own and doesn't disturb the other's round.
const pause = 200 * time.Millisecond

// bench is a running benchmark.
type bench struct {
	o options
	*world
	plain, gateway *proxy         // plain is a gateway on its own disk where stores are compared
	database       *pgtest.Server // nil where it isn't ours
	gogc           int64
	seeding        time.Duration
	sent           counts // through the gateway so far
}

// newBench starts everything, and makes the gateway know its people. It keeps its
// files in dir.
func newBench(ctx context.Context, dir string, o options) (b *bench, err error) {
	b = &bench{o: o}
	if b.world, err = newWorld(ctx, dir, o.delay, o.secure); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	var environment []string
	if o.sync > 0 {
		environment = []string{syncVar + "=" + o.sync.String()}
	}
	if o.Postgres != "" {
		if err := b.openDatabase(&o); err != nil {
			return b, err
		}
	}
	if b.gateway, err = b.world.gateway(ctx, o.setup, environment...); err != nil {
		return b, err
	}
	if o.Postgres == "" {
		b.plain, b.gogc, err = b.plainLike(ctx, b.gateway)
	} else {
		b.plain, err = b.onDisk(ctx, o, environment...)
	}
	if err != nil {
		return b, err
	}
	before := time.Now()
	err = seed(ctx, b.gateway, o.people)
	b.seeding = time.Since(before)
	return b, err
}

// gcPercent is the GOGC that a proxy has now.
func gcPercent(ctx context.Context, p *proxy) (int64, error) {
	return metric(ctx, p, "go_gc_gogc_percent")
}

// plainLike starts plain Caddy with the GOGC that a gateway has now, which may have
// set it by itself. It costs memory and saves time, and is no merit of a gateway.
func (w *world) plainLike(ctx context.Context, gateway *proxy) (*proxy, int64, error) {
	percent, err := gcPercent(ctx, gateway)
	if err != nil {
		return nil, 0, err
	}
	plain, err := w.proxy("plain", "", setup{})
	if err != nil {
		return nil, 0, err
	}
	plain.environment = []string{fmt.Sprint("GOGC=", percent)}
	return plain, percent, plain.start(ctx)
}

func (b *bench) close() {
	for _, p := range []*proxy{b.plain, b.gateway} {
		if p != nil {
			p.stop()
		}
	}
	b.world.close()
	if b.database != nil {
		if err := b.database.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "bench: the database that was started:", err)
		}
	}
}

// measure runs the comparison.
func measure(ctx context.Context, o options) (*result, error) {
	dir, err := os.MkdirTemp(o.dir, "waguard-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r, err := newResult(dir, o)
	if err != nil {
		return nil, err
	}
	b, err := newBench(ctx, dir, o)
	if err != nil {
		return nil, err
	}
	defer b.close()
	r.GOGC, r.Seeding = b.gogc, b.seeding
	for i := range o.scenarios {
		for j, connections := range o.connections {
			last := i == len(o.scenarios)-1 && j == len(o.connections)-1
			out, err := b.run(ctx, &o.scenarios[i], connections, last && o.profile != "")
			if err != nil {
				return nil, err
			}
			if o.added && out.Units == "sends" {
				if out.Added, err = b.addedLatency(ctx, out); err != nil {
					return nil, err
				}
			}
			r.Scenarios = append(r.Scenarios, out)
		}
	}
	return r, b.finish(ctx, r)
}

// finish notes what is known at the end, and checks the ledger.
func (b *bench) finish(ctx context.Context, r *result) (err error) {
	if r.GOGCAtEnd, err = gcPercent(ctx, b.gateway); err != nil {
		return err
	}
	return b.checkLedger(ctx)
}

// run measures a scenario.
func (b *bench) run(ctx context.Context, s *scenario, connections int, profile bool) (*outcome, error) {
	out := &outcome{Name: s.Name, About: s.About, Units: s.Unit, Connections: connections}
	err := b.sides(s, connections, func(plain, gateway *load) error {
		err := b.alternate(b.o.rounds+1,
			func() error { return b.round(ctx, b.plain, plain, &out.Plain) },
			func() error { return b.round(ctx, b.gateway, gateway, &out.Gateway) })
		if err != nil {
			return err
		}
		out.Plain[0].WarmUpOnly, out.Gateway[0].WarmUpOnly = true, true
		if profile {
			return b.profile(ctx, gateway)
		}
		return nil
	})
	return out, err
}

// sides opens connections to both sides, and counts what the gateway got.
func (b *bench) sides(s *scenario, connections int, do func(plain, gateway *load) error) error {
	fail := func(err error) error {
		return fmt.Errorf("%s, %d connections: %w\n%s", s.Name, connections, err, b.gateway.lastWords())
	}
	plain, err := newLoad(b.plain, s, b.o.crowd, connections)
	if err != nil {
		return fail(err)
	}
	defer plain.close()
	gateway, err := newLoad(b.gateway, s, b.o.crowd, connections)
	if err != nil {
		return fail(err)
	}
	defer gateway.close()
	if err := do(plain, gateway); err != nil {
		return fail(err)
	}
	b.sent.Sends += int(gateway.sends.Load())
	b.sent.Accepted += int(gateway.accepted.Load())
	return nil
}

// alternate has both sides do a round in turn; nobody always goes first.
func (b *bench) alternate(rounds int, plain, gateway func() error) error {
	for i := range rounds {
		sides := []func() error{plain, gateway}
		if i%2 == 1 {
			slices.Reverse(sides)
		}
		for _, side := range sides {
			if err := side(); err != nil {
				return err
			}
		}
	}
	return nil
}

// round drives one proxy and adds what it showed.
func (b *bench) round(ctx context.Context, p *proxy, l *load, to *[]round) error {
	processes := []int{p.cmd.Process.Pid, b.upstream.cmd.Process.Pid, os.Getpid()}
	before, err := cpuTimes(processes)
	if err != nil {
		return err
	}
	all, err := l.run(ctx, b.o.round())
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	time.Sleep(pause)
	after, err := cpuTimes(processes)
	if err != nil {
		return err
	}
	r := round{Units: all.units, PerSecond: float64(all.units) / all.elapsed.Seconds(), P50: all.took.quantile(0.50), P99: all.took.quantile(0.99)}
	if n := time.Duration(all.units); n > 0 {
		r.CPU = (after[0] - before[0]) / n
		r.Besides = (after[1] - before[1] + after[2] - before[2]) / n
	}
	if r.Resident, r.OwnMemory, err = resident(p.cmd.Process.Pid); err != nil {
		return err
	}
	*to = append(*to, r)
	return nil
}

func cpuTimes(pids []int) (times []time.Duration, err error) {
	for _, pid := range pids {
		t, err := cpuTime(pid)
		if err != nil {
			return nil, err
		}
		times = append(times, t)
	}
	return times, nil
}

// checkLedger fails unless the gateway's ledger holds exactly the sends that were
// made. A benchmark of sends that were not recorded would be a lie.
func (b *bench) checkLedger(ctx context.Context) error {
	ledger, err := ledgerCounts(ctx, b.gateway)
	if err != nil {
		return err
	}
	if ledger != b.sent {
		return fmt.Errorf("the gateway's ledger counts %+v; the benchmark made %+v", ledger, b.sent)
	}
	return nil
}
