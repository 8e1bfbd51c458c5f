package gateway

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

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

// Silence follows which business phone numbers send and get no webhooks. It
// belongs to a store and outlives configurations; a restart begins anew.
type Silence struct {
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

// SilentNumber is a number that sends and gets no webhooks.
type SilentNumber struct {
	PhoneNumberID string    `json:"phone_number_id"`
	SendsSince    time.Time `json:"sends_since"`
	// LastWebhook is when the newest webhook came, if one did.
	LastWebhook *time.Time `json:"last_webhook,omitempty"`
}

func (s *Silence) number(phoneNumberID string) *quiet {
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
func (s *Silence) heard(phoneNumberID string, now policy.Moment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.number(phoneNumberID)
	q.heard, q.since, q.warned = now, 0, 0
}

// sent notes that Meta accepted a message. told is when the newest webhook was
// that the store knows of. It reports, once a day, that somebody should be
// warned.
func (s *Silence) sent(phoneNumberID string, told, now policy.Moment) (n SilentNumber, warn bool) {
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

func (q *quiet) describe(phoneNumberID string) SilentNumber {
	n := SilentNumber{PhoneNumberID: phoneNumberID, SendsSince: q.since.Time()}
	if q.heard != 0 {
		at := q.heard.Time()
		n.LastWebhook = &at
	}
	return n
}

// Silent are the numbers that have sent for long without a webhook.
func (s *Silence) Silent(now policy.Moment) []SilentNumber {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []SilentNumber{}
	for id, q := range s.numbers {
		if q.silent(now) {
			list = append(list, q.describe(id))
		}
	}
	slices.SortFunc(list, func(a, b SilentNumber) int { return strings.Compare(a.PhoneNumberID, b.PhoneNumberID) })
	return list
}

// SilentNumbers are the business phone numbers that send and get no webhooks.
func (g *Gateway) SilentNumbers() []SilentNumber {
	s := g.Silence.Load()
	if s == nil {
		return []SilentNumber{}
	}
	return s.Silent(g.now())
}

// sent notes that Meta accepted a message of a business phone number. It reports,
// once a day, that somebody should be told that the number's webhooks don't come.
func (g *Gateway) sent(ctx context.Context, st store.Store, phoneNumberID string) (n SilentNumber, warn bool) {
	s := g.Silence.Load()
	if s == nil {
		return n, false
	}
	number, err := st.Number(ctx, phoneNumberID)
	if err != nil {
		return n, false // the next one will tell
	}
	return s.sent(phoneNumberID, number.At, g.now())
}
