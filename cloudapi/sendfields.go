package cloudapi

import (
	"bytes"
	"strings"

	"github.com/waguard/waguard/internal/lookalike"
	"github.com/waguard/waguard/internal/strictjson"
	"github.com/waguard/waguard/policy"
)

// field is a field of a send on which a rule depends.
type field uint8

// The fields at the top of a send. Payloads come last: each is named after the
// message type it belongs to.
const (
	fieldProduct field = iota
	fieldRecipientType
	fieldTo
	fieldRecipient
	fieldType
	fieldStatus
	fieldMessageID
	fieldCategory
	fieldAction
	fieldCallID
	fieldOpaque
	fieldMessages

	fieldText
	fieldImage
	fieldVideo
	fieldDocument
	fieldSticker
	fieldAudio
	fieldVoice
	fieldLocation
	fieldContacts
	fieldInteractive
	fieldReaction
	fieldTemplate
	fieldPin
	fieldHSM

	numFields
	firstPayload = fieldText
)

var topFields = newVocabulary([]string{
	fieldProduct: "messaging_product", fieldRecipientType: "recipient_type", fieldTo: "to", fieldRecipient: "recipient",
	fieldType: "type", fieldStatus: "status", fieldMessageID: "message_id", fieldCategory: "category",
	fieldAction: "action", fieldCallID: "call_id", fieldOpaque: "biz_opaque_callback_data", fieldMessages: "messages",

	fieldText: "text", fieldImage: "image", fieldVideo: "video", fieldDocument: "document", fieldSticker: "sticker",
	fieldAudio: "audio", fieldVoice: "voice", fieldLocation: "location", fieldContacts: "contacts",
	fieldInteractive: "interactive", fieldReaction: "reaction", fieldTemplate: "template", fieldPin: "pin", fieldHSM: "hsm",
})

// otherFields are the fields of a send on which no rule depends, as lookalike
// leaves them. In a query they are as misplaced as the others.
var otherFields = map[string]bool{
	"context": true, "typingindicator": true, "ttlseconds": true, "directsendconfig": true, "messagingaccountid": true,
	"paidmessagingaccountid": true, "productpolicy": true, "messageactivitysharing": true,
	"recipientidentitykeyhash": true, "previewurl": true, "session": true, "encryptedcontents": true, "ttl": true,
}

// The fields of a template, under both names its payload goes by.
const (
	templateName = iota
	templateElementName
	templateLanguage
	templateComponents
	numTemplateFields
)

var (
	templateFields    = newVocabulary([]string{templateName: "name", templateElementName: "element_name", templateLanguage: "language", templateComponents: "components"})
	languageFields    = newVocabulary([]string{"code"})
	interactiveFields = newVocabulary([]string{"type"})
)

// vocabulary are the keys of an object on which rules depend.
type vocabulary struct {
	names []string
	exact map[string]int
	loose map[string]int // as lookalike leaves them
}

func newVocabulary(names []string) *vocabulary {
	v := &vocabulary{names: names, exact: map[string]int{}, loose: map[string]int{}}
	for i, name := range names {
		v.exact[name] = i
		v.loose[lookalike.Fold(name)] = i
	}
	return v
}

// pick finds the values of an object's known keys. A key that some reader could
// take for a known one is refused, since another would ignore it. The keys that are
// none of them are counted.
func (voc *vocabulary) pick(object strictjson.Value, values []strictjson.Value) (others int, refusal *Refusal) {
	var buf [64]byte
	for key, value := range object.Members() {
		raw, literal := key.Literal()
		if literal {
			if i, ok := voc.exact[string(raw)]; ok {
				values[i] = value
				continue
			}
		} else {
			raw = []byte(key.String())
		}
		if bytes.IndexByte(raw, 0) >= 0 { // where some readers end a text
			return 0, refusef(policy.RuleUnreadable, "leave the NUL out", "a key holds a NUL character")
		}
		if i, ok := voc.loose[string(lookalike.Append(buf[:0], beforeBracket(raw)))]; ok {
			return 0, refusef(policy.RuleUnreadable, "write the key exactly as documented, in lower case and without escapes, and once",
				"a key could be taken for %s, but is not written so", voc.names[i])
		}
		others++
	}
	return others, nil
}

// role is what a parameter does to the request it is in.
type role uint8

const (
	harmless role = iota
	overridesMethod
	holdsBatch
)

// roleOf tells what a parameter could do under some reader.
func roleOf[T []byte | string](name, value T) role {
	if i := bytes.IndexByte([]byte(name), 0); i > 0 { // where some readers end a text
		if r := roleOf([]byte(name)[:i], []byte(value)); r != harmless {
			return r
		}
	}
	var buf [64]byte
	switch folded := lookalike.Append(buf[:0], beforeBracket([]byte(name))); {
	case string(folded) == "method":
		return overridesMethod
	case string(folded) == "batch":
		return holdsBatch
	case bytes.HasSuffix(folded, []byte("batch")) && mentions([]byte(value), "relativeurl"):
		return holdsBatch
	}
	return harmless
}

// beforeBracket is what is left of a name for readers that take names apart at
// brackets. Some do so in JSON as well.
func beforeBracket(name []byte) []byte {
	base, _, _ := bytes.Cut(name, []byte("["))
	return base
}

// isSendField reports whether a parameter could be taken for a field of a send.
func isSendField(name string) bool {
	if i := strings.IndexByte(name, 0); i > 0 && isSendField(name[:i]) { // where some readers end a text
		return true
	}
	folded := lookalike.Fold(string(beforeBracket([]byte(name))))
	_, ok := topFields.loose[folded]
	return ok || otherFields[folded]
}

// isObjectField reports the fields that hold an object or array; in a form,
// written as JSON.
func isObjectField(name string) bool {
	i, ok := topFields.exact[name]
	return ok && field(i) >= firstPayload
}
