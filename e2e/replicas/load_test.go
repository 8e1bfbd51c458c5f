package replicas

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
)

// load is people who write, agree and say STOP, and senders who write to them, by
// whichever gateway it comes to, while gateways or the database die. It notes what was
// acknowledged, all of which must be known afterwards.
type load struct {
	f      *fleet
	cancel context.CancelFunc
	all    sync.WaitGroup
	people atomic.Int64
	// consents is how often somebody has agreed: every third says STOP afterwards.
	consents atomic.Int64

	mu sync.Mutex
	// opened, agreed and stopped are people whose message, opt-in or STOP a gateway has
	// acknowledged.
	opened, agreed, stopped []string
	// tags are of sends to people, tried those that began after an acknowledged STOP.
	tags  map[string]string
	tried map[string]bool
	// sent and refused are ids of sends with an answer that says so.
	sent, refused []string
	failed        map[string]int // by what was answered
	// whole are all sends since the mark, by those of each gateway.
	whole flow
	by    map[*gateway]*flow
	// longest is how long somebody has waited for each kind of answer since the mark.
	longest map[string]time.Duration
}

// flow are sends that were answered with success.
type flow struct {
	n    int
	last time.Time
	gap  time.Duration // the longest without any
}

func (f *flow) add(now time.Time) {
	f.gap, f.last = max(f.gap, now.Sub(f.last)), now
	f.n++
}

// pace is how long each of those who make load waits between two things, so that there is
// room for what is tested.
const pace = 5 * time.Millisecond

// startLoad begins to make load.
func startLoad(t *testing.T, f *fleet) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{f: f, cancel: cancel, tags: make(map[string]string), tried: make(map[string]bool), failed: make(map[string]int)}
	l.people.Store(2_000_000) // nobody of other tests
	f.sim.Reset()
	l.mark()
	t.Cleanup(l.end)
	writers, stoppers := make(chan string, 1000), make(chan string, 1000)
	for range 3 {
		l.run(ctx, func() { l.writes(writers) })
		l.run(ctx, func() { l.answers(ctx, writers) })
	}
	l.run(ctx, func() { l.agrees(ctx, stoppers) })
	l.run(ctx, func() { l.stops(ctx, stoppers) })
	return l
}

// run does something again and again.
func (l *load) run(ctx context.Context, do func()) {
	l.all.Go(func() {
		for ctx.Err() == nil {
			do()
			time.Sleep(pace)
		}
	})
}

func (l *load) end() {
	l.cancel()
	l.all.Wait()
}

// somebody is who nothing is known of, and any is some gateway.
func (l *load) somebody() string {
	n := int(l.people.Add(1))
	return person(n/1000, n%1000)
}

func (l *load) any() *gateway {
	return l.f.gateways[int(l.people.Add(1))%len(l.f.gateways)]
}

// says delivers what a person writes, and reports whether a gateway has taken it.
func (l *load) says(who, words string) bool {
	update, err := l.f.sim.InboundUpdate(shop, graphsim.User{Phone: who}, graphsim.Text(words))
	if err != nil {
		panic(err)
	}
	began := time.Now()
	status, err := l.f.deliver(l.any(), update)
	if status != http.StatusOK {
		l.note(fmt.Sprint("webhook ", status), began, err)
		return false
	}
	l.waited("webhook taken", began)
	return true
}

// waited notes that somebody had an answer to what they began then.
func (l *load) waited(what string, began time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.longest[what] = max(l.longest[what], time.Since(began))
}

func (l *load) note(what string, began time.Time, err error) {
	if err != nil {
		what += " (no answer)"
	}
	l.waited(what, began)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed[what]++
}

// writes has somebody write, who is answered once that is acknowledged.
func (l *load) writes(then chan<- string) {
	who := l.somebody()
	if !l.says(who, "Hello") {
		return
	}
	l.mu.Lock()
	l.opened = append(l.opened, who)
	l.mu.Unlock()
	select {
	case then <- who:
	default:
	}
}

// answers sends somebody a text who has written, by any gateway.
func (l *load) answers(ctx context.Context, from <-chan string) {
	select {
	case who := <-from:
		l.send(who, func(tag string) string { return text(who, tag, "Hello") }, false)
	case <-ctx.Done():
	}
}

// agrees records an opt-in, and sends an offer then. Some people say STOP later.
func (l *load) agrees(ctx context.Context, then chan<- string) {
	who := l.somebody()
	r := adminapi.ConsentRequest{PhoneNumberID: shop, Contact: who, Scope: "all", Source: "website"}
	r.Reference = "form 7"
	timed, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := time.Now()
	if _, err := l.any().admin.Record(timed, adminapi.RouteOptIn, r); err != nil {
		l.note("opt-in refused", began, nil)
		return
	}
	l.waited("opt-in taken", began)
	l.send(who, func(tag string) string { return offer(who, tag) }, false)
	if l.consents.Add(1)%3 == 0 {
		select {
		case then <- who:
			return
		default:
		}
	}
	l.mu.Lock()
	l.agreed = append(l.agreed, who)
	l.mu.Unlock()
}

// stops has somebody say STOP who had agreed, and sends an offer then.
func (l *load) stops(ctx context.Context, from <-chan string) {
	select {
	case who := <-from:
		if !l.says(who, "STOP") {
			return
		}
		l.mu.Lock()
		l.stopped = append(l.stopped, who)
		l.mu.Unlock()
		l.send(who, func(tag string) string { return offer(who, tag) }, true)
	case <-ctx.Done():
	}
}

