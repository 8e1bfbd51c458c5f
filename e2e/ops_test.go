package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// sendAs sends a text to Ana as a program that names itself, with a token in a
// header.
func (w *world) sendAs(t testing.TB, app, header, value, path string) *adminapi.Line {
	t.Helper()
	h := http.Header{"Content-Type": {"application/json"}, "X-App": {app}}
	if header != "" {
		h.Set(header, value)
	}
	gatewaytest.Do(t, http.MethodPost, w.URL+path, textBody, h)
	return w.newest(t)
}

// TestSenders: each send tells who sent it, by name or address, and with which
// token, without telling the token. Refused ones too, and those nobody could read.
func TestSenders(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany, Guard: "sender {http.request.header.X-App}"}})
	w.secrets = append(w.secrets, "another-token")
	crm := w.sendAs(t, "crm", "Authorization", "Bearer test-token", messages)
	again := w.sendAs(t, "crm", "Authorization", "Bearer test-token", messages)
	other := w.sendAs(t, "crm", "Authorization", "Bearer another-token", messages)
	nameless := w.sendAs(t, "", "", "", messages+"?access_token=test-token")
	unread := w.sendAs(t, "broken", "Authorization", "Bearer test-token", "/v25.0//"+shop+"/messages")
	bare := w.sendAs(t, "phone 15550100099", "", "", messages)
	switch {
	case crm.Sender != "crm" || len(crm.SenderToken) != 10:
		t.Errorf("sent by %q %q", crm.Sender, crm.SenderToken)
	case again.SenderToken != crm.SenderToken || other.SenderToken == crm.SenderToken || other.SenderToken == "":
		t.Errorf("the fingerprints are %q, %q and %q", crm.SenderToken, again.SenderToken, other.SenderToken)
	case nameless.Sender != "127.0.0.1" || nameless.SenderToken != crm.SenderToken:
		t.Errorf("without a name it was sent by %q %q", nameless.Sender, nameless.SenderToken)
	case unread.Rule != "PATH_AMBIGUOUS" || unread.Sender != "broken" || unread.SenderToken != crm.SenderToken:
		t.Errorf("what nobody could read was sent by %q %q", unread.Sender, unread.SenderToken)
	case bare.SenderToken != "" || !strings.HasPrefix(bare.Sender, "phone #"):
		t.Errorf("without a token it was sent by %q %q", bare.Sender, bare.SenderToken)
	}
	lines := w.logLines(t, "http.handlers.whatsapp_guard", "send refused")
	if line := lines[0]; line["sender"] != "crm" || line["sender_token"] != crm.SenderToken {
		t.Errorf("the log line has the sender %v %v", line["sender"], line["sender_token"])
	}
	p := &process{Process: gatewaytest.Process{File: w.log}}
	for _, test := range []struct {
		args []string
		want int
	}{
		{nil, 6},
		{[]string{"--sender", "crm"}, 3},
		{[]string{"--sender", crm.SenderToken}, 4},
		{[]string{"--sender", "127.0.0.1"}, 1},
		{[]string{"--sender", "crm", "--rule", "PATH_AMBIGUOUS"}, 0},
		{[]string{"--sender", "nobody"}, 0},
	} {
		for _, command := range []string{"violations", "ledger"} {
			stdout, stderr, code := p.do(t, append([]string{command, "--json", "--address", w.Admin}, test.args...)...)
			if got := strings.Count(stdout, "\n"); got != test.want || code != 0 {
				t.Errorf("%s %v lists %d, want %d: %s", command, test.args, got, test.want, stderr)
			}
			table, _, _ := p.do(t, append([]string{command, "--address", w.Admin}, test.args...)...)
			if test.want > 0 && !strings.Contains(table, "SENDER") {
				t.Errorf("%s %v:\n%s", command, test.args, table)
			}
			for _, secret := range w.secrets {
				if strings.Contains(stdout+table, secret) {
					t.Errorf("%s %v tells %q", command, test.args, secret)
				}
			}
		}
	}
	table, _, _ := p.do(t, "violations", "--address", w.Admin)
	if !strings.Contains(table, "crm ("+crm.SenderToken+")") {
		t.Errorf("the table doesn't name the sender:\n%s", table)
	}
}

