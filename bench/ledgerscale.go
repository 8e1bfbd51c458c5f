package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

// ledgerOptions are the flags of `bench scale-ledger`.
type ledgerOptions struct {
	setup
	dir     string
	store   string
	entries int
	json    bool
}

func parseLedgerFlags(args []string) (o ledgerOptions, err error) {
	f := flag.NewFlagSet("bench scale-ledger", flag.ContinueOnError)
	o.setup = defaultSetup
	f.IntVar(&o.entries, "entries", 100_000, "sends in the month that is lived through")
	f.StringVar(&o.dir, "dir", "", "directory for the store, on the disk to be measured (default: the system's for temporary files)")
	f.StringVar(&o.store, "store", "", "directory of a store that stays; one that is there already, of as many sends, is measured again")
	f.BoolVar(&o.json, "json", false, "print JSON")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case o.entries < 1000, o.entries > mostEntries:
		return o, fmt.Errorf("-entries must be between 1,000 and %s", comma(mostEntries))
	}
	return o, nil
}

// runLedger is the command.
func runLedger(ctx context.Context, args []string) error {
	o, err := parseLedgerFlags(args)
	if err != nil {
		return fmt.Errorf("%w; %w", err, errUsage)
	}
	r, err := measureLedger(ctx, o, progress)
	if err != nil {
		return err
	}
	if o.json {
		return writeJSON(os.Stdout, r)
	}
	return r.write(os.Stdout, "go run ./bench scale-ledger "+strings.Join(args, " "))
}

// ledgerResult is what a ledger of a month takes.
type ledgerResult struct {
	At      time.Time `json:"at"`
	Machine machine   `json:"machine"`
	Entries int       `json:"entries"`
	// Living is how long it took to live through the month, and Summing what of it went
	// into making sums.
	Living  time.Duration `json:"living"`
	Summing time.Duration `json:"summing"`
	// PerEntry is what a send takes on disk, with its outcome and statuses, after a clean
	// end.
	PerEntry int64 `json:"disk_bytes_per_entry"`
	// Quarters are all sums by quarters of an hour, and Days those by days.
	Quarters counting `json:"by_quarters"`
	Days     counting `json:"by_days"`
	// Report is the month's by the admin API of a gateway that has just started, and
	// Again the second one.
	Report time.Duration `json:"report"`
	Again  time.Duration `json:"report_again"`
	// Page is the one that explains the bill of the month, WhatIf the report by other rules
	// beside what was, and Conversations that of conversations, which reads each message.
	Page          time.Duration `json:"page"`
	WhatIf        time.Duration `json:"what_if"`
	Conversations time.Duration `json:"conversations"`
	// Console are pages of the console, in the order in which they were asked for.
	Console  []consolePage `json:"console"`
	Resident int64         `json:"resident_bytes"`
	Own      int64         `json:"anonymous_bytes"`
	// Rebuilt is what making all sums anew found, and RebuildMemory the heap while it did.
	Rebuilt       *store.Rebuilt `json:"rebuilt"`
	RebuildMemory uint64         `json:"rebuild_heap_bytes"`
}

// consolePage is how long a page of the console takes: the first time, and again once what
// takes long to count is known.
type consolePage struct {
	Name  string        `json:"page"`
	First time.Duration `json:"first"`
	Again time.Duration `json:"again"`
	Bytes int           `json:"bytes"`
}

// counting is how long counting a month takes.
type counting struct {
	Sums int           `json:"sums"`
	Cold time.Duration `json:"cold"` // first after the store is opened
	Warm time.Duration `json:"warm"`
	Heap uint64        `json:"heap_bytes"` // allocated by the second one
}

