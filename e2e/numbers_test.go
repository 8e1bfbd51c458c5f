package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// sent is what a sender got.
type sent struct {
	status int
	rule   string
	body   string
}

// sendTo sends a body to a business number's messages.
func (w *world) sendTo(t testing.TB, body string) sent {
	t.Helper()
	resp, raw := w.Post(t, "/v25.0/"+shop+"/messages", body)
	return sent{resp.StatusCode, resp.Header.Get("X-Waguard-Rule"), string(raw)}
}

func (a sent) want(t testing.TB, what string, status int, rule string, says ...string) {
	t.Helper()
	if a.status != status || a.rule != rule {
		t.Errorf("%s: got %d %s, want %d %s: %s", what, a.status, a.rule, status, rule, a.body)
	}
	for _, s := range says {
		if !strings.Contains(a.body, s) {
			t.Errorf("%s: the answer doesn't say %q: %s", what, s, a.body)
		}
	}
}

func textTo(to string) string {
	return `{"messaging_product":"whatsapp","recipient_type":"individual","to":` + to + `,"type":"text","text":{"body":"hi"}}`
}

func saleTo(to string) string {
	return `{"messaging_product":"whatsapp","to":` + to + `,"type":"template","template":{"name":"sale","language":{"code":"en"}}}`
}

// bareShop is a shop whose account is known.
func bareShop(lines ...string) string {
	return "business " + shop + " {\nname Shop\nwaba " + waba + "\n" + strings.Join(lines, "\n") + "\n}"
}

// abroadBare are people whose digits can also be read as a German number.
var abroadBare = []string{"447700900123", "33612345678", "5511987654321", "12125550147", "919876543210", "36201234567"}

// Programs write digits without plus, as webhooks name people. A German business
// answers whoever wrote, wherever they are, and it makes no difference whether the
// business's country is known yet.
func TestBareNumbersAreWhoWrote(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: bareShop("country_pack off")}})
	gatewaytest.Do(t, "GET", w.URL+"/v25.0/"+waba+"/message_templates?limit=100", "", http.Header{"Authorization": {"Bearer test-token"}})
	for _, digits := range abroadBare {
		person{graphsim.User{Phone: "+" + digits}}.optsIn("marketing")(t, w)
		w.sendTo(t, saleTo(`"`+digits+`"`)).want(t, digits+": template before any webhook", 200, "CONSENT")
	}
	for _, digits := range abroadBare {
		if _, err := w.sim.Inbound(t.Context(), shop, graphsim.User{Phone: "+" + digits, Name: "Ana"}, graphsim.Text("Hello")); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(time.Second)
		w.sendTo(t, textTo(`"`+digits+`"`)).want(t, digits+": answer", 200, "WINDOW_OPEN")
		if e, c := w.newest(t), w.consentOf(t, shop, "+"+digits); e.Contact != c.Contact.String() || e.Initiation != "user" {
			t.Errorf("%s: the ledger has contact %s by %s, want %s by user", digits, e.Contact, e.Initiation, c.Contact)
		}
		w.sendTo(t, textTo(digits)).want(t, digits+": answer, as a JSON number", 200, "WINDOW_OPEN")
		w.sendTo(t, saleTo(`"`+digits+`"`)).want(t, digits+": template after the webhook", 200, "CONSENT")
		form := url.Values{"messaging_product": {"whatsapp"}, "to": {digits}, "type": {"text"}, "text": {`{"body":"hi"}`}}.Encode()
		resp, raw := gatewaytest.Do(t, "POST", w.URL+"/v25.0/"+shop+"/messages", form, http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": {"Bearer test-token"},
		})
		sent{resp.StatusCode, resp.Header.Get("X-Waguard-Rule"), string(raw)}.want(t, digits+": answer, as a form", 200, "WINDOW_OPEN")
	}
	for _, e := range allEntries(t, w.Gateway, "ledger") {
		if e.Market == "Germany" {
			t.Errorf("a send abroad is billed for Germany: %+v", e)
		}
	}
	if violations := allEntries(t, w.Gateway, "violations"); len(violations) > 0 {
		t.Errorf("there are violations: %+v", violations)
	}
}

