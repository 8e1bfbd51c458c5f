package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/lab"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
)

// campaigned is a gateway that has sent three people a sale each day, of which one has not
// agreed.
func campaigned(t *testing.T, o gatewaytest.Options) *world {
	w := newWorld(t, options{Options: o})
	list(t, w)
	for _, u := range []person{ana, ben} {
		u.optsIn("marketing")(t, w)
	}
	for range 3 {
		for _, to := range []string{ana.Phone, ben.Phone, "+4917000000009"} {
			w.Post(t, "/v25.0/"+shop+"/messages", saleTo(`"`+to+`"`))
		}
		w.Clock.Advance(24 * time.Hour)
	}
	return w
}

// rulesOf are the changes of a comparison in words.
func rulesOf(c *lab.Comparison) (list []string) {
	for _, r := range c.Rules {
		list = append(list, fmt.Sprintf("%d %s %s -> %s", r.Sends, r.Change, r.From.Rule, r.To.Rule))
	}
	return list
}

// TestPolicyLab: what a rule would have changed is known before it is changed.
func TestPolicyLab(t *testing.T) {
	w := campaigned(t, gatewaytest.Options{WhatsApp: withPolicy()})
	test := func(r *adminapi.PolicyTestRequest) *adminapi.PolicyTest {
		t.Helper()
		answer, err := api(t, w.Gateway).TestPolicy(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	now := test(&adminapi.PolicyTestRequest{})
	if now.Sends != 9 || now.Same != 9 || len(now.Differences) > 0 {
		t.Errorf("by the policy that holds %+v, otherwise %v", now.Counts, now.Differences)
	}
	capped := test(&adminapi.PolicyTestRequest{Options: "frequency_cap marketing 2 7d", PhoneNumberID: shop})
	if want := []string{"2 stopped CONSENT -> FREQUENCY_CAP"}; !slices.Equal(rulesOf(&capped.Comparison), want) || capped.Same != 7 || capped.People != 2 {
		t.Errorf("under a cap %+v, %q", capped.Counts, rulesOf(&capped.Comparison))
	}
	if len(capped.Money) != 1 || capped.Money[0].Saved.String() != "0.2730" {
		t.Errorf("a cap saves %+v", capped.Money)
	}
	for _, e := range capped.Examples {
		why, err := api(t, w.Gateway).Why(t.Context(), adminapi.WhyRequest{ID: e.ID})
		if err != nil || why.Rule != policy.RuleConsent {
			t.Errorf("the example %s is no decision: %+v, %v", e.ID, why, err)
		}
	}

	// Another configuration, as Caddy adapts it.
	raw, err := w.Config()
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Apps struct{ WhatsApp map[string]json.RawMessage }
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		t.Fatal(err)
	}
	config.Apps.WhatsApp["policy"] = json.RawMessage(`{"session_only":"on"}`)
	delete(config.Apps.WhatsApp, "store")
	delete(config.Apps.WhatsApp, "clock")
	app, err := json.Marshal(config.Apps.WhatsApp)
	if err != nil {
		t.Fatal(err)
	}
	other := test(&adminapi.PolicyTestRequest{Config: app})
	if other.Stopped != 6 || other.Reworded != 3 {
		t.Errorf("under another configuration %+v, %q", other.Counts, rulesOf(&other.Comparison))
	}

	for body, want := range map[string]string{
		`{"options":"frequency_cup marketing 2 7d"}`:         `unknown subdirective`,
		`{"options":"frequency_cap marketing two 7d"}`:       `it must be a number"`,
		`{"options":"session_only\n}\nstore badger"}`:        `brace`,
		`{"config":{"businesses":[{"phone_number_id":""}]}}`: `phone_number_id is missing`,
		`{"shadow":"nobody"}`:                                `no business has a shadow`,
		`{"from":"yesterday"}`:                               `is no time`,
	} {
		resp, raw := w.AdminCall(t, adminapi.RoutePolicyTest.Path, body)
		if resp.StatusCode != 400 || !strings.Contains(string(raw), want) {
			t.Errorf("%s is answered %s %s, want %q", body, resp.Status, raw, want)
		}
	}
	progress, err := api(t, w.Gateway).PolicyTestProgress(t.Context())
	if err != nil || progress.Running || progress.Part() < 0.5 {
		t.Errorf("the progress is %+v, %v", progress, err)
	}
}

// TestPolicyLabCommand: as an operator asks, with a Caddyfile that is not loaded yet.
func TestPolicyLabCommand(t *testing.T) {
	t.Parallel()
	_, p := serving(t)
	file := filepath.Join(t.TempDir(), "new.Caddyfile")
	if err := os.WriteFile(file, []byte("{\nadmin "+p.Admin+"\nwhatsapp {\nbusiness * {\nsession_only\nshadow s {\nwindow_margin 1h\n}\n}\n}\n}\n:0 {\nwhatsapp_webhook {\napp_secret {env.NOBODY_SETS_THIS}\nverify_token {env.NOR_THIS}\n}\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.wantCommand(t, 0, "policy test --config "+file, "sends from", "Otherwise for numbers that are not listed: session_only", "can't be told")
	p.wantCommand(t, 0, "policy test --config "+file+" --json", `"same":`, `"differences":[{"phone_number_id":"*","options":["session_only"`)
	p.wantCommand(t, 0, "policy test --address "+p.Admin, "The policy is the one that holds now.")
	p.wantCommand(t, 0, "policy test --address "+p.Admin+" -o csv", "change,sends,from_effect")
	p.wantCommand(t, 0, "policy shadow --address "+p.Admin, "!No shadow is configured")
	p.wantCommand(t, 4, "policy test --config "+file+" --set nonsense", "!unknown subdirective")
	p.wantCommand(t, 2, "policy test --address "+p.Admin+" --from tomorrow", "!--from")
}

// TestShadow: a policy on trial judges what is sent, and affects nothing; for some of the people
// it is enforced. Whichever decided, the ledger decides again as it did.
func TestShadow(t *testing.T) {
	w := campaigned(t, gatewaytest.Options{WhatsApp: "business " + shop + ` {
		shadow stricter {
			session_only
		}
	}
	business ` + support + ` {
		mode monitor
		shadow stricter {
			rule no-texts refuse ` + "`send.type == \"text\"`" + ` "No texts"
			enforce 50%
		}
	}`})
	shadows := func() adminapi.Shadow {
		t.Helper()
		all, err := api(t, w.Gateway).Shadows(t.Context(), adminapi.ShadowSelection{From: "30d"})
		if err != nil || len(all.Shadows) != 1 {
			t.Fatalf("the shadows are %+v, %v", all, err)
		}
		return all.Shadows[0]
	}
	s := shadows()
	if s.Name != "stricter" || !s.Configured || s.Sends != 9 || s.Stopped != 6 || s.Reworded != 3 || s.Enforced != 0 || s.Percent != 50 || len(s.Differences) != 2 {
		t.Errorf("the shadow says %+v, %q, otherwise %v", s, rulesOf(&s.Comparison), s.Differences)
	}
	if got := len(w.sim.Sends()); got != 6 {
		t.Errorf("%d sends reached Meta, want 6", got)
	}
	refused, passed := 0, 0
	for i := range 20 {
		resp, body := w.Post(t, "/v25.0/"+support+"/messages", fmt.Sprintf(`{"messaging_product":"whatsapp","to":"+49170000001%02d","type":"text","text":{"body":"hi"}}`, i))
		if resp.StatusCode == 200 {
			passed++ // in monitor mode
		} else if strings.Contains(string(body), "WINDOW_CLOSED") {
			refused++
		}
	}
	if refused == 0 || passed == 0 || refused+passed != 20 {
		t.Errorf("%d are refused, %d pass in monitor mode", refused, passed)
	}
	if s = shadows(); s.Enforced != refused || s.Sends != 29 {
		t.Errorf("the shadow says %+v; it decided about %d", s.Counts, refused)
	}
	by := 0
	for _, l := range allEntries(t, w.Gateway, "ledger") {
		if l.Shadow == nil || l.Shadow.Name != "stricter" {
			t.Errorf("an entry has no shadow: %+v", l)
		} else if l.Shadow.Enforced {
			by++
		}
	}
	if by != refused {
		t.Errorf("the ledger says that the shadow decided about %d, want %d", by, refused)
	}
	_, metrics := gatewaytest.Do(t, "GET", w.AdminURL+"/metrics", "", nil)
	if !strings.Contains(string(metrics), `caddy_whatsapp_shadow_sends_total{business="`+shop+`",change="stopped"} `) {
		t.Errorf("the metrics lack what the shadow says")
	}
	again, err := api(t, w.Gateway).TestPolicy(t.Context(), &adminapi.PolicyTestRequest{Shadow: "stricter", PhoneNumberID: shop})
	if err != nil || again.Stopped != 6 || again.Reworded != 3 {
		t.Errorf("in the place of what is enforced it changes %+v, %v", again, err)
	}
	dir := w.Dir
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	st, err := badger.Open(dir, badger.Options{Now: w.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for e, err := range st.Ledger(t.Context(), store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if d := policy.Decide(&e.Send, &e.Facts, &e.Policy, e.At.Time()); !d.Same(&e.Decision) {
			t.Errorf("decided %+v, again %+v", e.Decision, d)
		}
	}
}
