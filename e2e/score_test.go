package e2e

import (
	"fmt"
	"maps"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/policy"
)

// metaSays has Meta take what is sent next and fail it with a code in a status; 0 goes by the
// platform's own verdict again.
func metaSays(code int) step {
	return func(_ testing.TB, w *world) {
		if code == 0 {
			w.sim.SetOutcome(nil)
			return
		}
		w.sim.SetOutcome(func(graphsim.Send) graphsim.Outcome { return graphsim.Outcome{Code: code} })
	}
}

// metaRefuses has Meta refuse what is sent next at once.
func metaRefuses(code int) step {
	return func(_ testing.TB, w *world) { w.sim.Inject(graphsim.Fault{Code: code}) }
}

// webhooksCome has the next webhooks come so.
func webhooksCome(f graphsim.WebhookFault) step {
	return func(_ testing.TB, w *world) { w.sim.InjectWebhook(f) }
}

// TestScore: what Meta fails later, and at once, is scored by the rule that should have refused
// it, with the fact that was missing, once however often and in whatever order its statuses
// come; refusals in monitor mode meet Meta's own verdict, and a window that a webhook told of
// late shows one wrong.
func TestScore(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\nbusiness " + support + " {\nname Support\nwaba " + waba + "\nmode monitor\n}"}})
	before := metrics(t, w.Gateway) // they count on from what other tests have done
	const (
		passes    = "allow WINDOW_OPEN service by user"
		monitored = "monitor WINDOW_CLOSED service by business"
	)
	hi := `,"type":"text","text":{"body":"Secret message"}`
	var opened time.Time
	for _, step := range (steps{
		list, ana.writes("Hello"), ana.optsIn("all"), after(time.Minute),
		text(ana, passes), text(ana, passes), text(ana, passes), template(ana, "sale", "allow CONSENT marketing by user"), statuses,

		// The statuses of one message come twice, those of another in the wrong order.
		metaSays(131047), text(ana, passes), webhooksCome(graphsim.WebhookFault{Duplicate: true, Times: 2}), statuses,
		text(ana, passes), webhooksCome(graphsim.WebhookFault{Hold: true}), statuses, statuses,
		metaSays(131026), text(ana, passes), statuses,
		metaSays(131050), template(ana, "sale", "allow CONSENT marketing by user"), statuses,
		metaSays(0),
		metaRefuses(132015), template(ana, "parcel_ready", "allow CONSENT utility by user"),
		metaRefuses(132000), template(ana, "parcel_ready", "allow CONSENT utility by user"),

		// In monitor mode Meta, where nobody wrote to this number, agrees; and once it doesn't.
		send(support, ben.address()+hi, monitored), statuses,
		func(_ testing.TB, w *world) {
			w.sim.SetOutcome(func(graphsim.Send) graphsim.Outcome { return graphsim.Outcome{Statuses: []string{"sent", "delivered"}} })
		},
		send(support, ben.address()+hi, monitored), statuses, metaSays(0),

		// What ben wrote before comes after the refusal.
		func(_ testing.TB, w *world) { opened = w.Clock.Now() },
		after(time.Second), text(ben, windowClosed), after(time.Minute),
		func(t testing.TB, w *world) { ben.wrote(w.Clock.Now().Sub(opened), "Hello")(t, w) },
	}) {
		step(t, w)
	}

	score, err := api(t, w.Gateway).Score(t.Context(), adminapi.ScoreSelection{})
	if err != nil {
		t.Fatal(err)
	}
	total := score.Total
	if total.Passed != 10 || total.Taken != 4 || total.Missed != 4 || total.Beyond != 2 || total.Waiting != 0 || total.Refused != 3 || total.Right != 1 || total.Wrong != 2 || total.Late != 1 {
		t.Errorf("in total %+v", total)
	}
	if m := total.Misses; m.Count != 4 || m.Of != 8 || *m.Percent != 50 || *m.Low >= 50 || *m.High <= 50 {
		t.Errorf("misses are %+v", m)
	}
	if c := total.Category; c.Right.Count != c.Right.Of || c.Right.Of != 5 || c.Untold != 0 {
		t.Errorf("categories are %+v", c)
	}
	lacks := make(map[string]int)
	for _, l := range score.Lacks {
		lacks[fmt.Sprint(l.Rule, " ", l.Lack)] = l.Count
		why := w.why(t, adminapi.WhyRequest{ID: l.Newest})
		if why.Verdict.Verdict != policy.Allow || l.Said == "" || l.Remedy == "" {
			t.Errorf("%+v opens %+v", l, why.Verdict)
		}
	}
	if want := map[string]int{"WINDOW_CLOSED window_at_meta": 2, "OPTED_OUT_MARKETING opt_out_at_meta": 1, "TEMPLATE_PAUSED template_status_unheard": 1}; !maps.Equal(lacks, want) {
		t.Errorf("lacked %v, want %v", lacks, want)
	}

	page, err := api(t, w.Gateway).ScoredSends(t.Context(), adminapi.ScoredSelection{Finding: "wrong"})
	if err != nil || len(page.Sends) != 2 || page.Sends[0].Arrived == nil || !page.Sends[0].WindowOpened.Equal(opened.Truncate(time.Second)) || page.Sends[1].Send.Business != "Support" {
		t.Errorf("wrong refusals: %+v, %v", page, err)
	}

	// The counters have counted each once.
	series := map[string]float64{
		`caddy_whatsapp_misses_total{business="` + shop + `",rule="WINDOW_CLOSED"}`:       2,
		`caddy_whatsapp_misses_total{business="` + shop + `",rule="OPTED_OUT_MARKETING"}`: 1,
		`caddy_whatsapp_misses_total{business="` + shop + `",rule="TEMPLATE_PAUSED"}`:     1,
		`caddy_whatsapp_misses_total{business="` + support + `",rule="WINDOW_CLOSED"}`:    0,
		`caddy_whatsapp_meta_refused_total{business="` + shop + `",matter="window"}`:      2,
		`caddy_whatsapp_meta_refused_total{business="` + shop + `",matter="recipient"}`:   1,
		`caddy_whatsapp_meta_refused_total{business="` + shop + `",matter="content"}`:     1,
		`caddy_whatsapp_meta_refused_unmatched_total`:                                     0,
	}
	counted := make(map[string]float64)
	defer func() {
		if t.Failed() {
			t.Logf("counted were %v", counted)
		}
	}()
	eventually(t, fmt.Sprintf("the counters are %v", series), func() bool { // no webhook waits for them
		all := metrics(t, w.Gateway)
		for name := range series {
			if got, ok := all[name]; ok {
				counted[name] = got - before[name]
			}
		}
		return maps.Equal(counted, series)
	})

	// What a person sees.
	for _, c := range []struct {
		args []string
		says []string
	}{
		{nil, []string{"50.0 % of sends were misses, 4 of 8", "WINDOW_CLOSED", "TEMPLATE_PAUSED"}},
		{[]string{"--by", "number"}, []string{"NUMBER", "Support"}},
		{[]string{"--by", "lack"}, []string{"opt_out_at_meta", "to do: subscribe the app to the webhook field user_preferences"}},
		{[]string{"--by", "error"}, []string{"131026", "132000", "What a message says no rule judges."}},
		{[]string{"list"}, []string{"131047 later", "132015", "window_at_meta", "Meta says that the customer service window is closed."}},
		{[]string{"list", "--finding", "wrong", "--rule", "WINDOW_CLOSED"}, []string{"the gateway heard of it at"}},
		{[]string{"--by", "day", "--output", "csv"}, []string{"by,key,passed,beyond,waiting,misses_count"}},
	} {
		out, err := exec.CommandContext(t.Context(), gatewaytest.Binary(t), append(append([]string{"score"}, c.args...), "--address", w.Admin)...).CombinedOutput()
		if err != nil {
			t.Errorf("score %v: %v\n%s", c.args, err, out)
		}
		for _, says := range c.says {
			if !strings.Contains(string(out), says) {
				t.Errorf("score %v doesn't say %q:\n%s", c.args, says, out)
			}
		}
	}
}
