package cloudapi

import (
	"bytes"

	"github.com/waguard/waguard/internal/strictjson"
	"github.com/waguard/waguard/policy"
)

// Reading is what was found in a request that could be read without doubt.
type Reading struct {
	// Sends are all sends of the request: one on a send edge, any number in a
	// batch, none in what is no send.
	Sends []policy.Send
	// Batch reports that the request is a batch. Its answer has the form of a
	// batch too.
	Batch bool
	// Others are the elements of a batch that are no sends.
	Others []Request

	details []sendDetail
}

// sendDetail is what the rules don't need to know of a send.
type sendDetail struct {
	element int
	opaque  string
	text    string
}

// Element is the position in its batch of the element that is send i, from 0.
func (r *Reading) Element(i int) int { return r.details[i].element }

// Opaque is the sender's own reference (biz_opaque_callback_data) of send i, "" where
// there is none.
func (r *Reading) Opaque(i int) string { return r.details[i].opaque }

// Text is the body of the text that is send i, "" where it is no plain text. It
// is for looking at and is kept nowhere.
func (r *Reading) Text(i int) string { return r.details[i].text }

func (r *Reading) add(s policy.Send, d sendDetail) {
	r.Sends = append(r.Sends, s)
	r.details = append(r.details, d)
}

// ReadSends reads the body of a request whose class is SendEdge or Inspect.
// home gives the calling code of a business phone number, "" where not known.
// The body must be forwarded as it is, byte for byte.
//
// A refused batch has the refusals of its elements in the refusal.
func ReadSends(rt Route, contentType string, body []byte, home func(phoneNumberID string) string) (Reading, *Refusal) {
	format := parseContentType(contentType).format
	if rt.Class != SendEdge {
		return inspect(&rt, format, body, home)
	}
	var r Reading
	s, d, refusal := readSend(&rt, format, body, home)
	if refusal != nil {
		return r, refusal
	}
	r.add(s, d)
	return r, nil
}

// readSend reads the body of a send in any format.
func readSend(rt *Route, f format, body []byte, home func(string) string) (s policy.Send, d sendDetail, refusal *Refusal) {
	if refusal := checkEncoding(body); refusal != nil {
		return s, d, refusal
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return s, d, refusef(policy.RuleUnreadable, "send the message as a JSON object", "the body is empty")
	}
	switch f {
	case formatJSON:
		if refusal := formBatch(body); refusal != nil {
			return s, d, refusal
		}
	case formatForm:
		if body, refusal = formToJSON(body); refusal != nil {
			return s, d, refusal
		}
	case formatUntyped:
		// Some reader may take these for a form, and find fields in a text.
		for name := range looseFormInJSON(body) {
			if isSendField(name) || roleOf(name, "") != harmless {
				return s, d, refusef(policy.RuleUnreadable, "say Content-Type: application/json",
					"the content type does not say that the body is JSON, and it could be read as a form too")
			}
		}
	default:
		return s, d, refusef(policy.RuleEncoding, "send the message as JSON with Content-Type: application/json",
			"the content type is none in which a message is read")
	}
	root, err := strictjson.Parse(body)
	if err != nil {
		return s, d, unreadable(err)
	}
	m := message{rt: *rt}
	if refusal := m.open(root); refusal != nil {
		return s, d, refusal
	}
	if s, refusal = m.read(home); refusal != nil {
		return s, d, refusal
	}
	if s.Type == "text" {
		d.text = m.text()
	}
	d.opaque, refusal = m.opaque()
	return s, d, refusal
}

// unreadable refuses what is not JSON with one meaning.
func unreadable(err error) *Refusal {
	return refusef(policy.RuleUnreadable, "send one JSON object, with each key once", "the body is not JSON with one meaning: %s", err)
}

// message is a send taken apart.
type message struct {
	rt     Route
	fields [numFields]strictjson.Value
}

