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
	// text is where in the body the text stands. Nearly nobody asks for it.
	text strictjson.Quoted
}

// oneSend has room for a send in one piece, with what belongs to it.
type oneSend struct {
	sends   [1]policy.Send
	details [1]sendDetail
	to      [2]policy.Identity
}

// Element is the position in its batch of the element that is send i, from 0.
func (r *Reading) Element(i int) int { return r.details[i].element }

// Opaque is the sender's own reference (biz_opaque_callback_data) of send i, "" where
// there is none.
func (r *Reading) Opaque(i int) string { return r.details[i].opaque }

// Text is the body of the text that is send i, "" where it is no plain text. It
// is for looking at and is kept nowhere. It stands in the body, which must not have
// changed.
func (r *Reading) Text(i int) string {
	text, _ := r.details[i].text.Text()
	return text
}

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
	one := new(oneSend)
	if refusal := readSend(&rt, format, body, home, one); refusal != nil {
		return r, refusal
	}
	r.Sends, r.details = one.sends[:], one.details[:]
	return r, nil
}

// readSend reads the body of a send in any format.
func readSend(rt *Route, f format, body []byte, home func(string) string, into *oneSend) (refusal *Refusal) {
	if refusal := checkEncoding(body); refusal != nil {
		return refusal
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return refusef(policy.RuleUnreadable, "send the message as a JSON object", "the body is empty")
	}
	switch f {
	case formatJSON:
		if refusal := formBatch(body); refusal != nil {
			return refusal
		}
	case formatForm:
		if body, refusal = formToJSON(body); refusal != nil {
			return refusal
		}
	case formatUntyped:
		// Some reader may take these for a form, and find fields in a text.
		for name := range looseFormInJSON(body) {
			if isSendField(name) || roleOf(name, "") != harmless {
				return refusef(policy.RuleUnreadable, "say Content-Type: application/json",
					"the content type does not say that the body is JSON, and it could be read as a form too")
			}
		}
	default:
		return refusef(policy.RuleEncoding, "send the message as JSON with Content-Type: application/json",
			"the content type is none in which a message is read")
	}
	doc := strictjson.Borrow()
	defer doc.Done()
	root, err := doc.Parse(body)
	if err != nil {
		return unreadable(err)
	}
	m := message{rt: *rt, to: &into.to}
	if refusal := m.open(root); refusal != nil {
		return refusal
	}
	s, d := &into.sends[0], &into.details[0]
	if refusal = m.read(s, home); refusal != nil {
		return refusal
	}
	if s.Type == "text" {
		d.text = m.text()
	}
	d.opaque, refusal = m.opaque()
	return refusal
}

// unreadable refuses what is not JSON with one meaning.
func unreadable(err error) *Refusal {
	return refusef(policy.RuleUnreadable, "send one JSON object, with each key once", "the body is not JSON with one meaning: %s", err)
}

// message is a send taken apart.
type message struct {
	rt     Route
	to     *[2]policy.Identity // room for the readings of a phone number
	fields [numFields]strictjson.Value
}

// open takes the top of a send apart.
func (m *message) open(root strictjson.Value) *Refusal {
	if root.Kind() != strictjson.Object {
		return refusef(policy.RuleUnreadable, "send one JSON object", "the body is %s, not an object", root.Kind())
	}
	others, refusal := topFields.pick(root, m.fields[:])
	if refusal != nil {
		return refusal
	}
	for key := range root.Members() {
		if others == 0 {
			break
		}
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
	if word, ok := words[string(v.Raw())]; ok && v.Kind() == strictjson.String {
		return word, true
	}
	text, ok := v.Text()
	return lowerASCII(text), ok
}

// words are values that fields often have, so that no other copy is made of them.
var words = func() map[string]string {
	all := map[string]string{"UTILITY": "utility", "AUTHENTICATION": "authentication", "SERVICE": "service"}
	for _, word := range []string{"whatsapp", "individual", "group", "read", "connect", "terminate", "button", "list", "flow", "cta_url"} {
		all[word] = word
	}
	for _, name := range topFields.names[firstPayload:] {
		all[name] = name
	}
	return all
}()

// read gives the send as the rules see it.
func (m *message) read(s *policy.Send, home func(string) string) (refusal *Refusal) {
	s.Edge, s.PhoneNumberID = m.rt.Edge, m.rt.PhoneNumberID
	switch {
	case s.Edge == policy.EdgeCalls:
		refusal = m.readCall(s)
	case m.set(fieldStatus):
		return m.readReceipt(s)
	case m.rt.receiptOnly:
		return missing("status", `"status": "read"`)
	default:
		refusal = m.readContent(s)
	}
	if refusal != nil {
		return refusal
	}
	return m.readRecipient(s, home)
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

// text is what a text says; nothing where the payload holds anything else that could
// be shown.
func (m *message) text() (body strictjson.Quoted) {
	payload := m.fields[fieldText]
	if payload.Kind() != strictjson.Object {
		return strictjson.Quoted{}
	}
	for key, value := range payload.Members() {
		switch {
		case key.Reads("body"):
			body = value.Quoted()
		case key.Reads("preview_url"):
		default:
			return strictjson.Quoted{}
		}
	}
	return body
}

func missing(name, remedy string) *Refusal {
	return refusef(policy.RuleMissingParam, "add "+remedy, "%s is missing", name)
}
