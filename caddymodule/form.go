package caddymodule

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"golang.org/x/text/language"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// ConsentForm is an opt-in form that anybody may fill in: as a page of the gateway's, and
// as a widget in pages of the configured origins.
type ConsentForm struct {
	// The form's name in addresses: small letters, digits and hyphens. Required.
	ID string `json:"id"`

	// The business phone number that people agree to hear from. Its business block needs
	// a name, which the form shows, and, unless confirm is off, a number. Required.
	PhoneNumberID string `json:"phone_number_id,omitempty"`

	// What people agree to: marketing, transactional, authentication or all. Required.
	Scope string `json:"scope,omitempty"`

	// The ground for the messages.
	// Default: `consent`.
	LegalBasis string `json:"legal_basis,omitempty"`

	// The country whose law people agree under, or a part of one.
	Jurisdiction string `json:"jurisdiction,omitempty"`

	// How people show that the number is theirs: `whatsapp`, by a message from it, or
	// `off`, where the operator has made sure of that otherwise.
	// Default: `whatsapp`.
	Confirm string `json:"confirm,omitempty"`

	// What the number field begins with, such as `+49`.
	CountryCode string `json:"country_code,omitempty"`

	// What the form says, in each language. The first is for those who read none of them.
	// Required.
	Texts []*ConsentFormText `json:"texts,omitempty"`

	scopes []policy.Scope
	// number is the business's own in digits, for links to it.
	number string
}

// ConsentFormText is what a form says in one language.
type ConsentFormText struct {
	// The language as a BCP 47 tag, such as `de` or `pt-BR`. Required.
	Language string `json:"language"`

	// The address of the privacy policy. Required.
	Privacy string `json:"privacy,omitempty"`

	// The kinds of messages people will get. Required.
	Categories []string `json:"categories,omitempty"`

	// How often they will get them. Required.
	Frequency string `json:"frequency,omitempty"`

	// Words in place of the built-in ones, or for a language that has none.
	Words map[string]string `json:"words,omitempty"`

	words map[string]string
	shown *store.FormText
}

const (
	confirmOnWhatsApp = "whatsapp"
	confirmOff        = "off"
)

var chooseFormConfirm = choice{"confirm", []string{confirmOnWhatsApp, confirmOff}, confirmOnWhatsApp}

var formID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

func (h *ConsentAPI) parseForm(d *caddyfile.Dispenser) error {
	f := new(ConsentForm)
	if !d.AllArgs(&f.ID) {
		return d.ArgErr()
	}
	at := *d
	if !formID.MatchString(f.ID) {
		return d.Errf("form is named %q; a form's name has small letters, digits and hyphens, such as newsletter", f.ID)
	}
	if slices.ContainsFunc(h.Forms, func(other *ConsentForm) bool { return other.ID == f.ID }) {
		return d.Errf("form %s is given twice", f.ID)
	}
	h.Forms = append(h.Forms, f)
	if err := parseBlock(d, map[string]parser{
		"phone_number_id": stringInto(&f.PhoneNumberID),
		"scope":           stringInto(&f.Scope),
		"legal_basis":     stringInto(&f.LegalBasis),
		"jurisdiction":    stringInto(&f.Jurisdiction),
		"confirm":         chooseFormConfirm.into(&f.Confirm),
		"country_code":    stringInto(&f.CountryCode),
		"text":            f.parseText,
	}, "text"); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return at.Errf("form %s: %v", f.ID, err)
	}
	return nil
}

func (f *ConsentForm) parseText(d *caddyfile.Dispenser) error {
	t := &ConsentFormText{Words: make(map[string]string)}
	if !d.AllArgs(&t.Language) {
		return d.ArgErr()
	}
	at := *d
	f.Texts = append(f.Texts, t)
	err := parseBlock(d, map[string]parser{
		"privacy":    stringInto(&t.Privacy),
		"categories": listInto(&t.Categories),
		"frequency":  stringInto(&t.Frequency),
		"word": func(d *caddyfile.Dispenser) error {
			var name, text string
			if !d.AllArgs(&name, &text) {
				return d.ArgErr()
			}
			if t.Words[name] != "" {
				return d.Errf("word %s is given twice", name)
			}
			t.Words[name] = text
			return nil
		},
	}, "word")
	if err != nil {
		return err
	}
	if err := t.check(); err != nil {
		return at.Errf("text %s: %v", t.Language, err)
	}
	return nil
}

// check reports values that make no sense in whatever configuration.
func (f *ConsentForm) check() error {
	if f.Scope != "" {
		if _, ok := policy.ParseScope(f.Scope); !ok {
			return fmt.Errorf("scope is %q; it must be marketing, transactional, authentication or all", f.Scope)
		}
	}
	if f.PhoneNumberID != "" && !isDigits(f.PhoneNumberID) {
		return fmt.Errorf("phone_number_id is %q; it must be the id of a business phone number at Meta, which has digits alone", f.PhoneNumberID)
	}
	if err := chooseFormConfirm.check(f.Confirm); err != nil {
		return err
	}
	if f.CountryCode != "" && (!strings.HasPrefix(f.CountryCode, "+") || len(f.CountryCode) > 8 || !isDigits(f.CountryCode[1:])) {
		return fmt.Errorf("country_code is %q; it must be a plus and a calling code, such as +49", f.CountryCode)
	}
	e := consent.Evidence{LegalBasis: f.LegalBasis, Jurisdiction: f.Jurisdiction}
	if err := e.Normalise(); err != nil {
		return err
	}
	languages := make(map[string]bool)
	for _, t := range f.Texts {
		if languages[t.Language] {
			return fmt.Errorf("text %s is given twice", t.Language)
		}
		languages[t.Language] = true
	}
	return nil
}

