package webhook

import (
	"slices"
	"strings"

	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/policy"
)

// system is a message of WhatsApp's own about a user. The number and ids in it are the
// new ones; the old number is the sender of the message.
type system struct {
	Type loosejson.String `json:"type"`
	Body loosejson.String `json:"body"`

	WaID         loosejson.String `json:"wa_id"`
	UserID       loosejson.String `json:"user_id"`
	ParentUserID loosejson.String `json:"parent_user_id"`

	PreviousUserID       loosejson.String `json:"previous_user_id"`        // since August 2026
	PreviousParentUserID loosejson.String `json:"previous_parent_user_id"` // since August 2026

	NewWaID  loosejson.String `json:"new_wa_id"` // new number, API versions before 12
	Customer loosejson.String `json:"customer"`  // old number, older API versions
}

// system reads a change of phone number or of user id. A changed security key
// says nothing about who the person is.
func (r *reader) system(m *userMessage, at policy.Moment) {
	s := m.System
	if s == nil {
		r.skipped++
		return
	}
	var from, to []policy.Identity
	switch s.Type {
	case "user_changed_number", "customer_changed_number":
		to = r.names(first(s.WaID, s.NewWaID), s.UserID, s.ParentUserID)
		from = r.names(first(m.From, s.Customer), first(s.PreviousUserID, m.FromUserID), first(s.PreviousParentUserID, m.FromParentUserID))
	case "user_changed_user_id":
		to = r.names("", s.UserID, s.ParentUserID)
		from = r.names("", first(s.PreviousUserID, m.FromUserID), first(s.PreviousParentUserID, m.FromParentUserID))
	default:
		return
	}
	if len(from) == 0 || len(to) == 0 {
		// The text is all that is left. A name in it could read like a change,
		// but what stands at its end is WhatsApp's.
		a, b, ok := changedFromTo(string(s.Body))
		if ok && (len(from) == 0 || slices.Contains(from, a)) && (len(to) == 0 || slices.Contains(to, b)) && a.Kind == b.Kind {
			if len(from) == 0 {
				from = append(from, a)
			}
			if len(to) == 0 {
				to = append(to, b)
			}
		}
	}
	from = slices.DeleteFunc(from, func(id policy.Identity) bool { return slices.Contains(to, id) })
	if len(from) == 0 || len(to) == 0 || at == 0 {
		r.skipped++
		return
	}
	r.add(policy.IdentityChanged{Old: from, New: to, At: at})
}

func first(a, b loosejson.String) loosejson.String {
	if a != "" {
		return a
	}
	return b
}

// changedFromTo reads the end of "User Ana changed from 49111… to 49222…".
func changedFromTo(body string) (from, to policy.Identity, ok bool) {
	words := strings.Fields(body)
	n := len(words)
	if n < 5 || words[n-5] != "changed" || words[n-4] != "from" || words[n-2] != "to" {
		return from, to, false
	}
	from, okFrom := readName(words[n-3])
	to, okTo := readName(words[n-1])
	return from, to, okFrom && okTo
}

func readName(s string) (policy.Identity, bool) {
	id, err := readPhoneOrUserID(s)
	return id, err == nil
}
