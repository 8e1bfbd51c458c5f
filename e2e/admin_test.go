package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// TestAdminPaging pages through violations and the ledger by every page size:
// each entry comes once, newest first, also while new ones are made.
func TestAdminPaging(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	ana.writes("Hello")(t, w)
	const n = 7
	for i := range n {
		text(ben, windowClosed)(t, w)
		text(ana, passes)(t, w)
		if i%2 == 0 {
			after(time.Second)(t, w)
		}
	}
	for route, total := range map[string]int{"violations": n, "ledger": 2 * n} {
		var whole adminapi.Page
		w.admin(t, "/whatsapp/"+route, "", &whole)
		if len(whole.Entries) != total || whole.Next != "" {
			t.Fatalf("%s has %d entries and next %q, want %d on one page", route, len(whole.Entries), whole.Next, total)
		}
		for _, limit := range []int{1, 2, 3, total - 1, total, total + 1} {
			var got []string
			before := ""
			for {
				var p adminapi.Page
				w.admin(t, fmt.Sprintf("/whatsapp/%s?limit=%d&before=%s", route, limit, before), "", &p)
				if len(p.Entries) == 0 && p.Next != "" || len(p.Entries) > limit {
					t.Fatalf("a page of %d has %d entries and next %q", limit, len(p.Entries), p.Next)
				}
				for _, e := range p.Entries {
					got = append(got, e.ID.String())
				}
				if before = p.Next; before == "" {
					break
				}
			}
			var want []string
			for _, e := range whole.Entries {
				want = append(want, e.ID.String())
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s in pages of %d:\n got %v\nwant %v", route, limit, got, want)
			}
		}
	}
}

// TestAdminFilters selects entries in every way, by GET and by POST.
func TestAdminFilters(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\nbusiness " + support}})
	list(t, w)
	text(ana, windowClosed)(t, w) // at 09:00
	after(2*time.Hour)(t, w)
	template(ana, "sale", noConsent+"marketing by business")(t, w)
	after(24*time.Hour)(t, w)
	send(support, una.address()+`,"type":"text","text":{"body":"Secret message"}`, windowClosed)(t, w)
	for _, test := range []struct {
		query string // or the body of a POST
		want  int
	}{
		{"", 3},
		{"rule=WINDOW_CLOSED", 2},
		{"rule=window_closed", 2},
		{"rule=NO_CONSENT", 1},
		{"rule=OPTED_OUT", 0},
		{"category=marketing", 1},
		{"category=MARKETING", 1},
		{"category=service", 2},
		{"phone_number_id=" + shop, 2},
		{"phone_number_id=" + support, 1},
		{"phone_number_id=" + support, 1},
		{"from=2026-11-02T11:00:00Z", 2},
		{"from=2026-11-02T11:00:01Z", 1},
		{"to=2026-11-02T11:00:00Z", 1},
		{"from=2026-11-03", 1},
		{"to=2026-11-03", 2},
		{"from=25h", 2},
		{"from=24h", 2},
		{"from=1h", 1},
		{"from=90m", 1},
		{"from=7d", 3},
		{"to=1h", 2},
		{"rule=WINDOW_CLOSED&phone_number_id=" + shop + "&category=service", 1},
		{"limit=2", 2},
		{`{}`, 3},
		{`{"rule":"WINDOW_CLOSED","limit":1}`, 1},
		{`{"contact":"+4915112345678"}`, 2},
		{`{"contact":"+49 1511 2345678","category":"marketing"}`, 1},
		{`{"contact":"DE.55667788990011"}`, 1},
		{`{"contact":"+4915119876543"}`, 0},
		{`{"from":"25h","to":"1h"}`, 1},
	} {
		for _, route := range []string{"violations", "ledger"} {
			var p adminapi.Page
			if strings.HasPrefix(test.query, "{") {
				w.admin(t, "/whatsapp/"+route, test.query, &p)
			} else {
				w.admin(t, "/whatsapp/"+route+"?"+test.query, "", &p)
			}
			if len(p.Entries) != test.want {
				t.Errorf("%s with %s has %d entries, want %d", route, test.query, len(p.Entries), test.want)
			}
		}
	}
}

