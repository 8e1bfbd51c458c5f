package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

const overBudget = "refuse BUDGET_SPENT 400/131042 marketing by business"

// budget is a configuration with a budget, whose sends are to Germany: 0.1365 for marketing.
func budget(lines ...string) string {
	return inGermany + "\ntag team crm support\nbudget crm {\n" + strings.Join(lines, "\n") + "\n}"
}

// tagged sends a template with tags, and says what the answer warns of.
func tagged(p person, name, tags, rule, warning string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		header := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}}
		if tags != "" {
			header.Set("X-Waguard-Tag", tags)
		}
		resp, answer := gatewaytest.Do(t, http.MethodPost, w.URL+messages, `{"messaging_product":"whatsapp",`+p.address()+templateBody(name)+`}`, header)
		if resp.Header.Get("X-Waguard-Rule") != rule || resp.Header.Get("X-Waguard-Warning") != warning {
			t.Fatalf("%s with %q: %s, warning %q, want %s, %q: %s", name, tags, resp.Header.Get("X-Waguard-Rule"), resp.Header.Get("X-Waguard-Warning"), rule, warning, answer)
		}
	}
}

// TestBudget: marketing beyond a budget is refused until the next month; what is no
// marketing passes, and what Meta rejects or fails costs nothing.
func TestBudget(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: budget("amount 0.30 USD", "of category marketing", "when_spent refuse")}})
	month := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC).Sub(w.Clock.Now())
	for _, step := range (steps{
		list, ana.optsIn("all"), ben.optsIn("all"), ana.writes("Hello"), after(25 * time.Hour),
		rejects(131026), func(t testing.TB, w *world) {
			w.Post(t, messages, `{"messaging_product":"whatsapp",`+ana.address()+templateBody("sale")+`}`)
		},
		template(ana, "sale", marketingConsent), template(ben, "sale", marketingConsent), template(ana, "sale", overBudget),
		retryAfter(ana.address()+templateBody("sale"), "BUDGET_SPENT", month-25*time.Hour),
		template(ana, "parcel_ready", utilityConsent), template(ana, "login_code", "allow CONSENT authentication by business"),
		ana.writes("Hello"), text(ana, inWindow), template(ana, "sale", "refuse BUDGET_SPENT 400/131042 marketing by user"),
		after(month - 25*time.Hour - time.Second), template(ana, "sale", overBudget),
		after(time.Second), template(ana, "sale", marketingConsent), template(ben, "sale", marketingConsent), template(ben, "sale", overBudget),
	}) {
		step(t, w)
	}
	addsUp(t, w.Gateway)
}

// TestBudgetSays: the refusal says which budget, how much of it is spent, what the message
// costs and until when; the sender is warned from the share on that is configured, the
// operator once a month.
func TestBudgetSays(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: budget("amount 0.30 USD", "of tag team=crm", "warn 80%", "when_spent refuse")}})
	for _, step := range (steps{
		list, ana.optsIn("all"),
		tagged(ana, "sale", "team=support", "CONSENT", ""), tagged(ana, "sale", "", "CONSENT", ""),
		tagged(ana, "sale", "team=crm", "CONSENT", ""), tagged(ana, "sale", "team=crm", "CONSENT", "budget:crm"),
		tagged(ana, "sale", "team=crm", "BUDGET_SPENT", ""), tagged(ana, "sale", "team=crm", "BUDGET_SPENT", ""),
		tagged(ana, "parcel_ready", "team=crm", "CONSENT", "budget:crm"), tagged(ana, "sale", "team=support", "CONSENT", ""),
	}) {
		step(t, w)
	}
	header := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}, "X-Waguard-Tag": {"team=crm"}}
	_, answer := gatewaytest.Do(t, http.MethodPost, w.URL+messages, `{"messaging_product":"whatsapp",`+ana.address()+templateBody("sale")+`}`, header)
	for _, says := range []string{
		"the budget crm of 0.3000 USD for 2026-11 has 0.3280 USD spent", "this marketing message costs 0.1365 USD", "`budget crm`", "2026-12-01T00:00:00Z",
	} {
		if !strings.Contains(string(answer), says) {
			t.Errorf("the refusal doesn't say %q: %s", says, answer)
		}
	}
	addsUp(t, w.Gateway)
}

// TestBudgetWarns: without when_spent nothing is refused.
func TestBudgetWarns(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: budget("amount 0.20 USD", "of everything")}})
	for _, step := range (steps{
		list, ana.optsIn("all"), tagged(ana, "sale", "", "CONSENT", ""), tagged(ana, "sale", "", "CONSENT", "budget:crm"), tagged(ana, "sale", "", "CONSENT", "budget:crm"),
	}) {
		step(t, w)
	}
	addsUp(t, w.Gateway)
}