func measureLedger(ctx context.Context, o ledgerOptions, say func(string)) (r *ledgerResult, err error) {
	dir, err := os.MkdirTemp(o.dir, "waguard-ledger-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r = &ledgerResult{At: time.Now().UTC().Truncate(time.Second), Entries: o.entries}
	if r.Machine, err = describe(dir); err != nil {
		return nil, err
	}
	at, err := filepath.Abs(cmp.Or(o.store, filepath.Join(dir, "store")))
	if err != nil {
		return nil, err
	}
	m := &month{dir: at, end: time.Now().Truncate(lifeQuarter), result: r, say: say}
	m.clock.Store(int64(policy.MomentOf(m.end)))
	if _, err := os.Stat(m.dir); err != nil {
		if err := m.liveThrough(ctx); err != nil {
			return nil, err
		}
	}
	size, err := onDisk(m.dir)
	if err != nil {
		return nil, err
	}
	r.PerEntry = size / int64(r.Entries)
	for _, count := range []struct {
		into *counting
		sums func(*store.Book) iter.Seq2[*store.Sum, error]
	}{
		{&r.Quarters, func(b *store.Book) iter.Seq2[*store.Sum, error] { return b.Sums(ctx, store.Filter{}) }},
		{&r.Days, func(b *store.Book) iter.Seq2[*store.Sum, error] {
			return b.SumsByDay(ctx, store.Filter{}, func(string) *time.Location { return time.UTC })
		}},
	} {
		if err := m.open(func(b *store.Book, _ store.Engine) error { return m.count(count.into, count.sums(b)) }); err != nil {
			return nil, err
		}
	}
	if err := m.report(ctx, dir, o.setup); err != nil {
		return nil, err
	}
	return r, m.open(func(b *store.Book, _ store.Engine) (err error) {
		say("making all sums anew")
		r.Rebuilt, err = b.RebuildSums(ctx, 0, 0, 0)
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		r.RebuildMemory = memory.HeapInuse
		switch {
		case err != nil:
		case len(r.Rebuilt.Differed) > 0:
			err = fmt.Errorf("%d quarters of an hour had other sums than their entries come to", len(r.Rebuilt.Differed))
		case r.Rebuilt.Entries < o.entries:
			err = fmt.Errorf("of %d entries %d are there", o.entries, r.Rebuilt.Entries)
		}
		return err
	})
}

// month is a store in which a month is lived through.
type month struct {
	dir    string
	end    time.Time
	clock  atomic.Int64
	result *ledgerResult
	say    func(string)
}

// open does something with the store, opened for it.
func (m *month) open(do func(*store.Book, store.Engine) error) error {
	runtime.GC()
	now := func() time.Time { return policy.Moment(m.clock.Load()).Time() }
	engine, err := badger.OpenEngine(m.dir, badger.Options{LedgerRetention: fillRetention, ViolationRetention: fillRetention, Now: now})
	if err != nil {
		return err
	}
	b, err := store.Open(context.Background(), engine, store.Options{Former: identity.Former, LedgerRetention: fillRetention, ViolationRetention: fillRetention, Now: now}, nil)
	if err != nil {
		return err
	}
	return errors.Join(do(b, engine), b.Close())
}

func (m *month) liveThrough(ctx context.Context) error {
	r := m.result
	return m.open(func(b *store.Book, engine store.Engine) error {
		l, err := newLife(ctx, b, engine, &m.clock, m.end.Add(-fillDays*24*time.Hour))
		if err != nil {
			return err
		}
		before := time.Now()
		err = l.live(ctx, r.Entries, func(made int) {
			m.say(fmt.Sprintf("%s of %s sends (%s/s)", comma(made), comma(r.Entries), comma(rate(made, time.Since(before)))))
		})
		r.Living, r.Summing = time.Since(before), l.summing
		return err
	})
}

// count counts everything twice.
func (m *month) count(c *counting, sums iter.Seq2[*store.Sum, error]) error {
	for i, took := range []*time.Duration{&c.Cold, &c.Warm} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began, entries := time.Now(), 0
		c.Sums = 0
		for sum, err := range sums {
			if err != nil {
				return err
			}
			c.Sums++
			entries += sum.N
		}
		*took = time.Since(began)
		runtime.ReadMemStats(&after)
		if c.Heap = after.TotalAlloc - before.TotalAlloc; entries < m.result.Entries {
			return fmt.Errorf("count %d: of %d entries %d are counted", i+1, m.result.Entries, entries)
		}
	}
	return nil
}

