package graphsim

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
)

// Page sizes of the template listing. Graph's own maximum is not documented; it must only be finite.
const (
	defaultPage = 25
	maxPage     = 1000
)

type cursors struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

type paging struct {
	Cursors cursors `json:"cursors"`
	Next    string  `json:"next,omitempty"`
}

// listTemplates pages by cursor. A cursor is the last id of its page, so a template created or deleted between two
// pages neither repeats nor skips another.
func (s *Sim) listTemplates(c *call) reply {
	limit := defaultPage
	if text := c.param("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return s.refuse(c, fail(100, "limit must be a positive number"))
		}
		limit = min(n, maxPage)
	}
	after := ""
	if text := c.param("after"); text != "" {
		raw, err := base64.URLEncoding.DecodeString(text)
		if err != nil {
			return s.refuse(c, fail(100, "after is not a cursor of this listing"))
		}
		after = string(raw)
	}
	page, more := s.templates.page(after, limit, func(t *Template) bool {
		return matches(c, "name", t.Name) && matches(c, "language", t.Language) &&
			matches(c, "status", t.Status) && matches(c, "category", t.Category)
	})
	data := make([]object, len(page))
	for i := range page {
		data[i] = pick(page[i].node(), c.param("fields"))
	}
	answer := object{"data": data}
	if len(page) > 0 {
		p := paging{Cursors: cursors{Before: cursor(page[0].ID), After: cursor(page[len(page)-1].ID)}}
		if more {
			p.Next = c.nextPage(limit, p.Cursors.After)
		}
		answer["paging"] = p
	}
	return ok(answer)
}

func cursor(id string) string { return base64.URLEncoding.EncodeToString([]byte(id)) }

// nextPage is the same call with the cursor moved. A token stays in the link only if it came in the query.
func (c *call) nextPage(limit int, after string) string {
	query, _ := url.ParseQuery(c.rawQuery) // read once already
	query.Set("limit", strconv.Itoa(limit))
	query.Set("after", after)
	return c.base + c.rawPath + "?" + query.Encode()
}

// matches reports whether a listing filter is absent or names value.
func matches(c *call, filter, value string) bool {
	want := c.param(filter)
	return want == "" || strings.EqualFold(want, value)
}

func (c *catalogue) page(after string, limit int, match func(*Template) bool) (page []Template, more bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	started := after == ""
	for i := range c.list {
		t := &c.list[i]
		switch {
		case !started:
			started = t.ID == after
		case !match(t):
		case len(page) == limit:
			return page, true
		default:
			page = append(page, *t)
		}
	}
	return page, false
}

// createTemplate files a template for review: it is PENDING, or what [Options.Created] says, until
// [Sim.TemplateStatus] says otherwise.
func (s *Sim) createTemplate(c *call) reply {
	t := Template{
		Name:     c.param("name"),
		Language: c.param("language"),
		Category: strings.ToUpper(c.param("category")),
		Status:   orElse(s.opts.Created, "PENDING"),
	}
	for _, need := range []struct{ name, value string }{
		{"name", t.Name}, {"language", t.Language}, {"category", t.Category},
	} {
		if need.value == "" {
			return s.refuse(c, fail(100, need.name+" is required"))
		}
	}
	if strings.IndexFunc(t.Name, notTemplateName) >= 0 {
		return s.refuse(c, fail(100, "name may hold lower-case letters, digits and underscores only"))
	}
	switch t.Category {
	case "MARKETING", "UTILITY", "AUTHENTICATION":
	default:
		return s.refuse(c, fail(100, "category must be one of AUTHENTICATION, MARKETING, UTILITY"))
	}
	components, isList := c.params["components"].([]any)
	if !isList || len(components) == 0 {
		return s.refuse(c, fail(100, "components must be an array"))
	}
	raw, err := json.Marshal(components)
	if err != nil {
		return s.refuse(c, fail(100, "components could not be read"))
	}
	t.Components = raw
	if _, exists := s.templates.find(t.Name, t.Language); exists {
		return s.refuse(c, fail(100, "A template with this name and language exists"))
	}
	t = s.PutTemplate(t)
	return ok(object{"id": t.ID, "status": t.Status, "category": t.Category})
}

// editTemplate takes a new version of a template into review. The answer doesn't say what becomes of it.
func (s *Sim) editTemplate(c *call, t Template) reply {
	_, err := s.templates.change(t.Name, t.Language, func(t *Template) {
		t.Status = orElse(s.opts.Created, "PENDING")
		if category := c.param("category"); category != "" {
			t.Category = strings.ToUpper(category)
		}
	})
	if err != nil {
		return s.refuse(c, noObject(c.node))
	}
	return success()
}

func notTemplateName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_'
}

// deleteTemplate removes every language of a name, or one template if hsm_id says which.
func (s *Sim) deleteTemplate(c *call) reply {
	name, id := c.param("name"), c.param("hsm_id")
	if name == "" {
		return s.refuse(c, fail(100, "name is required"))
	}
	removed := s.templates.remove(func(t Template) bool { return t.Name == name && (id == "" || t.ID == id) })
	if removed == 0 {
		return s.refuse(c, fail(100, "Template "+name+" does not exist"))
	}
	return success()
}
