package gateway

import (
	"fmt"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// A stranger is a caller whom nobody vouches for: see accepted. It is told the rule
// and no more, and asks slowly. What it is refused is counted and not in the ledger,
// which anybody could fill.

const (
	// strangerBurst is how much a stranger may ask in vain at once, and
	// strangerPace how long each further time takes.
	strangerBurst = 60
	strangerPace  = time.Second
	// strangerSources is how many places strangers come from are told apart, some
	// hundred bytes each.
	strangerSources = 8192
	// strangerLog is how often strangers from one place are logged at most.
	strangerLog = 10 * time.Second
)

// strangers counts what strangers have asked in vain, by the place they come from.
type strangers struct {
	// mu guards sources and what they hold.
	mu      sync.Mutex
	sources *lru.Cache[netip.Prefix, *patience]

	// refused is how many requests were refused to them.
	refused atomic.Int64
}

// patience is what there is left with one place.
type patience struct {
	// left is how much it may ask at the time at; it falls below zero by as much as
	// was asked meanwhile.
	left float64
	at   time.Time
	// logged is when it was last logged, more how much of it was not since.
	logged time.Time
	more   int
}

// of is the patience with a place at a time. The caller holds the lock.
func (s *strangers) of(source netip.Prefix, now time.Time) *patience {
	if s.sources == nil {
		s.sources, _ = lru.New[netip.Prefix, *patience](strangerSources) // the size is positive
	}
	p, known := s.sources.Get(source)
	if !known {
		p = &patience{left: strangerBurst, at: now}
		s.sources.Add(source, p)
	}
	if passed := now.Sub(p.at); passed > 0 {
		p.left = min(p.left+float64(passed)/float64(strangerPace), strangerBurst)
	}
	p.at = now
	return p
}

// wait is how long a stranger must wait before it may ask; zero where it may.
func (s *strangers) wait(source netip.Prefix, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := s.of(source, now).left; left < 1 {
		return time.Duration(math.Ceil((1 - left) * float64(strangerPace)))
	}
	return 0
}

// asked counts what a stranger has asked in vain. It reports whether that is to be
// logged, and how much was not logged since the last time.
func (s *strangers) asked(source netip.Prefix, now time.Time) (log bool, more int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.of(source, now)
	p.left = max(p.left-1, -strangerBurst)
	if since := now.Sub(p.logged); !p.logged.IsZero() && since >= 0 && since < strangerLog {
		p.more++
		return false, 0
	}
	more, p.more, p.logged = p.more, 0, now
	return true, more
}

// strangerWaits is what a stranger is told that has asked too much, before anything
// is judged: the answer must not depend on anybody. It reports false where the
// stranger may ask.
func (d *Sends) strangerWaits(c *Caller) (Result, bool) {
	wait := d.strangers.wait(c.Source, d.Now())
	if wait == 0 {
		return Result{}, false
	}
	d.strangerRefused(policy.RuleStranger)
	seconds := int(math.Ceil(wait.Seconds()))
	return Result{ID: store.NewID(d.now()), RetryAfter: seconds, Refusal: &cloudapi.Refusal{
		Rule:   policy.RuleStranger,
		Reason: "too many requests from this address were refused that show no access token Meta has accepted for this number lately; nothing was judged or sent",
		Remedy: fmt.Sprintf("send it again in %d s; to be known here, %s", seconds, getAccepted),
	}}, true
}

// getAccepted is how a caller stops being a stranger.
const getAccepted = "let the gateway see once that Meta accepts your access token (GET /v25.0/ followed by the phone number id, through the gateway), or have whoever runs it name you under `senders`"

// refuseStranger refuses a stranger's request of whose sends at least one may not
// leave.
func (d *Sends) refuseStranger(r *Request, sends []Judged) Result {
	var elements []cloudapi.Element
	var refusal *cloudapi.Refusal
	var first *store.Entry
	for i := range sends {
		j := &sends[i]
		if j.passes() {
			continue
		}
		said := withoutFacts(j.Entry.Decision.Rule)
		if first == nil {
			first, refusal = j.Entry, said
		}
		if r.Reading.Batch {
			elements = append(elements, cloudapi.Element{Index: j.element, Rule: said.Rule, Reason: said.Reason, Remedy: said.Remedy})
		}
	}
	if r.Reading.Batch {
		refusal = batchRefused(refusal.Reason)
	}
	d.askedInVain(&r.From, first)
	return Result{Sends: sends, ID: first.ID, Refusal: refusal, Elements: elements}
}

// strangerRefused counts a request that was refused to a stranger.
func (d *Sends) strangerRefused(rule policy.Rule) {
	d.strangers.refused.Add(1)
	d.Observer.StrangerRefused(rule)
}

// Unlisted is how many requests were refused since the configuration was loaded and
// are in no list, since Meta hasn't accepted their callers' tokens.
func (g *Gateway) Unlisted() int64 { return g.strangers.refused.Load() }

// askedInVain counts what a stranger was refused, and logs some of it.
func (d *Sends) askedInVain(c *Caller, e *store.Entry) {
	d.strangerRefused(e.Decision.Rule)
	log, more := d.strangers.asked(c.Source, d.Now())
	if !log {
		return
	}
	d.Log.Info("refused a caller whose access token Meta hasn't accepted lately; it is not in the ledger",
		zap.Stringer("id", e.ID), zap.String("rule", string(e.Decision.Rule)), zap.String("reason", e.Decision.Reason),
		zap.String("phone_number_id", e.Send.PhoneNumberID), zap.String("sender", e.Sender), zap.String("sender_token", e.Token), zap.Int("not_logged_before", more))
}

// sentInVain reports whether sends are a stranger's, of which Meta accepted none.
// It is counted as if they had been refused here.
func (d *Sends) sentInVain(st store.Store, c *Caller, sends []Judged) bool {
	known := true
	for i := range sends {
		if sends[i].Outcome.State == store.Accepted {
			return false
		}
		known = known && d.accepted(st, c, sends[i].Send.PhoneNumberID)
	}
	if known {
		return false
	}
	d.strangers.asked(c.Source, d.Now())
	return true
}
