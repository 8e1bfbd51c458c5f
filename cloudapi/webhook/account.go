package webhook

import (
	"encoding/json"
	"time"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/policy"
)

// preference is the user's choice in WhatsApp's own control for the messages of
// a business.
type preference struct {
	WaID         loosejson.String `json:"wa_id"`
	UserID       loosejson.String `json:"user_id"`
	ParentUserID loosejson.String `json:"parent_user_id"`
	Category     loosejson.String `json:"category"`
	Value        loosejson.String `json:"value"`
	SignupID     loosejson.String `json:"signup_id"`
	Timestamp    stamp            `json:"timestamp"`
}

// preference reads stop, resume and, since June 2026, signup through an In-App
// Signup link. They concern marketing messages; a stop of a category nobody
// knows yet stops everything.
func (r *reader) preference(p *preference) {
	who := r.contacts.sender(r.names(p.WaID, p.UserID, p.ParentUserID))
	known := p.Category == "marketing_messages" || p.Category == ""
	e := policy.ConsentChanged{
		PhoneNumberID: r.phoneNumberID, Who: who, At: r.at(p.Timestamp),
		Scopes: []policy.Scope{policy.Marketing}, Source: policy.SourcePreference, Ref: string(p.SignupID),
	}
	switch {
	case p.Value == "stop":
		e.State = policy.OptedOut
		if !known {
			e.Scopes = policy.AllScopes
		}
		e.At = r.optOutAt(p.Timestamp)
	case (p.Value == "resume" || p.Value == "signup") && known:
		e.State, e.At = policy.OptedIn, r.told(p.Timestamp)
	default:
		return
	}
	if len(who) == 0 || e.At == 0 || r.phoneNumberID == "" {
		r.skipped++
		return
	}
	r.add(e)
}

// templateUpdate tells a change of a template's status or category.
type templateUpdate struct {
	ID       loosejson.String `json:"message_template_id"`
	Event    loosejson.String `json:"event"`
	Name     loosejson.String `json:"message_template_name"`
	Language loosejson.String `json:"message_template_language"`
	Category loosejson.String `json:"message_template_category"`

	NewCategory      loosejson.String `json:"new_category"`
	PreviousCategory loosejson.String `json:"previous_category"`
	CorrectCategory  loosejson.String `json:"correct_category"`
	ChangesAt        stamp            `json:"category_update_timestamp"`
}

func (r *reader) templateStatus(raw json.RawMessage) {
	var u templateUpdate
	if !r.object(raw, &u) {
		return
	}
	if u.Event == "" {
		r.skipped++
		return
	}
	r.templateChanged(&u, policy.TemplateChanged{
		Status:   policy.ToldTemplateStatus(string(u.Event)),
		Category: policy.ToldCategory(string(u.Category)),
	})
}

// templateNotice is how long before a category changes Meta says so.
const templateNotice = 24 * time.Hour

// templateCategory reads a completed change of category, or the notice of one to
// come: then correct_category is the category to come and new_category, against
// its name, the one in force.
func (r *reader) templateCategory(raw json.RawMessage) {
	var u templateUpdate
	if !r.object(raw, &u) {
		return
	}
	e := policy.TemplateChanged{Category: policy.ToldCategory(string(u.NewCategory)), Next: policy.ToldCategory(string(u.CorrectCategory))}
	if e.Category != "" {
		e.Previous = policy.ToldCategory(string(u.PreviousCategory))
	}
	if e.Next != "" {
		e.NextFrom = u.ChangesAt.moment()
		if e.NextFrom == 0 {
			e.NextFrom = r.atOrNow(0).Add(templateNotice)
		}
	}
	if e.Category == "" && e.Next == "" {
		r.skipped++
		return
	}
	r.templateChanged(&u, e)
}

func (r *reader) templateChanged(u *templateUpdate, e policy.TemplateChanged) {
	e.WABA, e.At = r.waba, r.atOrNow(0)
	if identity.IsNode(string(u.ID)) {
		e.ID = string(u.ID)
	}
	e.Template = policy.TemplateRef{Name: string(u.Name), Language: identity.Language(string(u.Language))}
	if e.WABA == "" || e.At == 0 || e.Template.Name == "" || e.Template.Language == "" {
		r.skipped++
		return
	}
	r.add(e)
}
