package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

const (
	offerAllowed = "allow CONSENT marketing by business"
	offerCapped  = "refuse FREQUENCY_CAP 400/131049 marketing by business"
)

// cappedTo is a shop under caps, and somebody who agreed to everything.
func cappedTo(t *testing.T, p person, lines ...string) *world {
	t.Helper()
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy(lines...)}})
	list(t, w)
	p.optsIn("all")(t, w)
	return w
}

// TestCapRepeatedRequest: a request that is repeated under its idempotency key has its
// answer, and takes no second message from the cap. One that was refused is judged anew.
func TestCapRepeatedRequest(t *testing.T) {
	w := cappedTo(t, ana, "frequency_cap marketing 2 7d")
	sale := func(key string, want int) {
		t.Helper()
		body := `{"messaging_product":"whatsapp",` + ana.address() + templateBody("sale") + `}`
		if status, _, answer := sendRaw(t, w, body, keyed(key)); status != want {
			t.Fatalf("%s: %d %s, want %d", key, status, answer, want)
		}
	}
	for _, key := range []string{"k-1", "k-1", "k-1", "k-2", "k-2", "k-1"} {
		sale(key, http.StatusOK)
	}
	sale("k-3", http.StatusBadRequest)
	if n := len(w.sim.Sends()); n != 2 {
		t.Errorf("%d messages were sent", n)
	}
	w.Clock.Advance(7 * day)
	sale("k-3", http.StatusOK)
	addsUp(t, w.Gateway)
}

// TestCapInABatch: the sends of a batch count together, by whichever name of a person,
// and one too many is refused for what it is.
func TestCapInABatch(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("frequency_cap marketing 2 7d")}})
	list(t, w)
	both.writes("Hello")(t, w)
	both.optsIn("all")(t, w)
	byNumber := `{"method":"POST","relative_url":"` + shop + `/messages","body":"messaging_product=whatsapp&to=4915112345678&type=template&template=%7B%22name%22%3A%22sale%22%2C%22language%22%3A%7B%22code%22%3A%22en%22%7D%7D"}`
	byID := strings.Replace(byNumber, "to=4915112345678", "recipient=DE.55667788990011", 1)
	_, body, r := postBatch(t, w, byNumber, byID, byNumber)
	refused := r.Error.Waguard.Elements
	if len(refused) != 1 || refused[0].Index != 2 || refused[0].Rule != "FREQUENCY_CAP" || !strings.Contains(r.Error.Waguard.Reason, "other sends of this batch") || len(w.sim.Sends()) != 0 {
		t.Errorf("three of two: %s", body)
	}
	if resp, body, _ := postBatch(t, w, byNumber, byID); resp.StatusCode != http.StatusOK {
		t.Errorf("two of two: %s %s", resp.Status, body)
	}
	if _, body, r := postBatch(t, w, byID); !strings.Contains(string(body), "FREQUENCY_CAP") || !strings.Contains(r.Error.Waguard.Reason, "has had them") {
		t.Errorf("a third one later: %s", body)
	}
	addsUp(t, w.Gateway)
}

// TestCapAcrossNumbers: numbers that share opt-outs share caps, and of several caps each
// holds.
func TestCapAcrossNumbers(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: "policy {\nopt_out_reach all\nopt_in_reach waba\nfrequency_cap marketing 2 7d\nfrequency_cap all 3 7d\n}\n" +
		"business " + shop + " {\nwaba " + waba + "\n}\nbusiness " + support + " {\nwaba " + waba + "\n}"}})
	list(t, w)
	ana.optsIn("all")(t, w)
	from := func(number, name, want string) step { return send(number, ana.address()+templateBody(name), want) }
	for _, step := range []step{
		from(shop, "sale", offerAllowed), from(support, "sale", offerAllowed), from(shop, "sale", offerCapped), from(support, "sale", offerCapped),
		from(shop, "parcel_ready", "allow CONSENT utility by business"), from(support, "parcel_ready", "refuse FREQUENCY_CAP 400/131049 utility by business"),
	} {
		step(t, w)
	}
	addsUp(t, w.Gateway)
}

// TestCapCountsWhatMayHaveLeft: what nobody knows the outcome of counts, and what Meta
// took and says later that it couldn't deliver.
func TestCapCountsWhatMayHaveLeft(t *testing.T) {
	w := cappedTo(t, ana, "frequency_cap marketing 2 7d")
	w.sim.Inject(graphsim.Fault{Break: graphsim.BreakAfter, Times: 1})
	if resp, body := offer(t, w); resp.StatusCode != http.StatusInternalServerError || !strings.Contains(string(body), "UNCONFIRMED") {
		t.Fatalf("%s %s", resp.Status, body)
	}
	template(ana, "sale", offerAllowed)(t, w)
	if err := w.sim.Fail(t.Context(), w.lastWamid, 131049); err != nil {
		t.Fatal(err)
	}
	template(ana, "sale", offerCapped)(t, w)
	addsUp(t, w.Gateway)
}

// TestCapInMonitorMode: what monitor mode lets pass against the cap doesn't count, so
// that it tells what enforcement would refuse.
func TestCapInMonitorMode(t *testing.T) {
	w := cappedTo(t, ana, "frequency_cap marketing 2 7d", "mode monitor")
	for i := range 14 {
		want := offerAllowed
		if i%7 >= 2 {
			want = "monitor FREQUENCY_CAP marketing by business"
		}
		template(ana, "sale", want)(t, w)
		w.Clock.Advance(day)
	}
	addsUp(t, w.Gateway)
}
