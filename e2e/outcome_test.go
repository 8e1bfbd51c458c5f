package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/store"
)

// textBody is a text to Ana.
const textBody = `{"messaging_product":"whatsapp", "to":"+4915112345678","type":"text", "text":{"body":"Secret message \u00e4\/🙂"}}`

const messages = "/v25.0/" + shop + "/messages"

// accepted is a success of the Graph API in an unusual spelling, which must
// reach the sender as it is.
const accepted = `{ "messaging_product":"whatsapp","contacts":[{"input":"+4915112345678","wa_id":"4915112345678"}],` + "\n" +
	`"messages":[{"id":"wamid.HBgNoutcome\u0041"}]}`

// TestOutcome lets the upstream answer, fail and break in every way a connection
// has, and looks at what the sender gets and what the ledger says. What each answer
// means is tried in package gateway.
func TestOutcome(t *testing.T) {
	hang := func(r *http.Request) { <-r.Context().Done() }
	long := strings.Replace(accepted, " ", strings.Repeat(" ", 300<<10), 1)
	for _, test := range []struct {
		name     string
		upstream http.HandlerFunc
		guard    string
		header   http.Header // of the request
		// status the sender gets; 0 where the connection breaks off.
		status int
		body   string // "" for any
		state  string // in the ledger
		code   int    // Meta's error code in the ledger
	}{
		{name: "accepted", upstream: answer(200, accepted), status: 200, body: accepted, state: "accepted"},
		{name: "accepted/chunked", upstream: func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, accepted[:20])
			http.NewResponseController(w).Flush()
			io.WriteString(w, accepted[20:])
		}, status: 200, body: accepted, state: "accepted"},
		{name: "accepted/early-hints", upstream: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</a>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, accepted)
		}, status: 200, body: accepted, state: "accepted"},
		{name: "accepted/gzip-asked-for-by-the-sender", upstream: zipped, header: http.Header{"Accept-Encoding": {"gzip"}}, status: 200, body: accepted, state: "accepted"},
		{name: "accepted/gzip-asked-for-by-nobody", upstream: zipped, status: 200, body: accepted, state: "accepted"},
		{
			name: "rejected", upstream: answer(400, `{"error":{"message":"(#131026) Pair limit","type":"OAuthException","code":131026}}`), status: 400,
			body: `{"error":{"message":"(#131026) Pair limit","type":"OAuthException","code":131026}}`, state: "rejected", code: 131026,
		},
		{name: "rejected/without-reading-the-body", upstream: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close")
			answer(401, `{"error":{"code":190}}`)(w, r)
		}, status: 401, state: "rejected", code: 190},
		{name: "unknown/server-error", upstream: answer(500, "<html>oops</html>"), status: 500, body: "<html>oops</html>", state: "unknown"},
		{name: "unknown/no-content", upstream: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }, status: 204, state: "unknown"},
		{name: "unknown/redirect", upstream: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.com/", http.StatusTemporaryRedirect)
		}, status: 307, state: "unknown"},
		{name: "unknown/larger-than-is-held", upstream: answer(200, long), status: 200, body: long, state: "unknown"},
		{name: "unknown/reset", upstream: func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			hangUp(w)
		}, status: 500, body: unconfirmed, state: "unknown"},
		{name: "unknown/breaks-off", upstream: func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Length", strconv.Itoa(len(accepted)))
			io.WriteString(w, accepted[:50])
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, status: 500, body: unconfirmed, state: "unknown"},
		{name: "unknown/breaks-off-beyond-what-is-held", upstream: func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, long)
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, status: 0, state: "unknown"},
		{name: "unknown/timeout", upstream: func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			hang(r)
		}, guard: "send_timeout 100ms", status: 500, body: unconfirmed, state: "unknown"},
		{name: "unknown/timeout-mid-answer", upstream: func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Length", strconv.Itoa(len(accepted)))
			io.WriteString(w, accepted[:50])
			http.NewResponseController(w).Flush()
			hang(r)
		}, guard: "send_timeout 100ms", status: 500, body: unconfirmed, state: "unknown"},
		{name: "not-sent/nobody-there", upstream: nil, status: 503, body: notSent, state: "not_sent"},
	} {
		for _, path := range paths {
			t.Run(test.name+"/"+path.name, func(t *testing.T) {
				var upstream http.Handler
				if test.upstream != nil {
					upstream = test.upstream
				}
				o := path.to(t, upstream)
				o.Guard = test.guard
				w := newWorld(t, options{Options: o})
				ana.writes("Hello")(t, w)
				header := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}}
				for name, values := range test.header {
					header[name] = values
				}
				status, id, body := sendRaw(t, w, textBody, header)
				wantBody := test.body
				if wantBody == unconfirmed || wantBody == notSent {
					checkUnanswered(t, wantBody, body)
					wantBody = ""
				}
				if status != test.status || wantBody != "" && body != wantBody {
					t.Errorf("the sender got status %d and %.200q, want %d and %.200q", status, body, test.status, wantBody)
				}
				e := w.settled(t)
				if id != e.ID.String() && status != 0 {
					t.Errorf("the sender was told the decision %q, the ledger has %s", id, e.ID)
				}
				if e.Outcome.State != store.OutcomeState(test.state) || e.Outcome.ErrorCode != test.code {
					t.Errorf("the ledger says %s with code %d, want %s with %d", e.Outcome.State, e.Outcome.ErrorCode, test.state, test.code)
				}
				addsUp(t, w.Gateway)
			})
		}
	}
}

