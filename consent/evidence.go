package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Evidence is what shows that a person agreed, and to what. Where it lies otherwise, such
// as in a file of forms, is its Reference.
type Evidence struct {
	// Reference is where the evidence lies: an order, a form, a file and its line.
	Reference string `json:"reference,omitempty" cbor:"1,keyasint,omitempty"`

	// Text is what the person was shown, word for word; TextSHA256 its SHA-256 in
	// hexadecimal digits, for who keeps the text elsewhere. TextVersion and Language
	// (BCP 47) are those of the text.
	Text        string `json:"text,omitempty" cbor:"2,keyasint,omitempty"`
	TextSHA256  string `json:"text_sha256,omitempty" cbor:"3,keyasint,omitempty"`
	TextVersion string `json:"text_version,omitempty" cbor:"4,keyasint,omitempty"`
	Language    string `json:"language,omitempty" cbor:"5,keyasint,omitempty"`
	// NamesChannel: it was made clear that messages come over WhatsApp.
	NamesChannel bool `json:"names_channel,omitempty" cbor:"6,keyasint,omitempty"`
	// BusinessName is the business as the person was told of it.
	BusinessName string `json:"business_name,omitempty" cbor:"7,keyasint,omitempty"`
	// Categories are the kinds of messages the person was told of, Frequency how often.
	Categories []string `json:"categories,omitempty" cbor:"8,keyasint,omitempty"`
	Frequency  string   `json:"frequency,omitempty" cbor:"9,keyasint,omitempty"`
	// LegalBasis is one of [LegalBases], Jurisdiction a country (ISO 3166-1 alpha-2),
	// or a part of one (ISO 3166-2), whose law it was given under.
	LegalBasis   string `json:"legal_basis,omitempty" cbor:"10,keyasint,omitempty"`
	Jurisdiction string `json:"jurisdiction,omitempty" cbor:"11,keyasint,omitempty"`

	// Where somebody agreed on the web.
	PageURL   string `json:"page_url,omitempty" cbor:"12,keyasint,omitempty"`
	IP        string `json:"ip,omitempty" cbor:"13,keyasint,omitempty"`
	UserAgent string `json:"user_agent,omitempty" cbor:"14,keyasint,omitempty"`
	// Account is that in an app, as a hash or another name that is no one's business.
	Account string `json:"app_account,omitempty" cbor:"15,keyasint,omitempty"`
	// Call is the id of a phone call, Key what was pressed in it, Agent who was called.
	Call  string `json:"call_id,omitempty" cbor:"16,keyasint,omitempty"`
	Key   string `json:"key_pressed,omitempty" cbor:"17,keyasint,omitempty"`
	Agent string `json:"agent,omitempty" cbor:"18,keyasint,omitempty"`
	// Programme is what an SMS or e-mail invited to, Instructions how it said to agree.
	Programme    string `json:"programme,omitempty" cbor:"19,keyasint,omitempty"`
	Instructions string `json:"instructions_shown,omitempty" cbor:"20,keyasint,omitempty"`
	// Transaction is the order, booking or payment; Message the id of the message in a
	// chat; Ad that of an ad; Code names a QR code.
	Transaction string `json:"transaction_id,omitempty" cbor:"21,keyasint,omitempty"`
	Message     string `json:"message_id,omitempty" cbor:"22,keyasint,omitempty"`
	Ad          string `json:"ad_id,omitempty" cbor:"23,keyasint,omitempty"`
	Code        string `json:"qr_code,omitempty" cbor:"24,keyasint,omitempty"`
	// ThirdParty is who collected it for the business, System the system that has it.
	ThirdParty string `json:"third_party,omitempty" cbor:"25,keyasint,omitempty"`
	System     string `json:"system,omitempty" cbor:"26,keyasint,omitempty"`
	// DLT is the id of the consent in India's registry (TRAI's TCCCPR).
	DLT string `json:"dlt_registration,omitempty" cbor:"27,keyasint,omitempty"`
}

// Field is a field of [Evidence], by its name in JSON.
type Field string

// The fields that may be demanded.
const (
	FieldReference    Field = "reference"
	FieldText         Field = "text" // or text_sha256
	FieldNamesChannel Field = "names_channel"
	FieldBusinessName Field = "business_name"
	FieldCategories   Field = "categories"
	FieldFrequency    Field = "frequency"
	FieldLegalBasis   Field = "legal_basis"
	FieldJurisdiction Field = "jurisdiction"
	FieldPageURL      Field = "page_url"
	FieldIP           Field = "ip"
	FieldUserAgent    Field = "user_agent"
	FieldAccount      Field = "app_account"
	FieldCall         Field = "call_id"
	FieldKey          Field = "key_pressed"
	FieldAgent        Field = "agent"
	FieldProgramme    Field = "programme"
	FieldInstructions Field = "instructions_shown"
	FieldTransaction  Field = "transaction_id"
	FieldMessage      Field = "message_id"
	FieldAd           Field = "ad_id"
	FieldCode         Field = "qr_code"
	FieldThirdParty   Field = "third_party"
	FieldSystem       Field = "system"
	FieldDLT          Field = "dlt_registration"
)

// LegalBases are the grounds on which a message may be sent: those of the GDPR's article
// 6(1), and the soft opt-in of existing customers (directive 2002/58/EC, article 13(2)).
var LegalBases = []string{"consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests", "soft_opt_in"}

const (
	// LongestText is that of what a person was shown, LongestField that of every other
	// field, in bytes.
	LongestText  = 16 << 10
	LongestField = 2 << 10
	// MostCategories a person is told of.
	MostCategories = 20
)

