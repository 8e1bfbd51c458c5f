package console

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waguard/waguard/store"
)

const (
	// pulse is how often a stream looks for what is new, and keptRows, how many a page keeps.
	pulse    = 250 * time.Millisecond
	keptRows = 300
	// stillThere is how often a stream says something where nothing is new, so that nobody
	// between takes it for dead.
	stillThere = 15 * time.Second
	// slowest is how long a browser may take to read what it is sent.
	slowest = 10 * time.Second
)

// liveFilter is what somebody watches: as the list has it, with the filters of the list.
type liveFilter struct {
	violations                               bool
	rule, number, sender, template, category string
	contact                                  string
}

func (a *asked) liveFilter() liveFilter {
	q := a.URL.Query()
	return liveFilter{q.Get("show") != "all", q.Get("rule"), q.Get("number"), q.Get("sender"), q.Get("template"), q.Get("category"), q.Get("contact")}
}

func (f *liveFilter) wants(d *decided) bool {
	is := func(wanted string, any ...string) bool { return wanted == "" || slices.Contains(any, wanted) }
	return (!f.violations || d.violation) && is(f.rule, string(d.rule)) && is(f.number, d.number, d.business) && is(f.sender, d.sender, d.token, store.SenderAndToken(d.sender, d.token)) &&
		is(f.template, d.template) && is(f.category, string(d.category)) && (f.contact == "" || strings.HasPrefix(d.contact.String(), f.contact))
}

// live streams sends as they are decided. Each message has rows that go on top, and takes
// the oldest away once there are many.
func live(w http.ResponseWriter, a *asked) error {
	if !strings.Contains(a.Header.Get("Accept"), "text/event-stream") || a.Method != http.MethodGet {
		goTo(w, link("violations", "watch", "on"))
		return nil
	}
	watching := a.Live.watch(a.liveFilter())
	if watching == nil {
		return &refusal{status: http.StatusTooManyRequests, title: "Too many watch", what: "As many people watch sends as the gateway bears.", remedy: "Look at the list, which needs no watching."}
	}
	defer a.Live.leave(watching)
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	if a.ProtoMajor == 1 {
		w.Header().Set("Connection", "close") // or answers after it would have its last deadline
	}
	s := &stream{asked: a, watcher: watching}
	begins, err := s.begins()
	if err != nil {
		return err
	}
	// Who reads nothing keeps nobody waiting for the end of the stream, either.
	defer func() { _ = out.SetWriteDeadline(time.Now().Add(slowest)) }()
	if !put(w, out, begins) {
		return nil // who asked has gone
	}
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
			if a.Exiting() {
				return nil // or the server would wait for who watches
			}
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
		if !put(w, out, message) {
			return nil
		}
	}
}

// put writes a message, and reports that it was read. The server's own deadline is for
// answers that end, and over HTTP/2 any that is left ends the stream when it is over,
// whether or not something is being written.
func put(w http.ResponseWriter, out *http.ResponseController, message []byte) bool {
	_ = out.SetWriteDeadline(time.Now().Add(slowest))
	if _, err := w.Write(message); err != nil || out.Flush() != nil {
		return false
	}
	_ = out.SetWriteDeadline(time.Time{})
	return true
}

// stream is what somebody has been shown of what they watch.
type stream struct {
	*asked
	watcher *watcher
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

// begins is the first event: a browser that comes back has rows of before, and may have
// missed some.
func (s *stream) begins() ([]byte, error) {
	return event("live-begins", s.moment(s.Now()))
}

// message is what is new as an event; nil for nothing.
func (s *stream) message() ([]byte, error) {
	wanted, more := s.Live.take(s.watcher)
	if len(wanted) == 0 {
		return nil, nil
	}
	b := liveBatch{ID: s.name(s.first + len(s.batches))}
	if more > 0 {
		b.Skipped = "and " + counted(int(more), "more that is", "more that are") + " not shown" // #nosec G115 -- as many as come in a moment
	}
	for i := len(wanted) - 1; i >= 0; i-- { // the newest on top
		b.Rows = append(b.Rows, s.row(&wanted[i]))
	}
	s.batches = append(s.batches, len(wanted)+1)
	for shown := total(s.batches); shown > keptRows && len(s.batches) > 1; shown = total(s.batches) {
		b.Drop = append(b.Drop, s.name(s.first))
		s.batches, s.first = s.batches[1:], s.first+1
	}
	return event("live", b)
}

// event is what a template makes, as an event.
func event(name string, of any) ([]byte, error) {
	var rows bytes.Buffer
	if err := templatesOf("violations").ExecuteTemplate(&rows, name, of); err != nil {
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
		Number: d.number, Sender: d.sender, Decision: link("decision", "id", d.id.String()),
	}
	if d.business != "" {
		r.Number = d.business
	}
	if !d.contact.IsZero() {
		r.Contact, r.ContactLink = brief(d.contact.String()), link("violations", "show", "all", "contact", d.contact.String())
	}
	return r
}

var verdictTags = [verdicts]string{"allowed", "refused", "warned"}
