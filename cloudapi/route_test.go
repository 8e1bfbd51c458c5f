package cloudapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/waguard/waguard/policy"
)

// pathCases are requests without a body header, in the Cloud dialect.
var pathCases = []struct {
	method, target string
	class          Class
	rule           policy.Rule
}{
	// Written exactly as a send edge.
	{"POST", "/123456/messages", SendEdge, ""},
	{"POST", "/v25.0/123456/messages", SendEdge, ""},
	{"POST", "/v99.0/123456/messages", SendEdge, ""}, // versions come and go
	{"POST", "/v25.0/123456/marketing_messages", SendEdge, ""},
	{"POST", "/v25.0/123456/calls", SendEdge, ""},
	{"POST", "/v25.0/123456/messages?access_token=x&appsecret_proof=y", SendEdge, ""},
	{"POST", "http://elsewhere.example/v25.0/123456/messages", SendEdge, ""}, // the path is what counts
	{"POST", "/v25.0/123456/messages_encrypted", 0, policy.RuleEncrypted},
	{"POST", "/123456/messages_encrypted", 0, policy.RuleEncrypted},

	// Cleans to a send edge.
	{"POST", "/v25.0/123456/messages/", 0, policy.RulePath},
	{"POST", "//v25.0/123456/messages", 0, policy.RulePath},
	{"POST", "/v25.0//123456/messages", 0, policy.RulePath},
	{"POST", "/v25.0/123456/./messages", 0, policy.RulePath},
	{"POST", "/v25.0/123456/media/../messages", 0, policy.RulePath},
	{"POST", "/v25.0/123456/messages/../media", 0, policy.RulePath},
	{"POST", "/v25.0/123456/Messages", 0, policy.RulePath},
	{"POST", "/v25.0/123456/message%73", 0, policy.RulePath},
	{"POST", "/v25.0/123456/message%2573", 0, policy.RulePath},
	{"POST", "/v25.0/123456%2Fmessages", 0, policy.RulePath},
	{"POST", "/v25.0/123456%5Cmessages", 0, policy.RulePath},
	{"POST", `/v25.0/123456\messages`, 0, policy.RulePath},
	{"POST", "/v25.0/123456/messages;v=1", 0, policy.RulePath},
	{"POST", "/v25.0/123456/messages.json", 0, policy.RulePath},
	{"POST", "/v25.0/123456/messages%3Fx=1", 0, policy.RulePath},
	{"POST", "/v25.0/123456/messages%23", 0, policy.RulePath},
	{"POST", "/v25.0/123456/messages%20", 0, policy.RulePath},
	{"POST", "/v25.0/123456/messages%00", 0, policy.RulePath},
	{"POST", "/v25.0/123456/mess%E2%80%8Bages", 0, policy.RulePath},
	{"POST", "/v25.0/123456/%EF%BD%8Dessages", 0, policy.RulePath},
	{"POST", "/v25.0/123456/messages/extra", 0, policy.RulePath},
	{"POST", "/v25.0/123456/extra/messages", 0, policy.RulePath},
	{"POST", "/v25.0/me/messages", 0, policy.RulePath},
	{"POST", "/me/messages", 0, policy.RulePath},
	{"POST", "/messages", 0, policy.RulePath},
	{"POST", "/v1/messages", 0, policy.RulePath},
	{"POST", "/vlatest/123456/messages", 0, policy.RulePath},
	{"POST", "/v99/123456/messages", 0, policy.RulePath},
	{"POST", "/V25.0/123456/messages", 0, policy.RulePath},
	{"POST", "/v25.0/0123456/messages", 0, policy.RulePath}, // a number to one reader, another node to the next
	{"POST", "/v25.0/+123456/messages", 0, policy.RulePath},
	{"POST", "/v25.0/123456/Calls", 0, policy.RulePath},
	{"POST", "/v25.0/123456/{result=a:$.x}", 0, policy.RulePath},
	{"POST", "/v25.0/123456/media%3Fbatch=[]", 0, policy.RulePath},

	// A send field in the query competes with the body.
	{"POST", "/v25.0/123456/messages?to=4915112345678", 0, policy.RuleParameter},
	{"POST", "/v25.0/123456/messages?TO=4915112345678", 0, policy.RuleParameter},
	{"POST", "/v25.0/123456/messages?%74o=4915112345678", 0, policy.RuleParameter},
	{"POST", "/v25.0/123456/messages?template[name]=x", 0, policy.RuleParameter},
	{"POST", "/v25.0/123456/messages?a=b;to=4915112345678", 0, policy.RuleParameter},
	{"POST", "/v25.0/123456/messages?messaging_product=whatsapp", 0, policy.RuleParameter},
	{"POST", "/v25.0/123456/messages?batch=[]", 0, policy.RuleBatch},

	// Other methods on a send edge.
	{"GET", "/v25.0/123456/messages", Pass, ""},
	{"GET", "/v25.0/123456/messages/", Pass, ""},
	{"GET", "/t_98765/messages?fields=id", Pass, ""}, // reads a Messenger conversation
	{"GET", "/v25.0/123456/messages?to=4915112345678&type=text", 0, policy.RuleParameter},
	{"GET", "/v25.0/123456//messages?to=4915112345678&type=text", 0, policy.RuleParameter},
	{"GET", "/v25.0/123456/messages%3Fmethod=post", 0, policy.RulePath},
	{"GET", "/v25.0/123456/messages/x%253Fmethod=post", 0, policy.RulePath},
	{"OPTIONS", "/v25.0/123456/messages", Pass, ""},
	{"PUT", "/v25.0/123456/messages", 0, policy.RuleMethod},
	{"DELETE", "/v25.0/123456/messages", 0, policy.RuleMethod},
	{"PATCH", "/v25.0/123456/messages/", 0, policy.RulePath},

	// Not a send, and no way to become one.
	{"POST", "/v25.0/123456/register", Pass, ""},
	{"POST", "/v25.0/123456/block_users", Pass, ""},
	{"GET", "/v25.0/123456/message_history", Pass, ""},
	{"GET", "/v25.0/123456/call_permissions?user_wa_id=4915112345678", Pass, ""},
	{"DELETE", "/v25.0/123456/contact_book?messaging_product=whatsapp&bsuid=DE.1", Pass, ""},
	{"GET", "/v25.0/998877/message_templates?fields=name,category", TemplateList, ""},
	{"GET", "/998877/message_templates", TemplateList, ""},
	{"POST", "/v25.0/998877/message_templates", Pass, ""},
	{"POST", "/", Pass, ""},
	{"GET", "/", Pass, ""},

	// A batch in the query.
	{"POST", "/v25.0/?batch=[]", Inspect, ""},
	{"POST", "/v25.0/123456/media?batch=[]", Inspect, ""},
	{"GET", "/?batch=[]", 0, policy.RuleBatch},
	{"POST", "/?batch=[]&batch=[]", 0, policy.RuleBatch},
	{"POST", "/?Batch=[]", 0, policy.RuleBatch},
	{"POST", "/?batch[0][method]=POST", 0, policy.RuleBatch},
}

