package graphsim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/waguard/waguard/graphsim"
)

// accepted holds one valid body per message type and interactive subtype, without the fields common to all.
var accepted = map[string]string{
	"text":                `"type":"text","text":{"body":"hi","preview_url":false}`,
	"text/untyped":        `"text":{"body":"hi"}`,
	"image/id":            `"type":"image","image":{"id":"1122334455","caption":"c"}`,
	"image/link":          `"type":"image","image":{"link":"https://example.com/a.png"}`,
	"video":               `"type":"video","video":{"link":"https://example.com/a.mp4","caption":"c"}`,
	"audio":               `"type":"audio","audio":{"id":"1122334455","voice":true}`,
	"document":            `"type":"document","document":{"id":"1122334455","filename":"a.pdf"}`,
	"sticker":             `"type":"sticker","sticker":{"id":"1122334455"}`,
	"location":            `"type":"location","location":{"latitude":52.5,"longitude":"13.4","name":"n"}`,
	"contacts":            `"type":"contacts","contacts":[{"name":{"formatted_name":"A"}}]`,
	"reaction":            `"type":"reaction","reaction":{"message_id":"wamid.x","emoji":"👍"}`,
	"reaction/removed":    `"type":"reaction","reaction":{"message_id":"wamid.x","emoji":""}`,
	"context":             `"type":"text","text":{"body":"hi"},"context":{"message_id":"wamid.x"}`,
	"callback":            `"type":"text","text":{"body":"hi"},"biz_opaque_callback_data":"order-1"`,
	"category/service":    `"type":"text","text":{"body":"hi"},"category":"service"`,
	"button":              `"type":"interactive","interactive":{"type":"button","body":{"text":"b"},"action":{"buttons":[{"type":"reply","reply":{"id":"1","title":"Yes"}}]}}`,
	"list":                `"type":"interactive","interactive":{"type":"list","body":{"text":"b"},"action":{"button":"Open","sections":[{"rows":[{"id":"1","title":"One"}]}]}}`,
	"cta_url":             `"type":"interactive","interactive":{"type":"cta_url","body":{"text":"b"},"action":{"name":"cta_url","parameters":{"display_text":"Go","url":"https://example.com"}}}`,
	"flow":                `"type":"interactive","interactive":{"type":"flow","body":{"text":"b"},"action":{"name":"flow","parameters":{"flow_id":"1","flow_cta":"Go"}}}`,
	"product":             `"type":"interactive","interactive":{"type":"product","action":{"catalog_id":"1","product_retailer_id":"2"}}`,
	"product_list":        `"type":"interactive","interactive":{"type":"product_list","header":{"type":"text","text":"h"},"body":{"text":"b"},"action":{"catalog_id":"1","sections":[{}]}}`,
	"catalog_message":     `"type":"interactive","interactive":{"type":"catalog_message","body":{"text":"b"},"action":{"name":"catalog_message"}}`,
	"carousel":            `"type":"interactive","interactive":{"type":"carousel","body":{"text":"b"},"action":{"cards":[{},{}]}}`,
	"location_request":    `"type":"interactive","interactive":{"type":"location_request_message","body":{"text":"b"},"action":{"name":"send_location"}}`,
	"address_message":     `"type":"interactive","interactive":{"type":"address_message","body":{"text":"b"},"action":{"name":"address_message","parameters":{"country":"IN"}}}`,
	"voice_call":          `"type":"interactive","interactive":{"type":"voice_call","body":{"text":"b"},"action":{"name":"voice_call","parameters":{"ttl_minutes":60}}}`,
	"call_permission":     `"type":"interactive","interactive":{"type":"call_permission_request","action":{"name":"call_permission_request"}}`,
	"request_contact":     `"type":"interactive","interactive":{"type":"request_contact_info","body":{"text":"b"},"action":{"name":"request_contact_info"}}`,
	"order_details":       `"type":"interactive","interactive":{"type":"order_details","body":{"text":"b"},"action":{"name":"review_and_pay","parameters":{"reference_id":"1"}}}`,
	"order_status":        `"type":"interactive","interactive":{"type":"order_status","body":{"text":"b"},"action":{"name":"review_order","parameters":{"reference_id":"1"}}}`,
	"template":            `"type":"template","template":{"name":"parcel_ready","language":{"code":"de"}}`,
	"template/parameters": `"type":"template","template":{"name":"hello","language":{"code":"de"},"components":[{"type":"body","parameters":[{"type":"text","text":"A"}]}]}`,
}

