package cloudapi

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/waguard/waguard/policy"
)

const (
	sendText = `{"method":"POST","relative_url":"v25.0/123456/messages","body":"messaging_product=whatsapp&to=4915112345678&type=text&text=%7B%22body%22%3A%22hi%22%7D"}`
	sendJSON = `{"method":"POST","relative_url":"/123456/messages","body":"{\"messaging_product\":\"whatsapp\",\"to\":\"+4915112345678\",\"text\":{},\"biz_opaque_callback_data\":\"o\"}"}`
	readNode = `{"method":"GET","relative_url":"v25.0/123456?fields=display_phone_number"}`
)

// batchCases are batches: the elements that are sends, or the elements that are
// refused, by rule.
var batchCases = []struct {
	name    string
	batch   string
	sends   []int
	refused map[int]policy.Rule
	rule    policy.Rule
}{
	{"empty", `[]`, nil, nil, ""},
	{"form-body", `[` + sendText + `]`, []int{0}, nil, ""},
	{"json-body", `[` + sendJSON + `]`, []int{0}, nil, ""},
	{"mixed", `[` + readNode + `,` + sendText + `,` + readNode + `,` + sendJSON + `]`, []int{1, 3}, nil, ""},
	{"harmless", `[` + readNode + `,{"method":"DELETE","relative_url":"123456/contact_book?bsuid=DE.1"},{"method":"POST","relative_url":"123456/register","body":"pin=1"}]`, nil, nil, ""},
	{"extras", `[{"method":"POST","name":"a","depends_on":"b","omit_response_on_success":false,"access_token":"x",` + sendText[len(`{"method":"POST",`):] + `]`, []int{0}, nil, ""},
	{"get-with-etag", `[{"method":"GET","relative_url":"123456","headers":["If-None-Match: \"x\""]}]`, nil, nil, ""},
	{"one-of-two", `[` + sendText + `,{"method":"POST","relative_url":"123456/messages/","body":""}]`, nil, map[int]policy.Rule{1: policy.RulePath}, policy.RuleBatch},
	{"full-address", `[{"method":"POST","relative_url":"https://graph.facebook.com/123456/messages","body":""}]`, nil, map[int]policy.Rule{0: policy.RulePath}, policy.RuleBatch},
	{"other-host", `[{"method":"POST","relative_url":"//other.example/123456/messages","body":""}]`, nil, map[int]policy.Rule{0: policy.RulePath}, policy.RuleBatch},
	{"query-in-address", `[{"method":"POST","relative_url":"123456/messages?to=4915112345678","body":"messaging_product=whatsapp"}]`, nil, map[int]policy.Rule{0: policy.RuleParameter}, policy.RuleBatch},
	{"method-in-address", `[{"method":"GET","relative_url":"123456/messages?method=post&to=4915112345678"}]`, nil, map[int]policy.Rule{0: policy.RuleMethod}, policy.RuleBatch},
	{"method-absent", `[{"relative_url":"123456/messages"}]`, nil, map[int]policy.Rule{0: policy.RuleMethod}, policy.RuleBatch},
	{"method-array", `[{"method":["GET","POST"],"relative_url":"123456/messages"}]`, nil, map[int]policy.Rule{0: policy.RuleMethod}, policy.RuleBatch},
	{"method-lower-case", `[{"method":"post","relative_url":"123456/messages","body":"messaging_product=whatsapp&to=4915112345678&text={}"}]`, []int{0}, nil, ""},
	{"get-with-body", `[{"method":"GET","relative_url":"123456/messages","body":"to=4915112345678"}]`, nil, map[int]policy.Rule{0: policy.RuleMethod}, policy.RuleBatch},
	{"body-object", `[{"method":"POST","relative_url":"123456/messages","body":{"to":"4915112345678"}}]`, nil, map[int]policy.Rule{0: policy.RuleBatch}, policy.RuleBatch},
	{"body-absent", `[{"method":"POST","relative_url":"123456/messages"}]`, nil, map[int]policy.Rule{0: policy.RuleUnreadable}, policy.RuleBatch},
	{"reference-in-body", `[{"method":"POST","relative_url":"123456/messages","body":"messaging_product=whatsapp&to={result=a:$.to}&text={}"}]`, nil, map[int]policy.Rule{0: policy.RuleBatch}, policy.RuleBatch},
	{"reference-escaped", `[{"method":"POST","relative_url":"123456/messages","body":"messaging_product=whatsapp&to=%7Bresult%3Da:$.to}&text={}"}]`, nil, map[int]policy.Rule{0: policy.RuleBatch}, policy.RuleBatch},
	{"reference-in-address", `[{"method":"POST","relative_url":"{result=a:$.id}/messages","body":"to=4915112345678"}]`, nil, map[int]policy.Rule{0: policy.RuleBatch}, policy.RuleBatch},
	{"attached-files", `[{"method":"POST","relative_url":"123456/media","attached_files":"f"}]`, nil, map[int]policy.Rule{0: policy.RuleBatch}, policy.RuleBatch},
	{"headers", `[{"headers":[{"name":"X-HTTP-Method-Override","value":"POST"}],` + sendText[1:] + `]`, nil, map[int]policy.Rule{0: policy.RuleBatch}, policy.RuleBatch},
	{"key-lookalike", `[{"method":"GET","Method":"POST","relative_url":"123456/messages"}]`, nil, map[int]policy.Rule{0: policy.RuleUnreadable}, policy.RuleBatch},
	{"encrypted", `[{"method":"POST","relative_url":"123456/messages_encrypted","body":""}]`, nil, map[int]policy.Rule{0: policy.RuleEncrypted}, policy.RuleBatch},
	{"nested/in-body", `[{"method":"POST","relative_url":"","body":"batch=[]"}]`, nil, map[int]policy.Rule{0: policy.RuleUnreadable}, policy.RuleBatch},
	{"nested/in-json-body", `[{"method":"POST","relative_url":"","body":"{\"batch\":[]}"}]`, nil, map[int]policy.Rule{0: policy.RuleBatch}, policy.RuleBatch},
	{"nested/in-address", `[{"method":"POST","relative_url":"?batch=[]"}]`, nil, map[int]policy.Rule{0: policy.RuleBatch}, policy.RuleBatch},
	{"nested/in-element", `[{"method":"GET","relative_url":"1","batch":[]}]`, nil, map[int]policy.Rule{0: policy.RuleBatch}, policy.RuleBatch},
	{"not-an-array", `{"method":"POST","relative_url":"123456/messages"}`, nil, nil, policy.RuleBatch},
	{"not-objects", `["123456/messages"]`, nil, map[int]policy.Rule{0: policy.RuleBatch}, policy.RuleBatch},
	{"too-many", `[` + strings.TrimSuffix(strings.Repeat(readNode+",", 51), ",") + `]`, nil, nil, policy.RuleBatch},
	{"as-many-as-meta-takes", `[` + strings.TrimSuffix(strings.Repeat(readNode+",", 50), ",") + `]`, nil, nil, ""},
}

