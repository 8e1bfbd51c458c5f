package webhook

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/policy"
)

// compare reads a body quickly and thoroughly.
func compare(t *testing.T, words *policy.Words, body []byte) {
	t.Helper()
	for _, options := range []Options{
		{Words: words, Now: arrival},
		{Words: words, Now: arrival, PhoneNumberID: "104455667788", WABA: "900100200300", Number: "+12125550100"},
	} {
		quick, err := read(body, options, false)
		thorough, err2 := read(body, options, true)
		if (err == nil) != (err2 == nil) || !reflect.DeepEqual(quick, thorough) {
			t.Errorf("%s\nreads quickly as    %+v, %v\nand thoroughly as %+v, %v", body, quick, err, thorough, err2)
		}
	}
}

// change is a webhook of one change of messages.
func changeOf(value string) string {
	return `{"object":"whatsapp_business_account","entry":[{"id":"900100200300","changes":[{"value":{"metadata":{"display_phone_number":"12125550100","phone_number_id":"104455667788"},` + value + `},"field":"messages"}]}]}`
}

// inOrdinaryMessage and inOrdinaryStatus put fields into what is read quickly.
func inOrdinaryMessage(fields string) string {
	return changeOf(`"contacts":[{"wa_id":"12125550123"}],"messages":[{"id":"wamid.1","from":"12125550123","timestamp":"1791600000",` + fields + `}]`)
}

func inOrdinaryStatus(fields string) string {
	return changeOf(`"statuses":[{"id":"wamid.1","recipient_id":"12125550123","timestamp":"1791600000",` + fields + `}]`)
}

