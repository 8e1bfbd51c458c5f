package graphsim

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"
)

// Message is something a user sends. Make one with [Text], [Button] and the like, or fill it for other types.
type Message struct {
	// Type is messages[].type.
	Type string
	// Content marshals to the payload under the key named like Type. Nil: none.
	Content any
	// ContextID is the wamid of the business message this answers.
	ContextID string
	// Referral is set on the first message through a click-to-WhatsApp ad.
	Referral *Referral
	// GroupID is set on messages in a group.
	GroupID string
	// At is when the user wrote. Default: now. Set it for webhooks that arrive late.
	At time.Time
	// ID is the wamid. Default: a new one.
	ID string
	// Extra are further keys of the message, for example "errors".
	Extra map[string]any
}

// Referral describes the ad or post a user came from. Only source_type "ad" starts a free entry point.
type Referral struct {
	SourceType string `json:"source_type"`
	SourceID   string `json:"source_id,omitempty"`
	SourceURL  string `json:"source_url,omitempty"`
	Headline   string `json:"headline,omitempty"`
	Body       string `json:"body,omitempty"`
	MediaType  string `json:"media_type,omitempty"`
	ClickID    string `json:"ctwa_clid,omitempty"`
}

// Text is a typed message, the usual carrier of STOP.
func Text(body string) Message { return Message{Type: "text", Content: object{"body": body}} }

// Button is a tap on a quick reply of a template; payload was chosen by the business.
func Button(payload, text, templateID string) Message {
	return Message{Type: "button", Content: object{"payload": payload, "text": text}, ContextID: templateID}
}

// ButtonReply is a tap on a reply button of an interactive message.
func ButtonReply(id, title, messageID string) Message {
	return interactiveReply("button_reply", object{"id": id, "title": title}, messageID)
}

// ListReply is a choice from an interactive list.
func ListReply(id, title, description, messageID string) Message {
	return interactiveReply("list_reply", object{"id": id, "title": title, "description": description}, messageID)
}

// FlowReply is a completed Flow; responseJSON is JSON inside a string, as on the wire.
func FlowReply(responseJSON, messageID string) Message {
	return interactiveReply("nfm_reply", object{"name": "flow", "body": "Sent", "response_json": responseJSON}, messageID)
}

func interactiveReply(kind string, reply object, messageID string) Message {
	return Message{Type: "interactive", Content: object{"type": kind, kind: reply}, ContextID: messageID}
}

// Reaction is an emoji on a message; an empty emoji takes it back.
func Reaction(messageID, emoji string) Message {
	reaction := object{"message_id": messageID}
	if emoji != "" {
		reaction["emoji"] = emoji
	}
	return Message{Type: "reaction", Content: reaction}
}

// Media is an image, video, audio, document or sticker.
func Media(kind, mediaID, mimeType string) Message {
	return Message{Type: kind, Content: object{"id": mediaID, "mime_type": mimeType}}
}

// Location is a position the user shares.
func Location(latitude, longitude float64) Message {
	return Message{Type: "location", Content: object{"latitude": latitude, "longitude": longitude}}
}

// Unsupported is a message the Cloud API cannot show. The user wrote all the same.
func Unsupported(kind string) Message {
	return Message{
		Type:    "unsupported",
		Content: object{"type": kind},
		Extra:   map[string]any{"errors": []asyncError{newAsyncError(131051, "")}},
	}
}

// FromAd is m as first message through a click-to-WhatsApp ad.
func (m Message) FromAd(adID, clickID string) Message {
	m.Referral = &Referral{
		SourceType: "ad", SourceID: adID, SourceURL: "https://fb.me/" + adID,
		Headline: "Sale", Body: "Tap to chat", MediaType: "image", ClickID: clickID,
	}
	return m
}

// opensWindow tells whether a message of this type opens the customer service window. Types nobody has heard of do:
// somebody wrote.
func (m Message) opensWindow(reactions bool) bool {
	switch m.Type {
	case "system", "edit", "revoke":
		return false
	case "reaction":
		return reactions
	default:
		return true
	}
}

// Inbound lets a user send m to a business number, opens the window if m does that, and posts the webhook. It
// returns the wamid, also when the webhook was not accepted.
func (s *Sim) Inbound(ctx context.Context, phoneNumberID string, u User, m Message) (wamid string, err error) {
	update, err := s.InboundUpdate(phoneNumberID, u, m)
	if err != nil {
		return "", err
	}
	return update.ID, s.send(ctx, update)
}

// InboundUpdate makes the update behind [Sim.Inbound].
func (s *Sim) InboundUpdate(phoneNumberID string, u User, m Message) (Update, error) {
	number, err := s.number(phoneNumberID)
	if err != nil {
		return Update{}, err
	}
	if u, err = u.complete(); err != nil {
		return Update{}, fmt.Errorf("inbound %s: %w", m.Type, err)
	}
	if m.ID == "" {
		m.ID = s.ids.wamid()
	}
	if m.At.IsZero() {
		m.At = s.clock()
	}
	s.truth.mu.Lock()
	key := pairKey{number: number.ID, group: m.GroupID}
	if who := s.truth.learn(u); m.GroupID == "" {
		key.contact = who
	}
	if m.opensWindow(s.opts.ReactionOpensWindow) {
		p := s.truth.pair(key)
		p.open(m.At)
		if m.Referral != nil && m.Referral.SourceType == "ad" {
			p.adClick, p.conversation = m.At, s.ids.trace()
		}
	}
	s.truth.mu.Unlock()

	value := number.value()
	value.Contacts = []webhookContact{u.contact()}
	value.Messages = []object{m.wire(number, u)}
	return Update{Field: "messages", Value: value, ID: m.ID}, nil
}

// wire is m as an element of messages[].
func (m Message) wire(number *Number, u User) object {
	out := object{"id": m.ID, "timestamp": strconv.FormatInt(m.At.Unix(), 10), "type": m.Type}
	if m.Content != nil {
		out[m.Type] = m.Content
	}
	putIf(out, "from", u.shownWaID())
	putIf(out, "from_user_id", u.UserID)
	putIf(out, "from_parent_user_id", u.ParentUserID)
	putIf(out, "group_id", m.GroupID)
	if m.ContextID != "" {
		out["context"] = object{"from": number.display(), "id": m.ContextID}
	}
	if m.Referral != nil {
		out["referral"] = m.Referral
	}
	maps.Copy(out, m.Extra)
	return out
}

// putIf sets a key that is absent when empty.
func putIf(out object, key, value string) {
	if value != "" {
		out[key] = value
	}
}