var catalogue = []graphsim.Template{
	{Name: "parcel_ready", Language: "de", Category: "utility"},
	{Name: "sale", Language: "de", Category: "MARKETING"},
	{Name: "login", Language: "de", Category: "AUTHENTICATION"},
	{Name: "hello", Language: "de", Components: []byte(`[{"type":"BODY","text":"Hello {{1}}"}]`)},
	{Name: "paused", Language: "de", Status: "PAUSED"},
	{Name: "disabled", Language: "de", Status: "DISABLED"},
	{Name: "pending", Language: "de", Status: "PENDING"},
	{Name: "held", Language: "de", Held: true},
	{Name: "bid", Language: "de", Category: "MARKETING", MaxPrice: true},
}

func TestSendEveryType(t *testing.T) {
	w := newWorld(t, graphsim.Options{Templates: catalogue})
	w.hears(ana, graphsim.Text("hello"))
	for name, fields := range accepted {
		t.Run(name, func(t *testing.T) {
			w.Reset()
			id := w.send(`"recipient_type":"individual","to":"+49 1511 2345678",` + fields)
			sends := w.Sends()
			if len(sends) != 1 {
				t.Fatalf("recorded %d sends, want 1", len(sends))
			}
			got := sends[0]
			if got.ID != id || got.WaID != "4915112345678" || got.PhoneNumberID != numberID || !got.WindowOpen {
				t.Errorf("send = %+v", got)
			}
			if code := w.failure(); code != 0 {
				t.Errorf("failed with %d, want delivery", code)
			}
		})
	}
}

func TestSendAnswer(t *testing.T) {
	w := newWorld(t, graphsim.Options{Templates: catalogue})
	if err := w.AddUser(ana); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, fields        string
		input, waID, userID any
		status              any
	}{
		{"phone/spelled", `"to":"+49 (1511) 234-5678","text":{"body":"x"}`, "+49 (1511) 234-5678", "4915112345678", nil, nil},
		{"phone/number", `"to":4915112345678,"text":{"body":"x"}`, "4915112345678", "4915112345678", nil, nil},
		{"phone/national", `"to":"1511234567","text":{"body":"x"}`, "1511234567", "491511234567", nil, nil},
		{"user-id", `"recipient":"DE.55667788990011","text":{"body":"x"}`, "DE.55667788990011", nil, "DE.55667788990011", nil},
		{"parent-id", `"recipient":"DE.ENT.778899","text":{"body":"x"}`, "DE.ENT.778899", nil, "DE.ENT.778899", nil},
		{"both", `"to":"4915112345678","recipient":"DE.55667788990011","text":{"body":"x"}`, "4915112345678", "4915112345678", "DE.55667788990011", nil},
		{"user-id-in-to", `"to":"DE.5566778899","text":{"body":"x"}`, "DE.5566778899", "5566778899", nil, nil},
		{"template", `"to":"4915112345678","type":"template","template":{"name":"sale","language":{"code":"de"}}`, "4915112345678", "4915112345678", nil, "accepted"},
		{"template/held", `"to":"4915112345678","type":"template","template":{"name":"held","language":{"code":"de"}}`, "4915112345678", "4915112345678", nil, "held_for_quality_assessment"},
		{"brazil/area-11", `"to":"+55 11 8765-4321","text":{"body":"x"}`, "+55 11 8765-4321", "5511987654321", nil, nil},
		{"brazil/landline", `"to":"551131234567","text":{"body":"x"}`, "551131234567", "551131234567", nil, nil},
		{"mexico/with-1", `"to":"5215512345678","text":{"body":"x"}`, "5215512345678", "5215512345678", nil, nil},
		{"argentina/with-9", `"to":"5491123456789","text":{"body":"x"}`, "5491123456789", "5491123456789", nil, nil},
		{"brazil/area-47", `"to":"5547987654321","text":{"body":"x"}`, "5547987654321", "554787654321", nil, nil},
		{"mexico", `"to":"525512345678","text":{"body":"x"}`, "525512345678", "5215512345678", nil, nil},
		{"argentina", `"to":"541123456789","text":{"body":"x"}`, "541123456789", "5491123456789", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, answer := w.call("POST", "/"+numberID+"/messages", message(tt.fields))
			if status != 200 || answer["messaging_product"] != "whatsapp" {
				t.Fatalf("answer %d %v", status, answer)
			}
			for _, check := range []struct {
				key  string
				want any
			}{{"input", tt.input}, {"wa_id", tt.waID}, {"user_id", tt.userID}} {
				if got := at(answer, "contacts", 0, check.key); got != check.want {
					t.Errorf("contacts[0].%s = %v, want %v", check.key, got, check.want)
				}
			}
			if got := at(answer, "messages", 0, "message_status"); got != tt.status {
				t.Errorf("message_status = %v, want %v", got, tt.status)
			}
		})
	}
}