// batchCarriers are the ways to send a batch.
var batchCarriers = []struct {
	name                      string
	target, contentType, body func(batch string) string
}{
	{"json", always("/"), always("application/json"), func(b string) string { return `{"include_headers":false,"batch":` + b + `}` }},
	{"json-string", always("/v25.0"), always("application/json"), func(b string) string { return fmt.Sprintf(`{"batch":%q}`, b) }},
	{"form", always("/v25.0/"), always("application/x-www-form-urlencoded"), func(b string) string { return "access_token=x&batch=" + url.QueryEscape(b) }},
	{"query", func(b string) string { return "/v25.0/?batch=" + url.QueryEscape(b) }, always(""), always("")},
	{"any-node", always("/v25.0/123456/media"), always("application/json"), func(b string) string { return `{"batch":` + b + `}` }},
}

func always(s string) func(string) string { return func(string) string { return s } }

func TestReadBatch(t *testing.T) {
	for _, tt := range batchCases {
		for _, carrier := range batchCarriers {
			t.Run(carrier.name+"/"+tt.name, func(t *testing.T) {
				target, contentType, body := carrier.target(tt.batch), carrier.contentType(tt.batch), carrier.body(tt.batch)
				_, reading, refusal := judge(t, Cloud, "POST", target, contentType, body)
				if ruleOf(refusal) != tt.rule {
					t.Fatalf("refused as %v; want rule %q", refusal, tt.rule)
				}
				compare(t, wire{Cloud, "POST", target, header(contentType), []byte(body)})
				if refusal != nil {
					checkRefusal(t, refusal)
					if len(refusal.Elements) != len(tt.refused) {
						t.Errorf("refused elements: %+v; want %v", refusal.Elements, tt.refused)
					}
					for _, e := range refusal.Elements {
						if tt.refused[e.Index] != e.Rule {
							t.Errorf("element %d refused as %s, %s; want %v", e.Index, e.Rule, e.Reason, tt.refused)
						}
					}
					return
				}
				if !reading.Batch {
					t.Error("not read as a batch")
				}
				var at []int
				for i, s := range reading.Sends {
					at = append(at, reading.Element(i))
					if s.PhoneNumberID != "123456" || !slices.Equal(s.To, []policy.Identity{germanID}) {
						t.Errorf("send %d read as %+v", i, s)
					}
				}
				if !slices.Equal(at, tt.sends) {
					t.Errorf("found sends at %v, want %v", at, tt.sends)
				}
			})
		}
	}
}

func TestBatchOpaque(t *testing.T) {
	_, reading, _ := judge(t, Cloud, "POST", "/", "application/json", `{"batch":[`+sendText+`,`+sendJSON+`]}`)
	if len(reading.Sends) != 2 || reading.Opaque(0) != "" || reading.Opaque(1) != "o" {
		t.Errorf("%+v", reading)
	}
}

// Only one thing may be the batch.
func TestBatchTwice(t *testing.T) {
	for _, tt := range []struct{ method, target, contentType, body string }{
		{"POST", "/?batch=[]", "application/json", `{"batch":[]}`},
		{"POST", "/", "application/x-www-form-urlencoded", `batch=[]&batch=[]`},
		{"POST", "/", "application/x-www-form-urlencoded", `batch=[]&Batch=[]`},
		{"POST", "/", "application/json", `{"batch":[],"BATCH":[]}`},
		{"POST", "/", "application/json", `{"b\u0061tch":[]}`},
		{"POST", "/", "application/json", `{"batch":{}}`},
		{"PUT", "/", "application/json", `{"batch":[]}`},
		{"DELETE", "/?batch=[]", "application/json", ``},
		{"POST", "/v25.0/123456/messages", "application/json", `{"batch":[]}`},
	} {
		_, _, refusal := judge(t, Cloud, tt.method, tt.target, tt.contentType, tt.body)
		if ruleOf(refusal) != policy.RuleBatch {
			t.Errorf("%s %s %s: refused as %v", tt.method, tt.target, tt.body, refusal)
		}
	}
}