// placeholders of words.
var formPlaceholder = regexp.MustCompile(`\{[^{}]*\}`)

func (t *ConsentFormText) check() error {
	tag, err := language.Parse(t.Language)
	if err != nil || t.Language == "" {
		return fmt.Errorf("the language %q is none; write a BCP 47 tag such as de or pt-BR", t.Language)
	}
	t.Language = tag.String()
	if t.Privacy != "" {
		if u, err := url.Parse(t.Privacy); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return fmt.Errorf("privacy is %q; it must be the address of a page, such as https://www.example.com/privacy", t.Privacy)
		}
	}
	for name, text := range t.Words {
		if _, known := formWords["en"][name]; !known {
			return fmt.Errorf("there is no word %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(formWords["en"])), ", "))
		}
		if strings.TrimSpace(text) == "" || len(text) > consent.LongestField {
			return fmt.Errorf("word %s must have 1 to %d bytes", name, consent.LongestField)
		}
		for _, p := range formPlaceholder.FindAllString(text, -1) {
			if p != "{business}" && p != "{categories}" && p != "{frequency}" {
				return fmt.Errorf("word %s has %s; there are {business}, {categories} and {frequency}", name, p)
			}
		}
	}
	return nil
}

// provision finds out what the form says.
func (f *ConsentForm) provision(app *App) error {
	if err := f.check(); err != nil {
		return err
	}
	if !formID.MatchString(f.ID) {
		return errors.New("a form's name has small letters, digits and hyphens")
	}
	scopes, ok := policy.ParseScope(f.Scope)
	switch {
	case f.PhoneNumberID == "":
		return errors.New("phone_number_id is missing: the business phone number that people agree to hear from")
	case !ok:
		return errors.New("scope is missing: what people agree to, such as marketing")
	case len(f.Texts) == 0:
		return errors.New("it has no text: add `text <language> { … }`")
	}
	f.scopes = scopes
	if f.Confirm == "" {
		f.Confirm = confirmOnWhatsApp
	}
	if f.LegalBasis == "" {
		f.LegalBasis = "consent"
	}
	b, served := app.gateway.Businesses.Of(f.PhoneNumberID)
	switch {
	case !served:
		return fmt.Errorf("phone_number_id %s is not served: there is no business block for it", f.PhoneNumberID)
	case b.Name == "":
		return fmt.Errorf("the business %s has no name, and a form must name it: add `name` to its business block", f.PhoneNumberID)
	case f.Confirm == confirmOff && b.ConfirmOptIns:
		return errors.New("confirm is off, but opt_in_confirmation is required for this business")
	}
	f.number = b.Number
	if f.Confirm == confirmOnWhatsApp && f.number == "" {
		return fmt.Errorf("people confirm by a message to the business, and the business %s has no number: add `number` to its business block", f.PhoneNumberID)
	}
	for _, t := range f.Texts {
		if err := t.provision(f, b.Name, app.words); err != nil {
			return fmt.Errorf("text %s: %w", t.Language, err)
		}
		if lacks := b.FormLacks(t.shown); len(lacks) > 0 {
			return fmt.Errorf("text %s: with opt_in_evidence strict its opt-ins would not be valid: %s", t.Language, lacks[0].Detail)
		}
	}
	return nil
}

// provision writes all the words of the text, and the text as evidence has it.
func (t *ConsentFormText) provision(f *ConsentForm, business string, words *policy.Words) error {
	if err := t.check(); err != nil {
		return err
	}
	switch {
	case t.Privacy == "":
		return errors.New("privacy is missing: the address of the privacy policy")
	case len(t.Categories) == 0:
		return errors.New("categories is missing: the kinds of messages people will get, such as offers")
	case t.Frequency == "":
		return errors.New("frequency is missing: how often people will get messages, such as \"At most two a month\"")
	}
	tag := language.Make(t.Language)
	base, _ := tag.Base()
	spoken := formWords[base.String()]
	fill := strings.NewReplacer("{business}", business, "{categories}", strings.Join(t.Categories, ", "), "{frequency}", t.Frequency)
	t.words = make(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(formWords["en"])) {
		text := t.Words[name]
		if text == "" {
			text = spoken[name]
		}
		if text == "" {
			return fmt.Errorf("there are no built-in words in this language: give `word %s \"…\"`, and each of %s", name, strings.Join(slices.Sorted(maps.Keys(formWords["en"])), ", "))
		}
		if name == "agree" {
			for _, needed := range []string{"{business}", "{categories}", "{frequency}", "WhatsApp"} {
				if !strings.Contains(text, needed) {
					return fmt.Errorf("word agree lacks %s: people must be told who writes, what, how often, and that it is on WhatsApp", needed)
				}
			}
		}
		t.words[name] = fill.Replace(text)
	}
	t.shown = &store.FormText{
		Form: f.ID, Language: t.Language, PhoneNumberID: f.PhoneNumberID, Scopes: f.scopes,
		Text: strings.Join([]string{
			t.words["title"], t.words["number"] + " (" + t.words["help"] + ")", "[ ] " + t.words["agree"], t.words["privacy"] + ": " + t.Privacy, "[" + t.words["button"] + "]",
		}, "\n"),
		Business: business, Categories: t.Categories, Frequency: t.Frequency, LegalBasis: f.LegalBasis, Jurisdiction: f.Jurisdiction,
	}
	if f.Confirm == confirmOnWhatsApp {
		t.shown.Confirm = t.words["confirm"]
		if words.Message(t.shown.Confirm).OptOut() {
			return fmt.Errorf("word confirm, %q, reads like an opt-out; write another", t.shown.Confirm)
		}
	}
	return nil
}
