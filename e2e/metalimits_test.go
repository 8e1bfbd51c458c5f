package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/policy"
)

// metaFails lets Meta fail the newest message with a code.
func metaFails(code int) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if err := w.sim.Fail(t.Context(), w.lastWamid, code); err != nil {
			t.Fatal(err)
		}
	}
}

// rejects lets Meta answer the next send with a code.
func rejects(code int) step {
	return func(_ testing.TB, w *world) { w.sim.Inject(graphsim.Fault{Code: code}) }
}

// retryAfter checks how long the answer says to wait.
func retryAfter(body, rule string, want time.Duration) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		resp, answer := w.Post(t, messages, `{"messaging_product":"whatsapp",`+body+`}`)
		wait, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if resp.Header.Get("X-Waguard-Rule") != rule || err != nil || time.Duration(wait)*time.Second != want {
			t.Fatalf("%s %s, Retry-After %q, want %s and %s: %s", resp.Status, resp.Header.Get("X-Waguard-Rule"), resp.Header.Get("Retry-After"), rule, want, answer)
		}
	}
}

const (
	marketingConsent = "allow CONSENT marketing by business"
	utilityConsent   = "allow CONSENT utility by business"
	marketingLimit   = "refuse MARKETING_LIMIT 400/131049 marketing by business"
	inWindow         = "allow WINDOW_OPEN service by user"
)

// TestMarketingBackOffStory: what Meta failed with 131049 is not sent again for a day, then
// two; nothing else waits for it, and a delivery ends it.
func TestMarketingBackOffStory(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy()}})
	delivered := func(t testing.TB, w *world) {
		t.Helper()
		if err := w.sim.Status(t.Context(), w.lastWamid, "delivered"); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range (steps{
		list, ana.optsIn("all"), ben.optsIn("all"),
		template(ana, "sale", marketingConsent), metaFails(131049), metaFails(131049),
		template(ana, "sale", marketingLimit), retryAfter(ana.address()+templateBody("sale"), "MARKETING_LIMIT", day),
		template(ana, "parcel_ready", utilityConsent), template(ben, "sale", marketingConsent),
		after(day - time.Second), template(ana, "sale", marketingLimit),
		after(time.Second), template(ana, "sale", marketingConsent), metaFails(131049),
		retryAfter(ana.address()+templateBody("sale"), "MARKETING_LIMIT", 2*day),
		ana.writes("Hello"), template(ana, "sale", "allow CONSENT marketing by user"),
		after(day), template(ana, "sale", marketingLimit),
		after(day), template(ana, "sale", marketingConsent), delivered,
		template(ana, "sale", marketingConsent), metaFails(131049), retryAfter(ana.address()+templateBody("sale"), "MARKETING_LIMIT", day),
	}) {
		step(t, w)
	}
	addsUp(t, w.Gateway)
}

// TestPaceBackOffStory: 131056 is waited for by one person, 130429 by the number, for 4^n
// seconds, and what gets through ends it.
func TestPaceBackOffStory(t *testing.T) {
	for _, c := range []struct {
		code   int
		rule   string
		refuse string
		all    bool
	}{
		{131056, "PAIR_RATE_LIMIT", "refuse PAIR_RATE_LIMIT 400/131056 service by user", false},
		{130429, "THROUGHPUT_LIMIT", "refuse THROUGHPUT_LIMIT 429/130429 service by user", true},
		{80007, "THROUGHPUT_LIMIT", "refuse THROUGHPUT_LIMIT 429/130429 service by user", true},
		{4, "THROUGHPUT_LIMIT", "refuse THROUGHPUT_LIMIT 429/130429 service by user", true},
	} {
		t.Run(strconv.Itoa(c.code), func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy()}})
			body := ana.address() + `,"type":"text","text":{"body":"Secret message"}`
			rejected := func(t testing.TB, w *world) {
				t.Helper()
				rejects(c.code)(t, w)
				if resp, answer := w.Post(t, messages, `{"messaging_product":"whatsapp",`+body+`}`); resp.Header.Get("X-Waguard-Decision") != "allow" || resp.StatusCode < 400 {
					t.Fatalf("%s %s", resp.Status, answer)
				}
			}
			other := text(ben, inWindow)
			if c.all {
				other = text(ben, c.refuse)
			}
			for _, step := range (steps{
				ana.writes("Hello"), ben.writes("Hello"), rejected, text(ana, c.refuse), other, retryAfter(body, c.rule, time.Second),
				after(time.Second), rejected, retryAfter(body, c.rule, 4*time.Second), after(4 * time.Second),
				rejected, retryAfter(body, c.rule, 16*time.Second), after(16 * time.Second),
				text(ana, inWindow), text(ana, inWindow), rejected, retryAfter(body, c.rule, time.Second),
				after(time.Second), text(ana, inWindow), metaFails(c.code), retryAfter(body, c.rule, time.Second), after(time.Second), text(ana, inWindow),
			}) {
				step(t, w)
			}
			addsUp(t, w.Gateway)
		})
	}
}