// report asks a gateway that has just started on the store.
func (m *month) report(ctx context.Context, dir string, o setup) error {
	w, err := newWorld(ctx, dir, 0, false)
	if err != nil {
		return err
	}
	defer w.close()
	gateway, err := w.proxy("gateway", m.dir, o)
	if err != nil {
		return err
	}
	defer gateway.stop()
	if err := gateway.start(ctx); err != nil {
		return err
	}
	admin, err := adminapi.NewClient(gateway.admin)
	if err != nil {
		return err
	}
	for _, took := range []*time.Duration{&m.result.Report, &m.result.Again} {
		before := time.Now()
		report, err := admin.Report(ctx, adminapi.ReportSelection{Selection: adminapi.Selection{From: "744h"}})
		if err != nil {
			return fmt.Errorf("%w\n%s", err, gateway.lastWords())
		}
		*took = time.Since(before)
		if report.Total.Sends < m.result.Entries {
			return fmt.Errorf("of %d sends %d are reported", m.result.Entries, report.Total.Sends)
		}
	}
	if m.result.Resident, m.result.Own, err = resident(gateway.cmd.Process.Pid); err != nil {
		return err
	}
	of := adminapi.ReportSelection{Selection: adminapi.Selection{From: "744h"}}
	for _, asked := range []struct {
		took *time.Duration
		ask  func() error
	}{
		{&m.result.Page, func() error { return admin.ReportPage(ctx, io.Discard, adminapi.RouteReport, of) }},
		{&m.result.WhatIf, func() error {
			what := of
			what.Rules = "2025-07-01"
			_, err := admin.Report(ctx, what)
			return err
		}},
		{&m.result.Conversations, func() error { _, err := admin.Conversations(ctx, of); return err }},
	} {
		before := time.Now()
		if err := asked.ask(); err != nil {
			return err
		}
		*asked.took = time.Since(before)
	}
	return m.console(ctx, gateway)
}

// consolePages are those whose time is taken.
var consolePages = []string{"", "violations", "violations?by=rule", "violations?show=all", "runway", "templates", "bill", "score", "events", "health"}

// console asks for pages as a browser does.
func (m *month) console(ctx context.Context, g *proxy) error {
	client := g.trust.httpClient()
	ask := func(page string) (time.Duration, int, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.trust.url(g.addr)+"/console/"+page, nil)
		if err != nil {
			return 0, 0, err
		}
		before := time.Now()
		resp, err := client.Do(req)
		if err != nil {
			return 0, 0, err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("the console's page %q: %s", page, resp.Status)
		}
		return time.Since(before), len(body), err
	}
	for _, name := range consolePages {
		p := consolePage{Name: cmp.Or(name, "overview")}
		var err error
		if p.First, _, err = ask(name); err != nil {
			return err
		}
		time.Sleep(consoleSettles)
		if p.Again, p.Bytes, err = ask(name); err != nil {
			return err
		}
		m.result.Console = append(m.result.Console, p)
	}
	return nil
}

// consoleSettles is how long what a page didn't wait for may take.
const consoleSettles = 3 * time.Second

// write prints a table in Markdown, and the command that made it.
func (r *ledgerResult) write(w io.Writer, command string) error {
	fmt.Fprintf(w, "%s, %s, `%s`:\n\n", r.Machine, r.At.Format(time.DateOnly), command)
	fmt.Fprintf(w, "| sends in %d days | %s |\n|---|---|\n", fillDays, comma(r.Entries))
	for _, row := range [][2]string{
		{"disk per send, with outcome and statuses", fmt.Sprintf("%d B", r.PerEntry)},
		{"living through the month", fmt.Sprintf("%s, %s of it making sums", short(r.Living), short(r.Summing))},
		{"sums by quarters of an hour", r.Quarters.String()},
		{"sums by days", r.Days.String()},
		{"report of the month by the admin API, just started / again", short(r.Report) + " / " + short(r.Again)},
		{"its page with charts / by other rules beside what was", short(r.Page) + " / " + short(r.WhatIf)},
		{"conversations of the month, read message by message", short(r.Conversations)},
		{"memory of the gateway after the reports, resident / anonymous", mib(r.Resident) + " / " + mib(r.Own)},
		{"making all sums anew and comparing", fmt.Sprintf("%s for %s entries, of %s quarters of an hour %s equal, %s without sums, %d different; heap %s",
			short(time.Duration(r.Rebuilt.Seconds*float64(time.Second))), comma(r.Rebuilt.Entries), comma(r.Rebuilt.Quarters), comma(r.Rebuilt.Equal), comma(r.Rebuilt.Missing), len(r.Rebuilt.Differed), humanize.IBytes(r.RebuildMemory))},
	} {
		fmt.Fprintf(w, "| %s | %s |\n", row[0], row[1])
	}
	for _, p := range r.Console {
		fmt.Fprintf(w, "| the console's page %s, first / again | %s / %s, %s |\n", p.Name, short(p.First), short(p.Again), humanize.IBytes(uint64(p.Bytes))) // #nosec G115 -- a length
	}
	return nil
}

func (c counting) String() string {
	return fmt.Sprintf("%s, counted in %s just opened, %s again, %s allocated", comma(c.Sums), short(c.Cold), short(c.Warm), humanize.IBytes(c.Heap))
}
