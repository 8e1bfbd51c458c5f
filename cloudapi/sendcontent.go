package cloudapi

import (
	"strings"

	"github.com/waguard/waguard/internal/strictjson"
	"github.com/waguard/waguard/policy"
)

// readReceipt reads a read receipt or typing indicator. It names a message that
// came in, and nothing that could go out. What kind of recipient it would have,
// which Meta takes too, names nobody.
func (m *message) readReceipt(s *policy.Send) *Refusal {
	if status, ok := m.enum(fieldStatus); !ok || status != "read" {
		return refusef(policy.RuleParameter, `write "status": "read", or leave status out to send a message`, "status has another value than read, and no other makes a read receipt")
	}
	for f := range numFields {
		switch f {
		case fieldProduct, fieldStatus, fieldMessageID, fieldOpaque:
			continue
		case fieldRecipientType:
			if refusal := m.readRecipientType(new(policy.Send)); refusal != nil {
				return refusal
			}
			continue
		}
		if m.set(f) && !m.empty(f) {
			return refusef(policy.RuleParameter, "send the read receipt and the message in two requests",
				"status makes this a read receipt, but %s belongs to a message", topFields.names[f])
		}
	}
	if !m.rt.receiptOnly {
		if refusal := m.id(fieldMessageID, "the id of the message that was read"); refusal != nil {
			return refusal
		}
	}
	s.Kind = policy.Receipt
	return nil
}

// readContent reads what a message is: its type, its payload and its category.
func (m *message) readContent(s *policy.Send) *Refusal {
	s.Type, s.Kind = "text", policy.FreeForm
	if m.set(fieldType) {
		t, ok := m.enum(fieldType)
		if !ok || !isWord(t) {
			return refusef(policy.RuleParameter, `write the type as documented, such as "text"`, "type is not the name of a message type")
		}
		s.Type = t
	}
	for f := firstPayload; f < numFields; f++ {
		if refusal := m.checkPayload(f, s.Type); refusal != nil {
			return refusal
		}
	}
	switch s.Type {
	case "template", "hsm":
		s.Kind = policy.TemplateMessage
		if refusal := m.readTemplate(s); refusal != nil {
			return refusal
		}
	case "interactive":
		if refusal := m.readInteractive(s); refusal != nil {
			return refusal
		}
	}
	return m.readCategory(s)
}

// empty reports a payload with nothing in it, as some serializers write what is
// not set. No reader could send it.
func (m *message) empty(f field) bool {
	v := m.fields[f]
	if f < firstPayload || v.Kind() == strictjson.String {
		return v.Is("")
	}
	for range v.Members() {
		return false
	}
	for range v.Elements() {
		return false
	}
	return v.Kind() >= strictjson.Array
}

// checkPayload refuses a payload that is not the one of the declared type: some
// reader may send it instead.
func (m *message) checkPayload(f field, declared string) *Refusal {
	v, name := m.fields[f], topFields.names[f]
	if !v.Given() || name != declared && m.empty(f) {
		return nil
	}
	if name != declared && !m.set(fieldType) {
		return refusef(policy.RuleParameter, "add the type, or leave the payload out",
			"the body has no type, which makes it a text, but a payload called %s", name)
	}
	if name != declared {
		return refusef(policy.RuleParameter, "set type to the payload you mean and leave out the other",
			"type says %s, but the body has a payload called %s", knownType(declared), name)
	}
	want := strictjson.Object
	if f == fieldContacts {
		want = strictjson.Array
	}
	if v.Kind() != want {
		return refusef(policy.RuleParameter, "write it as "+want.String(), "%s is %s, not %s", name, v.Kind(), want)
	}
	return nil
}

// knownType is a type that may be quoted in a reason; others are the sender's
// words.
func knownType(t string) string {
	if _, ok := topFields.exact[t]; ok {
		return t
	}
	return "something else"
}

