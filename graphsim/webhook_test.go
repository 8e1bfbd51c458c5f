package graphsim_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/waguard/waguard/graphsim"
)

func TestInboundEveryType(t *testing.T) {
	for _, tt := range []struct {
		name    string
		message graphsim.Message
		at      []any // path within the message
		want    any
		opens   bool
	}{
		{"text", graphsim.Text("STOP"), []any{"text", "body"}, "STOP", true},
		{"button", graphsim.Button("stop-all", "Stop", "wamid.t"), []any{"button", "payload"}, "stop-all", true},
		{"button/context", graphsim.Button("stop-all", "Stop", "wamid.t"), []any{"context", "id"}, "wamid.t", true},
		{"button-reply", graphsim.ButtonReply("1", "Yes", "wamid.t"), []any{"interactive", "button_reply", "id"}, "1", true},
		{"list-reply", graphsim.ListReply("1", "One", "", "wamid.t"), []any{"interactive", "list_reply", "title"}, "One", true},
		{"flow-reply", graphsim.FlowReply(`{"a":1}`, "wamid.t"), []any{"interactive", "nfm_reply", "response_json"}, `{"a":1}`, true},
		{"reaction", graphsim.Reaction("wamid.t", "👍"), []any{"reaction", "emoji"}, "👍", false},
		{"reaction/removed", graphsim.Reaction("wamid.t", ""), []any{"reaction", "emoji"}, nil, false},
		{"image", graphsim.Media("image", "112233", "image/png"), []any{"image", "mime_type"}, "image/png", true},
		{"location", graphsim.Location(52.5, 13.4), []any{"location", "latitude"}, 52.5, true},
		{"unsupported", graphsim.Unsupported("poll"), []any{"errors", 0, "code"}, 131051.0, true},
		{"referral", graphsim.Text("hi").FromAd("1200", "Aff"), []any{"referral", "ctwa_clid"}, "Aff", true},
		{"revoke", graphsim.Message{Type: "revoke"}, []any{"type"}, "revoke", false},
		{"unheard-of", graphsim.Message{Type: "hologram"}, []any{"type"}, "hologram", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, graphsim.Options{})
			id, err := w.Inbound(t.Context(), numberID, ana, tt.message)
			if err != nil {
				t.Fatal(err)
			}
			change := w.receiver.only()
			m := at(change, "value", "messages", 0)
			if change["field"] != "messages" || at(m, "id") != id || at(m, "from") != "4915112345678" ||
				at(m, "from_user_id") != ana.UserID || at(m, "timestamp") != "1767268800" {
				t.Errorf("message = %v", m)
			}
			if got := at(m, tt.at...); got != tt.want {
				t.Errorf("%v = %v, want %v", tt.at, got, tt.want)
			}
			contact := at(change, "value", "contacts", 0)
			if at(contact, "wa_id") != "4915112345678" || at(contact, "profile", "name") != ana.Name || at(contact, "parent_user_id") != ana.ParentUserID {
				t.Errorf("contact = %v", contact)
			}
			if got := !w.WindowEnd(numberID, ana).IsZero(); got != tt.opens {
				t.Errorf("window open = %t, want %t", got, tt.opens)
			}
		})
	}
}

func TestReactionOpensWindowIfToldSo(t *testing.T) {
	w := newWorld(t, graphsim.Options{ReactionOpensWindow: true})
	w.hears(ana, graphsim.Reaction("wamid.t", "👍"))
	if w.WindowEnd(numberID, ana).IsZero() {
		t.Error("window is closed, want open")
	}
}

// Meta's serialisation: no byte above ASCII, lower-case escapes, escaped slashes; the signature is over those bytes.
func TestSignatureOverEscapedBytes(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	if _, err := w.Inbound(t.Context(), numberID, ana, graphsim.Text("Grüße 👍 a/b <c>")); err != nil {
		t.Fatal(err)
	}
	got := w.receiver.all()[0]
	body := string(got.body)
	for _, want := range []string{`Gr\u00fc\u00dfe \ud83d\udc4d a\/b <c>`, `M\u00fcller`, `"object":"whatsapp_business_account"`, `"id":"` + waba + `"`} {
		if !strings.Contains(body, want) {
			t.Errorf("body %s lacks %s", body, want)
		}
	}
	if want := graphsim.Sign(secret, got.body); got.signature != want || len(want) != 71 {
		t.Errorf("signature = %s, want %s", got.signature, want)
	}
}

