package replicas

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// inProcess starts a gateway of the fleet in the test process, whose clock is moved by
// hand. There can be one at a time.
func (f *fleet) inProcess(t *testing.T, now time.Time) *gateway {
	t.Helper()
	t.Setenv("WAGUARD_TEST_DSN", f.dsn)
	t.Setenv("WAGUARD_TEST_KEY", f.key)
	as := gatewaytest.Start(t, gatewaytest.Options{
		Upstream: f.upstream, Forwards: true, Store: "postgres", Dir: "{env.WAGUARD_TEST_DSN} {\npseudonym_key {env.WAGUARD_TEST_KEY}\n}",
		WhatsApp: f.configuration(), Site: "handle /health/* {\nwhatsapp_health\n}", Start: now,
	})
	g := &gateway{fleet: f, name: "in the test process", url: as.URL, health: as.URL + "/health/ready", clock: as.Clock}
	var err error
	if g.admin, err = adminapi.NewClient(as.Admin); err != nil {
		t.Fatal(err)
	}
	return g
}

// TestGatewayDiesWithSendsInFlight: what it has reserved counts as long as a send may
// take, and is unknown to all others then. It stays so until a status tells.
func TestGatewayDiesWithSendsInFlight(t *testing.T) {
	const people, offers = 30, 3
	f := start(t, options{policy: fmt.Sprintf("frequency_cap marketing %d 7d", offers)})
	dies, other := f.gateways[0], f.gateways[1]
	var phones []string
	for i := range people {
		phones = append(phones, person(0, i))
	}
	capped := person(1, 0)
	f.optsIn(t, other, append(phones, capped)...)

	// Every send hangs at Meta, which takes half of them in the end.
	arrived, release := make(chan struct{}, people+offers), make(chan struct{})
	for i := range people + offers {
		fault := graphsim.Fault{Endpoint: graphsim.EndpointMessages, Delay: func(context.Context) { arrived <- struct{}{}; <-release }}
		if i%2 == 1 {
			fault.Break = graphsim.BreakBefore
		}
		f.sim.Inject(fault)
	}
	var all sync.WaitGroup
	key := func(i int) []string { return []string{"Idempotency-Key", fmt.Sprint("key-", i)} }
	body := func(i int) string { return template(phones[i], fmt.Sprint(i), "parcel_ready") }
	for i := range people {
		all.Go(func() { f.send(dies, body(i), key(i)...) })
	}
	for i := range offers {
		all.Go(func() { f.send(dies, offer(capped, fmt.Sprint("offer-", i))) })
	}
	for range people + offers {
		<-arrived
	}
	dies.kill(t)
	all.Wait()
	close(release)

	states := func(by *gateway, want string) {
		t.Helper()
		entries := f.entries(t, by, adminapi.Selection{})
		got := make(map[string]int)
		for _, e := range entries {
			if e.Decision == "allow" {
				got[string(e.Outcome.State)]++
			}
		}
		if len(got) != 1 || got[want] != people+offers {
			t.Errorf("gateway %s has sends %v, want %d that are %s", by.name, got, people+offers, want)
		}
	}
	for _, g := range f.gateways[1:] {
		states(g, "reserved")
	}
	// Until then they are on their way: nothing leaves twice, and nothing too much.
	for i := range people {
		if a := f.send(other, body(i), key(i)...); a.status != http.StatusConflict || a.rule != "IDEMPOTENCY_IN_FLIGHT" {
			t.Errorf("a repetition is answered %s", a)
		}
	}
	if a := f.send(other, offer(capped, "one more")); a.rule != "FREQUENCY_CAP" {
		t.Errorf("one offer too many is answered %s", a)
	}

	later := f.inProcess(t, time.Now().Add(11*time.Minute))
	states(later, "unknown")
	for i := range people {
		if a := f.send(later, body(i), key(i)...); a.rule != "UNCONFIRMED" || a.outcome != "unknown" {
			t.Errorf("a repetition is answered %s", a)
		}
	}
	if a := f.send(later, offer(capped, "one more")); a.rule != "FREQUENCY_CAP" {
		t.Errorf("one offer too many is answered %s", a)
	}

	// What Meta has taken, its statuses tell any gateway.
	sends := f.sim.Sends()
	for _, s := range sends {
		update, err := f.sim.StatusUpdate(s.ID, "delivered", 0)
		if err != nil {
			t.Fatal(err)
		}
		if status, err := f.deliver(other, update); status != http.StatusOK {
			t.Fatalf("a status is answered %d: %v", status, err)
		}
	}
	got := make(map[string]int)
	for _, e := range f.entries(t, later, adminapi.Selection{}) {
		got[string(e.Outcome.State)+" "+string(e.Delivery.Status)]++
	}
	if taken := len(sends); taken == 0 || got["accepted delivered"] != taken || got["unknown "] != people+offers-taken {
		t.Errorf("of %d sends Meta has taken %d, and there are %v", people+offers, taken, got)
	}
}

// TestGatewaysDieUnderLoad: a gateway is killed in the midst of it and started again, one
// after the other. Nothing that was acknowledged is lost, and nothing has left without an
// entry.
func TestGatewaysDieUnderLoad(t *testing.T) {
	f := start(t, options{})
	f.dieUnderLoad(t, 3**rounds)
}

// dieUnderLoad kills one gateway after the other under load, and starts it again.
func (f *fleet) dieUnderLoad(t *testing.T, times int) {
	t.Helper()
	l := startLoad(t, f)
	for i := range times {
		l.mark()
		l.await(t, 30, patience)
		g := f.gateways[i%3]
		g.kill(t)
		l.mark()
		l.await(t, 10, patience) // by the others
		g.launch(t)
		g.awaitReady(t)
	}
	l.check(t, f.gateways[0])
}
