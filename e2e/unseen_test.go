package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestUnseenStory: what somebody sends past the gateway is counted by what Meta tells the
// webhook, once, and nothing that went through the gateway is.
func TestUnseenStory(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("time_zone Europe/Berlin"), Start: time.Date(2026, time.October, 5, 21, 30, 0, 0, time.UTC)}})
	past := func(wamid, status, pricing string) step {
		return func(t testing.TB, w *world) {
			deliversRaw("messages", fmt.Sprintf(`{"messaging_product":"whatsapp","metadata":{"display_phone_number":"4930555123","phone_number_id":%q},"statuses":[{"id":%q,"status":%q,"timestamp":"%d","recipient_id":"4915112345678"%s}]}`,
				shop, wamid, status, w.Clock.Now().Unix(), pricing))(t, w)
		}
	}
	const marketing = `,"pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"marketing"}`
	for _, step := range (steps{
		list, ana.optsIn("all"), tagged(ana, "sale", "", "CONSENT", ""), statuses,
		past("wamid.past1", "sent", marketing), past("wamid.past1", "delivered", marketing), past("wamid.past1", "delivered", marketing), past("wamid.past2", "failed", ""),
		after(time.Hour), past("wamid.past3", "read", marketing), // on the sixth, in Berlin
	}) {
		step(t, w)
	}
	counted := func(s adminapi.UnseenSelection) string {
		t.Helper()
		r, err := api(t, w.Gateway).Unseen(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		rows := []string{r.TimeZone}
		for _, row := range r.Rows {
			rows = append(rows, strings.TrimSpace(fmt.Sprintf("%s %s %s: %d, %d delivered, %d failed, %d billable", row.Day, row.Category, row.PriceType, row.Messages, row.Delivered, row.Failed, row.Billable)))
		}
		return strings.Join(rows, " | ")
	}
	if got, want := counted(adminapi.UnseenSelection{}), "Europe/Berlin"; got != want {
		t.Errorf("at once: %s, want %s: a send may still be found", got, want)
	}
	after(3*time.Hour)(t, w)
	const fifth = "2026-10-05  : 1, 0 delivered, 1 failed, 0 billable | 2026-10-05 marketing regular: 1, 1 delivered, 0 failed, 1 billable"
	for _, asked := range []struct {
		adminapi.UnseenSelection
		want string
	}{
		{adminapi.UnseenSelection{}, "Europe/Berlin | " + fifth + " | 2026-10-06 marketing regular: 1, 1 delivered, 0 failed, 1 billable"},
		{adminapi.UnseenSelection{Month: "2026-10"}, "Europe/Berlin | " + fifth + " | 2026-10-06 marketing regular: 1, 1 delivered, 0 failed, 1 billable"},
		{adminapi.UnseenSelection{To: "2026-10-06"}, "Europe/Berlin | " + fifth},
		{adminapi.UnseenSelection{Month: "2026-09"}, "Europe/Berlin"},
	} {
		if got := counted(asked.UnseenSelection); got != asked.want {
			t.Errorf("%+v:\n got %s\nwant %s", asked.UnseenSelection, got, asked.want)
		}
	}
	if _, err := api(t, w.Gateway).Unseen(t.Context(), adminapi.UnseenSelection{Month: "October"}); err == nil || !strings.Contains(err.Error(), "is no month") {
		t.Errorf("of no month: %v", err)
	}
	if table := wantCommandOf(t, w, "ledger unseen --from 2026-10-06"); !strings.Contains(table, "2026-10-06  marketing  regular") || strings.Contains(table, "2026-10-05") {
		t.Errorf("the command prints\n%s", table)
	}
}