// A known HMAC, so that Sign is not only compared with itself. From RFC 4231, test case 2.
func TestSign(t *testing.T) {
	const want = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	if got := graphsim.Sign("Jefe", []byte("what do ya want for nothing?")); got != want {
		t.Errorf("Sign = %s, want %s", got, want)
	}
}

func TestEscapeKeepsMeaning(t *testing.T) {
	for _, text := range []string{"", "plain", "ä/ö", "👍🏽", `back\slash and "quote"`, "\u2028 \x00 \x7f", "already \\/ escaped", `\\/`} {
		encoded, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		escaped := graphsim.Escape(encoded)
		var got string
		if err := json.Unmarshal(escaped, &got); err != nil {
			t.Fatalf("%q became %s: %v", text, escaped, err)
		}
		if got != text {
			t.Errorf("%q became %q by way of %s", text, got, escaped)
		}
	}
}

// A person with a username can be reached by user id only; no webhook shows the phone.
func TestHiddenPhone(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	hidden := ana
	hidden.HidePhone = true
	if _, err := w.Inbound(t.Context(), numberID, hidden, graphsim.Text("hi")); err != nil {
		t.Fatal(err)
	}
	w.send(`"recipient":"` + ana.UserID + `","text":{"body":"x"}`)
	if _, err := w.DeliverStatuses(t.Context()); err != nil {
		t.Fatal(err)
	}
	posts := w.receiver.all()
	if len(posts) != 3 {
		t.Fatalf("%d posts, want 3", len(posts))
	}
	for _, p := range posts {
		if strings.Contains(string(p.body), "4915112345678") {
			t.Errorf("webhook shows the hidden phone: %s", p.body)
		}
		if !strings.Contains(string(p.body), ana.UserID) {
			t.Errorf("webhook lacks the user id: %s", p.body)
		}
	}
	if got := w.statuses(); len(got) != 0 {
		t.Errorf("statuses came twice: %v", got)
	}
}

func TestNoIdentity(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	for name, u := range map[string]graphsim.User{
		"empty":          {},
		"hidden-phone":   {Phone: "+4915112345678", HidePhone: true},
		"phone-is-words": {Phone: "call me"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := w.Inbound(t.Context(), numberID, u, graphsim.Text("x")); !errors.Is(err, graphsim.ErrNoIdentity) {
				t.Errorf("err = %v, want ErrNoIdentity", err)
			}
		})
	}
	if _, err := w.Inbound(t.Context(), "999", ana, graphsim.Text("x")); !errors.Is(err, graphsim.ErrUnknownNumber) {
		t.Errorf("err = %v, want ErrUnknownNumber", err)
	}
}

func TestUserPreference(t *testing.T) {
	w := newWorld(t, graphsim.Options{Templates: catalogue})
	if err := w.UserPreference(t.Context(), numberID, ana, graphsim.PreferenceStop); err != nil {
		t.Fatal(err)
	}
	change := w.receiver.only()
	p := at(change, "value", "user_preferences", 0)
	if change["field"] != "user_preferences" || at(p, "value") != "stop" || at(p, "category") != "marketing_messages" ||
		at(p, "wa_id") != "4915112345678" || at(p, "timestamp") != 1767268800.0 {
		t.Errorf("change = %v", change)
	}
	for _, tt := range []struct {
		template string
		want     int
	}{{"sale", 131050}, {"parcel_ready", 0}, {"login", 0}} {
		w.template("4915112345678", tt.template)
		if got := w.failure(); got != tt.want {
			t.Errorf("%s after stop: failed with %d, want %d", tt.template, got, tt.want)
		}
	}
	if err := w.UserPreference(t.Context(), numberID, ana, graphsim.PreferenceResume); err != nil {
		t.Fatal(err)
	}
	w.template("4915112345678", "sale")
	if got := w.failure(); got != 0 {
		t.Errorf("sale after resume: failed with %d", got)
	}
}

