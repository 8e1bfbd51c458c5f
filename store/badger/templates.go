package badger

import (
	"github.com/waguard/waguard/policy"
)

// templateName says which template.
type templateName struct {
	WABA string             `cbor:"1,keyasint"`
	Ref  policy.TemplateRef `cbor:"2,keyasint"`
}

// templateRecord is what Meta told about a template. Every field keeps the
// newest word on its own, so that the order of words makes no difference.
type templateRecord struct {
	templateName
	Status   latest   `cbor:"3,keyasint,omitempty"`
	Category latest   `cbor:"4,keyasint,omitempty"`
	Next     announce `cbor:"5,keyasint,omitempty"`
}

// latest is the newest word on something. Of two words at one time the larger
// holds; for statuses that is mostly the one under which less may be sent.
type latest struct {
	At    policy.Moment `cbor:"1,keyasint,omitempty"`
	Value string        `cbor:"2,keyasint,omitempty"`
}

func (l *latest) set(at policy.Moment, value string) {
	if value != "" && (at > l.At || at == l.At && value > l.Value) {
		*l = latest{at, value}
	}
}

// announce is the newest announcement of a category to come.
type announce struct {
	At       policy.Moment   `cbor:"1,keyasint,omitempty"`
	Category policy.Category `cbor:"2,keyasint,omitempty"`
	From     policy.Moment   `cbor:"3,keyasint,omitempty"`
}

func (a *announce) set(b announce) {
	switch {
	case b.Category == "" || b.At < a.At:
	case b.At > a.At, b.From > a.From, b.From == a.From && b.Category > a.Category:
		*a = b
	}
}

// facts are what a decision sees of the record. An announced category no longer
// counts once the template was seen with a category after the announced time.
func (r *templateRecord) facts() policy.TemplateFacts {
	f := policy.TemplateFacts{Found: true, Status: policy.TemplateStatus(r.Status.Value), Category: policy.Category(r.Category.Value)}
	if r.Category.Value == "" || r.Category.At < r.Next.From {
		f.Next, f.NextFrom = r.Next.Category, r.Next.From
	}
	return f
}

func (b *batch) templateChanged(e policy.TemplateChanged) error {
	key := digestKey(templatePrefix, e.WABA, e.Template.Name, e.Template.Language)
	r := templateRecord{templateName: templateName{e.WABA, e.Template}}
	return update(b, key, &r, func() {
		r.Status.set(e.At, string(e.Status))
		r.Category.set(e.At, string(e.Category))
		r.Next.set(announce{e.At, e.Next, e.NextFrom})
	})
}

// listingRecord says that all templates of a WABA are known.
type listingRecord struct {
	WABA string        `cbor:"1,keyasint"`
	At   policy.Moment `cbor:"2,keyasint,omitempty"`
}

func (b *batch) templatesListed(e policy.TemplatesListed) error {
	r := listingRecord{WABA: e.WABA}
	return update(b, digestKey(listingPrefix, e.WABA), &r, func() { r.At = max(r.At, e.At) })
}