// The two answers to a send that got none from Meta, as kinds of bodies.
const (
	unconfirmed = "131000 UNCONFIRMED unknown false"
	notSent     = "131016 NOT_SENT not_sent true"
)

// checkUnanswered checks that an answer is an error in Graph's shape that says
// whether the send may be repeated.
func checkUnanswered(t *testing.T, want, body string) {
	t.Helper()
	var r struct {
		Error struct {
			Message     string
			Type        string
			Code        int
			IsTransient bool                     `json:"is_transient"`
			ErrorData   struct{ Details string } `json:"error_data"`
			TraceID     string                   `json:"fbtrace_id"`
			Waguard     struct{ Rule, Outcome, Decision, Remedy string }
		}
	}
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatalf("the answer is no JSON: %v: %s", err, body)
	}
	e := r.Error
	if got := fmt.Sprint(e.Code, " ", e.Waguard.Rule, " ", e.Waguard.Outcome, " ", e.IsTransient); got != want {
		t.Errorf("the answer says %q, want %q: %s", got, want, body)
	}
	if e.Message == "" || e.Type != "OAuthException" || e.TraceID == "" || e.Waguard.Decision != "allow" || !strings.Contains(e.ErrorData.Details, e.Waguard.Remedy) {
		t.Errorf("not the shape of the Graph API: %s", body)
	}
}

// answer is an upstream that reads the request and answers.
func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// zipped is an upstream that compresses for those who take it.
func zipped(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		io.WriteString(w, accepted)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	io.WriteString(z, accepted)
	z.Close()
}

// hangUp resets the connection of a request.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

// sendRaw posts a send and gives the status, decision id and body the sender
// got; status 0 where the answer broke off. Nothing is unpacked.
func sendRaw(t testing.TB, w *world, body string, header http.Header) (status int, id, answer string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL+messages, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	client := http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err.Error()
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, "", err.Error()
	}
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" {
		t.Errorf("the answer came in encoding %s", encoding)
	}
	return resp.StatusCode, resp.Header.Get("X-Waguard-Id"), string(got)
}

// settled is the newest ledger entry once its outcome is known.
func (w *world) settled(t testing.TB) (e *adminapi.Line) {
	t.Helper()
	eventually(t, "the send is settled", func() bool {
		e = w.newest(t)
		return e.Outcome.State != "reserved"
	})
	return e
}

