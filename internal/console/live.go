package console

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Live is what a gateway decided lately: how many sends a minute, and, for those who watch,
// the sends. It is told on the way of sends, and costs them next to nothing; it outlives
// configurations, and knows nothing of what other gateways decide.
type Live struct {
	watched atomic.Bool

	mu sync.Mutex
	// since is when the first send was counted.
	since    time.Time
	minutes  [minutesKept]minute
	watchers []*watcher
}

// watcher is somebody who watches: the newest of the sends they want, and how many more
// there were since they last looked.
type watcher struct {
	filter liveFilter
	// lines are in a ring, of which next is the place of the next one.
	lines [watchedSends]decided
	next  uint64
	taken uint64
}

const (
	// minutesKept is for how long minutes are counted, and watchedSends, how many sends are
	// there for who watches, between two looks.
	minutesKept  = 24 * 60
	watchedSends = 50
	// mostWatchers bounds who watches.
	mostWatchers = 100
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
	id        store.ID
	at        policy.Moment
	verdict   verdict
	rule      policy.Rule
	category  policy.Category
	number    string
	business  string
	sender    string
	token     string
	message   string // the template by its name, or the type
	template  string
	contact   policy.ContactID
	violation bool
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
	var d decided
	if l.watched.Load() {
		d = decided{
			id: e.ID, at: e.At, verdict: v, rule: e.Decision.Rule, category: e.Decision.Category, number: e.Send.PhoneNumberID, business: e.Business, sender: e.Sender, token: e.Token,
			message: store.TypeOrTemplate(e.Send.Type, e.Send.Template.Name), template: e.Send.Template.Name, contact: e.Contact(), violation: e.Violation(),
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
	if d.at == 0 {
		return
	}
	for _, w := range l.watchers {
		if w.filter.wants(&d) {
			w.lines[w.next%watchedSends] = d
			w.next++
		}
	}
}

// watch begins to watch some sends; nil where too many watch already.
func (l *Live) watch(f liveFilter) *watcher {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.watchers) == mostWatchers {
		return nil
	}
	w := &watcher{filter: f}
	l.watchers = append(l.watchers, w)
	l.watched.Store(true)
	return w
}

// leave ends that somebody watches.
func (l *Live) leave(w *watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers = slices.DeleteFunc(l.watchers, func(other *watcher) bool { return other == w })
	l.watched.Store(len(l.watchers) > 0)
}

// take are the sends that came since the last time, the oldest first, and how many of them
// were too many.
func (l *Live) take(w *watcher) (lines []decided, more uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.next-w.taken > watchedSends {
		more = w.next - w.taken - watchedSends
		w.taken += more
	}
	for ; w.taken < w.next; w.taken++ {
		lines = append(lines, w.lines[w.taken%watchedSends])
	}
	return lines, more
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
