package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

const consoleSite = `
	handle_path /console/* {
		whatsapp_console {
			user {http.request.header.Remote-User}
			allow consent erase
		}
	}`

// consoleGateway is a gateway with a console, on which a few things happened.
func consoleGateway(t *testing.T) (*gatewaytest.Gateway, *graphsim.Sim) {
	t.Helper()
	const number = "104455667788"
	start := time.Date(2026, time.November, 20, 8, 0, 0, 0, time.UTC)
	sim := gatewaytest.Simulate(t, graphsim.Options{
		Numbers:   []graphsim.Number{{ID: number, Display: "+49 30 555123", Name: "Fox Shoes", CountryCode: "49"}},
		Templates: []graphsim.Template{{Name: "autumn_sale", Language: "en", Category: "MARKETING"}, {Name: "order_shipped", Language: "en", Category: "UTILITY"}},
	}, start)
	g := sim.Start(t, gatewaytest.Options{Site: consoleSite, WhatsApp: "tag campaign\nbudget crm {\namount 100 USD\nof everything\n}\nbusiness " + number + " {\nname \"Fox Shoes\"\ntime_zone Europe/Berlin\n}"})
	gatewaytest.Do(t, http.MethodGet, g.URL+"/v25.0/"+sim.WABA()+"/message_templates?limit=50", "", http.Header{"Authorization": {"Bearer test-token"}})
	record(t, g, adminapi.RouteOptIn, adminapi.ConsentRequest{PhoneNumberID: number, Contact: "+4915112345678", Scope: "all", Source: "website"})
	send := func(body string) {
		gatewaytest.Do(t, http.MethodPost, g.URL+"/v25.0/"+number+"/messages", body, http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}})
	}
	for _, who := range []string{"+4915112345678", "+4917604069012"} {
		send(`{"messaging_product":"whatsapp","to":"` + who + `","type":"text","text":{"body":"hi"}}`)
		for _, name := range []string{"autumn_sale", "order_shipped"} {
			send(fmt.Sprintf(`{"messaging_product":"whatsapp","to":%q,"type":"template","template":{"name":%q,"language":{"code":"en"}}}`, who, name))
		}
	}
	if _, err := sim.Inbound(t.Context(), number, graphsim.User{Phone: "+4917604069012", Name: "Ben"}, graphsim.Text("STOP")); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.DeliverStatuses(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.Clock.Advance(time.Minute)
	return g, sim.Sim
}

var asAna = http.Header{"Remote-User": {"ana"}}

// TestConsolePages: every page is there, says nothing of numbers, and keeps to its policy.
func TestConsolePages(t *testing.T) {
	g, _ := consoleGateway(t)
	for _, page := range []string{"", "violations", "violations?show=all", "violations?by=rule", "violations?by=contact", "violations?watch=on", "person", "reviews", "runway", "runway?all=yes&ending=24h", "templates", "bill", "lab", "score", "score?finding=missed", "events", "health"} {
		resp, body := gatewaytest.Do(t, http.MethodGet, g.URL+"/console/"+page, "", asAna)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s\n%s", page, resp.Status, body)
		}
	}
}

// TestConsolePolicy: no page loads anything from elsewhere, runs what stands in it, is kept,
// or is framed.
func TestConsolePolicy(t *testing.T) {
	g, _ := consoleGateway(t)
	for _, page := range []string{"", "violations", "nothing", "decision", "person"} {
		resp, body := gatewaytest.Do(t, http.MethodGet, g.URL+"/console/"+page, "", asAna)
		policy := resp.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy is %q, without %s", page, policy, want)
			}
		}
		if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" || len(resp.Header["Set-Cookie"]) != 0 {
			t.Errorf("%s: %v", page, resp.Header)
		}
		for _, forbidden := range []string{"<style", " style=", "onclick", "javascript:", "http://", "https://", "<script>"} {
			if strings.Contains(string(body), forbidden) {
				t.Errorf("%s has %s", page, forbidden)
			}
		}
		for asset := range strings.FieldsFuncSeq(string(body), func(r rune) bool { return r == '"' }) {
			if !strings.HasPrefix(asset, "assets/") {
				continue
			}
			resp, content := gatewaytest.Do(t, http.MethodGet, g.URL+"/console/"+asset, "", nil)
			if resp.StatusCode != http.StatusOK || len(content) == 0 || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") || strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
				t.Errorf("%s: %s, %v", asset, resp.Status, resp.Header)
			}
		}
	}
}

// TestConsoleTemplates: the page of templates counts what was refused of each.
func TestConsoleTemplates(t *testing.T) {
	g, _ := consoleGateway(t)
	resp, body := gatewaytest.Do(t, http.MethodGet, g.URL+"/console/templates", "", asAna)
	for _, name := range []string{"autumn_sale", "order_shipped"} {
		if !strings.Contains(string(body), `<a href="violations?from=30d&amp;template=`+name+`">1</a>`) {
			t.Errorf("%s: one send of %s was refused: %s", resp.Status, name, body)
		}
	}
}

