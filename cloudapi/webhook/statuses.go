package webhook

import (
	"encoding/json"
	"strings"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/policy"
)

// status is a report on what became of a message.
type status struct {
	ID            loosejson.String `json:"id"`
	Type          loosejson.String `json:"type"` // "call" where it is about a call
	Status        loosejson.String `json:"status"`
	Timestamp     stamp            `json:"timestamp"`
	RecipientType loosejson.String `json:"recipient_type"`

	RecipientID           loosejson.String `json:"recipient_id"`
	RecipientUserID       loosejson.String `json:"recipient_user_id"`
	RecipientParentUserID loosejson.String `json:"recipient_parent_user_id"`
	ParentRecipientUserID loosejson.String `json:"parent_recipient_user_id"` // its name before May 2026

	ParticipantID           loosejson.String `json:"recipient_participant_id"`
	ParticipantUserID       loosejson.String `json:"recipient_participant_user_id"`
	ParticipantParentUserID loosejson.String `json:"recipient_participant_parent_user_id"`

	Opaque  loosejson.String `json:"biz_opaque_callback_data"`
	Pricing *pricing         `json:"pricing"`
	Talk    conversation     `json:"conversation"`
	Errors  []graphError     `json:"errors"`
}

// pricing is what Meta says it charges.
type pricing struct {
	Billable    *loosejson.Bool  `json:"billable"` // to go away; nil where it isn't told
	Model       loosejson.String `json:"pricing_model"`
	Type        loosejson.String `json:"type"`
	PricingType loosejson.String `json:"pricing_type"` // seen in public code in place of type
	Category    loosejson.String `json:"category"`
}

// conversation is what Meta counts the message to. Since July 2025 it tells no more than a
// free entry point window: that it is one, and when that ends.
type conversation struct {
	Expires stamp `json:"expiration_timestamp"`
	Origin  struct {
		Type loosejson.String `json:"type"`
	} `json:"origin"`
}

// freeUntil is the end of a free entry point window; zero where none is told.
func (c *conversation) freeUntil() policy.Moment {
	if !policy.FreeEntryCategory(string(c.Origin.Type)) {
		return 0
	}
	return c.Expires.moment()
}

// statuses reads all statuses of a change. Errors stand in the status they
// belong to; some are reported beside it, which tells only where there is one
// status.
func (r *reader) statuses(v *value) {
	beside := 0
	if len(v.Statuses) == 1 && len(v.Errors) > 0 {
		beside = int(v.Errors[0].Code)
	}
	s := &r.scratch.status
	for _, raw := range v.Statuses {
		s.reset()
		if r.object(raw, s) {
			r.status(s, beside)
		}
	}
}

func (r *reader) status(s *status, beside int) {
	if s.Type == "call" {
		r.callStatus(s)
		return
	}
	reached := policy.DeliveryStatus(s.Status)
	if reached.Rank() == 0 {
		return // "deleted" and "warning" in older versions, and what comes next
	}
	at := r.atOrNow(s.Timestamp)
	if s.ID == "" || at == 0 {
		r.skipped++
		return
	}
	who, group, person := r.recipient(s)
	e := policy.StatusChanged{
		PhoneNumberID: r.phoneNumberID, Wamid: string(s.ID), Who: who, At: at, Group: group, Copy: person && s.toGroup(),
		Status: reached, Opaque: string(s.Opaque), Pricing: s.Pricing.read(), FreeUntil: s.Talk.freeUntil(),
	}
	if reached == policy.StatusFailed {
		e.ErrorCode = beside
		if len(s.Errors) > 0 {
			e.ErrorCode = int(s.Errors[0].Code)
		}
	}
	if told := r.told(s.Timestamp); told > at {
		e.Told = told
	}
	r.add(e)
	if !person {
		return
	}
	r.link(who, r.at(s.Timestamp))
}

// toGroup reports that the message went to a group.
func (s *status) toGroup() bool { return s.RecipientType == "group" }

// recipient is whom a status is about. A message to a group has a status for
// every member, which names the member beside the group; without the member it
// is about the group, and no person.
func (r *reader) recipient(s *status) (who []policy.Identity, group policy.Identity, person bool) {
	if s.toGroup() {
		who = r.names(s.ParticipantID, s.ParticipantUserID, s.ParticipantParentUserID)
		if id, err := identity.Group(string(s.RecipientID)); err == nil {
			group = id
		}
		if len(who) > 0 {
			return who, group, true
		}
		if !group.IsZero() {
			who = []policy.Identity{group}
		}
		return who, group, false
	}
	who = r.contacts.complete(r.names(s.RecipientID, s.RecipientUserID, first(s.RecipientParentUserID, s.ParentRecipientUserID)))
	return who, policy.Identity{}, len(who) > 0
}

// regularPrice is the price type of what is charged; free_customer_service and
// free_entry_point are what they say.
const regularPrice = "regular"

func (p *pricing) read() *policy.Pricing {
	if p == nil {
		return nil
	}
	told := &policy.Pricing{Category: string(p.Category), Type: string(first(p.Type, p.PricingType)), Model: string(p.Model)}
	if p.Billable != nil {
		told.Billable = bool(*p.Billable)
	} else {
		told.Billable = strings.EqualFold(told.Type, regularPrice)
	}
	return told
}

// echo is a message of the business that another program of its sent: the
// WhatsApp Business app, an agent. It opens nothing, but it may name its
// recipient in several ways.
type echo struct {
	To             loosejson.String `json:"to"`
	ToUserID       loosejson.String `json:"to_user_id"`
	ToParentUserID loosejson.String `json:"to_parent_user_id"`
	Timestamp      stamp            `json:"timestamp"`
	GroupID        json.RawMessage  `json:"group_id"`
}

func (r *reader) echo(e *echo) {
	at := r.at(e.Timestamp)
	if len(e.GroupID) == 0 && (e.To != "" || e.ToUserID != "") {
		r.link(r.contacts.complete(r.names(e.To, e.ToUserID, e.ToParentUserID)), at)
	}
}