// TestSenderIsTheUser: by default the sender is the user Caddy authenticated.
func TestSenderIsTheUser(t *testing.T) {
	const bob = "bob $2a$04$z5s97TluYrS0dh5sQYngEuK9FyYOJoiGq/5qa3HHTXC7MMKvbFgR6" // password
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany, Site: "basic_auth /v25.0/* {\n" + bob + "\n}"}})
	w.secrets = append(w.secrets, "Ym9iOnBhc3N3b3Jk")
	if e := w.sendAs(t, "", "Authorization", "Basic Ym9iOnBhc3N3b3Jk", messages+"?access_token=test-token"); e.Sender != "bob" || e.SenderToken == "" {
		t.Errorf("sent by %q %q", e.Sender, e.SenderToken)
	}
}

// report is the report of a query.
func (w *world) report(t testing.TB, query string) (rows []billing.Row, total int) {
	t.Helper()
	var r billing.Report
	w.admin(t, "/whatsapp/report?"+query, "", &r)
	sum := 0
	for _, row := range r.Rows {
		sum += row.Sends
	}
	if sum != r.Total.Sends {
		t.Errorf("the rows of %s have %d sends, the total %d", query, sum, r.Total.Sends)
	}
	return r.Rows, r.Total.Sends
}

// TestReportDays: days are those of the account's time zone, also when clocks
// change, and so are the dates of a report.
func TestReportDays(t *testing.T) {
	start := time.Date(2026, 10, 24, 21, 59, 0, 0, time.UTC)
	w := newWorld(t, options{Options: gatewaytest.Options{
		Start:    start,
		WhatsApp: "business " + shop + " {\nname \"Example Shop\"\ntime_zone Europe/Berlin\n}\nbusiness " + support + "\npolicy {\ntime_zone America/New_York\n}",
	}})
	for _, at := range []time.Time{ // of sends of both
		start, start.Add(time.Minute), // 23:59 and 00:00 in Berlin
		time.Date(2026, 10, 25, 3, 59, 0, 0, time.UTC), time.Date(2026, 10, 25, 4, 0, 0, 0, time.UTC), // around midnight in New York
		time.Date(2026, 10, 25, 22, 59, 0, 0, time.UTC), time.Date(2026, 10, 25, 23, 0, 0, 0, time.UTC), // the end of 25 hours in Berlin
		time.Date(2026, 11, 2, 4, 59, 0, 0, time.UTC), time.Date(2026, 11, 2, 5, 0, 0, 0, time.UTC), // the end of 25 hours in New York
	} {
		w.Clock.Advance(at.Sub(w.Clock.Now()))
		text(ana, windowClosed)(t, w)
		send(support, ben.address()+`,"type":"text","text":{"body":"Secret message"}`, windowClosed)(t, w)
	}
	days := func(query string) string {
		rows, _ := w.report(t, query)
		byNumber := make(map[string][]string)
		zones := make(map[string]string)
		for _, r := range rows {
			byNumber[r.PhoneNumberID] = append(byNumber[r.PhoneNumberID], fmt.Sprintf("%s:%d", r.Day[5:], r.Sends))
			zones[r.PhoneNumberID] = r.TimeZone
		}
		return fmt.Sprint(zones[shop], byNumber[shop], " ", zones[support], byNumber[support])
	}
	for query, want := range map[string]string{
		"":                              "Europe/Berlin[10-24:1 10-25:4 10-26:1 11-02:2] America/New_York[10-24:3 10-25:3 11-01:1 11-02:1]",
		"from=2026-10-25&to=2026-10-26": "Europe/Berlin[10-25:4] America/New_York[10-25:3]",
		"from=2026-10-25T00:00:00Z":     "Europe/Berlin[10-25:3 10-26:1 11-02:2] America/New_York[10-24:1 10-25:3 11-01:1 11-02:1]",
		"to=2026-10-25":                 "Europe/Berlin[10-24:1] America/New_York[10-24:3]",
		"from=2026-11-02":               "Europe/Berlin[11-02:2] America/New_York[11-02:1]",
		"from=1s":                       "Europe/Berlin[11-02:1] America/New_York[11-02:1]",
		"phone_number_id=" + shop:       "Europe/Berlin[10-24:1 10-25:4 10-26:1 11-02:2] []",
		"from=2026-11-03&to=2026-11-04": " [] []",
	} {
		if got := strings.TrimSpace(days(query)); got != strings.TrimSpace(want) {
			t.Errorf("%q counts\n\t%s\nwant\n\t%s", query, got, want)
		}
	}
	// Lists take the zone of the business they select.
	for query, want := range map[string]int{
		"from=2026-10-25&to=2026-10-26&phone_number_id=" + shop:    4,
		"from=2026-10-25&to=2026-10-26&phone_number_id=" + support: 3,
		"from=2026-10-25&to=2026-10-26":                            8, // UTC: there are two zones
	} {
		if got := len(allOf(t, w, "violations?"+query)); got != want {
			t.Errorf("%s lists %d, want %d", query, got, want)
		}
	}
	p := &process{Process: gatewaytest.Process{File: w.log}}
	stdout, stderr, _ := p.do(t, "report", "--from", "2026-10-20", "--address", w.Admin)
	if !strings.Contains(stderr, "Days of 104455667799 in America/New_York, Example Shop in Europe/Berlin.") {
		t.Errorf("the report doesn't say whose days it counts by:\n%s%s", stdout, stderr)
	}
	if stdout, stderr, _ = p.do(t, "report", "--from", "2026-10-20", "--business", shop, "--address", w.Admin); !strings.Contains(stderr, "Days in Europe/Berlin.") {
		t.Errorf("the report doesn't say whose days it counts by:\n%s%s", stdout, stderr)
	}
}