// An opt-out of the person a number could also be read as holds, and says that the
// plus is missing.
func TestBareNumberWithOptedOutReading(t *testing.T) {
	const digits, other = "447700900123", "+49447700900123"
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: bareShop("number +4930555123")}})
	british := person{graphsim.User{Phone: "+" + digits, Name: "Ana"}}
	british.writes("Hello")(t, w)
	w.sendTo(t, textTo(`"`+digits+`"`)).want(t, "before the opt-out", 200, "WINDOW_OPEN")
	record(t, w.Gateway, adminapi.RouteOptOut, about(shop, other))
	w.sendTo(t, textTo(`"`+digits+`"`)).want(t, "after the opt-out", 403, "OPTED_OUT", "has no plus sign", "can be read as two numbers", "opted out", "write + and the country code")
	w.sendTo(t, textTo(`"+`+digits+`"`)).want(t, "with plus", 200, "WINDOW_OPEN")
	if a := w.sendTo(t, textTo(`"00`+digits+`"`)); a.rule != "WINDOW_OPEN" { // which the simulated API doesn't take
		t.Errorf("with 00: got %+v", a)
	}
}

func TestBareNumbersOption(t *testing.T) {
	const digits = "447700900123"
	for _, c := range []struct {
		value, rule string
		status      int
		says        string
	}{
		{"international", "WINDOW_OPEN", 200, ""},
		{"both", "WINDOW_CLOSED", 400, ""},
		{"refuse", "RECIPIENT_INVALID", 400, "has no plus sign"},
	} {
		t.Run(c.value, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: bareShop("number +4930555123", "bare_numbers "+c.value)}})
			person{graphsim.User{Phone: "+" + digits, Name: "Ana"}}.writes("Hello")(t, w)
			ana.writes("Hello")(t, w)
			w.sendTo(t, textTo(`"`+digits+`"`)).want(t, "bare", c.status, c.rule, c.says)
			w.sendTo(t, textTo(`"+`+digits+`"`)).want(t, "with plus", 200, "WINDOW_OPEN")
			if c.value == "refuse" {
				w.sendTo(t, textTo(`"`+ana.Phone[1:]+`"`)).want(t, "bare, one reading", 400, "RECIPIENT_INVALID", "write + and the country code")
			} else {
				w.sendTo(t, textTo(`"`+ana.Phone[1:]+`"`)).want(t, "bare, one reading", 200, "WINDOW_OPEN")
			}
		})
	}
}

// Where Meta puts the business's country code before digits that are a number
// abroad, its answer shows it: a violation of its own, and the next send with the
// same digits is judged by the person Meta meant.
func TestSentToAnother(t *testing.T) {
	const digits = "3212345678" // in Belgium, and in the United States
	var o options
	o.WhatsApp = bareShop()
	o.sim.Numbers = []graphsim.Number{{ID: shop, Display: "+1 212 555 0100", Name: "Shop", CountryCode: "1"}}
	w := newWorld(t, o)
	w.secrets = append(w.secrets, digits)
	belgian := person{graphsim.User{Phone: "+" + digits, Name: "Bea"}}
	american := person{graphsim.User{Phone: "+1" + digits, Name: "Sam"}}
	belgian.writes("Hello")(t, w)

	w.sendTo(t, textTo(`"`+digits+`"`)).want(t, "to the Belgian", 200, "WINDOW_OPEN")
	lines := w.logLines(t, "http.handlers.whatsapp_guard", "send went to another person")
	if len(lines) != 1 || lines[0]["level"] != "warn" || lines[0]["rule"] != "SENT_TO_ANOTHER" || lines[0]["contact"] != w.consentOf(t, shop, belgian.Phone).Contact.String() || lines[0]["reached"] != w.consentOf(t, shop, american.Phone).Contact.String() {
		t.Errorf("the log says %v", lines)
	}
	for _, rule := range []string{"", "SENT_TO_ANOTHER"} {
		p := pageOf(t, w.Gateway, "violations", adminapi.Selection{Rule: rule})
		if len(p.Entries) != 1 || p.Entries[0].Rule != "SENT_TO_ANOTHER" || p.Entries[0].Decision != "allow" || !strings.Contains(p.Entries[0].Reason, "no plus sign") || p.Entries[0].Outcome.ReachedOther == nil {
			t.Errorf("the violations are %+v", p.Entries)
		}
	}
	p := pageOf(t, w.Gateway, "ledger", adminapi.Selection{})
	if len(p.Entries) != 1 || p.Entries[0].Rule != "WINDOW_OPEN" || *p.Entries[0].Outcome.ReachedOther != w.consentOf(t, shop, american.Phone).Contact {
		t.Errorf("the ledger has %+v", p.Entries)
	}
	if n := len(pageOf(t, w.Gateway, "ledger", adminapi.Selection{Contact: american.Phone}).Entries); n != 1 {
		t.Errorf("%d sends are known to have reached the American, want 1", n)
	}
	_, metrics := w.AdminCall(t, "/metrics", "")
	if _, count, ok := strings.Cut(string(metrics), "\ncaddy_whatsapp_sent_to_another_total "); !ok || count[0] == '0' {
		t.Error("the metric caddy_whatsapp_sent_to_another_total does not count the send")
	}
	if c := w.consentOf(t, shop, american.Phone); c.WindowOpen {
		t.Error("the Belgian's window is open for the American")
	}

	// Read correctly from now on, also by a gateway that was started again.
	w.sendTo(t, textTo(`"`+digits+`"`)).want(t, "the same digits again", 400, "WINDOW_CLOSED", "write + and the country code")
	american.writes("Hello")(t, w)
	w.sendTo(t, textTo(`"`+digits+`"`)).want(t, "the same digits, the American wrote", 200, "WINDOW_OPEN")
	if e := w.newest(t); e.Contact != w.consentOf(t, shop, american.Phone).Contact.String() || !strings.Contains(e.Market, "North America") {
		t.Errorf("the ledger has %+v", e)
	}
	if lines := w.logLines(t, "http.handlers.whatsapp_guard", "send went to another person"); len(lines) != 1 {
		t.Errorf("%d sends are reported to have gone to somebody else, want 1", len(lines))
	}
	w.sendTo(t, textTo(`"+`+digits+`"`)).want(t, "the Belgian with plus", 200, "WINDOW_OPEN")
}