// TestConsoleVisitors: without a name it shows itself to this machine alone, and changes
// nothing.
func TestConsoleVisitors(t *testing.T) {
	g, _ := consoleGateway(t)
	erase := "contact=%2B4915112345678&sure=erase"
	for _, c := range []struct {
		name, method, page, body string
		header                   http.Header
		want                     int
	}{
		{"this machine", "GET", "", "", nil, 200},
		{"through another server", "GET", "", "", http.Header{"X-Forwarded-For": {"203.0.113.5"}}, 403},
		{"nobody looks somebody up", "POST", "person", "contact=%2B4915112345678", http.Header{"Origin": {g.URL}}, 403},
		{"a page elsewhere looks somebody up", "POST", "person", "contact=%2B4915112345678", http.Header{"Origin": {"https://evil.example"}, "Remote-User": {"ana"}}, 403},
		{"by what the browser says", "POST", "person", "contact=%2B4915112345678", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Remote-User": {"ana"}}, 403},
		{"a sister site", "POST", "person", "contact=%2B4915112345678", http.Header{"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://other.example"}, "Remote-User": {"ana"}}, 403},
		{"what is no browser", "POST", "person", "contact=%2B4915112345678", asAna, 403},
		{"nobody asks what somebody may be sent", "POST", "lab", "try=campaign&phone_number_id=104455667788&template=autumn_sale&contacts=%2B4915112345678", http.Header{"Origin": {g.URL}}, 403},
		{"ana asks", "POST", "lab", "try=campaign&phone_number_id=104455667788&template=autumn_sale&contacts=%2B4915112345678", http.Header{"Origin": {g.URL}, "Remote-User": {"ana"}}, 200},
		{"nobody tries options", "POST", "lab", "try=options&options=frequency_cap+marketing+2+7d", http.Header{"Origin": {g.URL}}, 200},
		{"nobody erases", "POST", "erase", erase, http.Header{"Origin": {g.URL}}, 403},
		{"nobody records", "POST", "consent", "contact=%2B4915112345678&state=opted_out", http.Header{"Origin": {g.URL}}, 403},
		{"nobody decides", "POST", "reviews", "id=1&decision=dismiss&reason=x", http.Header{"Origin": {g.URL}}, 403},
		{"a page elsewhere erases", "POST", "erase", erase, http.Header{"Origin": {"https://evil.example"}, "Remote-User": {"ana"}}, 403},
		{"an erasure by link", "GET", "erase?" + erase, "", asAna, 405},
		{"evidence by link", "GET", "evidence?contact=%2B4915112345678&format=pack", "", asAna, 405},
		{"a method", "DELETE", "", "", asAna, 405},
		{"a path", "GET", "../whatsapp/health", "", asAna, 404},
	} {
		header := c.header.Clone()
		if header == nil {
			header = http.Header{}
		}
		if c.method == "POST" {
			header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		req, err := http.NewRequestWithContext(t.Context(), c.method, g.URL+"/console/"+c.page, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s: %s, want %d", c.name, resp.Status, c.want)
		}
	}
}

// TestConsoleWithoutSlash: links lead on where the console is mounted at a path that has no
// slash at its end, wherever the address leads.
func TestConsoleWithoutSlash(t *testing.T) {
	g := gatewaytest.Start(t, gatewaytest.Options{Upstream: "http://127.0.0.1:1", Site: "handle_path /look* {\nwhatsapp_console\n}"})
	for path, want := range map[string]string{"/look": "./look/", "/look?watch=on": "./look/?watch=on", "/look/": "", "/look/violations": "", "//evil.example/../look": "./look/"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := resp.Header.Get("Location"); got != want {
			t.Errorf("%s leads to %q, want %q", path, got, want)
		}
	}
}

// TestConsoleGroups: each number of a grouping leads to a list that has as many, whatever
// time zones the numbers live in, and the page of templates has the same.
func TestConsoleGroups(t *testing.T) {
	const berlin, tokyo, honolulu = "104455667788", "104455667799", "104455667700"
	site := "handle_path /console/* {\nwhatsapp_console\n}"
	g := gatewaytest.Start(t, gatewaytest.Options{
		Upstream: "http://127.0.0.1:1", Site: site, Start: time.Date(2026, time.November, 20, 8, 0, 0, 0, time.UTC),
		WhatsApp: "business " + berlin + " {\ntime_zone Europe/Berlin\n}\nbusiness " + tokyo + " {\ntime_zone Asia/Tokyo\n}\nbusiness " + honolulu + " {\nname \"Fox & <b>\"\ntime_zone Pacific/Honolulu\n}",
	})
	for range 2 {
		for i, number := range []string{berlin, tokyo, honolulu} {
			header := http.Header{"Content-Type": {"application/json"}, "Authorization": {fmt.Sprint("Bearer token-", i)}}
			for _, message := range []string{`"type":"text","text":{"body":"hi"}`, `"type":"template","template":{"name":"sale","language":{"code":"en"}}`} {
				gatewaytest.Do(t, http.MethodPost, g.URL+"/v25.0/"+number+"/messages", `{"messaging_product":"whatsapp","to":"+4915112345678",`+message+`}`, header)
			}
		}
		g.Clock.Advance(17 * time.Hour)
	}
	page := func(path string) string {
		t.Helper()
		for {
			resp, body := gatewaytest.Do(t, http.MethodGet, g.URL+"/console/"+path, "", nil)
			if resp.StatusCode != http.StatusOK {
				t.Fatalf("%s: %s", path, resp.Status)
			}
			if !strings.Contains(string(body), "still being counted") {
				return string(body)
			}
		}
	}
	counted := regexp.MustCompile(`<a href="(violations[^"]*)">[^<]*</a></td><td class="n" data-label="sends">(\d+)`)
	for by, rows := range map[string]int{"rule": 2, "sender": 3, "template": 1, "number": 3, "contact": 1, "day": 2} {
		found := counted.FindAllStringSubmatch(page("violations?by="+by), -1)
		if len(found) != rows {
			t.Errorf("by %s there are %d links, want %d", by, len(found), rows)
		}
		for _, row := range found {
			link := html.UnescapeString(row[1])
			if n := strings.Count(page(link), `<tr class="refused">`); strconv.Itoa(n) != row[2] {
				t.Errorf("by %s: %s of %s leads to %d", by, link, row[2], n)
			}
		}
	}
	for path, want := range map[string]string{
		"bill": "Days in Asia/Tokyo, Europe/Berlin, Pacific/Honolulu",
		"":     "days in Asia/Tokyo, Europe/Berlin, Pacific/Honolulu",
	} {
		if body := page(path); !strings.Contains(body, want) {
			t.Errorf("%q says nothing of whose days it counts: %s", path, body)
		}
	}
	if bill := page("bill"); !strings.Contains(bill, "rate card USD 2026-10-01") || !strings.Contains(bill, "It is no invoice") {
		t.Errorf("the bill doesn't say what it was priced by: %s", bill)
	}
	if refused := page("templates"); !strings.Contains(refused, `data-label="refused in 30 days"><a href="violations?from=30d&amp;template=sale">6</a>`) {
		t.Errorf("the page of templates has not 6 that were refused: %s", refused)
	}
}

// TestConsoleFormulas: no file has cells that a spreadsheet takes for formulas, whoever wrote
// them.
func TestConsoleFormulas(t *testing.T) {
	g, _ := consoleGateway(t)
	for _, tag := range []string{"@SUM(A1)", "+4915", "-1+1"} {
		header := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}, "X-Waguard-Tag": {"campaign=" + tag}}
		gatewaytest.Do(t, http.MethodPost, g.URL+"/v25.0/104455667788/messages", `{"messaging_product":"whatsapp","to":"+4917604069012","type":"template","template":{"name":"order_shipped","language":{"code":"en"}}}`, header)
	}
	_, file := gatewaytest.Do(t, http.MethodGet, g.URL+"/console/bill.csv?by=campaign", "", asAna)
	for _, tag := range []string{"\n'@SUM(A1),", "\n'+4915,", "\n'-1+1,"} {
		if !strings.Contains(string(file), tag) {
			t.Errorf("there is no %q in %s", tag, file)
		}
	}
}

