// Package sdk runs what senders use against the gateway: real SDKs from npm
// (sdk_test.go, with the build tag sdk) and, written by hand, what such clients
// do on the wire and none of those SDKs shows (wire_test.go).
package sdk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

const (
	version     = "v25.0"
	number      = "104455667788" // served by the gateway
	otherNumber = "104455667799" // not served
	allowed     = "+4915112345678"
	allowedID   = "DE.55667788990011" // of the allowed contact
	other       = "+4915112345699"    // another person with an open window and an opt-in
	otherID     = "DE.55667788990099"
	strangerID  = "DE.11223344556677" // of nobody known
	refused     = "+4915187654321"    // no window, no opt-in
	template    = "parcel_offer"
	language    = "de"

	messagesPath = "/" + version + "/" + number + "/messages"
	mediaPath    = "/" + version + "/" + number + "/media"
)

// exchange is a request as it reached the simulator, and the answer.
type exchange struct {
	*http.Request
	Sent   []byte
	Broken error // why the body could not be read to its end
	Status int
	Answer []byte
}

// world is a simulator and, unless senders talk to it directly, the gateway in
// front of it. In both an allowed contact has written and opted in.
type world struct {
	Sim     *gatewaytest.Simulation
	Gateway *gatewaytest.Gateway
	URL     string // where senders send

	mu        sync.Mutex
	exchanges []exchange
}

// newWorld makes the world without a gateway, so that a test can see what a
// sender does by itself.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := new(world)
	w.Sim = gatewaytest.Simulate(t, graphsim.Options{
		Templates: []graphsim.Template{{
			Name: template, Language: language, Category: "MARKETING",
			Components: json.RawMessage(`[{"type":"BODY","text":"An offer from {{1}}"}]`),
		}},
	}, gatewaytest.Epoch)
	upstream := httptest.NewServer(http.HandlerFunc(w.record))
	t.Cleanup(upstream.Close)
	w.URL = upstream.URL
	return w
}

// newGateway makes the world with the gateway.
func newGateway(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.Gateway = w.Sim.Start(t, gatewaytest.Options{
		Upstream: w.URL,
		WhatsApp: fmt.Sprintf("business %s {\nwaba %s\n}", number, w.Sim.WABA()),
	})
	w.URL = w.Gateway.URL
	return w
}

// populate lets the people write and opt in. What happens at Meta reaches the
// gateway as signed webhooks.
func (w *world) populate(t *testing.T) {
	t.Helper()
	if err := w.Sim.TemplateStatus(t.Context(), template, language, "APPROVED", ""); err != nil {
		t.Fatalf("telling of the template: %v", err)
	}
	for _, user := range []graphsim.User{
		{Phone: allowed, UserID: allowedID, Name: "Ana"},
		{Phone: other, UserID: otherID, Name: "Ben"},
	} {
		if _, err := w.Sim.Inbound(t.Context(), number, user, graphsim.Text("Hello")); err != nil {
			t.Fatalf("opening the window: %v", err)
		}
		if w.Gateway == nil {
			continue
		}
		api, err := adminapi.NewClient(w.Gateway.AdminURL)
		if err != nil {
			t.Fatal(err)
		}
		_, err = api.Record(t.Context(), adminapi.RouteOptIn, adminapi.ConsentRequest{
			PhoneNumberID: number, Contact: user.Phone, Scope: "all", Source: "website",
		})
		if err != nil {
			t.Fatalf("opting in: %v", err)
		}
	}
}

// record serves a request through the simulator and keeps both sides of it.
func (w *world) record(rw http.ResponseWriter, r *http.Request) {
	var sent bytes.Buffer
	body := &noted{Reader: io.TeeReader(r.Body, &sent)}
	req := r.Clone(r.Context())
	req.Body = io.NopCloser(body)
	rec := httptest.NewRecorder()
	w.Sim.ServeHTTP(rec, req)

	w.mu.Lock()
	w.exchanges = append(w.exchanges, exchange{r, sent.Bytes(), body.err, rec.Code, bytes.Clone(rec.Body.Bytes())})
	w.mu.Unlock()

	for name, values := range rec.Header() {
		rw.Header()[name] = values
	}
	rw.WriteHeader(rec.Code)
	rw.Write(rec.Body.Bytes()) //nolint:errcheck // the sender may be gone
}

// noted notes the error that ended a body early.
type noted struct {
	io.Reader
	err error
}

func (n *noted) Read(p []byte) (int, error) {
	read, err := n.Reader.Read(p)
	if err != nil && err != io.EOF {
		n.err = err
	}
	return read, err
}

// arrived is what reached the simulator so far.
func (w *world) arrived() []exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]exchange(nil), w.exchanges...)
}
