package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/policy"
)

// arrivals is an upstream that accepts everything and keeps it.
type arrivals struct {
	mu   sync.Mutex
	last []string // method, target and body of each request
}

func (a *arrivals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	a.mu.Lock()
	a.last = append(a.last, r.Method+" "+r.RequestURI+" "+string(body))
	a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, accepted)
}

func (a *arrivals) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	taken := a.last
	a.last = nil
	return taken
}

// odd is a request that the gateway can't read, or would refuse.
type odd struct {
	name, method, target, header, body string
	rule                               string
	// chunked: the body comes in chunks.
	chunked bool
	why     string // a part of the reason in the log
}

const supportMessages = "/v25.0/" + support + "/messages"

const asJSON = "Content-Type: application/json\r\n"

func zip(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, s)
	z.Close()
	return b.String()
}

func batchOf(elements ...string) string { return `{"batch":[` + strings.Join(elements, ",") + `]}` }

func batched(number, to string) string {
	return `{"method":"POST","relative_url":"` + number + `/messages","body":"messaging_product=whatsapp&to=%2B` + to + `&type=text&text=%7B%22body%22%3A%22hi%22%7D"}`
}

var (
	large   = `{"messaging_product":"whatsapp","to":"+4915112345678","type":"text","text":{"body":"` + strings.Repeat("x", 2<<20) + `"}}`
	hidden  = "--b\r\nContent-Disposition: form-data; name=\"batch\"\r\n\r\n[]\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n" + strings.Repeat("x", 1<<20) + "\r\n--b--\r\n"
	doubled = `{"messaging_product":"whatsapp","to":"+4915112345678","to":"+4915119876543","type":"text","text":{"body":"hi"}}`
)

// oddities are requests of every kind that enforcement refuses.
var oddities = []odd{
	{name: "window", target: supportMessages, header: asJSON, body: textBody, rule: "WINDOW_CLOSED"},
	{name: "unreadable", target: supportMessages, header: asJSON, body: doubled, rule: "UNREADABLE"},
	{name: "not-json", target: supportMessages, header: asJSON, body: "hello", rule: "UNREADABLE"},
	{name: "empty", target: supportMessages, header: asJSON, body: "", rule: "UNREADABLE"},
	{name: "compressed", target: supportMessages, header: asJSON + "Content-Encoding: gzip\r\n", body: zip(textBody), rule: "ENCODING_UNSUPPORTED"},
	{name: "multipart", target: supportMessages, header: "Content-Type: multipart/form-data; boundary=b\r\n", body: "--b\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\n1\r\n--b--\r\n", rule: "ENCODING_UNSUPPORTED"},
	{name: "utf-16", target: supportMessages, header: "Content-Type: application/json; charset=utf-16\r\n", body: "\xff\xfe{\x00}\x00", rule: "ENCODING_UNSUPPORTED"},
	{name: "too-large", target: supportMessages, header: asJSON, body: large, rule: "BODY_TOO_LARGE"},
	{name: "too-large/chunked", target: supportMessages, header: asJSON, body: large, chunked: true, rule: "BODY_TOO_LARGE"},
	{name: "parameter", target: supportMessages, header: asJSON, body: strings.Replace(textBody, `"text"`, `"te xt"`, 1), rule: "PARAMETER_INVALID"},
	{name: "missing", target: supportMessages, header: asJSON, body: `{"to":"+4915112345678"}`, rule: "PARAMETER_MISSING"},
	{name: "recipient", target: supportMessages, header: asJSON, body: strings.Replace(textBody, "+4915112345678", "call me", 1), rule: "RECIPIENT_INVALID"},
	{name: "query", target: supportMessages + "?to=1", header: asJSON, body: textBody, rule: "PARAMETER_INVALID"},
	{name: "put", method: "PUT", target: supportMessages, header: asJSON, body: textBody, rule: "METHOD_OVERRIDE"},
	{name: "method-header", target: supportMessages, header: asJSON + "X-HTTP-Method-Override: PUT\r\n", body: textBody, rule: "METHOD_OVERRIDE"},
	{name: "get-with-body", method: "GET", target: supportMessages, header: asJSON, body: textBody, rule: "METHOD_OVERRIDE"},
	{name: "websocket", target: supportMessages, header: asJSON + "Connection: Upgrade\r\nUpgrade: websocket\r\n", body: textBody, rule: "METHOD_OVERRIDE"},
	{name: "encrypted", target: "/v25.0/" + support + "/messages_encrypted", header: asJSON, body: `{"messaging_product":"whatsapp","encrypted_contents":"x"}`, rule: "ENCRYPTED_BODY"},
	{name: "batch-on-edge", target: supportMessages, header: asJSON, body: batchOf(batched(support, "4915112345678")), rule: "BATCH_REFUSED"},
}

