package console

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// pulse is how often a stream looks for what is new, mostRows, how many rows it sends
	// then, and keptRows, how many a page keeps.
	pulse    = 250 * time.Millisecond
	mostRows = 50
	keptRows = 300
	// stillThere is how often a stream says something where nothing is new, so that nobody
	// between takes it for dead.
	stillThere = 15 * time.Second
	// slowest is how long a browser may take to read what it is sent.
	slowest = 10 * time.Second
)

// liveFilter is what somebody watches.
type liveFilter struct {
	violations                     bool
	rule, number, sender, template string
}

func (a *asked) liveFilter() liveFilter {
	q := a.URL.Query()
	return liveFilter{violations: q.Get("show") != "all", rule: q.Get("rule"), number: q.Get("number"), sender: q.Get("sender"), template: q.Get("template")}
}

func (f *liveFilter) wants(d *decided) bool {
	return (f.rule == "" || string(d.rule) == f.rule) && (f.number == "" || d.number == f.number || d.business == f.number) &&
		(f.sender == "" || d.sender == f.sender) && (f.template == "" || d.message == f.template)
}

// live streams sends as they are decided. Each message has rows that go on top, and takes
// the oldest away once there are many.
func live(w http.ResponseWriter, a *asked) error {
	if !strings.Contains(a.Header.Get("Accept"), "text/event-stream") || a.Method != http.MethodGet {
		goTo(w, link("violations", "watch", "on"))
		return nil
	}
	f := a.liveFilter()
	defer a.Live.watch()()
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	if _, err := fmt.Fprint(w, ": watching\n\n"); err != nil || out.Flush() != nil {
		return nil // who asked has gone
	}
	s := &stream{asked: a, filter: f, seq: a.Live.next(f.violations)}
	tick := time.NewTicker(pulse)
	defer tick.Stop()
	said := time.Now()
	for {
		select {
		case <-a.Context().Done():
			return nil
		case <-a.Ended:
			return nil
		case <-tick.C:
		}
		message, err := s.message()
		if err != nil {
			return err
		}
		if message == nil {
			if time.Since(said) < stillThere {
				continue
			}
			message = []byte(": nothing new\n\n")
		}
		said = time.Now()
		// The server's own deadline is for answers that end.
		_ = out.SetWriteDeadline(time.Now().Add(slowest))
		if _, err := w.Write(message); err != nil || out.Flush() != nil {
			return nil
		}
	}
}

// stream is what somebody has been shown of what they watch.
type stream struct {
	*asked
	filter liveFilter
	seq    uint64
	// batches are how many rows the messages had that the page still shows.
	batches []int
	first   int // the number of the first of them
}

// liveBatch is a message.
type liveBatch struct {
	ID      string
	Rows    []liveRow
	Skipped string
	// Drop are the messages that the page shows no longer.
	Drop []string
}

type liveRow struct {
	At                            moment
	Tag, Verdict, Rule, Number    string
	Message, Category, Contact    string
	Sender, Decision, ContactLink string
}

// message is what is new as an event; nil for nothing.
func (s *stream) message() ([]byte, error) {
	lines, gone, next := s.Live.from(s.filter.violations, s.seq)
	s.seq = next
	wanted := lines[:0]
	for i := range lines {
		if s.filter.wants(&lines[i]) {
			wanted = append(wanted, lines[i])
		}
	}
	if len(wanted) == 0 && gone == 0 {
		return nil, nil
	}
	if over := len(wanted) - mostRows; over > 0 {
		gone += uint64(over)
		wanted = wanted[over:]
	}
	b := liveBatch{ID: s.name(s.first + len(s.batches))}
	if gone > 0 {
		b.Skipped = "and " + counted(int(gone), "more that is", "more that are") + " not shown" // #nosec G115 -- as many as come in a moment
	}
	for i := len(wanted) - 1; i >= 0; i-- { // the newest on top
		b.Rows = append(b.Rows, s.row(&wanted[i]))
	}
	s.batches = append(s.batches, len(wanted)+1)
	for shown := total(s.batches); shown > keptRows && len(s.batches) > 1; shown = total(s.batches) {
		b.Drop = append(b.Drop, s.name(s.first))
		s.batches, s.first = s.batches[1:], s.first+1
	}
	var rows bytes.Buffer
	if err := templatesOf("violations").ExecuteTemplate(&rows, "live", b); err != nil {
		return nil, err
	}
	var event bytes.Buffer
	for line := range strings.Lines(rows.String()) {
		if line = strings.TrimSpace(line); line != "" {
			event.WriteString("data: " + line + "\n")
		}
	}
	event.WriteString("\n")
	return event.Bytes(), nil
}

func (s *stream) name(n int) string { return "live" + strconv.Itoa(n) }

func total(list []int) (n int) {
	for _, one := range list {
		n += one
	}
	return n
}

func (s *stream) row(d *decided) liveRow {
	r := liveRow{
		At: s.moment(d.at.Time()), Verdict: verdictNames[d.verdict], Tag: verdictTags[d.verdict], Rule: string(d.rule), Message: d.message, Category: words(string(d.category)),
		Number: d.number, Sender: d.sender, Contact: brief(d.contact), Decision: link("decision", "id", d.id.String()),
	}
	if d.business != "" {
		r.Number = d.business
	}
	if d.contact != "" {
		r.ContactLink = link("violations", "contact", d.contact)
	}
	return r
}

var verdictTags = [verdicts]string{"allowed", "refused", "warned"}