// A registered account keeps the number form it was opened with, whatever form the sender uses.
func TestRegisteredFormWins(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	if err := w.AddUser(graphsim.User{Phone: "+55 11 98765-4321", WaID: "551187654321"}); err != nil {
		t.Fatal(err)
	}
	_, answer := w.call("POST", "/"+numberID+"/messages", message(`"to":"5511987654321","text":{"body":"x"}`))
	if got := at(answer, "contacts", 0, "wa_id"); got != "551187654321" {
		t.Errorf("wa_id = %v, want 551187654321", got)
	}
}

func TestReadReceipt(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	for _, tt := range []struct {
		name, fields string
		status, code int
	}{
		{"plain", `"status":"read","message_id":"wamid.x"`, 200, 0},
		{"typing", `"status":"read","message_id":"wamid.x","typing_indicator":{"type":"text"}`, 200, 0},
		{"typing/recipient-type", `"recipient_type":"individual","status":"read","message_id":"wamid.x","typing_indicator":{"type":"text"}`, 200, 0},
		{"typing/unknown", `"status":"read","message_id":"wamid.x","typing_indicator":{"type":"dance"}`, 400, 100},
		{"other-status", `"status":"seen","message_id":"wamid.x"`, 400, 100},
		{"no-id", `"status":"read"`, 400, 131008},
		{"bad-id", `"status":"read","message_id":"7"`, 400, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, answer := w.call("POST", "/v25.0/"+numberID+"/messages", message(tt.fields))
			if status != tt.status || num(at(answer, "error", "code")) != tt.code {
				t.Errorf("answer %d %v", status, answer)
			}
			if tt.code == 0 && answer["success"] != true {
				t.Errorf("answer = %v, want success", answer)
			}
		})
	}
	if got := len(w.Sends()); got != 0 {
		t.Errorf("receipts were recorded as %d sends", got)
	}
}