// TestConsoleChanges: what people change is recorded with their name, and what is personal
// is shown when they ask for it.
func TestConsoleChanges(t *testing.T) {
	g, _ := consoleGateway(t)
	const number, contact = "104455667788", "+4915112345678"
	post := func(page string, form url.Values) (int, string) {
		t.Helper()
		resp, body := gatewaytest.Do(t, http.MethodPost, g.URL+"/console/"+page, form.Encode(), http.Header{"Remote-User": {"ana"}, "Origin": {g.URL}, "Content-Type": {"application/x-www-form-urlencoded"}})
		return resp.StatusCode, html.UnescapeString(string(body))
	}
	status, body := post("person", url.Values{"contact": {contact}})
	sealed := regexp.MustCompile(`name="person" value="([^"]+)"`).FindStringSubmatch(body)
	if status != http.StatusOK || sealed == nil || strings.Contains(body, contact[1:]) || !strings.Contains(body, "opted in") {
		t.Fatalf("%d %s", status, body)
	}
	if _, body = post("person", url.Values{"person": {sealed[1]}, "open": {"yes"}}); !strings.Contains(body, contact) {
		t.Errorf("asked for it, the number is not shown: %s", body)
	}
	if status, body = post("person", url.Values{"person": {sealed[1][:len(sealed[1])-2] + "xx"}}); status != http.StatusBadRequest {
		t.Errorf("a person somebody made up: %d %s", status, body)
	}
	if status, body = post("evidence", url.Values{"person": {sealed[1]}, "format": {"pack"}}); status != http.StatusOK || !strings.HasPrefix(body, "PK") {
		t.Errorf("an evidence pack: %d, %d bytes", status, len(body))
	}
	if status, body = post("evidence", url.Values{"person": {sealed[1]}, "format": {"json"}}); status != http.StatusOK || !json.Valid([]byte(body)) {
		t.Errorf("all that is held: %d, %d bytes", status, len(body))
	}
	optOut := url.Values{"person": {sealed[1]}, "state": {"opted_out"}, "phone_number_id": {number}, "scope": {"marketing"}, "source": {"phone"}}
	if status, body = post("consent", optOut); status != http.StatusOK || !strings.Contains(body, "To be recorded") || strings.Contains(body, contact[1:]) {
		t.Errorf("before it is confirmed: %d %s", status, body)
	}
	if _, answer := g.AdminCall(t, adminapi.RouteHistory.Path, `{"phone_number_id":"`+number+`","contact":"`+contact+`"}`); strings.Contains(string(answer), "ana (console)") {
		t.Errorf("it was recorded before it was confirmed: %s", answer)
	}
	for _, sure := range []string{"", "yes"} {
		if status, body = post("consent", url.Values{"person": {sealed[1]}, "state": {"OPTED_IN"}, "phone_number_id": {number}, "scope": {"transactional"}, "source": {"phone"}, "sure": {sure}}); status != http.StatusBadRequest {
			t.Errorf("neither an opt-in nor an opt-out: %d %s", status, body)
		}
	}
	optOut.Set("sure", "yes")
	status, body = post("consent", optOut)
	if status != http.StatusOK || !strings.Contains(body, "Recorded, by ana") {
		t.Errorf("%d %s", status, body)
	}
	_, answer := g.AdminCall(t, adminapi.RouteHistory.Path, `{"phone_number_id":"`+number+`","contact":"`+contact+`"}`)
	if !strings.Contains(string(answer), `"actor":"ana (console)"`) {
		t.Errorf("the record is not ana's: %s", answer)
	}
	if status, body = post("consent", url.Values{"person": {sealed[1]}, "state": {"opted_in"}, "phone_number_id": {number}, "scope": {"marketing"}, "source": {"phone"}, "sure": {"yes"}}); status < 400 || strings.Contains(body, "Recorded, by") {
		t.Errorf("an opt-in without evidence: %d %s", status, body)
	}
	if status, body = post("erase", url.Values{"person": {sealed[1]}}); status != http.StatusOK || !strings.Contains(body, "It would take away") {
		t.Errorf("%d %s", status, body)
	}
	if status, body = post("erase", url.Values{"person": {sealed[1]}, "sure": {"erase"}, "reason": {"request 17"}}); status != http.StatusOK || !strings.Contains(body, "The person was erased") {
		t.Errorf("%d %s", status, body)
	}
	_, answer = g.AdminCall(t, adminapi.RouteErasures.Path, "")
	if !strings.Contains(string(answer), "ana (console)") || !strings.Contains(string(answer), "request 17") {
		t.Errorf("the erasure is not ana's: %s", answer)
	}
}

// TestConsoleWatch: sends appear as they are decided, and the stream ends with its
// configuration.
func TestConsoleWatch(t *testing.T) {
	g, _ := consoleGateway(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.URL+"/console/live?show=all&number=104455667788", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Remote-User": {"ana"}, "Accept": {"text/html, text/event-stream"}}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%s %v", resp.Status, resp.Header)
	}
	stream := bufio.NewScanner(resp.Body)
	stream.Scan() // it watches
	gatewaytest.Do(t, http.MethodPost, g.URL+"/v25.0/104455667788/messages", `{"messaging_product":"whatsapp","to":"+4917604069012","type":"text","text":{"body":"hi"}}`, http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}})
	event := ""
	for stream.Scan() && !strings.Contains(event, "</tr>") {
		event += stream.Text()
	}
	if !strings.Contains(event, "decision?id=") || !strings.Contains(event, "text") || strings.Contains(event, "4917604069012") {
		t.Errorf("what is streamed is %q", event)
	}
	if err := g.Load(); err != nil {
		t.Fatal(err)
	}
	for stream.Scan() {
	}
	if err := stream.Err(); err != nil {
		t.Errorf("the stream ends with %v", err)
	}
}