// open takes the top of a send apart.
func (m *message) open(root strictjson.Value) *Refusal {
	if root.Kind() != strictjson.Object {
		return refusef(policy.RuleUnreadable, "send one JSON object", "the body is %s, not an object", root.Kind())
	}
	if refusal := topFields.pick(root, m.fields[:]); refusal != nil {
		return refusal
	}
	for key := range root.Members() {
		raw, literal := key.Literal()
		if _, known := topFields.exact[string(raw)]; known {
			continue
		}
		if !literal {
			raw = []byte(key.String())
		}
		switch roleOf(raw, nil) {
		case overridesMethod:
			return methodParameter("the body")
		case holdsBatch:
			return batchOnSendEdge()
		}
	}
	if m.given(fieldMessages) {
		return refusef(policy.RuleParameter, "send each message in a request of its own, or post a batch to the root of the API",
			"the body has a field called messages, as one has that holds several")
	}
	switch product, ok := m.enum(fieldProduct); {
	case !m.given(fieldProduct):
		if m.rt.dialect == Cloud {
			return missing("messaging_product", `"messaging_product": "whatsapp"`)
		}
	case !ok || product != "whatsapp":
		return refusef(policy.RuleParameter, `write "messaging_product": "whatsapp"`, "messaging_product is not whatsapp")
	}
	return nil
}

// given reports whether a field is there and not null, which serializers write
// for what is not set.
func (m *message) given(f field) bool { return m.fields[f].Given() }

// set reports whether a field is there and says something.
func (m *message) set(f field) bool { return says(m.fields[f]) }

func says(v strictjson.Value) bool { return v.Given() && !v.Is("") }

// enum is the value of a field that takes one of a list, in lower case. That Meta
// folds case is documented for category and shows in Meta's error texts for others.
// Where Meta doesn't, a value in capitals is an error there, so that the folded
// reading is the only one that sends anything.
func (m *message) enum(f field) (string, bool) { return enumValue(m.fields[f]) }

func enumValue(v strictjson.Value) (string, bool) {
	text, ok := v.Text()
	return lowerASCII(text), ok
}

// read gives the send as the rules see it.
func (m *message) read(home func(string) string) (policy.Send, *Refusal) {
	s := policy.Send{Edge: m.rt.Edge, PhoneNumberID: m.rt.PhoneNumberID}
	var refusal *Refusal
	switch {
	case s.Edge == policy.EdgeCalls:
		refusal = m.readCall(&s)
	case m.set(fieldStatus):
		return s, m.readReceipt(&s)
	case m.rt.receiptOnly:
		return s, missing("status", `"status": "read"`)
	default:
		refusal = m.readContent(&s)
	}
	if refusal != nil {
		return s, refusal
	}
	return s, m.readRecipient(&s, home)
}

// opaque is the sender's own reference.
func (m *message) opaque() (string, *Refusal) {
	v := m.fields[fieldOpaque]
	if !v.Given() {
		return "", nil
	}
	if text, ok := v.Text(); ok {
		return text, nil
	}
	if v.Kind() == strictjson.Number {
		return string(v.Raw()), nil
	}
	return "", refusef(policy.RuleParameter, "write it as a string", "biz_opaque_callback_data is not a plain string")
}

// id is a field that names something. It must be a string that says something.
func (m *message) id(f field, what string) *Refusal {
	name := topFields.names[f]
	if !m.set(f) {
		return missing(name, what+", as a string")
	}
	if _, ok := m.fields[f].Text(); !ok {
		return refusef(policy.RuleParameter, "write "+what+" as a string", "%s is not a plain string", name)
	}
	return nil
}

// text is what a text says, "" where the payload holds anything else that could be
// shown.
func (m *message) text() string {
	payload := m.fields[fieldText]
	if payload.Kind() != strictjson.Object {
		return ""
	}
	body := ""
	for key, value := range payload.Members() {
		switch key.String() {
		case "body":
			body, _ = value.Text()
		case "preview_url":
		default:
			return ""
		}
	}
	return body
}

func missing(name, remedy string) *Refusal {
	return refusef(policy.RuleMissingParam, "add "+remedy, "%s is missing", name)
}