// send sends somebody something, and notes what became of it.
func (l *load) send(who string, body func(tag string) string, stopped bool) {
	tag := fmt.Sprint("load-", l.people.Add(1))
	l.mu.Lock()
	l.tags[tag], l.tried[tag] = who, stopped
	l.mu.Unlock()
	by := l.any()
	a := l.f.send(by, body(tag))
	switch {
	case a.err != nil:
		l.note("send", a.began, a.err)
		return
	case a.unlisted:
		l.note("refusal that isn't recorded", a.began, nil)
		return
	case a.status >= 500 || a.id == "":
		l.note(fmt.Sprintf("send %d/%d %s", a.status, a.code, a.outcome), a.began, nil)
		return
	}
	l.waited(fmt.Sprint("send ", a.status), a.began)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch a.status {
	case http.StatusOK:
		l.sent = append(l.sent, a.id)
		l.whole.add(a.ended)
		l.by[by].add(a.ended)
	default:
		l.refused = append(l.refused, a.id)
	}
}

// mark begins to measure the time in which no send passes.
func (l *load) mark() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.whole, l.longest = flow{last: time.Now()}, make(map[string]time.Duration)
	l.by = make(map[*gateway]*flow)
	for _, g := range l.f.gateways {
		l.by[g] = &flow{last: time.Now()}
	}
}

// await waits until n sends have passed since the mark, and is the longest time in which
// none has.
func (l *load) await(t *testing.T, n int, patience time.Duration) time.Duration {
	t.Helper()
	return l.awaitFlow(t, &l.whole, n, patience)
}

// awaitAll waits until n have passed by each gateway, and is the longest time without any
// by whichever had to wait longest.
func (l *load) awaitAll(t *testing.T, n int, patience time.Duration) (gap time.Duration) {
	t.Helper()
	for _, g := range l.f.gateways {
		l.mu.Lock()
		by := l.by[g]
		l.mu.Unlock()
		gap = max(gap, l.awaitFlow(t, by, n, patience))
	}
	return gap
}

func (l *load) awaitFlow(t *testing.T, f *flow, n int, patience time.Duration) time.Duration {
	t.Helper()
	deadline := time.After(patience)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		l.mu.Lock()
		since, gap, failed := f.n, f.gap, fmt.Sprint(l.failed)
		l.mu.Unlock()
		if since >= n {
			return gap
		}
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("%d of %d sends have passed after %v; failed: %v", since, n, patience, failed)
		}
	}
}

// awaitEach waits until something of each kind was acknowledged.
func (l *load) awaitEach(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		l.mu.Lock()
		least := min(len(l.opened), len(l.agreed), len(l.stopped), len(l.sent), len(l.refused))
		l.mu.Unlock()
		if least > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing of some kind was acknowledged: %d windows, %d opt-ins, %d opt-outs, %d sends, %d refusals; failed: %v",
				len(l.opened), len(l.agreed), len(l.stopped), len(l.sent), len(l.refused), l.failed)
		}
	}
}

// check ends the load, and looks whether everything that was acknowledged is known to a
// gateway, and everything that has left.
func (l *load) check(t *testing.T, by *gateway) {
	t.Helper()
	l.awaitEach(t)
	l.end()
	var mu sync.Mutex
	lost, contacts := make(kinds), make(map[string]string)
	ask := func(phones []string, look func(who string, c *adminapi.Consent)) {
		together(len(phones), func(i int) {
			c, err := by.admin.Consent(t.Context(), adminapi.ConsentRequest{PhoneNumberID: shop, Contact: phones[i]})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				lost.add("can't be asked about", err)
				return
			}
			contacts[phones[i]] = c.Contact.String()
			look(phones[i], c)
		})
	}
	ask(l.opened, func(who string, c *adminapi.Consent) {
		if !c.WindowOpen {
			lost.add("a window was acknowledged, and is closed", who)
		}
	})
	consent := func(want string) func(string, *adminapi.Consent) {
		return func(who string, c *adminapi.Consent) {
			for scope, s := range c.Consent {
				if s.State != want {
					lost.add(want+" was acknowledged, and is "+s.State, who+" "+scope)
				}
			}
		}
	}
	ask(l.agreed, consent("opted_in"))
	ask(l.stopped, consent("opted_out"))

	entries := l.f.entries(t, by, adminapi.Selection{})
	outcome, allowed := make(map[string]string), make(map[string]int)
	for _, e := range entries {
		outcome[e.ID.String()] = string(e.Outcome.State)
		if e.Decision == "allow" {
			allowed[e.Contact]++
		}
	}
	for _, id := range l.sent {
		if outcome[id] != "accepted" {
			lost.add("a send was acknowledged, and the ledger says", fmt.Sprintf("%s %q", id, outcome[id]))
		}
	}
	for _, id := range l.refused {
		if outcome[id] != "refused" {
			lost.add("a refusal was acknowledged, and the ledger says", fmt.Sprintf("%s %q", id, outcome[id]))
		}
	}
	left, people := l.f.left(), []string{}
	for tag, n := range left {
		switch who := l.tags[tag]; {
		case n > 1:
			lost.add("a message has left several times", tag)
		case l.tried[tag]:
			lost.add("a message has left after an opt-out was acknowledged", tag)
		case contacts[who] == "":
			people = append(people, who)
		}
	}
	slices.Sort(people)
	ask(slices.Compact(people), func(string, *adminapi.Consent) {})
	for tag, n := range left {
		contact := contacts[l.tags[tag]]
		if allowed[contact] -= n; allowed[contact] < 0 {
			lost.add("a message has left without an entry", tag)
		}
	}
	lost.fail(t)
	t.Logf("%d windows, %d opt-ins, %d opt-outs, %d sends and %d refusals were acknowledged, and are known; %d messages have left, and are in the ledger; failed: %v",
		len(l.opened), len(l.agreed), len(l.stopped), len(l.sent), len(l.refused), len(left), l.failed)
}
