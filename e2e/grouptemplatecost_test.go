package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestGroupTemplateCost: a template that goes to a group is sent once, however many copies
// there are, and what another category costs is of each copy that was delivered; also where
// only one of its languages changes.
func TestGroupTemplateCost(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: "tag team crm\n" + withPolicy("groups allow"), Start: time.Date(2026, time.October, 5, 10, 0, 0, 0, time.UTC)}})
	const name = "parcel_ready"
	if err := w.sim.AddGroup(graphsim.Group{ID: groupID, Members: []graphsim.User{{Phone: "+4915112345678"}, {Phone: "+919812345678"}, {Phone: "+5511987654321"}}}); err != nil {
		t.Fatal(err)
	}
	english, err := w.sim.Template(name, "en")
	if err != nil {
		t.Fatal(err)
	}
	list(t, w)
	header := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}, "X-Waguard-Tag": {"team=crm"}}
	if resp, answer := gatewaytest.Do(t, http.MethodPost, w.URL+messages, `{"messaging_product":"whatsapp",`+group+templateBody(name)+`}`, header); resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", resp.Status, answer)
	}
	statuses(t, w)
	says := func(c *adminapi.TemplateCost) string {
		var said []string
		for _, m := range c.Markets {
			said = append(said, fmt.Sprint(m.Market, " ", m.Delivered, " ", m.CostBefore, " ", m.Cost))
		}
		slices.Sort(said)
		for _, u := range slices.Concat(c.Numbers, c.Tags, c.Senders) {
			said = append(said, fmt.Sprint(u.Number, u.Value, u.Sender != "", " ", u.Sends))
		}
		return strings.Join(said, ", ")
	}
	const want = "Brazil 1 0.0068 0.0625, Germany 1 0.0550 0.1365, India 1 0.0014 0.0118, " + shop + "false 1, crmfalse 1, true 1"
	if got := says(costOf(t, w, adminapi.TemplateCostSelection{Name: name, As: "marketing"})); got != want {
		t.Errorf("as marketing: %s, want %s", got, want)
	}
	german := english
	german.ID, german.Language = "", "de"
	w.sim.PutTemplate(german)
	for _, step := range (steps{list, after(time.Hour), categoryBecomes(name, "MARKETING", false)}) {
		step(t, w)
	}
	c := costOf(t, w, adminapi.TemplateCostSelection{Name: name})
	if !slices.Equal(c.Languages, []string{"en"}) {
		t.Errorf("the languages %q change, want English alone", c.Languages)
	}
	if got := says(c); got != want {
		t.Errorf("where one language changes: %s, want %s", got, want)
	}
	addsUp(t, w.Gateway)
}
