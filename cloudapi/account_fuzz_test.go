package cloudapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/waguard/waguard/policy"
)

// FuzzReadTemplateList: whatever the list, what is learned are names; what is
// asked for with an alias teaches nothing; an empty list is never complete.
func FuzzReadTemplateList(f *testing.F) {
	for _, query := range []string{"", "limit=100&after=A", "fields=name,language,status,name.as(category)", "limit=0", "status=APPROVED", "ids=1,2", "fields=a&fields=b", "%66ields=name"} {
		f.Add(query, `{"data":[{"name":"order_shipped","language":"en_US","status":"APPROVED","category":"UTILITY","id":"1"}],"paging":{"cursors":{"after":"A"},"next":"https://graph.facebook.com/v25.0/900/message_templates?after=A"}}`)
		f.Add(query, `{"data":[]}`)
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		p := ReadTemplateList("900", query, []byte(body), policy.Moment(1))
		if !p.Valid && (len(p.Templates) > 0 || !p.Filtered) {
			t.Errorf("learned from no list: %+v", p)
		}
		if len(p.Templates) == 0 && !p.Filtered {
			t.Error("an empty list is complete")
		}
		if decoded := unescape(query); p.Valid && strings.Contains(decoded, "fields=") && strings.ContainsAny(decoded[strings.Index(decoded, "fields="):], "(){}") && !strings.Contains(query, "&") {
			t.Errorf("learned from %q", query)
		}
		for _, e := range p.Templates {
			if e.Template.Name == "" || e.Template.Language == "" || !e.Read || e.WABA != "900" {
				t.Errorf("learned %+v", e)
			}
		}
	})
}

// FuzzFindWebhookChange: a JSON object with the field as Meta documents it is
// always found, whatever stands beside it.
func FuzzFindWebhookChange(f *testing.F) {
	f.Add("/v25.0/1044", "", "application/json", `{"webhook_configuration":{"override_callback_uri":"https://elsewhere.example"}}`)
	f.Add("/v25.0/900/subscribed_apps", "override_callback_uri=https://elsewhere.example", "", "")
	f.Add("/v25.0/1044", "", "application/x-www-form-urlencoded", "webhook_configuration%5Boverride_callback_uri%5D=x")
	f.Add("/v1/configs/webhook", "", "text/plain", `{"url":"https://elsewhere.example"}`)
	f.Fuzz(func(t *testing.T, path, query, contentType, body string) {
		_, found := FindWebhookChange(&Request{Method: "POST", Path: path, Query: query, ContentType: contentType, Body: []byte(body)})
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(body), &object) == nil && object["webhook_configuration"] != nil && !found {
			t.Errorf("not found in %q", body)
		}
		if _, found := FindWebhookChange(&Request{Method: "GET", Path: path, Query: query}); found {
			t.Error("a read is a change")
		}
	})
}
