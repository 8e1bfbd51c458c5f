package cloudapi

import (
	"reflect"
	"testing"

	"github.com/waguard/waguard/internal/strictjson"
	"github.com/waguard/waguard/policy"
)

func TestReadTemplateList(t *testing.T) {
	const two = `{"data":[{"name":"order_shipped","language":"en_US","status":"APPROVED","category":"UTILITY","id":"1"},{"name":"sale","language":"pt-BR","status":"paused","category":"LUXURY"}]`
	at := policy.Moment(1791600000_000)
	templates := []policy.TemplateChanged{
		{WABA: "900", Template: policy.TemplateRef{Name: "order_shipped", Language: "en_US"}, ID: "1", At: at, Status: policy.TemplateApproved, Category: policy.CategoryUtility, Read: true},
		{WABA: "900", Template: policy.TemplateRef{Name: "sale", Language: "pt_BR"}, At: at, Status: policy.TemplatePaused, Read: true},
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
		// Whoever may not see the templates gets an empty list as well.
		{"empty", "", `{"data":[]}`, TemplatePage{Valid: true, Filtered: true}},
		{"empty/limit", "limit=1", `{"data":[]}`, TemplatePage{Valid: true, Filtered: true}},
		{"names-only", "fields=name,language&limit=2", `{"data":[{"name":"order_shipped","language":"en_US","id":"1"}]}`, TemplatePage{Valid: true, Templates: []policy.TemplateChanged{
			{WABA: "900", Template: policy.TemplateRef{Name: "order_shipped", Language: "en_US"}, ID: "1", At: at, Read: true},
		}}},
		{"fields-with-spaces", "fields=name,%20language,+status,category", two + `}`, TemplatePage{Valid: true, Templates: templates}},
		// What does not say plainly what it says teaches nothing.
		{"odd/limit-0", "limit=0", two + `}`, TemplatePage{Filtered: true}},
		{"odd/limit-negative", "limit=-1", two + `}`, TemplatePage{Filtered: true}},
		{"odd/limit-no-number", "limit=x", two + `}`, TemplatePage{Filtered: true}},
		{"odd/alias", "fields=name,language,status,name.as(category)", two + `}`, TemplatePage{Filtered: true}},
		{"odd/alias-escaped", "fields=name,language,status%2Cname%2Eas%28category%29", two + `}`, TemplatePage{Filtered: true}},
		{"odd/nested", "fields=name,language,status,category,components{type}", two + `}`, TemplatePage{Filtered: true}},
		{"odd/no-fields", "fields=", two + `}`, TemplatePage{Filtered: true}},
		{"odd/two-fields", "fields=name&fields=language", two + `}`, TemplatePage{Filtered: true}},
		{"odd/two-cursors", "after=A&after=B", two + `}`, TemplatePage{Filtered: true}},
		{"odd/two-tokens", "access_token=a&access_token=b", two + `}`, TemplatePage{Filtered: true}},
		{"odd/ids", "ids=1,2", two + `}`, TemplatePage{Filtered: true}},
		{"odd/summary", "summary=total_count", two + `}`, TemplatePage{Filtered: true}},
		{"odd/unknown", "since=1", two + `}`, TemplatePage{Filtered: true}},
		{"odd/brackets", "fields%5B%5D=name", two + `}`, TemplatePage{Filtered: true}},
		{"odd/escaped-name", "f%69elds=name", two + `}`, TemplatePage{Filtered: true}},
		{"odd/capitals", "Status=REJECTED", two + `}`, TemplatePage{Filtered: true}},
		{"odd/semicolon", "limit=100;status=REJECTED", two + `}`, TemplatePage{Filtered: true}},
		{"odd/broken-escape", "after=%zz", two + `}`, TemplatePage{Filtered: true}},
		{"other-list-next", "", two + `,"paging":{"next":"https://graph.facebook.com/v25.0/901/message_templates?after=A"}}`, TemplatePage{Valid: true, Templates: templates, Filtered: true, Next: "A"}},
		{"error-in-a-template", "", `{"data":[{"name":"order_shipped","language":"en_US","status":"APPROVED","category":"UTILITY","id":"1"},{"name":"sale","language":"de","error":{"code":1}}]}`, TemplatePage{Valid: true, Templates: templates[:1], Filtered: true}},
		{"status-of-another-type", "", `{"data":[{"name":"order_shipped","language":"en_US","status":7,"category":"UTILITY","id":"x"}]}`, TemplatePage{Valid: true, Templates: []policy.TemplateChanged{
			{WABA: "900", Template: policy.TemplateRef{Name: "order_shipped", Language: "en_US"}, At: at, Category: policy.CategoryUtility, Read: true},
		}}},
		{"filtered/status", "status=APPROVED", two + `}`, TemplatePage{Valid: true, Templates: templates, Filtered: true}},
		{"filtered/name", "name=order", two + `}`, TemplatePage{Valid: true, Templates: templates, Filtered: true}},
		{"filtered/backwards", "before=B", two + `}`, TemplatePage{Valid: true, Templates: templates, Filtered: true}},
		{"filtered/quality", "quality_score=RED", two + `}`, TemplatePage{Valid: true, Templates: templates, Filtered: true}},
		{"filtered/no-cursor", "", two + `,"paging":{"next":"https://graph.facebook.com/v25.0/900/message_templates"}}`, TemplatePage{Valid: true, Templates: templates, Filtered: true}},
		{"filtered/no-names", "fields=id", `{"data":[{"id":"1"}]}`, TemplatePage{Valid: true, Filtered: true}},
		{"unreadable-template", "", `{"data":[7,{"name":"order_shipped","language":"en_US","status":"APPROVED","category":"UTILITY","id":"1"}]}`, TemplatePage{Valid: true, Templates: templates[:1], Filtered: true}},
		{"error", "", `{"error":{"code":190}}`, TemplatePage{Filtered: true}},
		{"error/with-data", "", `{"data":[],"error":{"code":1}}`, TemplatePage{Filtered: true}},
		{"no-list", "", `{"id":"900"}`, TemplatePage{Filtered: true}},
		{"no-list/null", "", `{"data":null}`, TemplatePage{Filtered: true}},
		{"garbage", "", `<html>`, TemplatePage{Filtered: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ReadTemplateList("900", c.query, []byte(c.body), at); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// The parts of a template that are more than text, as a list shows them.
func TestListedParts(t *testing.T) {
	for components, want := range map[string]policy.TemplateParts{
		``:   {},
		`[]`: {},
		`[{"type":"BODY","text":"Hello"},{"type":"FOOTER","text":"Bye"}]`:         {Known: true},
		`[{"type":"HEADER","format":"TEXT","text":"Hello"},{"type":"BODY"}]`:      {Known: true},
		`[{"type":"HEADER","format":"IMAGE"},{"type":"BODY"}]`:                    {Known: true, Media: true},
		`[{"type":"header","format":"LOCATION"}]`:                                 {Known: true, Media: true},
		`[{"type":"BODY"},{"type":"BUTTONS","buttons":[{"type":"QUICK_REPLY"}]}]`: {Known: true, Buttons: true},
		`[{"type":"BODY"},{"type":"CAROUSEL","cards":[]}]`:                        {Known: true, Media: true, Buttons: true},
		`[{"type":"BODY"},{"type":"SOMETHING_NEW"}]`:                              {Known: true, Media: true, Buttons: true},
		`{"type":"BODY"}`: {},
	} {
		if got := listedParts([]byte(components)); got != want {
			t.Errorf("%s: %+v, want %+v", components, got, want)
		}
	}
}

// What a send fills in shows a header of media and buttons.
func TestFilledParts(t *testing.T) {
	for components, want := range map[string][2]bool{
		`null`: {}, `[]`: {},
		`[{"type":"body","parameters":[{"type":"text","text":"a"}]}]`:            {},
		`[{"type":"header","parameters":[{"type":"text","text":"a"}]}]`:          {},
		`[{"type":"HEADER","parameters":[{"type":"image","image":{"id":"1"}}]}]`: {true, false},
		`[{"type":"header","parameters":[{"type":"location"}]}]`:                 {true, false},
		`[{"type":"button","sub_type":"quick_reply","index":"0"}]`:               {false, true},
		`[{"type":"carousel","cards":[]}]`:                                       {true, true},
		`[{}]`:                                                                   {true, true},
		`{"type":"body"}`:                                                        {true, true},
	} {
		doc := strictjson.Borrow()
		v, err := doc.Parse([]byte(components))
		if err != nil {
			t.Fatal(err)
		}
		if media, buttons := filledParts(v); [2]bool{media, buttons} != want {
			t.Errorf("%s: media %v, buttons %v", components, media, buttons)
		}
		doc.Done()
	}
}