// TestBudgetGivesBack: a message that Meta fails later costs nothing, however often it says
// so, unless it was delivered after all.
func TestBudgetGivesBack(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: budget("amount 0.30 USD", "of everything", "when_spent refuse", "warn off")}})
	var wamid string
	told := func(status string) step {
		return func(t testing.TB, w *world) {
			t.Helper()
			more := ""
			if status == "failed" {
				more = `,"errors":[{"code":131026,"title":"Message undeliverable"}]`
			}
			deliversRaw("messages", fmt.Sprintf(`{"messaging_product":"whatsapp","metadata":{"display_phone_number":"4930555123","phone_number_id":%q},"statuses":[{"id":%q,"status":%q,"timestamp":"%d","recipient_id":%q%s}]}`,
				shop, wamid, status, w.Clock.Now().Unix(), ana.Phone[1:], more))(t, w)
		}
	}
	for _, step := range (steps{
		list, ana.optsIn("all"), template(ana, "sale", marketingConsent), template(ana, "sale", marketingConsent),
		func(_ testing.TB, w *world) { wamid = w.lastWamid },
		template(ana, "sale", overBudget), told("sent"), template(ana, "sale", overBudget),
		told("failed"), told("failed"), told("sent"), template(ana, "sale", marketingConsent), template(ana, "sale", overBudget),
		told("delivered"), told("failed"), template(ana, "sale", overBudget),
	}) {
		step(t, w)
	}
	addsUp(t, w.Gateway)
}

// TestBudgetMonitored: in monitor mode everything passes, and counts.
func TestBudgetMonitored(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: strings.Replace(budget("amount 0.20 USD", "of everything", "when_spent refuse"), "waba", "mode monitor\nwaba", 1)}})
	for _, step := range (steps{list, ana.optsIn("all"), tagged(ana, "sale", "", "CONSENT", ""), tagged(ana, "sale", "", "BUDGET_SPENT", ""), tagged(ana, "sale", "", "BUDGET_SPENT", "")}) {
		step(t, w)
	}
	if len(w.sim.Sends()) != 3 {
		t.Errorf("%d sends arrived, want 3", len(w.sim.Sends()))
	}
	addsUp(t, w.Gateway)
}

// TestBudgetUnderConcurrency: of two hundred sends at once as many leave as there is money
// for.
func TestBudgetUnderConcurrency(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: budget("amount 2.73 USD", "of everything", "when_spent refuse")}})
	list(t, w)
	people := make([]person, 100)
	for i := range people {
		people[i] = person{graphsim.User{Phone: fmt.Sprintf("+491520%07d", i)}}
		people[i].optsIn("marketing")(t, w)
	}
	var allowed, refused atomic.Int32
	var wg sync.WaitGroup
	for _, p := range people {
		for range 2 {
			wg.Go(func() {
				switch resp, answer := w.Post(t, messages, `{"messaging_product":"whatsapp",`+p.address()+templateBody("sale")+`}`); {
				case resp.StatusCode == http.StatusOK:
					allowed.Add(1)
				case resp.Header.Get("X-Waguard-Rule") == "BUDGET_SPENT":
					refused.Add(1)
				default:
					t.Errorf("%s %s", resp.Status, answer)
				}
			})
		}
	}
	wg.Wait()
	if allowed.Load() != 20 || refused.Load() != 180 || len(w.sim.Sends()) != 20 {
		t.Errorf("%d passed, %d were refused, %d arrived; want 20 to arrive", allowed.Load(), refused.Load(), len(w.sim.Sends()))
	}
	addsUp(t, w.Gateway)
}

// TestBudgetInABatch: the sends of a batch count together.
func TestBudgetInABatch(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: budget("amount 0.20 USD", "of everything", "when_spent refuse")}})
	for _, step := range (steps{list, ana.optsIn("all"), ben.optsIn("all")}) {
		step(t, w)
	}
	element := func(to string) string {
		return `{"method":"POST","relative_url":"` + shop + `/messages","body":"messaging_product=whatsapp&to=` + to + `&type=template&template=%7B%22name%22%3A%22sale%22%2C%22language%22%3A%7B%22code%22%3A%22en%22%7D%7D"}`
	}
	resp, body, r := postBatch(t, w, element(ana.Phone[1:]), element(ben.Phone[1:]))
	if refused := r.Error.Waguard.Elements; resp.StatusCode == http.StatusOK || len(refused) != 1 || refused[0].Index != 1 || refused[0].Rule != "BUDGET_SPENT" || !strings.Contains(r.Error.Waguard.Reason, "other sends of this batch") || len(w.sim.Sends()) != 0 {
		t.Errorf("two for the money of one: %s %s", resp.Status, body)
	}
	if resp, body, _ := postBatch(t, w, element(ana.Phone[1:])); resp.StatusCode != http.StatusOK {
		t.Errorf("one: %s %s", resp.Status, body)
	}
	addsUp(t, w.Gateway)
}