// Normalise checks every field, and writes it as it is kept: the text's hash beside the
// text, countries in capitals. The error is of the first field that makes no sense.
func (e *Evidence) Normalise() error {
	for _, f := range e.texts() {
		*f.value = strings.TrimSpace(*f.value)
		longest := LongestField
		if f.name == "text" {
			longest = LongestText
		}
		switch {
		case len(*f.value) > longest:
			return fmt.Errorf("%s has %d bytes; it may have %d", f.name, len(*f.value), longest)
		case !utf8.ValidString(*f.value):
			return fmt.Errorf("%s is not UTF-8", f.name)
		}
	}
	if err := e.normaliseText(); err != nil {
		return err
	}
	if len(e.Categories) > MostCategories {
		return fmt.Errorf("categories has %d values; it may have %d", len(e.Categories), MostCategories)
	}
	for i, c := range e.Categories {
		if e.Categories[i] = strings.TrimSpace(c); e.Categories[i] == "" || len(c) > LongestField || !utf8.ValidString(c) {
			return fmt.Errorf("categories has %q; each is a kind of message in a few words, such as `offers`", c)
		}
	}
	if e.LegalBasis = strings.ToLower(e.LegalBasis); e.LegalBasis != "" && !slices.Contains(LegalBases, e.LegalBasis) {
		return fmt.Errorf("legal_basis is %q; it must be one of %s", e.LegalBasis, list(LegalBases))
	}
	if err := e.normaliseJurisdiction(); err != nil {
		return err
	}
	if e.PageURL != "" {
		if u, err := url.Parse(e.PageURL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
			return fmt.Errorf("page_url is %q; it must be the address of a web page, such as https://example.com/sign-up", e.PageURL)
		}
	}
	if e.IP != "" {
		if _, err := netip.ParseAddr(e.IP); err != nil {
			return fmt.Errorf("ip is %q; it must be an IP address", e.IP)
		}
	}
	return nil
}

// normaliseText brings text, hash and language into step.
func (e *Evidence) normaliseText() error {
	e.TextSHA256 = strings.ToLower(e.TextSHA256)
	if sum, err := hex.DecodeString(e.TextSHA256); err != nil || len(sum) != 0 && len(sum) != sha256.Size {
		return fmt.Errorf("text_sha256 is %q; it must be 64 hexadecimal digits", e.TextSHA256)
	}
	if e.Text != "" {
		sum := sha256.Sum256([]byte(e.Text))
		own := hex.EncodeToString(sum[:])
		if e.TextSHA256 != "" && e.TextSHA256 != own {
			return fmt.Errorf("text_sha256 is not the SHA-256 of text, without white space around it, which is %s", own)
		}
		e.TextSHA256 = own
	}
	if e.Language != "" {
		tag, err := language.Parse(e.Language)
		if err != nil {
			return fmt.Errorf("language is %q; it must be a BCP 47 tag such as `de` or `pt-BR`", e.Language)
		}
		e.Language = tag.String()
	}
	return nil
}

// normaliseJurisdiction reads a country or a part of one.
func (e *Evidence) normaliseJurisdiction() error {
	if e.Jurisdiction == "" {
		return nil
	}
	e.Jurisdiction = strings.ToUpper(e.Jurisdiction)
	country, part, divided := strings.Cut(e.Jurisdiction, "-")
	_, err := language.ParseRegion(country)
	if err != nil || len(country) != 2 || divided && (part == "" || len(part) > 3 || strings.Trim(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "") {
		return fmt.Errorf("jurisdiction is %q; it must be a country such as `DE` (ISO 3166-1 alpha-2), or a part of one such as `US-CA`", e.Jurisdiction)
	}
	return nil
}

// text is a field that holds a text.
type text struct {
	name  Field
	value *string
}

// texts are the fields that hold a text, in the order of the documentation.
func (e *Evidence) texts() []text {
	return []text{
		{FieldReference, &e.Reference},
		{FieldText, &e.Text},
		{"text_sha256", &e.TextSHA256},
		{"text_version", &e.TextVersion},
		{"language", &e.Language},
		{FieldBusinessName, &e.BusinessName},
		{FieldFrequency, &e.Frequency},
		{FieldLegalBasis, &e.LegalBasis},
		{FieldJurisdiction, &e.Jurisdiction},
		{FieldPageURL, &e.PageURL},
		{FieldIP, &e.IP},
		{FieldUserAgent, &e.UserAgent},
		{FieldAccount, &e.Account},
		{FieldCall, &e.Call},
		{FieldKey, &e.Key},
		{FieldAgent, &e.Agent},
		{FieldProgramme, &e.Programme},
		{FieldInstructions, &e.Instructions},
		{FieldTransaction, &e.Transaction},
		{FieldMessage, &e.Message},
		{FieldAd, &e.Ad},
		{FieldCode, &e.Code},
		{FieldThirdParty, &e.ThirdParty},
		{FieldSystem, &e.System},
		{FieldDLT, &e.DLT},
	}
}

// has reports whether a field that may be demanded is there.
func (e *Evidence) has(name Field) bool {
	switch name {
	case FieldNamesChannel:
		return e.NamesChannel
	case FieldCategories:
		return len(e.Categories) > 0
	case FieldText:
		return e.TextSHA256 != ""
	}
	for _, f := range e.texts() {
		if f.name == name {
			return *f.value != ""
		}
	}
	return false
}

// Any reports whether one of the fields is there.
func (e *Evidence) Any(fields []Field) bool { return slices.ContainsFunc(fields, e.has) }

// IsZero reports that there is no evidence at all.
func (e *Evidence) IsZero() bool {
	if e == nil {
		return true
	}
	for _, f := range e.texts() {
		if *f.value != "" {
			return false
		}
	}
	return !e.NamesChannel && len(e.Categories) == 0
}
