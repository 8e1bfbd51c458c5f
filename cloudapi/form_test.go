package cloudapi

import (
	"net/url"
	"testing"

	"github.com/waguard/waguard/policy"
)

const formStart = "messaging_product=whatsapp&"

// formCases are bodies of POST /{id}/messages as a form.
var formCases = []struct {
	name string
	body string
	want policy.Send
	rule policy.Rule
}{
	{
		"text", formStart + "recipient_type=individual&to=%2B4915112345678&type=text&text=%7B%22body%22%3A%22hi%22%7D",
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}},
		"",
	},
	{
		"text/unescaped-json", formStart + `to=4915112345678&text={"body":"hi"}`,
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}},
		"",
	},
	{
		"text/plus-is-a-space", formStart + "to=+4915112345678&text={}",
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}},
		"",
	},
	{
		"template", formStart + "to=4915112345678&type=template&template=" + url.QueryEscape(`{"name":"parcel_ready","language":{"code":"de"}}`),
		policy.Send{Kind: policy.TemplateMessage, Type: "template", Template: policy.TemplateRef{Name: "parcel_ready", Language: "de"}, To: []policy.Identity{germanID}},
		"",
	},
	{
		"direct-send", formStart + "to=4915112345678&category=utility&text={}&biz_opaque_callback_data=o",
		policy.Send{Kind: policy.DirectSend, Type: "text", Stated: policy.CategoryUtility, To: []policy.Identity{germanID}},
		"",
	},
	{"receipt", formStart + "status=read&message_id=wamid.1", policy.Send{Kind: policy.Receipt}, ""},
	{
		"access-token", formStart + "access_token=x&to=4915112345678&text={}",
		policy.Send{Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}},
		"",
	},
	{"key-twice", formStart + "to=4915112345678&to=4915112345679&text={}", policy.Send{}, policy.RuleUnreadable},
	{"key/case", formStart + "TO=4915112345678&text={}", policy.Send{}, policy.RuleUnreadable},
	{"key/escaped", formStart + "%74o=4915112345678&text={}", policy.Send{}, policy.RuleUnreadable},
	{"key/plus", formStart + "to+=4915112345678&text={}", policy.Send{}, policy.RuleUnreadable},
	{"key/bracket", formStart + "to=4915112345678&template[name]=a", policy.Send{}, policy.RuleUnreadable},
	{"key/escaped-bracket", formStart + "to=4915112345678&template%5Bname%5D=a", policy.Send{}, policy.RuleUnreadable},
	{"key/no-value", formStart + "to=4915112345678&text", policy.Send{}, policy.RuleUnreadable},
	{"key/method", formStart + "to=4915112345678&_method=x", policy.Send{}, policy.RuleMethod},
	{"key/batch", formStart + "to=4915112345678&batch=[]", policy.Send{}, policy.RuleBatch},
	{"value/scalar-as-json", formStart + `to=4915112345678&type="text"`, policy.Send{}, policy.RuleParameter},
	{"value/to-as-json", formStart + `to="4915112345678"&text={}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"value/to-as-array", formStart + `to=["4915112345678"]&text={}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"value/object-as-text", formStart + "to=4915112345678&text=hi", policy.Send{}, policy.RuleUnreadable},
	{"value/object-as-string", formStart + `to=4915112345678&text="hi"`, policy.Send{}, policy.RuleUnreadable},
	{"value/object-as-null", formStart + `to=4915112345678&text={}&template=null`, policy.Send{}, policy.RuleUnreadable}, // a template called null
	{"value/adds-a-field", formStart + `to=4915112345678&text={},"recipient":"x"`, policy.Send{}, policy.RuleUnreadable},
	{"value/key-twice", formStart + `to=4915112345678&text={"body":"a","body":"b"}`, policy.Send{}, policy.RuleUnreadable},
	{"value/broken-escape", formStart + "to=49151123456%7&text={}", policy.Send{}, policy.RuleUnreadable},
	{"value/not-utf-8", formStart + "to=4915112345678&x=%FF&text={}", policy.Send{}, policy.RuleUnreadable},
	{"value/nul", formStart + "to=4915112345678%00&text={}", policy.Send{}, policy.RuleUnreadable},
	{"semicolon", formStart + "to=4915112345678;to=4915112345679&text={}", policy.Send{}, policy.RuleUnreadable},
	{"line-break", formStart + "to=4915112345678\n&text={}", policy.Send{}, policy.RuleUnreadable},
	{"json", start + `"to":` + german + `,"text":{}}`, policy.Send{}, policy.RuleUnreadable},
}

func TestReadForm(t *testing.T) {
	const contentType = "application/x-www-form-urlencoded"
	for _, tt := range formCases {
		t.Run(tt.name, func(t *testing.T) {
			_, reading, refusal := judge(t, Cloud, "POST", "/v25.0/123456/messages", contentType, tt.body)
			checkReading(t, reading, refusal, tt.want, tt.rule)
			compare(t, wire{Cloud, "POST", "/v25.0/123456/messages", header(contentType), []byte(tt.body)})
		})
	}
}

// A type that does not say application/json leaves it to the reader whether a
// text with ampersands is a form.
func TestUntypedJSON(t *testing.T) {
	plain := start + `"to":` + german + `,"text":{"body":"hi"}}`
	link := start + `"to":` + german + `,"text":{"body":"https://x.example/?from=a&to=b"}}`
	for _, tt := range []struct {
		contentType, body string
		rule              policy.Rule
	}{
		{"", plain, ""},
		{"text/plain", plain, ""},
		{"text/json", plain, policy.RuleEncoding},
		{"application/vnd.api+json", plain, policy.RuleEncoding},
		{"application/json", link, ""},
		{"application/json; charset=utf-8", link, ""},
		{"text/plain", link, policy.RuleUnreadable},
		{"", link, policy.RuleUnreadable},
		{"", start + `"to":` + german + `,"text":{"body":"x&to%00%22=4915112345679&y"}}`, policy.RuleUnreadable},
		{"", start + `"to":` + german + `,"text":{"body":"x&to[{]=4915112345679&y"}}`, policy.RuleUnreadable},
		{"", "to=4915112345678", policy.RuleUnreadable},
		{"text/html", plain, policy.RuleEncoding},
	} {
		_, _, refusal := judge(t, Cloud, "POST", "/v25.0/123456/messages", tt.contentType, tt.body)
		if ruleOf(refusal) != tt.rule {
			t.Errorf("%q %s: refused as %v; want %q", tt.contentType, tt.body, refusal, tt.rule)
		}
	}
}
