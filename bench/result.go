package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
)

// result is everything that was measured.
type result struct {
	At         time.Time     `json:"at"`
	Machine    machine       `json:"machine"`
	Contacts   int           `json:"contacts"`
	Recipients string        `json:"recipients"`
	Spread     string        `json:"spread"`
	Ledger     string        `json:"ledger"`
	Path       string        `json:"path"`
	App        bool          `json:"webhooks_go_on,omitempty"`
	Postgres   bool          `json:"postgres,omitempty"` // compared with a gateway on the disk
	TLS        bool          `json:"tls,omitempty"`
	GOGC       int64         `json:"gogc"`        // of plain Caddy, and of the gateway after its start
	GOGCAtEnd  int64         `json:"gogc_at_end"` // of the gateway, which adapts it to its heap
	Rounds     int           `json:"rounds"`
	Seconds    float64       `json:"seconds"`
	Delay      time.Duration `json:"delay"`      // of the upstream's answers
	SlowSync   time.Duration `json:"slow_fsync"` // by which the gateway's disk is slower
	Seeding    time.Duration `json:"seeding"`
	Scenarios  []*outcome    `json:"scenarios"`
}

// newResult is what is known beforehand. dir lies on the disk of the store.
func newResult(dir string, o options) (*result, error) {
	r := &result{
		At: time.Now().UTC().Truncate(time.Second), Contacts: o.people, Recipients: o.spells, Spread: o.spread, Ledger: o.Ledger, Path: o.Path, App: o.App,
		Postgres: o.Postgres != "", TLS: o.secure, Rounds: o.rounds, Seconds: o.seconds, Delay: o.delay, SlowSync: o.sync,
	}
	var err error
	r.Machine, err = describe(dir)
	return r, err
}

// outcome is what a scenario showed, round by round, the first to warm up.
type outcome struct {
	Name        string  `json:"name"`
	About       string  `json:"about"`
	Units       string  `json:"units"`
	Connections int     `json:"connections"`
	Plain       []round `json:"plain_caddy"`
	Gateway     []round `json:"gateway"`
	Added       *added  `json:"added,omitempty"`
}

// ratio is the gateway's figure divided by plain Caddy's in the same pair of
// rounds: the median pair, and the extremes.
type ratio struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func (r ratio) String() string { return fmt.Sprintf("%.2f (%.2f to %.2f)", r.Median, r.Min, r.Max) }

func (o *outcome) ratio(figure func(round) float64) ratio {
	var ratios []float64
	for i := 1; i < min(len(o.Plain), len(o.Gateway)); i++ {
		if plain := figure(o.Plain[i]); plain > 0 {
			ratios = append(ratios, figure(o.Gateway[i])/plain)
		}
	}
	return ratioOf(ratios)
}

func ratioOf(ratios []float64) ratio {
	if len(ratios) == 0 {
		return ratio{}
	}
	slices.Sort(ratios)
	return ratio{median(ratios), ratios[0], ratios[len(ratios)-1]}
}

func median[T cmp.Ordered](sorted []T) T { return sorted[len(sorted)/2] }

// medianOf is the median of a figure over the rounds that count.
func medianOf[T cmp.Ordered](rounds []round, figure func(round) T) T {
	var values []T
	for _, r := range rounds[1:] {
		values = append(values, figure(r))
	}
	slices.Sort(values)
	return median(values)
}

func perSecond(r round) float64     { return r.PerSecond }
func cpuOf(r round) time.Duration   { return r.CPU }
func besides(r round) time.Duration { return r.Besides }
func p50Of(r round) time.Duration   { return r.P50 }
func p99Of(r round) time.Duration   { return r.P99 }
func ownOf(r round) int64           { return r.OwnMemory }

func (o *outcome) cpuRatio() ratio { return o.ratio(func(r round) float64 { return float64(r.CPU) }) }

// MarshalJSON adds the ratios.
func (o *outcome) MarshalJSON() ([]byte, error) {
	type plain outcome
	return json.Marshal(struct {
		*plain
		Ratio    ratio `json:"ratio"`
		CPURatio ratio `json:"cpu_ratio"`
	}{(*plain)(o), o.ratio(perSecond), o.cpuRatio()})
}

// write prints the result, as a table or in JSON.
func (r *result) write(w io.Writer, asJSON bool) error {
	if asJSON {
		return writeJSON(w, r)
	}
	fmt.Fprintf(w, "machine: %s, %s\n%s\n", r.Machine, r.At.Format(time.DateOnly), r.about())
	base, measured := r.sideNames()
	for _, o := range r.Scenarios {
		if err := o.write(w, base, measured); err != nil {
			return err
		}
	}
	return nil
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// about says how it was measured.
func (r *result) about() string {
	s := fmt.Sprintf("run: ledger %s, sends forwarded by %s, GOGC=%d on both sides after their start, the gateway's own %d at the end; %s contacts, %s (seeded in %s), recipients as %s; medians of %d rounds of %gs on each side",
		r.Ledger, r.Path, r.GOGC, r.GOGCAtEnd, humanize.Comma(int64(r.Contacts)), r.Spread, r.Seeding.Round(100*time.Millisecond), r.Recipients, r.Rounds, r.Seconds)
	if r.TLS {
		s += ", TLS on both sides"
	}
	if r.App {
		s += ", webhooks go on to an application"
	}
	if r.Delay > 0 {
		s += fmt.Sprintf(", the upstream answering after %s", r.Delay)
	}
	if r.SlowSync > 0 {
		s += fmt.Sprintf(", each fsync of the gateway %s slower", r.SlowSync)
	}
	return s
}

func (o *outcome) write(w io.Writer, base, measured string) error {
	fmt.Fprintf(w, "\n%s, %d connections: %s\n", o.Name, o.Connections, o.About)
	unit := o.Units[:len(o.Units)-1]
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\t%s/s\tp50\tp99\tCPU/%s\tRSS\tanonymous\t\n", o.Units, unit)
	for _, side := range []struct {
		name   string
		rounds []round
	}{{base, o.Plain}, {measured, o.Gateway}} {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", side.name,
			humanize.Comma(int64(medianOf(side.rounds, perSecond))),
			medianOf(side.rounds, p50Of).Round(10*time.Microsecond),
			medianOf(side.rounds, p99Of).Round(10*time.Microsecond),
			medianOf(side.rounds, cpuOf).Round(time.Microsecond),
			mib(medianOf(side.rounds, func(r round) int64 { return r.Resident })),
			mib(medianOf(side.rounds, ownOf)))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "ratio %s / %s: %s %s/s, %.2f CPU/%s; upstream and load generator take %s/%s\n", measured, base,
		o.ratio(perSecond), o.Units, o.cpuRatio().Median, unit, medianOf(o.Plain, besides).Round(time.Microsecond), unit)
	if a := o.Added; a != nil {
		fmt.Fprintf(w, "added at %.0f %s/s: p50 %s, p99 %s; beyond two fdatasyncs of %s: p50 %s, p99 %s\n", a.PerSecond, o.Units,
			micros(a.P50), micros(a.P99), micros(a.Sync), micros(a.beyond(a.P50)), micros(a.beyond(a.P99)))
	}
	return nil
}

func mib(bytes int64) string { return fmt.Sprintf("%d MiB", bytes>>20) }

func micros(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
