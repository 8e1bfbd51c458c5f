package graphsim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/waguard/waguard/graphsim"
)

func TestRefusals(t *testing.T) {
	w := newWorld(t, graphsim.Options{Templates: catalogue, DirectSend: []string{"utility", "authentication"}})
	long := strings.Repeat("é", 4097)
	buttons := func(n int) string {
		one := func(i int) string {
			return `{"type":"reply","reply":{"id":"` + string(rune('a'+i)) + `","title":"T"}}`
		}
		var all []string
		for i := range n {
			all = append(all, one(i))
		}
		return `"type":"interactive","interactive":{"type":"button","body":{"text":"b"},"action":{"buttons":[` + strings.Join(all, ",") + `]}}`
	}
	template := func(name string) string {
		return `"type":"template","template":{"name":"` + name + `","language":{"code":"de"}}`
	}
	const to = `"messaging_product":"whatsapp","to":"4915112345678",`
	const text = `"text":{"body":"hi"}`
	for _, tt := range []struct {
		name, body string
		code       int
		status     int
	}{
		{"json/broken", `"to":`, 1, 400},
		{"product/missing", `"to":"4915112345678",` + text, 100, 400},
		{"product/other", `"messaging_product":"telegram","to":"4915112345678",` + text, 100, 400},
		{"to/missing", `"messaging_product":"whatsapp",` + text, 131008, 400},
		{"to/array", `"messaging_product":"whatsapp","to":["4915112345678"],` + text, 100, 400},
		{"to/trunk-zeros", `"messaging_product":"whatsapp","to":"004915112345678",` + text, 131009, 400},
		{"to/short", `"messaging_product":"whatsapp","to":"+4915",` + text, 131009, 400},
		{"to/sender", `"messaging_product":"whatsapp","to":"+4930555123",` + text, 131021, 400},
		{"to/group-id", `"messaging_product":"whatsapp","to":"Y2FwaV9ncm91cDo=",` + text, 100, 400},
		{"recipient/phone", `"messaging_product":"whatsapp","recipient":"4915112345678",` + text, 131009, 400},
		{"recipient-type", to + `"recipient_type":"business_scoped_user_id",` + text, 100, 400},
		{"group/phone", to + `"recipient_type":"group",` + text, 100, 400},
		{"group/unknown", `"messaging_product":"whatsapp","recipient_type":"group","to":"Y2FwaV9ncm91cDo=",` + text, 131041, 400},
		{"group/missing", `"messaging_product":"whatsapp","recipient_type":"group",` + text, 131008, 400},
		{"type/unknown", to + `"type":"hologram","hologram":{}`, 131051, 400},
		{"type/hsm", to + `"type":"hsm","hsm":{}`, 131051, 400},
		{"type/number", to + `"type":7`, 100, 400},
		{"payload/missing", to + `"type":"image"`, 131008, 400},
		{"payload/string", to + `"type":"text","text":"hi"`, 100, 400},
		{"contacts/object", to + `"type":"contacts","contacts":{}`, 100, 400},
		{"contacts/empty", to + `"type":"contacts","contacts":[]`, 131008, 400},
		{"contacts/nameless", to + `"type":"contacts","contacts":[{}]`, 131008, 400},
		{"text/no-body", to + `"type":"text","text":{}`, 131008, 400},
		{"text/empty", to + `"type":"text","text":{"body":""}`, 131008, 400},
		{"text/number", to + `"type":"text","text":{"body":1}`, 100, 400},
		{"text/long", to + `"type":"text","text":{"body":"` + long + `"}`, 131009, 400},
		{"text/preview", to + `"type":"text","text":{"body":"x","preview_url":"maybe"}`, 100, 400},
		{"media/neither", to + `"type":"image","image":{}`, 131008, 400},
		{"media/both", to + `"type":"image","image":{"id":"1","link":"https://example.com"}`, 100, 400},
		{"media/bad-id", to + `"type":"image","image":{"id":"abc"}`, 100, 400},
		{"media/bad-link", to + `"type":"image","image":{"link":"file:///etc"}`, 131009, 400},
		{"media/caption", to + `"type":"sticker","sticker":{"id":"1","caption":"x"}`, 100, 400},
		{"location/missing", to + `"type":"location","location":{"latitude":1}`, 131008, 400},
		{"location/range", to + `"type":"location","location":{"latitude":91,"longitude":1}`, 131009, 400},
		{"location/text", to + `"type":"location","location":{"latitude":"north","longitude":1}`, 100, 400},
		{"reaction/no-emoji", to + `"type":"reaction","reaction":{"message_id":"wamid.x"}`, 131008, 400},
		{"reaction/text", to + `"type":"reaction","reaction":{"message_id":"wamid.x","emoji":"ok"}`, 131009, 400},
		{"reaction/context", to + `"type":"reaction","reaction":{"message_id":"wamid.x","emoji":"👍"},"context":{"message_id":"wamid.y"}`, 100, 400},
		{"pin/individual", to + `"type":"pin","pin":{"type":"pin","message_id":"wamid.x"}`, 100, 400},
		{"context/empty", to + text + `,"context":{}`, 131008, 400},
		{"callback/long", to + text + `,"biz_opaque_callback_data":"` + strings.Repeat("x", 513) + `"`, 131009, 400},
		{"interactive/no-type", to + `"type":"interactive","interactive":{}`, 131008, 400},
		{"interactive/unknown", to + `"type":"interactive","interactive":{"type":"dance","action":{}}`, 131009, 400},
		{"interactive/no-action", to + `"type":"interactive","interactive":{"type":"button","body":{"text":"b"}}`, 131008, 400},
		{"interactive/action-name", to + `"type":"interactive","interactive":{"type":"catalog_message","body":{"text":"b"},"action":{"name":"x"}}`, 131009, 400},
		{"buttons/four", to + buttons(4), 131009, 400},
		{"buttons/cta", to + `"type":"interactive","interactive":{"type":"button","body":{"text":"b"},"action":{"buttons":[{"type":"cta_url"}]}}`, 131009, 400},
		{"buttons/untitled", to + `"type":"interactive","interactive":{"type":"button","body":{"text":"b"},"action":{"buttons":[{"type":"reply","reply":{"id":"1"}}]}}`, 131008, 400},
		{"buttons/twice", to + `"type":"interactive","interactive":{"type":"button","body":{"text":"b"},"action":{"buttons":[{"type":"reply","reply":{"id":"1","title":"A"}},{"type":"reply","reply":{"id":"1","title":"B"}}]}}`, 131009, 400},
		{"buttons/strings", to + `"type":"interactive","interactive":{"type":"button","body":{"text":"b"},"action":{"buttons":["yes"]}}`, 100, 400},
		{"buttons/object", to + `"type":"interactive","interactive":{"type":"button","body":{"text":"b"},"action":{"buttons":{}}}`, 100, 400},
		{"list/eleven", to + `"type":"interactive","interactive":{"type":"list","body":{"text":"b"},"action":{"button":"Open","sections":[{"rows":[` + strings.Repeat(`{"id":"1","title":"T"},`, 10) + `{"id":"1","title":"T"}]}]}}`, 131009, 400},
		{"list/rowless", to + `"type":"interactive","interactive":{"type":"list","body":{"text":"b"},"action":{"button":"Open","sections":[{}]}}`, 131008, 400},
		{"list/long-title", to + `"type":"interactive","interactive":{"type":"list","body":{"text":"b"},"action":{"button":"Open","sections":[{"rows":[{"id":"1","title":"` + strings.Repeat("x", 25) + `"}]}]}}`, 131009, 400},
		{"pin/days", `"messaging_product":"whatsapp","recipient_type":"group","to":"Y2FwaV9ncm91cDo=","type":"pin","pin":{"type":"pin","message_id":"wamid.x","expiration_days":31}`, 131009, 400},
		{"pin/other", `"messaging_product":"whatsapp","recipient_type":"group","to":"Y2FwaV9ncm91cDo=","type":"pin","pin":{"type":"glue","message_id":"wamid.x"}`, 131009, 400},
		{"template/components", to + `"type":"template","template":{"name":"sale","language":{"code":"de"},"components":{}}`, 100, 400},
		{"flow/nameless", to + `"type":"interactive","interactive":{"type":"flow","body":{"text":"b"},"action":{"name":"flow","parameters":{"flow_cta":"Go"}}}`, 131008, 400},
		{"carousel/one", to + `"type":"interactive","interactive":{"type":"carousel","body":{"text":"b"},"action":{"cards":[{}]}}`, 131009, 400},
		{"voice_call/ttl", to + `"type":"interactive","interactive":{"type":"voice_call","body":{"text":"b"},"action":{"name":"voice_call","parameters":{"ttl_minutes":0}}}`, 131009, 400},
		{"template/nameless", to + `"type":"template","template":{"language":{"code":"de"}}`, 131008, 400},
		{"template/no-language", to + `"type":"template","template":{"name":"sale"}`, 131008, 400},
		{"template/unknown", to + template("nobody"), 132001, 404},
		{"template/pending", to + template("pending"), 132001, 404},
		{"template/paused", to + template("paused"), 132015, 400},
		{"template/disabled", to + template("disabled"), 132016, 400},
		{"template/parameters", to + template("hello"), 132000, 400},
		{"template/max-price", to + template("bid"), 131061, 400},
		{"template/auto", to + template("auto_generated_1"), 132018, 400},
		{"template/login-to-user-id", `"messaging_product":"whatsapp","recipient":"DE.5566",` + template("login"), 131062, 400},
		{"direct/marketing", to + text + `,"category":"marketing"`, 100, 400},
		{"direct/number", to + text + `,"category":1`, 100, 400},
		{"direct/template", to + template("sale") + `,"category":"utility"`, 100, 400},
		{"direct/image", to + `"type":"image","image":{"id":"1"},"category":"utility"`, 100, 400},
		{"direct/ttl", to + text + `,"category":"authentication","ttl_seconds":901`, 100, 400},
		{"direct/ttl-alone", to + text + `,"ttl_seconds":60`, 100, 400},
		{"direct/user-id", `"messaging_product":"whatsapp","recipient":"DE.5566",` + text + `,"category":"authentication"`, 131062, 400},
		{"direct/long", to + `"text":{"body":"` + strings.Repeat("x", 1025) + `"},"category":"utility"`, 131009, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, answer := w.call("POST", "/v25.0/"+numberID+"/messages", "{"+tt.body+"}")
			e := at(answer, "error")
			if status != tt.status || num(at(e, "code")) != tt.code {
				t.Fatalf("answer %d %v, want %d with code %d", status, answer, tt.status, tt.code)
			}
			if at(e, "type") != "OAuthException" || at(e, "fbtrace_id") == nil || at(e, "error_data", "details") == nil ||
				!strings.HasPrefix(str(at(e, "message")), "(#") {
				t.Errorf("error = %v, not in Graph's shape", e)
			}
		})
	}
	if got := len(w.Sends()); got != 0 {
		t.Errorf("%d refused sends were recorded", got)
	}
}

