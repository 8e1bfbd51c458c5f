package gateway

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Fallback is the template that is sent in place of a text which a closed customer service
// window refuses. It is the one way in which what leaves is not what came.
type Fallback struct {
	// Template is the one; without a language that is chosen which fits the person, as
	// far as can be told.
	Template policy.TemplateRef
	// Text: the text is the template's only body parameter. Otherwise the template has
	// none, and the text is not sent.
	Text bool
}

// fellBack is a template on its way in place of a text.
type fellBack struct {
	// body is the request's.
	body []byte
}

// Body is what leaves in place of the request's body, nil where that leaves as it came.
func (j *Judged) Body() []byte {
	if j.fellBack == nil {
		return nil
	}
	return j.fellBack.body
}

// fallBack judges the template that is to be sent in place of a send that was refused. It
// is nil where there is none: then whyNot says why, unless nothing was configured for such a
// send.
func (d *Sends) fallBack(ctx context.Context, st store.Store, r *Request, j *Judged) (other *Judged, whyNot string, err error) {
	s, e := j.Send, j.Entry
	b, served := d.Businesses.Of(s.PhoneNumberID)
	switch {
	case !served, b.Fallback == nil, r.Reading.Batch, e.Decision.Rule != policy.RuleWindowClosed:
		return nil, "", nil
	case s.Kind != policy.FreeForm, s.Type != "text", s.Edge != policy.EdgeMessages, s.Group:
		return nil, "", nil
	}
	ref, err := d.fallbackFor(ctx, st, b, j)
	if err != nil {
		return nil, "", err
	}
	if ref.Language == "" {
		return nil, "the fallback template " + ref.Name + " is not known in a language of the user's", nil
	}
	body, err := b.Fallback.write(r, ref)
	if err != nil {
		return nil, "the fallback template " + ref.Name + " can't take its place: " + err.Error(), nil
	}
	instead, err := d.readInstead(ctx, s, body)
	if err != nil {
		return nil, "the fallback template " + ref.Name + " can't take its place: " + err.Error(), nil
	}
	instead.By.Tags = r.By.Tags // budgets go by them
	judged, err := d.decide(ctx, st, instead, 0)
	if err != nil {
		return nil, "", err
	}
	if judged.Violation() || judged.Decision.Exception() {
		rule := judged.Decision.Rule
		return nil, "the fallback template " + ref.Name + " (" + ref.Language + ") would be refused too (" + string(rule) + "): " + judged.Decision.Reason, nil
	}
	judged.Sender, judged.Token, judged.Opaque, judged.Tags = e.Sender, e.Token, e.Opaque, e.Tags
	judged.Fallback = &store.Fallback{Kind: s.Kind, Type: s.Type, Rule: e.Decision.Rule}
	return &Judged{Send: &instead.Reading.Sends[0], Entry: judged, element: -1, monitored: j.monitored, fellBack: &fellBack{body: body}}, "", nil
}

// fallbackFor is the template for a person. Where the operator left the language open it
// is one of theirs, or the only one there is; without language where there is none.
func (g *Gateway) fallbackFor(ctx context.Context, st store.Store, b *Business, j *Judged) (policy.TemplateRef, error) {
	ref := b.Fallback.Template
	if ref.Language != "" {
		return ref, nil
	}
	in, err := g.instead(ctx, st, b, j.Send, j.Entry)
	if err != nil {
		return ref, err
	}
	var known []string
	for _, t := range in.templates {
		if t.Ref.Name == ref.Name {
			known = append(known, t.Ref.Language)
		}
	}
	if len(known) == 1 {
		ref.Language = known[0]
		return ref, nil
	}
	wanted, _ := in.language()
	base, sure := baseOf(wanted)
	slices.SortFunc(known, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	for _, code := range known {
		if theirs, ok := baseOf(code); ok && sure && theirs == base {
			ref.Language = code
			break
		}
	}
	return ref, nil
}

// unchanged are the fields of a text that its fallback has as they came; of the others those
// that belong to the text are left out.
var (
	unchanged = []string{"messaging_product", "recipient_type", "to", "recipient", "biz_opaque_callback_data"}
	leftOut   = []string{"type", "text", "context", "preview_url"}
)

// write is the body of the request with the template in place of the text.
func (f *Fallback) write(r *Request, ref policy.TemplateRef) ([]byte, error) {
	var came map[string]json.RawMessage
	if err := json.Unmarshal(r.Body, &came); err != nil {
		return nil, errors.New("the request is not JSON")
	}
	body := make(map[string]any)
	for name, value := range came {
		switch {
		case slices.Contains(unchanged, name):
			body[name] = value
		case !slices.Contains(leftOut, name):
			return nil, errors.New("the request has fields that a template's doesn't have")
		}
	}
	template := map[string]any{"name": ref.Name, "language": map[string]string{"code": ref.Language}}
	if f.Text {
		text, err := asParameter(r.Reading.Text(0))
		if err != nil {
			return nil, err
		}
		template["components"] = []any{map[string]any{"type": "body", "parameters": []any{map[string]string{"type": "text", "text": text}}}}
	}
	body["type"], body["template"] = "template", template
	return json.Marshal(body)
}

// largestParameter is how many characters the body of a template may have.
const largestParameter = 1024

// gaps are what Meta takes in no parameter: line breaks, tabs, and more than four spaces
// in a row.
var gaps = regexp.MustCompile(`\s*[\r\n\t\v\f\x{85}\x{2028}\x{2029}]\s*| {5,}`)

// asParameter is a text as a template can take it.
func asParameter(text string) (string, error) {
	text = strings.TrimSpace(gaps.ReplaceAllString(text, " "))
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return "", errors.New("the text is empty")
	case n > largestParameter:
		return "", errors.New("the text is longer than the 1,024 characters that a template's body may have")
	}
	return text, nil
}

// readInstead reads what is to leave in place of a send as every request is read. It must
// go to the very person.
func (g *Gateway) readInstead(ctx context.Context, s *policy.Send, body []byte) (*Request, error) {
	path := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/" + s.PhoneNumberID + "/messages"}, Header: http.Header{}}
	route, refusal := cloudapi.Classify(cloudapi.Cloud, path, "")
	if refusal != nil {
		return nil, refusal
	}
	reading, refusal := cloudapi.ReadSends(route, "application/json", body, func(id string) string { return g.Home(ctx, id) })
	if refusal != nil {
		return nil, refusal
	}
	t := &reading.Sends[0]
	if t.Kind != policy.TemplateMessage || t.PhoneNumberID != s.PhoneNumberID || t.Digits != s.Digits || t.Bare != s.Bare || t.Group || !slices.Equal(t.To, s.To) || t.Recipient != s.Recipient {
		return nil, errors.New("it would not go to the same person")
	}
	return &Request{Reading: reading, Body: body}, nil
}