// bodies have every shape that may be read quickly, and such as must not be.
var bodies = []string{
	inOrdinaryMessage(`"type":"text","text":{"body":"STOP"}`),
	inOrdinaryMessage(`"type":"text","text":{"body":"caf\u00e9 \ud83d\uded1 \"STOP\""}`),
	inOrdinaryMessage("\"type\":\"text\",\"text\":{\"body\":\"caf\xe9\"}"),
	inOrdinaryMessage(`"type":"text","text":{"body":"no"},"text":{"body":"STOP"}`),
	inOrdinaryMessage(`"type":"text","text":{"body":"STOP"},"text":{}`),
	inOrdinaryMessage(`"type":"text","text":{"body":"STOP"},"text":null`),
	inOrdinaryMessage(`"type":"text","text":"STOP"`),
	inOrdinaryMessage(`"type":"text","text":["STOP"]`),
	inOrdinaryMessage(`"type":"text","TEXT":{"body":"STOP"}`),
	inOrdinaryMessage(`"type":"text","text":{"Body":"STOP"}`),
	inOrdinaryMessage(`"type":"text","te\u0078t":{"body":"STOP"}`),
	inOrdinaryMessage(`"type":"text","text":{"body":"STOP","ſ":1}`),
	inOrdinaryMessage(`"type":"text","text":{"body":5}`),
	inOrdinaryMessage(`"type":"text","text":{"body":{"a":[1,{"b":null}]}}`),
	inOrdinaryMessage(`"type":"text","text":{"body":"a"},"context":{"from":"1","id":"2","forwarded":true}`),
	inOrdinaryMessage(`"type":"text","text":{"body":"a"},"timestamp":1791500000.5`),
	inOrdinaryMessage(`"type":"text","text":{"body":"a"},"timestamp":null`),
	inOrdinaryMessage(`"type":"image","image":{"id":"1","caption":"STOP"}`),
	inOrdinaryMessage(`"type":"video","video":{"caption":"STOP"}`),
	inOrdinaryMessage(`"type":"document","document":{"caption":"STOP","filename":"A.pdf"}`),
	inOrdinaryMessage(`"type":"button","button":{"payload":"in","text":"Stop promotions"}`),
	inOrdinaryMessage(`"type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"in","title":"Yes"}}`),
	inOrdinaryMessage(`"type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"in","title":"Unsubscribe"}}`),
	inOrdinaryMessage(`"interactive":{"button_reply":{"id":"in"}},"interactive":{"list_reply":{"title":"Unsubscribe"}}`),
	inOrdinaryMessage(`"type":"interactive","interactive":null`),
	inOrdinaryMessage(`"type":"interactive","interactive":{"type":"call_permission_reply","call_permission_reply":{"response":"accept","is_permanent":true}}`),
	inOrdinaryMessage(`"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"response_json":"{\"a\":1}"}}`),
	inOrdinaryMessage(`"type":"contacts","contacts":[{"origin":"contact_request","phones":[{"wa_id":"12125550177"}]}]`),
	inOrdinaryMessage(`"type":"system","system":{"type":"user_changed_number","wa_id":"12125550177"}`),
	inOrdinaryMessage(`"type":"unsupported","errors":[{"code":131051}],"unsupported":{"type":"poll"}`),
	inOrdinaryMessage(`"type":"edit","edit":{"message":{"type":"text","text":{"body":"STOP"}}}`),
	inOrdinaryMessage(`"type":"poll_tomorrow","poll_tomorrow":{"message_id":"wamid.0"}`),
	inOrdinaryMessage(`"type":"text","text":{"body":"a"},"group_id":"Y2FwaV9ncm91cA","to":"12125550100","from_user_id":"US.1","from_parent_user_id":"US.ENT.1"`),
	inOrdinaryMessage(`"type":"text","text":{"body":"a"},"to_user_id":"US.1"`),
	inOrdinaryMessage(`"type":"text","text":{"body":"a"},"to":"12125550199"`),
	inOrdinaryStatus(`"status":"read","pricing":{"billable":true,"pricing_model":"PMP","category":"marketing","type":"regular"}`),
	inOrdinaryStatus(`"status":"read","pricing":{"billable":"true"},"pricing":{"category":"utility"}`),
	inOrdinaryStatus(`"status":"read","pricing":{"billable":true,"billable":null,"pricing_type":"regular"}`),
	inOrdinaryStatus(`"status":"read","pricing":{"billable":[]},"biz_opaque_callback_data":"a"`),
	inOrdinaryStatus(`"status":"read","pricing":null`),
	inOrdinaryStatus(`"status":"read","pricing":"free"`),
	inOrdinaryStatus(`"status":"failed","errors":[{"code":131026,"title":"Undeliverable"},{"code":1}]`),
	inOrdinaryStatus(`"status":"failed","errors":[{"code":"131026"}],"errors":[{"title":""}]`),
	inOrdinaryStatus(`"status":"failed","errors":[null]`),
	inOrdinaryStatus(`"status":"failed","errors":null`),
	inOrdinaryStatus(`"status":"failed","errors":{}`),
	inOrdinaryStatus(`"status":"read","recipient_type":"group","recipient_participant_id":"12125550177","recipient_participant_user_id":"US.1"`),
	inOrdinaryStatus(`"status":"read","type":"call"`),
	inOrdinaryStatus(`"status":"read","recipient_user_id":"US.1","parent_recipient_user_id":"US.ENT.1","recipient_parent_user_id":"US.ENT.2"`),
	changeOf(`"statuses":[{"id":"wamid.1","status":"failed","recipient_id":"12125550123","timestamp":"1791600000"}],"errors":[{"code":131026}]`),
	changeOf(`"errors":[{"code":131026,"title":"x"}]`),
	changeOf(`"errors":[{"code":131026,"title":"x"}],"new_quality_score":"RED"`),
	changeOf(`"messages":[{"from":"12125550123","timestamp":"1791600000","type":"text","errors":[]}],"new_quality_score":"RED"`),
	changeOf(`"messages":[1,null,"a",[],{}]`),
	changeOf(`"messages":null,"contacts":null,"statuses":null`),
	changeOf(`"messages":{}`),
	changeOf(`"messages":[{"from":"12125550123","timestamp":"1791600000","type":"text"}],"messages":[{"from":"12125550124"}]`),
	changeOf(`"metadata":{"phone_number_id":"5"},"messages":[{"from":"12125550123","timestamp":"1791600000","type":"text"}]`),
	changeOf(`"metadata":null,"messages":[{"from":"12125550123","timestamp":"1791600000","type":"text"}]`),
	changeOf(`"contacts":[{"wa_id":"12125550123","user_id":"US.1","parent_user_id":"US.ENT.1"},{"user_id":"US.2","WA_ID":"12125550124"}],"messages":[{"from_user_id":"US.1","timestamp":1791600000,"type":"text"},{"from":"12125550124","timestamp":1791600000,"type":"text"}]`),
	`{"object":"whatsapp_business_account","entry":null}`, `{"object":"whatsapp_business_account","entry":{}}`, `{"object":"whatsapp_business_account","entry":[null,1,{}]}`,
	`{"object":"whatsapp_business_account","entry":[{"id":1,"changes":[null]}],"entry":[{"id":2}]}`, `{"Object":"whatsapp_business_account","entry":[]}`,
	`{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages"}]}]}`, `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":null}]}]}`,
	`{"messages":[{"from":"12125550123","timestamp":"1791600000","type":"text"}]}`, `{"object":"page","entry":[]}`, `null`, `[]`, `{} x`, `{"a":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`,
}

