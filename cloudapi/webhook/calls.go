package webhook

import (
	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/policy"
)

// call is an event of a voice call.
type call struct {
	From             loosejson.String `json:"from"`
	FromUserID       loosejson.String `json:"from_user_id"`
	FromParentUserID loosejson.String `json:"from_parent_user_id"`
	Event            loosejson.String `json:"event"`
	Direction        loosejson.String `json:"direction"`
	Timestamp        stamp            `json:"timestamp"`
}

// call opens the window when a user calls, whether anybody answers or not.
// Meta's documentation counts the call itself, so what comes after it (its end,
// a recording, a voicemail, which is a message of its own) opens nothing.
func (r *reader) call(c *call) {
	at := r.at(c.Timestamp)
	if c.Event != "connect" || c.Direction != "USER_INITIATED" {
		return
	}
	r.inTouch(r.names(c.From, c.FromUserID, c.FromParentUserID), at)
}

// callStatus opens the window when a user accepts a call of the business.
func (r *reader) callStatus(s *status) {
	at := r.at(s.Timestamp)
	if s.Status != "ACCEPTED" || s.RecipientType == "group" {
		return
	}
	r.inTouch(r.names(s.RecipientID, s.RecipientUserID, first(s.RecipientParentUserID, s.ParentRecipientUserID)), at)
}

// inTouch opens the window of a person who called or accepted a call.
func (r *reader) inTouch(who []policy.Identity, at policy.Moment) {
	who = r.contacts.complete(who)
	if len(who) == 0 || at == 0 || r.phoneNumberID == "" || r.isBusiness(who) {
		r.skipped++
		return
	}
	r.add(policy.ServiceWindowOpened{PhoneNumberID: r.phoneNumberID, Who: who, At: at})
}

// callPermissionReply is the user's answer to a request for permission to call,
// or the permission WhatsApp grants by itself when the user calls.
type callPermissionReply struct {
	Response   loosejson.String `json:"response"`
	Permanent  loosejson.Bool   `json:"is_permanent"`
	Expiration stamp            `json:"expiration_timestamp"`
}

// callPermission reads the answer. Permission for a time nobody names is none.
func (r *reader) callPermission(p *callPermissionReply, who []policy.Identity, at policy.Moment) {
	e := policy.CallPermission{PhoneNumberID: r.phoneNumberID, Who: who, At: at}
	switch {
	case p.Response == "reject":
		if e.At == 0 {
			e.At = r.now
		}
	case p.Response == "accept" && bool(p.Permanent):
		e.Until = policy.Forever
	case p.Response == "accept" && p.Expiration != 0:
		e.Until = p.Expiration.moment()
	default:
		r.skipped++
		return
	}
	if e.At == 0 || r.phoneNumberID == "" {
		r.skipped++
		return
	}
	r.add(e)
}