// readTemplate reads which template a message is made from. The On-Premises API
// called the payload hsm and the name element_name.
func (m *message) readTemplate(s *policy.Send) *Refusal {
	f, nameKey, otherKey := fieldTemplate, templateName, templateElementName
	if s.Type == "hsm" {
		f, nameKey, otherKey = fieldHSM, templateElementName, templateName
	}
	payload := topFields.names[f]
	if !m.given(f) {
		return missing(payload, "the object "+payload+" with the template's name and language")
	}
	var keys [numTemplateFields]strictjson.Value
	if _, refusal := templateFields.pick(m.fields[f], keys[:]); refusal != nil {
		return refusal
	}
	if keys[otherKey].Given() {
		return refusef(policy.RuleParameter, "name the template in "+payload+"."+templateFields.names[nameKey]+" alone",
			"%s has a field called %s, which names a template in another kind of message", payload, templateFields.names[otherKey])
	}
	if !says(keys[nameKey]) {
		return missing("the template's name", payload+"."+templateFields.names[nameKey])
	}
	name, ok := keys[nameKey].Text()
	if !ok || !isTemplateName(name) {
		return refusef(policy.RuleParameter, "write the name as the template list shows it: letters, digits and underscores",
			"the template's name is not a name a template can have")
	}
	language := keys[templateLanguage]
	if !language.Given() {
		return missing("the template's language", payload+`.language, such as {"code": "en_US"}`)
	}
	var code [1]strictjson.Value
	if language.Kind() != strictjson.Object {
		return refusef(policy.RuleParameter, `write it as an object, such as {"code": "en_US"}`, "the template's language is %s", language.Kind())
	}
	if _, refusal := languageFields.pick(language, code[:]); refusal != nil {
		return refusal
	}
	if !says(code[0]) {
		return missing("the template's language code", payload+`.language.code, such as "en_US"`)
	}
	lang, ok := code[0].Text()
	if !ok || !isLanguage(lang) {
		return refusef(policy.RuleParameter, `write it as the template list shows it, such as "en_US"`, "the template's language code is not one")
	}
	s.Template = policy.TemplateRef{Name: name, Language: lang}
	s.Media, s.Buttons = filledParts(keys[templateComponents])
	return nil
}

// readInteractive reads the subtype of an interactive message; one of them asks
// for leave to call.
func (m *message) readInteractive(s *policy.Send) *Refusal {
	if !m.given(fieldInteractive) {
		return missing("interactive", "the object interactive")
	}
	var keys [1]strictjson.Value
	if _, refusal := interactiveFields.pick(m.fields[fieldInteractive], keys[:]); refusal != nil {
		return refusal
	}
	if !says(keys[0]) {
		return missing("interactive.type", `interactive.type, such as "button"`)
	}
	subtype, ok := enumValue(keys[0])
	if !ok || !isWord(subtype) {
		return refusef(policy.RuleParameter, `write it as documented, such as "button"`, "interactive.type is not the name of a type")
	}
	s.Type = "interactive/" + subtype
	if subtype == "call_permission_request" {
		s.Kind = policy.CallPermissionRequest
	}
	return nil
}

// readCategory reads the switch to Direct Send.
func (m *message) readCategory(s *policy.Send) *Refusal {
	if !m.set(fieldCategory) {
		return nil
	}
	text, ok := m.enum(fieldCategory)
	stated := policy.Category(text)
	switch {
	case ok && stated == policy.CategoryService:
		return nil
	case !ok || stated != policy.CategoryUtility && stated != policy.CategoryAuthentication:
		return refusef(policy.RuleParameter, "use AUTHENTICATION, SERVICE or UTILITY, or leave category out",
			"category is none of AUTHENTICATION, SERVICE and UTILITY")
	case s.Kind == policy.CallPermissionRequest:
		return refusef(policy.RuleParameter, "leave category out", "a request for leave to call has no category")
	case s.Kind != policy.FreeForm:
		return refusef(policy.RuleParameter, "leave category out: a template has its own", "category is for messages without a template")
	}
	s.Kind, s.Stated = policy.DirectSend, stated
	return nil
}

// isWord reports the name of a type as the API writes them, but for its case. A
// name in other letters could be taken for one.
func isWord(s string) bool {
	for i, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || i > 0 && (c == '_' || '0' <= c && c <= '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

func isTemplateName(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_') {
			return false
		}
	}
	return s != "" && len(s) <= 512
}

// isLanguage reports a language code such as en, fil, pt_BR or zh_CN.
func isLanguage(s string) bool {
	for i, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || i > 1 && (c == '_' || c == '-' || '0' <= c && c <= '9')) {
			return false
		}
	}
	return len(s) >= 2 && len(s) <= 32
}

// lowerASCII folds A to Z and nothing else, so that no other letter becomes one
// of them.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
