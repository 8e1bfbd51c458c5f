package cloudapi

import (
	"net/url"
	"reflect"
	"testing"

	"github.com/waguard/waguard/policy"
)

func TestReadTemplateList(t *testing.T) {
	const two = `{"data":[{"name":"order_shipped","language":"en_US","status":"APPROVED","category":"UTILITY","id":"1"},{"name":"sale","language":"pt-BR","status":"paused","category":"LUXURY"}]`
	at := policy.Moment(1791600000_000)
	templates := []policy.TemplateChanged{
		{WABA: "900", Template: policy.TemplateRef{Name: "order_shipped", Language: "en_US"}, At: at, Status: policy.TemplateApproved, Category: policy.CategoryUtility},
		{WABA: "900", Template: policy.TemplateRef{Name: "sale", Language: "pt_BR"}, At: at, Status: policy.TemplatePaused},
	}
	for _, c := range []struct {
		name, query, body string
		want              TemplatePage
	}{
		{"only-page", "", two + `}`, TemplatePage{Valid: true, Templates: templates}},
		{"only-page/paging", "limit=100&access_token=x", two + `,"paging":{"cursors":{"before":"B","after":"A"}}}`, TemplatePage{Valid: true, Templates: templates}},
		{"first-page", "fields=name,language,status", two + `,"paging":{"cursors":{"before":"B","after":"A"},"next":"https://graph.facebook.com/v25.0/900/message_templates?limit=2&after=A"}}`, TemplatePage{Valid: true, Templates: templates, Next: "A"}},
		{"first-page/cursor-in-next", "", two + `,"paging":{"next":"https://graph.facebook.com/v25.0/900/message_templates?after=A%3D"}}`, TemplatePage{Valid: true, Templates: templates, Next: "A="}},
		{"last-page", "after=A", two + `,"paging":{"cursors":{"before":"C","after":"D"}}}`, TemplatePage{Valid: true, Templates: templates, After: "A"}},
		{"empty", "", `{"data":[]}`, TemplatePage{Valid: true}},
		{"filtered/status", "status=APPROVED", two + `}`, TemplatePage{Valid: true, Templates: templates, Filtered: true}},
		{"filtered/name", "name=order", two + `}`, TemplatePage{Valid: true, Templates: templates, Filtered: true}},
		{"filtered/backwards", "before=B", two + `}`, TemplatePage{Valid: true, Templates: templates, Filtered: true}},
		{"filtered/unknown-parameter", "quality_score=RED", two + `}`, TemplatePage{Valid: true, Templates: templates, Filtered: true}},
		{"filtered/two-cursors", "after=A&after=B", two + `}`, TemplatePage{Valid: true, Templates: templates, Filtered: true, After: "A"}},
		{"filtered/no-cursor", "", two + `,"paging":{"next":"https://graph.facebook.com/v25.0/900/message_templates"}}`, TemplatePage{Valid: true, Templates: templates, Filtered: true}},
		{"filtered/no-names", "fields=id", `{"data":[{"id":"1"}]}`, TemplatePage{Valid: true, Filtered: true}},
		{"unreadable-template", "", `{"data":[7,{"name":"order_shipped","language":"en_US","status":"APPROVED","category":"UTILITY"}]}`, TemplatePage{Valid: true, Templates: templates[:1], Filtered: true}},
		{"error", "", `{"error":{"code":190}}`, TemplatePage{Filtered: true}},
		{"error/with-data", "", `{"data":[],"error":{"code":1}}`, TemplatePage{Filtered: true}},
		{"no-list", "", `{"id":"900"}`, TemplatePage{Filtered: true}},
		{"no-list/null", "", `{"data":null}`, TemplatePage{Filtered: true}},
		{"garbage", "", `<html>`, TemplatePage{Filtered: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			query, err := url.ParseQuery(c.query)
			if err != nil {
				t.Fatal(err)
			}
			if got := ReadTemplateList("900", query, []byte(c.body), at); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
