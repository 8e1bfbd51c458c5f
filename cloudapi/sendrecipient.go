package cloudapi

import (
	"strings"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/strictjson"
	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
)

// readRecipient reads whom a send is for: a phone number or group in to, a user
// id in recipient, or a phone number and a user id.
func (m *message) readRecipient(s *policy.Send, home func(string) string) *Refusal {
	if refusal := m.readRecipientType(s); refusal != nil {
		return refusal
	}
	if m.set(fieldTo) {
		to, refusal := m.toText()
		if refusal != nil {
			return refusal
		}
		if s.Group {
			refusal = readGroup(s, to)
		} else {
			refusal = m.readPhone(s, to, home)
		}
		if refusal != nil {
			return refusal
		}
	}
	if m.set(fieldRecipient) {
		if s.Group {
			return refusef(policy.RuleRecipientInvalid, "name the group in to and leave recipient out", "a message to a group also names a user id")
		}
		text, ok := m.fields[fieldRecipient].Text()
		if !ok {
			return refusef(policy.RuleRecipientInvalid, "write one user id as a string", "recipient is not a plain string")
		}
		id, err := identity.UserID(text)
		if err != nil {
			return refusef(policy.RuleRecipientInvalid, "use the user id as webhooks give it; a phone number belongs in to",
				"recipient is not a business-scoped user id: %v", err)
		}
		s.Recipient = id
	}
	s.TwoNames = len(s.To) > 0 && !s.Recipient.IsZero()
	if len(s.To) == 0 && s.Recipient.IsZero() && s.Kind != policy.CallControl {
		return refusef(policy.RuleRecipientInvalid, "name one recipient: a phone number in to, or a user id in recipient", "the message names no recipient")
	}
	return nil
}

func (m *message) readRecipientType(s *policy.Send) *Refusal {
	switch t, ok := m.enum(fieldRecipientType); {
	case !m.set(fieldRecipientType), ok && t == "individual":
		return nil
	case ok && t == "group":
		s.Group = true
		return nil
	}
	return refusef(policy.RuleParameter, "use individual or group, or leave recipient_type out", "recipient_type is neither individual nor group")
}

// toText is the text of the field to. A number that is written as one has no plus
// sign, no fraction and no exponent, in which readers differ.
func (m *message) toText() (string, *Refusal) {
	v := m.fields[fieldTo]
	switch v.Kind() {
	case strictjson.String:
		if text, ok := v.Text(); ok {
			return text, nil
		}
		return "", refusef(policy.RuleRecipientInvalid, "write the phone number with plus sign and country code", "to holds a NUL (U+0000) or half of a surrogate pair, and a phone number has neither")
	case strictjson.Number:
		if raw := string(v.Raw()); identity.IsNode(raw) {
			return raw, nil
		}
	case strictjson.Array, strictjson.Object:
		return "", refusef(policy.RuleRecipientInvalid, "send one request for each person", "to is %s, not one recipient", v.Kind())
	}
	return "", refusef(policy.RuleRecipientInvalid, "write the phone number as a string with plus sign and country code", "to is not a phone number")
}

func (m *message) readPhone(s *policy.Send, to string, home func(string) string) *Refusal {
	if looksLikeUserID(to) {
		return refusef(policy.RuleRecipientInvalid, "put it into recipient; in to, Meta would take its digits for a phone number",
			"to holds a business-scoped user id")
	}
	of := ""
	if strings.IndexByte(to, '+') < 0 { // else the number says of which country it is
		of = home(s.PhoneNumberID)
	}
	n, err := phone.Parse(to, of)
	if err != nil {
		return refusef(policy.RuleRecipientInvalid, "write the phone number with plus sign and country code",
			"to is not a phone number that can be read in one way: %v", err)
	}
	s.To, s.Bare, s.Digits = identity.AppendPhones(m.to[:0], n), bare[n.Form], n.Digits
	return nil
}

var bare = [...]policy.Bare{phone.Full: policy.NotBare, phone.International: policy.BareInternational, phone.National: policy.BareNational}

// looksLikeUserID reports two letters and a dot, as user ids start.
func looksLikeUserID(s string) bool {
	return len(s) > 2 && isLetter(s[0]) && isLetter(s[1]) && s[2] == '.'
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// readGroup reads a group id. It has letters: one that is nothing but digits
// could be taken for a phone number.
func readGroup(s *policy.Send, to string) *Refusal {
	letters := 0
	for _, c := range []byte(to) {
		if isLetter(c) {
			letters++
		}
	}
	id, err := identity.Group(to)
	if err != nil {
		return refusef(policy.RuleRecipientInvalid, "use the group id as webhooks and answers give it", "to is not a group id: %v", err)
	}
	if letters == 0 || !isOpaqueID(to) || looksLikeUserID(to) {
		return refusef(policy.RuleRecipientInvalid, "use the group id as webhooks and answers give it", "to is not a group id")
	}
	s.To = []policy.Identity{id}
	return nil
}
