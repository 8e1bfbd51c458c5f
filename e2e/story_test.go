package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// step is one thing that happens in a story, or one look at what came of it.
type step func(t testing.TB, w *world)

type steps []step

// person is somebody who writes and is written to.
type person struct{ graphsim.User }

var (
	ana = person{graphsim.User{Phone: "+4915112345678", Name: "Ana"}}
	ben = person{graphsim.User{Phone: "+4915119876543", Name: "Ben"}}
	// una has a username: her phone number is not shown.
	una = person{graphsim.User{UserID: "DE.55667788990011", Name: "Una", Username: "@una", HidePhone: true}}
	// both is known by phone number and user id.
	both = person{graphsim.User{Phone: "+4915112345678", UserID: "DE.55667788990011", ParentUserID: "DE.ENT.778899", Name: "Ana"}}
)

// name is how an operator names the person.
func (p person) name() string {
	if p.Phone != "" {
		return p.Phone
	}
	return p.UserID
}

// address is how a send names the person.
func (p person) address() string {
	if p.Phone != "" {
		return fmt.Sprintf(`"to":%q`, p.Phone)
	}
	return fmt.Sprintf(`"recipient":%q`, p.UserID)
}

// says lets the person send a message to a business number.
func (p person) says(number string, m graphsim.Message) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if m.ContextID == "the last message" {
			m.ContextID = w.lastWamid
		}
		if _, err := w.sim.Inbound(t.Context(), number, p.User, m); err != nil {
			t.Fatalf("delivering a message: %v", err)
		}
	}
}

// writes lets the person write a text to the shop.
func (p person) writes(text string) step { return p.says(shop, graphsim.Text(text)) }

// wrote lets an older message arrive now.
func (p person) wrote(ago time.Duration, text string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		m := graphsim.Text(text)
		m.At = w.Clock.Now().Add(-ago)
		p.says(shop, m)(t, w)
	}
}

// taps lets the person tap a quick reply of a template.
func (p person) taps(payload, text string) step {
	return p.says(shop, graphsim.Button(payload, text, "the last message"))
}

// prefers lets the person use WhatsApp's own control for marketing messages.
func (p person) prefers(value string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if err := w.sim.UserPreference(t.Context(), shop, p.User, value); err != nil {
			t.Fatalf("delivering a preference: %v", err)
		}
	}
}

// becomes changes the person's phone number.
func (p person) becomes(after person) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if err := w.sim.NumberChange(t.Context(), shop, p.User, after.User); err != nil {
			t.Fatalf("delivering a number change: %v", err)
		}
	}
}

// optsIn records an opt-in through the admin endpoint.
func (p person) optsIn(scope string) step { return p.record(adminapi.RouteOptIn, shop, scope) }

// optsOut records an opt-out through the admin endpoint.
func (p person) optsOut(scope string) step { return p.record(adminapi.RouteOptOut, shop, scope) }

func (p person) record(route adminapi.Route, number, scope string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		r := about(number, p.name())
		r.Scope, r.Source, r.Reference = scope, "website", "form 7"
		record(t, w.Gateway, route, r)
	}
}

// after moves the clock.
func after(d time.Duration) step { return func(_ testing.TB, w *world) { w.Clock.Advance(d) } }

// day is how long a customer service window stays open.
const day = 24 * time.Hour

// templateIs lets Meta decide about a template.
func templateIs(name, event string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if err := w.sim.TemplateStatus(t.Context(), name, "en", event, ""); err != nil {
			t.Fatalf("delivering a template status: %v", err)
		}
	}
}

// categoryBecomes lets Meta change a template's category, at once or with a
// notice of a day.
func categoryBecomes(name, category string, notice bool) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		if err := w.sim.TemplateCategory(t.Context(), name, "en", category, notice); err != nil {
			t.Fatalf("delivering a category: %v", err)
		}
	}
}

