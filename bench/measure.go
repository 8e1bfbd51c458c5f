package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// round is what one round on one side showed. Times are in nanoseconds in JSON.
type round struct {
	Requests   int           `json:"requests"`
	PerSecond  float64       `json:"requests_per_second"`
	P50        time.Duration `json:"p50"`
	P99        time.Duration `json:"p99"`
	CPU        time.Duration `json:"cpu_per_request"`          // of the proxy
	Besides    time.Duration `json:"upstream_and_load_cpu"`    // per request, of upstream and load generator
	Resident   int64         `json:"resident_bytes"`           // RAM in use after the round
	OwnMemory  int64         `json:"resident_anonymous_bytes"` // without mapped files
	WarmUpOnly bool          `json:"warm_up,omitempty"`        // dropped from the medians
}

// pause follows each round. What a proxy still has to do then, such as
// compaction, counts as its own and doesn't disturb the other's round.
const pause = 200 * time.Millisecond

// bench is a running benchmark.
type bench struct {
	o              options
	upstream       *child
	plain, gateway *proxy
	sent           counts // through the gateway so far
}

// measure runs the benchmark.
func measure(ctx context.Context, o options) (*result, error) {
	dir, err := os.MkdirTemp(o.dir, "waguard-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r := &result{Connections: o.connections, Contacts: o.contacts, Rounds: o.rounds, Seconds: o.seconds, Delay: o.delay, At: time.Now().UTC().Truncate(time.Second)}
	if r.Machine, err = describe(dir); err != nil {
		return nil, err
	}
	b := &bench{o: o}
	if b.upstream, err = startUpstream(ctx, dir, o.delay); err != nil {
		return nil, err
	}
	defer b.upstream.stop()
	if b.plain, err = startProxy(ctx, dir, "plain", b.upstream.addr, ""); err != nil {
		return nil, err
	}
	defer b.plain.stop()
	if b.gateway, err = startProxy(ctx, dir, "gateway", b.upstream.addr, filepath.Join(dir, "store")); err != nil {
		return nil, err
	}
	defer b.gateway.stop()
	before := time.Now()
	if err := seed(ctx, b.gateway, o.contacts); err != nil {
		return nil, err
	}
	r.Seeding = time.Since(before)
	for i := range o.scenarios {
		s, err := b.run(ctx, &o.scenarios[i], o.profile != "" && i == len(o.scenarios)-1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", o.scenarios[i].Name, err, b.gateway.lastWords())
		}
		r.Scenarios = append(r.Scenarios, s)
	}
	return r, nil
}

// run measures a scenario.
func (b *bench) run(ctx context.Context, s *scenario, profile bool) (*outcome, error) {
	out := &outcome{Name: s.Name, About: s.About}
	plain, err := newLoad(b.plain.addr, s, accepted, b.o.connections, b.o.contacts)
	if err != nil {
		return nil, err
	}
	defer plain.close()
	gateway, err := newLoad(b.gateway.addr, s, s.want, b.o.connections, b.o.contacts)
	if err != nil {
		return nil, err
	}
	defer gateway.close()
	for i := range b.o.rounds + 1 {
		sides := []func() error{
			func() error { return b.round(ctx, b.plain, plain, &out.Plain) },
			func() error { return b.round(ctx, b.gateway, gateway, &out.Gateway) },
		}
		if i%2 == 1 { // nobody always goes first
			slices.Reverse(sides)
		}
		for _, side := range sides {
			if err := side(); err != nil {
				return nil, err
			}
		}
	}
	out.Plain[0].WarmUpOnly, out.Gateway[0].WarmUpOnly = true, true
	if profile {
		if err := b.profile(ctx, gateway); err != nil {
			return nil, err
		}
	}
	return out, b.checkLedger(ctx, s, int(gateway.next.Load()))
}

// round drives one proxy and adds what it showed.
func (b *bench) round(ctx context.Context, p *proxy, l *load, to *[]round) error {
	processes := []int{p.cmd.Process.Pid, b.upstream.cmd.Process.Pid, os.Getpid()}
	before, err := cpuTimes(processes)
	if err != nil {
		return err
	}
	took, elapsed, err := l.run(ctx, b.o.round())
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	time.Sleep(pause)
	after, err := cpuTimes(processes)
	if err != nil {
		return err
	}
	r := round{
		Requests: len(took), PerSecond: float64(len(took)) / elapsed.Seconds(),
		P50: took.quantile(0.50), P99: took.quantile(0.99),
	}
	if n := time.Duration(len(took)); n > 0 {
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

// checkLedger fails unless the gateway's ledger has grown by exactly the sends
// that were made. A benchmark of sends that were not recorded would be a lie.
func (b *bench) checkLedger(ctx context.Context, s *scenario, sent int) error {
	b.sent.Sends += sent
	if s.want == accepted {
		b.sent.Accepted += sent
	}
	ledger, err := ledgerCounts(ctx, b.gateway)
	if err != nil {
		return err
	}
	if ledger != b.sent {
		return fmt.Errorf("the gateway's ledger counts %+v; the benchmark made %+v", ledger, b.sent)
	}
	return nil
}

// profile writes a CPU profile of the gateway in one more round.
func (b *bench) profile(ctx context.Context, l *load) error {
	const seconds = 10
	done := make(chan error, 1)
	go func() { done <- b.saveProfile(ctx, seconds) }()
	if _, _, err := l.run(ctx, seconds*time.Second); err != nil {
		return err
	}
	return <-done
}

// saveProfile writes a CPU profile of the gateway.
func (b *bench) saveProfile(ctx context.Context, seconds int) error {
	url := fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", b.gateway.admin, seconds)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(b.o.profile, data, 0o600)
}

// machine is what the figures belong to.
type machine struct {
	CPU   string        `json:"cpu"`
	Cores int           `json:"cores"`
	OS    string        `json:"os"`
	Go    string        `json:"go"`
	Fsync time.Duration `json:"fsync"` // median, of 4 KiB appended on the store's disk
}

func describe(dir string) (m machine, err error) {
	m = machine{CPU: cpuModel(), Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	if release := osRelease(); release != "" {
		m.OS += " " + release
	}
	m.Fsync, err = fsyncTime(dir)
	return m, err
}

func fsyncTime(dir string) (time.Duration, error) {
	f, err := os.Create(filepath.Join(dir, "fsync"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var took latencies
	block := make([]byte, 4096)
	for range 101 {
		before := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(before))
	}
	slices.Sort(took)
	return took.quantile(0.5), nil
}
