package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// toldOfCopies delivers statuses of the copies of the newest message to the group, in one
// webhook as Meta does, each as "number status" and behind that category and price type.
func toldOfCopies(statuses ...string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		var list []string
		for _, s := range statuses {
			f := strings.Fields(s)
			more := ""
			if len(f) > 2 {
				more = `,"pricing":{"billable":` + strconv.FormatBool(f[3] == "regular") + `,"pricing_model":"PMP","category":"` + f[2] + `","type":"` + f[3] + `"}`
			}
			if f[1] == "failed" {
				more = `,"errors":[{"code":131026,"title":"Message undeliverable"}]`
			}
			who := `"recipient_participant_id":"` + f[0] + `"`
			if strings.Contains(f[0], ".") {
				who = `"recipient_participant_user_id":"` + f[0] + `"`
			}
			list = append(list, fmt.Sprintf(`{"id":%q,"status":%q,"timestamp":"%d","recipient_type":"group","recipient_id":%q,%s%s}`, w.lastWamid, f[1], w.Clock.Now().Unix(), groupID, who, more))
		}
		deliversRaw("messages", `{"messaging_product":"whatsapp","metadata":{"display_phone_number":"4930555123","phone_number_id":"`+shop+`"},"statuses":[`+strings.Join(list, ",")+`]}`)(t, w)
	}
}

// copiesAre looks at the newest ledger entry: its copies by market, status and price type.
func copiesAre(result string, want ...string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		line := w.newest(t)
		var got []string
		for _, c := range line.Copies {
			told := ""
			if p := c.Delivery.Pricing; p != nil {
				told = " " + p.Type
			}
			got = append(got, c.Market+" "+string(c.Delivery.Status)+told)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) || line.Result() != result {
			t.Errorf("the copies are %q, %s; want %q, %s", got, line.Result(), want, result)
		}
	}
}

// chargedBy looks at the report of what was delivered, by category, market and price type.
func chargedBy(query string, want ...string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		var r billing.Report
		w.admin(t, "/whatsapp/report?by=category,market,price_type"+query, "", &r)
		var got []string
		for _, row := range r.Rows {
			if row.Delivered == 0 {
				continue
			}
			cost := row.Actual.String()
			if row.Unpriced > 0 {
				cost = "unknown"
			}
			got = append(got, strings.Join(strings.Fields(fmt.Sprint(row.Category, " ", row.Market, " ", row.PriceType, " ", row.Delivered, " ", cost)), " "))
		}
		slices.Sort(got) // rows come by price type before market
		if !slices.Equal(got, want) {
			t.Errorf("charged are\n\t%q\nwant\n\t%q", got, want)
		}
	}
}