// What is read quickly says the same as what is read thoroughly.
func TestQuick(t *testing.T) {
	words := policy.NewWords()
	if err := words.AddPayload("in", policy.OptedIn, policy.AllScopes); err != nil {
		t.Fatal(err)
	}
	for _, body := range bodies {
		compare(t, words, []byte(body))
	}
	payloads, err := filepath.Glob("testdata/payloads/*.json")
	if err != nil || len(payloads) == 0 {
		t.Fatalf("%d payloads, %v", len(payloads), err)
	}
	for _, path := range payloads {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, words, body)
	}
	compare(t, words, thousand(t))
}

// Ordinary elements are read quickly, whatever Meta adds to them.
func TestOrdinaryIsQuick(t *testing.T) {
	for _, c := range []struct {
		into quick
		body string
	}{
		{new(envelope), inOrdinaryMessage(`"type":"text"`)},
		{new(value), `{"messaging_product":"whatsapp","metadata":{"display_phone_number":"12125550100","phone_number_id":"1"},"contacts":[{}],"messages":[{}],"statuses":[{}]}`},
		{new(introduced), `{"profile":{"name":"Ana","userName":"ana"},"wa_id":"12125550123","user_id":"US.1"}`},
		{new(userMessage), `{"from":"12125550123","id":"wamid.1","timestamp":"1791600000","type":"text","text":{"body":"Hi \"you\" 🛑"},"context":{"Referred":true},"news":[{"A":1}]}`},
		{new(userMessage), `{"type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"1","title":"One","description":"x"}}}`},
		{new(status), `{"id":"wamid.1","status":"delivered","timestamp":"1791600000","recipient_id":"12125550123","conversation":{"id":"1","origin":{"type":"service"}},"pricing":{"billable":false,"pricing_model":"PMP","category":"service","type":"free_customer_service"}}`},
		{new(status), `{"id":"wamid.1","status":"failed","timestamp":"1791600000","recipient_id":"12125550123","errors":[{"code":131026,"title":"Message undeliverable","error_data":{"details":"x"}}]}`},
	} {
		if r := loosejson.Read([]byte(c.body)); !c.into.quick(&r) {
			t.Errorf("%s is not read quickly", c.body)
		}
	}
}

func FuzzQuick(f *testing.F) {
	for _, body := range bodies {
		f.Add([]byte(body))
	}
	words := policy.NewWords()
	f.Fuzz(func(t *testing.T, body []byte) { compare(t, words, body) })
}
