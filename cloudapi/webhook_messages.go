package cloudapi

import (
	"encoding/json"
	"slices"

	"github.com/waguard/waguard/policy"
)

// userMessage is an inbound message.
type userMessage struct {
	ID               loose `json:"id"`
	From             loose `json:"from"`
	FromUserID       loose `json:"from_user_id"`
	FromParentUserID loose `json:"from_parent_user_id"`
	GroupID          loose `json:"group_id"`
	Timestamp        stamp `json:"timestamp"`
	Type             loose `json:"type"`
	Text             struct {
		Body loose `json:"body"`
	} `json:"text"`
	Button struct {
		Payload loose `json:"payload"`
		Text    loose `json:"text"`
	} `json:"button"`
	Interactive *interactive `json:"interactive"`
	Contacts    []card       `json:"contacts"`
	System      *system      `json:"system"`
	Edit        struct {
		Message json.RawMessage `json:"message"`
	} `json:"edit"`
}

// interactive is a tap on something the business sent.
type interactive struct {
	Type        loose `json:"type"`
	ButtonReply reply `json:"button_reply"`
	ListReply   reply `json:"list_reply"`

	CallPermission *callPermissionReply `json:"call_permission_reply"`
}

type reply struct {
	ID    loose `json:"id"`
	Title loose `json:"title"`
}

// card is a contact card the person sent.
type card struct {
	Origin loose `json:"origin"`
	Phones []struct {
		WaID loose `json:"wa_id"`
	} `json:"phones"`
}

// message reads what a message tells. Sent in a group it opens the window of the
// group, not that of the member who sent it.
func (r *reader) message(m *userMessage) {
	kind := string(m.Type)
	if kind == "" && m.Interactive != nil {
		kind = "interactive" // Meta's example of a call permission reply has no type
	}
	at := r.at(m.Timestamp)
	if kind == "system" {
		r.system(m, at)
		return
	}
	who := r.contacts.sender(r.names(m.From, m.FromUserID, m.FromParentUserID))
	if len(who) == 0 {
		r.skipped++
		return
	}
	if r.isBusiness(who) {
		return
	}
	told := len(r.events)
	r.window(m, kind, who, at)
	r.word(m, kind, who, at)
	if m.Interactive != nil && m.Interactive.CallPermission != nil {
		r.callPermission(m.Interactive.CallPermission, who, at)
	}
	if !r.toldOf(who, told) {
		r.link(who, at)
	}
	if kind == "contacts" {
		r.sharedNumber(m.Contacts, who, at)
	}
}

// toldOf reports whether an event since the one numbered told holds all of who.
func (r *reader) toldOf(who []policy.Identity, told int) bool {
	for _, e := range r.events[told:] {
		switch e := e.(type) {
		case policy.ServiceWindowOpened:
			if slices.Equal(e.Who, who) {
				return true
			}
		case policy.ConsentChanged, policy.CallPermission:
			return true
		}
	}
	return false
}

// opensNothing are the message types that don't open the customer service
// window. Every other type does, also one nobody knows yet: the user wrote.
//
// Meta documents "any user message" as opening. It says nothing about reactions
// and about edits, of which it is told only for numbers shared with the
// WhatsApp Business app; a solution provider says that reactions do open. What
// is not certain opens nothing.
var opensNothing = map[string]bool{
	"":                true,
	"reaction":        true,
	"system":          true,
	"edit":            true,
	"revoke":          true,
	"request_welcome": true,
}

// welcomeRemoved is when Meta removed the webhook for a user who opens a chat
// for the first time: 27 March 2026. It opened the window while it existed.
const welcomeRemoved policy.Moment = 1774569600_000

// window opens the customer service window if the message does.
func (r *reader) window(m *userMessage, kind string, who []policy.Identity, at policy.Moment) {
	switch {
	case kind == "":
		r.skipped++
		return
	case opensNothing[kind] && !(kind == "request_welcome" && at < welcomeRemoved):
		return
	case kind == "interactive" && m.Interactive != nil && (m.Interactive.CallPermission != nil || m.Interactive.Type == "call_permission_reply"):
		// An answer to a request for calls is a tap too, and Meta does not say
		// whether it counts as a message.
		return
	}
	if at == 0 || r.phoneNumberID == "" {
		r.skipped++
		return
	}
	if m.GroupID != "" {
		group, err := ReadGroupID(string(m.GroupID))
		if err != nil {
			r.skipped++
			return
		}
		who = []policy.Identity{group}
	}
	r.add(policy.ServiceWindowOpened{PhoneNumberID: r.phoneNumberID, Who: who, At: at})
}

// originRequest marks the card WhatsApp makes when the user taps the button that
// asks for the phone number. Cards with another origin are anybody's.
const originRequest = "contact_request"

// sharedNumber ties the sender to the number they shared on request.
func (r *reader) sharedNumber(cards []card, who []policy.Identity, at policy.Moment) {
	var own []policy.Identity
	for _, c := range cards {
		if c.Origin != originRequest {
			continue
		}
		for _, p := range c.Phones {
			if id, err := ReadWaID(string(p.WaID)); err == nil && !slices.Contains(own, id) {
				own = append(own, id)
			}
		}
	}
	if len(own) == 1 && !contradict(who, own) && !slices.Contains(who, own[0]) {
		r.link(append(slices.Clone(who), own[0]), at)
	}
}
