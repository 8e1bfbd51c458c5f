package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// syncedWorld is a gateway with two numbers of one account that lists its templates by
// itself, with a token from a file.
func syncedWorld(t *testing.T) (w *world, token string) {
	t.Helper()
	token = filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("sync-token-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("WAGUARD_TEST_META_TOKEN_FILE", token)
	w = newWorld(t, options{Options: gatewaytest.Options{
		Forwards: true,
		WhatsApp: inGermany + "\nbusiness " + support + " {\nwaba " + waba + "\n}\ntemplate_sync {\ntoken {file." + token + "}\nevery 1h\n}",
	}})
	w.secrets = append(w.secrets, "sync-token")
	return w, token
}

// listings are how often the first page of the list was asked for, by the tokens shown.
func listings(w *world) (n int, tokens string) {
	for _, r := range w.sim.Requests() {
		if r.Method == http.MethodGet && strings.Contains(r.RequestURI, "/message_templates") && !strings.Contains(r.RequestURI, "after=") {
			n++
			tokens = r.Header.Get("Authorization")
		}
	}
	return n, tokens
}

// TestTemplateSync: the gateway lists the templates of its accounts by itself, each account
// once however many numbers it has: at its start, every hour, after a webhook, and after a
// failure again, with the token that its file has by then.
func TestTemplateSync(t *testing.T) {
	w, token := syncedWorld(t)
	listed := func(want int) func() bool {
		return func() bool { n, _ := listings(w); return n >= want }
	}
	eventually(t, "not listed at the start", listed(1))
	eventually(t, "the templates are not known", func() bool { return strings.Contains(string(catalogueOf(t, w)), `"listed":"`) })
	ana.optsIn("transactional")(t, w)
	template(ana, "parcel_ready", passesUtility)(t, w)
	template(ana, "never_made", notListed)(t, w)

	after(30*time.Minute)(t, w)
	templateIs("draft", "APPROVED")(t, w)
	after(30*time.Second)(t, w)
	eventually(t, "not listed after a webhook", listed(2))

	w.sim.Inject(graphsim.Fault{Endpoint: graphsim.EndpointTemplates, Code: 190, Times: 1})
	after(70*time.Minute)(t, w)
	eventually(t, "no warning", func() bool {
		lines := w.logLines(t, "whatsapp.template_sync", "could not list the templates of an account")
		return len(lines) == 1 && strings.Contains(lines[0]["error"].(string), "the access token has expired")
	})
	if _, doctor := w.AdminCall(t, adminapi.RouteDoctor.Path, ""); !strings.Contains(string(doctor), "template_sync can't list the templates of account "+waba) {
		t.Errorf("doctor finds %s", doctor)
	}
	if err := os.WriteFile(token, []byte("sync-token-2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	after(2*time.Minute)(t, w)
	eventually(t, "not listed again", listed(4))
	if n, shown := listings(w); n != 4 || shown != "Bearer sync-token-2" {
		t.Errorf("listed %d times, last with %s", n, shown)
	}
}

// TestTemplateSyncNow: an operator has them listed at once.
func TestTemplateSyncNow(t *testing.T) {
	w, _ := syncedWorld(t)
	var done adminapi.TemplateSync
	w.admin(t, adminapi.RouteTemplatesSync.Path, `{}`, &done)
	if len(done.Accounts) != 1 || done.Accounts[0].WABA != waba || done.Accounts[0].Templates != len(templates()) || done.Accounts[0].Error != "" || done.Accounts[0].Listed == nil {
		t.Errorf("it came to %+v", done)
	}
	w.sim.Inject(graphsim.Fault{Endpoint: graphsim.EndpointTemplates, Code: 190, Times: 1})
	w.admin(t, adminapi.RouteTemplatesSync.Path, `{}`, &done)
	if !strings.Contains(done.Accounts[0].Error, "code 190") {
		t.Errorf("with a token that has expired it came to %+v", done)
	}
	if err := w.Load(); err != nil {
		t.Fatal(err)
	}
	template(ben, "never_made", "refuse TEMPLATE_UNKNOWN 404/132001 unknown by business")(t, w)
}

// TestTemplateSyncNeedsUpstream: without a guard that passes requests on itself there is no
// way to Meta, and the configuration says so.
func TestTemplateSyncNeedsUpstream(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	w.Options.WhatsApp = inGermany + "\ntemplate_sync {\ntoken x\n}"
	if err := w.Load(); err == nil || !strings.Contains(err.Error(), "template_sync lists templates by the upstream of a whatsapp_guard") {
		t.Errorf("loading it ends with %v", err)
	}
	text(ana, windowClosed)(t, w) // as before
}

// catalogueOf is what is known of templates.
func catalogueOf(t testing.TB, w *world) []byte {
	t.Helper()
	_, body := w.AdminCall(t, "/whatsapp/templates", "")
	return body
}