func allOf(t testing.TB, w *world, route string) []*adminapi.Line {
	t.Helper()
	var p adminapi.Page
	w.admin(t, "/whatsapp/"+route, "", &p)
	return p.Entries
}

// A market changes at midnight where the account is.
func TestMarketOfTheAccountsDay(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{
		Start:    time.Date(2026, 9, 30, 16, 0, 0, 0, time.UTC),
		WhatsApp: "business " + shop + " {\ntime_zone Asia/Tokyo\n}\nbusiness " + support,
	}})
	body := strings.ReplaceAll(textBody, "+4915112345678", "+380501234567")
	for number, want := range map[string]string{shop: "Ukraine", support: "Rest of Central & Eastern Europe"} {
		w.Post(t, "/v25.0/"+number+"/messages", body)
		if e := w.newest(t); e.Market != want {
			t.Errorf("a send of %s to Ukraine is of the market %q, want %q", number, e.Market, want)
		}
	}
}

// TestReportCategories: one row for each category however Meta spells it; without
// a category the estimate stays; without billable the price type tells.
func TestReportCategories(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	ana.writes("Hello")(t, w)
	for _, pricing := range []string{
		`{"billable":true,"pricing_model":"PMP","type":"regular","category":"authentication-international"}`,
		`{"billable":true,"pricing_model":"PMP","type":"regular","category":"authentication_international"}`,
		`{"type":"regular","category":"Authentication International"}`,
		`{"type":"free_customer_service","category":"AUTHENTICATION-INTERNATIONAL"}`,
		`{"type":"regular","category":"MARKETING_LITE"}`,
		`{"pricing_type":"regular","category":"marketing_lite"}`,
		`{"type":"free_entry_point","category":"referral_conversion"}`,
		`{"billable":false,"type":"regular","category":"utility"}`,
		`{"type":"REGULAR","category":"GROUP-UTILITY"}`,
		`{"type":"regular","pricing_model":"PMP"}`,
		`{"category":"","type":"free_customer_service"}`,
		``,
	} {
		text(ana, passes)(t, w)
		if pricing != "" {
			pricing = `,"pricing":` + pricing
		}
		status := fmt.Sprintf(`{"id":%q,"status":"delivered","timestamp":"%d","recipient_id":"4915112345678"%s}`, w.lastWamid, w.Clock.Now().Unix(), pricing)
		body := `{"object":"whatsapp_business_account","entry":[{"id":"` + waba + `","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"phone_number_id":"` + shop + `"},"statuses":[` + status + `]}}]}]}`
		if resp, answer := w.deliver(t, []byte(body), gatewaytest.AppSecret); resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", resp.Status, answer)
		}
	}
	rows, total := w.report(t, "")
	var got []string
	for _, r := range rows {
		got = append(got, fmt.Sprintf("%s:%d/%d", r.Category, r.Sends, r.Billable))
	}
	want := []string{"authentication_international:4/3", "group_utility:1/1", "marketing_lite:2/2", "referral_conversion:1/0", "service:3/1", "utility:1/0"}
	if !slices.Equal(got, want) || total != 12 {
		t.Errorf("the report counts %v of %d, want %v", got, total, want)
	}
	if got := len(allOf(t, w, "ledger?category=authentication-international")); got != 4 {
		t.Errorf("the ledger has %d of a category, the report 4", got)
	}
	p := &process{Process: gatewaytest.Process{File: w.log}}
	stdout, _, _ := p.do(t, "ledger", "--address", w.Admin, "--category", "authentication_international")
	if !strings.Contains(stdout, "authentication_international  delivered") {
		t.Errorf("the ledger's table is\n%s", stdout)
	}
}