// senderLists lets a sender page through the templates of the account.
func senderLists(query string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		url := w.URL + "/v25.0/" + waba + "/message_templates?" + query
		for url != "" {
			resp, body := gatewaytest.Do(t, http.MethodGet, url, "", http.Header{"Authorization": {"Bearer test-token"}})
			if resp.StatusCode != http.StatusOK {
				t.Fatalf("listing templates: %s %s", resp.Status, body)
			}
			var list struct {
				Paging struct {
					Next string `json:"next"`
				} `json:"paging"`
			}
			if err := json.Unmarshal(body, &list); err != nil {
				t.Fatal(err)
			}
			url = list.Paging.Next
		}
	}
}

// statuses lets Meta deliver all statuses that wait.
func statuses(t testing.TB, w *world) {
	t.Helper()
	if _, err := w.sim.DeliverStatuses(t.Context()); err != nil {
		t.Fatalf("delivering statuses: %v", err)
	}
}

// text sends a free-form text to a person.
func text(p person, want string) step {
	return send(shop, p.address()+`,"type":"text","text":{"body":"Secret message"}`, want)
}

// confirms sends a text that confirms an opt-out.
func confirms(p person, want string) step {
	return send(shop, p.address()+`,"type":"text","text":{"body":"Secret message: you have been unsubscribed."}`, want)
}

// template sends a template to a person.
func template(p person, name, want string) step { return templateWith(p, name, "", want) }

// templateWith sends a template with further fields.
func templateWith(p person, name, more, want string) step {
	return send(shop, p.address()+templateBody(name)+more, want)
}

func templateBody(name string) string {
	return fmt.Sprintf(`,"type":"template","template":{"name":%q,"language":{"code":"en"}}`, name)
}

// send posts a message through a business number. The verdict wanted is written
// as
//
//	allow WINDOW_OPEN service by user
//	monitor WINDOW_CLOSED service by business
//	refuse WINDOW_CLOSED 400/131047 service by business
//
// Whatever the verdict is, the ledger, the headers, the body and what reached
// Meta must agree with it.
func send(number, fields, want string) step {
	return sendTo("/v25.0/"+number+"/messages", `{"messaging_product":"whatsapp",`+fields+`}`, want)
}

// sendTo posts a body to a path.
func sendTo(path, body, want string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		requests, sends := len(w.sim.Requests()), len(w.sim.Sends())
		resp, answer := w.Post(t, path, body)
		e := w.newest(t)
		if got := verdict(t, resp, answer, e); got != want {
			t.Errorf("POST %s %s\n got %s\nwant %s\nanswer: %s", path, body, got, want, answer)
			return
		}
		arrived := w.sim.Requests()[requests:]
		if strings.HasPrefix(want, "refuse") {
			checkRefused(t, w, answer, e, arrived)
			return
		}
		if len(arrived) != 1 || string(arrived[0].Body) != body {
			t.Fatalf("an allowed send reached Meta %d times", len(arrived))
		}
		for name := range arrived[0].Header {
			if strings.HasPrefix(name, "X-Waguard-") {
				t.Errorf("%s reached Meta", name)
			}
		}
		if e.Outcome.HTTPStatus != resp.StatusCode {
			t.Errorf("the ledger has status %d, the sender got %d", e.Outcome.HTTPStatus, resp.StatusCode)
		}
		if sent := w.sim.Sends(); len(sent) > sends {
			w.lastWamid = sent[len(sent)-1].ID
		}
	}
}

func checkRefused(t testing.TB, w *world, answer []byte, e *adminapi.Line, arrived []graphsim.Request) {
	t.Helper()
	if len(arrived) != 0 {
		t.Errorf("a refused send reached Meta: %s", arrived[0].Body)
	}
	if e.Outcome.State != "refused" {
		t.Errorf("the ledger says a refused send was %s", e.Outcome.State)
	}
	p := pageOf(t, w.Gateway, "violations", adminapi.Selection{Limit: 2})
	if len(p.Entries) == 0 || p.Entries[0].ID != e.ID || len(p.Entries) > 1 && p.Entries[1].ID == e.ID {
		t.Errorf("the refusal %s is not the one newest violation: %v", e.ID, p.Entries)
	}
	for _, secret := range w.secrets {
		if bytes.Contains(answer, []byte(secret)) {
			t.Errorf("the refusal holds %q: %s", secret, answer)
		}
	}
}

