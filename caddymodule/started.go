package caddymodule

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"go.uber.org/zap"
	"golang.org/x/term"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/version"
	"github.com/waguard/waguard/store"
)

// everStarted: a configuration has started in this process before.
var everStarted atomic.Bool

// started is what somebody wants to know who has just started a gateway.
type started struct {
	version  string
	count    store.Count
	bytes    uint64
	newest   time.Time // the newest ledger entry; zero where there is none
	webhook  time.Time // the newest webhook; zero where none came
	numbers  []servedNumber
	missing  []string
	next     string
	counted  bool
	now      time.Time
	measured bool
}

// servedNumber is a business phone number that is served.
type servedNumber struct {
	id, name, mode string
	webhook        time.Time
}

// startPatience is how long a start waits for what it tells.
const startPatience = 300 * time.Millisecond

// tellStart says what has started: as one line of the log, and as a block for people
// where somebody sits before it. A reload has the line alone.
func (a *App) tellStart(st store.Store) {
	if everStarted.Swap(true) {
		s := new(started)
		s.serves(a.gateway.Businesses, nil)
		s.missing, _ = a.missing()
		a.logger.Info("waguard has a new configuration", zap.Strings("numbers", s.numberLines()), zap.Strings("missing", s.missing))
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	s := a.startedWith(ctx, st)
	fields := []zap.Field{
		zap.String("version", s.version), zap.String("store", s.count.Where), zap.Int64("people", s.count.People.N), zap.Bool("people_estimated", s.count.People.Estimated),
		zap.Int64("ledger_entries", s.count.Entries.N), zap.Bool("ledger_entries_estimated", s.count.Entries.Estimated), zap.Uint64("bytes", s.bytes),
		zap.Strings("numbers", s.numberLines()), zap.Strings("missing", s.missing), zap.String("next", s.next),
	}
	if !s.newest.IsZero() {
		fields = append(fields, zap.Time("newest_entry", s.newest))
	}
	if !s.webhook.IsZero() {
		fields = append(fields, zap.Time("last_webhook", s.webhook))
	}
	a.logger.Info("waguard started", fields...)
	if term.IsTerminal(int(os.Stderr.Fd())) {
		_ = s.write(os.Stderr)
	}
}

func (a *App) startedWith(ctx context.Context, st store.Store) *started {
	s := &started{version: version.Of().Version, now: a.clock.Now()}
	if counted, ok := st.(store.Counted); ok {
		var err error
		s.count, err = counted.Count(ctx)
		s.counted = err == nil
	}
	if measured, ok := st.(store.Measured); ok {
		s.bytes, s.measured = measured.Measure().Bytes, true
	}
	for e, err := range st.Ledger(ctx, store.Filter{Limit: 1}) {
		if err == nil {
			s.newest = e.At.Time()
		}
	}
	last := make(map[string]time.Time)
	for _, n := range a.gateway.LastWebhooks(ctx) {
		last[n.PhoneNumberID] = n.Last
		if n.Last.After(s.webhook) {
			s.webhook = n.Last
		}
	}
	s.serves(a.gateway.Businesses, last)
	s.missing, s.next = a.missing()
	if s.next == "" {
		switch {
		case s.webhook.IsZero() && s.newest.IsZero():
			s.next = "point a sender's API base URL and Meta's webhook at this gateway"
		case s.webhook.IsZero() && len(a.gateway.Businesses.Listed) > 0:
			s.next = "no webhook has come yet: check where Meta sends them"
		default:
			s.next = "waguard violations shows what is refused"
		}
	}
	return s
}

// serves notes which numbers are served, and when their last webhooks came.
func (s *started) serves(businesses gateway.Businesses, last map[string]time.Time) {
	mode := func(monitor bool) string {
		if monitor {
			return modeMonitor
		}
		return "enforce"
	}
	for _, id := range slices.Sorted(maps.Keys(businesses.Listed)) {
		b := businesses.Listed[id]
		s.numbers = append(s.numbers, servedNumber{id, b.Name, mode(b.Monitor), last[id]})
	}
	if others := businesses.Others; others != nil {
		s.numbers = append(s.numbers, servedNumber{everyOther, cmp.Or(others.Name, "all others"), mode(others.Monitor), last[""]})
	}
}

// missing says what the configuration lacks and what follows from it, and what to do
// about the first of it.
func (a *App) missing() (missing []string, next string) {
	d, err := doorsOf(a.ctx)
	if err != nil {
		d = new(doors) // there are no routes at all
	}
	lack := func(what, todo string) {
		missing, next = append(missing, what), cmp.Or(next, todo)
	}
	if slices.ContainsFunc(d.webhooks, func(h *Webhook) bool { return !h.usable }) {
		lack("a webhook has no secret that is set: its deliveries are refused, so that no window opens and no opt-out is learned; replies become WINDOW_CLOSED",
			"set the secret that the log names, and restart")
	}
	if len(d.webhooks) == 0 {
		lack("no route has whatsapp_webhook: no window opens and no opt-out is learned; replies become WINDOW_CLOSED", "add whatsapp_webhook where Meta delivers")
	}
	if unset := d.unset(); len(unset) > 0 {
		lack("a matcher of senders has a placeholder that is empty ("+strings.Join(unset, ", ")+"): it lets nobody in, and its senders get CALLER_UNKNOWN", "set it, and restart")
	}
	if len(d.guards) == 0 {
		lack("no route has whatsapp_guard: no send is judged", "add whatsapp_guard before the reverse_proxy that leads to Meta")
	}
	return missing, next
}

func (s *started) numberLines() (lines []string) {
	for _, n := range s.numbers {
		lines = append(lines, n.id+" "+n.mode)
	}
	return lines
}

// write writes the block for people.
func (s *started) write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nwaguard %s\n", s.version)
	var holds []string
	if s.counted {
		holds = append(holds, told(s.count.People, "people", "person"), told(s.count.Entries, "ledger entries", "ledger entry"))
	}
	if s.measured {
		holds = append(holds, humanize.IBytes(s.bytes))
	}
	fmt.Fprintf(w, "  store\t%s\n\t%s, newest entry %s\n", s.count.Where, strings.Join(holds, ", "), s.age(s.newest))
	for i, n := range s.numbers {
		label := "numbers"
		if i > 0 {
			label = ""
		}
		if i == numbersTold {
			fmt.Fprintf(w, "\tand %d more\n", len(s.numbers)-i)
			break
		}
		webhook := "last webhook " + s.age(n.webhook)
		if n.id == everyOther && n.webhook.IsZero() {
			webhook = "no webhook yet since the start" // of these nobody keeps more
		}
		fmt.Fprintf(w, "  %s\t%s\n", label, strings.Join(slices.DeleteFunc([]string{n.id, n.name, n.mode, webhook}, func(s string) bool { return s == "" }), ", "))
	}
	for _, what := range s.missing {
		fmt.Fprintf(w, "  missing\t%s\n", what)
	}
	fmt.Fprintf(w, "  next\t%s\n\n", s.next)
	return w.Flush()
}

func told(t store.Tally, several, one string) string {
	switch {
	case t.Estimated && t.N >= 1_000_000:
		return fmt.Sprintf("about %.1f million %s", float64(t.N)/1_000_000, several)
	case t.Estimated:
		return "about " + humanize.Comma((t.N+500)/1000*1000) + " " + several
	case t.N == 1:
		return "1 " + one
	}
	return humanize.Comma(t.N) + " " + several
}

// numbersTold is how many business phone numbers the block shows.
const numbersTold = 10

func (s *started) age(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return humanize.RelTime(at, s.now, "ago", "from now")
}
