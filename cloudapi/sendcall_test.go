package cloudapi

import (
	"testing"

	"github.com/waguard/waguard/policy"
)

// callCases are bodies of POST /{id}/calls.
var callCases = []struct {
	name string
	body string
	want policy.Send
	rule policy.Rule
}{
	{
		"connect", start + `"to":` + german + `,"action":"connect","session":{"sdp_type":"offer","sdp":"v=0"}}`,
		policy.Send{Kind: policy.Call, Type: "connect", To: []policy.Identity{germanID}},
		"",
	},
	{
		"connect/user-id", start + `"recipient":"DE.40817726355190042","action":"connect"}`,
		policy.Send{Kind: policy.Call, Type: "connect", Recipient: userID},
		"",
	},
	{"connect/nobody", start + `"action":"connect"}`, policy.Send{}, policy.RuleRecipientInvalid},
	{"accept", start + `"call_id":"wacid.1","action":"accept"}`, policy.Send{Kind: policy.CallControl, Type: "accept"}, ""},
	{"pre_accept", start + `"call_id":"wacid.1","action":"pre_accept"}`, policy.Send{Kind: policy.CallControl, Type: "pre_accept"}, ""},
	{"reject", start + `"call_id":"wacid.1","action":"reject"}`, policy.Send{Kind: policy.CallControl, Type: "reject"}, ""},
	{
		"terminate", start + `"call_id":"wacid.1","action":"terminate","to":` + german + `}`,
		policy.Send{Kind: policy.CallControl, Type: "terminate", To: []policy.Identity{germanID}},
		"",
	},
	{"terminate/no-call", start + `"action":"terminate"}`, policy.Send{}, policy.RuleMissingParam},
	{"action-absent", start + `"to":` + german + `}`, policy.Send{}, policy.RuleMissingParam},
	{"action-unknown", start + `"to":` + german + `,"action":"ring"}`, policy.Send{}, policy.RuleParameter},
	{"action-in-capitals", start + `"to":` + german + `,"call_id":"1","action":"CONNECT"}`, policy.Send{Kind: policy.Call, Type: "connect", To: []policy.Identity{germanID}}, ""},
	{"action-a-list", start + `"to":` + german + `,"action":["connect"]}`, policy.Send{}, policy.RuleParameter},
	{"terminate/call-as-number", start + `"action":"terminate","call_id":7}`, policy.Send{}, policy.RuleParameter},
	{"message-on-calls", start + `"to":` + german + `,"action":"connect","type":"text","text":{}}`, policy.Send{}, policy.RuleParameter},
}

func TestReadCall(t *testing.T) {
	for _, tt := range callCases {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Edge = policy.EdgeCalls
			_, reading, refusal := judge(t, Cloud, "POST", "/v25.0/123456/calls", "application/json", tt.body)
			checkReading(t, reading, refusal, tt.want, tt.rule)
			compare(t, wire{Cloud, "POST", "/v25.0/123456/calls", header("application/json"), []byte(tt.body)})
		})
	}
}

// In the dialects whose paths name no number, the configured one sends, and
// messaging_product may be absent.
func TestDialects(t *testing.T) {
	const body = `{"to":` + german + `,"type":"text","preview_url":true,"text":{"body":"hi"}}`
	want := policy.Send{PhoneNumberID: "5550001", Kind: policy.FreeForm, Type: "text", To: []policy.Identity{germanID}}
	for _, tt := range []struct {
		name           string
		dialect        Dialect
		method, target string
		body           string
		want           policy.Send
		rule           policy.Rule
	}{
		{"360dialog", Dialog360, "POST", "/messages", body, want, ""},
		{"360dialog/cloud-path", Dialog360, "POST", "/v25.0/123456/messages", body, policy.Send{}, policy.RulePath},
		{"on-premises", OnPremises, "POST", "/v1/messages", body, want, ""},
		{"on-premises/no-version", OnPremises, "POST", "/messages", body, policy.Send{}, policy.RulePath},
		{"on-premises/receipt", OnPremises, "PUT", "/v1/messages/ABGGFlA5FpafAgo6tHcNmNjXmuSf", `{"status":"read"}`, policy.Send{PhoneNumberID: "5550001", Kind: policy.Receipt}, ""},
		{"on-premises/receipt-path-with-message", OnPremises, "PUT", "/v1/messages/ABGG", body, policy.Send{}, policy.RuleMissingParam},
		{"on-premises/receipt-of-two-parts", OnPremises, "PUT", "/v1/messages/a/messages", `{"status":"read"}`, policy.Send{}, policy.RulePath},
		{"on-premises/receipt-by-post", OnPremises, "POST", "/v1/messages/ABGG", `{"status":"read"}`, policy.Send{}, policy.RulePath},
		{"cloud/on-premises-path", Cloud, "POST", "/v1/messages", body, policy.Send{}, policy.RulePath},
		{"cloud/no-product", Cloud, "POST", "/123456/messages", body, policy.Send{}, policy.RuleMissingParam},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, reading, refusal := judge(t, tt.dialect, tt.method, tt.target, "application/json", tt.body)
			checkReading(t, reading, refusal, tt.want, tt.rule)
			compare(t, wire{tt.dialect, tt.method, tt.target, header("application/json"), []byte(tt.body)})
		})
	}
}
