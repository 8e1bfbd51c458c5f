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
	At          time.Time     `json:"at"`
	Machine     machine       `json:"machine"`
	Connections int           `json:"connections"`
	Contacts    int           `json:"contacts"`
	Rounds      int           `json:"rounds"`
	Seconds     float64       `json:"seconds"`
	Delay       time.Duration `json:"delay"` // of the upstream's answers
	Seeding     time.Duration `json:"seeding"`
	Scenarios   []*outcome    `json:"scenarios"`
}

// outcome is what a scenario showed, round by round, the first to warm up.
type outcome struct {
	Name    string  `json:"name"`
	About   string  `json:"about"`
	Plain   []round `json:"plain_caddy"`
	Gateway []round `json:"gateway"`
}

// ratio is the gateway's figure divided by plain Caddy's in the same pair of
// rounds: the median pair, and the extremes.
type ratio struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func (o *outcome) ratio(figure func(round) float64) ratio {
	var ratios []float64
	for i := 1; i < min(len(o.Plain), len(o.Gateway)); i++ {
		if plain := figure(o.Plain[i]); plain > 0 {
			ratios = append(ratios, figure(o.Gateway[i])/plain)
		}
	}
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

// write prints the result, as a table or in JSON.
func (r *result) write(w io.Writer, asJSON bool) error {
	if asJSON {
		type withRatios struct {
			*outcome
			Ratio    ratio `json:"ratio"`
			CPURatio ratio `json:"cpu_ratio"`
		}
		list := make([]withRatios, len(r.Scenarios))
		for i, o := range r.Scenarios {
			list[i] = withRatios{o, o.ratio(perSecond), o.cpuRatio()}
		}
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			*result
			Scenarios []withRatios `json:"scenarios"`
		}{r, list})
	}
	m := r.Machine
	fmt.Fprintf(w, "machine: %s, %d cores, %s, %s, fsync %s, %s\n", m.CPU, m.Cores, m.OS, m.Go, m.Fsync.Round(time.Microsecond), r.At.Format(time.DateOnly))
	delay := ""
	if r.Delay > 0 {
		delay = fmt.Sprintf(", the upstream answering after %s", r.Delay)
	}
	fmt.Fprintf(w, "run: %d connections, %s contacts (seeded in %s), medians of %d rounds of %gs on each side%s\n",
		r.Connections, humanize.Comma(int64(r.Contacts)), r.Seeding.Round(100*time.Millisecond), r.Rounds, r.Seconds, delay)
	for _, o := range r.Scenarios {
		if err := o.write(w); err != nil {
			return err
		}
	}
	return nil
}

func (o *outcome) cpuRatio() ratio { return o.ratio(func(r round) float64 { return float64(r.CPU) }) }

func (o *outcome) write(w io.Writer) error {
	fmt.Fprintf(w, "\n%s: %s\n", o.Name, o.About)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\trequests/s\tp50\tp99\tCPU/request\tRSS\tof it own\t")
	for _, side := range []struct {
		name   string
		rounds []round
	}{{"plain Caddy", o.Plain}, {"gateway", o.Gateway}} {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", side.name,
			humanize.Comma(int64(medianOf(side.rounds, perSecond))),
			medianOf(side.rounds, func(r round) time.Duration { return r.P50 }).Round(10*time.Microsecond),
			medianOf(side.rounds, func(r round) time.Duration { return r.P99 }).Round(10*time.Microsecond),
			medianOf(side.rounds, cpuOf).Round(time.Microsecond),
			mib(medianOf(side.rounds, func(r round) int64 { return r.Resident })),
			mib(medianOf(side.rounds, func(r round) int64 { return r.OwnMemory })))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	speed, cpu := o.ratio(perSecond), o.cpuRatio()
	_, err := fmt.Fprintf(w, "ratio gateway / plain Caddy: %.2f requests/s (%.2f to %.2f), %.2f CPU/request; upstream and load generator take %s/request\n",
		speed.Median, speed.Min, speed.Max, cpu.Median, medianOf(o.Plain, besides).Round(time.Microsecond))
	return err
}

func mib(bytes int64) string { return fmt.Sprintf("%d MiB", bytes>>20) }