// alert is a webhook about an account.
func (w *world) alert(t testing.TB, field, value string) {
	t.Helper()
	body := fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":%q,"time":%d,"changes":[{"field":%q,"value":%s}]}]}`, waba, w.Clock.Now().Unix(), field, value)
	if resp, answer := w.deliver(t, []byte(body), gatewaytest.AppSecret); resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", resp.Status, answer)
	}
}

// TestEvents: what Meta tells about accounts, numbers and templates is kept once,
// listed by every filter, and stands beside the violations of its time.
func TestEvents(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany + "\nbusiness " + support}})
	ana.writes("Hello")(t, w) // tells the shop's number and account
	restricted := `{"event":"ACCOUNT_RESTRICTION","restriction_info":[{"restriction_type":"RESTRICTED_BIZ_INITIATED_MESSAGING","expiration":1794214800}]}`
	w.alert(t, "account_update", restricted)
	w.alert(t, "account_update", restricted) // delivered again
	after(time.Hour)(t, w)
	w.alert(t, "phone_number_quality_update", `{"display_phone_number":"4930555123","event":"FLAGGED","current_limit":"TIER_1K"}`)
	w.alert(t, "business_capability_update", `{"max_daily_conversations_per_business":"TIER_2K"}`)
	after(time.Hour)(t, w)
	templateIs("sale", "PAUSED")(t, w)
	w.alert(t, "account_alerts", `{"entity_type":"PHONE_NUMBER","entity_id":"`+support+`","alert_severity":"WARNING","alert_type":"SLOW","alert_description":"Call Ana, +4915112345678"}`)
	text(ben, windowClosed)(t, w)
	p := &process{Process: gatewaytest.Process{File: w.log}}
	for _, test := range []struct {
		name string
		args []string
		want []string // in the output, in this order
		not  []string
	}{
		{"events/table", []string{"events"}, []string{
			"TIME", "SEVERITY", "KIND", "EVENT", "ABOUT", "DETAIL\n2026-11-02 11:00:00Z", "2026-11-02 11:00:00Z", "2026-11-02 10:00:00Z", "2026-11-02 10:00:00Z",
			"2026-11-02 09:00:00Z  critical", "account_update", "ACCOUNT_RESTRICTION", "account " + waba, "restriction RESTRICTED_BIZ_INITIATED_MESSAGING, until 2026-11-09T",
		}, []string{"4930555123"}},
		{"events/json", []string{"events", "--json"}, []string{`"severity":"critical"`}, []string{"TIME"}},
		{"events/kind", []string{"events", "--kind", "phone_number_quality_update"}, []string{"warning", "FLAGGED", "Example Shop", "limit TIER_1K"}, []string{"ACCOUNT", "LIMITS"}},
		{"events/severity", []string{"events", "--severity", "critical"}, []string{"ACCOUNT_RESTRICTION"}, []string{"FLAGGED", "PAUSED", "LIMITS"}},
		{"events/severity/warning", []string{"events", "--severity", "warning"}, []string{"FLAGGED", "ACCOUNT_RESTRICTION"}, []string{"LIMITS"}},
		{"events/from", []string{"events", "--from", "2026-11-02T10:30:00Z"}, []string{"template sale"}, []string{"FLAGGED"}},
		{"events/to", []string{"events", "--to", "1h"}, []string{"ACCOUNT_RESTRICTION"}, []string{"FLAGGED"}},
		{"events/business", []string{"events", "--business", shop}, []string{"PAUSED", "FLAGGED", "ACCOUNT_RESTRICTION"}, []string{"SLOW"}},
		{"events/other-business", []string{"events", "--business", support}, []string{"SLOW"}, []string{"FLAGGED", "ACCOUNT"}},
		{"events/waba", []string{"events", "--waba", "1"}, []string{"No events."}, nil},
		{"events/limit", []string{"events", "--limit", "2"}, []string{"More with --before "}, []string{"FLAGGED"}},
		{"violations", []string{"violations"}, []string{"WINDOW_CLOSED", "What else happened since 2026-11-01 11:00:00Z", "11:00:00Z  warning", "10:00:00Z  warning  phone_number_quality_update FLAGGED, Example Shop: limit TIER_1K", "and 1 more"}, []string{"LIMITS"}},
		{"violations/from", []string{"violations", "--from", "90m"}, []string{"FLAGGED"}, []string{"ACCOUNT_RESTRICTION", "more"}},
		{"violations/business", []string{"violations", "--business", support}, []string{"No violations.", "SLOW", "Call Ana, …"}, []string{"FLAGGED"}},
		{"violations/none", []string{"violations", "--from", "2026-11-03"}, []string{"No violations."}, []string{"else"}},
		{"violations/json", []string{"violations", "--json"}, []string{"WINDOW_CLOSED"}, []string{"FLAGGED"}},
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
		})
	}
	var all adminapi.EventPage
	w.admin(t, "/whatsapp/events", "", &all)
	if len(all.Events) != 5 {
		t.Errorf("there are %d events, want 5: %v", len(all.Events), all.Events)
	}
	w.admin(t, "/whatsapp/events?limit=2&before="+all.Events[1].ID.String(), "", &all)
	if len(all.Events) != 2 || all.Next == "" {
		t.Errorf("the second page has %v", all)
	}
	for _, test := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"/whatsapp/events?severity=bad", "", 400, "severity must be info, warning or critical"},
		{"/whatsapp/events?before=x", "", 400, "is not the id of an event"},
		{"/whatsapp/events?limit=1001", "", 400, "limit must be between"},
		{"/whatsapp/events?rule=x", "", 400, "unknown parameter"},
		{"/whatsapp/events", `{"kind":"account_update"}`, 200, "ACCOUNT_RESTRICTION"},
		{"/whatsapp/events", `{"kinds":"x"}`, 400, "unknown field"},
	} {
		if resp, body := w.AdminCall(t, test.path, test.body); resp.StatusCode != test.status || !strings.Contains(string(body), test.want) {
			t.Errorf("%s %s was answered with %s %s", test.path, test.body, resp.Status, body)
		}
	}
	if lines := w.logLines(t, "http.handlers.whatsapp_webhook", "account event"); len(lines) == 0 || lines[0]["name"] != "ACCOUNT_RESTRICTION" || lines[0]["level"] != "warn" {
		t.Errorf("the restriction is logged as %v", lines)
	}
	if _, metrics := w.AdminCall(t, "/metrics", ""); !strings.Contains(string(metrics), `caddy_whatsapp_account_events_total{severity="critical"}`) {
		t.Error("the metrics don't count critical account events")
	}
}

