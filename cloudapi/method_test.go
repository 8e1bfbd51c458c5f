package cloudapi

import (
	"strings"
	"testing"

	"github.com/waguard/waguard/policy"
)

// methodCases are requests that could become others, on a path that is no send
// edge unless the case is about one.
var methodCases = []struct {
	name, method, target, header string
	rule                         policy.Rule
}{
	{"parameter", "GET", "/123456/media?method=post", "", policy.RuleMethod},
	{"parameter/on-edge", "GET", "/123456/messages?method=POST&to=1", "", policy.RuleMethod},
	{"parameter/underscore", "POST", "/123456/media?_method=delete", "", policy.RuleMethod},
	{"parameter/case", "GET", "/123456/media?Method=post", "", policy.RuleMethod},
	{"parameter/escaped", "GET", "/123456/media?me%74hod=post", "", policy.RuleMethod},
	{"parameter/escaped-twice", "GET", "/123456/media?me%2574hod=post", "", policy.RuleMethod},
	{"parameter/semicolon", "GET", "/123456/media?a=b;method=post", "", policy.RuleMethod},
	{"parameter/bracket", "GET", "/123456/media?method[]=post", "", policy.RuleMethod},
	{"parameter/escaped-question-mark", "GET", "/123456/media%3Fmethod=post", "", policy.RulePath},
	{"parameter/in-fields", "GET", "/123456?fields=messages.Method(post).to(4915112345678)", "", policy.RuleMethod},
	{"header", "GET", "/123456/media", "X-HTTP-Method-Override: POST\r\n", policy.RuleMethod},
	{"header/short", "GET", "/123456/media", "X-Method-Override: POST\r\n", policy.RuleMethod},
	{"header/shorter", "GET", "/123456/media", "X-HTTP-Method: POST\r\n", policy.RuleMethod},
	{"header/underscores", "GET", "/123456/media", "X_HTTP_Method_Override: POST\r\n", policy.RuleMethod},
	{"upgrade/send", "POST", "/123456/messages", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n", policy.RuleMethod},
	{"upgrade/read-edge", "GET", "/123456/messages", "Connection: Upgrade\r\nUpgrade: websocket\r\n", policy.RuleMethod},
	{"upgrade/loose-edge", "GET", "/123456//MESSAGES/", "Connection: Upgrade\r\nUpgrade: websocket\r\n", policy.RuleMethod},
	{"upgrade/could-be-a-batch", "POST", "/", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n", policy.RuleMethod},
	{"upgrade/unknown-protocol", "POST", "/123456/messages", "Connection: Upgrade\r\nUpgrade: irc/6.9\r\nContent-Length: 2\r\n", policy.RuleMethod},
	{"upgrade/without-connection", "POST", "/123456/messages", "Upgrade: websocket\r\nContent-Length: 2\r\n", policy.RuleMethod},
	{"upgrade/misspelled", "POST", "/123456/messages", "Connection: Upgrade\r\nUp-Grade: websocket\r\nContent-Length: 2\r\n", policy.RuleMethod},
	{"upgrade/elsewhere", "GET", "/123456/media", "Connection: Upgrade\r\nUpgrade: websocket\r\n", ""},
	{"upgrade/connection-alone", "GET", "/123456/messages", "Connection: keep-alive, Upgrade\r\n", ""},
	{"get-with-body", "GET", "/123456/media", "Content-Length: 2\r\n", policy.RuleMethod},
	{"get-with-chunked-body", "GET", "/123456/media", "Transfer-Encoding: chunked\r\n", policy.RuleMethod},
	{"head-with-body", "HEAD", "/123456/media", "Content-Length: 2\r\n", policy.RuleMethod},
	{"trace", "TRACE", "/123456/media", "", policy.RuleMethod},
	{"lower-case", "post", "/123456/messages", "", policy.RuleMethod},
	{"unknown", "QUERY", "/123456/messages", "", policy.RuleMethod},
	{"honest/get", "GET", "/123456/media?methods=x&payment_method=card", "Accept: */*\r\n", ""},
	{"honest/delete-with-body", "DELETE", "/123456/block_users", "Content-Length: 2\r\n", ""},
}

func TestMethodGames(t *testing.T) {
	for _, tt := range methodCases {
		t.Run(tt.name, func(t *testing.T) {
			w := wire{Cloud, tt.method, tt.target, tt.header, nil}
			r := w.parse()
			if r == nil {
				t.Fatal("the server would refuse it")
			}
			_, refusal := Classify(Cloud, r, "")
			if ruleOf(refusal) != tt.rule {
				t.Errorf("refused as %v; want rule %q", refusal, tt.rule)
			}
			if refusal != nil {
				checkRefusal(t, refusal)
			}
		})
	}
}

// A tunnel has no path to judge.
func TestConnectIsRefused(t *testing.T) {
	r := wire{Cloud, "CONNECT", "graph.example:443", "", nil}.parse()
	if _, refusal := Classify(Cloud, r, ""); ruleOf(refusal) != policy.RuleMethod {
		t.Errorf("refused as %v", refusal)
	}
}

// The method can hide in a body of any kind.
func TestMethodInBody(t *testing.T) {
	for contentType, bodies := range map[string][]string{
		"application/json": {
			`{"method":"post"}`, `{"_method":"post"}`, `{"METHOD":"post"}`, `{"m\u0065thod":"post"}`, `{"method[]":"post"}`,
		},
		"application/x-www-form-urlencoded": {"a=1&method=post", "_method=delete", "me%74hod=post", "method[]=post", "a=b;method=post"},
		"":                                  {`{"method":"post"}`, "method=post"},
		"text/plain":                        {`{"method":"post"}`, "method=post"},
	} {
		for _, body := range bodies {
			for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
				_, _, refusal := judge(t, Cloud, method, "/v25.0/123456/register", contentType, body)
				if ruleOf(refusal) != policy.RuleMethod {
					t.Errorf("%s %q %s: refused as %v", method, contentType, body, refusal)
				}
			}
		}
	}
	form := strings.ReplaceAll("--b\nContent-Disposition: form-data; name=\"method\"\n\npost\n--b--\n", "\n", "\r\n")
	if refusal := streamed(t, "multipart/form-data; boundary=b", form); ruleOf(refusal) != policy.RuleMethod {
		t.Errorf("multipart: refused as %v", refusal)
	}
}