// Every way into /messages that Graph knows or may know reaches the same send.
func TestEveryWayIn(t *testing.T) {
	form := url.Values{
		"messaging_product": {"whatsapp"}, "to": {"4915112345678"}, "type": {"text"}, "text": {`{"body":"hi"}`},
	}.Encode()
	brackets := url.Values{
		"messaging_product": {"whatsapp"}, "to": {"4915112345678"}, "type": {"template"},
		"template[name]": {"hello"}, "template[language][code]": {"de"},
		"template[components][0][type]": {"body"}, "template[components][0][parameters][0][text]": {"A"},
	}.Encode()
	multipart := "--b\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\n4915112345678\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{\"body\":\"hi\"}\r\n--b--\r\n"
	plain := message(`"to":"4915112345678","text":{"body":"hi"}`)
	const path = "/" + numberID + "/messages"
	for _, tt := range []struct{ name, method, path, contentType, body string }{
		{"json/versioned", "POST", "/v25.0" + path, "", plain},
		{"json/odd-version", "POST", "/v99.0" + path, "", plain},
		{"json/charset", "POST", path, "application/json; charset=utf-8", plain},
		{"path/trailing-slash", "POST", path + "/", "", plain},
		{"path/double-slash", "POST", "/" + path, "", plain},
		{"path/encoded-slash", "POST", "/" + numberID + "%2Fmessages", "", plain},
		{"path/dot-segments", "POST", "/x/.." + path, "", plain},
		{"path/case", "POST", "/" + numberID + "/Messages", "", plain},
		{"form", "POST", path, "application/x-www-form-urlencoded", form},
		{"form/brackets", "POST", path, "application/x-www-form-urlencoded", brackets},
		{"multipart", "POST", path, "multipart/form-data; boundary=b", multipart},
		{"query", "POST", path + "?" + form, "", ""},
		{"query/method", "GET", path + "?method=post&" + form, "", ""},
		{"query-and-body", "POST", path + "?to=4900000000001", "", plain},
		{"360dialog", "POST", "/messages", "", plain},
		{"on-premises", "POST", "/v1/messages", "", `{"to":"4915112345678","type":"text","text":{"body":"hi"}}`},
		{"on-premises/hsm", "POST", "/v1/messages", "", `{"to":"4915112345678","type":"hsm","hsm":{"namespace":"n","element_name":"sale","language":{"code":"de"}}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, graphsim.Options{Templates: catalogue})
			status, answer := w.callAs(tt.method, tt.path, tt.contentType, tt.body)
			if status != 200 || !strings.HasPrefix(str(at(answer, "messages", 0, "id")), "wamid.") {
				t.Fatalf("answer %d %v", status, answer)
			}
			if sends := w.Sends(); len(sends) != 1 || sends[0].WaID != "4915112345678" {
				t.Errorf("sends = %+v", sends)
			}
		})
	}
}

func TestCredential(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	body := message(`"to":"4915112345678","text":{"body":"hi"}`)
	for _, tt := range []struct {
		name, header, value, query, body string
		want                             int
	}{
		{"none", "", "", "", body, 401},
		{"bearer", "Authorization", "Bearer t", "", body, 200},
		{"bearer/empty", "Authorization", "Bearer ", "", body, 401},
		{"basic", "Authorization", "Basic t", "", body, 401},
		{"oauth", "Authorization", "OAuth t", "", body, 200},
		{"360dialog", "D360-API-KEY", "k", "", body, 200},
		{"query", "", "", "?access_token=t", body, 200},
		{"body", "", "", "", message(`"access_token":"t","to":"4915112345678","text":{"body":"hi"}`), 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), "POST", w.url+"/"+numberID+"/messages"+tt.query, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			if tt.header != "" {
				req.Header.Set(tt.header, tt.value)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != tt.want {
				t.Errorf("status = %d, want %d", resp.StatusCode, tt.want)
			}
		})
	}
}

func TestGroups(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	const id = "Y2FwaV9ncm91cDoxMjM0NQ=="
	bob := graphsim.User{Phone: "+49 1511 9876543", UserID: "DE.4455"}
	if err := w.AddGroup(graphsim.Group{ID: id, Members: []graphsim.User{ana, bob}}); err != nil {
		t.Fatal(err)
	}
	text := `"recipient_type":"group","to":"` + id + `","text":{"body":"hi"}`
	w.send(text)
	if got := w.failure(); got != 131047 {
		t.Errorf("closed group window: failed with %d, want 131047", got)
	}
	m := graphsim.Text("hello all")
	m.GroupID = id
	w.hears(bob, m)
	w.send(text)
	all := w.statuses()
	if len(all) != 4 { // sent and delivered for two members
		t.Fatalf("%d statuses, want 4", len(all))
	}
	first := all[0]
	if first["recipient_type"] != "group" || first["recipient_id"] != id || first["recipient_participant_id"] != "4915112345678" {
		t.Errorf("status = %v", first)
	}
	if got := at(first, "pricing", "category"); got != "group_service" {
		t.Errorf("pricing.category = %v, want group_service", got)
	}
	if end := w.WindowEnd(numberID, bob); !end.IsZero() {
		t.Errorf("a group message opened the member's own window until %v", end)
	}
	w.send(`"recipient_type":"group","to":"` + id + `","type":"pin","pin":{"type":"pin","message_id":"wamid.x","expiration_days":7}`)
}

func TestDirectSend(t *testing.T) {
	body := message(`"to":"4915112345678","type":"text","text":{"body":"code 1"},"category":"AUTHENTICATION","ttl_seconds":60`)
	for _, tt := range []struct {
		name    string
		enabled []string
		status  int
		failure int
	}{
		{"disabled", nil, 400, 0},
		{"utility-only", []string{"utility"}, 200, 131047},
		{"enabled", []string{"utility", "authentication"}, 200, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, graphsim.Options{DirectSend: tt.enabled})
			status, answer := w.call("POST", "/"+numberID+"/messages", body)
			if status != tt.status {
				t.Fatalf("answer %d %v, want %d", status, answer, tt.status)
			}
			if status != 200 {
				return
			}
			if got := w.failure(); got != tt.failure {
				t.Errorf("failed with %d, want %d", got, tt.failure)
			}
		})
	}
}