func TestClassify(t *testing.T) {
	for _, tt := range pathCases {
		t.Run(tt.method+strings.ReplaceAll(tt.target, "/", " "), func(t *testing.T) {
			w := wire{Cloud, tt.method, tt.target, "", nil}
			r := w.parse()
			if r == nil {
				t.Fatal("the server would refuse it")
			}
			rt, refusal := Classify(Cloud, r, "")
			if ruleOf(refusal) != tt.rule || refusal == nil && rt.Class != tt.class {
				t.Errorf("class %d, refused as %v; want class %d, rule %q", rt.Class, refusal, tt.class, tt.rule)
			}
			if refusal != nil {
				checkRefusal(t, refusal)
			}
			compare(t, w)
		})
	}
}

func TestClassifyTellsWhere(t *testing.T) {
	rt, refusal := Classify(Cloud, wire{Cloud, "POST", "/v25.0/123456/marketing_messages", "", nil}.parse(), "")
	if refusal != nil || rt.Edge != policy.EdgeMarketing || rt.PhoneNumberID != "123456" || rt.Version != "v25.0" {
		t.Errorf("%+v, %v", rt, refusal)
	}
	rt, refusal = Classify(Cloud, wire{Cloud, "GET", "/v25.0/998877/message_templates", "", nil}.parse(), "")
	if refusal != nil || rt.WABA != "998877" || rt.Version != "v25.0" {
		t.Errorf("%+v, %v", rt, refusal)
	}
	// A refusal names the number too, so that the ledger can.
	for _, w := range []wire{
		{Cloud, "POST", "/v25.0/123456/messages_encrypted", "", nil},
		{Cloud, "POST", "/v25.0/123456/messages?to=1", "", nil},
		{Cloud, "POST", "/v25.0/123456/messages", "X-Method: GET\r\n", nil},
		{Cloud, "POST", "/v25.0/123456/messages", "Content-Encoding: gzip\r\n", nil},
	} {
		rt, refusal = Classify(Cloud, w.parse(), "")
		if refusal == nil || rt.PhoneNumberID != "123456" || rt.Edge != policy.EdgeMessages {
			t.Errorf("%+v: %+v, %v", w, rt, refusal)
		}
	}
	_, refusal = Classify(Dialog360, wire{Dialog360, "POST", "/messages", "", nil}.parse(), "")
	if ruleOf(refusal) != policy.RuleSetup {
		t.Errorf("without a configured number: %v", refusal)
	}
}

// A rewrite before the gateway changes the path that is sent; that one is
// judged.
func TestClassifyJudgesTheRewrittenPath(t *testing.T) {
	r := wire{Cloud, "POST", "/wa/123456/messages", "", nil}.parse()
	r.URL.Path = "/123456/messages"
	if rt, refusal := Classify(Cloud, r, ""); refusal != nil || rt.Class != SendEdge {
		t.Errorf("%+v, %v", rt, refusal)
	}
	r.URL.Path = "123456/messages"
	if _, refusal := Classify(Cloud, r, ""); ruleOf(refusal) != policy.RulePath {
		t.Errorf("without its slash: refused as %v", refusal)
	}
	r = wire{Cloud, "POST", "/harmless", "", nil}.parse()
	r.URL.Path, r.URL.RawPath = "/123456/messages", "/123456%2Fmessages"
	if _, refusal := Classify(Cloud, r, ""); ruleOf(refusal) != policy.RulePath {
		t.Errorf("refused as %v", refusal)
	}
}