// TestSenderGivesUp: the message is on its way all the same, and its id is not
// lost.
func TestSenderGivesUp(t *testing.T) {
	for _, path := range plainPaths {
		t.Run(path.name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{Forwards: path.forwards}})
			ana.writes("Hello")(t, w)
			arrived, release := make(chan struct{}), make(chan struct{})
			w.sim.Inject(graphsim.Fault{Delay: func(ctx context.Context) {
				close(arrived)
				select {
				case <-release:
				case <-ctx.Done():
				}
			}})
			ctx, leave := context.WithCancel(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL+messages, strings.NewReader(textBody))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Authorization", "Bearer test-token")
			gone := make(chan error)
			go func() {
				_, err := http.DefaultClient.Do(req)
				gone <- err
			}()
			<-arrived
			// It is in the ledger before it is answered.
			eventually(t, "the send is reserved", func() bool {
				p := pageOf(t, w.Gateway, "ledger", adminapi.Selection{})
				return len(p.Entries) == 1 && p.Entries[0].Outcome.State == "reserved"
			})
			leave()
			if err := <-gone; err == nil {
				t.Fatal("the sender got an answer although it left")
			}
			close(release)
			if e := w.settled(t); e.Outcome.State != "accepted" || e.Outcome.HTTPStatus != 200 {
				t.Errorf("the ledger says %+v, want accepted", e.Outcome)
			}
			statuses(t, w)
			deliveryIs("delivered service")(t, w)
			addsUp(t, w.Gateway)
		})
	}
}

// TestUnknownIsSettledByStatus: the answer to a send was lost, and the status
// that echoes the sender's reference tells how it went.
func TestUnknownIsSettledByStatus(t *testing.T) {
	for _, path := range plainPaths {
		t.Run(path.name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{Forwards: path.forwards}})
			ana.writes("Hello")(t, w)
			w.sim.Inject(graphsim.Fault{Break: graphsim.BreakAfter})
			resp, body := w.Post(t, messages, strings.Replace(textBody, `"type"`, `"biz_opaque_callback_data":"order 8812","type"`, 1))
			if resp.StatusCode != http.StatusInternalServerError {
				t.Fatalf("the sender got %s %s", resp.Status, body)
			}
			if e := w.settled(t); e.Outcome.State != "unknown" {
				t.Errorf("the ledger says %s, want unknown", e.Outcome.State)
			}
			updates := w.sim.Pending()
			if len(updates) == 0 {
				t.Fatal("Meta has no status for the send")
			}
			for i := range updates {
				raw, err := w.sim.Payload(updates[i])
				if err != nil {
					t.Fatal(err)
				}
				// The simulator does not echo the reference by itself.
				if !bytes.Contains(raw, []byte("order 8812")) {
					raw = bytes.Replace(raw, []byte(`"status":`), []byte(`"biz_opaque_callback_data":"order 8812","status":`), 1)
				}
				if resp, body := w.deliver(t, raw, gatewaytest.AppSecret); resp.StatusCode != http.StatusOK {
					t.Fatalf("delivering a status: %s %s", resp.Status, body)
				}
			}
			e := w.newest(t)
			if e.Outcome.State != "accepted" || e.Delivery.Status != "delivered" {
				t.Errorf("the ledger says %s and %s, want accepted and delivered", e.Outcome.State, e.Delivery.Status)
			}
		})
	}
}

// deliver posts a webhook signed with a secret.
func (w *world) deliver(t testing.TB, body []byte, secret string) (*http.Response, []byte) {
	t.Helper()
	return gatewaytest.Do(t, http.MethodPost, w.WebhookURL, string(body), http.Header{
		"Content-Type": {"application/json"}, "X-Hub-Signature-256": {graphsim.Sign(secret, body)},
	})
}

// TestUploadBreaksOff: half a send is no send.
func TestUploadBreaksOff(t *testing.T) {
	w := newWorld(t, options{})
	ana.writes("Hello")(t, w)
	conn, err := net.Dial("tcp", w.Addr)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", messages, w.Addr, len(textBody), textBody[:40])
	conn.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(conn)
	conn.Close()
	if len(answer) > 0 && !bytes.Contains(answer, []byte(" 400 ")) {
		t.Errorf("half a send was answered with %s", answer)
	}
	eventually(t, "half a send is a violation", func() bool {
		all := allEntries(t, w.Gateway, "violations")
		return len(all) == 1 && all[0].Rule == "UNREADABLE"
	})
	if n := len(w.sim.Requests()); n != 0 {
		t.Errorf("%d requests reached Meta", n)
	}
}

