package webhook

import (
	"strings"
)

// kind is one kind of inbound message, and whether it opens the customer
// service window.
type kind struct {
	name  string
	opens bool
	why   string
}

// inboundKinds has a row for every kind of inbound message that WhatsApp's
// documentation or practice shows. Meta documents that "any user message" opens
// the window. What is not certain to be a person's message to the business opens
// nothing.
var inboundKinds = []kind{
	{"text", true, "the person wrote"},
	{"image", true, "the person sent it"},
	{"video", true, "the person sent it"},
	{"audio", true, "the person recorded or sent it; also a voicemail of a call"},
	{"voice", true, "the person recorded it; the On-Premises API's name for it"},
	{"document", true, "the person sent it"},
	{"sticker", true, "the person sent it"},
	{"location", true, "the person shared it"},
	{"contacts", true, "the person shared a card, or their own number on request"},
	{"order", true, "the person ordered"},
	{"button", true, "the person tapped a quick reply of a template"},
	{"interactive/button_reply", true, "the person tapped a reply button"},
	{"interactive/list_reply", true, "the person chose a row"},
	{"interactive/nfm_reply", true, "the person completed a flow or a form"},
	{"interactive/call_permission_reply", false, "an answer about calls, which WhatsApp also gives by itself; Meta does not say that it counts as a message"},
	{"interactive", true, "another tap on what the business sent"},
	{"ephemeral", true, "the person wrote a message that disappears"},
	{"media_placeholder", true, "old media the person sent, in a history"},
	{"request_welcome", false, "the person opened the chat and wrote nothing; it counted until Meta removed it on 27 March 2026"},
	{"reaction", false, "an emoji on a message, or its removal; Meta does not say that it counts"},
	{"edit", false, "a change of an earlier message"},
	{"revoke", false, "a deletion of an earlier message"},
	{"deleted", false, "a deletion of an earlier message"},
	{"pin", false, "done to an earlier message"},
	{"keep_in_chat", false, "done to an earlier message"},
	{"poll_update", false, "a vote on an earlier message"},
	{"system", false, "WhatsApp's own word about the person"},
	{"hsm", false, "a template, which people don't send"},
	{"errors", false, "an error, no message"},
	{"unsupported/written", true, "the person sent what the API can't show, such as a poll or a view-once picture (131051)"},
	{"unsupported/131060", false, "unavailable: written elsewhere or earlier, or synchronised from another device; if it was to the business it comes again with its text"},
	{"unsupported/130501", false, "something in a group that the API can't show"},
	{"unsupported/about-another", false, "an edit, a reaction, a vote or the like that the API can't show"},
	{"unsupported", false, "nothing says that the person wrote"},
	{"error", false, "of a type nobody knows, with an error instead of content"},
	{"about-another", false, "of a type nobody knows, and about an earlier message"},
	{"", false, "without a type"},
	{"unknown", true, "of a type nobody knows yet, with content: the person sent it"},
}

var kindNamed = func() map[string]kind {
	m := make(map[string]kind, len(inboundKinds))
	for _, k := range inboundKinds {
		m[k.name] = k
	}
	return m
}()

// unsupportedWritten are the values of unsupported.type that stand for what a
// person composes. The others are about earlier messages, or tell nothing.
var unsupportedWritten = map[string]bool{
	"": true, "poll": true, "poll_creation": true, "event": true, "group_invite": true, "gif": true, "link_preview": true, "view_once": true, "video_note": true, "ptv": true, "album": true,
	"text": true, "image": true, "video": true, "audio": true, "voice": true, "document": true, "sticker": true, "sticker_pack": true, "location": true, "live_location": true, "contact": true, "contacts": true,
	"product": true, "order": true, "button": true, "list": true, "interactive": true, "media_placeholder": true, "payment": true, "ephemeral": true,
}

// Errors on inbound messages.
const (
	messageTypeUnknown       = 131051 // the person sent what the API can't show
	messageTypeUnknownOnPrem = 501    // the same from the On-Premises API
	messageUnavailable       = 131060
	messageTypeGroups        = 130501
)

// kindOf is the row of inboundKinds the message belongs to.
func (m *userMessage) kindOf() kind {
	name := string(m.Type)
	switch {
	case name == "" && m.Interactive != nil:
		name = "interactive" // Meta's example of a call permission reply has no type
	case name == "unsupported", name == "unknown":
		return kindNamed[m.unsupportedKind()]
	}
	if name == "interactive" && m.Interactive != nil {
		reply := string(m.Interactive.Type)
		switch i := m.Interactive; {
		case i.CallPermission != nil:
			reply = "call_permission_reply"
		case i.ButtonReply != (tap{}) && reply == "":
			reply = "button_reply"
		case i.ListReply != (tap{}) && reply == "":
			reply = "list_reply"
		}
		if k, ok := kindNamed["interactive/"+reply]; ok {
			return k
		}
	}
	if k, ok := kindNamed[name]; ok && !strings.Contains(name, "/") {
		return k
	}
	switch {
	case len(m.Errors) > 0:
		return kindNamed["error"]
	case m.aboutAnother():
		return kindNamed["about-another"]
	}
	return kindNamed["unknown"]
}

// unsupportedKind tells apart what comes as unsupported, by the error that says
// why.
func (m *userMessage) unsupportedKind() string {
	code := 0
	if len(m.Errors) > 0 {
		code = int(m.Errors[0].Code)
	}
	switch code {
	case messageTypeUnknown, messageTypeUnknownOnPrem:
		if unsupportedWritten[string(m.Unsupported.Type)] {
			return "unsupported/written"
		}
		return "unsupported/about-another"
	case messageUnavailable:
		return "unsupported/131060"
	case messageTypeGroups:
		return "unsupported/130501"
	}
	return "unsupported"
}
