package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Edge is the endpoint through which a send leaves.
type Edge uint8

const (
	// EdgeMessages is POST /{phone_number_id}/messages.
	EdgeMessages Edge = iota + 1
	// EdgeMarketing is POST /{phone_number_id}/marketing_messages.
	EdgeMarketing
	// EdgeCalls is POST /{phone_number_id}/calls.
	EdgeCalls
)

var edgeNames = [...]string{EdgeMessages: "messages", EdgeMarketing: "marketing_messages", EdgeCalls: "calls"}

// String is the last element of the endpoint's path.
func (e Edge) String() string { return nameOf(edgeNames[:], e) }

// MarshalText writes e as String does.
func (e Edge) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (e *Edge) UnmarshalText(text []byte) error { return parseName(edgeNames[:], string(text), e) }

// Kind is what a send is in the eyes of the rules.
type Kind uint8

const (
	// FreeForm is any message that is not a template: text, media, location,
	// contacts, interactive, reaction, and every type not known yet.
	FreeForm Kind = iota + 1
	// TemplateMessage is a message made from a template approved by Meta.
	TemplateMessage
	// DirectSend is a free-form body with a top-level category of utility or
	// authentication, which Meta bills like a template.
	DirectSend
	// Receipt is a read receipt or typing indicator. It names no recipient and
	// is not a message.
	Receipt
	// Call starts a voice call to the person.
	Call
	// CallControl answers, rejects or ends a call that exists. It reaches nobody
	// who is not already calling.
	CallControl
	// CallPermissionRequest asks the person for leave to call.
	CallPermissionRequest
)

var kindNames = [...]string{
	FreeForm: "free_form", TemplateMessage: "template", DirectSend: "direct_send", Receipt: "receipt",
	Call: "call", CallControl: "call_control", CallPermissionRequest: "call_permission_request",
}

// String is the kind's name in reports.
func (k Kind) String() string { return nameOf(kindNames[:], k) }

// MarshalText writes k as String does.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *Kind) UnmarshalText(text []byte) error { return parseName(kindNames[:], string(text), k) }

// nameOf is the name of v in a table of names; its number where it has none.
func nameOf[T ~uint8](names []string, v T) string {
	if int(v) < len(names) && names[v] != "" {
		return names[v]
	}
	return strconv.Itoa(int(v))
}

// parseName finds the value with that name in a table of names.
func parseName[T ~uint8](names []string, name string, v *T) error {
	i := slices.Index(names, name)
	if i < 0 || name == "" {
		return fmt.Errorf("%q is none of %s", name, strings.TrimSpace(strings.Join(names, " ")))
	}
	*v = T(i)
	return nil
}

// Bare says how a phone number without plus sign (or 00) is read.
type Bare uint8

const (
	// NotBare: the number has a plus sign, or the send names no number.
	NotBare Bare = iota
	// BareInternational: the first reading are the digits as an international
	// number, with the country code. So do webhooks name people.
	BareInternational
	// BareNational: the first reading is a national number of the business's
	// country, since no numbering plan has the digits as an international one. The
	// second, where there is one, are the digits as an international number all
	// the same.
	BareNational
)

var bareNames = [...]string{NotBare: "no", BareInternational: "international", BareNational: "national"}

// String is the name in reports.
func (b Bare) String() string { return nameOf(bareNames[:], b) }

// MarshalText writes b as String does.
func (b Bare) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (b *Bare) UnmarshalText(text []byte) error { return parseName(bareNames[:], string(text), b) }

// TemplateRef names a template within a WABA.
type TemplateRef struct {
	Name     string `json:"name,omitempty" cbor:"1,keyasint,omitempty"`
	Language string `json:"language,omitempty" cbor:"2,keyasint,omitempty"`
}

// Send is one outbound request as the rules see it. It holds no message text.
// The identities of the recipient are not encoded: records name the person by
// pseudonym.
type Send struct {
	Edge          Edge   `json:"edge,omitempty" cbor:"1,keyasint,omitempty"`
	PhoneNumberID string `json:"phone_number_id,omitempty" cbor:"2,keyasint,omitempty"`
	Kind          Kind   `json:"kind,omitempty" cbor:"3,keyasint,omitempty"`
	// Type is the message type as sent, such as "image"; for interactive
	// messages with the subtype behind a slash, such as "interactive/button".
	Type     string      `json:"type,omitempty" cbor:"4,keyasint,omitempty"`
	Template TemplateRef `json:"template,omitzero" cbor:"5,keyasint,omitempty"`
	// Stated is the category the body itself claims (Direct Send), not trusted.
	Stated Category `json:"stated_category,omitempty" cbor:"6,keyasint,omitempty"`
	// Transaction reports that the sender tied the message to an order or
	// transaction of its own: biz_opaque_callback_data is a [References] one.
	Transaction bool `json:"transaction,omitempty" cbor:"7,keyasint,omitempty"`
	// Group reports that the recipient is a group.
	Group bool `json:"group,omitempty" cbor:"8,keyasint,omitempty"`

	// TwoNames reports that the send names the person both by phone number and by
	// user id. It is what a record keeps of To and Recipient; whoever fills in
	// those two sets it as well, so that a decision computed again from the
	// record is the same.
	TwoNames bool `json:"two_names,omitempty" cbor:"9,keyasint,omitempty"`

	// Bare reports that the phone number has no plus sign (or 00), and what its
	// first reading is.
	Bare Bare `json:"bare,omitempty" cbor:"10,keyasint,omitempty"`

	// Confirms reports that the message is a text that tells the person that their
	// opt-out was heard, and nothing else; see [Confirmations]. It decides about sends
	// to people who opted out alone, and may be left out elsewhere: see
	// [Facts.MayBeConfirmed].
	Confirms bool `json:"confirms,omitempty" cbor:"11,keyasint,omitempty"`

	// Media reports that the template the send fills in has a header of media or a place,
	// Buttons that it has buttons, as far as the send itself shows.
	Media   bool `json:"media,omitempty" cbor:"12,keyasint,omitempty"`
	Buttons bool `json:"buttons,omitempty" cbor:"13,keyasint,omitempty"`

	// To holds the possible readings of the phone number, most likely first.
	// There are two when the number has no plus sign and could be both an
	// international number and a national number of the business's country.
	To []Identity `json:"-" cbor:"-"`
	// Digits are those of the phone number as the send writes it.
	Digits string `json:"-" cbor:"-"`
	// Recipient is the user id the send names, if any.
	Recipient Identity `json:"-" cbor:"-"`
}

// Identities are all identities the send names: the readings of To, then
// Recipient. [Facts.Persons] follows this order.
func (s *Send) Identities() []Identity {
	if s.Recipient.IsZero() {
		return s.To
	}
	return append(s.To[:len(s.To):len(s.To)], s.Recipient)
}

// For is the identity a decision says the send is for: the reading of the phone
// number that was meant, or the user id; zero where it names nobody.
func (s *Send) For(d *Decision) Identity {
	if named := s.Identities(); d.Person < len(named) {
		return named[d.Person]
	}
	return Identity{}
}

// names counts Identities.
func (s *Send) names() int {
	if s.Recipient.IsZero() {
		return len(s.To)
	}
	return len(s.To) + 1
}

func (s *Send) namesTwice() bool { return s.TwoNames || len(s.To) > 0 && !s.Recipient.IsZero() }