// TestBackOffOff: with the option off Meta alone refuses.
func TestBackOffOff(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("meta_backoff off\ncampaign_switch_off off")}})
	for _, step := range (steps{
		list, ana.optsIn("all"), template(ana, "sale", marketingConsent), metaFails(131049), template(ana, "sale", marketingConsent),
		metaFails(131056), metaFails(130429), metaFails(131048), template(ana, "sale", marketingConsent),
	}) {
		step(t, w)
	}
	addsUp(t, w.Gateway)
}

// TestPairRateUnderConcurrency: of two hundred replies at once 45 leave.
func TestPairRateUnderConcurrency(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("pair_rate")}})
	ana.writes("Hello")(t, w)
	body := `{"messaging_product":"whatsapp",` + ana.address() + `,"type":"text","text":{"body":"Secret message"}}`
	w.atOnce(t, 200, 45, "PAIR_RATE_LIMIT", func(int) (*http.Response, []byte) { return w.Post(t, messages, body) })
	w.Clock.Advance(5 * time.Second)
	text(ana, "refuse PAIR_RATE_LIMIT 400/131056 service by user")(t, w)
	w.Clock.Advance(time.Second)
	text(ana, inWindow)(t, w)
	addsUp(t, w.Gateway)
}

// deliversRaw delivers a signed webhook of the account.
func deliversRaw(field, value string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		w.alert(t, field, value)
	}
}

// TestCampaignSwitchOffStory: what brings a number into trouble stops marketing alone, and
// ends as it is said to.
func TestCampaignSwitchOffStory(t *testing.T) {
	const off = "refuse CAMPAIGN_OFF 400/131048 marketing by business"
	for _, code := range []int{131048, 368, 131031} {
		for name, happens := range map[string]step{
			"answer": func(t testing.TB, w *world) {
				rejects(code)(t, w)
				w.Post(t, messages, `{"messaging_product":"whatsapp",`+ana.address()+templateBody("sale")+`}`)
			},
			"status": func(t testing.TB, w *world) {
				template(ana, "sale", marketingConsent)(t, w)
				metaFails(code)(t, w)
				metaFails(code)(t, w)
			},
		} {
			t.Run(strconv.Itoa(code)+"/"+name, func(t *testing.T) {
				w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy()}})
				for _, step := range (steps{
					list, ana.optsIn("all"), ben.optsIn("all"), happens, template(ben, "sale", off), template(ana, "parcel_ready", utilityConsent),
					after(90 * day), template(ana, "sale", off), ana.writes("Hello"), text(ana, inWindow),
				}) {
					step(t, w)
				}
				_, body := w.Post(t, messages, `{"messaging_product":"whatsapp",`+ben.address()+templateBody("sale")+`}`)
				if !strings.Contains(string(body), "waguard campaign on") || !strings.Contains(string(body), strconv.Itoa(code)) {
					t.Errorf("the refusal doesn't say what happened and how to switch it on: %s", body)
				}
				addsUp(t, w.Gateway)
			})
		}
	}
	t.Run("webhooks", func(t *testing.T) {
		w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy()}})
		end := strconv.FormatInt(w.Clock.Now().Add(3*day).Unix(), 10)
		for _, step := range (steps{
			list, ana.writes("Hello"), ana.optsIn("all"), after(2 * day), template(ana, "sale", marketingConsent),
			deliversRaw("phone_number_quality_update", `{"display_phone_number":"49 30 555123","event":"FLAGGED","current_limit":"TIER_10K"}`),
			template(ana, "sale", off), template(ana, "parcel_ready", utilityConsent), after(time.Minute),
			deliversRaw("phone_number_quality_update", `{"display_phone_number":"4930555124","event":"UNFLAGGED"}`), template(ana, "sale", off),
			deliversRaw("phone_number_quality_update", `{"display_phone_number":"4930555123","event":"UNFLAGGED","current_limit":"TIER_10K"}`), template(ana, "sale", marketingConsent),
			after(time.Minute),
			deliversRaw("account_update", `{"event":"ACCOUNT_RESTRICTION","restriction_info":[{"restriction_type":"RESTRICTED_ADD_PHONE_NUMBER_ACTION"}]}`), template(ana, "sale", marketingConsent),
			deliversRaw("account_update", `{"event":"ACCOUNT_RESTRICTION","restriction_info":[{"restriction_type":"RESTRICTED_BIZ_INITIATED_MESSAGING","expiration":`+end+`}]}`), template(ana, "sale", off),
			after(day - 2*time.Minute - time.Second), template(ana, "sale", off), after(time.Second), template(ana, "sale", marketingConsent),
			deliversRaw("account_update", `{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"SCHEDULE_FOR_DISABLE","waba_ban_date":"October 12, 2027"}}`), template(ana, "sale", marketingConsent),
			deliversRaw("account_update", `{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"DISABLE"}}`), template(ana, "sale", off), after(time.Minute),
			deliversRaw("account_update", `{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"REINSTATE"}}`), template(ana, "sale", marketingConsent),
		}) {
			step(t, w)
		}
		addsUp(t, w.Gateway)
	})
}