// TestHeaders: what the sender sends reaches Meta untouched, but for what could
// mislead; what Meta answers reaches the sender untouched, with our tags.
func TestHeaders(t *testing.T) {
	for _, path := range plainPaths {
		t.Run(path.name, func(t *testing.T) {
			var got *http.Request
			var gotBody []byte
			upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = r
				gotBody, _ = io.ReadAll(r.Body)
				w.Header().Set("Content-Type", "application/json; charset=UTF-8")
				w.Header().Set("X-App-Usage", `{"call_count":3}`)
				w.Header().Set("X-Waguard-Decision", "forged")
				w.Header().Add("X-Fb-Trace-Id", "abc")
				io.WriteString(w, accepted)
			}))
			defer upstream.Close()
			w := newWorld(t, options{Options: gatewaytest.Options{Upstream: upstream.URL, Forwards: path.forwards}})
			ana.writes("Hello")(t, w)
			resp, body := gatewaytest.Do(t, http.MethodPost, w.URL+messages+"?appsecret_proof=abc", textBody, http.Header{
				"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}, "User-Agent": {"shop/1.0"}, "X-Own": {"kept"},
				"X-Waguard-Id": {"forged"}, "x-waguard-decision": {"forged"}, "X-Waguard-": {"forged"}, "Idempotency-Key": {"k"}, "X-Idempotency-Key": {"k"},
			})
			if string(gotBody) != textBody || got.ContentLength != int64(len(textBody)) {
				t.Errorf("Meta got the body %q (%d bytes)", gotBody, got.ContentLength)
			}
			if got.URL.String() != messages+"?appsecret_proof=abc" {
				t.Errorf("Meta got the path %s", got.URL)
			}
			for name, want := range map[string]string{
				"Content-Type": "application/json", "Authorization": "Bearer test-token", "User-Agent": "shop/1.0", "X-Own": "kept",
				"X-Waguard-Id": "", "X-Waguard-Decision": "", "Idempotency-Key": "", "X-Idempotency-Key": "", "X-Forwarded-For": "",
			} {
				if value := got.Header.Get(name); value != want {
					t.Errorf("Meta got %s %q, want %q", name, value, want)
				}
			}
			for name := range got.Header {
				if strings.HasPrefix(strings.ToLower(name), "x-waguard") {
					t.Errorf("Meta got %s", name)
				}
			}
			if string(body) != accepted {
				t.Errorf("the sender got %q", body)
			}
			e := w.newest(t)
			for name, want := range map[string]string{
				"Content-Type": "application/json; charset=UTF-8", "X-App-Usage": `{"call_count":3}`, "X-Fb-Trace-Id": "abc",
				"X-Waguard-Decision": "allow", "X-Waguard-Rule": "WINDOW_OPEN", "X-Waguard-Category": "service", "X-Waguard-Id": e.ID.String(),
			} {
				if values := resp.Header.Values(name); len(values) != 1 || values[0] != want {
					t.Errorf("the sender got %s %q, want %q", name, values, want)
				}
			}
		})
	}
}

// TestPassThrough: what is no send streams through in both directions.
func TestPassThrough(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: inGermany}})
	resp, body := gatewaytest.Do(t, http.MethodGet, w.URL+"/v25.0/"+shop+"?fields=display_phone_number", "", http.Header{"Authorization": {"Bearer test-token"}})
	if resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("+49 30 555123")) {
		t.Errorf("reading a number: %s %s", resp.Status, body)
	}
	if id := resp.Header.Get("X-Waguard-Id"); id != "" {
		t.Errorf("reading a number is tagged as decision %s", id)
	}
	if n := len(allEntries(t, w.Gateway, "ledger")); n != 0 {
		t.Errorf("reading a number made %d ledger entries", n)
	}
}

