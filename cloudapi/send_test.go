package cloudapi

import (
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/waguard/waguard/policy"
)

func noHome(string) string { return "" }

// judge classifies a request and reads its body.
func judge(t testing.TB, d Dialect, method, target, contentType, body string) (Route, Reading, *Refusal) {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	rt, refusal := Classify(d, r, "5550001")
	if refusal != nil || rt.Class != SendEdge && rt.Class != Inspect {
		return rt, Reading{}, refusal
	}
	reading, refusal := ReadSends(rt, contentType, []byte(body), noHome)
	return rt, reading, refusal
}

func ruleOf(r *Refusal) policy.Rule {
	if r == nil {
		return ""
	}
	return r.Rule
}

// The numbers are reserved for fiction.
const (
	german = `"+4915112345678"`
	start  = `{"messaging_product":"whatsapp",`
)

var (
	germanID = policy.Identity{Kind: policy.Phone, Value: "4915112345678"}
	userID   = policy.Identity{Kind: policy.BSUID, Value: "DE.40817726355190042"}
	groupID  = policy.Identity{Kind: policy.Group, Value: "Y2FwaV9ncm91cDo1NTU"}
)

// sendCases are bodies of POST /{id}/messages in the Cloud dialect: what they
// say, or the rule that refuses them.
var sendCases = []struct {
	name string
	body string
	want policy.Send // Edge and PhoneNumberID are the path's
	rule policy.Rule
}{
	{
		"text", start + `"recipient_type":"individual","to":` + german + `,"type":"text","text":{"body":"hi","preview_url":false}}`,
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}},
		"",
	},
	{
		"text/type-absent", start + `"to":` + german + `,"text":{"body":"hi"}}`,
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}},
		"",
	},
	{
		"text/nulls-are-absent", start + `"to":` + german + `,"recipient":null,"template":null,"status":null,"type":null,"text":{"body":"hi"}}`,
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}},
		"",
	},
	{
		"text/escaped-value", start + `"to":"\u002b4915112345678","type":"t\u0065xt","text":{"body":"\ud83d\ude00"}}`,
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}},
		"",
	},
	{"text/duplicate-elsewhere", start + `"to":` + german + `,"text":{"body":"hi","body":"ho"}}`, policy.Send{}, policy.RuleUnreadable},
	{
		"unknown-field", start + `"to":` + german + `,"text":{"body":"hi"},"colour":"blue"}`,
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}},
		"",
	},
	{
		"unknown-type", start + `"to":` + german + `,"type":"hologram","hologram":{"id":"1"}}`,
		policy.Send{Kind: policy.FreeForm, Type: "hologram", To: []policy.Identity{germanID}},
		"",
	},
	{
		"image", start + `"to":` + german + `,"type":"image","image":{"id":"1"}}`,
		policy.Send{Kind: policy.FreeForm, Type: "image", To: []policy.Identity{germanID}},
		"",
	},
	{
		"contacts", start + `"to":` + german + `,"type":"contacts","contacts":[{"name":{}}]}`,
		policy.Send{Kind: policy.FreeForm, Type: "contacts", To: []policy.Identity{germanID}},
		"",
	},
	{
		"interactive", start + `"to":` + german + `,"type":"interactive","interactive":{"type":"button","body":{"text":"?"}}}`,
		policy.Send{Kind: policy.FreeForm, Type: "interactive/button", To: []policy.Identity{germanID}},
		"",
	},
	{
		"interactive/call-permission", start + `"to":` + german + `,"type":"interactive","interactive":{"type":"call_permission_request"}}`,
		policy.Send{Kind: policy.CallPermissionRequest, Type: "interactive/call_permission_request", To: []policy.Identity{germanID}},
		"",
	},
	{"interactive/no-type", start + `"to":` + german + `,"type":"interactive","interactive":{}}`, policy.Send{}, policy.RuleMissingParam},
	// A Java SDK writes capitals, and Meta's own error texts do. Also in capitals a
	// request to call is one.
	{
		"interactive/capitals", start + `"to":` + german + `,"type":"interactive","interactive":{"type":"BUTTON"}}`,
		policy.Send{Kind: policy.FreeForm, Type: "interactive/button", To: []policy.Identity{germanID}},
		"",
	},
	{
		"interactive/request-to-call-in-capitals", start + `"to":` + german + `,"type":"INTERACTIVE","interactive":{"type":"Call_Permission_Request"}}`,
		policy.Send{Kind: policy.CallPermissionRequest, Type: "interactive/call_permission_request", To: []policy.Identity{germanID}},
		"",
	},
	{"interactive/type-twice-but-for-case", start + `"to":` + german + `,"type":"interactive","interactive":{"type":"button","Type":"call_permission_request"}}`, policy.Send{}, policy.RuleUnreadable},
	{
		"transaction", start + `"to":` + german + `,"text":{},"biz_opaque_callback_data":"order-1"}`,
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}},
		"",
	},
	{
		"transaction/empty", start + `"to":` + german + `,"text":{},"biz_opaque_callback_data":""}`,
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}},
		"",
	},
	{
		"transaction/number", start + `"to":` + german + `,"text":{},"biz_opaque_callback_data":7}`,
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}},
		"",
	},
	{"transaction/list", start + `"to":` + german + `,"text":{},"biz_opaque_callback_data":["7"]}`, policy.Send{}, policy.RuleParameter},

	{
		"template", start + `"to":` + german + `,"type":"template","template":{"name":"parcel_ready","language":{"code":"de"},"components":[{"type":"body"}]}}`,
		policy.Send{Kind: policy.TemplateMessage, Type: "template", Template: policy.TemplateRef{Name: "parcel_ready", Language: "de"}, To: []policy.Identity{germanID}},
		"",
	},
	{
		"template/hsm", start + `"to":` + german + `,"type":"hsm","hsm":{"namespace":"n","element_name":"parcel_ready","language":{"policy":"deterministic","code":"de"}}}`,
		policy.Send{Kind: policy.TemplateMessage, Type: "hsm", Template: policy.TemplateRef{Name: "parcel_ready", Language: "de"}, To: []policy.Identity{germanID}},
		"",
	},
	{"template/no-object", start + `"to":` + german + `,"type":"template"}`, policy.Send{}, policy.RuleMissingParam},
	{"template/no-name", start + `"to":` + german + `,"type":"template","template":{"language":{"code":"de"}}}`, policy.Send{}, policy.RuleMissingParam},
	{"template/no-language", start + `"to":` + german + `,"type":"template","template":{"name":"a"}}`, policy.Send{}, policy.RuleMissingParam},
	{"template/no-code", start + `"to":` + german + `,"type":"template","template":{"name":"a","language":{}}}`, policy.Send{}, policy.RuleMissingParam},
	{"template/two-names", start + `"to":` + german + `,"type":"template","template":{"name":"a","element_name":"b","language":{"code":"de"}}}`, policy.Send{}, policy.RuleParameter},
	{
		"template/name-escaped-key", start + `"to":` + german + `,"type":"template","template":{"name":"a","n\u0061me2":"x","language":{"code":"de"}}}`,
		policy.Send{Kind: policy.TemplateMessage, Type: "template", Template: policy.TemplateRef{Name: "a", Language: "de"}, To: []policy.Identity{germanID}},
		"",
	},
	{"template/name-array", start + `"to":` + german + `,"type":"template","template":{"name":["a"],"language":{"code":"de"}}}`, policy.Send{}, policy.RuleParameter},
	{"template/name-with-space", start + `"to":` + german + `,"type":"template","template":{"name":"a ","language":{"code":"de"}}}`, policy.Send{}, policy.RuleParameter},
	{"template/language-string", start + `"to":` + german + `,"type":"template","template":{"name":"a","language":"de"}}`, policy.Send{}, policy.RuleParameter},
	{"template/as-string", start + `"to":` + german + `,"type":"template","template":"{\"name\":\"a\"}"}`, policy.Send{}, policy.RuleParameter},

	{"type/payload-disagrees", start + `"to":` + german + `,"type":"text","text":{},"template":{"name":"a","language":{"code":"de"}}}`, policy.Send{}, policy.RuleParameter},
	{"type/absent-with-image", start + `"to":` + german + `,"image":{"id":"1"}}`, policy.Send{}, policy.RuleParameter},
	{"type/unknown-with-text", start + `"to":` + german + `,"type":"hologram","text":{"body":"hi"}}`, policy.Send{}, policy.RuleParameter},
	{
		"type/capitals", start + `"to":` + german + `,"type":"Template","template":{"name":"parcel_ready","language":{"code":"de"}}}`,
		policy.Send{Kind: policy.TemplateMessage, Type: "template", Template: policy.TemplateRef{Name: "parcel_ready", Language: "de"}, To: []policy.Identity{germanID}},
		"",
	},
	{"type/capitals-that-are-none", start + `"to":` + german + `,"type":"\u017fticker"}`, policy.Send{}, policy.RuleParameter},
	{"type/spaces", start + `"to":` + german + `,"type":"template ","template":{"name":"parcel_ready","language":{"code":"de"}}}`, policy.Send{}, policy.RuleParameter},
	{"type/number", start + `"to":` + german + `,"type":1}`, policy.Send{}, policy.RuleParameter},
	{"type/nul", start + `"to":` + german + `,"type":"text\u0000"}`, policy.Send{}, policy.RuleParameter},
	{"type/json-in-string", start + `"to":` + german + `,"type":"\"template\""}`, policy.Send{}, policy.RuleParameter},

	{
		"direct-send", start + `"to":` + german + `,"category":"UTILITY","type":"text","text":{}}`,
		policy.Send{Kind: policy.DirectSend, Type: "text", Stated: policy.CategoryUtility, To: []policy.Identity{germanID}},
		"",
	},
	{
		"direct-send/service", start + `"to":` + german + `,"category":"service","text":{}}`,
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}},
		"",
	},
	{
		"direct-send/empty", start + `"to":` + german + `,"category":"","text":{}}`,
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}},
		"",
	},
	{"direct-send/marketing", start + `"to":` + german + `,"category":"marketing","text":{}}`, policy.Send{}, policy.RuleParameter},
	{"direct-send/with-template", start + `"to":` + german + `,"category":"utility","type":"template","template":{"name":"a","language":{"code":"de"}}}`, policy.Send{}, policy.RuleParameter},
	{"direct-send/asks-to-call", start + `"to":` + german + `,"category":"utility","type":"interactive","interactive":{"type":"call_permission_request"}}`, policy.Send{}, policy.RuleParameter},
	{"direct-send/dotless", start + `"to":` + german + `,"category":"utılity","text":{}}`, policy.Send{}, policy.RuleParameter},

	{"receipt", start + `"status":"read","message_id":"wamid.1","typing_indicator":{"type":"text"}}`, policy.Send{Kind: policy.Receipt}, ""},
	{"receipt/with-recipient", start + `"status":"read","message_id":"wamid.1","to":` + german + `}`, policy.Send{}, policy.RuleParameter},
	{"receipt/with-type", start + `"status":"read","message_id":"wamid.1","type":"text"}`, policy.Send{}, policy.RuleParameter},
	{"receipt/with-payload", start + `"status":"read","message_id":"wamid.1","text":{"body":"hi"}}`, policy.Send{}, policy.RuleParameter},
	{"receipt/with-recipient", start + `"status":"read","message_id":"wamid.1","to":` + german + `}`, policy.Send{}, policy.RuleParameter},
	{"receipt/odd-recipient-type", start + `"status":"read","message_id":"wamid.1","recipient_type":"everybody"}`, policy.Send{}, policy.RuleParameter},
	{"receipt/message-as-number", start + `"status":"read","message_id":7}`, policy.Send{}, policy.RuleParameter},
	{"receipt/other-status", start + `"status":"delivered","message_id":"wamid.1"}`, policy.Send{}, policy.RuleParameter},
	{"receipt/no-message", start + `"status":"read"}`, policy.Send{}, policy.RuleMissingParam},

	{"to/number", start + `"to":4915112345678,"text":{}}`, policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}}, ""},
	{"to/exponent", start + `"to":4.915112345678e12,"text":{}}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"to/fraction", start + `"to":4915112345678.0,"text":{}}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"to/negative", start + `"to":-4915112345678,"text":{}}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"to/array", start + `"to":[` + german + `],"text":{}}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"to/object", start + `"to":{"phone":` + german + `},"text":{}}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"to/absent", start + `"text":{}}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"to/two-numbers", start + `"to":"+4915112345678,+4915112345679","text":{}}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"to/user-id", start + `"to":"DE.40817726355190042","text":{}}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"to/lone-surrogate", start + `"to":"+4915112345678\ud800","text":{}}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"to/fullwidth", start + `"to":"+４９15112345678","text":{}}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"to/list-of-messages", start + `"to":` + german + `,"messages":[{"to":"+4915112345679"}]}`, policy.Send{}, policy.RuleParameter},
	{"recipient", start + `"recipient":"DE.40817726355190042","text":{}}`, policy.Send{Kind: policy.FreeForm, Type: "text", Recipient: userID}, ""},
	{"recipient/to-empty", start + `"to":"","recipient":"DE.40817726355190042","text":{}}`, policy.Send{Kind: policy.FreeForm, Type: "text", Recipient: userID}, ""},
	{
		"recipient/and-to", start + `"to":` + german + `,"recipient":"DE.40817726355190042","text":{}}`,
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}, Recipient: userID, TwoNames: true},
		"",
	},
	{"recipient/phone", start + `"recipient":` + german + `,"text":{}}`, policy.Send{}, policy.RuleRecipientInvalid},
	{
		"group", start + `"recipient_type":"group","to":"Y2FwaV9ncm91cDo1NTU","text":{}}`,
		policy.Send{Kind: policy.FreeForm, Type: "text", Group: true, To: []policy.Identity{groupID}},
		"",
	},
	{"group/phone", start + `"recipient_type":"group","to":` + german + `,"text":{}}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"group/user-id-beside", start + `"recipient_type":"group","to":"Y2FwaV9ncm91cDo1NTU","recipient":"DE.40817726355190042","text":{}}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"group/other-recipient-type", start + `"recipient_type":"Crowd","to":` + german + `,"text":{}}`, policy.Send{}, policy.RuleParameter},
	{
		"group/capitals", start + `"recipient_type":"GROUP","to":"Y2FwaV9ncm91cDo1NTU","text":{}}`,
		policy.Send{Kind: policy.FreeForm, Type: "text", Group: true, To: []policy.Identity{groupID}},
		"",
	},

	{"product/absent", `{"to":` + german + `,"text":{}}`, policy.Send{}, policy.RuleMissingParam},
	{"product/other", `{"messaging_product":"instagram","to":` + german + `,"text":{}}`, policy.Send{}, policy.RuleParameter},

	{"key/case", start + `"To":` + german + `,"text":{}}`, policy.Send{}, policy.RuleUnreadable},
	{"key/space", start + `"to ":` + german + `,"text":{}}`, policy.Send{}, policy.RuleUnreadable},
	{"key/inner-space", start + `"t o":` + german + `,"text":{}}`, policy.Send{}, policy.RuleUnreadable},
	{"key/invisible", start + `"to` + "\u200b" + `":` + german + `,"text":{}}`, policy.Send{}, policy.RuleUnreadable},
	{"key/escaped", start + `"\u0074o":` + german + `,"text":{}}`, policy.Send{}, policy.RuleUnreadable},
	{"key/fullwidth", start + `"ｔｏ":` + german + `,"text":{}}`, policy.Send{}, policy.RuleUnreadable},
	{"key/bracket", start + `"to":` + german + `,"template[name]":"a"}`, policy.Send{}, policy.RuleUnreadable},
	{"key/twice", start + `"to":` + german + `,"to":"+4915112345679","text":{}}`, policy.Send{}, policy.RuleUnreadable},
	{"key/twice-escaped", start + `"a":1,"\u0061":2,"to":` + german + `,"text":{}}`, policy.Send{}, policy.RuleUnreadable},
	{"key/method", start + `"to":` + german + `,"method":"post"}`, policy.Send{}, policy.RuleMethod},
	{"key/_method", start + `"to":` + german + `,"_Method":"post"}`, policy.Send{}, policy.RuleMethod},
	{"key/batch", start + `"to":` + german + `,"batch":[]}`, policy.Send{}, policy.RuleBatch},

	{"body/empty", ``, policy.Send{}, policy.RuleUnreadable},
	{"body/array", `[` + start + `"to":` + german + `}]`, policy.Send{}, policy.RuleUnreadable},
	{"body/string", `"to"`, policy.Send{}, policy.RuleUnreadable},
	{"body/two-values", start + `"to":` + german + `}{"to":"+4915112345679"}`, policy.Send{}, policy.RuleUnreadable},
	{"body/trailing-comma", start + `"to":` + german + `,}`, policy.Send{}, policy.RuleUnreadable},
	{"body/comment", start + `/* */"to":` + german + `}`, policy.Send{}, policy.RuleUnreadable},
	{"body/bom", "\ufeff" + start + `"to":` + german + `}`, policy.Send{}, policy.RuleEncoding},
	{"body/utf-16", "{\x00\"\x00t\x00o\x00", policy.Send{}, policy.RuleEncoding},
	{"body/not-utf-8", start + `"to":` + german + `,"text":{"body":"` + "\xff" + `"}}`, policy.Send{}, policy.RuleUnreadable},
	{"body/deep", start + `"to":` + german + `,"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, policy.Send{}, policy.RuleUnreadable},
}

func TestReadSend(t *testing.T) {
	for _, tt := range sendCases {
		t.Run(tt.name, func(t *testing.T) {
			_, reading, refusal := judge(t, Cloud, "POST", "/v25.0/123456/messages", "application/json", tt.body)
			checkReading(t, reading, refusal, tt.want, tt.rule)
			compare(t, wire{Cloud, "POST", "/v25.0/123456/messages", header("application/json"), []byte(tt.body)})
		})
	}
}

// checkReading checks a reading of one send, or a refusal.
func checkReading(t *testing.T, reading Reading, refusal *Refusal, want policy.Send, rule policy.Rule) {
	t.Helper()
	if ruleOf(refusal) != rule {
		t.Fatalf("refused as %v; want rule %q", refusal, rule)
	}
	if refusal != nil {
		checkRefusal(t, refusal)
		return
	}
	if len(reading.Sends) != 1 {
		t.Fatalf("found %d sends", len(reading.Sends))
	}
	got := reading.Sends[0]
	if want.Edge == 0 {
		want.Edge = policy.EdgeMessages
	}
	if want.PhoneNumberID == "" {
		want.PhoneNumberID = "123456"
	}
	if !slices.Equal(got.To, want.To) {
		t.Errorf("to is %v, want %v", got.To, want.To)
	}
	got.To, want.To = nil, nil
	if g, w := got, want; g.Edge != w.Edge || g.PhoneNumberID != w.PhoneNumberID || g.Kind != w.Kind || g.Type != w.Type ||
		g.Template != w.Template || g.Stated != w.Stated || g.Transaction != w.Transaction || g.Group != w.Group ||
		g.TwoNames != w.TwoNames || g.Recipient != w.Recipient {
		t.Errorf("read as\n%+v, want\n%+v", got, want)
	}
}

// checkRefusal checks that a refusal helps a stranger and tells on nobody.
func checkRefusal(t *testing.T, r *Refusal) {
	t.Helper()
	if r.Reason == "" || r.Remedy == "" {
		t.Errorf("no reason or remedy: %+v", r)
	}
	for _, secret := range []string{"15112345678", "40817726355190042", "hologram", "wamid", "SECRET"} {
		if strings.Contains(r.Reason+r.Remedy, secret) {
			t.Errorf("the refusal quotes the message: %+v", r)
		}
	}
}

// What was read of a send stays what it is while others are read: they use the same
// memory.
func TestReadingOutlastsOthers(t *testing.T) {
	rt := Route{Class: SendEdge, Edge: policy.EdgeMessages, PhoneNumberID: "123456", method: "POST"}
	bodies := []string{
		start + `"to":"4915112345678","type":"text","text":{"body":"one \u00e9"},"biz_opaque_callback_data":"order-1"}`,
		start + `"to":"+919876543210","type":"template","template":{"name":"offer","language":{"code":"de"}},"biz_opaque_callback_data":"order-two"}`,
		start + `"to":"2125550147","text":{"body":"three"}}`,
	}
	readAll := func() (all []Reading) {
		for _, body := range bodies {
			r, refusal := ReadSends(rt, "application/json", []byte(body), func(string) string { return "1" })
			if refusal != nil {
				t.Fatal(refusal)
			}
			all = append(all, r)
		}
		return all
	}
	first := readAll()
	for range 100 {
		again := readAll()
		for i := range first {
			if !reflect.DeepEqual(first[i], again[i]) {
				t.Fatalf("reading %d became %+v, and is %+v again", i, first[i], again[i])
			}
		}
	}
	if text := first[0].Text(0); text != "one \u00e9" || first[1].Text(0) != "" || first[2].Text(0) != "three" {
		t.Errorf("the texts are %q, %q, %q", text, first[1].Text(0), first[2].Text(0))
	}
}
