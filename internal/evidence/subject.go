package evidence

import (
	_ "embed" // for the page
	"encoding/json"
	"html/template"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/store"
)

// SubjectSchema is the layout of what a person is told who asks.
const SubjectSchema = "waguard.person/1"

// Subject is everything held on a person, without the decisions: what the GDPR's article
// 15 asks for.
type Subject struct {
	Schema     string    `json:"schema"`
	Made       time.Time `json:"made"`
	Contact    string    `json:"contact"`
	Pseudonyms []string  `json:"pseudonyms"`
	// Business is the phone number it is about; "" for all.
	PhoneNumberID string     `json:"phone_number_id,omitempty"`
	Purposes      []string   `json:"purposes"`
	Categories    []string   `json:"categories_of_data"`
	Recipients    []Party    `json:"recipients"`
	Sources       []string   `json:"sources"`
	Retention     []string   `json:"retention"`
	Rights        []string   `json:"rights"`
	Now           []Known    `json:"now"`
	Records       []*Receipt `json:"consent_records"`
}

// subject is everything but the decisions.
func (p *Person) subject() *Subject {
	s := &Subject{
		Schema: SubjectSchema, Made: p.Made.UTC(), Contact: p.Contact, Pseudonyms: p.pseudonyms(), PhoneNumberID: p.PhoneNumberID,
		Purposes:   []string{"to send messages on WhatsApp only where that is allowed", "to prove on what grounds a message was sent or refused"},
		Categories: []string{"a keyed hash of the phone number and of WhatsApp user ids; not the number itself", "what was said on consent, with its evidence", "when the person last wrote, not what", "decisions on messages to the person, and what became of them; not their texts"},
		Recipients: []Party{{Name: "Meta (WhatsApp Business Platform)", Role: "recipient"}},
		Sources:    []string{}, Now: p.Known, Records: []*Receipt{},
		Retention: []string{"consent records: until the person is erased; an opt-out stays in force beyond that", "decisions: for the configured ledger_retention and violation_retention, 400 days unless the business says otherwise"},
		Rights:    []string{"to withdraw consent at any time: answer STOP on WhatsApp, or tell the business", "to have data corrected or erased, to object, and to complain to a supervisory authority"},
	}
	if s.Now == nil {
		s.Now = []Known{}
	}
	seen := make(map[string]bool)
	for i, rec := range p.Records {
		r := p.ReceiptOf(rec, p.Proofs[i])
		s.Records = append(s.Records, r)
		if !seen[r.CollectionMethod] {
			seen[r.CollectionMethod] = true
			s.Sources = append(s.Sources, r.CollectionMethod)
		}
		for _, to := range r.Recipients[1:] {
			if !seen["to "+to.Name] {
				seen["to "+to.Name] = true
				s.Recipients = append(s.Recipients, to)
			}
		}
	}
	return s
}

// WriteJSON writes everything held on the person as one object; its last field has the
// decisions, which are never in memory all at once.
func (p *Person) WriteJSON(out io.Writer) error {
	text, err := indentedJSON(p.subject())
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, strings.TrimSuffix(string(text), "\n}\n")+",\n  \"decisions\": ["); err != nil {
		return err
	}
	separator := "\n    "
	for e, err := range p.Decisions {
		if err != nil {
			return err
		}
		line, err := json.Marshal(adminapi.LineOf(e))
		if err != nil {
			return err
		}
		if _, err := io.WriteString(out, separator+string(line)); err != nil {
			return err
		}
		separator = ",\n    "
	}
	_, err = io.WriteString(out, "\n  ]\n}\n")
	return err
}

//go:embed subject.html
var subjectPage string

var page = template.Must(template.New("subject").Funcs(template.FuncMap{
	"when": func(t any) string {
		switch t := t.(type) {
		case time.Time:
			return t.UTC().Format("2006-01-02 15:04:05 UTC")
		case *time.Time:
			if t != nil {
				return t.UTC().Format("2006-01-02 15:04:05 UTC")
			}
		}
		return "-"
	},
	"evidence": func(r *Receipt) (fields [][2]string) {
		text, err := json.Marshal(r.Evidence)
		var all map[string]any
		if err != nil || json.Unmarshal(text, &all) != nil {
			return nil
		}
		return sortedFields(all)
	},
	"join": strings.Join,
}).Parse(subjectPage))

// view is what the page shows.
type view struct {
	*Subject
	Decisions iter.Seq[*adminapi.Line]
}

// WriteHTML writes everything held on the person as a page that needs nothing beside it
// and can be printed.
func (p *Person) WriteHTML(out io.Writer) error {
	var failed error
	err := page.Execute(out, view{p.subject(), func(yield func(*adminapi.Line) bool) {
		p.Decisions(func(e *store.Entry, err error) bool {
			if err != nil {
				failed = err
				return false
			}
			return yield(adminapi.LineOf(e))
		})
	}})
	if failed != nil {
		return failed
	}
	return err
}