// TestStoreFails: what can't be judged is refused as Meta refuses when it is
// down, and what was sent without a record is not called a success.
func TestStoreFails(t *testing.T) {
	for _, path := range plainPaths {
		t.Run(path.name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{Forwards: path.forwards, Store: "faulty", LogLevel: "PANIC", WhatsApp: "business " + shop + "\nbusiness " + support + " {\nmode monitor\n}"}})
			ana.writes("Hello")(t, w)
			clear := func() {
				faults.facts.Store(false)
				faults.reserve.Store(false)
				faults.settle.Store(false)
			}
			defer clear()
			for _, test := range []struct {
				name   string
				number string
				fails  []interface{ Store(bool) }
				want   string // status, code, rule
				sent   int
			}{
				{"facts", shop, []interface{ Store(bool) }{&faults.facts}, "503 131016 STORE_UNAVAILABLE", 0},
				{"facts/monitor", support, []interface{ Store(bool) }{&faults.facts}, "200 0 ", 1},
				{"settle", shop, []interface{ Store(bool) }{&faults.settle}, "500 131000 UNRECORDED", 1},
				{"reserve", shop, []interface{ Store(bool) }{&faults.reserve}, "503 131016 STORE_UNAVAILABLE", 0},
				{"reserve/monitor", support, []interface{ Store(bool) }{&faults.reserve}, "200 0 ", 1},
			} {
				t.Run(test.name, func(t *testing.T) {
					clear()
					for _, f := range test.fails {
						f.Store(true)
					}
					before := len(w.sim.Sends())
					resp, body := w.Post(t, "/v25.0/"+test.number+"/messages", textBody)
					r := decodeRefusal(t, body)
					if got := fmt.Sprint(resp.StatusCode, " ", r.Error.Code, " ", r.Error.Waguard.Rule); got != test.want {
						t.Errorf("the sender got %s: %s; want %s", got, body, test.want)
					}
					if sent := len(w.sim.Sends()) - before; sent != test.sent {
						t.Errorf("%d messages were sent, want %d", sent, test.sent)
					}
				})
			}
			// What the log says of the store is true in the mode of the send.
			for _, line := range w.logLines(t, "http.handlers.whatsapp_guard", "") {
				if text := fmt.Sprint(line["msg"]); strings.Contains(text, "the store can't answer") &&
					!strings.Contains(text, "passing sends") && !strings.Contains(text, "refusing sends") {
					t.Errorf("the log says %q", text)
				}
			}
			for message, want := range map[string]int{
				"the store can't answer: passing sends unjudged and unrecorded, since their business is in monitor mode": 1,
				"the store can't answer: refusing sends that can't be judged or recorded":                                2,
			} {
				if got := len(w.logLines(t, "http.handlers.whatsapp_guard", message)); got != want {
					t.Errorf("the log says %d times %q, want %d", got, message, want)
				}
			}
			clear()
			// A refusal is given also where it can't be recorded.
			faults.reserve.Store(true)
			if resp, body := w.Post(t, messages, strings.ReplaceAll(textBody, "+4915112345678", "+4915119876543")); decodeRefusal(t, body).Error.Waguard.Rule != "WINDOW_CLOSED" {
				t.Errorf("a refusal without record: %s %s", resp.Status, body)
			}
		})
	}
}

// TestLedgerOverlap: who asks for it gets the reservation written while Meta
// works. Then the first message leaves during which the store fails, and its
// sender is told; no further one does, and none where the store says beforehand
// that it has no room.
func TestLedgerOverlap(t *testing.T) {
	for _, path := range plainPaths {
		t.Run(path.name, func(t *testing.T) {
			w := newWorld(t, options{Options: gatewaytest.Options{Forwards: path.forwards, Store: "faulty", LogLevel: "PANIC", WhatsApp: "ledger overlap"}})
			ana.writes("Hello")(t, w)
			defer faults.reserve.Store(false)
			defer faults.lateReserve.Store(false)
			for i, want := range []string{"503 STORE_UNAVAILABLE", "200 ", "500 UNRECORDED", "503 STORE_UNAVAILABLE", "200 "} {
				faults.reserve.Store(i == 0)
				faults.lateReserve.Store(i == 2 || i == 3)
				resp, body := w.Post(t, messages, textBody)
				if got := fmt.Sprint(resp.StatusCode, " ", decodeRefusal(t, body).Error.Waguard.Rule); got != want {
					t.Errorf("send %d got %s: %s, want %s", i, got, body, want)
				}
			}
			if got := len(w.sim.Sends()); got != 3 {
				t.Errorf("%d messages were sent, want 3", got)
			}
		})
	}
}