// TestAdminRefuses what it can't read, with a word why.
func TestAdminRefuses(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	who := `"phone_number_id":"` + shop + `","contact":"+4915112345678"`
	for _, test := range []struct {
		path, body string
		status     int
		want       string // in the answer
	}{
		{"/whatsapp/violations?contact=x", "", 400, `unknown parameter \"contact\"; to look for a contact or a wamid use POST`},
		{"/whatsapp/violations?rules=x", "", 400, `unknown parameter \"rules\"`},
		{"/whatsapp/violations?limit=many", "", 400, "limit is not a number"},
		{"/whatsapp/violations?phone_number_id=1", "", 400, "known are: "},
		{"/whatsapp/violations?limit=0", "", 400, "limit must be at least 1"},
		{"/whatsapp/violations?limit=1001", "", 400, "limit must be between 1 and 1000"},
		{"/whatsapp/violations?limit=-1", "", 400, "limit must be between 1 and 1000"},
		{"/whatsapp/violations?from=yesterday", "", 400, "is no time"},
		{"/whatsapp/violations?before=x", "", 400, "is not a decision id"},
		{"/whatsapp/violations", `{"contacts":"x"}`, 400, "unknown field"},
		{"/whatsapp/violations", `{"contact":"015112345678"}`, 400, "with plus and country code"},
		{"/whatsapp/violations", `not json`, 400, "reading the request"},
		{"/whatsapp/violations?message_class=notification", "", 400, `unknown parameter \"message_class\"`},
		{"/whatsapp/report?message_class=push", "", 400, "message_class must be notification"},
		{"/whatsapp/report?message_class=NOTIFICATION", "", 200, ""},
		{"/whatsapp/report?message_class=", "", 200, ""},
		{"/whatsapp/report?message_classes=notification", "", 400, `unknown parameter \"message_classes\"`},
		{"/whatsapp/report", `{}`, 405, "POST is not possible here"},
		{"/whatsapp/health", `{}`, 405, "POST is not possible here"},
		{"/whatsapp/consent/get", "", 405, "GET is not possible here"},
		{"/whatsapp/consent/opt-in", "", 405, "GET is not possible here"},
		{"/whatsapp/consent/opt-out", "", 405, "GET is not possible here"},
		{"/whatsapp/consent/history", "", 405, "GET is not possible here"},
		{"/whatsapp/consent/new-person", "", 405, "GET is not possible here"},
		{"/whatsapp/consent/get", `{"contact":"+4915112345678"}`, 400, "phone_number_id is missing"},
		{"/whatsapp/consent/get", `{"phone_number_id":"1","contact":"+4915112345678"}`, 404, "does not serve that business phone number"},
		{"/whatsapp/consent/get", `{"phone_number_id":"` + shop + `"}`, 400, "with plus and country code"},
		{"/whatsapp/consent/opt-in", `{` + who + `,"scope":"some"}`, 400, "scope must be"},
		{"/whatsapp/consent/opt-in", `{` + who + `,"scoop":"all"}`, 400, "unknown field"},
		{"/whatsapp/ledger/rebuild", "", 405, "GET is not possible here"},
		{"/whatsapp/ledger/rebuild", `{"from":"soon"}`, 400, "is no time"},
		{"/whatsapp/unknown", "", 404, ""},
	} {
		resp, body := w.AdminCall(t, test.path, test.body)
		if resp.StatusCode != test.status || !strings.Contains(string(body), test.want) {
			t.Errorf("%s %s was answered with %s %s; want %d and %q", test.path, test.body, resp.Status, body, test.status, test.want)
		}
		for _, secret := range w.secrets {
			if strings.Contains(string(body), secret) {
				t.Errorf("%s %s was answered with %q in it", test.path, test.body, secret)
			}
		}
	}
	ana.consentIs("unknown unknown unknown")(t, w)
	ana.historyIs()(t, w)
	text(ana, windowClosed)(t, w)
}