// TestCampaignByHand: an operator switches marketing off, with the option off too, and only
// an operator switches it on again.
func TestCampaignByHand(t *testing.T) {
	const off = "refuse CAMPAIGN_OFF 400/131048 marketing by business"
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("campaign_switch_off off")}})
	turn := func(route adminapi.Route, want string) step {
		return func(t testing.TB, w *world) {
			t.Helper()
			c, err := api(t, w.Gateway).SwitchCampaign(t.Context(), route, adminapi.CampaignTurn{PhoneNumberID: shop, Reason: "wrong price", Actor: "ana"})
			if err != nil || c.Campaign != want {
				t.Fatalf("%+v, %v; want it %s", c, err, want)
			}
		}
	}
	for _, step := range (steps{
		list, ana.optsIn("all"), template(ana, "sale", marketingConsent),
		turn(adminapi.RouteCampaignOff, "off"), template(ana, "sale", off), template(ana, "parcel_ready", utilityConsent),
		deliversRaw("phone_number_quality_update", `{"display_phone_number":"4930555123","event":"UNFLAGGED"}`), template(ana, "sale", off),
		after(90 * day), template(ana, "sale", off),
	}) {
		step(t, w)
	}
	list, err := api(t, w.Gateway).Campaigns(t.Context(), "")
	stands := map[string]adminapi.Campaign{}
	for _, c := range list.Campaigns {
		stands[c.PhoneNumberID] = c
	}
	if c := stands[shop]; err != nil || c.Campaign != "off" || c.Cause != policy.CauseOperator || !strings.Contains(c.Reason, "wrong price") {
		t.Errorf("status is %+v, %v", list, err)
	}
	if _, body := w.Post(t, messages, `{"messaging_product":"whatsapp",`+ana.address()+templateBody("sale")+`}`); !strings.Contains(string(body), "wrong price") {
		t.Errorf("the refusal doesn't say why: %s", body)
	}
	if got := metrics(t, w.Gateway)["caddy_whatsapp_campaigns_off"]; got != 1 {
		t.Errorf("the metric counts %v campaigns that are off", got)
	}
	for _, step := range (steps{
		turn(adminapi.RouteCampaignOn, "on"), template(ana, "sale", marketingConsent), turn(adminapi.RouteCampaignOff, "off"), template(ana, "sale", off),
		turn(adminapi.RouteCampaignOn, "on"), template(ana, "sale", marketingConsent),
	}) {
		step(t, w)
	}
	if _, err := api(t, w.Gateway).SwitchCampaign(t.Context(), adminapi.RouteCampaignOff, adminapi.CampaignTurn{}); err == nil {
		t.Error("no number is named, and something is switched off")
	}
	addsUp(t, w.Gateway)
}
