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
)

// fromAd is a message through an ad.
func fromAd() graphsim.Message { return graphsim.Text("Hi").FromAd("1200", "Aff") }

// TestFreeEntryPoint: who is answered within a day of a message through an ad gets 72 hours of
// messages that cost nothing. It is no customer service window.
func TestFreeEntryPoint(t *testing.T) {
	const (
		free     = "Germany | 0.0000 | free_entry_point | USD | USD 2026-10-01 | "
		service  = "Germany | 0.0000 | free_allowance | USD | USD 2026-10-01 | "
		sale     = "Germany | 0.1365 | regular | USD | USD 2026-10-01 | "
		cheaper  = "free-form would cost 0.0550 USD: the customer service window is open"
		start    = "2026-11-02T09:00:00Z"
		answered = "2026-11-02T10:00:00Z"
	)
	post := graphsim.Text("Hi").FromAd("1200", "Aff")
	post.Referral = &graphsim.Referral{SourceType: "post", SourceID: "1200"}
	began, err := time.Parse(time.RFC3339, start)
	if err != nil {
		t.Fatal(err)
	}
	type sent struct {
		after  time.Duration // the ad
		body   string
		status int
		want   string
	}
	for name, c := range map[string]struct {
		message graphsim.Message
		sends   []sent
		until   time.Duration // after the ad, in the end; zero for none
	}{
		"answered in an hour": {fromAd(), []sent{
			{time.Hour, aText(), 200, free},
			{2 * time.Hour, aText(), 200, free},
			{30 * time.Hour, aTemplate("sale", "en"), 200, free},
			{30 * time.Hour, aText(), 400, free},
			{73*time.Hour - time.Second, aTemplate("parcel_ready", "en"), 200, free},
			{73*time.Hour + time.Second, aTemplate("sale", "en"), 200, sale},
		}, 0},
		"answered by a template": {fromAd(), []sent{
			{24*time.Hour - time.Second, aTemplate("sale", "en"), 200, free}, {95 * time.Hour, aTemplate("sale", "en"), 200, free},
		}, 96*time.Hour - time.Second},
		"answered too late": {fromAd(), []sent{{24 * time.Hour, aTemplate("sale", "en"), 200, sale}, {25 * time.Hour, aTemplate("sale", "en"), 200, sale}}, 0},
		"refused, and then answered": {fromAd(), []sent{
			{time.Hour, aTemplate("unheard_of", "en"), 404, free}, {3 * time.Hour, aText(), 200, free}, {74 * time.Hour, aTemplate("sale", "en"), 200, free},
		}, 75 * time.Hour},
		"a post is no ad": {post, []sent{{time.Hour, aText(), 200, service}, {2 * time.Hour, aTemplate("sale", "en"), 200, sale + cheaper}}, 0},
		"no ad":           {graphsim.Text("Hi"), []sent{{time.Hour, aText(), 200, service}}, 0},
	} {
		for _, delivered := range []bool{false, true} {
			t.Run(name+"/statuses="+strconv.FormatBool(delivered), func(t *testing.T) {
				w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy(""), Start: began}})
				for _, step := range (steps{list, ana.optsIn("all"), ana.says(shop, c.message)}) {
					step(t, w)
				}
				for _, s := range c.sends {
					w.Clock.Set(began.Add(s.after))
					resp, answer := w.Post(t, messages, s.body)
					if got := moneyIn(resp); resp.StatusCode != s.status || got != s.want {
						t.Errorf("after %s: %s, %s; want %d, %s: %s", s.after, resp.Status, got, s.status, s.want, answer)
					}
					if delivered {
						statuses(t, w)
					}
				}
				got, want := w.consentOf(t, shop, ana.name()).FreeUntil, began.Add(c.until)
				if (got == nil) != (c.until == 0) || got != nil && !got.Equal(want) {
					t.Errorf("free until %v, want %v", got, want)
				}
			})
		}
	}
}

// TestFreeEntryPointTold: Meta's word on a free entry point counts, also where nobody saw the
// answer that opened it, and more than what is expected.
func TestFreeEntryPointTold(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy(""), Start: time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)}})
	for _, step := range (steps{list, ana.optsIn("all"), ana.writes("Hello")}) {
		step(t, w)
	}
	is := func(want string) {
		t.Helper()
		resp, answer := w.Post(t, messages, aTemplate("sale", "en"))
		if got := resp.Header.Get("X-Waguard-Price-Type"); resp.StatusCode != http.StatusOK || got != want {
			t.Errorf("%s, %s; want %s: %s", resp.Status, got, want, answer)
		}
	}
	is("regular")
	now := w.Clock.Now()
	told := func(status, more string) step {
		return deliversRaw("messages", `{"messaging_product":"whatsapp","metadata":{"display_phone_number":"4930555123","phone_number_id":"`+shop+
			`"},"statuses":[{"id":"wamid.elsewhere","status":"`+status+`","timestamp":"`+strconv.FormatInt(w.Clock.Now().Unix(), 10)+`","recipient_id":"`+ana.Phone+`"`+more+`}]}`)
	}
	const pricing = `,"pricing":{"pricing_model":"PMP","type":"free_entry_point","category":"referral_conversion"}`
	told("delivered", pricing)(t, w)
	is("free_entry_point")
	until := now.Add(7 * 24 * time.Hour)
	told("sent", pricing+`,"conversation":{"id":"c","expiration_timestamp":"`+strconv.FormatInt(until.Unix(), 10)+`","origin":{"type":"referral_conversion"}}`)(t, w)
	if got := w.consentOf(t, shop, ana.name()).FreeUntil; got == nil || !got.Equal(until) {
		t.Errorf("free until %v, want %s", got, until)
	}
	w.Clock.Set(until.Add(-time.Second))
	is("free_entry_point")
	w.Clock.Set(until)
	is("regular")
	told("sent", `,"conversation":{"id":"d","expiration_timestamp":"`+strconv.FormatInt(until.Add(24*time.Hour).Unix(), 10)+`","origin":{"type":"service"}}`)(t, w)
	is("regular")
}

// TestFreeEntryPointShown: the command says until when, or that an answer would open one.
func TestFreeEntryPointShown(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy(""), Start: time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)}})
	p := &process{Process: gatewaytest.Process{File: w.log}}
	shown := func(want string) {
		t.Helper()
		out, errs, code := p.do(t, "consent", "get", "--address", w.Admin, "--business", shop, "--contact", ana.name())
		if !strings.Contains(out, want) || code != 0 {
			t.Errorf("%d %s%s, want %s", code, out, errs, want)
		}
	}
	for _, step := range (steps{list, ana.says(shop, fromAd())}) {
		step(t, w)
	}
	shown("ad not answered")
	text(ana, passes)(t, w)
	shown("free entry point")
	var page struct {
		Entries []adminapi.Line `json:"entries"`
	}
	w.admin(t, adminapi.RouteLedger.Path, `{"limit":1}`, &page)
	if len(page.Entries) != 1 || page.Entries[0].Entry != "ad" {
		t.Errorf("the ledger: %+v", page.Entries)
	}
	ana.says(shop, graphsim.Text("Please stop"))(t, w) // something that the log tells
}
