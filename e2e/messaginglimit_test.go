package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

const messagingLimit = "refuse MESSAGING_LIMIT 400/80007 marketing by business"

// TestMessagingLimitStory: the third person within a day waits for the first one's slot;
// replies, people who count already and what Meta rejects take nothing.
func TestMessagingLimitStory(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("messaging_limit 2")}})
	slot := 15 * time.Minute
	aligned := func(_ testing.TB, w *world) {
		w.Clock.Advance(w.Clock.Now().Truncate(slot).Add(slot).Sub(w.Clock.Now()))
	}
	carl := person{graphsim.User{Phone: "+4915100000077"}}
	for _, step := range (steps{
		list, ana.optsIn("all"), ben.optsIn("all"), carl.optsIn("all"), aligned,
		rejects(131026), func(t testing.TB, w *world) {
			w.Post(t, messages, `{"messaging_product":"whatsapp",`+carl.address()+templateBody("sale")+`}`)
		},
		template(ana, "sale", marketingConsent), template(ben, "sale", marketingConsent), template(carl, "sale", messagingLimit),
		retryAfter(carl.address()+templateBody("sale"), "MESSAGING_LIMIT", day+slot),
		template(carl, "parcel_ready", "refuse MESSAGING_LIMIT 400/80007 utility by business"),
		template(ana, "sale", marketingConsent), // who counts already
		carl.writes("Hello"), text(carl, inWindow), template(carl, "sale", "allow CONSENT marketing by user"),
		after(time.Hour), template(ana, "sale", marketingConsent), // counts from now on
		after(day + slot - time.Hour), template(carl, "sale", marketingConsent), template(ben, "sale", messagingLimit),
		retryAfter(ben.address()+templateBody("sale"), "MESSAGING_LIMIT", time.Hour),
		after(time.Hour), template(ben, "sale", marketingConsent),
	}) {
		step(t, w)
	}
	addsUp(t, w.Gateway)
}

// TestMessagingLimitReserve: the last of the limit is for utility templates.
func TestMessagingLimitReserve(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("messaging_limit 2 reserve 1")}})
	for _, step := range (steps{
		list, ana.optsIn("all"), ben.optsIn("all"),
		template(ana, "sale", marketingConsent), template(ben, "sale", messagingLimit), template(ben, "parcel_ready", utilityConsent),
		template(ben, "sale", marketingConsent),
	}) {
		step(t, w)
	}
	addsUp(t, w.Gateway)
}

// TestMessagingLimitLearned: the limit is what Meta's webhooks tell, whenever they do.
func TestMessagingLimitLearned(t *testing.T) {
	for name, tells := range map[string]func(tier string) step{
		"capability": func(tier string) step {
			return deliversRaw("business_capability_update", `{"max_daily_conversations_per_business":`+tier+`,"max_phone_numbers_per_business":20}`)
		},
		"quality": func(tier string) step {
			return deliversRaw("phone_number_quality_update", `{"display_phone_number":"4930555123","event":"ONBOARDING","current_limit":`+tier+`}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("messaging_limit learn")}})
			for _, step := range (steps{
				list, ana.optsIn("all"), ben.optsIn("all"), template(ana, "sale", marketingConsent),
				after(time.Minute), tells(`1`), template(ben, "sale", messagingLimit),
				after(time.Minute), tells(`"TIER_2K"`), template(ben, "sale", marketingConsent),
				after(time.Minute), tells(`"TIER_NOT_SET"`), template(ben, "sale", marketingConsent),
				after(time.Minute), tells(`"TIER_UNLIMITED"`), template(ben, "sale", marketingConsent),
			}) {
				step(t, w)
			}
			addsUp(t, w.Gateway)
		})
	}
}

// TestMessagingLimitUnderConcurrency: of two hundred people at once as many are written to as
// the limit says.
func TestMessagingLimitUnderConcurrency(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("messaging_limit 20")}})
	list(t, w)
	people := make([]person, 200)
	for i := range people {
		people[i] = person{graphsim.User{Phone: fmt.Sprintf("+491520%07d", i)}}
		people[i].optsIn("marketing")(t, w)
	}
	w.atOnce(t, len(people), 20, "MESSAGING_LIMIT", func(i int) (*http.Response, []byte) {
		return w.Post(t, messages, `{"messaging_product":"whatsapp",`+people[i].address()+templateBody("sale")+`}`)
	})
	addsUp(t, w.Gateway)
}

// TestMessagingLimitOfPortfolio: the numbers of a portfolio count together, whichever their
// account, and so do the sends of a batch; another portfolio counts for itself.
func TestMessagingLimitOfPortfolio(t *testing.T) {
	block := func(portfolio, own string) string {
		return "policy {\nmessaging_limit 1\n}\nbusiness " + shop + " {\nwaba " + waba + "\nportfolio acme\n}\nbusiness " + support + " {\nwaba " + own + "\n" + portfolio + "\n}"
	}
	for name, c := range map[string]struct {
		block string
		want  string
	}{
		"same":            {block("portfolio acme", "900"), "refuse MESSAGING_LIMIT 400/80007 unknown by business"},
		"another":         {block("portfolio other", waba), marketingConsent},
		"account's alone": {block("", waba), marketingConsent},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: c.block}})
			for _, step := range (steps{
				list, ana.optsIn("all"), ben.record(adminapi.RouteOptIn, support, "all"), template(ana, "sale", marketingConsent), send(support, ben.address()+templateBody("sale"), c.want),
			}) {
				step(t, w)
			}
			addsUp(t, w.Gateway)
		})
	}
	t.Run("batch", func(t *testing.T) {
		w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("frequency_cap marketing 5 7d\nmessaging_limit 1")}})
		for _, step := range (steps{list, ana.optsIn("all"), ben.optsIn("all")}) {
			step(t, w)
		}
		element := func(to string) string {
			return `{"method":"POST","relative_url":"` + shop + `/messages","body":"messaging_product=whatsapp&to=` + to + `&type=template&template=%7B%22name%22%3A%22sale%22%2C%22language%22%3A%7B%22code%22%3A%22en%22%7D%7D"}`
		}
		toAna, toBen := element(ana.Phone[1:]), element(ben.Phone[1:])
		resp, body, r := postBatch(t, w, toAna, toBen)
		if refused := r.Error.Waguard.Elements; resp.StatusCode == http.StatusOK || len(refused) != 1 || refused[0].Index != 1 || refused[0].Rule != "MESSAGING_LIMIT" || !strings.Contains(r.Error.Waguard.Reason, "other sends of this batch") || len(w.sim.Sends()) != 0 {
			t.Errorf("two of one: %s %s", resp.Status, body)
		}
		if resp, body, _ := postBatch(t, w, toAna, toAna); resp.StatusCode != http.StatusOK {
			t.Errorf("one person twice: %s %s", resp.Status, body)
		}
		if used := metrics(t, w.Gateway)["caddy_whatsapp_messaging_limit_used_ratio"]; used != 1 {
			t.Errorf("%v of the limit is used, want all", used)
		}
		addsUp(t, w.Gateway)
	})
}
