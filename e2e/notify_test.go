package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// The secret of the endpoint of the tests, and one that is on its way out.
const (
	notifySecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	formerSecret = "whsec_0T+VOWp6mMOA6qMGWkWVCOeDm8Kwd2nH"
)

// toldEvent is an event as a receiver reads it.
type toldEvent struct {
	ID      string         `json:"id"`
	Type    string         `json:"type"`
	Subject string         `json:"subject"`
	Data    map[string]any `json:"data"`

	body string
}

// hook is a receiver that takes what is signed, each event once, and answers as it is told.
type hook struct {
	*httptest.Server
	// answer is the status of the answers; 0 for none until the receiver ends.
	answer atomic.Int64
	secret string

	mu      sync.Mutex
	got     []toldEvent
	seen    map[string]int
	came    chan struct{}
	forever chan struct{}
}

func newHook(t testing.TB, secret string) *hook {
	t.Helper()
	h := &hook{secret: secret, seen: make(map[string]int), came: make(chan struct{}, 10_000), forever: make(chan struct{})}
	h.answer.Store(http.StatusNoContent)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.take(t, w, r) }))
	t.Cleanup(func() {
		close(h.forever)
		h.Close()
	})
	return h
}

func (h *hook) take(t testing.TB, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the gateway was killed meanwhile
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(h.secret, "whsec_"))
	if err != nil {
		t.Error(err)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
	signature := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if !slices.Contains(strings.Fields(r.Header.Get("webhook-signature")), signature) || r.Header.Get("Content-Type") != "application/cloudevents+json" {
		t.Errorf("a message that isn't signed: %v", r.Header)
	}
	e := toldEvent{body: string(body)}
	if err := json.Unmarshal(body, &e); err != nil || e.ID != r.Header.Get("webhook-id") {
		t.Errorf("a message that is no event: %v %s", err, body)
	}
	status := int(h.answer.Load())
	if status == 0 {
		select {
		case <-h.forever:
		case <-r.Context().Done():
		}
		return
	}
	if status < 300 {
		h.mu.Lock()
		if h.seen[e.ID]++; h.seen[e.ID] == 1 && e.Type != "test" {
			h.got = append(h.got, e)
		}
		h.mu.Unlock()
	}
	w.WriteHeader(status)
	select {
	case h.came <- struct{}{}:
	default:
	}
}

// await waits until it got so many events, and gives them.
func (h *hook) await(t testing.TB, n int) []toldEvent {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		h.mu.Lock()
		got := slices.Clone(h.got)
		h.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-h.came:
		case <-deadline:
			t.Fatalf("told %d events, want %d: %+v", len(got), n, got)
		}
	}
}

func (h *hook) block(name string, lines ...string) string {
	return "notify " + name + " " + h.URL + "/hook {\nnetwork private\n" + strings.Join(lines, "\n") + "\n}\n"
}

