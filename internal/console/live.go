package console

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Live is what a gateway decided lately: how many sends a minute, and, while somebody
// watches, the sends. It is told on the way of sends, and costs them next to nothing; it
// outlives configurations, and knows nothing of what other gateways decide.
type Live struct {
	watchers atomic.Int32

	mu sync.Mutex
	// since is when the first send was counted.
	since   time.Time
	minutes [minutesKept]minute
	// all are the newest sends, and violations the newest of those; made when somebody
	// watches for the first time.
	all, violations *ring
}

const (
	// minutesKept is for how long minutes are counted, and ringSize, how many sends are
	// there for who watches: more than are shown between two looks.
	minutesKept = 24 * 60
	ringSize    = 512
)

// A verdict, as pages count sends by it.
type verdict int

const (
	verdictAllowed verdict = iota
	verdictRefused
	// verdictMonitored: it would have been refused, and passed since its number is in
	// monitor mode.
	verdictMonitored
	verdicts
)

var verdictNames = [verdicts]string{"allowed", "refused", "would be refused"}

// minute is what was decided in one.
type minute struct {
	at    int64 // since 1970
	count [verdicts]int
}

// decided is a send as it was decided.
type decided struct {
	seq       uint64
	id        store.ID
	at        policy.Moment
	verdict   verdict
	rule      policy.Rule
	category  policy.Category
	number    string
	business  string
	sender    string
	message   string // the template by its name, or the type
	contact   string
	violation bool
}

// ring has the newest sends.
type ring struct {
	next  uint64 // the number of the next one
	lines [ringSize]decided
}

func (r *ring) put(d *decided) {
	d.seq = r.next
	r.lines[r.next%ringSize] = *d
	r.next++
}

// since are those from a number on, and how many are not there any more.
func (r *ring) since(seq uint64) (lines []decided, gone uint64) {
	if seq+ringSize < r.next {
		gone = r.next - ringSize - seq
		seq += gone
	}
	for ; seq < r.next; seq++ {
		lines = append(lines, r.lines[seq%ringSize])
	}
	return lines, gone
}

// Decided counts a send that was decided, and keeps it for who watches.
func (l *Live) Decided(e *store.Entry) {
	v := verdictAllowed
	switch {
	case e.Decision.Verdict != policy.Refuse:
	case e.Monitored:
		v = verdictMonitored
	default:
		v = verdictRefused
	}
	at := e.At.Time()
	watched := l.watchers.Load() > 0
	var d decided
	if watched {
		d = decided{
			id: e.ID, at: e.At, verdict: v, rule: e.Decision.Rule, category: e.Decision.Category, number: e.Send.PhoneNumberID, business: e.Business,
			sender: e.Sender, message: store.TypeOrTemplate(e.Send.Type, e.Send.Template.Name), violation: e.Violation(),
		}
		if contact := e.Contact(); !contact.IsZero() {
			d.contact = contact.String()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.since.IsZero() || at.Before(l.since) {
		l.since = at
	}
	of := at.Unix() / 60
	m := &l.minutes[of%minutesKept]
	if m.at < of {
		*m = minute{at: of}
	}
	if m.at == of {
		m.count[v]++
	}
	if watched && l.all != nil {
		l.all.put(&d)
		if d.violation {
			l.violations.put(&d)
		}
	}
}

// watch begins to watch: from then on sends are kept. What it gives is called when
// nobody watches any more.
func (l *Live) watch() (end func()) {
	l.mu.Lock()
	if l.all == nil {
		l.all, l.violations = new(ring), new(ring)
	}
	l.mu.Unlock()
	l.watchers.Add(1)
	return func() { l.watchers.Add(-1) }
}

// next is the number that the next send will have.
func (l *Live) next(violations bool) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ring(violations).next
}

func (l *Live) ring(violations bool) *ring {
	if violations {
		return l.violations
	}
	return l.all
}

// from are the sends from a number on, how many are gone, and the number to ask for next.
func (l *Live) from(violations bool, seq uint64) (lines []decided, gone, next uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.ring(violations)
	lines, gone = r.since(min(seq, r.next))
	return lines, gone, r.next
}

// lately are the counts of the last minutes, oldest first, the running one at the end, and
// since when there are any.
func (l *Live) lately(now time.Time, n int) (list []minute, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := now.Unix() / 60
	for at := last - int64(n) + 1; at <= last; at++ {
		m := l.minutes[((at%minutesKept)+minutesKept)%minutesKept]
		if m.at != at {
			m = minute{at: at}
		}
		list = append(list, m)
	}
	return list, l.since
}
