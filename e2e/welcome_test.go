package e2e

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// welcomes are the sends of the ledger that are the welcome.
func (w *world) welcomes(t testing.TB) (welcomes []*adminapi.Line) {
	t.Helper()
	for _, l := range allEntries(t, w.Gateway, "ledger") {
		if l.Welcome && l.Outcome.State == "accepted" {
			welcomes = append(welcomes, l)
		}
	}
	return welcomes
}

// TestWelcomeStory: the first template after an opt-in is the welcome, its time is shown,
// and nothing that comes later moves it.
func TestWelcomeStory(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("frequency_cap marketing 5 7d")}})
	const passes = "allow CONSENT marketing by business"
	for _, step := range (steps{list, ana.writes("Hello"), text(ana, "allow WINDOW_OPEN service by user"), template(ana, "parcel_ready", "allow WINDOW_OPEN utility by user"), ana.optsIn("all"), after(25 * time.Hour)}) {
		step(t, w)
	}
	if c := w.consentOf(t, shop, ana.Phone); c.Welcomed != nil {
		t.Fatalf("welcomed at %s, before any template by the opt-in", c.Welcomed)
	}
	w.sim.Inject(graphsim.Fault{Code: 131026, Times: 2})
	for range 2 { // what Meta rejects is no welcome
		if resp, body := offer(t, w); resp.StatusCode == http.StatusOK || !w.newest(t).Welcome {
			t.Fatalf("a welcome that Meta rejects: %s %s", resp.Status, body)
		}
	}
	after(time.Hour)(t, w)
	at := w.Clock.Now().Truncate(time.Millisecond).UTC()
	for _, step := range (steps{
		template(ana, "sale", passes), after(time.Hour), template(ana, "sale", passes), ana.optsIn("all"), template(ana, "parcel_ready", "allow CONSENT utility by business"),
		ana.writes("STOP"), after(time.Hour), ana.writes("START"), after(25 * time.Hour), ana.optsIn("all"), template(ana, "sale", passes),
	}) {
		step(t, w)
	}
	welcomes := w.welcomes(t)
	if len(welcomes) != 1 || !welcomes[0].Time.Equal(at) {
		t.Errorf("the welcomes are %+v, want one at %s", welcomes, at)
	}
	if c := w.consentOf(t, shop, ana.Phone); c.Welcomed == nil || !c.Welcomed.Equal(at) {
		t.Errorf("welcomed at %v, want %s", c.Welcomed, at)
	}
	if h, err := api(t, w.Gateway).History(t.Context(), about(shop, ana.Phone)); err != nil || h.Welcomed == nil || !h.Welcomed.Equal(at) {
		t.Errorf("the history says %+v (%v)", h, err)
	}
	addsUp(t, w.Gateway)
}

// TestWelcomeUnderConcurrency: of a hundred templates at once, and of those of a batch, one
// is the welcome, and all leave.
func TestWelcomeUnderConcurrency(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("frequency_cap marketing 100 7d")}})
	for _, step := range (steps{list, ana.optsIn("all"), ben.optsIn("all")}) {
		step(t, w)
	}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if resp, body := offer(t, w); resp.StatusCode != http.StatusOK {
				t.Errorf("%s %s", resp.Status, body)
			}
		})
	}
	wg.Wait()
	if n := len(w.welcomes(t)); n != 1 || len(w.sim.Sends()) != 100 {
		t.Errorf("%d welcomes, %d sends arrived", n, len(w.sim.Sends()))
	}
	element := `{"method":"POST","relative_url":"` + shop + `/messages","body":"messaging_product=whatsapp&to=%2B` + ben.Phone[1:] + `&type=template&template=%7B%22name%22%3A%22sale%22%2C%22language%22%3A%7B%22code%22%3A%22en%22%7D%7D"}`
	if resp, body := w.Post(t, "/v25.0/", `{"batch":[`+element+`,`+element+`]}`); resp.StatusCode != http.StatusOK {
		t.Errorf("a batch: %s %s", resp.Status, body)
	}
	if n := len(w.welcomes(t)); n != 2 {
		t.Errorf("%d welcomes after a batch of two to somebody else", n)
	}
	addsUp(t, w.Gateway)
}
