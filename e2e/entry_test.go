package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// entered looks at how a person came into the window that is open.
func (p person) entered(want string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if got := w.consentOf(t, shop, p.name()).Entry; got != want {
			t.Errorf("%s came by %q, want %q", p.Name, got, want)
		}
	}
}

// sentWithin looks at how, by the ledger, the recipient of the newest send came.
func sentWithin(want string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		var page struct {
			Entries []adminapi.Line `json:"entries"`
		}
		w.admin(t, adminapi.RouteLedger.Path, `{"limit":1}`, &page)
		if len(page.Entries) != 1 || page.Entries[0].Entry != want {
			t.Errorf("by the ledger they came by %+v, want %q", page.Entries, want)
		}
	}
}

const withEntries = foxShoes + `
entry qr:window "Hello from the shop window" F7Q
entry link:newsletter "Olá, vi o boletim!"`

// TestEntrySources: how somebody came is known by the message that a link or code had
// ready, or by the ad they tapped, and stands with their window and what is sent in it.
func TestEntrySources(t *testing.T) {
	log := filepath.Join(t.TempDir(), "decisions.log")
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withEntries + "\ndecision_log file " + log}})
	for _, step := range (steps{
		list, ana.entered(""), ana.writes("Hello"), ana.entered("direct"), text(ana, passes), sentWithin("direct"),
		after(time.Minute), ana.writes(" hello from the SHOP window!! "), ana.entered("qr:window"), text(ana, passes), sentWithin("qr:window"),
		after(time.Hour), ana.writes("Are you open?"), ana.entered("qr:window"),
		after(time.Minute), ana.writes("OLA vi o boletim"), ana.entered("link:newsletter"), text(ana, passes), sentWithin("link:newsletter"),
		after(time.Minute), ana.says(shop, graphsim.Text("Hi").FromAd("1200", "Aff")), ana.entered("ad"), text(ana, passes), sentWithin("ad"),
		after(25 * time.Hour), ana.entered(""), ana.optsIn("marketing"), template(ana, "sale", toMarketing), sentWithin(""),
		ana.writes("Hello"), ana.entered("direct"),
		ben.writes("f7q"), ben.entered("qr:window"), ben.writes("Hello from the shop window, are you open?"), ben.entered("qr:window"),
	}) {
		step(t, w)
	}
	lines, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(lines), `"entry":"qr:window"`) || !strings.Contains(string(lines), `"entry":"ad"`) {
		t.Errorf("the decision log: %s", lines)
	}
}

// TestLink: a link has the message ready by which it is known who used it; where the
// configuration doesn't tell so, its line is shown.
func TestLink(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withEntries, Site: formSite(twice, "")}})
	ask := func(body string) (int, adminapi.Link) {
		t.Helper()
		resp, answer := w.AdminCall(t, adminapi.RouteLink.Path, body)
		var l adminapi.Link
		if resp.StatusCode == http.StatusOK {
			if err := json.Unmarshal(answer, &l); err != nil {
				t.Fatal(err)
			}
		}
		return resp.StatusCode, l
	}
	of := `{"phone_number_id":"` + shop + `","text":"Hello from the shop window"`
	status, l := ask(of + `,"source":"qr:window"}`)
	u, err := url.Parse(l.Link)
	if status != http.StatusOK || err != nil || u.Host+u.Path != "wa.me/4930555123" || u.Query().Get("text") != "Hello from the shop window" || !l.Recognised || l.Configure != "" || l.QR.Size < 29 {
		t.Errorf("%d %+v", status, l)
	}
	if _, l = ask(of + `}`); l.Source != "qr:window" || !l.Recognised {
		t.Errorf("without a source: %+v", l)
	}
	if _, l = ask(of + `,"source":"qr:door"}`); l.Recognised || l.Configure != "entry qr:door `Hello from the shop window`" {
		t.Errorf("not configured: %+v", l)
	}
	ana.writes(u.Query().Get("text"))(t, w)
	ana.entered("qr:window")(t, w)
	for _, wrong := range []string{`{"phone_number_id":"` + shop + `"}`, of + `,"source":"poster"}`, of + `,"colour":"red"}`, `{"text":"x"}`} {
		if status, _ := ask(wrong); status != http.StatusBadRequest {
			t.Errorf("%s: %d", wrong, status)
		}
	}
}

// TestLinkCommand: the command prints the link, draws its code into a file, and says on
// standard error what the configuration lacks.
func TestLinkCommand(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withEntries}})
	ana.writes("Please stop")(t, w) // something that the log tells
	dir, p := t.TempDir(), &process{Process: gatewaytest.Process{File: w.log}}
	link := func(words ...string) (string, string, int) {
		return p.do(t, append([]string{"link", "--address", w.Admin, "--phone-number-id", shop, "--text", "Hello from the shop window"}, words...)...)
	}
	const want = "https://wa.me/4930555123?text=Hello%20from%20the%20shop%20window\n"
	out, errs, code := link("--source", "qr:window", "--qr", filepath.Join(dir, "window.svg"))
	drawn, err := os.ReadFile(filepath.Join(dir, "window.svg"))
	if out != want || errs != "" || code != 0 || err != nil || !strings.HasPrefix(string(drawn), "<svg ") {
		t.Errorf("%d %q %q, %v %.20s", code, out, errs, err, drawn)
	}
	if out, _, code = link("--qr", "-"); code != 0 || out != string(drawn) {
		t.Errorf("to standard output: %d %.40q", code, out)
	}
	if _, _, code = link("--qr", filepath.Join(dir, "window.png")); code != 0 {
		t.Errorf("a PNG: %d", code)
	}
	if drawn, err = os.ReadFile(filepath.Join(dir, "window.png")); err != nil || !strings.HasPrefix(string(drawn), "\x89PNG") {
		t.Errorf("a PNG: %v %.10q", err, drawn)
	}
	if out, errs, code = link("--source", "qr:door"); out != want || code != 0 || !strings.Contains(errs, "entry qr:door `Hello from the shop window`") {
		t.Errorf("not configured: %d %q %q", code, out, errs)
	}
	if _, errs, code = link("--qr", "window.gif"); code != 2 || !strings.Contains(errs, ".svg or .png") {
		t.Errorf("a GIF: %d %q", code, errs)
	}
}
