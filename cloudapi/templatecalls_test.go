package cloudapi

import (
	"reflect"
	"testing"

	"github.com/waguard/waguard/policy"
)

func TestReadAccountCall(t *testing.T) {
	for _, c := range []struct {
		method, path string
		want         AccountCall
		id           string
	}{
		{"POST", "/v25.0/900/message_templates", TemplateCreation, "900"},
		{"POST", "/900/message_templates", TemplateCreation, "900"},
		{"DELETE", "/v25.0/900/message_templates", TemplateDeletion, "900"},
		{"POST", "/v25.0/900/upsert_message_templates", TemplateUpsert, "900"},
		{"POST", "/v25.0/900/migrate_message_templates", TemplateMaking, "900"},
		{"GET", "/v25.0/8001", NodeRead, "8001"},
		{"POST", "/v25.0/8001", NodeEdit, "8001"},
		{"DELETE", "/8001", NodeDeletion, "8001"},
		{"GET", "/v25.0/900/message_templates", OtherCall, ""}, // a route of its own
		{"POST", "/v25.0/900/message_templates/", OtherCall, ""},
		{"POST", "/v25.0/8001/", OtherCall, ""},
		{"POST", "/v25.0/me", OtherCall, ""},
		{"GET", "/v25.0/", OtherCall, ""},
		{"PUT", "/v25.0/8001", OtherCall, ""},
	} {
		got, id := ReadAccountCall(c.method, c.path)
		if got != c.want || got != OtherCall && id != c.id {
			t.Errorf("%s %s: got %d %s, want %d %s", c.method, c.path, got, id, c.want, c.id)
		}
	}
}

