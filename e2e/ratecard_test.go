package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestRateCardOption: the operator's card prices what is sent, a broken one refuses the
// configuration with its line, and a reload reads it anew.
func TestRateCardOption(t *testing.T) {
	const card = "\"USD rates, effective November 1, 2026\"\nMarket,Currency,Marketing,Utility,Authentication,\"Authentication-\nInternational\",Service\nGermany,USD,0.2000,0.1000,0.1000,n/a,0.1000\n"
	file := filepath.Join(t.TempDir(), "usd.csv")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(card)
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: "rate_card " + file + "\n" + withPolicy()}})
	list(t, w)
	ana.optsIn("all")(t, w)
	priceIs := func(want string) {
		t.Helper()
		resp, answer := w.Post(t, messages, aTemplate("sale", "en"))
		if got := resp.Header.Get("X-Waguard-Price") + " " + resp.Header.Get("X-Waguard-Card"); resp.StatusCode != http.StatusOK || got != want {
			t.Errorf("%s, %q; want %q: %s", resp.Status, got, want, answer)
		}
	}
	priceIs("0.2000 USD 2026-11-01")
	write(strings.Replace(card, "0.2000", "0.3000", 1))
	w.reload(t)
	priceIs("0.3000 USD 2026-11-01")
	rates, err := api(t, w.Gateway).Rates(t.Context())
	if err != nil || len(rates.Cards) != 4 || rates.Cards[3].Source != file {
		t.Errorf("%+v, %v", rates, err)
	}
}

// TestReloadReadsFilesAnew: a rate card that was edited in place holds after a reload of the
// same configuration, and a broken one is refused.
func TestReloadReadsFilesAnew(t *testing.T) {
	t.Parallel()
	const card = "\"effective November 1, 2026\"\nMarket,Currency,Marketing,Utility,Authentication,Service\nGermany,USD,0.2000,0.1000,0.1000,0.1000\n"
	file := filepath.Join(t.TempDir(), "usd.csv")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(card)
	_, upstream := newSim(t)
	p := newProcess(t, upstream, filepath.Join(t.TempDir(), "store"))
	p.WhatsApp = "rate_card " + file + "\n" + p.WhatsApp
	p.configure(t, p.text(t))
	p.start(t)
	reload, show := "reload --adapter caddyfile --config "+p.File, "rates show USD 2026-11-01 --address "+p.Admin
	p.wantCommand(t, 0, show, "0.2000")
	write(strings.Replace(card, "0.2000", "0.3000", 1))
	p.wantCommand(t, 0, reload)
	p.wantCommand(t, 0, show, "0.3000")
	write(strings.Replace(card, "0.2000", "0.4000", 1))
	p.wantCommand(t, 0, reload+" --force=false")
	p.wantCommand(t, 0, show, "0.3000")
	p.wantCommand(t, 0, reload+" --force")
	p.wantCommand(t, 0, show, "0.4000")
	write(strings.Replace(card, "0.2000", "dear", 1))
	p.wantCommand(t, 1, reload, "!line 3: the rate of marketing for Germany")
	p.wantCommand(t, 0, show, "0.4000")
}

// TestRatesCommands: cards are listed and shown by the running gateway, and files checked
// without one.
func TestRatesCommands(t *testing.T) {
	t.Parallel()
	_, p := serving(t)
	admin := " --address " + p.Admin
	p.wantCommand(t, 0, "rates list"+admin, "USD 2026-10-01", "unofficial", "EUR 2026-07-01")
	p.wantCommand(t, 0, "rates show --market Germany"+admin, "0.1365", "n/a", "!USD 2026-10-01")
	p.wantCommand(t, 0, "rates show --currency eur --on 2026-08-01 -o json"+admin, `"rate":"0.1131"`)
	p.wantCommand(t, 1, "rates show --currency INR"+admin, "!no rate card in INR")
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.csv"), filepath.Join(dir, "bad.csv")
	text := "\"effective January 1, 2027\"\nMarket,Currency,Marketing,Utility,Authentication,Service\nGermany,USD,0.1500,0.0550,0.0550,0.0550\n"
	if err := os.WriteFile(good, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bad, []byte(strings.Replace(text, "0.1500", "dear", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	p.wantCommand(t, 0, "rates check "+good, "Germany", "+9.9 %", "!the card USD 2027-01-01 with 1 markets")
	p.wantCommand(t, 5, "rates check "+bad, "!line 3: the rate of marketing for Germany")
	p.wantCommand(t, 0, "rates convert "+good, `"from": "2027-01-01"`, `"marketing": "0.1500"`)
	p.wantCommand(t, 2, "rates check "+filepath.Join(dir, "nowhere"), "!no such file")
	p.wantCommand(t, 2, "rates check", "!name the file with a rate card, or two cards")
	p.wantCommand(t, 5, "rates check "+good+" --fail-if-changed", "!rates differ")
	p.wantCommand(t, 0, "rates check "+good+" "+good+" --fail-if-changed", "!No rate differs")
	p.wantCommand(t, 0, "rates show "+good, "0.1500", "n/a", "!USD 2027-01-01, from "+good)
	p.wantCommand(t, 2, "rates show "+good+" --currency EUR", "!leave --currency and --on out")
	p.wantCommand(t, 0, "rates show USD 2026-04-01 --market Brazil"+admin, "0.0065 above 250,000")
	p.wantCommand(t, 1, "rates show USD 2026-04-02"+admin, "!no rate card USD 2026-04-02")
	p.wantCommand(t, 0, "rates list --shipped", "USD 2026-04-01")
	p.WhatsApp = "rate_card " + bad + "\n" + p.WhatsApp
	p.configure(t, p.text(t))
	p.wantCommand(t, 1, "validate --config "+p.File+" --adapter caddyfile", "!line 3: the rate of marketing for Germany")
}
