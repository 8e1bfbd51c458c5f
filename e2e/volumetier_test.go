package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// reachesTier is that Meta tells of a volume tier of utility messages.
func reachesTier(region, month, tier string, at time.Time) step {
	return deliversRaw("account_update", fmt.Sprintf(`{"event":"VOLUME_BASED_PRICING_TIER_UPDATE","volume_tier_info":{"tier_update_time":%d,"pricing_category":"UTILITY","tier":%q,"effective_month":%q,"region":%q}}`, at.Unix(), tier, month, region))
}

// templateCosts is what the next template costs, by the answer.
func templateCosts(p person, name, want string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		resp, answer := w.Post(t, messages, `{"messaging_product":"whatsapp",`+p.address()+templateBody(name)+`}`)
		if got := resp.Header.Get("X-Waguard-Price"); got != want {
			t.Errorf("%s costs %s, want %s: %s", name, got, want, answer)
		}
	}
}

// TestVolumeTierStory: what Meta tells of volume tiers beats what the gateway has counted, in
// prices, reports and lists, for its month, market and category, in whatever order it comes.
func TestVolumeTierStory(t *testing.T) {
	start := time.Date(2026, time.September, 10, 9, 0, 0, 0, time.UTC)
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("time_zone Europe/Berlin"), Start: start}})
	for _, step := range (steps{
		list, ana.optsIn("all"), templateCosts(ana, "parcel_ready", "0.0550"), statuses,
		after(time.Hour), reachesTier("GERMANY", "2026-09", "1000001:4500000", start.Add(30*time.Minute)),
		templateCosts(ana, "parcel_ready", "0.0495"), templateCosts(ana, "sale", "0.1365"), templateCosts(ana, "login_code", "0.0550"), statuses,
		// An older word, the same one again, other months, markets, and what is none.
		after(time.Hour), reachesTier("Germany", "2026-09", "100001:1000000", start.Add(20*time.Minute)), reachesTier("GERMANY", "2026-09", "1000001:4500000", start.Add(30*time.Minute)),
		reachesTier("GERMANY", "2026-10", "15000001:", start.Add(40*time.Minute)), reachesTier("INDIA", "2026-09", "100000001:200000000", start), reachesTier("ATLANTIS", "2026-09", "100001:1000000", start),
		templateCosts(ana, "parcel_ready", "0.0495"),
	}) {
		step(t, w)
	}
	var of adminapi.Volume
	volumes, err := api(t, w.Gateway).Volumes(t.Context(), adminapi.VolumeSelection{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range volumes.Volumes {
		if v.Category == billing.Utility && v.Market == "Germany" {
			of = v
		}
	}
	if of.Month != "2026-09" || of.Of != "account "+waba || of.Counted != 3 || of.Charged != 1000000 || of.TierFrom != 1000001 || of.TierTo != 4500000 ||
		of.UnitPrice == nil || of.UnitPrice.String() != "0.0495" || of.NextFrom != 4500001 || of.TierTold == nil || !of.TierTold.Equal(start.Add(30*time.Minute)) {
		t.Errorf("the volume is %+v", of)
	}
	var r billing.Report
	w.admin(t, "/whatsapp/report?by=category,day&month=2026-09&where=category%3Dutility", "", &r)
	if len(r.Totals) != 1 || r.Totals[0].Delivered != 2 || r.Totals[0].Actual.String() != "0.1045" { // one before the tiers, one after
		t.Errorf("the report has %+v", r.Totals)
	}
	w.restart(t, w.Clock.Now())
	templateCosts(ana, "parcel_ready", "0.0495")(t, w)
	addsUp(t, w.Gateway)
}

// TestVolumeCommands: an operator reads how far the month's volumes are.
func TestVolumeCommands(t *testing.T) {
	t.Parallel()
	_, upstream := newSim(t)
	p := newProcess(t, upstream, filepath.Join(t.TempDir(), "store"))
	p.configure(t, p.text(t))
	p.start(t)
	admin := " --address " + p.Admin
	p.wantCommand(t, 0, "budget volumes"+admin, "!Nothing has been sent in this month")
	p.wantCommand(t, 2, "budget volumes --month October"+admin, "!a month such as 2026-10")
	p.wantCommand(t, 0, "templates cost"+admin, "!No template has changed its category")
	p.wantCommand(t, 4, "templates cost nobody_made"+admin, "!no template", "!is known")
}
