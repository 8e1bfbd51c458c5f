package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestCampaignCost: before a campaign it is known what it costs, by market, and who would
// be refused and why.
func TestCampaignCost(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy()}})
	list(t, w)
	ana.optsIn("marketing")(t, w)
	for _, number := range []string{"+919876543210", "+5511987654321"} {
		if _, err := api(t, w.Gateway).Record(t.Context(), adminapi.RouteOptIn, adminapi.ConsentRequest{PhoneNumberID: shop, Contact: number, Scope: "marketing", Source: "website"}); err != nil {
			t.Fatal(err)
		}
	}
	ben.optsOut("all")(t, w)
	cost := func(template string, contacts ...string) string {
		t.Helper()
		c, err := api(t, w.Gateway).CampaignCost(t.Context(), &adminapi.CampaignCostRequest{PhoneNumberID: shop, Template: template, Language: "en", Contacts: contacts})
		if err != nil {
			t.Fatal(err)
		}
		all := []string{fmt.Sprint(c.People, " people, ", c.Pass, " pass, ", c.Refused, " refused")}
		for _, m := range c.Markets {
			all = append(all, fmt.Sprint(m.Messages, " ", m.Market, " ", m.Category, " ", m.PriceType, " ", m.UnitPrice, " ", m.Cost))
		}
		for _, r := range c.Refusals {
			all = append(all, fmt.Sprint(r.People, " ", r.Rule))
		}
		for _, total := range c.Totals {
			all = append(all, fmt.Sprint(total.Cost, " ", total.Currency, " and ", total.Unpriced, " unpriced"))
		}
		return strings.Join(all, "\n")
	}
	if got, want := cost("sale", ana.Phone, ana.Phone, ben.Phone, "+919876543210", "+5511987654321", "+15551234567", "not a number"), strings.Join([]string{
		"6 people, 3 pass, 3 refused",
		"1 Brazil marketing regular 0.0625 0.0625",
		"1 Germany marketing regular 0.1365 0.1365",
		"1 India marketing regular 0.0118 0.0118",
		"1 NO_CONSENT", "1 OPTED_OUT_MARKETING", "1 PARAMETER_INVALID",
		"0.2108 USD and 0 unpriced",
	}, "\n"); got != want {
		t.Errorf("the campaign comes to\n%s\nwant\n%s", got, want)
	}
	if got := w.sim.Sends(); len(got) > 0 {
		t.Errorf("something was sent: %+v", got)
	}
}

// TestCampaignCostCommand: a list as it is at hand, each person once.
func TestCampaignCostCommand(t *testing.T) {
	t.Parallel()
	_, p := serving(t)
	admin := " --address " + p.Admin
	file := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(file, []byte("name,phone\nAna,+4915112345678\nBen,+4915119876543\n\"Ana again\",+4915112345678\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	line := "campaign cost --phone-number-id " + shop + " --template sale --language en --to "
	p.wantCommand(t, 0, line+file+admin, "refused", "NO_CONSENT", "0 sent, 2 refused", "!1 lines name somebody who is on the list already")
	p.wantCommand(t, 0, line+file+" -o json"+admin, `"result":"refused"`, `"people":2`)
	if err := os.WriteFile(file, []byte("+4915112345678\nwho is that\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.wantCommand(t, 0, line+file+" --each"+admin, "+4915112345678", "NO_CONSENT", "who is that", "PARAMETER_INVALID")
	p.wantCommand(t, 2, line+filepath.Join(t.TempDir(), "nowhere")+admin, "!can't be read")
	p.wantCommand(t, 2, "campaign cost --phone-number-id "+shop+" --template sale --language en"+admin, "!--to")
}