func TestNumberChange(t *testing.T) {
	w := newWorld(t, graphsim.Options{Templates: catalogue})
	w.hears(ana, graphsim.Text("hi"))
	if err := w.UserPreference(t.Context(), numberID, ana, graphsim.PreferenceStop); err != nil {
		t.Fatal(err)
	}
	w.receiver.clear()
	after := graphsim.User{Phone: "+49 1511 9876543", UserID: "DE.777"}
	if err := w.NumberChange(t.Context(), numberID, ana, after); err != nil {
		t.Fatal(err)
	}
	change := w.receiver.only()
	m := at(change, "value", "messages", 0)
	if at(change, "value", "contacts") != nil || at(m, "type") != "system" || at(m, "from") != "4915112345678" ||
		at(m, "system", "type") != "user_changed_number" || at(m, "system", "wa_id") != "4915119876543" ||
		at(m, "system", "user_id") != "DE.777" || at(m, "system", "previous_user_id") != ana.UserID {
		t.Errorf("change = %v", change)
	}
	w.template("4915119876543", "sale")
	if got := w.failure(); got != 131050 {
		t.Errorf("the opt-out did not move: failed with %d, want 131050", got)
	}
	w.text("4915119876543")
	if got := w.failure(); got != 131047 {
		t.Errorf("the window moved: failed with %d, want 131047", got)
	}
}

// The block list holds people, not numbers: a changed number does not get around it.
func TestNumberChangeKeepsBlock(t *testing.T) {
	w := newWorld(t, graphsim.Options{Templates: catalogue})
	w.hears(ana, graphsim.Text("hi"))
	if status, answer := w.call("POST", "/"+numberID+"/block_users", message(`"block_users":[{"user":"4915112345678"}]`)); status != 200 {
		t.Fatalf("block: %d %v", status, answer)
	}
	if err := w.NumberChange(t.Context(), numberID, ana, graphsim.User{Phone: "+49 1511 9876543"}); err != nil {
		t.Fatal(err)
	}
	w.template("4915119876543", "parcel_ready")
	if got := w.failure(); got != 131026 {
		t.Errorf("failed with %d, want 131026", got)
	}
}

func TestUserIDChange(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	w.hears(ana, graphsim.Text("hi"))
	if err := w.UserIDChange(t.Context(), numberID, ana, graphsim.User{UserID: "DE.777"}); err != nil {
		t.Fatal(err)
	}
	change := w.receiver.only()
	m := at(change, "value", "messages", 0)
	if at(m, "from") != nil || at(m, "system", "type") != "user_changed_user_id" ||
		at(m, "system", "user_id") != "DE.777" || at(m, "system", "previous_user_id") != ana.UserID {
		t.Errorf("change = %v", change)
	}
	w.send(`"recipient":"` + ana.UserID + `","text":{"body":"x"}`)
	if got := w.failure(); got != 131026 {
		t.Errorf("send to the old id: failed with %d, want 131026", got)
	}
}

func TestCalls(t *testing.T) {
	for _, tt := range []struct {
		name  string
		call  graphsim.Call
		at    []any
		want  any
		opens bool
	}{
		{"user/connect", graphsim.Call{Event: "connect"}, []any{"calls", 0, "event"}, "connect", true},
		{"user/terminate", graphsim.Call{Event: "terminate"}, []any{"calls", 0, "direction"}, "USER_INITIATED", false},
		{"business/ringing", graphsim.Call{Event: "RINGING", ByBusiness: true}, []any{"statuses", 0, "status"}, "RINGING", false},
		{"business/accepted", graphsim.Call{Event: "ACCEPTED", ByBusiness: true}, []any{"statuses", 0, "type"}, "call", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, graphsim.Options{})
			id, err := w.Call(t.Context(), numberID, ana, tt.call)
			if err != nil {
				t.Fatal(err)
			}
			change := w.receiver.only()
			if change["field"] != "calls" || !strings.HasPrefix(id, "wacid.") {
				t.Errorf("call %s: %v", id, change)
			}
			if got := at(change, append([]any{"value"}, tt.at...)...); got != tt.want {
				t.Errorf("%v = %v, want %v", tt.at, got, tt.want)
			}
			if got := !w.WindowEnd(numberID, ana).IsZero(); got != tt.opens {
				t.Errorf("window open = %t, want %t", got, tt.opens)
			}
		})
	}
}