// TestAllowance: the price of a service message says whether the month's free ones
// are used up; those that Meta rejects use up none.
func TestAllowance(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	price := func(want string) {
		t.Helper()
		resp, answer := w.Post(t, messages, `{"messaging_product":"whatsapp",`+ana.address()+`,"type":"text","text":{"body":"Hi"}}`)
		if got := resp.Header.Get("X-Waguard-Price-Type") + " " + resp.Header.Get("X-Waguard-Price"); got != want {
			t.Fatalf("the price is %s, want %s: %s", got, want, answer)
		}
	}
	ana.writes("Hello")(t, w)
	rejects(131026)(t, w)
	for range 1001 {
		price("free_allowance 0.0000")
	}
	price("regular 0.0550")
	after(30*day)(t, w) // another month
	ana.writes("Hello")(t, w)
	price("free_allowance 0.0000")
	addsUp(t, w.Gateway)
}

// TestBudgetList: operators see how budgets stand by the route, the metric and the events,
// also after a restart and in the next month.
func TestBudgetList(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: budget("amount 0.30 USD", "of category marketing", "when_spent refuse")}})
	stands := func(want string) {
		t.Helper()
		var list adminapi.Budgets
		w.admin(t, adminapi.RouteBudgets.Path, "", &list)
		if len(list.Budgets) != 1 {
			t.Fatalf("%+v", list)
		}
		b := list.Budgets[0]
		got := fmt.Sprintf("%s %s of %s %s: %s spent, %s reserved, %d %%, %d messages, %s, %s until %s", b.Name, b.Month, b.Amount, b.Currency, b.Spent, b.Reserved, b.Percent, b.Messages, b.State, b.WhenSpent, b.Until.UTC().Format(time.DateOnly))
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if share := metrics(t, w.Gateway)[`caddy_whatsapp_budget_spent_ratio{budget="crm"}`]; int64(share*100+0.001) != b.Percent {
			t.Errorf("the metric says %v, the list %d %%", share, b.Percent)
		}
	}
	stands("crm 2026-11 of 0.3000 USD: 0.0000 spent, 0.0000 reserved, 0 %, 0 messages, open, refuse until 2026-12-01")
	for _, step := range (steps{list, ana.optsIn("all"), template(ana, "sale", marketingConsent)}) {
		step(t, w)
	}
	stands("crm 2026-11 of 0.3000 USD: 0.1365 spent, 0.0000 reserved, 45 %, 1 messages, open, refuse until 2026-12-01")
	for _, step := range (steps{template(ana, "sale", marketingConsent), after(time.Minute), template(ana, "sale", overBudget), template(ana, "sale", overBudget)}) {
		step(t, w)
	}
	stands("crm 2026-11 of 0.3000 USD: 0.2730 spent, 0.0000 reserved, 91 %, 2 messages, warning, refuse until 2026-12-01")
	w.restart(t, w.Clock.Now())
	stands("crm 2026-11 of 0.3000 USD: 0.2730 spent, 0.0000 reserved, 91 %, 2 messages, warning, refuse until 2026-12-01")
	template(ana, "sale", overBudget)(t, w)
	w.WhatsApp = strings.Replace(w.WhatsApp, "0.30", "0.35", 1)
	w.reload(t)
	for _, step := range (steps{after(time.Minute), template(ana, "sale", overBudget), template(ana, "sale", overBudget)}) {
		step(t, w)
	}
	stands("crm 2026-11 of 0.3500 USD: 0.2730 spent, 0.0000 reserved, 78 %, 2 messages, open, refuse until 2026-12-01")
	var told []string
	page, err := api(t, w.Gateway).Events(t.Context(), adminapi.EventSelection{Kind: "budget"})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Events {
		told = append(told, e.Name+" "+e.Detail)
	}
	if len(told) != 3 || !strings.HasPrefix(told[0], "BUDGET_SPENT the budget crm has 0.2730 of 0.3500 USD") || !strings.HasPrefix(told[1], "BUDGET_SPENT the budget crm has 0.2730 of 0.3000 USD spent in 2026-11; marketing under it waits until") || !strings.HasPrefix(told[2], "BUDGET_WARNING the budget crm has 0.2730") {
		t.Errorf("the events are %q", told)
	}
	after(30*day)(t, w)
	stands("crm 2026-12 of 0.3500 USD: 0.0000 spent, 0.0000 reserved, 0 %, 0 messages, open, refuse until 2027-01-01")
}

