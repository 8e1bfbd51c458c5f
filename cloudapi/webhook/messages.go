package webhook

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/policy"
)

// userMessage is an inbound message.
type userMessage struct {
	ID               loosejson.String `json:"id"`
	From             loosejson.String `json:"from"`
	FromUserID       loosejson.String `json:"from_user_id"`
	FromParentUserID loosejson.String `json:"from_parent_user_id"`
	To               loosejson.String `json:"to"` // only on what the business sent
	ToUserID         loosejson.String `json:"to_user_id"`
	GroupID          loosejson.String `json:"group_id"`
	Timestamp        stamp            `json:"timestamp"`
	Type             loosejson.String `json:"type"`
	Text             struct {
		Body loosejson.String `json:"body"`
	} `json:"text"`
	Button struct {
		Payload loosejson.String `json:"payload"`
		Text    loosejson.String `json:"text"`
	} `json:"button"`
	Interactive *interactive `json:"interactive"`
	Contacts    []card       `json:"contacts"`
	System      *system      `json:"system"`
	Image       media        `json:"image"`
	Video       media        `json:"video"`
	Document    media        `json:"document"`
	Unsupported struct {
		Type loosejson.String `json:"type"`
	} `json:"unsupported"`
	// Referral is there where an ad or a post brought the person.
	Referral *referral    `json:"referral"`
	Errors   []graphError `json:"errors"`
	Edit     struct {
		Message json.RawMessage `json:"message"`
	} `json:"edit"`

	raw json.RawMessage
}

// referral is what brought the person.
type referral struct {
	SourceType loosejson.String `json:"source_type"` // ad or post
}

// free reports that Meta may charge nothing for the chat: an ad's, or that of a button on a
// page, and not a post's.
func (f *referral) free() bool { return f != nil && !strings.EqualFold(string(f.SourceType), "post") }

// messages reads every message of a list. Each keeps what it was read from: a
// type nobody knows has its content under a name nobody knows.
func (r *reader) messages(list []json.RawMessage, read func(*userMessage)) {
	m := &r.scratch.message
	for _, raw := range list {
		*m = userMessage{raw: raw}
		if r.object(raw, m) {
			read(m)
		}
	}
}

// aboutAnother reports whether the content of a message of an unknown type names
// an earlier message: it does something to that one.
func (m *userMessage) aboutAnother() bool {
	var all map[string]json.RawMessage
	var content struct {
		MessageID         loosejson.String `json:"message_id"`
		OriginalMessageID loosejson.String `json:"original_message_id"`
	}
	_ = json.Unmarshal(m.raw, &all)
	_ = json.Unmarshal(all[string(m.Type)], &content)
	return content.MessageID != "" || content.OriginalMessageID != ""
}

type media struct {
	Caption loosejson.String `json:"caption"`
}

// interactive is a tap on something the business sent.
type interactive struct {
	Type        loosejson.String `json:"type"`
	ButtonReply tap              `json:"button_reply"`
	ListReply   tap              `json:"list_reply"`

	CallPermission *callPermissionReply `json:"call_permission_reply"`
}

type tap struct {
	ID    loosejson.String `json:"id"`
	Title loosejson.String `json:"title"`
}

// card is a contact card the person sent.
type card struct {
	Origin loosejson.String `json:"origin"`
	Phones []struct {
		WaID loosejson.String `json:"wa_id"`
	} `json:"phones"`
}

// message reads what a message tells. Sent in a group it opens the window of the
// group, not that of the member who sent it.
func (r *reader) message(m *userMessage) {
	k := m.kindOf()
	at := r.at(m.Timestamp)
	if k.name == "system" {
		r.system(m, at)
		return
	}
	who := r.contacts.sender(r.names(m.From, m.FromUserID, m.FromParentUserID))
	if len(who) == 0 {
		r.skipped++
		return
	}
	if r.isBusiness(who) || r.toSomebodyElse(m) {
		return
	}
	meaning, source := r.meaning(m, k)
	told := len(r.events)
	r.window(m, k, who, at, meaning.OptOut())
	r.consent(m, meaning, source, who, at)
	r.confirmed(m, k, meaning, who)
	if m.Interactive != nil && m.Interactive.CallPermission != nil {
		r.callPermission(m.Interactive.CallPermission, who, at)
	}
	if !r.toldOf(who, told) {
		r.link(who, at)
	}
	if k.name == "contacts" {
		r.sharedNumber(m.Contacts, who, at)
	}
}

// toSomebodyElse reports whether the message says that it went to another than
// the business: the business wrote it, on another device of its own.
func (r *reader) toSomebodyElse(m *userMessage) bool {
	if m.To == "" && m.ToUserID == "" {
		return false
	}
	return m.ToUserID != "" || !r.isBusiness(r.names(m.To, "", ""))
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

// welcomeRemoved is when Meta removed the webhook for a user who opens a chat
// for the first time: 27 March 2026. It opened the window while it existed.
const welcomeRemoved policy.Moment = 1774569600_000

// window opens the customer service window if the message does.
func (r *reader) window(m *userMessage, k kind, who []policy.Identity, at policy.Moment, optOut bool) {
	if k.name == "" {
		r.skipped++
	}
	if !k.opens && !(k.name == "request_welcome" && at < welcomeRemoved) {
		return
	}
	if at == 0 || r.phoneNumberID == "" {
		r.skipped++
		return
	}
	if m.GroupID != "" {
		group, err := identity.Group(string(m.GroupID))
		if err != nil {
			r.skipped++
			return
		}
		who = []policy.Identity{group}
	}
	r.add(policy.ServiceWindowOpened{PhoneNumberID: r.phoneNumberID, Who: who, At: at, OptOut: optOut, Entry: r.entry(m, k), Ad: m.GroupID == "" && m.Referral.free()})
}

// entry is how the person came to the chat, where the message tells.
func (r *reader) entry(m *userMessage, k kind) string {
	switch {
	case m.GroupID != "":
		return ""
	case m.Referral != nil:
		return policy.EntryAd
	case k.name == "text":
		return r.opts.Entries.Of(string(m.Text.Body))
	}
	return ""
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
			if id, err := identity.WaID(string(p.WaID)); err == nil && !slices.Contains(own, id) {
				own = append(own, id)
			}
		}
	}
	if len(own) == 1 && !contradict(who, own) && !slices.Contains(who, own[0]) {
		r.link(append(slices.Clone(who), own[0]), at)
	}
}
