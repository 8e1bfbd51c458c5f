package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestRefusalLogsOneLine: each refusal is one line at info level with stable
// fields, whatever kind of refusal it is, and nothing else is.
func TestRefusalLogsOneLine(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\nbusiness " + support + " {\nmode monitor\n}"}})
	const to = `"to":"+4915112345678"`
	for _, test := range []struct {
		name, path, body, contentType string
		fields                        string // decision, rule, category, type and template of the line
	}{
		{"judged", messages, textBody, "application/json", "refuse WINDOW_CLOSED service text "},
		{"template", messages, `{"messaging_product":"whatsapp",` + to + templateBody("sale") + `}`, "application/json", "refuse NO_CONSENT unknown template sale"},
		{"unreadable", messages, `{"messaging_product":`, "application/json", "refuse UNREADABLE unknown  "},
		{"too-large", messages, `{"a":"` + strings.Repeat("x", 2<<20) + `"}`, "application/json", "refuse BODY_TOO_LARGE unknown  "},
		{"encoding", messages, textBody, "application/cbor", "refuse ENCODING_UNSUPPORTED unknown  "},
		{"sender", "/v25.0/999888777666/messages", textBody, "application/json", "refuse SENDER_UNKNOWN unknown text "},
		{"path", "/v25.0//" + shop + "/messages", textBody, "application/json", "refuse PATH_AMBIGUOUS unknown  "},
		{"monitor", "/v25.0/" + support + "/messages", textBody, "application/json", "monitor WINDOW_CLOSED service text "},
		{
			"batch", "/v25.0/", `{"batch":[` +
				`{"method":"POST","relative_url":"` + shop + `/messages","body":"messaging_product=whatsapp&to=%2B4915112345678&type=text&text=%7B%22body%22%3A%22Secret message%22%7D"}]}`,
			"application/json", "refuse WINDOW_CLOSED service text ",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := len(w.logLines(t, "http.handlers.whatsapp_guard", ""))
			resp, body := gatewaytest.Do(t, http.MethodPost, w.URL+test.path, test.body, http.Header{"Content-Type": {test.contentType}, "Authorization": {"Bearer test-token"}})
			lines := w.logLines(t, "http.handlers.whatsapp_guard", "")[before:]
			if len(lines) != 1 {
				t.Fatalf("%d log lines for one refusal (%s %.300s): %v", len(lines), resp.Status, body, lines)
			}
			line := lines[0]
			if got := fmt.Sprint(line["decision"], " ", line["rule"], " ", line["category"], " ", line["type"], " ", line["template"]); got != test.fields {
				t.Errorf("the line says %q, want %q", got, test.fields)
			}
			message := "send refused"
			if test.name == "monitor" {
				message = "send would be refused"
			}
			if line["level"] != "info" || line["msg"] != message {
				t.Errorf("the line is %v %q, want info %q", line["level"], line["msg"], message)
			}
			if id := resp.Header.Get("X-Waguard-Id"); line["id"] != id || id == "" {
				t.Errorf("the line has id %v, the sender got %q", line["id"], id)
			}
			delete(line, "contact") // absent where nobody is named
			want := []string{"business", "category", "decision", "id", "initiation", "level", "logger", "msg", "phone_number_id", "reason", "remedy", "rule", "sender", "sender_token", "template", "ts", "type"}
			if got := slices.Sorted(maps.Keys(line)); !slices.Equal(got, want) {
				t.Errorf("the line has the fields %v, want %v", got, want)
			}
		})
	}
}

// TestLogContacts: how recipients appear is a setting, and by default they are
// pseudonyms.
func TestLogContacts(t *testing.T) {
	for setting, want := range map[string]string{"": "", "pseudonym": "", "masked": "+49*********78", "clear": "4915112345678"} {
		t.Run("as-"+setting, func(t *testing.T) {
			whatsapp := inGermany
			if setting != "" {
				whatsapp += "\nlog_contacts " + setting
			}
			w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: whatsapp}, clearLogs: setting == "clear"})
			w.Post(t, messages, textBody)
			lines := w.logLines(t, "http.handlers.whatsapp_guard", "send refused")
			if len(lines) != 1 {
				t.Fatalf("%d lines", len(lines))
			}
			got := fmt.Sprint(lines[0]["contact"])
			if want == "" {
				want = w.newest(t).Contact // the pseudonym of the ledger
			}
			if got != want {
				t.Errorf("the contact is %q, want %q", got, want)
			}
		})
	}
}

