package cloudapi

import (
	"encoding/json"
	"strings"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/policy"
)

// status is a report on what became of a message.
type status struct {
	ID            loose `json:"id"`
	Type          loose `json:"type"` // "call" where it is about a call
	Status        loose `json:"status"`
	Timestamp     stamp `json:"timestamp"`
	RecipientType loose `json:"recipient_type"`

	RecipientID           loose `json:"recipient_id"`
	RecipientUserID       loose `json:"recipient_user_id"`
	RecipientParentUserID loose `json:"recipient_parent_user_id"`
	ParentRecipientUserID loose `json:"parent_recipient_user_id"` // its name before May 2026

	ParticipantID           loose `json:"recipient_participant_id"`
	ParticipantUserID       loose `json:"recipient_participant_user_id"`
	ParticipantParentUserID loose `json:"recipient_participant_parent_user_id"`

	Opaque  loose       `json:"biz_opaque_callback_data"`
	Pricing *pricing    `json:"pricing"`
	Errors  []metaError `json:"errors"`
}

// pricing is what Meta says it charges.
type pricing struct {
	Billable    *flag `json:"billable"` // to go away; nil where it isn't told
	Model       loose `json:"pricing_model"`
	Type        loose `json:"type"`
	PricingType loose `json:"pricing_type"` // seen in public code in place of type
	Category    loose `json:"category"`
}

// statuses reads all statuses of a change. Errors stand in the status they
// belong to; some are reported beside it, which tells only where there is one
// status.
func (r *reader) statuses(v value) {
	beside := 0
	if len(v.Statuses) == 1 && len(v.Errors) > 0 {
		beside = v.Errors[0].code()
	}
	for _, raw := range v.Statuses {
		var s status
		if r.object(raw, &s) {
			r.status(&s, beside)
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
	who, person := r.recipient(s)
	e := policy.StatusChanged{
		PhoneNumberID: r.phoneNumberID, Wamid: string(s.ID), Who: who, At: at,
		Status: reached, Opaque: string(s.Opaque), Pricing: s.Pricing.read(),
	}
	if reached == policy.StatusFailed {
		e.ErrorCode = beside
		if len(s.Errors) > 0 {
			e.ErrorCode = s.Errors[0].code()
		}
	}
	r.add(e)
	if !person {
		return
	}
	r.link(who, r.at(s.Timestamp))
	if policy.StopsMarketing(e.ErrorCode) && r.phoneNumberID != "" {
		r.add(policy.ConsentChanged{
			PhoneNumberID: r.phoneNumberID, Who: who, At: r.optOutAt(s.Timestamp),
			State: policy.OptedOut, Scopes: []policy.Scope{policy.Marketing}, Source: policy.SourceMeta131050, Ref: string(s.ID),
		})
	}
}

// recipient is whom a status is about. A message to a group has a status for
// every member, which names the member beside the group; without the member it
// is about the group, and no person.
func (r *reader) recipient(s *status) (who []policy.Identity, person bool) {
	if s.RecipientType == "group" {
		who = r.names(s.ParticipantID, s.ParticipantUserID, s.ParticipantParentUserID)
		if len(who) > 0 {
			return who, true
		}
		if group, err := identity.Group(string(s.RecipientID)); err == nil {
			who = []policy.Identity{group}
		}
		return who, false
	}
	who = r.contacts.complete(r.names(s.RecipientID, s.RecipientUserID, first(s.RecipientParentUserID, s.ParentRecipientUserID)))
	return who, len(who) > 0
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
	To             loose           `json:"to"`
	ToUserID       loose           `json:"to_user_id"`
	ToParentUserID loose           `json:"to_parent_user_id"`
	Timestamp      stamp           `json:"timestamp"`
	GroupID        json.RawMessage `json:"group_id"`
}

func (r *reader) echo(e *echo) {
	at := r.at(e.Timestamp)
	if len(e.GroupID) == 0 && (e.To != "" || e.ToUserID != "") {
		r.link(r.contacts.complete(r.names(e.To, e.ToUserID, e.ToParentUserID)), at)
	}
}
