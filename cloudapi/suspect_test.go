package cloudapi

import (
	"strings"
	"testing"

	"github.com/waguard/waguard/policy"
)

// Bodies of requests that go elsewhere than to a send edge: honest ones pass
// however odd they are, and what could hold a batch or a method is refused.
func TestInspect(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, tt := range []struct {
		name, contentType, body string
		rule                    policy.Rule
	}{
		{"empty", "application/json", "", ""},
		{"register", "application/json", `{"messaging_product":"whatsapp","pin":"000000"}`, ""},
		{"template-about-methods", "application/json", `{"name":"pay","components":[{"text":"Choose a method for this batch & method=x","method":"deep"}]}`, ""},
		{"malformed", "application/json", `{"a":`, ""},
		{"duplicate-keys", "application/json", `{"a":1,"a":2}`, ""},
		{"array", "application/json", `[{"a":1}]`, ""},
		{"prose", "text/plain", "a method to batch things", ""},
		{"csv", "text/plain", "batch,method\n1,2\n", ""},
		{"form", form, "verified_name=A+Batch&pin=1", ""},
		{"form/value-names-it", form, "description=the+batch+method", ""},
		{"payment-method", "application/json", `{"payment_method":"card","batch_size":5}`, ""},
		{"not-utf-8", form, "name=%FF\xff", ""},

		{"duplicate-key-and-method", "application/json", `{"a":1,"a":2,"b":"method"}`, policy.RuleUnreadable},
		{"malformed-batch", "application/json", `{"batch":[`, policy.RuleUnreadable},
		{"comment-batch", "text/plain", `// x` + "\n" + `{"batch":[]}`, policy.RuleUnreadable},
		{"array-with-batch", "application/json", `[{"batch":[]}]`, policy.RuleUnreadable},
		{"string-with-batch", "application/json", `"{\"batch\":[{\"relative_url\":\"1/messages\"}]}"`, policy.RuleUnreadable},
		{"form-in-json-called-form", form, `{"a":"&batch=[]&"}`, policy.RuleUnreadable},
		{"json-behind-text", "text/plain", `body: {"batch":[{"relative_url":"1/messages"}]}`, policy.RuleUnreadable},
		{"json-called-form", form, `{"batch":[]}`, policy.RuleUnreadable},
		{"form-called-json", "application/json", `batch=[]`, policy.RuleUnreadable},
		{"form-called-text", "text/plain", `batch=[]`, policy.RuleUnreadable},
		{"form-in-json-string", "text/plain", `{"a":"&batch=[]"}`, policy.RuleUnreadable},
		{"multipart-called-text", "text/plain", "--b\r\nContent-Disposition: form-data; name=\"batch\"\r\n\r\n[]\r\n--b--", policy.RuleUnreadable},
		{"batch-in-a-link", "application/json", `{"url":"https://x.example/?a=1&batch=42&method=get"}`, ""},
		{"batch-in-a-text", "application/json", `{"text":"&batch=[{\"relative_url\":\"1/messages\"}]"}`, ""}, // the quotes stay escaped
		{"batch-in-escapes", "application/json", `{"text":"&%62atch=%5B%7B%22relative_url%22:%221/messages%22%7D%5D&"}`, policy.RuleBatch},
		{"fields", "application/json", `{"fields":"id,payment_method,name"}`, ""},
		{"fields/method", "application/json", `{"fields":"messages.method(post).to(1)"}`, policy.RuleMethod},
		{"fields/method-in-list", "application/json", `{"fields":["id","messages.METHOD (POST)"]}`, policy.RuleMethod},
		{"fields/form", form, "fields=messages.method%2528post%2529", policy.RuleMethod},
		{"other-batch", "application/json", `{"adbatch":[{"relative_url":"1/messages"}]}`, policy.RuleBatch},
		{"other-batch/escaped", "application/json", `{"adbatch":[{"relative\u005furl":"1/messages"}]}`, policy.RuleBatch},
		{"form/brackets", form, "batch[0][method]=POST&batch[0][relative_url]=1/messages", policy.RuleBatch},
		{"form/brackets-escaped", form, "batch%5B0%5D%5Bmethod%5D=POST", policy.RuleBatch},
		{"bom", "application/json", "\ufeff" + `{"batch":[]}`, policy.RuleUnreadable},
		{"utf-16", "text/plain", "{\x00\"\x00b\x00a\x00t\x00c\x00h\x00", policy.RuleUnreadable},
		{"compressed", "application/json", "\x1f\x8bbatch", policy.RuleEncoding},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, reading, refusal := judge(t, Cloud, "POST", "/v25.0/123456/register", tt.contentType, tt.body)
			if ruleOf(refusal) != tt.rule {
				t.Fatalf("refused as %v; want rule %q", refusal, tt.rule)
			}
			if refusal != nil {
				checkRefusal(t, refusal)
			}
			if reading.Batch || len(reading.Sends) > 0 {
				t.Errorf("found %+v", reading)
			}
			compare(t, wire{Cloud, "POST", "/v25.0/123456/register", header(tt.contentType), []byte(tt.body)})
		})
	}
}

func TestMentions(t *testing.T) {
	for _, body := range []string{
		"batch", "BATCH", "b_a t-c.h", "ba%74ch", "ba%2574ch", `b\u0061tch`, `b\x61tch`, `{\"b\\u0061tch\"}`, "b\x00a\x00t\x00c\x00h", "ｂａｔｃｈ",
		"ba\u200btch", "ba\xfftch", "b\\atch",
	} {
		if !mentions([]byte(body), "batch") {
			t.Errorf("%q: not found", body)
		}
	}
	for _, body := range []string{"", "bat", "catch b", strings.Repeat("ab", 100)} {
		if mentions([]byte(body), "batch") {
			t.Errorf("%q: found", body)
		}
	}
}
