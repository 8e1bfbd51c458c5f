package e2e

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

const (
	goodToken = "EAAGgood"
	badToken  = "EAAGbad"
	numberURL = "/v25.0/" + shop
)

// newStrangersWorld is a gateway that names no senders, before a Meta that takes
// one token.
func newStrangersWorld(t *testing.T, whatsapp string) *world {
	t.Helper()
	w := newWorld(t, options{
		sim:     graphsim.Options{Tokens: []string{goodToken, "EAAGgood2"}},
		Options: gatewaytest.Options{WhatsApp: whatsapp, Strangers: true},
	})
	w.secrets = append(w.secrets, "EAAG")
	return w
}

func (w *world) as(t *testing.T, token, method, path, body string) (*http.Response, []byte) {
	t.Helper()
	header := http.Header{"Content-Type": {"application/json"}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return gatewaytest.Do(t, method, w.URL+path, body, header)
}

// fact is what only somebody may be told whom Meta trusts: a time, a source, who
// else was asked.
var fact = regexp.MustCompile(`\d{4}-\d\d-\d\dT|chat_keyword|operator|closed since|has not written|opted in to|asked for consent|has not been in touch`)

func (w *world) ledgerSize(t *testing.T) int {
	t.Helper()
	return len(allEntries(t, w.Gateway, "ledger")) + len(allEntries(t, w.Gateway, "violations"))
}

// metric is the sum of a metric's samples.
func (w *world) metric(t *testing.T, name string) (sum float64) {
	t.Helper()
	resp, err := http.Get(w.AdminURL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	for _, m := range regexp.MustCompile(`(?m)^`+name+`(?:\{[^}]*\})? (\S+)$`).FindAllStringSubmatch(string(text), -1) {
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += v
	}
	return sum
}

const (
	bensText  = `{"messaging_product":"whatsapp","to":"+4915119876543","type":"text","text":{"body":"Secret message"}}`
	bensOffer = `{"messaging_product":"whatsapp","to":"+4915119876543","type":"template","template":{"name":"sale","language":{"code":"en"}}}`
	anasOffer = `{"messaging_product":"whatsapp","to":"+4915112345678","type":"template","template":{"name":"sale","language":{"code":"en"}}}`
)

// TestStrangersLearnNoFacts: a caller whose token Meta hasn't accepted is told the
// rule and no fact of a person, also of a batch; the ledger doesn't grow and the
// refusals are counted. Once Meta has accepted the token, for this number, it is
// told why, and the ledger has it, also after a restart.
func TestStrangersLearnNoFacts(t *testing.T) {
	w := newStrangersWorld(t, "")
	graph := func(step ...step) {
		for _, s := range step {
			s(t, w)
		}
	}
	graph(ana.writes("Hello"), ana.writes("STOP"), ben.writes("Hello"), ben.writes("STOP"))
	w.Clock.Advance(25 * time.Hour)
	graph(ana.writes("Hello again"))
	for i := range 2 {
		w.admin(t, "/whatsapp/consent/opt-out", fmt.Sprintf(`{"phone_number_id":%q,"contact":"+4915119876543","scope":"all","reference":"letter %d"}`, shop, i), new(adminapi.Consent))
	}
	refused := map[string]string{
		"window-closed":   bensText,
		"opted-out":       bensOffer,
		"marketing":       anasOffer,
		"call":            "",
		"batch":           batchOf(batched(shop, "4915119876543")),
		"never-heard-of":  strings.ReplaceAll(bensOffer, "4915119876543", "4915110000001"),
		"two-names":       strings.Replace(bensText, `"type"`, `"recipient":"DE.55667788990011","type"`, 1),
		"unknown-caller":  bensText,
		"unreadable":      `{"to":`,
		"unknown-sending": bensText,
	}
	paths := map[string]string{"batch": "/v25.0/", "call": "/v25.0/" + shop + "/calls"}
	refused["call"] = `{"messaging_product":"whatsapp","to":"+4915119876543","action":"connect","session":{"sdp_type":"offer","sdp":"x"}}`
	size, counted := w.ledgerSize(t), w.metric(t, "caddy_whatsapp_unaccepted_callers_refused_total")
	rules := make(map[string]string)
	tried := 0
	for name, body := range refused {
		path := paths[name]
		if path == "" {
			path = messages
		}
		for _, token := range []string{"", badToken, goodToken} {
			resp, answer := w.as(t, token, "POST", path, body)
			if resp.StatusCode < 400 || fact.Match(answer) {
				t.Errorf("%s, by a stranger: %s %s", name, resp.Status, answer)
			}
			if got := decodeRefusal(t, answer).Error.Waguard.Rule; rules[name] == "" {
				rules[name] = got
			} else if rules[name] != got || got == "" {
				t.Errorf("%s has the rules %s and %s", name, rules[name], got)
			}
			for header, values := range resp.Header {
				if strings.HasPrefix(header, "X-Waguard-") && fact.MatchString(values[0]) {
					t.Errorf("%s: %s: %s", name, header, values[0])
				}
			}
			tried++
		}
	}
	if n := w.ledgerSize(t); n != size {
		t.Errorf("the ledger grew by %d", n-size)
	}
	if n := w.metric(t, "caddy_whatsapp_unaccepted_callers_refused_total") - counted; n != float64(tried) {
		t.Errorf("%v are counted of %d", n, tried)
	}

	// Somebody else's bad token is refused by Meta and teaches nothing, neither does
	// one that is good for another number.
	w.as(t, badToken, "GET", numberURL, "")
	w.as(t, badToken, "GET", numberURL+"?callback=x", "")
	w.as(t, badToken, "OPTIONS", numberURL, "")
	w.as(t, "EAAGgood2", "GET", "/v25.0/"+support, "")
	for _, token := range []string{badToken, "EAAGgood2"} {
		if _, answer := w.as(t, token, "POST", messages, bensText); fact.Match(answer) {
			t.Errorf("a token Meta takes not, or for another number, gets facts: %s", answer)
		}
	}

	// An allowed send is what an honest sender begins with.
	if resp, answer := w.as(t, goodToken, "POST", messages, textBody); resp.StatusCode != http.StatusOK {
		t.Fatalf("an allowed send: %s %s", resp.Status, answer)
	}
	told := func(what, token string, want bool) {
		t.Helper()
		before := w.ledgerSize(t)
		_, answer := w.as(t, token, "POST", messages, bensText)
		if fact.Match(answer) != want {
			t.Errorf("%s: %s", what, answer)
		}
		if grown := w.ledgerSize(t) > before; grown != want {
			t.Errorf("%s: the ledger grew: %v", what, grown)
		}
	}
	told("after an accepted send", goodToken, true)
	told("another", badToken, false)
	for name, rule := range rules {
		path := paths[name]
		if path == "" {
			path = messages
		}
		if _, answer := w.as(t, goodToken, "POST", path, refused[name]); decodeRefusal(t, answer).Error.Waguard.Rule != rule {
			t.Errorf("%s has the rule %s to a stranger, and to others it is %s", name, rule, answer)
		}
	}
	if err := w.Load(); err != nil {
		t.Fatal(err)
	}
	told("after a reload", goodToken, true)
	w.Clock.Advance(29 * 24 * time.Hour)
	told("29 days later", goodToken, true)
	w.Clock.Advance(25 * time.Hour)
	told("30 days later", goodToken, false)
	if resp, answer := w.as(t, goodToken, "GET", numberURL, ""); resp.StatusCode != http.StatusOK {
		t.Fatalf("reading the number: %s %s", resp.Status, answer)
	}
	told("after reading the number", goodToken, true)
}

// TestStrangersUseUpNothing: what a stranger sends and Meta refuses leaves the one
// confirmation of an opt-out and the idempotency key to the business, and its
// answer doesn't say by which rule it was let through.
func TestStrangersUseUpNothing(t *testing.T) {
	w := newStrangersWorld(t, "")
	ana.writes("Hello")(t, w)
	ana.writes("STOP")(t, w)
	confirmation := strings.Replace(textBody, "Secret message", "You are unsubscribed.", 1)
	if !strings.Contains(confirmation, "unsubscribed") {
		t.Fatal(confirmation)
	}
	send := func(token string) *http.Response {
		t.Helper()
		resp, _ := gatewaytest.Do(t, "POST", w.URL+messages, confirmation, http.Header{
			"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}, "Idempotency-Key": {"order-1"},
		})
		return resp
	}
	for range 2 {
		resp := send(badToken)
		if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("X-Waguard-Rule") != "" || resp.Header.Get("X-Waguard-Id") == "" {
			t.Errorf("a stranger's was answered with %s, %v", resp.Status, resp.Header)
		}
	}
	if resp := send(goodToken); resp.StatusCode != http.StatusOK || resp.Header.Get("X-Waguard-Rule") != "OPT_OUT_CONFIRMATION" || resp.Header.Get("Idempotent-Replayed") != "" {
		t.Errorf("the confirmation was answered with %s, %v", resp.Status, resp.Header)
	}
}

// TestTokenThatMetaTakesNoLonger: error 190 makes a sender a stranger.
func TestTokenThatMetaTakesNoLonger(t *testing.T) {
	w := newStrangersWorld(t, "")
	ana.writes("Hello")(t, w)
	w.as(t, goodToken, "POST", messages, textBody)
	if _, answer := w.as(t, goodToken, "POST", messages, bensOffer); !strings.Contains(string(answer), "no opt-in of this user is on record") {
		t.Errorf("an accepted sender: %s", answer)
	}
	w.sim.Inject(graphsim.Fault{Status: http.StatusUnauthorized, Code: 190})
	w.as(t, goodToken, "POST", messages, textBody)
	if _, answer := w.as(t, goodToken, "POST", messages, bensOffer); strings.Contains(string(answer), "is on record") {
		t.Errorf("after error 190: %s", answer)
	}
}

// TestStrangersAskSlowly: a stranger who asks too much gets 429 in Graph's shape,
// whatever it asks, and the time after which it may again; senders whom Meta has
// accepted go on from the same address. Little of it is logged.
func TestStrangersAskSlowly(t *testing.T) {
	w := newStrangersWorld(t, "")
	ana.writes("Hello")(t, w)
	w.as(t, goodToken, "POST", messages, textBody)
	size, answered := w.ledgerSize(t), 0
	for ; answered < 200; answered++ {
		if resp, _ := w.as(t, badToken, "POST", messages, bensText); resp.StatusCode == http.StatusTooManyRequests {
			break
		}
	}
	if answered < 20 || answered >= 200 {
		t.Errorf("a stranger got %d answers", answered)
	}
	for _, body := range []string{bensText, textBody, `{"to":`} {
		resp, answer := w.as(t, "", "POST", messages, body)
		r := decodeRefusal(t, answer)
		if after, err := strconv.Atoi(resp.Header.Get("Retry-After")); resp.StatusCode != http.StatusTooManyRequests || err != nil || after < 1 || after > 120 ||
			r.Error.Code != 130429 || r.Error.Waguard.Rule != "CALLER_RATE_LIMITED" || resp.Header.Get("X-Waguard-Rule") != "" {
			t.Errorf("answered %s %v %s", resp.Status, resp.Header, answer)
		}
	}
	if resp, _ := w.as(t, goodToken, "POST", messages, textBody); resp.StatusCode != http.StatusOK {
		t.Errorf("an accepted sender gets %s", resp.Status)
	}
	if n := w.ledgerSize(t) - size; n != 1 {
		t.Errorf("the ledger grew by %d", n)
	}
	w.Clock.Advance(2 * time.Second)
	if resp, _ := w.as(t, badToken, "POST", messages, bensText); resp.StatusCode == http.StatusTooManyRequests {
		t.Error("time passes, and a stranger still may not ask")
	}
	// Who looks for these refusals is told why there are none.
	var page struct {
		Entries  []any `json:"entries"`
		Unlisted int   `json:"unlisted"`
	}
	if w.admin(t, "/whatsapp/violations", "", &page); len(page.Entries) != 0 || page.Unlisted != answered+5 {
		t.Errorf("%d violations, and %d unlisted; answered were %d and 5", len(page.Entries), page.Unlisted, answered)
	}
	if lines := w.logLines(t, "http.handlers.whatsapp_guard", "refused a caller whose access token Meta hasn't accepted lately; it is not in the ledger"); len(lines) != 1 || lines[0]["rule"] != "WINDOW_CLOSED" {
		t.Errorf("logged are %v", lines)
	}
}

// TestStrangersInMonitorMode: in monitor mode a stranger's sends pass and are on
// record, as everybody's.
func TestStrangersInMonitorMode(t *testing.T) {
	w := newStrangersWorld(t, "business * {\nmode monitor\n}")
	for range 70 {
		if resp, answer := w.as(t, badToken, "POST", messages, bensText); resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("X-Waguard-Rule") != "" {
			t.Fatalf("a stranger's send in monitor mode: %s %s", resp.Status, answer)
		}
	}
	if e := w.newest(t); e.Rule != "WINDOW_CLOSED" || e.Decision != "monitor" || e.Outcome.ErrorCode != 190 {
		t.Errorf("on record is %+v", e)
	}
}
