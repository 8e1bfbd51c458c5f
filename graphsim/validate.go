package graphsim

import (
	"slices"
	"strconv"
	"strings"
)

// outgoing is a send body after validation.
type outgoing struct {
	to, recipient string // as sent
	phone         string // international digits of to; empty for groups and user ids
	group         bool
	lostUserID    bool   // a user id stands in `to`: accepted, never delivered
	kind          string // message type, "text" by default
	subtype       string // interactive.type
	direct        string // Direct Send category, lower case; empty for classic sends
	contextID     string
	callback      string
	payload       object // the object under the key named like kind; nil for contacts, an array
}

// maxCallback is documented for calls and assumed for messages.
const maxCallback = 512

// readReceipt recognises the body that marks a message as read. It has no recipient and no type.
func readReceipt(params object) (isReceipt bool, e *graphError) {
	status, present := params["status"]
	if !present || params["type"] != nil {
		return false, nil
	}
	if status != "read" {
		return true, fail(100, "status must be read")
	}
	id := textAt(params, "message_id")
	switch {
	case params["message_id"] == nil:
		return true, fail(131008, "message_id is required")
	case !strings.HasPrefix(id, "wamid."):
		return true, fail(100, "message_id is not a message id")
	case params["typing_indicator"] != nil && textAt(params, "typing_indicator.type") != "text":
		return true, fail(100, "typing_indicator.type must be text")
	default:
		return true, nil
	}
}

// readSend validates a send body as far as it can be judged without knowing the account.
func readSend(params object, number *Number, d dialect) (*outgoing, *graphError) {
	if d != dialectOnPremises {
		switch params["messaging_product"] {
		case "whatsapp":
		case nil:
			return nil, fail(100, "The parameter messaging_product is required")
		default:
			return nil, fail(100, "messaging_product must be whatsapp")
		}
	}
	out := &outgoing{}
	if e := out.readRecipient(params, number); e != nil {
		return nil, e
	}
	if e := out.readKind(params, d); e != nil {
		return nil, e
	}
	if e := firstOf(out.readContext(params), out.readCallback(params), out.readDirectSend(params)); e != nil {
		return nil, e
	}
	if out.subtype == "button" && out.direct == "" {
		return out, classicButtons(out.payload)
	}
	return out, nil
}

func (out *outgoing) readRecipient(params object, number *Number) *graphError {
	switch kind := params["recipient_type"]; kind {
	case nil, "individual":
	case "group":
		out.group = true
	default:
		return fail(100, "recipient_type must be individual or group")
	}
	for _, field := range []struct {
		name string
		into *string
	}{{"to", &out.to}, {"recipient", &out.recipient}} {
		v := params[field.name]
		if v == nil {
			continue
		}
		text, isScalar := scalar(v)
		if !isScalar {
			return fail(100, field.name+" must be a string")
		}
		*field.into = text
	}
	switch {
	case out.to != "" && out.group:
		if _, isPhone := parsePhone(out.to, ""); isPhone || isUserID(out.to) {
			return fail(100, "to must be a group id when recipient_type is group")
		}
		return nil
	case out.group:
		return fail(131008, "to is required")
	case out.to != "":
		return out.readTo(number)
	case out.recipient == "":
		return fail(131008, "to or recipient is required")
	case !isUserID(out.recipient):
		return fail(131009, "recipient is not a business-scoped user id")
	default:
		return nil
	}
}

// readTo reads `to` of a one-to-one send; it wins over recipient.
func (out *outgoing) readTo(number *Number) *graphError {
	if isUserID(strings.ToUpper(out.to)) {
		// Observed: the country prefix is stripped and the rest is taken for a phone number.
		_, out.phone, _ = strings.Cut(out.to, ".")
		out.lostUserID = true
		return nil
	}
	phone, valid := parsePhone(out.to, number.CountryCode)
	switch {
	case !valid && strings.IndexFunc(out.to, isLetter) >= 0:
		return fail(100, "to looks like a group id; recipient_type must then be group")
	case !valid:
		return fail(131009, "to is not a phone number")
	case phone == number.display():
		return fail(131021, "to is the sending number")
	}
	out.phone = phone
	return nil
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// readKind finds the type and checks its payload.
func (out *outgoing) readKind(params object, d dialect) *graphError {
	out.kind = "text"
	if v := params["type"]; v != nil {
		text, isString := v.(string)
		if !isString {
			return fail(100, "type must be a string")
		}
		out.kind = text
	}
	check, known := messageTypes[out.kind]
	if !known || (out.kind == "hsm" && d != dialectOnPremises) {
		return fail(131051, "Message type '"+out.kind+"' is not supported")
	}
	payload := params[out.kind]
	if payload == nil {
		return fail(131008, out.kind+" is required")
	}
	if list, isList := payload.([]any); isList && out.kind == "contacts" {
		return checkContacts(list)
	}
	body, isObject := payload.(object)
	if !isObject || out.kind == "contacts" {
		return fail(100, out.kind+" has the wrong JSON type")
	}
	out.payload = body
	return check(out, body)
}

func (out *outgoing) readContext(params object) *graphError {
	v := params["context"]
	if v == nil {
		return nil
	}
	quoted, isObject := v.(object)
	if !isObject {
		return fail(100, "context must be an object")
	}
	if out.kind == "reaction" {
		return fail(100, "context is not allowed on reactions")
	}
	out.contextID = textAt(quoted, "message_id")
	return require("context", quoted, "message_id")
}

func (out *outgoing) readCallback(params object) *graphError {
	v := params["biz_opaque_callback_data"]
	if v == nil {
		return nil
	}
	text, isString := v.(string)
	if !isString {
		return fail(100, "biz_opaque_callback_data must be a string")
	}
	out.callback = text
	return atMost("message", params, "biz_opaque_callback_data", maxCallback)
}

// directSendTypes are the types Direct Send can turn into a template; the value lists interactive subtypes.
var directSendTypes = map[string][]string{"text": nil, "interactive": {"button", "cta_url", "voice_call"}}

// readDirectSend reads the category switch that lets a non-template message leave outside the window.
func (out *outgoing) readDirectSend(params object) *graphError {
	category := ""
	if v := params["category"]; v != nil {
		text, isString := v.(string)
		if !isString {
			return fail(100, "category must be a string")
		}
		category = strings.ToLower(text)
	}
	switch category {
	case "", "service":
		if params["ttl_seconds"] != nil || params["direct_send_config"] != nil {
			return fail(100, "ttl_seconds and direct_send_config need a Direct Send category")
		}
		return nil
	case "utility", "authentication":
	default:
		return fail(100, "category must be one of AUTHENTICATION, SERVICE, UTILITY")
	}
	subtypes, supported := directSendTypes[out.kind]
	if out.kind == "interactive" {
		supported = slices.Contains(subtypes, out.subtype)
	}
	if !supported || out.group {
		return fail(100, "Direct Send does not support "+strings.TrimSpace(out.kind+" "+out.subtype))
	}
	longest := 43200.0 // half a day
	if category == "authentication" {
		longest = 900
		if out.to == "" {
			return fail(131062, "Authentication needs a phone number")
		}
		if params["direct_send_config"] != nil {
			return fail(100, "direct_send_config is for utility only")
		}
	}
	out.direct = category
	if between("ttl_seconds", params["ttl_seconds"], 30, longest) != nil {
		return fail(100, "ttl_seconds must be 30 to "+strconv.FormatFloat(longest, 'f', -1, 64))
	}
	return atMost(out.kind, out.payload, "body", maxInteractive)
}