// placeless are requests that name no business phone number that is configured.
var placeless = []odd{
	{name: "path", target: "/v25.0//" + support + "/messages", header: asJSON, body: textBody, rule: "PATH_AMBIGUOUS"},
	{name: "path/large", target: "/v25.0//" + support + "/messages", header: asJSON, body: large, rule: "PATH_AMBIGUOUS"},
	{name: "sender", target: "/v25.0/999888777666/messages", header: asJSON, body: textBody, rule: "SENDER_UNKNOWN"},
	{name: "batch", target: "/v25.0/", header: asJSON, body: batchOf(`{"method":"POST","relative_url":"` + support + `/messages","body":7}`), rule: "BATCH_REFUSED"},
	{name: "batch/twice", target: "/v25.0/", header: asJSON, body: `{"batch":[],"batch":[]}`, rule: "UNREADABLE"},
	{name: "upload", target: "/v25.0/" + support + "/media", header: "Content-Type: multipart/form-data; boundary=b\r\n", body: hidden, rule: "BATCH_REFUSED"},
	{name: "upload/chunked", target: "/v25.0/" + support + "/media", header: "Content-Type: multipart/form-data; boundary=b\r\n", body: hidden, chunked: true, rule: "BATCH_REFUSED"},
	{name: "method", method: "GET", target: "/v25.0/" + support + "/media?method=post", rule: "METHOD_OVERRIDE"},
	{name: "unknown-method", method: "BATCH", target: "/v25.0/", rule: "METHOD_OVERRIDE"},
}

// monitorWorld is a gateway before an upstream that accepts everything.
func monitorWorld(t *testing.T, whatsapp string) (*world, *arrivals) {
	t.Helper()
	up := new(arrivals)
	server := httptest.NewServer(up)
	t.Cleanup(server.Close)
	return newWorld(t, options{Options: gatewaytest.Options{Upstream: server.URL, WhatsApp: whatsapp}}), up
}

// TestMonitorPassesEverything: where every business is in monitor mode, whatever
// enforcement refuses arrives as it was sent, and is on record.
func TestMonitorPassesEverything(t *testing.T) {
	w, up := monitorWorld(t, "business "+shop+" {\nmode monitor\n}\nbusiness "+support+" {\nmode monitor\n}")
	for _, o := range append(append([]odd(nil), oddities...), placeless...) {
		t.Run(o.name, func(t *testing.T) { o.passes(t, w, up) })
	}
	addsUp(t, w.Gateway)
}

// TestMonitorBesideEnforcement: where another business is not in monitor mode,
// what names the monitored one passes, unless it could hold sends of the other;
// what names none is refused.
func TestMonitorBesideEnforcement(t *testing.T) {
	w, up := monitorWorld(t, "business "+shop+"\nbusiness "+support+" {\nmode monitor\n}")
	const couldHold = "could hold sends of another business"
	exceptions := map[string]string{
		"compressed": couldHold, "utf-16": couldHold, "too-large": couldHold, "too-large/chunked": couldHold, "websocket": couldHold, "batch-on-edge": couldHold,
	}
	for _, o := range oddities {
		o.why = exceptions[o.name]
		t.Run(o.name, func(t *testing.T) {
			if o.why == "" {
				o.passes(t, w, up)
				return
			}
			o.refused(t, w, up)
		})
	}
	for _, o := range placeless {
		t.Run(o.name, func(t *testing.T) { o.refused(t, w, up) })
	}
	// Neither does a monitored business's path open a door to the other.
	for _, o := range []odd{
		{name: "door/batch", target: supportMessages, header: asJSON, body: batchOf(batched(shop, "4915112345678")), rule: "BATCH_REFUSED", why: couldHold},
		{name: "door/escaped", target: supportMessages, header: asJSON, body: `{"b\u0061tch":[]}`, rule: "BATCH_REFUSED", why: couldHold},
		{name: "door/query", target: supportMessages + "?b%61tch=[]", header: asJSON, body: textBody, rule: "BATCH_REFUSED", why: couldHold},
		{name: "door/multipart", target: supportMessages, header: "Content-Type: multipart/form-data; boundary=b\r\n", body: hidden[:200], rule: "ENCODING_UNSUPPORTED", why: couldHold},
		{name: "door/cookie", target: supportMessages, header: asJSON + "Cookie: batch=[]\r\n", body: doubled, rule: "BATCH_REFUSED", why: couldHold},
	} {
		t.Run(o.name, func(t *testing.T) { o.refused(t, w, up) })
	}
	t.Run("mixed-batch", func(t *testing.T) {
		o := odd{target: "/v25.0/", header: asJSON, body: batchOf(batched(support, "4915112345678"), batched(shop, "4915112345678")), rule: "WINDOW_CLOSED", why: "another send of the same batch"}
		o.refused(t, w, up)
	})
	addsUp(t, w.Gateway)
}

