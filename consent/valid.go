package consent

import (
	"fmt"
	"slices"
	"strings"
)

// Demands are what an operator demands of an opt-in.
type Demands struct {
	// Business is the business's name, as it is configured; "" where it is not.
	Business string
	// Channel demands that WhatsApp was named.
	Channel bool
	// OffWhatsApp demands that the person agreed elsewhere than on WhatsApp.
	OffWhatsApp bool
}

// Lack is something an opt-in lacks to be valid.
type Lack struct {
	Field Field `json:"field"`
	// Code is [CodeMissing] or what else is wrong.
	Code string `json:"code"`
	// Detail says what is wrong and what helps.
	Detail string `json:"detail"`
}

// What can be wrong with a field.
const (
	CodeMissing      = "MISSING"
	CodeBusinessName = "BUSINESS_NAME_MISMATCH"
	CodeOnWhatsApp   = "ON_WHATSAPP"
)

// everyOptIn are the fields that every valid opt-in needs: the three rules, and what the
// person was told they agree to.
var everyOptIn = []Field{FieldBusinessName, FieldLegalBasis, FieldJurisdiction, FieldText, FieldCategories, FieldFrequency}

// why says what a field is for, and so what to write there.
var why = map[Field]string{
	FieldReference:    "where the evidence lies, such as the form or the file and its line",
	FieldText:         "what the person was shown, word for word, or its SHA-256 in text_sha256",
	FieldNamesChannel: "true if it was made clear that messages come over WhatsApp",
	FieldBusinessName: "the business's name as the person was told it",
	FieldCategories:   "the kinds of messages the person was told of",
	FieldFrequency:    "how often they were told to expect messages",
	FieldLegalBasis:   "the ground for the messages, such as `consent`",
	FieldJurisdiction: "the country whose law it was given under",
	FieldPageURL:      "the page on which the person agreed",
	FieldIP:           "the person's IP address",
	FieldUserAgent:    "the person's browser, as it names itself",
	FieldAccount:      "the person's account, as a hash or another name that says nothing to others",
	FieldCall:         "the id of the call",
	FieldKey:          "the key that was pressed",
	FieldAgent:        "the agent who was on the call",
	FieldProgramme:    "what the message invited to",
	FieldInstructions: "how the message said to agree and to stop",
	FieldTransaction:  "the order, booking or payment",
	FieldMessage:      "the id of the message by which the person agreed",
	FieldAd:           "the id of the ad",
	FieldCode:         "the name of the QR code",
	FieldThirdParty:   "who collected it",
	FieldSystem:       "the system that has it",
	FieldDLT:          "the id of the consent in India's DLT registry, which its law demands",
}

// Lacks are what the opt-in of a source lacks to be valid, in the order of the
// documentation; none for a valid one. The evidence was normalised.
func (d *Demands) Lacks(s Source, e *Evidence) (lacks []Lack) {
	if e == nil {
		e = new(Evidence)
	}
	demanded := everyOptIn
	if d.Channel {
		demanded = append([]Field{FieldNamesChannel}, demanded...)
	}
	demanded = slices.Concat(demanded, s.Needs())
	if country, _, _ := strings.Cut(e.Jurisdiction, "-"); country == "IN" {
		demanded = append(demanded, FieldDLT)
	}
	for i, name := range demanded {
		if e.has(name) || slices.Contains(demanded[:i], name) {
			continue
		}
		lacks = append(lacks, Lack{name, CodeMissing, fmt.Sprintf("%s is missing: %s", name, why[name])})
	}
	switch {
	case e.BusinessName == "":
	case d.Business == "":
		lacks = append(lacks, Lack{FieldBusinessName, CodeBusinessName, "this business phone number has no `name` in the configuration to compare business_name with; configure one"})
	case e.BusinessName != d.Business:
		lacks = append(lacks, Lack{FieldBusinessName, CodeBusinessName, fmt.Sprintf("business_name is %q, and the business is configured as %q: the person must have been told that name (BUSINESS_NAME_MISMATCH)", e.BusinessName, d.Business)})
	}
	if d.OffWhatsApp && s.OnWhatsApp() {
		lacks = append(lacks, Lack{"source", CodeOnWhatsApp, fmt.Sprintf("source is %s, and this business takes opt-ins only that were given elsewhere than on WhatsApp (`opt_in_off_whatsapp required`)", s)})
	}
	return lacks
}