// TestGroups counts violations and sends, and compares with the time before.
func TestGroups(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{
		WhatsApp: inGermany + "\nbusiness " + support + "\npolicy {\ntime_zone Europe/Berlin\n}", Guard: "sender {http.request.header.X-App}",
	}})
	list(t, w)
	w.sendAs(t, "crm", "", "", messages)
	w.sendAs(t, "shop", "", "", messages)
	after(5*day)(t, w) // 7 November
	w.sendAs(t, "crm", "", "", messages)
	w.sendAs(t, "crm", "", "", messages)
	w.sendAs(t, "ads", "", "", "/v25.0/"+support+"/messages")
	after(14*time.Hour)(t, w) // 23:00, in Berlin midnight
	ana.writes("Hello")(t, w)
	text(ana, passes)(t, w)
	template(ben, "sale", noConsent+"marketing by business")(t, w)
	p := &process{Process: gatewaytest.Process{File: w.log}}
	for _, test := range []struct {
		args string
		want string // keys with counts
	}{
		{"violations --from 4d --group-by rule", "WINDOW_CLOSED:3/2 NO_CONSENT:1/0 total:4/2"},
		{"violations --from 4d --group-by sender", "ads:1/0 127.0.0.1_*:1/0 crm:2/1 shop:0/1 total:4/2"},
		{"violations --from 4d --group-by business", "104455667799:1/0 Example_Shop:3/2 total:4/2"},
		{"violations --from 4d --group-by template", "text:3/2 template_sale:1/0 total:4/2"},
		{"violations --from 4d --group-by day --business " + shop, "2026-11-06:0/2 2026-11-07:2/0 2026-11-08:1/0 total:3/2"},
		{"violations --from 4d --group-by rule --sender crm", "WINDOW_CLOSED:2/1 total:2/1"},
		{"violations --group-by rule", "WINDOW_CLOSED:5/0 NO_CONSENT:1/0 total:6/0"},
		{"violations --group-by rule --from 2026-11-02 --to 2026-11-03", "WINDOW_CLOSED:2/0 total:2/0"},
		{"violations --group-by rule --from 2026-11-03 --to 2026-11-04", "WINDOW_CLOSED:0/2 total:0/2"},
		{"ledger --from 4d --group-by rule", "WINDOW_CLOSED:3/2 NO_CONSENT:1/0 WINDOW_OPEN:1/0 total:5/2"},
		{"ledger --from 4d --group-by rule --outcome accepted", "WINDOW_OPEN:1/0 total:1/0"},
	} {
		stdout, stderr, code := p.do(t, append(strings.Fields(test.args), "--address", w.Admin)...)
		if code != 0 {
			t.Errorf("%s: %s", test.args, stderr)
			continue
		}
		var got []string
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		for _, row := range lines[1:] {
			cells := strings.FieldsFunc(strings.ReplaceAll(row, "  ", "\t"), func(r rune) bool { return r == '\t' })
			key := strings.ReplaceAll(strings.TrimSpace(cells[0]), " ", "_")
			if before, _, ok := strings.Cut(key, "("); ok {
				key = before + "*"
			}
			got = append(got, fmt.Sprintf("%s:%s/%s", key, strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])))
		}
		want := strings.Fields(test.want)
		if !strings.Contains(test.args, "day") {
			slices.Sort(got)
			slices.Sort(want)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s counts %v, want %v in\n%s", test.args, got, want, stdout)
		}
	}
	stdout, _, _ := p.do(t, "violations", "--group-by", "rule", "--from", "4d", "--json", "--address", w.Admin)
	if want := `{"key":"WINDOW_CLOSED","count":3,"before":2}`; !strings.Contains(stdout, want+"\n") {
		t.Errorf("JSON lines: %s", stdout)
	}
	for args, want := range map[string]string{
		"violations --group-by colour":                 "there are rule, sender, business, template and day",
		"violations --group-by rule --from 1h --to 2h": "--from 1h is not before --to 2h",
		"violations --group-by rule --follow":          "--follow goes on for ever",
		"violations --follow --to 1h":                  "--follow goes on for ever",
		"violations --follow --interval 1ms":           "must be at least",
		"violations --follow --from soon":              "is no time",
		"ledger --outcome lost":                        "--outcome has no value like",
	} {
		stdout, stderr, code := p.do(t, append(strings.Fields(args), "--address", w.Admin)...)
		if code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%s ended with %d and %q; want an error with %q", args, code, stdout+stderr, want)
		}
	}
}