func TestMarketingEndpoint(t *testing.T) {
	w := newWorld(t, graphsim.Options{Templates: catalogue})
	for _, tt := range []struct {
		name, fields string
		code         int
	}{
		{"marketing", `"type":"template","template":{"name":"sale","language":{"code":"de"}}`, 0},
		{"max-price", `"type":"template","template":{"name":"bid","language":{"code":"de"}}`, 0},
		{"utility", `"type":"template","template":{"name":"parcel_ready","language":{"code":"de"}}`, 134100},
		{"text", `"type":"text","text":{"body":"hi"}`, 131055},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, answer := w.call("POST", "/v25.0/"+numberID+"/marketing_messages", message(`"to":"4915112345678",`+tt.fields))
			if got := num(at(answer, "error", "code")); got != tt.code {
				t.Errorf("code = %d, want %d: %v", got, tt.code, answer)
			}
		})
	}
	if got := w.statuses()[0]; at(got, "pricing", "category") != "marketing_lite" {
		t.Errorf("pricing = %v, want category marketing_lite", got["pricing"])
	}
}

func TestUnknownPlaces(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	for _, tt := range []struct {
		name, method, path string
		code, subcode      int
	}{
		{"number", "POST", "/v25.0/999/messages", 100, 33},
		{"account", "GET", "/v25.0/999/message_templates", 100, 33},
		{"node", "GET", "/v25.0/999", 100, 33},
		{"edge", "POST", "/v25.0/" + numberID + "/messages_encrypted", 2500, 0},
		{"deep", "POST", "/v25.0/" + numberID + "/messages/1", 2500, 0},
		{"method", "GET", "/v25.0/" + numberID + "/messages", 100, 0},
		{"method/account", "POST", "/v25.0/" + waba + "/phone_numbers", 100, 0},
		{"root", "GET", "/v25.0/", 100, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, answer := w.call(tt.method, tt.path, "")
			e := at(answer, "error")
			if status != 400 || num(at(e, "code")) != tt.code || num(at(e, "error_subcode")) != tt.subcode {
				t.Errorf("answer %d %v, want code %d/%d", status, answer, tt.code, tt.subcode)
			}
		})
	}
}

// A client that hangs up in the middle of its body gets a Graph error, if it still listens.
func TestUnreadableBody(t *testing.T) {
	sim := graphsim.New(graphsim.Options{})
	defer sim.Close()
	for _, tt := range []struct {
		name   string
		err    error
		status int
	}{
		{"cut", io.ErrUnexpectedEOF, 400},
		{"too-large", &http.MaxBytesError{Limit: 1}, 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/"+numberID+"/messages", iotest.ErrReader(tt.err))
			r.Header.Set("Authorization", "Bearer token")
			w := httptest.NewRecorder()
			sim.ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), `"code":1,`) {
				t.Errorf("answer %d %s, want %d with code 1", w.Code, w.Body, tt.status)
			}
		})
	}
}

// On-Premises clients look for an errors array.
func TestOnPremisesErrorShape(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	status, answer := w.call("POST", "/v1/messages", `{"type":"text","text":{"body":"x"}}`)
	if status != 400 || num(at(answer, "errors", 0, "code")) != 131008 {
		t.Errorf("answer %d %v", status, answer)
	}
}
