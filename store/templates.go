package store

import (
	"strings"
	"time"

	"github.com/waguard/waguard/policy"
)

// templateName says which template.
type templateName struct {
	WABA string             `cbor:"1,keyasint"`
	Ref  policy.TemplateRef `cbor:"2,keyasint"`
}

func (n templateName) key() []byte {
	return digestKey(templatePrefix, n.WABA, n.Ref.Name, n.Ref.Language)
}

// templateRecord is what Meta told about a template: in webhooks, dated by Meta's
// clock; in answers of its API, dated by ours; and in the prices of messages.
// Every field keeps the newest word of its kind on its own, so that the order of
// words makes no difference; facts compares the kinds.
type templateRecord struct {
	templateName
	Status   latest   `cbor:"3,keyasint,omitempty"`
	Category latest   `cbor:"4,keyasint,omitempty"`
	Next     announce `cbor:"5,keyasint,omitempty"`

	ReadStatus   latest `cbor:"6,keyasint,omitempty"`
	ReadCategory latest `cbor:"7,keyasint,omitempty"`
	// Billed is the category Meta billed a message under.
	Billed bill   `cbor:"8,keyasint,omitempty"`
	ID     latest `cbor:"9,keyasint,omitempty"`
	// Parts are those of the template that are more than text, by their names; "text"
	// alone for none.
	Parts latest `cbor:"10,keyasint,omitempty"`

	// Of each category when somebody told that the template has it.
	Authentication seenCategory `cbor:"11,keyasint,omitempty"`
	Utility        seenCategory `cbor:"12,keyasint,omitempty"`
	Marketing      seenCategory `cbor:"13,keyasint,omitempty"`
	// Accepted is the category an operator accepted last.
	Accepted acceptance `cbor:"14,keyasint,omitempty"`
}

// clockSkew is how far Meta's clock and ours may be apart. What a webhook told
// holds against what was read within that time after it.
const clockSkew = time.Minute

// outlives reports that what a webhook told holds against what was read in an
// answer.
func (told latest) outlives(read latest) bool {
	return told.Value != "" && (read.Value == "" || read.At <= told.At.Add(clockSkew))
}

// separate moves words of older records, which had one field for both kinds, to
// where they belong: webhooks tell whole seconds.
func (r *templateRecord) separate() {
	for _, word := range []struct{ told, read *latest }{{&r.Status, &r.ReadStatus}, {&r.Category, &r.ReadCategory}} {
		if word.told.At%1000 != 0 {
			word.read.set(word.told.At, word.told.Value)
			*word.told = latest{}
		}
	}
	r.saw(r.Category.Value, r.Category.At, FromWebhook)
	r.saw(r.ReadCategory.Value, r.ReadCategory.At, FromAnswer)
	r.saw(string(r.Billed.Category), r.Billed.Sent, FromBilling)
}

// latest is the newest word on something. Of two words at one time the larger
// holds.
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

// facts are what a decision sees of the record.
func (r *templateRecord) facts() policy.TemplateFacts {
	f := policy.TemplateFacts{Found: true, Status: policy.TemplateStatus(r.Status.Value)}
	if !r.Status.outlives(r.ReadStatus) {
		f.Status, f.ReadAt = policy.TemplateStatus(r.ReadStatus.Value), r.ReadStatus.At
	}
	category, seen := r.category()
	f.Category = policy.Category(category)
	if category == "" || seen < r.Next.From {
		f.Next, f.NextFrom = r.Next.Category, r.Next.From
	}
	f.Parts = partsOf(r.Parts.Value)
	f.Drift = r.drift(&f)
	return f
}

// partsWord are the parts of a template as its record keeps them, "" where nobody has
// told. Of two words at one time the larger holds, which is the one with more of them.
func partsWord(p policy.TemplateParts) string {
	switch {
	case !p.Known:
		return ""
	case p.Media && p.Buttons:
		return "text media buttons"
	case p.Media:
		return "text media"
	case p.Buttons:
		return "text buttons"
	}
	return "text"
}

// otherParts says that the template has been changed, and may have other parts.
const otherParts = "edited"

func partsOf(word string) policy.TemplateParts {
	return policy.TemplateParts{Known: word != "" && word != otherParts, Media: strings.Contains(word, "media"), Buttons: strings.Contains(word, "buttons")}
}

