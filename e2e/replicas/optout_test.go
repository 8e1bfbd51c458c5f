package replicas

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
)

// optOut is a way in which somebody opts out.
type optOut struct {
	name string
	// template is what they are sent, known: they have agreed to it before.
	template string
	known    bool
	optsOut  func(*testing.T, *fleet, *gateway, string)
}

// policyOfOptOuts lets people be asked whether they agree.
const policyOfOptOuts = "consent_request_templates may_we_write\nconsent_request_limit 100 1d"

func optOuts() []optOut {
	stop := func(number string) func(*testing.T, *fleet, *gateway, string) {
		return func(t *testing.T, f *fleet, a *gateway, who string) { f.says(t, a, number, who, "STOP") }
	}
	return []optOut{
		{"a STOP", "sale", true, stop(shop)},
		{"a STOP to another number of the account", "parcel_ready", true, stop(support)},
		{"a STOP of somebody of whom nothing is known", "may_we_write", false, stop(shop)},
		{"WhatsApp's control for offers", "sale", true, func(t *testing.T, f *fleet, a *gateway, who string) {
			update, err := f.sim.UserPreferenceUpdate(shop, graphsim.User{Phone: who}, graphsim.PreferenceStop)
			if err != nil {
				t.Fatal(err)
			}
			if status, err := f.deliver(a, update); status != http.StatusOK {
				t.Fatalf("a webhook is answered %d: %v", status, err)
			}
		}},
		{"an operator", "parcel_ready", true, func(t *testing.T, _ *fleet, a *gateway, who string) {
			if _, err := a.admin.Record(t.Context(), adminapi.RouteOptOut, adminapi.ConsentRequest{PhoneNumberID: shop, Contact: who}); err != nil {
				t.Fatal(err)
			}
		}},
	}
}

// TestOptOutHoldsEverywhere: an opt-out that one gateway has confirmed holds for every
// send that begins afterwards by any other, however it was told. Sends are on their way
// while it comes, and a thousand come at once after it.
func TestOptOutHoldsEverywhere(t *testing.T) {
	f := start(t, options{policy: policyOfOptOuts})
	group := 0
	for _, way := range optOuts() {
		t.Run(way.name, func(t *testing.T) {
			for range *rounds {
				group++
				way.holds(t, f, group)
			}
		})
	}
}

// holds lets somebody opt out, and checks that it holds everywhere.
func (way *optOut) holds(t *testing.T, f *fleet, group int) {
	t.Helper()
	const sends = 1000
	who := person(group, 0)
	told, others := f.gateways[group%3], []*gateway{f.gateways[(group+1)%3], f.gateways[(group+2)%3]}
	if way.known {
		f.optsIn(t, others[0], who)
	}
	f.sim.Reset()
	// What each answer says, by the tag.
	var mu sync.Mutex
	answers := make(map[string]*answer)
	send := func(n int) {
		tag := fmt.Sprintf("%d-%d", group, n)
		a := f.send(others[n%2], template(who, tag, way.template))
		mu.Lock()
		defer mu.Unlock()
		answers[tag] = a
	}
	var all sync.WaitGroup
	var n atomic.Int64
	done := make(chan struct{})
	before := make(chan struct{}, 1<<16)
	for range 16 {
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					send(int(n.Add(1)))
					before <- struct{}{}
				}
			}
		})
	}
	for range 20 { // so that it comes in the middle of them
		<-before
	}
	way.optsOut(t, f, told, who)
	acknowledged := time.Now()
	for range sends {
		all.Go(func() { send(int(n.Add(1))) })
	}
	close(done)
	all.Wait()
	left, after, passed := f.left(), 0, 0
	wrong := make(kinds)
	for tag, a := range answers {
		late := a.began.After(acknowledged)
		if late {
			after++
		}
		switch {
		case late && left[tag] > 0:
			wrong.add("left, though it began after the opt-out was confirmed", a.began.Sub(acknowledged))
		case late && !strings.HasPrefix(a.rule, "OPTED_OUT"):
			wrong.add("began after the opt-out, and is answered otherwise", a)
		case left[tag] > 1 || left[tag] == 1 && a.status != http.StatusOK || left[tag] == 0 && a.status == http.StatusOK:
			wrong.add(fmt.Sprintf("left %d times", left[tag]), a)
		case left[tag] == 1:
			passed++
		}
	}
	wrong.fail(t)
	if after < sends || passed == 0 {
		t.Errorf("%d sends began after the opt-out, %d before it passed", after, passed)
	}
	t.Logf("%d sends, %d of them after the opt-out; %d passed before it", len(answers), after, passed)
}
