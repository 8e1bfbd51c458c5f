package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// sample is what the gateway takes at the end of a quiet phase.
type sample struct {
	at                                       time.Time
	resident, own, disk, goroutines, handles int64
	accepted                                 int // sends so far
	p99                                      time.Duration
}

func (s sample) String() string {
	return fmt.Sprintf("%s  RSS %d MiB, %d of its own, disk %d MiB, %d goroutines, %d handles, %d sends accepted, p99 %s", s.at.Format(time.TimeOnly),
		s.resident>>20, s.own>>20, s.disk>>20, s.goroutines, s.handles, s.accepted, s.p99.Round(10*time.Microsecond))
}

// perEntry is what the disk holds for each send of the ledger.
func (s sample) perEntry() int64 { return s.disk / int64(max(1, s.accepted)) }

func (s *soak) sample(ctx context.Context) (m sample, err error) {
	pid := s.gateway.cmd.Process.Pid
	m.at = time.Now()
	if m.resident, m.own, err = resident(pid); err != nil {
		return m, err
	}
	if m.handles, err = openHandles(pid); err != nil {
		return m, err
	}
	if m.goroutines, err = metric(ctx, s.gateway, "go_goroutines"); err != nil {
		return m, err
	}
	s.load.mu.Lock()
	defer s.load.mu.Unlock()
	took := s.load.took["quiet"]
	slices.Sort(took)
	m.p99, m.accepted = took.quantile(0.99), s.load.accepted
	s.load.took["quiet"] = nil
	if m.disk, err = sizeOf(filepath.Join(s.dir, "disk", "store")); err != nil {
		return m, err
	}
	return m, nil
}

// sizeOf is how large the tables and logs of a store are. Logs are as large as
// Badger makes them at once.
func sizeOf(dir string) (int64, error) { return sumOf(dir, fs.FileInfo.Size) }

// sumOf adds up the sizes of the files of a directory.
func sumOf(dir string, size func(fs.FileInfo) int64) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return ignoreGone(err)
		}
		info, err := e.Info()
		if err == nil {
			bytes += size(info)
		}
		return ignoreGone(err)
	})
	return bytes, err
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// verify fails unless everybody who said STOP, and was heard, is opted out, and
// the ledger has all sends that were accepted.
func (s *soak) verify(ctx context.Context) error {
	s.load.mu.Lock()
	stopped, accepted := slices.Clone(s.load.stopped), s.load.accepted
	s.load.mu.Unlock()
	for _, who := range stopped {
		body := fmt.Sprintf(`{"phone_number_id":%q,"contact":%q}`, phoneNumberID, who)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.gateway.admin+"/whatsapp/consent/get", strings.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		answer, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return err
		}
		if strings.Count(string(answer), `"opted_out"`) < 3 {
			return fmt.Errorf("somebody said STOP, which was acknowledged, and is not opted out: %s", answer)
		}
	}
	ledger, err := ledgerCounts(ctx, s.gateway)
	if err != nil {
		return err
	}
	if ledger.Accepted < accepted {
		return fmt.Errorf("the ledger has %d accepted sends; senders were told of %d", ledger.Accepted, accepted)
	}
	s.done["verified"]++
	return nil
}

// write prints the table, and says of each figure whether it is level.
func (s *soak) write(w io.Writer) error {
	fmt.Fprintf(w, "run: %s, %d sends accepted and %d STOPs heard, all of them there after every restart and at the end\n", s.o.length, s.load.accepted, len(s.load.stopped))
	for _, name := range slices.Sorted(maps.Keys(s.done)) {
		fmt.Fprintf(w, "  %s: %d\n", name, s.done[name])
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tfirst\tsecond quarter\tlast quarter\tlargest\t\t")
	var failed error
	row := func(name string, figure func(sample) int64, show func(int64) string, slack int64) {
		n := len(s.samples)
		second, last := middleOf(s.samples[n/4:n/2], figure), middleOf(s.samples[n-max(1, n/4):], figure)
		verdict := "level"
		if last > second+second/4+slack {
			verdict = "GROWS"
			failed = errors.Join(failed, fmt.Errorf("%s grows from %s to %s", name, show(second), show(last)))
		}
		largest := figure(slices.MaxFunc(s.samples, func(a, b sample) int { return int(figure(a) - figure(b)) }))
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t\n", name, show(figure(s.samples[0])), show(second), show(last), show(largest), verdict)
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	row("RSS without mapped tables", func(s sample) int64 { return s.own }, mib, 32<<20)
	row("goroutines", func(s sample) int64 { return s.goroutines }, number, 20)
	row("file handles", func(s sample) int64 { return s.handles }, number, 20)
	row("disk per accepted send", sample.perEntry, func(n int64) string { return fmt.Sprint(n, " B") }, 0)
	row("p99 of sends", func(s sample) int64 { return int64(s.p99) }, func(n int64) string { return time.Duration(n).Round(10 * time.Microsecond).String() }, int64(10*time.Millisecond))
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nanswers, by what happened when they were asked for:")
	for _, phase := range slices.Sorted(maps.Keys(s.load.answers)) {
		fmt.Fprintf(w, "  %s:", phase)
		kinds := s.load.answers[phase]
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			fmt.Fprintf(w, " %s %d;", kind, kinds[kind])
		}
		fmt.Fprintln(w)
	}
	return failed
}

func middleOf(samples []sample, figure func(sample) int64) int64 {
	var values []int64
	for _, s := range samples {
		values = append(values, figure(s))
	}
	slices.Sort(values)
	return median(values)
}
