package cloudapi

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/policy"
)

// TemplatePage is one page of a WABA's list of templates. Whoever sees all pages
// of an unfiltered list, from the one without After, over each whose After is
// the Next of the page before it, to the one without Next, knows all templates
// of the WABA.
type TemplatePage struct {
	// Valid: the answer is a list of templates that says what it seems to say.
	Valid bool
	// Templates are those on the page.
	Templates []policy.TemplateChanged
	// Filtered: the list need not hold every template, or not all of it could be
	// read.
	Filtered bool
	// After is the cursor the page was asked for with; "" for the first page.
	After string
	// Next is the cursor of the next page; "" on the last.
	Next string
}

// listParameters are the query parameters that leave a list of templates what it
// is. Those that are true make it shorter. Any other may make an answer say
// something else than it seems to.
var listParameters = map[string]bool{
	"access_token": false, "appsecret_proof": false, "after": false, "limit": false, "fields": false,
	"pretty": false, "locale": false, "debug": false, "suppress_http_code": false,
	"name": true, "language": true, "status": true, "category": true, "quality_score": true,
	"content": true, "name_or_content": true, "before": true,
}

// plainQuery takes a query apart whose names are plain and stand in it once; ok
// is false for any other, which readers take differently.
func plainQuery(query string) (values map[string]string, ok bool) {
	values = make(map[string]string)
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, encoded, _ := strings.Cut(pair, "=")
		value, err := url.QueryUnescape(encoded)
		if _, twice := values[name]; twice || err != nil || !isPlainName(name) || strings.ContainsAny(encoded, ";#") {
			return nil, false
		}
		values[name] = value
	}
	return values, true
}

// readListQuery reports whether a list asked for with query says plainly what it
// says, whether it can be shorter than all, and the cursor it starts behind.
func readListQuery(query string) (after string, filtered, plain bool) {
	values, plain := plainQuery(query)
	for name, value := range values {
		shorter, known := listParameters[name]
		filtered = filtered || shorter
		switch name {
		case "fields":
			plain = plain && plainFields(value)
		case "limit":
			n, err := strconv.Atoi(value)
			plain = plain && err == nil && n > 0 && isDigits(value)
		}
		plain = plain && known
	}
	return values["after"], filtered, plain
}

// plainFields reports a list of names of fields without aliases, filters or
// fields within fields.
func plainFields(s string) bool {
	for name := range strings.SplitSeq(s, ",") {
		if !isPlainName(strings.TrimLeft(name, " ")) {
			return false
		}
	}
	return true
}

// template is a template as answers of the API show it.
type template struct {
	ID       loosejson.String `json:"id"`
	Name     loosejson.String `json:"name"`
	Language loosejson.String `json:"language"`
	Status   loosejson.String `json:"status"`
	Category loosejson.String `json:"category"`
	Success  *loosejson.Bool  `json:"success"`
	// Components are absent where `fields` leaves them out.
	Components json.RawMessage `json:"components"`
	Error      json.RawMessage `json:"error"`
}

// ReadTemplateList reads the answer to GET /{waba}/message_templates with the
// given query, as it came, asked for at the time at. An empty list says nothing:
// whoever may not see the templates gets one too.
func ReadTemplateList(waba, query string, body []byte, at policy.Moment) TemplatePage {
	p := TemplatePage{Filtered: true}
	after, filtered, plain := readListQuery(query)
	if !plain || !json.Valid(body) {
		return p
	}
	var list struct {
		Data   *[]json.RawMessage `json:"data"`
		Paging struct {
			Cursors struct {
				After loosejson.String `json:"after"`
			} `json:"cursors"`
			Next loosejson.String `json:"next"`
		} `json:"paging"`
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &list) != nil || list.Data == nil || len(list.Error) > 0 {
		return p
	}
	p.Valid, p.After, p.Filtered = true, after, filtered || len(*list.Data) == 0
	if next := string(list.Paging.Next); next != "" {
		cursor, same := cursorOf(next, waba)
		if p.Next = cursor; p.Next == "" {
			p.Next = string(list.Paging.Cursors.After)
		}
		// There are more, and no way to tell when they come, or not of this list.
		p.Filtered = p.Filtered || p.Next == "" || !same
	}
	for _, raw := range *list.Data {
		var t template
		if json.Unmarshal(raw, &t) != nil || t.Name == "" || t.Language == "" || len(t.Error) > 0 {
			p.Filtered = true // also where `fields` leaves the name out
			continue
		}
		p.Templates = append(p.Templates, t.changed(waba, at))
	}
	return p
}

// changed is what an answer told about a template of the WABA.
func (t *template) changed(waba string, at policy.Moment) policy.TemplateChanged {
	e := policy.TemplateChanged{
		WABA: waba, Template: policy.TemplateRef{Name: string(t.Name), Language: identity.Language(string(t.Language))},
		At: at, Status: policy.ToldTemplateStatus(string(t.Status)), Category: policy.ToldCategory(string(t.Category)), Read: true,
	}
	e.Parts = listedParts(t.Components)
	if identity.IsNode(string(t.ID)) {
		e.ID = string(t.ID)
	}
	return e
}

// cursorOf is the cursor in the address of the next page, and whether that is
// one of the WABA's list.
func cursorOf(next, waba string) (cursor string, same bool) {
	u, err := url.Parse(next)
	if err != nil {
		return "", false
	}
	return u.Query().Get("after"), strings.HasSuffix(u.Path, "/"+waba+"/message_templates")
}