// TestFollow follows violations and the ledger while sends come: each is printed
// once, in order, and Ctrl-C ends it well.
func TestFollow(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	for range 3 {
		text(ben, windowClosed)(t, w)
	}
	ana.writes("Hello")(t, w)
	for _, test := range []struct {
		command, first string
	}{{"violations", "--limit=2"}, {"ledger", "--from=1h"}} {
		before := allEntries(t, w.Gateway, test.command)
		cmd := exec.Command(gatewaytest.Binary(t), test.command, "--follow", "--interval", "50ms", "--json", test.first, "--address", w.Admin)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill() })
		lines := bufio.NewScanner(stdout)
		next := func() string {
			t.Helper()
			if !lines.Scan() {
				t.Fatalf("%s --follow ended: %v", test.command, lines.Err())
			}
			var e adminapi.Line
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Fatalf("%q: %v", lines.Text(), err)
			}
			return e.ID.String()
		}
		var got []string
		begun := min(len(before), 2)
		if test.command == "ledger" {
			begun = len(before)
		}
		for range begun {
			got = append(got, next())
		}
		const n = 20
		for i := range n {
			text(ben, windowClosed)(t, w)
			if test.command == "ledger" {
				text(ana, passes)(t, w)
			}
			if i%3 == 0 {
				after(time.Second)(t, w)
			}
		}
		all := allEntries(t, w.Gateway, test.command)
		for range len(all) - len(before) {
			got = append(got, next())
		}
		var want []string
		for _, e := range all[:len(got)] {
			want = append(want, e.ID.String())
		}
		slices.Reverse(want)
		slices.Sort(want)
		if sorted := slices.Sorted(slices.Values(got)); !slices.Equal(sorted, want) {
			t.Errorf("%s --follow printed\n%v\nwant\n%v", test.command, got, want)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if lines.Scan() {
			t.Errorf("%s --follow printed more: %s", test.command, lines.Text())
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("after Ctrl-C: %v", err)
		}
	}
}