// TestAccessLog: the decision is in the access log, as fields and as
// placeholders for those who write their own.
func TestAccessLog(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany, Site: `
		log_append own_decision {http.vars.whatsapp.decision}
		log_append own_rule {http.vars.whatsapp.rule}
		log_append own_category {http.vars.whatsapp.category}
		log_append own_initiation {http.vars.whatsapp.initiation}
		log_append own_id {http.vars.whatsapp.id}
		log_append own_number {http.vars.whatsapp.phone_number_id}
		log_append own_sender {http.vars.whatsapp.sender}
		log_append own_token {http.vars.whatsapp.sender_token}`}})
	last := func() map[string]any {
		t.Helper()
		lines := w.logLines(t, "http.log.access", "handled request")
		if len(lines) == 0 {
			t.Fatal("there is no access log")
		}
		return lines[len(lines)-1]
	}
	w.Post(t, messages, textBody)
	refused := last()
	ana.writes("Hello")(t, w)
	w.Post(t, messages, textBody)
	allowed := last()
	e := w.newest(t)
	for name, want := range map[string]string{
		"whatsapp_decision": "allow", "whatsapp_rule": "WINDOW_OPEN", "whatsapp_category": "service", "whatsapp_id": e.ID.String(),
		"own_decision": "allow", "own_rule": "WINDOW_OPEN", "own_category": "service", "own_initiation": "user", "own_id": e.ID.String(), "own_number": shop,
		"whatsapp_initiation": "user", "whatsapp_phone_number_id": shop, "whatsapp_sender": "127.0.0.1", "whatsapp_sender_token": e.SenderToken,
		"own_sender": "127.0.0.1", "own_token": e.SenderToken,
	} {
		if allowed[name] != want {
			t.Errorf("the access log of an allowed send has %s %v, want %s", name, allowed[name], want)
		}
	}
	for name, want := range map[string]string{"whatsapp_decision": "refuse", "whatsapp_initiation": "business", "whatsapp_phone_number_id": shop, "whatsapp_sender": "127.0.0.1", "own_rule": "WINDOW_CLOSED", "own_initiation": "business"} {
		if refused[name] != want {
			t.Errorf("the access log of a refusal has %s %v, want %s", name, refused[name], want)
		}
	}
}

// TestLogsNameNobody runs through everything that writes log lines; newWorld
// searches them at the end.
func TestLogsNameNobody(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\nbusiness " + support + " {\nmode monitor\n}", Guard: "send_timeout 100ms"}})
	list(t, w)
	for _, p := range []person{ana, ben, una, both} {
		for _, content := range []string{
			`,"type":"text","text":{"body":"Secret message"}`, templateBody("sale"), templateBody("never_made"), `,"type":"Secret message"`,
			`,"type":"text","text":{"body":"Secret message"},"to":"+4915112345678"`, `,"type":"text","text":"Secret message"`, `,"Secret message":1`,
		} {
			body := `{"messaging_product":"whatsapp",` + p.address() + content + `}`
			for _, path := range []string{messages, "/v25.0/" + support + "/messages", "/v25.0/" + shop + "/marketing_messages", "/v25.0/" + shop + "/calls"} {
				w.Post(t, path, body)
			}
		}
		p.writes("Secret message")(t, w)
		p.writes("STOP")(t, w)
		w.Post(t, messages, `{"messaging_product":"whatsapp",`+p.address()+`,"type":"text","text":{"body":"Secret message"}}`)
		p.optsIn("all")(t, w)
		p.prefers(graphsim.PreferenceStop)(t, w)
		statuses(t, w)
	}
	for _, broken := range []string{
		`{"entry":[{"changes":[{"field":"messages","value":{"messages":[{"from":"4915112345678","text":{"body":"Secret message"}`,
		`{"entry":[{"changes":[{"field":"messages","value":{"messages":[{"from":"+4915112345678x","timestamp":"Secret message","type":{}}]}}]}]}`,
		`{"entry":[{"changes":[{"field":"messages","value":{"messages":"+4915112345678"}}]}]}`, `"+4915112345678"`,
	} {
		w.deliver(t, []byte(broken), gatewaytest.AppSecret)
		w.deliver(t, []byte(broken), "another secret")
	}
	for _, f := range []graphsim.Fault{{Break: graphsim.BreakBefore}, {Break: graphsim.BreakMidAnswer}, {Code: 131000}, {WrongJSON: true}} {
		w.sim.Inject(f)
		sendRaw(t, w, strings.ReplaceAll(textBody, "4915112345678", "4915119876543"), http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}})
	}
	for _, body := range []string{`{"contact":"+4915112345678"}`, `{"phone_number_id":"` + shop + `","contact":"4915112345678"}`, `{"phone_number_id":"+4915112345678"}`} {
		w.AdminCall(t, "/whatsapp/consent/get", body)
		w.AdminCall(t, "/whatsapp/violations", body)
	}
	if info, err := os.Stat(w.log); err != nil || info.Size() < 10_000 {
		t.Errorf("the log is too small to prove anything: %v %v", info, err)
	}
}