// TestCommands runs the commands of the shipped binary against a live gateway.
func TestCommands(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	list(t, w)
	text(ana, windowClosed)(t, w)
	after(time.Minute)(t, w)
	template(ben, "sale", noConsent+"marketing by business")(t, w)
	ana.writes("Hello")(t, w)
	text(ana, passes)(t, w)
	statuses(t, w)
	p := &process{Process: gatewaytest.Process{File: w.log}}
	who := []string{"--business", shop, "--contact", "+4915112345678"}
	for _, test := range []struct {
		name string
		args []string
		want []string // in the output, in this order
		not  []string
	}{
		{"violations/table", []string{"violations"}, []string{"TIME", "DECISION", "RULE", "MESSAGE\n", "2026-11-02 09:01:00Z", "NO_CONSENT", "Example Shop", "template sale\n    no opt-in", "09:00:00Z", "WINDOW_CLOSED", "text\n    "}, nil},
		{"violations/json", []string{"violations", "--json"}, []string{`"rule":"NO_CONSENT"`, "\n", `"rule":"WINDOW_CLOSED"`}, []string{"TIME"}},
		{"violations/rule", []string{"violations", "--rule", "WINDOW_CLOSED", "--json"}, []string{"WINDOW_CLOSED"}, []string{"NO_CONSENT"}},
		{"violations/contact", []string{"violations", "--contact", "+4915119876543", "--json"}, []string{"NO_CONSENT"}, []string{"WINDOW_CLOSED"}},
		{"violations/business", []string{"violations", "--business", "example shop", "--category", "service"}, []string{"WINDOW_CLOSED"}, []string{"NO_CONSENT"}},
		{"violations/limit", []string{"violations", "--limit", "1"}, []string{"NO_CONSENT", "More with --before "}, []string{"WINDOW_CLOSED"}},
		{"violations/category", []string{"violations", "--category", "service"}, []string{"WINDOW_CLOSED"}, []string{"NO_CONSENT"}},
		{"violations/from", []string{"violations", "--from", "2026-11-02T09:01:00Z"}, []string{"NO_CONSENT"}, []string{"WINDOW_CLOSED"}},
		{"violations/to", []string{"violations", "--to", "2026-11-02T09:01:00Z"}, []string{"WINDOW_CLOSED"}, []string{"NO_CONSENT"}},
		{"consent/get", append([]string{"consent", "get"}, who...), []string{"customer service window", "open until 2026-11-03 09:01:00Z", "marketing", "unknown", "transactional", "authentication"}, nil},
		{"consent/opt-in", append([]string{"consent", "opt-in", "--scope", "marketing", "--source", "website", "--reference", "form 7"}, who...), []string{"marketing", "opted_in since", "(website)", "transactional", "unknown"}, nil},
		{"consent/opt-out/json", append([]string{"consent", "opt-out", "--scope", "authentication", "--json"}, who...), []string{`"window_open":true`, `"authentication":{"state":"opted_out"`}, []string{"customer"}},
		{"consent/history", append([]string{"consent", "history"}, who...), []string{"TIME", "STATE", "REFERENCE", "opted_", "opted_"}, nil},
		{"consent/history/json", append([]string{"consent", "history", "--json"}, who...), []string{`"state":"opted_`, "\n", `"state":"opted_`}, []string{"TIME"}},
		{"consent/new-person", append([]string{"consent", "new-person", "--yes"}, who...), []string{"never opened", "marketing", "unknown"}, nil},
		{"consent/former", append([]string{"consent", "history"}, who...), []string{"new_person", "opted_out (former person)", "opted_in (former person)"}, nil},
		{"consent/undo-new-person", append([]string{"consent", "undo-new-person"}, who...), []string{"open until", "marketing", "opted_in since"}, nil},
		{"consent/undone", append([]string{"consent", "history"}, who...), []string{"new_person_undone", "new_person "}, []string{"former"}},
		{"report/table", []string{"report", "--from", "2026-11-01"}, []string{"DAY", "CATEGORY", "CHARGED", "2026-11-02", "Example Shop", "service", "allow", "Germany", "total", "3"}, nil},
		{"report/json", []string{"report", "--from", "2026-11-01", "--json"}, []string{`"day":"2026-11-02"`}, []string{"DAY"}},
		{"report/message-class", []string{"report", "--from", "2026-11-01", "--message-class", "notification"}, []string{"marketing", "refuse", "total", "1"}, []string{"service"}},
		{"ledger/rebuild", []string{"ledger", "rebuild"}, []string{"3 entries", "1 quarters of an hour", "0 had sums that differ", "The sums equal the ledger."}, nil},
		{"ledger/rebuild/of a day/json", []string{"ledger", "rebuild", "--from", "2026-11-03", "--json"}, []string{`"entries":0`, `"differed":[]`}, nil},
		{"report/none", []string{"report", "--from", "2026-11-05"}, []string{"No sends."}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			stdout, stderr, code := p.do(t, append(test.args, "--address", w.Admin)...)
			if code != 0 {
				t.Fatalf("code %d: %s%s", code, stdout, stderr)
			}
			rest := stdout + stderr // data, and below it what is none
			for _, want := range test.want {
				_, after, ok := strings.Cut(rest, want)
				if !ok {
					t.Fatalf("there is no %q where it should be in\n%s", want, stdout+stderr)
				}
				rest = after
			}
			for _, not := range append(test.not, w.secrets...) {
				if strings.Contains(stdout, not) {
					t.Errorf("there is %q in\n%s", not, stdout)
				}
			}
			if strings.HasSuffix(test.name, "json") {
				for line := range strings.Lines(stdout) {
					if !json.Valid([]byte(line)) {
						t.Errorf("a line is no JSON: %s", line)
					}
				}
			}
		})
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"violations", "--contact", "015112345678", "--address", w.Admin}, "with plus and country code"},
		{[]string{"violations", "--limit", "0", "--address", w.Admin}, "--limit takes a whole number from 1 to 1000"},
		{append([]string{"consent", "opt-in", "--scope", "some", "--source", "website", "--address", w.Admin}, who...), "--scope has no value like"},
		{[]string{"consent", "get", "--address", w.Admin}, "missing are --business"},
		{[]string{"consent", "forget"}, "waguard consent has no command like \"forget\""},
		{[]string{"report", "--from", "soon", "--address", w.Admin}, "is no time"},
		{[]string{"ledger", "rebuild", "--from", "2026-11-03", "--to", "2026-11-01", "--address", w.Admin}, "nothing lies between"},
		{[]string{"report", "--message-class", "push", "--address", w.Admin}, "there is notification"},
		{[]string{"violations", "--address", gatewaytest.FreeAddr(t)}, "connection refused"},
	} {
		stdout, stderr, code := p.do(t, test.args...)
		if test.want != "" && (code == 0 || !strings.Contains(stderr, test.want)) {
			t.Errorf("%v ended with %d and %q; want an error with %q", test.args, code, stdout+stderr, test.want)
		}
	}
}

// TestHealth: the health route says whether the store answers.
func TestHealth(t *testing.T) {
	w := newWorld(t, options{})
	if resp, body := w.AdminCall(t, "/whatsapp/health", ""); resp.StatusCode != http.StatusOK || strings.TrimSpace(string(body)) != `{"status":"ok"}` {
		t.Errorf("the health is %s %s", resp.Status, body)
	}
	text(ana, windowClosed)(t, w)
}
