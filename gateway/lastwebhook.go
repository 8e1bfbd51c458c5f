package gateway

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/waguard/waguard/policy"
)

// NumberWebhook is when a business phone number last got a webhook.
type NumberWebhook struct {
	// PhoneNumberID is empty for all numbers together that are not listed.
	PhoneNumberID string
	// Last is zero where none has come.
	Last time.Time
}

// LastWebhooks are when each listed business phone number last got a webhook. The
// numbers that are not listed come last, together, if one of them has got one since
// the gateway started.
func (g *Gateway) LastWebhooks(ctx context.Context) []NumberWebhook {
	st, err := g.Open()
	if err != nil {
		return nil
	}
	heard := make(map[string]policy.Moment)
	if s := g.Silence.Load(); s != nil {
		heard = s.lastHeard()
	}
	var list []NumberWebhook
	for _, id := range slices.Sorted(maps.Keys(g.Businesses.Listed)) {
		last := heard[id]
		delete(heard, id)
		if n, err := st.Number(ctx, id); err == nil {
			last = max(last, min(n.At, g.now()))
		}
		w := NumberWebhook{PhoneNumberID: id}
		if last != 0 {
			w.Last = last.Time()
		}
		list = append(list, w)
	}
	var others policy.Moment
	for _, at := range heard {
		others = max(others, at)
	}
	if others != 0 {
		list = append(list, NumberWebhook{Last: others.Time()})
	}
	return list
}

// lastHeard is when the numbers that are followed last got a webhook.
func (s *Silence) lastHeard() map[string]policy.Moment {
	s.mu.Lock()
	defer s.mu.Unlock()
	heard := make(map[string]policy.Moment, len(s.numbers))
	for id, q := range s.numbers {
		if q.heard != 0 {
			heard[id] = q.heard
		}
	}
	return heard
}