// TestNotify: a receiver is told what happens, over HTTP, and a receiver that hangs holds
// nobody up.
func TestNotify(t *testing.T) {
	t.Setenv("WAGUARD_TEST_NOTIFY", notifySecret)
	crm, slow := newHook(t, formerSecret), newHook(t, notifySecret)
	slow.answer.Store(0)
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: "business * {\nname Shop\n}\n" +
		crm.block("crm", "secret {env.WAGUARD_TEST_NOTIFY} "+formerSecret, "types violation consent template person window account") +
		slow.block("slow", "secret {env.WAGUARD_TEST_NOTIFY}", "types violation")}})
	w.secrets = append(w.secrets, strings.TrimPrefix(notifySecret, "whsec_"), strings.TrimPrefix(formerSecret, "whsec_"))
	c := api(t, w.Gateway)
	awaitHeld(t, c, "crm", "slow")

	begun := time.Now()
	for _, step := range (steps{
		list, text(ana, "refuse WINDOW_CLOSED 400/131047 service by business"), ana.writes("Hello"), text(ana, inWindow), ben.optsIn("marketing"), ana.writes("STOP"),
	}) {
		step(t, w)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("a receiver that hangs held senders up: %s", took)
	}
	got := crm.await(t, 3)
	var types []string
	for _, e := range got {
		types = append(types, e.Type)
	}
	slices.Sort(types)
	if want := []string{"consent.opted_in", "consent.opted_out", "violation"}; !slices.Equal(types, want) {
		t.Fatalf("told %v, want %v", types, want)
	}
	contact := ""
	for _, e := range got {
		for _, secret := range w.secrets {
			if strings.Contains(e.body, secret) {
				t.Errorf("an event has %q: %s", secret, e.body)
			}
		}
		if e.Type == "consent.opted_out" {
			contact = e.Subject
		}
		if e.Subject == "" || e.Data["contact"] != e.Subject || e.Data["business"] != "Shop" {
			t.Errorf("an event that says little: %s", e.body)
		}
	}

	tested, err := c.TestEndpoint(t.Context(), adminapi.EndpointNamed{Endpoint: "crm"})
	if err != nil || !tested.Taken || tested.Status != http.StatusNoContent {
		t.Errorf("testing the endpoint: %+v, %v", tested, err)
	}
	if _, err := c.TestEndpoint(t.Context(), adminapi.EndpointNamed{Endpoint: "nobody"}); err == nil {
		t.Error("an endpoint is tested that there is not")
	}

	// Whom to erase is told by the name under which the events named them.
	if _, err := c.Erase(t.Context(), adminapi.ErasureRequest{Contact: ana.Phone, Reason: "asked"}); err != nil {
		t.Fatal(err)
	}
	erased := crm.await(t, 4)[3]
	if erased.Type != "person.erased" || !strings.Contains(erased.body, contact) || contact == "" {
		t.Errorf("told %s, want whom to erase, among them %s", erased.body, contact)
	}

	// A window that ends without an answer.
	ben.writes("Is anybody there?")(t, w)
	after(22*time.Hour+30*time.Minute)(t, w)
	ending := crm.await(t, 5)[4]
	if ending.Type != "window.ending" || ending.Data["later_category"] != "utility" || ending.Data["later_price"] == nil {
		t.Errorf("told %s, want a window that ends, and what a template costs", ending.body)
	}
	windows, err := c.Windows(t.Context(), adminapi.WindowSelection{Ending: "2h", Unanswered: true})
	if err != nil || len(windows.Windows) != 1 || windows.Windows[0].Contact != ending.Subject {
		t.Errorf("windows: %+v, %v", windows, err)
	}
	if dead, err := c.DeadEvents(t.Context(), adminapi.DeadSelection{Endpoint: "crn"}); err == nil || !strings.Contains(err.Error(), "crn") {
		t.Errorf("dead events of an endpoint nobody configured: %+v, %v", dead, err)
	}
}

// awaitHeld waits until the gateway tells endpoints.
func awaitHeld(t testing.TB, c *adminapi.Client, names ...string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		all, err := c.Endpoints(t.Context())
		held := 0
		if err == nil {
			for _, e := range all.Endpoints {
				if e.Here && slices.Contains(names, e.Name) {
					held++
				}
			}
		}
		if held == len(names) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody tells %v: %+v, %v", names, all, err)
		}
	}
}

// TestNotifyKill: whenever the gateway is killed, each violation that was answered is told.
func TestNotifyKill(t *testing.T) {
	receiver := newHook(t, notifySecret)
	_, upstream := newSim(t)
	p := newProcess(t, upstream, filepath.Join(t.TempDir(), "store"))
	p.Gateway.WhatsApp = receiver.block("crm", "secret "+notifySecret, "types violation")
	p.configure(t, p.text(t))
	p.start(t)
	awaitHeld(t, api(t, p.Gateway), "crm")
	answered := make(map[string]bool)
	for kill := range 3 {
		ctx, stop := context.WithCancel(t.Context())
		var sends sync.WaitGroup
		sends.Go(func() {
			for ctx.Err() == nil {
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+messages, strings.NewReader(`{"messaging_product":"whatsapp","to":"+4915112345678","type":"text","text":{"body":"Hi"}}`))
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Authorization", "Bearer test-token")
				resp, err := http.DefaultClient.Do(r)
				if err != nil {
					continue
				}
				if id := resp.Header.Get("X-Waguard-Id"); id != "" && resp.StatusCode == http.StatusBadRequest {
					answered["violation-"+id] = true
				}
				resp.Body.Close()
			}
		})
		receiver.await(t, 20*(kill+1)) // it is killed while it tells
		p.signal(t, syscall.SIGKILL)
		stop()
		sends.Wait()
		p.start(t)
	}
	receiver.await(t, len(answered))
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		missing, twice := 0, 0
		receiver.mu.Lock()
		for id := range answered {
			if receiver.seen[id] == 0 {
				missing++
			}
		}
		for _, n := range receiver.seen {
			twice += n - 1
		}
		receiver.mu.Unlock()
		if missing == 0 {
			t.Logf("%d violations were told, %d messages came twice", len(answered), twice)
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d violations were not told", missing, len(answered))
		}
	}
}
