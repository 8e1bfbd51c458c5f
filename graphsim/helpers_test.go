package graphsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
)

const (
	numberID = "104455667788"
	waba     = "200300400500"
	secret   = "app-secret"
)

// ana is the person most tests are about.
var ana = graphsim.User{
	Phone: "+49 1511 2345678", UserID: "DE.55667788990011", ParentUserID: "DE.ENT.778899",
	Name: "Ana Müller", Username: "@ana.k",
}

// newYear2026 lies between the price rules of July 2025 and October 2026.
var newYear2026 = time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a Sim behind a server, with a clock, a client and a webhook receiver.
type world struct {
	*graphsim.Sim
	t        testing.TB
	clock    *clock
	url      string
	receiver *receiver
}

func newWorld(t testing.TB, o graphsim.Options) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: newYear2026}, receiver: newReceiver(t)}
	if o.Clock == nil {
		o.Clock = w.clock.Now
	}
	o.AppSecret = secret
	o.WebhookURL = w.receiver.url
	w.Sim = graphsim.New(o)
	server := httptest.NewServer(w.Sim)
	t.Cleanup(func() {
		server.Close()
		if err := w.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	w.url = server.URL
	return w
}

// request sends with a bearer token; a body without content type is JSON.
func (w *world) request(method, path, contentType, body string) *http.Response {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if contentType == "" {
		contentType = "application/json"
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "Bearer token")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp
}

// call gives status and decoded body.
func (w *world) call(method, path, body string) (int, map[string]any) {
	w.t.Helper()
	return w.callAs(method, path, "", body)
}

func (w *world) callAs(method, path, contentType, body string) (int, map[string]any) {
	w.t.Helper()
	resp := w.request(method, path, contentType, body)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatalf("%s %s: reading answer: %v", method, path, err)
	}
	var answer map[string]any
	if err := json.Unmarshal(raw, &answer); err != nil {
		w.t.Fatalf("%s %s: answer %q: %v", method, path, raw, err)
	}
	return resp.StatusCode, answer
}

// send posts a message and gives its wamid; anything but success ends the test.
func (w *world) send(body string) string {
	w.t.Helper()
	status, answer := w.call("POST", "/v25.0/"+numberID+"/messages", message(body))
	id := str(at(answer, "messages", 0, "id"))
	if status != 200 || !strings.HasPrefix(id, "wamid.") {
		w.t.Fatalf("send %s: %d %v", body, status, answer)
	}
	return id
}

// text sends a text to a phone number.
func (w *world) text(to string) string {
	w.t.Helper()
	return w.send(`"to":"` + to + `","type":"text","text":{"body":"hi"}`)
}

// template sends a template without parameters.
func (w *world) template(to, name string) string {
	w.t.Helper()
	return w.send(`"to":"` + to + `","type":"template","template":{"name":"` + name + `","language":{"code":"de"}}`)
}

// hears lets a user write to the business, and forgets the webhook.
func (w *world) hears(u graphsim.User, m graphsim.Message) {
	w.t.Helper()
	if _, err := w.Inbound(w.t.Context(), numberID, u, m); err != nil {
		w.t.Fatalf("Inbound: %v", err)
	}
	w.receiver.clear()
}

// statuses delivers what waits and gives the statuses the receiver saw.
func (w *world) statuses() []map[string]any {
	w.t.Helper()
	w.receiver.clear()
	if _, err := w.DeliverStatuses(w.t.Context()); err != nil {
		w.t.Fatalf("DeliverStatuses: %v", err)
	}
	return w.receiver.statuses()
}

// failure gives the error code of the only status, 0 if it did not fail.
func (w *world) failure() int {
	w.t.Helper()
	all := w.statuses()
	if len(all) == 0 {
		w.t.Fatal("no status followed")
	}
	last := all[len(all)-1]
	if last["status"] != "failed" {
		return 0
	}
	return num(at(last, "errors", 0, "code"))
}

// message completes a JSON object body.
func message(fields string) string { return `{"messaging_product":"whatsapp",` + fields + `}` }

// at walks through decoded JSON: strings are keys, numbers are indices. Nil if there is nothing.
func at(v any, steps ...any) any {
	for _, step := range steps {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil
			}
			v = list[step]
		}
	}
	return v
}

func str(v any) string { s, _ := v.(string); return s }
func num(v any) int    { n, _ := v.(float64); return int(n) }

// receiver is a webhook endpoint that answers with a status of choice and keeps what it got.
type receiver struct {
	t   testing.TB
	url string
	got chan struct{} // one token per post

	mu     sync.Mutex
	status int
	posts  []post
}

type post struct {
	signature string
	body      []byte
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{t: t, status: http.StatusOK, got: make(chan struct{}, 1000)}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL + "/webhook"
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodGet {
		if req.URL.Query().Get("hub.verify_token") != "open sesame" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, req.URL.Query().Get("hub.challenge"))
		return
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		r.t.Errorf("reading webhook: %v", err)
	}
	r.mu.Lock()
	r.posts = append(r.posts, post{req.Header.Get(graphsim.SignatureHeader), body})
	status := r.status
	r.mu.Unlock()
	w.WriteHeader(status)
	r.got <- struct{}{}
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.posts = nil
}

func (r *receiver) all() []post {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]post(nil), r.posts...)
}

// values are the decoded changes of all posts, in order.
func (r *receiver) values() []map[string]any {
	r.t.Helper()
	var out []map[string]any
	for _, p := range r.all() {
		var body map[string]any
		if err := json.Unmarshal(p.body, &body); err != nil {
			r.t.Fatalf("webhook %q: %v", p.body, err)
		}
		entries, _ := body["entry"].([]any)
		for _, entry := range entries {
			changes, _ := at(entry, "changes").([]any)
			for _, change := range changes {
				out = append(out, change.(map[string]any))
			}
		}
	}
	return out
}

func (r *receiver) statuses() []map[string]any {
	r.t.Helper()
	var out []map[string]any
	for _, change := range r.values() {
		list, _ := at(change, "value", "statuses").([]any)
		for _, s := range list {
			out = append(out, s.(map[string]any))
		}
	}
	return out
}

// only is the single change the receiver saw.
func (r *receiver) only() map[string]any {
	r.t.Helper()
	values := r.values()
	if len(values) != 1 {
		r.t.Fatalf("receiver saw %d changes, want 1", len(values))
	}
	return values[0]
}