func TestReadTemplateCreation(t *testing.T) {
	const at = policy.Moment(1791600000_123)
	const (
		request  = `{"name":"order_shipped","language":"en_US","category":"UTILITY","components":[{"type":"BODY","text":"Hi"}]}`
		answered = `{"id":"8001","status":"APPROVED","category":"UTILITY"}`
	)
	created := func(status policy.TemplateStatus, category policy.Category) policy.Event {
		return policy.TemplateChanged{
			WABA: "900", Template: policy.TemplateRef{Name: "order_shipped", Language: "en_US"}, ID: "8001",
			At: at, Status: status, Category: category, Read: true,
		}
	}
	unsure := policy.TemplatesUnsure{WABA: "900", At: at}
	for _, c := range []struct {
		name, query, contentType, body, answer string
		want                                   policy.Event // nil: nothing
	}{
		{"approved", "", "application/json", request, answered, created("APPROVED", "utility")},
		{"pending", "", "application/json", request, `{"id":"8001","status":"PENDING","category":"UTILITY"}`, created("PENDING", "utility")},
		{"number-for-an-id", "", "application/json", request, `{"id":8001,"status":"PENDING","category":"UTILITY"}`, created("PENDING", "utility")},
		{"charset", "", "application/json; charset=utf-8", request, answered, created("APPROVED", "utility")},
		{"no-type", "", "", request, answered, created("APPROVED", "utility")},
		// Meta's word on the category beats the sender's.
		{"other-category", "", "application/json", request, `{"id":"8001","status":"APPROVED","category":"MARKETING"}`, created("APPROVED", "marketing")},
		{"category-not-told", "", "application/json", request, `{"id":"8001","status":"APPROVED"}`, created("APPROVED", "utility")},
		{"category-not-told/may-change", "", "application/json", `{"allow_category_change":true,` + request[1:], `{"id":"8001","status":"APPROVED"}`, created("APPROVED", "")},
		{"category-not-told/rejected", "", "application/json", request, `{"id":"8001","status":"REJECTED"}`, created("REJECTED", "")},
		{"status-not-told", "", "application/json", request, `{"id":"8001"}`, created("", "utility")},
		{"form", "", "application/x-www-form-urlencoded", "name=order_shipped&language=en_US&category=UTILITY&components=%5B%5D", answered, created("APPROVED", "utility")},
		{"query", "name=order_shipped&language=en_US&category=UTILITY&access_token=x", "", "", answered, created("APPROVED", "utility")},
		// Something was made, and what it is called can't be told for sure.
		{"name-twice", "name=other", "application/json", request, answered, unsure},
		{"name-twice/form", "", "application/x-www-form-urlencoded", "name=a&name=b&language=de", answered, unsure},
		{"name-twice/json", "", "application/json", `{"name":"a","name":"b","language":"de"}`, answered, unsure},
		{"no-language", "", "application/json", `{"name":"order_shipped"}`, answered, unsure},
		{"parts", "", "multipart/form-data; boundary=x", "--x--", answered, unsure},
		{"no-json", "", "application/json", request, `<html>`, unsure},
		{"no-id", "", "application/json", request, `{"success":true}`, unsure},
		// It was not made.
		{"error", "", "application/json", request, `{"error":{"code":100}}`, nil},
		{"no-success", "", "application/json", request, `{"success":false}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []policy.Event
			if c.want != nil {
				want = []policy.Event{c.want}
			}
			if got := ReadTemplateCreation("900", c.query, c.contentType, []byte(c.body), []byte(c.answer), at); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestReadTemplateUpsert(t *testing.T) {
	const (
		at       = policy.Moment(1791600000_123)
		request  = `{"name":"login_code","languages":["en_US","de"],"category":"AUTHENTICATION","components":[{"type":"BODY"}]}`
		answered = `{"data":[{"id":"8001","status":"APPROVED","language":"en_US"},{"id":"8002","status":"PENDING","language":"de"}]}`
		typeJSON = "application/json"
	)
	made := func(language, id string, status policy.TemplateStatus) policy.Event {
		return policy.TemplateChanged{
			WABA: "900", Template: policy.TemplateRef{Name: "login_code", Language: language}, ID: id,
			At: at, Status: status, Category: policy.CategoryAuthentication, Read: true,
		}
	}
	all := []policy.Event{made("en_US", "8001", "APPROVED"), made("de", "8002", "PENDING")}
	unsure := []policy.Event{policy.TemplatesUnsure{WABA: "900", At: at}}
	for _, c := range []struct {
		name, query, contentType, body, answer string
		want                                   []policy.Event
	}{
		{"json", "", typeJSON, request, answered, all},
		{"form", "", "application/x-www-form-urlencoded", "name=login_code&languages=%5B%22en_US%22%5D&category=authentication&components=%5B%5D", answered, all},
		{"other-category", "", typeJSON, `{"name":"login_code","category":"UTILITY"}`, answered, unsure},
		{"no-category", "", typeJSON, `{"name":"login_code"}`, answered, unsure},
		{"name-twice", "name=sale", typeJSON, request, answered, unsure},
		{"other-name", "", typeJSON, request, `{"data":[{"id":"8001","name":"sale","status":"APPROVED","language":"en_US"}]}`, unsure},
		{"no-language", "", typeJSON, request, `{"data":[{"id":"8001","status":"APPROVED"}]}`, unsure},
		{"no-list", "", typeJSON, request, `{"success":true}`, unsure},
		{"no-json", "", typeJSON, request, `<html>`, unsure},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ReadTemplateUpsert("900", c.query, c.contentType, []byte(c.body), []byte(c.answer), at); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// What an edit asks for counts where it needs more consent, not where less.
func TestReadTemplateEdit(t *testing.T) {
	const at = policy.Moment(1791600000_123)
	ref := policy.TemplateRef{Name: "order_shipped", Language: "en_US"}
	for _, c := range []struct {
		name, query, body, answer string
		want                      policy.Category
	}{
		{"text", "", `{"components":[]}`, `{"success":true}`, ""},
		{"marketing", "", `{"category":"MARKETING"}`, `{"success":true}`, policy.CategoryMarketing},
		{"marketing/query", "category=marketing", "", `{"success":true}`, policy.CategoryMarketing},
		{"utility", "", `{"category":"UTILITY"}`, `{"success":true}`, ""},
		{"utility/told", "", `{"category":"MARKETING"}`, `{"success":true,"category":"UTILITY"}`, policy.CategoryUtility},
		{"twice", "category=UTILITY", `{"category":"MARKETING"}`, `{"success":true}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := []policy.Event{policy.TemplateChanged{WABA: "900", Template: ref, At: at, Status: policy.TemplateEdited, Category: c.want, Read: true}}
			if got := ReadTemplateEdit("900", ref, c.query, "application/json", []byte(c.body), []byte(c.answer), at); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	if got := ReadTemplateEdit("900", ref, "", "application/json", []byte(`{"category":"MARKETING"}`), []byte(`{"error":{"code":100}}`), at); got != nil {
		t.Errorf("an edit that failed teaches %+v", got)
	}
}

func TestReadTemplateNode(t *testing.T) {
	const at = policy.Moment(1791600000_123)
	ref := policy.TemplateRef{Name: "order_shipped", Language: "en_US"}
	const node = `{"id":"8001","name":"order_shipped","language":"en_US","status":"APPROVED","category":"UTILITY"}`
	known := policy.TemplateChanged{WABA: "900", Template: ref, ID: "8001", At: at, Status: "APPROVED", Category: "utility", Read: true}
	statusOnly := known
	statusOnly.Category = ""
	for _, c := range []struct {
		name, query, answer string
		want                policy.Event
	}{
		{"whole", "", node, known},
		{"fields", "fields=status,category&access_token=x", `{"id":"8001","status":"APPROVED","category":"UTILITY"}`, known},
		{"status", "fields=status", `{"id":"8001","status":"APPROVED"}`, statusOnly},
		{"alias", "fields=status,name.as(category)", node, nil},
		{"filter", "category=x", node, nil},
		{"other-id", "", `{"id":"8002","status":"APPROVED"}`, nil},
		{"other-name", "", `{"id":"8001","name":"sale","status":"APPROVED"}`, nil},
		{"other-language", "", `{"id":"8001","language":"de","status":"APPROVED"}`, nil},
		{"error", "", `{"error":{"code":100}}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []policy.Event
			if c.want != nil {
				want = []policy.Event{c.want}
			}
			if got := ReadTemplateNode("900", ref, "8001", c.query, []byte(c.answer), at); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestTemplatesToDelete(t *testing.T) {
	for _, c := range []struct {
		name, query, contentType, body, answer string
		template                               string
		ids                                    []string
		ok                                     bool
	}{
		{"name", "name=sale", "", "", `{"success":true}`, "sale", nil, true},
		{"id", "name=sale&hsm_id=8001", "", "", `{"success":true}`, "sale", []string{"8001"}, true},
		{"ids", "hsm_ids=%5B8001,%228002%22%5D", "", "", `{"success":true}`, "", []string{"8001", "8002"}, true},
		{"body", "", "application/json", `{"name":"sale"}`, `{"success":true}`, "sale", nil, true},
		{"name-twice", "name=sale&name=order", "", "", `{"success":true}`, "", nil, false},
		{"nothing", "access_token=x", "", "", `{"success":true}`, "", nil, false},
		{"failed", "name=sale", "", "", `{"success":false}`, "", nil, false},
		{"error", "name=sale", "", "", `{"error":{"code":100}}`, "", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			name, ids, ok := TemplatesToDelete(c.query, c.contentType, []byte(c.body), []byte(c.answer))
			if name != c.template || !reflect.DeepEqual(ids, c.ids) || ok != c.ok {
				t.Errorf("got %q %v %v", name, ids, ok)
			}
		})
	}
}