// TestMonitorBrokenBody: half a request can't be passed on, and the log says so.
func TestMonitorBrokenBody(t *testing.T) {
	w, up := monitorWorld(t, "business * {\nmode monitor\n}")
	for name, raw := range map[string]string{
		"length": fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: 500\r\n\r\n{", messages, w.Addr, asJSON),
		"chunks": fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\n%sTransfer-Encoding: chunked\r\n\r\n5\r\n{", messages, w.Addr, asJSON),
	} {
		t.Run(name, func(t *testing.T) {
			before := len(w.logLines(t, "http.handlers.whatsapp_guard", ""))
			conn, err := net.Dial("tcp", w.Addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			io.WriteString(conn, raw)
			conn.(*net.TCPConn).CloseWrite()
			io.ReadAll(conn)
			eventually(t, "the request is on record", func() bool { return len(w.logLines(t, "http.handlers.whatsapp_guard", "")) > before })
			line := w.logLines(t, "http.handlers.whatsapp_guard", "")[before]
			if line["msg"] != "send refused although in monitor mode" || !strings.Contains(fmt.Sprint(line["why"]), "never came to its end") {
				t.Errorf("the log says %v", line)
			}
		})
	}
	if got := up.take(); len(got) != 0 {
		t.Errorf("half a request arrived: %.200q", got)
	}
}

// passes sends the request, which must arrive as it is and be on record.
func (o *odd) passes(t *testing.T, w *world, up *arrivals) {
	t.Helper()
	resp, body, line := o.send(t, w)
	got := up.take()
	if want := o.verb() + " " + o.target + " " + o.body; len(got) != 1 || got[0] != want {
		t.Errorf("%d requests arrived, %.300q; want %.300q", len(got), got, want)
	}
	if resp.StatusCode != http.StatusOK || string(body) != accepted {
		t.Errorf("the sender got %s %.300s", resp.Status, body)
	}
	if line["msg"] != "send would be refused" || line["rule"] != o.rule {
		t.Errorf("the log says %v, want rule %s", line, o.rule)
	}
	p := pageOf(t, w.Gateway, "violations", adminapi.Selection{Limit: 1})
	if len(p.Entries) != 1 || p.Entries[0].Decision != "monitor" || p.Entries[0].Rule != policy.Rule(o.rule) || p.Entries[0].Outcome.State == "refused" {
		t.Errorf("on record is %+v, want rule %s", p.Entries, o.rule)
	}
}

// refused sends the request, which must not arrive.
func (o *odd) refused(t *testing.T, w *world, up *arrivals) {
	t.Helper()
	resp, body, line := o.send(t, w)
	if got := up.take(); len(got) != 0 {
		t.Errorf("it arrived: %.300q", got)
	}
	if rule := resp.Header.Get("X-Waguard-Rule"); rule != o.rule || resp.StatusCode < 400 {
		t.Errorf("the sender got %s %s %.300s, want %s", resp.Status, rule, body, o.rule)
	}
	message, why := "send refused", ""
	if o.why != "" {
		message, why = "send refused although in monitor mode", fmt.Sprint(line["why"])
	}
	if line["msg"] != message || !strings.Contains(why, o.why) {
		t.Errorf("the log says %v, want %q", line, o.why)
	}
}

func (o *odd) verb() string {
	if o.method == "" {
		return http.MethodPost
	}
	return o.method
}

// send writes the request and gives the answer and its first line in the log.
func (o *odd) send(t *testing.T, w *world) (*http.Response, []byte, map[string]any) {
	t.Helper()
	before := len(w.logLines(t, "http.handlers.whatsapp_guard", ""))
	conn, err := net.Dial("tcp", w.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	head, body := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\n%s", o.verb(), o.target, w.Addr, o.header), o.body
	switch {
	case o.chunked:
		head += "Transfer-Encoding: chunked\r\n"
		body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	case body != "" || o.verb() == http.MethodPost:
		head += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	go io.WriteString(conn, head+"\r\n"+body)
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: o.verb()})
	if err != nil {
		t.Fatalf("reading the answer: %v", err)
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("reading the answer: %v", err)
	}
	// What streamed is noted after it was answered.
	eventually(t, "the request is in the log", func() bool { return len(w.logLines(t, "http.handlers.whatsapp_guard", "")) > before })
	for _, line := range w.logLines(t, "http.handlers.whatsapp_guard", "")[before:] {
		if o.why == "" || line["why"] != nil {
			return resp, answer, line
		}
	}
	return resp, answer, w.logLines(t, "http.handlers.whatsapp_guard", "")[before]
}
