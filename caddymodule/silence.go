package caddymodule

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// A message that Meta accepted has statuses within seconds. Where a number sends
// and no webhook comes, they go elsewhere, and with them every STOP.
const (
	// silentAfter is for how long a number may send without a webhook before
	// somebody is told.
	silentAfter = 24 * time.Hour
	// heardLately is how long a webhook shows that they come. It keeps sends and
	// webhooks in turn from starting the count anew each time.
	heardLately = time.Hour
	// mostSilences bounds the numbers that are followed.
	mostSilences = 10_000
)

// silence follows which business phone numbers send and get no webhooks. It
// belongs to a store and outlives configurations; a restart begins anew.
type silence struct {
	// mu guards numbers.
	mu      sync.Mutex
	numbers map[string]*quiet
}

// quiet is what is known of a number, by the gateway's own clock.
type quiet struct {
	heard  policy.Moment // when the newest webhook came
	since  policy.Moment // when it first sent a message after that; 0 where it did not
	warned policy.Moment
}

// silentNumber is a number that sends and gets no webhooks.
type silentNumber struct {
	PhoneNumberID string    `json:"phone_number_id"`
	SendsSince    time.Time `json:"sends_since"`
	// LastWebhook is when the newest webhook came, if one did.
	LastWebhook *time.Time `json:"last_webhook,omitempty"`
}

// silences has one silence for each open store.
var silences = caddy.NewUsagePool()

// Destruct lets the pool forget it.
func (*silence) Destruct() error { return nil }

func (s *silence) number(phoneNumberID string) *quiet {
	q := s.numbers[phoneNumberID]
	if q == nil {
		if s.numbers == nil || len(s.numbers) >= mostSilences {
			s.numbers = make(map[string]*quiet)
		}
		q = new(quiet)
		s.numbers[phoneNumberID] = q
	}
	return q
}

// heard notes that a webhook came.
func (s *silence) heard(phoneNumberID string, now policy.Moment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.number(phoneNumberID)
	q.heard, q.since, q.warned = now, 0, 0
}

// sent notes that Meta accepted a message. told is when the newest webhook was
// that the store knows of. It reports, once a day, that somebody should be
// warned.
func (s *silence) sent(phoneNumberID string, told, now policy.Moment) (n silentNumber, warn bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.number(phoneNumberID)
	q.heard = max(q.heard, min(told, now))
	switch {
	case now < q.heard.Add(heardLately) && now >= q.heard:
		q.since = 0
		return n, false
	case q.since == 0, q.since > now: // a clock that stepped back
		q.since = now
	}
	if !q.silent(now) || q.warned != 0 && now < q.warned.Add(silentAfter) {
		return n, false
	}
	q.warned = now
	return q.describe(phoneNumberID), true
}

func (q *quiet) silent(now policy.Moment) bool {
	return q.since != 0 && now >= q.since.Add(silentAfter)
}

func (q *quiet) describe(phoneNumberID string) silentNumber {
	n := silentNumber{PhoneNumberID: phoneNumberID, SendsSince: q.since.Time()}
	if q.heard != 0 {
		at := q.heard.Time()
		n.LastWebhook = &at
	}
	return n
}

// silent are the numbers that have sent for long without a webhook.
func (s *silence) silent(now policy.Moment) []silentNumber {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []silentNumber{}
	for id, q := range s.numbers {
		if q.silent(now) {
			list = append(list, q.describe(id))
		}
	}
	slices.SortFunc(list, func(a, b silentNumber) int { return strings.Compare(a.PhoneNumberID, b.PhoneNumberID) })
	return list
}

// heard notes the numbers that a webhook named.
func (a *App) heard(events []policy.Event) {
	s := a.silence.Load()
	for _, e := range events {
		if n, ok := e.(policy.NumberSeen); ok && s != nil {
			s.heard(n.PhoneNumberID, policy.MomentOf(a.clock.Now()))
		}
	}
}

// listenFor notes the messages that Meta accepted, and warns where their webhooks
// don't come.
func (g *Guard) listenFor(st store.Store, sends []judged) {
	silence := g.app.silence.Load()
	for i := range sends {
		if sends[i].outcome.Wamid == "" || silence == nil {
			continue
		}
		number := sends[i].send.PhoneNumberID
		n, warn := silence.sent(number, st.Number(number).At, policy.MomentOf(g.app.clock.Now()))
		if !warn {
			continue
		}
		last := "never"
		if n.LastWebhook != nil {
			last = policy.MomentOf(*n.LastWebhook).String()
		}
		g.logger.Warn("a business phone number sends and gets no webhooks: no opt-out is learned and no window opens; check where Meta sends them",
			zap.String("phone_number_id", number), zap.Time("sends_since", n.SendsSince), zap.String("last_webhook", last))
	}
}
