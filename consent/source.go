package consent

import (
	"fmt"
	"slices"
	"strings"
)

// Source is the channel through which a person agreed, or said no: one of [Sources], or
// [OtherSource] and a text.
type Source string

// OtherSource begins the sources that are none of the list, such as "other:trade fair".
const OtherSource = "other:"

// LongestSource is in bytes.
const LongestSource = 100

// channel is a source with what must be on record for it, beside what every opt-in needs.
type channel struct {
	source Source
	// doc says in a few words what it is.
	doc string
	// onWhatsApp: the person agreed in a talk on WhatsApp.
	onWhatsApp bool
	// needs are the fields without which nobody could show it.
	needs []Field
}

// channels are all sources there are.
var channels = []channel{
	{"website", "a form or button on a website", false, []Field{FieldPageURL, FieldIP, FieldUserAgent}},
	{"contact_page", "the website's contact page", false, []Field{FieldPageURL, FieldIP, FieldUserAgent}},
	{"signup_form", "a form to sign up or register", false, []Field{FieldPageURL, FieldIP, FieldUserAgent}},
	{"widget", "an opt-in widget on a website", false, []Field{FieldPageURL, FieldIP, FieldUserAgent, FieldText}},
	{"popup", "a pop-up on a website", false, []Field{FieldPageURL, FieldIP, FieldUserAgent, FieldText}},
	{"in_app", "a switch in an app, by somebody who is signed in", false, []Field{FieldAccount}},
	{"email", "an e-mail with information and instructions", false, []Field{FieldProgramme, FieldInstructions}},
	{"sms", "an SMS with information and instructions", false, []Field{FieldProgramme, FieldInstructions}},
	{"sms_short_code", "a keyword sent to an SMS short code", false, []Field{FieldProgramme, FieldInstructions}},
	{"ivr", "a key pressed in an automated call", false, []Field{FieldCall, FieldKey}},
	{"service_call", "a call with an agent", false, []Field{FieldAgent}},
	{"in_store", "a shop or branch", false, []Field{FieldReference}},
	{"in_person", "in person, elsewhere", false, []Field{FieldReference}},
	{"paper", "a form on paper", false, []Field{FieldReference}},
	{"transaction", "in the course of an order, booking or payment", false, []Field{FieldTransaction}},
	{"chat", "an existing chat", true, []Field{FieldMessage}},
	{"whatsapp_thread", "a talk on WhatsApp", true, []Field{FieldMessage}},
	{"messenger_bot", "a bot of another messenger", false, []Field{FieldMessage}},
	{"ctwa_ad", "an ad that opens a chat on WhatsApp", true, []Field{FieldAd}},
	{"qr", "a QR code", false, []Field{FieldCode}},
	{"third_party", "somebody else collected it", false, []Field{FieldThirdParty, FieldReference}},
	{"existing_system", "another system of the business has it", false, []Field{FieldSystem, FieldReference}},
	{"user_request", "a one-time code the person has just asked for, such as to log in: no opt-in, see `otp_on_request`", false, []Field{FieldAccount}},

	// Words of earlier versions, which are in use.
	{"app", "see in_app", false, []Field{FieldAccount}},
	{"phone", "see service_call", false, []Field{FieldAgent}},
	{"form", "see signup_form and paper", false, []Field{FieldReference}},
	{"import", "see existing_system", false, []Field{FieldSystem, FieldReference}},
	{"operator", "an operator, who does not say", false, []Field{FieldReference}},
}

// Sources are the sources there are, without [OtherSource], in the order of the
// documentation.
func Sources() []Source {
	list := make([]Source, len(channels))
	for i := range channels {
		list[i] = channels[i].source
	}
	return list
}

// Doc is what a source is, in a few words.
func (s Source) Doc() string { return s.channel().doc }

// OnWhatsApp reports that the person agreed on WhatsApp itself.
func (s Source) OnWhatsApp() bool { return s.channel().onWhatsApp }

// Needs are the fields without which nobody could show an opt-in of this source later,
// beside those every opt-in needs.
func (s Source) Needs() []Field { return s.channel().needs }

func (s Source) channel() *channel {
	for i := range channels {
		if channels[i].source == s {
			return &channels[i]
		}
	}
	return &channel{source: s, doc: "another channel", needs: []Field{FieldReference}}
}

// ParseSource reads a source as people write it: "In-Store" is in_store. What is no source
// of the list must say so: "other:trade fair".
func ParseSource(text string) (Source, error) {
	text = strings.TrimSpace(text)
	if len(text) > LongestSource {
		return "", fmt.Errorf("source is one word of the list, or `other:` and a few words, of at most %d characters; the evidence goes into fields of its own", LongestSource)
	}
	if kind, rest, ok := strings.Cut(text, ":"); ok && strings.EqualFold(kind+":", OtherSource) {
		if rest = strings.TrimSpace(rest); rest == "" {
			return "", fmt.Errorf("source is %q; name the channel behind the colon, such as `other:trade fair`", text)
		}
		return Source(OtherSource + rest), nil
	}
	written := strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(text))
	if s := Source(written); slices.Contains(Sources(), s) {
		return s, nil
	}
	return "", fmt.Errorf("source is %q, which is none of %s; write `other:` and a few words for what is none of these", text, list(Sources()))
}

func list[T ~string](words []T) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return b.String()
}