// category is the template's category, and until when at least it was that. An
// announced category no longer counts once the template was seen with a category
// after the announced time.
func (r *templateRecord) category() (string, policy.Moment) {
	category, seen := r.Category.Value, r.Category.At
	told := r.Category.outlives(r.ReadCategory)
	if !told {
		category, seen = r.ReadCategory.Value, r.ReadCategory.At.Add(-clockSkew)
	}
	billed := r.Billed
	switch {
	case billed.Category == "":
		return category, seen
	case !told && billed.Sent < r.ReadCategory.At.Add(-time.Second), told && billed.Sent < r.Category.At.Add(-clockSkew):
		return category, seen
	case told && billed.Sent <= r.Category.At.Add(clockSkew) && category == string(policy.CategoryMarketing):
		// Nobody knows which came first. The stricter one does no harm.
		return category, seen
	}
	return billed.Category, max(seen, billed.Sent.Add(-clockSkew))
}

func (t *tx) templateChanged(e policy.TemplateChanged) error {
	return t.editTemplate(templateName{e.WABA, e.Template}, func(r *templateRecord) {
		r.ID.set(e.At, e.ID)
		if e.Read {
			r.ReadStatus.set(e.At, string(e.Status))
			r.ReadCategory.set(e.At, string(e.Category))
			r.saw(string(e.Category), e.At, FromAnswer)
			r.Parts.set(e.At, partsWord(e.Parts))
			if e.Status == policy.TemplateEdited || e.Status == policy.TemplateDeleted {
				r.Parts.set(e.At, otherParts)
			}
			return
		}
		at := e.At - e.At%1000
		r.setStatus(at, e.Status)
		r.Category.set(at, string(e.Category))
		r.saw(string(e.Category), at, FromWebhook)
		if e.Previous != e.Category {
			r.saw(string(e.Previous), at-1, FromWebhook)
		}
		r.Next.set(announce{at, e.Next, e.NextFrom})
	})
}

// setStatus takes a webhook's word on the status. Meta's seconds can hold several;
// of those the one holds under which the template may be sent, since Meta refuses
// by itself what it doesn't send.
func (r *templateRecord) setStatus(at policy.Moment, status policy.TemplateStatus) {
	sendable := status.MayBeSent()
	switch {
	case status == "":
	case at != r.Status.At, sendable == policy.TemplateStatus(r.Status.Value).MayBeSent():
		r.Status.set(at, string(status))
	case sendable:
		r.Status = latest{at, string(status)}
	}
}

func (t *tx) editTemplate(name templateName, change func(*templateRecord)) error {
	r := templateRecord{templateName: name}
	was := r
	err := update(t, r.key(), &r, func() {
		r.separate()
		was = r
		change(&r)
	})
	if err != nil || was.seen() == r.seen() {
		return err
	}
	if err := t.categoryChanged(&was, &r); err != nil {
		return err
	}
	return t.putPastRecord(r.key(), was)
}

// seen is what a decision sees of the record, but for when that was read where it makes
// no difference: listings read it again and again.
func (r *templateRecord) seen() policy.TemplateFacts {
	f := r.facts()
	if f.Status.MayBeSent() {
		f.ReadAt = 0
	}
	return f
}

// listingRecord says that all templates of a WABA are known, but for those that
// may have been made since the list was read.
type listingRecord struct {
	WABA   string        `cbor:"1,keyasint"`
	At     policy.Moment `cbor:"2,keyasint,omitempty"`
	Unsure policy.Moment `cbor:"3,keyasint,omitempty"`
}

func listingKey(waba string) []byte { return digestKey(listingPrefix, waba) }

// listedAt is when the list was read that still counts; zero where there is none.
func (r *listingRecord) listedAt() policy.Moment {
	if r.At <= r.Unsure {
		return 0
	}
	return r.At
}

// mostAccounts bounds the accounts of which it is kept in memory whether all
// templates are known: whoever can send a request names accounts. Of a further one
// nothing is known.
const mostAccounts = 10_000

func (t *tx) tooManyAccounts(waba string) bool {
	return t.s.known != nil && t.s.known.tooMany(waba)
}

func (t *tx) templatesListed(e policy.TemplatesListed) error {
	if t.tooManyAccounts(e.WABA) {
		return nil
	}
	return t.editListing(e.WABA, func(r *listingRecord) { r.At = max(r.At, e.At) })
}

func (t *tx) templatesUnsure(e policy.TemplatesUnsure) error {
	if t.tooManyAccounts(e.WABA) {
		return nil
	}
	return t.editListing(e.WABA, func(r *listingRecord) { r.Unsure = max(r.Unsure, e.At) })
}

func (t *tx) editListing(waba string, change func(*listingRecord)) error {
	r := listingRecord{WABA: waba}
	was := r
	err := update(t, listingKey(waba), &r, func() {
		was = r
		change(&r)
	})
	if err != nil || was == r {
		return err
	}
	return t.putPastRecord(listingKey(waba), was)
}