// TestBudgetRecount: a budget that comes in the middle of a month knows what was sent before,
// and one whose conditions change does once it is counted anew.
func TestBudgetRecount(t *testing.T) {
	const one = "amount 0.50 USD\nof category marketing\nwhen_spent refuse"
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\ntag team crm support"}})
	spent := func(want string) {
		t.Helper()
		eventually(t, "the budget has "+want+" spent", func() bool {
			var list adminapi.Budgets
			w.admin(t, adminapi.RouteBudgets.Path, "", &list)
			return len(list.Budgets) == 1 && list.Budgets[0].Spent.String() == want
		})
	}
	for _, step := range (steps{
		list, ana.optsIn("all"), template(ana, "sale", marketingConsent), template(ana, "parcel_ready", utilityConsent), tagged(ana, "sale", "team=crm", "CONSENT", ""),
		rejects(131026), func(t testing.TB, w *world) {
			w.Post(t, messages, `{"messaging_product":"whatsapp",`+ana.address()+templateBody("sale")+`}`)
		},
	}) {
		step(t, w)
	}
	w.WhatsApp = inGermany + "\ntag team crm support\nbudget crm {\n" + one + "\n}"
	w.reload(t)
	spent("0.2730")
	for _, step := range (steps{tagged(ana, "sale", "team=crm", "CONSENT", "budget:crm"), template(ana, "sale", overBudget)}) {
		step(t, w)
	}
	spent("0.4095")
	w.WhatsApp = strings.Replace(w.WhatsApp, "of category", "of tag team=crm\nof category", 1)
	w.reload(t)
	spent("0.4095")
	var list adminapi.Budgets
	w.admin(t, adminapi.RouteBudgetsRebuild.Path, `{"name":"crm"}`, &list)
	if len(list.Budgets) != 1 || list.Budgets[0].Spent.String() != "0.2730" || list.Budgets[0].Messages != 2 {
		t.Errorf("%+v", list)
	}
	spent("0.2730")
	if resp, answer := w.AdminCall(t, adminapi.RouteBudgetsRebuild.Path, `{"name":"none"}`); resp.StatusCode != http.StatusNotFound {
		t.Errorf("%s: %s", resp.Status, answer)
	}
	addsUp(t, w.Gateway)
}

// TestBudgetAlternatives: nothing is proposed in place of a refused send that a budget has
// no money for.
func TestBudgetAlternatives(t *testing.T) {
	for money, proposed := range map[string]bool{"0.20": true, "0.10": false} {
		t.Run(money, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: budget("amount "+money+" USD", "of category marketing", "when_spent refuse")}})
			for _, step := range (steps{list, ana.optsIn("all")}) {
				step(t, w)
			}
			_, answer := w.Post(t, messages, `{"messaging_product":"whatsapp",`+ana.address()+`,"type":"text","text":{"body":"Hi"}}`)
			if strings.Contains(string(answer), `"name":"sale"`) != proposed || !strings.Contains(string(answer), `"name":"parcel_ready"`) {
				t.Errorf("with %s USD: %s", money, answer)
			}
		})
	}
}

// TestBudgetCommands: an operator reads how budgets stand, and has them counted.
func TestBudgetCommands(t *testing.T) {
	t.Parallel()
	_, upstream := newSim(t)
	p := newProcess(t, upstream, filepath.Join(t.TempDir(), "store"))
	p.WhatsApp = budget("amount 0.30 USD", "of category marketing", "when_spent refuse")
	p.configure(t, p.text(t))
	p.start(t)
	admin := " --address " + p.Admin
	p.wantCommand(t, 0, "budget list"+admin, "BUDGET", "crm", "0.3000 USD", "open", "refuse")
	var b adminapi.Budget
	if err := json.Unmarshal([]byte(p.wantCommand(t, 0, "budget list --json"+admin)), &b); err != nil || b.Name != "crm" || b.Amount.String() != "0.3000" || b.Currency != "USD" {
		t.Errorf("%+v, %v", b, err)
	}
	p.wantCommand(t, 0, "budget list --output csv"+admin, "name,month,")
	p.wantCommand(t, 0, "budget rebuild"+admin, "crm")
	p.wantCommand(t, 4, "budget rebuild --name none"+admin, "!there is no budget none")
}
