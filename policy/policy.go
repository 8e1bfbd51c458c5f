package policy

import "time"

// WindowLength is how long a customer service window stays open after the
// event that opened it (Meta documents 24 hours exactly).
const WindowLength = 24 * time.Hour

// Policy is what an operator decides for one business phone number. The zero
// value is the default and the strictest sensible reading of WhatsApp's rules.
type Policy struct {
	// WindowMargin closes the customer service window this much earlier than
	// WhatsApp does, to make up for queueing and clock differences.
	WindowMargin time.Duration `json:"window_margin,omitempty" cbor:"1,keyasint,omitempty"`
	// RequireInWindowConsent demands a transactional opt-in even for replies
	// inside an open window. By default the person's own message implies it.
	RequireInWindowConsent bool `json:"require_in_window_consent,omitempty" cbor:"2,keyasint,omitempty"`
	// RefuseOptedOutReplies refuses replies to a person who opted out and then
	// wrote again. By default the reply passes.
	RefuseOptedOutReplies bool `json:"refuse_opted_out_replies,omitempty" cbor:"3,keyasint,omitempty"`
	// AllowGroups lets messages to groups pass, although the consent of the
	// members can't be seen. They still need the group's open window.
	AllowGroups bool `json:"allow_groups,omitempty" cbor:"4,keyasint,omitempty"`
	// DirectSend lets a free-form body with a top-level category count as a
	// template of that category. Meta must have enabled it for the WABA.
	DirectSend bool `json:"direct_send,omitempty" cbor:"5,keyasint,omitempty"`
	// EssentialTemplates may go to people who opted out, if they are utility or
	// authentication templates and the send carries a transaction reference in
	// biz_opaque_callback_data: order updates people wait for.
	EssentialTemplates []string `json:"essential_templates,omitempty" cbor:"6,keyasint,omitempty"`
	// BareNumbers says what a phone number without plus sign means.
	BareNumbers BareNumbers `json:"bare_numbers,omitempty" cbor:"7,keyasint,omitempty"`
	// Caps bound how often a person is written to.
	Caps []Cap `json:"frequency_caps,omitempty" cbor:"8,keyasint,omitempty"`
	// SessionOnly refuses all templates, and what is billed like one: the business only
	// answers.
	SessionOnly bool `json:"session_only,omitempty" cbor:"9,keyasint,omitempty"`
	// ConsentRequests may go to people who haven't agreed, at most RequestLimit of all of
	// them to one person within RequestPeriod.
	ConsentRequests []ConsentRequest `json:"consent_requests,omitempty" cbor:"10,keyasint,omitempty"`
	RequestLimit    int              `json:"consent_request_limit,omitempty" cbor:"11,keyasint,omitempty"`
	RequestPeriod   time.Duration    `json:"consent_request_period,omitempty" cbor:"12,keyasint,omitempty"`
	// QuietHours are those at which templates don't leave.
	QuietHours []Quiet `json:"quiet_hours,omitempty" cbor:"13,keyasint,omitempty"`
	// Countries say where templates go. NoCountryPack leaves out what is known of countries
	// without being told.
	Countries     []CountryRule `json:"countries,omitempty" cbor:"14,keyasint,omitempty"`
	NoCountryPack bool          `json:"no_country_pack,omitempty" cbor:"15,keyasint,omitempty"`
	// ConsentExpires says when opt-ins lapse of people who don't write.
	ConsentExpires []Expiry `json:"consent_expires,omitempty" cbor:"16,keyasint,omitempty"`
	// Followup lets one template of plain text through to a person who wrote and has not
	// opted in, after the window has closed and until they write again.
	Followup bool `json:"post_session_followup,omitempty" cbor:"17,keyasint,omitempty"`
	// CodeOnRequest is for how long a recorded request of a person lets one-time codes
	// through to them, whatever they said on consent. Zero: it doesn't.
	CodeOnRequest time.Duration `json:"otp_on_request,omitempty" cbor:"18,keyasint,omitempty"`
	// Rules are those of the operator's own, BusinessName what they know the business by.
	Rules        []CustomRule `json:"rules,omitempty" cbor:"19,keyasint,omitempty"`
	BusinessName string       `json:"business_name,omitempty" cbor:"20,keyasint,omitempty"`
	// NoBackOff sends also while Meta has said that it takes less.
	NoBackOff bool `json:"no_meta_backoff,omitempty" cbor:"21,keyasint,omitempty"`
	// NoSwitchOff lets marketing go on that Meta's words have switched off. What an operator
	// switched off stays so.
	NoSwitchOff bool `json:"no_campaign_switch_off,omitempty" cbor:"22,keyasint,omitempty"`
	// PairRate holds back what is too fast for one person by Meta's pages.
	PairRate bool `json:"pair_rate,omitempty" cbor:"23,keyasint,omitempty"`
	// Messaging bounds how many people are written to outside of windows.
	Messaging MessagingLimit `json:"messaging_limit,omitzero" cbor:"24,keyasint,omitempty"`
	// HoldDrift holds a template back whose category changed, until an operator accepts it.
	HoldDrift bool `json:"hold_category_drift,omitempty" cbor:"25,keyasint,omitempty"`
}

// BareNumbers says what a phone number without plus sign (or 00) means.
type BareNumbers uint8

const (
	// BareFirst: a person this installation knows by these digits, else the
	// international number, else the national one. The other reading only counts
	// if that person opted out.
	BareFirst BareNumbers = iota
	// BareBoth: both readings are judged, and the stricter answer holds.
	BareBoth
	// BareRefuse: nothing, the send is refused.
	BareRefuse
)

var bareNumbersNames = [...]string{BareFirst: "international", BareBoth: "both", BareRefuse: "refuse"}

// String is the name in configurations and reports.
func (b BareNumbers) String() string { return nameOf(bareNumbersNames[:], b) }

// MarshalText writes b as String does.
func (b BareNumbers) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (b *BareNumbers) UnmarshalText(text []byte) error {
	return parseName(bareNumbersNames[:], string(text), b)
}
