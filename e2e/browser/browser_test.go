//go:build browser

// Package browser opens the gateway's pages in a real browser: the opt-in form as a page,
// also without scripts, and as a widget in a page of another origin; and the bill. It needs
// node, the packages of package-lock.json and a Chromium, which a plain `go test ./...`
// must not.
//
//	apt-get install chromium
//	npm ci --prefix e2e/browser && go test -tags browser ./e2e/browser
package browser

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

const (
	shop   = "104455667788"
	inPage = "+4915112345678"
	plain  = "+4915112345679"
)

// hostPage is a page of the shop's, whose styles would spoil the form if they reached it,
// under a policy as strict as it can be with a form of another origin in it.
const hostPage = `<!doctype html><html lang="en"><head><title>Shop</title><meta charset="utf-8"><link rel="stylesheet" href="/shop.css"></head>
<body><main><h1>Shop</h1><p>Sale.</p><div id="here"></div></main><script src="GATEWAY/consent/widget.js" data-form="newsletter" data-target="#here" defer></script></body></html>`

const hostStyle = `:root{color-scheme:light dark} input,button,label{display:none!important}`

// TestForm runs drive.mjs, which fails where the form isn't as it should be for people, and
// looks what has arrived.
func TestForm(t *testing.T) {
	upstream := httptest.NewServer(http.NotFoundHandler())
	defer upstream.Close()
	gateway := ""
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/shop.css" {
			w.Header().Set("Content-Type", "text/css")
			_, _ = w.Write([]byte(hostStyle))
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src "+gateway+"; connect-src "+gateway)
		_, _ = w.Write([]byte(strings.ReplaceAll(hostPage, "GATEWAY", gateway)))
	}))
	defer host.Close()
	g := gatewaytest.Start(t, gatewaytest.Options{
		Upstream: upstream.URL,
		WhatsApp: "business " + shop + " {\nname \"Fox Shoes\"\nnumber +4930555123\n}",
		Site: `
	handle_path /consent/* {
		whatsapp_consent {
			origins ` + host.URL + `
			form newsletter {
				phone_number_id ` + shop + `
				scope marketing
				jurisdiction DE
				text en {
					privacy https://shop.example/privacy
					categories offers
					frequency "At most twice a month"
				}
				text de {
					privacy https://shop.example/privacy
					categories Angebote
					frequency "Höchstens zweimal im Monat"
				}
			}
		}
	}`,
	})
	gateway = g.URL
	// Each line that the driver writes is answered once the clock has moved on: forms that
	// are sent at once are not taken.
	drive(t, func() { g.Clock.Advance(100 * time.Second) }, "drive.mjs", gateway, host.URL, inPage, plain)
	for contact, want := range map[string]struct{ source, page, language string }{
		inPage: {"widget", host.URL + "/sale", "en"},
		plain:  {"signup_form", gateway + "/consent/form/newsletter", "de"},
	} {
		resp, body := g.AdminCall(t, adminapi.RouteHistory.Path, `{"phone_number_id":"`+shop+`","contact":"`+contact+`"}`)
		var h adminapi.History
		if err := json.Unmarshal(body, &h); err != nil || resp.StatusCode != http.StatusOK || len(h.History) != 1 {
			t.Errorf("what has arrived: %s %s", resp.Status, body)
			continue
		}
		r, e := h.History[0], h.History[0].Evidence
		if r.State != "pending" || string(r.Source) != want.source || e.PageURL != want.page || e.Language != want.language || !strings.Contains(e.UserAgent, "Chrome") || e.IP == "" ||
			!strings.Contains(e.Text, "Fox Shoes") || !strings.Contains(e.Text, "WhatsApp") {
			t.Errorf("what has arrived: %s", body)
		}
	}
}

// drive runs a driver in a Chromium, and fails with what it says has failed. When it waits for
// the clock, that is moved on.
func drive(t *testing.T, later func(), driver string, args ...string) {
	t.Helper()
	chromium := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && chromium == "" {
			chromium = path
		}
	}
	if chromium == "" {
		t.Fatal("there is no Chromium; with Debian, apt-get install chromium")
	}
	cmd := exec.Command("node", append([]string{driver, chromium}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for decoder := json.NewDecoder(out); ; {
		var line struct{ Wait, Failed, Did string }
		if decoder.Decode(&line) != nil {
			break
		}
		switch {
		case line.Wait != "":
			later()
			_, _ = in.Write([]byte("\n"))
		case line.Failed != "":
			t.Error(line.Failed)
		default:
			t.Log(line.Did)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the driver: %v", err)
	}
}