// A Brazilian fixed line and a mobile that differ in the ninth digit alone are two
// people: what one says is not the other's word.
func TestFixedLineAndMobileAreTwoPeople(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: bareShop()}})
	fixed := person{graphsim.User{Phone: "+551134567890", Name: "Fixa"}}
	mobile := person{graphsim.User{Phone: "+5511934567890", Name: "Cel"}}
	fixed.writes("STOP")(t, w)
	mobile.writes("Oi")(t, w)
	for _, to := range []string{`"+5511934567890"`, `"5511934567890"`} {
		w.sendTo(t, textTo(to)).want(t, "the mobile", 200, "WINDOW_OPEN")
	}
	mobile.optsIn("marketing")(t, w)
	w.sendTo(t, saleTo(`"+5511934567890"`)).want(t, "marketing to the mobile", 200, "CONSENT")
	w.sendTo(t, saleTo(`"+551134567890"`)).want(t, "marketing to the fixed line", 400, "OPTED_OUT_MARKETING")
	// One line with two spellings stays one person.
	person{graphsim.User{Phone: "+5511987654321", Name: "Ana"}}.writes("Oi")(t, w)
	w.sendTo(t, textTo(`"551187654321"`)).want(t, "a mobile without its ninth digit", 200, "WINDOW_OPEN")
}

// A parent id is one by its field, also without ENT., and a user id of the same
// spelling is somebody else.
func TestUserIDsByField(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: bareShop()}})
	const parent, own = "US.1182334455", "US.40817726355190042"
	person{graphsim.User{UserID: own, ParentUserID: parent, Name: "Una", HidePhone: true}}.writes("Hello")(t, w)
	to := func(id string) string {
		return fmt.Sprintf(`{"messaging_product":"whatsapp","recipient":%q,"type":"text","text":{"body":"hi"}}`, id)
	}
	w.sendTo(t, to(own)).want(t, "by user id", 200, "WINDOW_OPEN")
	w.sendTo(t, to(parent)).want(t, "by parent id", 200, "WINDOW_OPEN")
	record(t, w.Gateway, adminapi.RouteOptOut, about(shop, parent))
	w.Clock.Advance(time.Second)
	w.sendTo(t, saleTo(`"x"`)).want(t, "a number that is none", 400, "RECIPIENT_INVALID", "a letter")
	if got := states(w.consentOf(t, shop, own)); got != "opted_out opted_out opted_out" {
		t.Errorf("an opt-out under the parent id makes the person %s", got)
	}
}

// The answer names a character nobody can see, and nothing of the number.
func TestInvisibleCharacterIsNamed(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: bareShop()}})
	for character, name := range map[string]string{
		"\x00": "a NUL (U+0000)", "\u200b": "a zero-width space (U+200B)", "\u00a0": "a no-break space (U+00A0)", "\u202a": "a left-to-right embedding (U+202A)", "\t": "a tab (U+0009)", "＋": "a full-width plus (U+FF0B)",
	} {
		to, err := json.Marshal(character + ana.Phone)
		if err != nil {
			t.Fatal(err)
		}
		a := w.sendTo(t, textTo(string(to)))
		a.want(t, name, 400, "RECIPIENT_INVALID", name)
		if strings.Contains(a.body, ana.Phone[1:]) {
			t.Errorf("the answer quotes the number: %s", a.body)
		}
	}
}