// TestGroupPrice: a message to a group is one send of an unknown price, and each copy of it that
// reaches a member is charged at the member's market: once, whatever comes twice, late or in
// another order.
func TestGroupPrice(t *testing.T) {
	const (
		indian    = "919812345678"
		brazilian = "5511987654321"
		german    = "4915112345678"
		byID      = "SA.13491208655302741918"
		text      = group + `,"type":"text","text":{"body":"Secret message"}`
	)
	parcel := group + templateBody("parcel_ready")
	group := func(t testing.TB, w *world) {
		t.Helper()
		if err := w.sim.AddGroup(graphsim.Group{ID: groupID, Members: []graphsim.User{{Phone: "+" + german}, {Phone: "+" + indian}, {Phone: "+" + brazilian}}}); err != nil {
			t.Fatal(err)
		}
	}
	sent := func(fields, want string) step {
		return func(t testing.TB, w *world) {
			t.Helper()
			costs(fields, want)(t, w)
			all := w.sim.Sends()
			w.lastWamid = all[len(all)-1].ID
		}
	}
	silent := func(_ testing.TB, w *world) {
		w.sim.SetOutcome(func(graphsim.Send) graphsim.Outcome { return graphsim.Outcome{} })
	}
	three := []string{german + " delivered group_utility regular", indian + " delivered group_utility regular", brazilian + " delivered group_utility regular"}
	const tariff = "group_utility Brazil regular 1 0.0068|group_utility Germany regular 1 0.0550|group_utility India regular 1 0.0014"
	for _, test := range []struct {
		name  string
		start string
		steps steps
		want  string // what is charged, with bars between
	}{
		{"as Meta's stand-in does it", "2026-10-05T10:00:00Z", steps{sent(parcel, " regular unknown"), statuses, copiesAre("delivered (3 of 3 copies)", "Brazil delivered regular", "Germany delivered regular", "India delivered regular")}, tariff},
		{"all at once", "2026-10-05T10:00:00Z", steps{silent, sent(parcel, " regular unknown"), toldOfCopies(three...)}, tariff},
		{"twice", "2026-10-05T10:00:00Z", steps{silent, sent(parcel, " regular unknown"), toldOfCopies(three...), toldOfCopies(three...), toldOfCopies(three[1])}, tariff},
		{"one by one, late and out of order", "2026-10-05T10:00:00Z", steps{
			silent, sent(parcel, " regular unknown"), toldOfCopies(brazilian + " read"), after(40 * time.Hour), toldOfCopies(german+" read", brazilian+" sent group_utility regular"),
			toldOfCopies(german + " delivered group_utility regular"), toldOfCopies(three[1]), toldOfCopies(brazilian + " delivered"),
		}, tariff},
		{"one fails", "2026-10-05T10:00:00Z", steps{
			silent, sent(parcel, " regular unknown"), toldOfCopies(three[0], indian+" sent group_utility regular", brazilian+" failed"), toldOfCopies(indian + " failed"),
			copiesAre("delivered (1 of 3 copies)", "Brazil failed", "Germany delivered regular", "India failed regular"),
		}, "group_utility Germany regular 1 0.0550"},
		{"a member who is known by a user id alone", "2026-10-05T10:00:00Z", steps{silent, sent(parcel, " regular unknown"), toldOfCopies(byID + " delivered group_utility regular")}, "group_utility Saudi Arabia regular 1 0.0107"},
		{"nobody tells of the members", "2026-10-05T10:00:00Z", steps{
			silent, sent(parcel, " regular unknown"), func(t testing.TB, w *world) {
				deliversRaw("messages", fmt.Sprintf(`{"messaging_product":"whatsapp","metadata":{"display_phone_number":"4930555123","phone_number_id":%q},"statuses":[{"id":%q,"status":"delivered","timestamp":"%d","recipient_type":"group","recipient_id":%q}]}`,
					shop, w.lastWamid, w.Clock.Now().Unix(), groupID))(t, w)
			}, copiesAre("delivered"),
		}, "utility regular 1 unknown"},
		{"no status comes", "2026-10-05T10:00:00Z", steps{silent, sent(parcel, " regular unknown"), copiesAre("accepted")}, ""},
		{
			"free while the group's window is open", "2026-09-05T10:00:00Z",
			steps{inTheGroup, sent(parcel, " free_customer_service 0.0000"), sent(text, " free_customer_service 0.0000"), statuses},
			"group_service Brazil free_customer_service 1 0.0000|group_service Germany free_customer_service 1 0.0000|group_service India free_customer_service 1 0.0000|group_utility Brazil free_customer_service 1 0.0000|group_utility Germany free_customer_service 1 0.0000|group_utility India free_customer_service 1 0.0000",
		},
		{"texts from October on: each copy is one of the thousand, and then one charge", "2026-10-05T10:00:00Z", steps{
			ana.writes("Hello"), times(997, costs(aReply(ana), "Germany free_allowance 0.0000")), after(time.Hour),
			inTheGroup, sent(text, " regular unknown"), statuses, costs(aReply(ana), "Germany regular 0.0550"), after(time.Hour), sent(text, " regular unknown"), statuses,
		}, "group_service Brazil free_customer_service 1 0.0000|group_service Brazil regular 1 0.0068|group_service Germany free_customer_service 1 0.0000|group_service Germany regular 1 0.0550|group_service India free_customer_service 1 0.0000|group_service India regular 1 0.0014|service Germany free_customer_service 997 0.0000|service Germany regular 1 0.0550"},
	} {
		t.Run(test.name, func(t *testing.T) {
			start, err := time.Parse(time.RFC3339, test.start)
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("groups allow"), Start: start}, sim: graphsim.Options{QueueLimit: 20_000}})
			var want []string
			if test.want != "" {
				want = strings.Split(test.want, "|")
			}
			for _, step := range slices.Concat(steps{list, group}, test.steps, steps{chargedBy("", want...)}) {
				step(t, w)
			}
			addsUp(t, w.Gateway)
			for _, number := range []string{indian, brazilian} {
				if line := fmt.Sprintf("%+v", w.newest(t)); strings.Contains(line, number) {
					t.Errorf("the ledger tells a number: %s", line)
				}
			}
		})
	}
}

// inTheGroup lets a member write to the group.
func inTheGroup(t testing.TB, w *world) {
	t.Helper()
	m := graphsim.Text("Hello all")
	m.GroupID = groupID
	ana.says(shop, m)(t, w)
}

// TestGroupUnderABudget: copies count under budgets once statuses tell what they cost, and
// those that fail are given back.
func TestGroupUnderABudget(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: strings.Replace(budget("amount 1 USD", "of everything", "warn off"), "waba", "groups allow\nwaba", 1)}})
	spent := func(want string) step {
		return func(t testing.TB, w *world) {
			t.Helper()
			for _, ask := range []func(*adminapi.Client) (*adminapi.Budgets, error){
				func(c *adminapi.Client) (*adminapi.Budgets, error) { return c.Budgets(t.Context()) },
				func(c *adminapi.Client) (*adminapi.Budgets, error) { return c.RebuildBudgets(t.Context(), "") },
			} {
				b, err := ask(api(t, w.Gateway))
				if err != nil {
					t.Fatal(err)
				}
				if got := fmt.Sprint(b.Budgets[0].Spent, " ", b.Budgets[0].Messages, " ", b.Budgets[0].Unpriced); got != want {
					t.Errorf("spent are %s, want %s", got, want)
				}
			}
		}
	}
	for _, step := range (steps{
		list, addGroup, func(_ testing.TB, w *world) {
			w.sim.SetOutcome(func(graphsim.Send) graphsim.Outcome { return graphsim.Outcome{} })
		},
		send(shop, group+templateBody("sale"), "allow GROUPS_ALLOWED marketing by business"), spent("0.0000 1 1"),
		toldOfCopies("4915112345678 sent group_marketing regular", "919812345678 sent group_marketing regular"), spent("0.1483 2 0"),
		toldOfCopies("919812345678 failed"), spent("0.1365 1 0"),
		toldOfCopies("4915112345678 delivered group_marketing regular"), spent("0.1365 1 0"),
	}) {
		step(t, w)
	}
	addsUp(t, w.Gateway)
}
