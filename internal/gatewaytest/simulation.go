package gatewaytest

import (
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
)

// Simulation is a simulated Graph API that goes by the clock of the gateway before it.
type Simulation struct {
	*graphsim.Sim

	start   time.Time
	gateway atomic.Pointer[Gateway] // it asks for the time while the gateway starts, too
}

// Simulate makes one, which ends with the test. Until the gateway has started, the time is
// start, Epoch if that is zero.
func Simulate(t testing.TB, o graphsim.Options, start time.Time) *Simulation {
	t.Helper()
	if start.IsZero() {
		start = Epoch
	}
	s := &Simulation{start: start}
	o.AppSecret, o.Clock = AppSecret, s.now
	s.Sim = graphsim.New(o)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (s *Simulation) now() time.Time {
	if g := s.gateway.Load(); g != nil {
		return g.Clock.Now()
	}
	return s.start
}

// Start runs a gateway before it until the test ends, and has webhooks delivered there. With
// another Upstream, that is what lies between the two.
func (s *Simulation) Start(t testing.TB, o Options) *Gateway {
	t.Helper()
	if o.Upstream == "" {
		upstream := httptest.NewServer(s.Sim)
		t.Cleanup(upstream.Close)
		o.Upstream = upstream.URL
	}
	o.Start = s.start
	g := Start(t, o)
	s.gateway.Store(g)
	s.SetWebhookURL(g.WebhookURL)
	return g
}