func TestTemplateWebhooks(t *testing.T) {
	w := newWorld(t, graphsim.Options{Templates: catalogue})
	ctx := t.Context()
	for _, tt := range []struct {
		event string
		want  int // code of a send afterwards
	}{{"PAUSED", 132015}, {"REINSTATED", 0}, {"FLAGGED", 0}, {"DISABLED", 132016}, {"APPROVED", 0}, {"DELETED", 132001}} {
		w.receiver.clear()
		if err := w.TemplateStatus(ctx, "sale", "de", tt.event, ""); err != nil {
			t.Fatal(err)
		}
		change := w.receiver.only()
		if v := change["value"]; change["field"] != "message_template_status_update" || at(v, "event") != tt.event ||
			at(v, "message_template_name") != "sale" || at(v, "message_template_category") != "MARKETING" || num(at(v, "message_template_id")) == 0 {
			t.Errorf("change = %v", change)
		}
		_, answer := w.call("POST", "/"+numberID+"/messages", message(`"to":"4915112345678","type":"template","template":{"name":"sale","language":{"code":"de"}}`))
		if got := num(at(answer, "error", "code")); got != tt.want {
			t.Errorf("after %s: code %d, want %d", tt.event, got, tt.want)
		}
	}
	if err := w.TemplateStatus(ctx, "sale", "de", "APPROVED", ""); !errors.Is(err, graphsim.ErrUnknownTemplate) {
		t.Errorf("err = %v, want ErrUnknownTemplate", err)
	}
}

func TestTemplateCategory(t *testing.T) {
	w := newWorld(t, graphsim.Options{Templates: catalogue})
	if err := w.TemplateCategory(t.Context(), "parcel_ready", "de", "MARKETING", true); err != nil {
		t.Fatal(err)
	}
	v := w.receiver.only()["value"]
	if at(v, "correct_category") != "MARKETING" || at(v, "new_category") != "UTILITY" || num(at(v, "category_update_timestamp")) != 1767268800+86400 {
		t.Errorf("notice = %v", v)
	}
	if got, _ := w.Template("parcel_ready", "de"); got.Category != "UTILITY" || got.CorrectCategory != "MARKETING" {
		t.Errorf("template after notice = %+v", got)
	}
	w.receiver.clear()
	if err := w.TemplateCategory(t.Context(), "parcel_ready", "de", "MARKETING", false); err != nil {
		t.Fatal(err)
	}
	v = w.receiver.only()["value"]
	if at(v, "previous_category") != "UTILITY" || at(v, "new_category") != "MARKETING" {
		t.Errorf("change = %v", v)
	}
	w.template("4915112345678", "parcel_ready")
	if got := at(w.statuses()[0], "pricing", "category"); got != "marketing" {
		t.Errorf("billed as %v, want marketing", got)
	}
}

func TestBatchOfUpdates(t *testing.T) {
	w := newWorld(t, graphsim.Options{Templates: catalogue})
	one, err := w.InboundUpdate(numberID, ana, graphsim.Text("1"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := w.TemplateStatusUpdate("sale", "de", "PAUSED", "")
	if err != nil {
		t.Fatal(err)
	}
	one.Field = "standby"
	if _, err := w.Post(t.Context(), one, one, two); err != nil {
		t.Fatal(err)
	}
	if got := len(w.receiver.all()); got != 1 {
		t.Errorf("%d posts, want 1", got)
	}
	values := w.receiver.values()
	if len(values) != 3 || values[0]["field"] != "standby" || values[2]["field"] != "message_template_status_update" {
		t.Errorf("changes = %v", values)
	}
	if n := strings.Count(string(w.receiver.all()[0].body), `"time":`); n != 1 {
		t.Errorf("entry time appears %d times, want on the account field only", n)
	}
}

func TestSubscribe(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	if err := w.Subscribe(t.Context(), "open sesame"); err != nil {
		t.Errorf("Subscribe: %v", err)
	}
	err := w.Subscribe(t.Context(), "wrong")
	if refused, found := errors.AsType[*graphsim.NotAccepted](err); !found || refused.Status != 403 {
		t.Errorf("err = %v, want NotAccepted 403", err)
	}
}
