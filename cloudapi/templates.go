package cloudapi

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/waguard/waguard/policy"
)

// TemplatePage is one page of a WABA's list of templates. Whoever sees all pages
// of an unfiltered list, from the one without After, over each whose After is
// the Next of the page before it, to the one without Next, knows all templates
// of the WABA.
type TemplatePage struct {
	// Valid: the answer is a list of templates.
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

// listParameters are the query parameters that don't make a list of templates
// shorter. The token and its proof only say who asks.
var listParameters = map[string]bool{
	"access_token": true, "appsecret_proof": true, "after": true, "limit": true,
	"fields": true, "pretty": true, "locale": true, "debug": true, "suppress_http_code": true,
}

// ReadTemplateList reads the answer to GET /{waba}/message_templates with the
// given query, at the time at.
func ReadTemplateList(waba string, query url.Values, body []byte, at policy.Moment) TemplatePage {
	p := TemplatePage{Filtered: true}
	if !json.Valid(body) {
		return p
	}
	var list struct {
		Data   *[]json.RawMessage `json:"data"`
		Paging struct {
			Cursors struct {
				After loose `json:"after"`
			} `json:"cursors"`
			Next loose `json:"next"`
		} `json:"paging"`
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &list) != nil || list.Data == nil || len(list.Error) > 0 {
		return p
	}
	p.Valid, p.Filtered, p.After = true, filtered(query), query.Get("after")
	if list.Paging.Next != "" {
		p.Next = cursorOf(string(list.Paging.Next))
		if p.Next == "" {
			p.Next = string(list.Paging.Cursors.After)
		}
		p.Filtered = p.Filtered || p.Next == "" // there are more, and no way to tell when they come
	}
	for _, raw := range *list.Data {
		var t struct {
			Name     loose `json:"name"`
			Language loose `json:"language"`
			Status   loose `json:"status"`
			Category loose `json:"category"`
		}
		if json.Unmarshal(raw, &t) != nil || t.Name == "" || t.Language == "" {
			p.Filtered = true // also where `fields` leaves the name out
			continue
		}
		p.Templates = append(p.Templates, policy.TemplateChanged{
			WABA:     waba,
			Template: policy.TemplateRef{Name: string(t.Name), Language: languageCode(t.Language)},
			At:       at,
			Status:   policy.TemplateStatus(strings.ToUpper(string(t.Status))),
			Category: toldCategory(t.Category),
		})
	}
	return p
}

func filtered(query url.Values) bool {
	for name, values := range query {
		if !listParameters[name] || len(values) != 1 {
			return true
		}
	}
	return false
}

// cursorOf is the cursor in the address of the next page.
func cursorOf(next string) string {
	u, err := url.Parse(next)
	if err != nil {
		return ""
	}
	return u.Query().Get("after")
}
