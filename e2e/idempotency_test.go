package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// keyed is the header of a request with an idempotency key.
func keyed(key string) http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}, "Idempotency-Key": {key}}
}

// counting is an upstream that counts what reaches it and lets answer have it.
func counting(t testing.TB, answer http.HandlerFunc) (url string, arrived *atomic.Int64) {
	t.Helper()
	arrived = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if r.Header.Get("Idempotency-Key") != "" || r.Header.Get("X-Idempotency-Key") != "" {
			t.Error("the idempotency key reached the upstream")
		}
		arrived.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, arrived
}

// ruleOf is the rule and outcome a refusal names; the body itself where it is
// none.
func ruleOf(body string) string {
	var r struct {
		Error struct {
			Waguard struct{ Rule, Outcome string }
		}
	}
	if json.Unmarshal([]byte(body), &r) != nil || r.Error.Waguard.Rule == "" {
		return body
	}
	return strings.TrimSpace(r.Error.Waguard.Rule + " " + r.Error.Waguard.Outcome)
}

// TestIdempotencyKey sends the same request twice under one key. What each answer
// of Meta leads to is tried in package gateway.
func TestIdempotencyKey(t *testing.T) {
	for _, path := range plainPaths {
		t.Run(path.name, func(t *testing.T) {
			limited := `{"error":{"message":"(#130429) Rate limit","type":"OAuthException","code":130429}}`
			for _, test := range []struct {
				name     string
				upstream http.HandlerFunc
				first    int
				second   int
				rule     string // of the second answer; "" where it is the first one's
				arrived  int64
			}{
				{name: "accepted", upstream: answer(200, accepted), first: 200, second: 200, arrived: 1},
				{name: "rejected-for-the-moment", upstream: answer(400, limited), first: 400, second: 400, rule: limited, arrived: 2},
				{name: "broken-off", upstream: func(w http.ResponseWriter, _ *http.Request) { hangUp(w) }, first: 500, second: 500, rule: "UNCONFIRMED unknown", arrived: 1},
			} {
				t.Run(test.name, func(t *testing.T) {
					upstream, arrived := counting(t, test.upstream)
					w := newWorld(t, options{Options: gatewaytest.Options{Upstream: upstream, Forwards: path.forwards}})
					ana.writes("Hello")(t, w)
					status, id, body := sendRaw(t, w, textBody, keyed("k-1"))
					if status != test.first {
						t.Fatalf("the first was answered %d %s, want %d", status, body, test.first)
					}
					w.Clock.Advance(time.Second) // as long as 130429 is waited for
					again, idAgain, bodyAgain := sendRaw(t, w, textBody, keyed("k-1"))
					if again != test.second {
						t.Errorf("the second was answered %d %s, want %d", again, bodyAgain, test.second)
					}
					switch test.rule {
					case "":
						if bodyAgain != body || idAgain != id {
							t.Errorf("the second got %s %s, want the first answer %s %s", idAgain, bodyAgain, id, body)
						}
					default:
						if got := ruleOf(bodyAgain); got != test.rule {
							t.Errorf("the second answer says %q, want %q", got, test.rule)
						}
					}
					if got := arrived.Load(); got != test.arrived {
						t.Errorf("%d requests reached the upstream, want %d", got, test.arrived)
					}
					if got := len(allEntries(t, w.Gateway, "ledger")); int64(got) != test.arrived {
						t.Errorf("the ledger has %d entries, want %d", got, test.arrived)
					}
				})
			}
		})
	}
}