// bodyCases are content types and encodings of requests with a body.
var bodyCases = []struct {
	name, target, header string
	class                Class
	rule                 policy.Rule
}{
	{"send/json", "/1/messages", "Content-Type: application/json\r\n", SendEdge, ""},
	{"send/json-utf-8", "/1/messages", "Content-Type: application/json; charset=UTF-8\r\n", SendEdge, ""},
	{"send/vendor-json", "/1/messages", "Content-Type: application/vnd.x+json\r\n", 0, policy.RuleEncoding},
	{"send/none", "/1/messages", "", SendEdge, ""},
	{"send/form", "/1/messages", "Content-Type: application/x-www-form-urlencoded\r\n", SendEdge, ""},
	{"send/identity", "/1/messages", "Content-Encoding: identity\r\n", SendEdge, ""},
	{"send/gzip", "/1/messages", "Content-Encoding: gzip\r\n", 0, policy.RuleEncoding},
	{"send/gzip-by-another-name", "/1/messages", "Content_Encoding: gzip\r\n", 0, policy.RuleEncoding},
	{"send/type-by-another-name", "/1/messages", "Content-Type: application/json\r\nContentType: text/plain\r\n", 0, policy.RuleEncoding},
	{"else/type-by-another-name", "/1/media", "Content_Type: multipart/form-data; boundary=b\r\n", 0, policy.RuleEncoding},
	{"send/latin-1", "/1/messages", "Content-Type: application/json; charset=iso-8859-1\r\n", 0, policy.RuleEncoding},
	{"send/utf-16", "/1/messages", "Content-Type: application/json; charset=utf-16\r\n", 0, policy.RuleEncoding},
	{"send/two-charsets", "/1/messages", "Content-Type: application/json; charset=utf-8; charset=utf-16\r\n", 0, policy.RuleEncoding},
	{"send/two-types", "/1/messages", "Content-Type: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\n", 0, policy.RuleEncoding},
	{"send/type-list", "/1/messages", "Content-Type: application/json, application/x-www-form-urlencoded\r\n", 0, policy.RuleEncoding},
	{"send/multipart", "/1/messages", "Content-Type: multipart/form-data; boundary=b\r\n", 0, policy.RuleEncoding},
	{"send/xml", "/1/messages", "Content-Type: text/xml\r\n", 0, policy.RuleEncoding},
	{"send/octets", "/1/messages", "Content-Type: application/octet-stream\r\n", 0, policy.RuleEncoding},
	{"else/json", "/1/register", "Content-Type: application/json\r\n", Inspect, ""},
	{"else/none", "/1/register", "", Inspect, ""},
	{"else/text", "/1/register", "Content-Type: text/csv\r\n", 0, policy.RuleEncoding},
	{"else/latin-1", "/1/register", "Content-Type: text/plain; charset=iso-8859-1\r\n", 0, policy.RuleEncoding},
	{"else/utf-16", "/1/register", "Content-Type: text/plain; charset=utf-16\r\n", 0, policy.RuleEncoding},
	{"else/unreadable-type", "/1/register", "Content-Type: application/json, text/plain\r\n", 0, policy.RuleEncoding},
	{"else/gzip", "/1/register", "Content-Encoding: gzip\r\n", 0, policy.RuleEncoding},
	{"else/multipart", "/1/media", "Content-Type: multipart/form-data; boundary=b\r\n", StreamInspect, ""},
	{"else/multipart-no-boundary", "/1/media", "Content-Type: multipart/form-data\r\n", 0, policy.RuleEncoding},
	{"else/multipart-two-boundaries", "/1/media", "Content-Type: multipart/form-data; boundary=a; boundary=b\r\n", 0, policy.RuleEncoding},
	{"else/image", "/upload:1", "Content-Type: image/png\r\n", StreamInspect, ""},
	{"else/batch-and-multipart", "/?batch=[]", "Content-Type: multipart/form-data; boundary=b\r\n", 0, policy.RuleBatch},
}

func TestClassifyBody(t *testing.T) {
	for _, tt := range bodyCases {
		t.Run(tt.name, func(t *testing.T) {
			w := wire{Cloud, http.MethodPost, tt.target, tt.header, []byte("xx")}
			rt, refusal := Classify(Cloud, w.parse(), "")
			if ruleOf(refusal) != tt.rule || refusal == nil && rt.Class != tt.class {
				t.Errorf("class %d, refused as %v; want class %d, rule %q", rt.Class, refusal, tt.class, tt.rule)
			}
			if refusal != nil {
				checkRefusal(t, refusal)
			}
		})
	}
}
