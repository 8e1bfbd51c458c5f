package cloudapi

import (
	"encoding/json"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/internal/strictjson"
	"github.com/waguard/waguard/policy"
)

// fieldsOf are the plain fields of a request: of its query and its body, JSON or
// a form, each once and each a string. ok is false where a field can be read in
// two ways, or the body holds something else.
func fieldsOf(query, contentType string, body []byte) (fields map[string]string, ok bool) {
	if fields, ok = plainQuery(query); !ok || len(body) == 0 {
		return fields, ok
	}
	add := func(name, value string) {
		if _, twice := fields[name]; twice {
			ok = false
		}
		fields[name] = value
	}
	format := parseContentType(contentType).format
	switch {
	case format == formatForm:
		form, plain := plainQuery(string(body))
		if !plain {
			return nil, false
		}
		for name, value := range form {
			add(name, value)
		}
	case format == formatJSON || format == formatUntyped && startsLikeJSON(body):
		root, err := strictjson.Parse(body)
		if err != nil || root.Kind() != strictjson.Object {
			return nil, false
		}
		for key, value := range root.Members() {
			if text, plain := value.Text(); plain {
				add(key.String(), text)
			} else {
				add(key.String(), string(value.Raw()))
			}
		}
	default:
		return nil, false
	}
	return fields, ok
}

// readObject reads an answer that is one object; ok is false where it is an error
// or none.
func readObject(answer []byte) (t template, ok bool) {
	if !json.Valid(answer) || json.Unmarshal(answer, &t) != nil || len(t.Error) > 0 {
		return template{}, false
	}
	return t, t.Success == nil || bool(*t.Success)
}

// Succeeded reports whether the answer to a change says that it was made.
func Succeeded(answer []byte) bool {
	_, ok := readObject(answer)
	return ok
}

// ReadTemplateCreation learns from a template that was created through the
// gateway: the request says which one, and the answer, one of success, what Meta
// makes of it.
func ReadTemplateCreation(waba, query, contentType string, body, answer []byte, at policy.Moment) []policy.Event {
	unsure := []policy.Event{policy.TemplatesUnsure{WABA: waba, At: at}}
	if !json.Valid(answer) {
		return unsure
	}
	told, ok := readObject(answer)
	if !ok {
		return nil // it was not created
	}
	fields, plain := fieldsOf(query, contentType, body)
	told.Name, told.Language = loosejson.String(fields["name"]), loosejson.String(fields["language"])
	if !plain || told.Name == "" || told.Language == "" || !identity.IsNode(string(told.ID)) {
		return unsure
	}
	// Where Meta may choose another category, only its own word on it counts.
	if told.Category == "" && fields["allow_category_change"] != "true" && policy.ToldTemplateStatus(string(told.Status)) != policy.TemplateRejected {
		told.Category = loosejson.String(fields["category"])
	}
	return []policy.Event{told.changed(waba, at)}
}

// ReadTemplateUpsert learns from authentication templates that were made or
// changed through the gateway in one call: the request says what they are called,
// and the answer which languages there are now.
func ReadTemplateUpsert(waba, query, contentType string, body, answer []byte, at policy.Moment) []policy.Event {
	unsure := []policy.Event{policy.TemplatesUnsure{WABA: waba, At: at}}
	var list struct {
		Data  []template      `json:"data"`
		Error json.RawMessage `json:"error"`
	}
	if !json.Valid(answer) || json.Unmarshal(answer, &list) != nil || len(list.Data) == 0 {
		return unsure
	}
	fields, plain := fieldsOf(query, contentType, body)
	if len(list.Error) > 0 || !plain || fields["name"] == "" || policy.ToldCategory(fields["category"]) != policy.CategoryAuthentication {
		return unsure
	}
	var events []policy.Event
	for _, told := range list.Data {
		if told.Language == "" || !identity.IsNode(string(told.ID)) || told.Name != "" && string(told.Name) != fields["name"] {
			return unsure
		}
		told.Name = loosejson.String(fields["name"])
		if told.Category == "" && policy.ToldTemplateStatus(string(told.Status)) != policy.TemplateRejected {
			told.Category = loosejson.String(fields["category"])
		}
		events = append(events, told.changed(waba, at))
	}
	return events
}

// ReadTemplateEdit learns from an edit of the template t through the gateway.
// What Meta makes of the new version, nobody knows until it says so. Of the
// category that was asked for, marketing is believed: it needs the most consent.
func ReadTemplateEdit(waba string, t policy.TemplateRef, query, contentType string, body, answer []byte, at policy.Moment) []policy.Event {
	told, ok := readObject(answer)
	if !ok {
		return nil
	}
	if told.Category == "" {
		fields, plain := fieldsOf(query, contentType, body)
		if asked := loosejson.String(fields["category"]); plain && policy.ToldCategory(string(asked)) == policy.CategoryMarketing {
			told.Category = asked
		}
	}
	e := policy.TemplateChanged{WABA: waba, Template: t, At: at, Status: policy.ToldTemplateStatus(string(told.Status)), Category: policy.ToldCategory(string(told.Category)), Read: true}
	if e.Status == "" {
		e.Status = policy.TemplateEdited
	}
	return []policy.Event{e}
}

// ReadTemplateNode learns from the answer to GET /{id} of the template t.
func ReadTemplateNode(waba string, t policy.TemplateRef, id, query string, answer []byte, at policy.Moment) []policy.Event {
	_, filtered, plain := readListQuery(query)
	told, ok := readObject(answer)
	if !ok || !plain || filtered || string(told.ID) != id || told.Name != "" && string(told.Name) != t.Name || told.Language != "" && identity.Language(string(told.Language)) != t.Language {
		return nil
	}
	told.Name, told.Language = loosejson.String(t.Name), loosejson.String(t.Language)
	return []policy.Event{told.changed(waba, at)}
}

// TemplatesToDelete are the templates a deletion names: every language of name,
// or those with the ids, and then of that name if it is given. ok is false where
// that can't be told, or the deletion failed.
func TemplatesToDelete(query, contentType string, body, answer []byte) (name string, ids []string, ok bool) {
	if !Succeeded(answer) {
		return "", nil, false
	}
	fields, ok := fieldsOf(query, contentType, body)
	if !ok {
		return "", nil, false
	}
	if id := fields["hsm_id"]; id != "" {
		ids = append(ids, id)
	}
	if list := fields["hsm_ids"]; list != "" {
		var many []loosejson.String
		if json.Unmarshal([]byte(list), &many) != nil {
			return "", nil, false
		}
		for _, id := range many {
			ids = append(ids, string(id))
		}
	}
	return fields["name"], ids, fields["name"] != "" || len(ids) > 0
}