// verdict is what was decided, as send describes it, after the answer was
// checked against the ledger.
func verdict(t testing.TB, resp *http.Response, answer []byte, e *adminapi.Line) string {
	t.Helper()
	for name, value := range map[string]string{"Decision": e.Decision, "Rule": string(e.Rule), "Category": string(e.Category), "Id": e.ID.String()} {
		if got := resp.Header.Values("X-Waguard-" + name); len(got) != 1 || got[0] != value {
			t.Errorf("X-Waguard-%s is %q, the ledger has %q", name, got, value)
		}
	}
	if e.Reason == "" {
		t.Errorf("the ledger has no reason for %s", e.Rule)
	}
	said := e.Decision + " " + string(e.Rule)
	if e.Decision == "refuse" {
		var r refusal
		if err := json.Unmarshal(answer, &r); err != nil {
			t.Errorf("a refusal is no JSON: %s", answer)
		}
		v := r.Error.Waguard
		if r.Error.Type != "OAuthException" || r.Error.TraceID != e.ID.String() || v.ID != e.ID.String() || v.Rule != string(e.Rule) || v.Reason != e.Reason ||
			v.Decision != "refuse" || r.Error.ErrorData.Product != "whatsapp" || !strings.HasPrefix(r.Error.Message, fmt.Sprintf("(#%d) ", r.Error.Code)) {
			t.Errorf("the refusal does not have the shape of a Graph error: %s", answer)
		}
		said += fmt.Sprintf(" %d/%d", resp.StatusCode, r.Error.Code)
	}
	said += " " + string(e.Category)
	if e.Initiation != "" {
		said += " by " + string(e.Initiation)
	}
	return said
}

// consentIs looks at a person's consent in the three scopes.
func (p person) consentIs(want string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		c := w.consentOf(t, shop, p.name())
		if got := states(c); got != want {
			t.Errorf("the consent of %s is %s, want %s", p.User.Name, got, want)
		}
	}
}

// windowIs looks at a person's window: "open for 24h0m0s", "closed" or "never
// opened".
func (p person) windowIs(want string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		c := w.consentOf(t, shop, p.name())
		got := "closed"
		switch {
		case c.WindowUntil == nil:
			got = "never opened"
		case c.WindowOpen:
			got = "open for " + c.WindowUntil.Sub(w.Clock.Now()).String()
		}
		if got != want {
			t.Errorf("the window of %s is %s, want %s", p.User.Name, got, want)
		}
	}
}

// historyIs looks at every word of a person on consent, oldest first, as
// "opted_in marketing (website)".
func (p person) historyIs(want ...string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		history := w.historyOf(t, p.name())
		var got []string
		for i := len(history) - 1; i >= 0; i-- {
			word := history[i]
			got = append(got, fmt.Sprintf("%s %s (%s)", word.State, strings.Join(word.Scopes, ","), word.Source))
			if word.Reference == "" {
				t.Errorf("the word %q has no evidence", got[len(got)-1])
			}
		}
		if strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("the history of %s is\n %q, want\n %q", p.User.Name, got, want)
		}
	}
}

// deliveryIs looks at what statuses told about the newest ledger entry.
func deliveryIs(want string) step {
	return func(t testing.TB, w *world) {
		t.Helper()
		e := w.newest(t)
		got := string(e.Delivery.Status)
		if e.Delivery.ErrorCode != 0 {
			got += fmt.Sprint(" ", e.Delivery.ErrorCode)
		}
		if e.Delivery.Pricing != nil {
			got += " " + e.Delivery.Pricing.Category
		}
		if got != want {
			t.Errorf("the delivery is %q, want %q", got, want)
		}
	}
}

// decodeRefusal reads an answer as a refusal; what is none has no code.
func decodeRefusal(t testing.TB, answer []byte) refusal {
	t.Helper()
	var r refusal
	if err := json.Unmarshal(answer, &r); err != nil {
		t.Fatalf("the answer is no JSON: %s", answer)
	}
	return r
}
