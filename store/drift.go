package store

import (
	"cmp"
	"strings"

	"github.com/waguard/waguard/policy"
)

// seenCategory is when it was told that a template has a category: first, in which way,
// and last. So the order of words makes no difference.
type seenCategory struct {
	First policy.Moment `cbor:"1,keyasint,omitempty"`
	From  WordSource    `cbor:"2,keyasint,omitempty"`
	Last  policy.Moment `cbor:"3,keyasint,omitempty"`
}

func (s *seenCategory) saw(at policy.Moment, from WordSource) {
	if s.First == 0 || cmp.Or(cmp.Compare(at, s.First), cmp.Compare(from, s.From)) < 0 {
		s.First, s.From = at, from
	}
	s.Last = max(s.Last, at)
}

// acceptance is an operator's word that a template may go on under a category.
type acceptance struct {
	At       policy.Moment   `cbor:"1,keyasint,omitempty"`
	Category policy.Category `cbor:"2,keyasint,omitempty"`
	By       string          `cbor:"3,keyasint,omitempty"`
}

func (a acceptance) compare(b acceptance) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Category, b.Category), cmp.Compare(a.By, b.By))
}

// sightings are those of the categories, the cheapest first.
func (r *templateRecord) sightings() [3]struct {
	category policy.Category
	seen     *seenCategory
} {
	return [3]struct {
		category policy.Category
		seen     *seenCategory
	}{{policy.CategoryAuthentication, &r.Authentication}, {policy.CategoryUtility, &r.Utility}, {policy.CategoryMarketing, &r.Marketing}}
}

// saw notes that somebody told the template's category.
func (r *templateRecord) saw(category string, at policy.Moment, from WordSource) {
	if category == "" || at <= 0 {
		return
	}
	if c := policy.Category(category); c == policy.CategoryMarketingLite {
		category = string(policy.CategoryMarketing)
	}
	for _, s := range r.sightings() {
		if string(s.category) == category {
			s.seen.saw(at, from)
		}
	}
}

// change is the newest change of category: from which one, when at the earliest, and how
// that is known. From is "" where the template has always had the one it has.
type change struct {
	from  policy.Category
	since policy.Moment
	how   WordSource
}

func (r *templateRecord) change(to policy.Category) (c change) {
	var before, after seenCategory
	for _, s := range r.sightings() {
		switch {
		case s.category == to:
			after = *s.seen
		case s.seen.First != 0 && s.seen.Last >= before.Last:
			before, c.from = *s.seen, s.category
		}
	}
	if after.First == 0 {
		return change{}
	}
	if before.First > after.Last {
		// It was told later, and doesn't count all the same: clocks differ.
		return change{}
	}
	c.since, c.how = max(after.First, before.Last), after.From
	return c
}

// drift is what became of the category that the template had first, or that an operator
// accepted last.
func (r *templateRecord) drift(f *policy.TemplateFacts) policy.TemplateDrift {
	d := policy.TemplateDrift{Before: r.Accepted.Category, Accepted: r.Accepted.At}
	if d.Before == "" {
		var first policy.Moment
		for _, s := range r.sightings() {
			if at := s.seen.First; at != 0 && (first == 0 || at < first) {
				first, d.Before = at, s.category
			}
		}
	}
	if d.Before == f.Category && (f.Next == "" || f.Next == d.Before) {
		return policy.TemplateDrift{}
	}
	if d.Before != f.Category {
		d.Since = r.change(f.Category).since
	}
	return d
}

// categoryChanged makes it an event that a template has another category than before. What
// a webhook told is one already.
func (t *tx) categoryChanged(was, is *templateRecord) error {
	before, after := was.facts().Category, is.facts().Category
	if before == "" || after == "" || before == after {
		return nil
	}
	s := t.s
	if s.options.CategoryChanged != nil {
		t.Committed(s.options.CategoryChanged)
	}
	word := is.known().Category
	if word.From == FromWebhook {
		return nil
	}
	how, severity := "as an answer of the API says", policy.Warning
	if word.From == FromBilling {
		how = "as a message was billed"
	}
	if after.Scope() != policy.Marketing {
		severity = policy.Info
	}
	return t.accountEvent(policy.AccountEvent{
		At: word.At, WABA: is.WABA, Template: is.Ref, Kind: policy.TemplateCategoryChanged, Name: "CATEGORY_CHANGED",
		Detail:   "now " + strings.ToUpper(string(after)) + ", before " + strings.ToUpper(string(before)) + ", " + how,
		Severity: severity,
	})
}

func (t *tx) templateAccepted(e policy.TemplateAccepted) error {
	return t.editTemplate(templateName{e.WABA, e.Template}, func(r *templateRecord) {
		if a := (acceptance{e.At, e.Category, e.By}); e.Category != "" && a.compare(r.Accepted) > 0 {
			r.Accepted = a
		}
	})
}