// TestIdempotencyKeyRules is about what is the same request, and for how long.
func TestIdempotencyKeyRules(t *testing.T) {
	for _, path := range plainPaths {
		t.Run(path.name, func(t *testing.T) {
			upstream, arrived := counting(t, answer(200, accepted))
			w := newWorld(t, options{Options: gatewaytest.Options{Upstream: upstream, Forwards: path.forwards, Guard: "idempotency_window 2h"}})
			ana.writes("Hello")(t, w)
			send := func(what, body string, header http.Header, status int, rule string, sent int64) {
				t.Helper()
				before := arrived.Load()
				got, _, answered := sendRaw(t, w, body, header)
				if got != status || rule != "" && ruleOf(answered) != rule {
					t.Errorf("%s: %d %s, want %d %s", what, got, answered, status, rule)
				}
				if n := arrived.Load() - before; n != sent {
					t.Errorf("%s: %d requests reached the upstream, want %d", what, n, sent)
				}
			}
			other := strings.Replace(textBody, "Secret", "Other secret", 1)
			send("the first", textBody, keyed("k-1"), 200, "", 1)
			send("the same", textBody, keyed("k-1"), 200, "", 0)
			send("another body", other, keyed("k-1"), 422, "IDEMPOTENCY_KEY_REUSED", 0)
			send("another key", textBody, keyed("k-2"), 200, "", 1)
			x := keyed("")
			x.Del("Idempotency-Key")
			send("no key", textBody, x, 200, "", 1)
			x.Set("X-Idempotency-Key", "k-1")
			send("by the other name", textBody, x, 200, "", 0)
			x.Set("Idempotency-Key", "k-1")
			send("by both names", textBody, x, 200, "", 0)
			x.Set("Idempotency-Key", "k-3")
			send("two keys", textBody, x, 400, "PARAMETER_INVALID", 0)
			send("an empty key", textBody, keyed(""), 400, "PARAMETER_INVALID", 0)
			send("a key with a space", textBody, keyed("k 1"), 400, "PARAMETER_INVALID", 0)
			send("a long key", textBody, keyed(strings.Repeat("k", 256)), 400, "PARAMETER_INVALID", 0)
			w.Clock.Advance(2*time.Hour + time.Second)
			send("after the time keys are kept", textBody, keyed("k-1"), 200, "", 1)

			// What was refused has not left: it may be asked again.
			stranger := strings.Replace(textBody, "15112345678", "15119876543", 1)
			send("a refusal", stranger, keyed("k-4"), 400, "WINDOW_CLOSED", 0)
			ben.writes("Hi")(t, w)
			send("allowed by now", stranger, keyed("k-4"), 200, "", 1)
		})
	}
}

// TestKillInFlight kills the gateway while messages are at the upstream: each is
// in the ledger, since it was there before it left; and under its key it is
// neither sent again nor called unsent.
func TestKillInFlight(t *testing.T) {
	for _, path := range plainPaths {
		t.Run(path.name, func(t *testing.T) {
			upstream, arrived := counting(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
			p := newProcessOn(t, path, upstream, t.TempDir())
			p.start(t)
			sim, _ := newSim(t)
			sim.SetWebhookURL(p.WebhookURL)
			if _, err := sim.Inbound(t.Context(), shop, ana.User, graphsim.Text("Hello")); err != nil {
				t.Fatal(err)
			}
			const sends = 20
			ended := make(chan struct{})
			for i := range sends {
				go func() {
					req, _ := http.NewRequest(http.MethodPost, p.URL+messages, strings.NewReader(textBody))
					req.Header = keyed(fmt.Sprint("k-", i))
					if resp, err := http.DefaultClient.Do(req); err == nil {
						resp.Body.Close()
					}
					ended <- struct{}{}
				}()
			}
			eventually(t, "all are at the upstream", func() bool { return arrived.Load() == sends })
			p.signal(t, syscall.SIGKILL)
			for range sends {
				<-ended
			}
			p.start(t)
			unknown := 0
			for _, e := range allEntries(t, p.Gateway, "ledger") {
				if e.Outcome.State == "unknown" {
					unknown++
				}
			}
			if unknown != sends {
				t.Errorf("%d of %d messages at the upstream are in the ledger", unknown, sends)
			}
			for i := range sends {
				resp, body := gatewaytest.Do(t, http.MethodPost, p.URL+messages, textBody, keyed(fmt.Sprint("k-", i)))
				if resp.StatusCode != 500 || ruleOf(string(body)) != "UNCONFIRMED unknown" {
					t.Errorf("repeated after kill -9: %s %s", resp.Status, body)
				}
			}
			if arrived.Load() != sends {
				t.Errorf("%d requests reached the upstream, want %d", arrived.Load(), sends)
			}
		})
	}
}
