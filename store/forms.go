package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/waguard/waguard/policy"
)

// FormVersion names a version of an opt-in form in one language, by its digest: whatever
// changes in the form makes another version.
type FormVersion [16]byte

// String is the version in hexadecimal digits.
func (v FormVersion) String() string { return hex.EncodeToString(v[:]) }

// ParseFormVersion reads what String wrote.
func ParseFormVersion(s string) (v FormVersion, err error) {
	if n, err := hex.Decode(v[:], []byte(s)); len(s) != 2*len(v) || err != nil || n != len(v) {
		return v, errors.New("the version of a form has 32 hexadecimal digits")
	}
	return v, nil
}

// FormText is what an opt-in form says in one language, and what somebody agrees to who
// ticks its box.
type FormText struct {
	Form          string         `cbor:"1,keyasint"`
	Language      string         `cbor:"2,keyasint"`
	PhoneNumberID string         `cbor:"3,keyasint"`
	Scopes        []policy.Scope `cbor:"4,keyasint"`
	// Text is all that is shown, in the order of the form.
	Text         string   `cbor:"5,keyasint"`
	Business     string   `cbor:"6,keyasint"`
	Categories   []string `cbor:"7,keyasint"`
	Frequency    string   `cbor:"8,keyasint"`
	LegalBasis   string   `cbor:"9,keyasint,omitempty"`
	Jurisdiction string   `cbor:"10,keyasint,omitempty"`
	// Confirm is the message by which people confirm on WhatsApp; "" where they needn't.
	Confirm string `cbor:"11,keyasint,omitempty"`
}

// Version is that of the text.
func (f *FormText) Version() (v FormVersion) {
	value, err := encode(f)
	if err != nil {
		return v // of a type like this there is no error
	}
	sum := sha256.Sum256(value)
	return FormVersion(sum[:len(v)])
}

// PutForm keeps a version of a form for good, so that it can be shown what somebody saw
// who agreed.
func (s *Book) PutForm(ctx context.Context, f *FormText) error {
	key := aliasKey(formPrefix, policy.Alias(f.Version()))
	err := s.update(ctx, func(t *tx) error {
		if known, err := t.get(key); err != nil || known != nil {
			return err
		}
		return t.put(key, f, 0)
	})
	if err != nil {
		return fmt.Errorf("keeping the text of a form: %w", err)
	}
	return nil
}

// Form is a version of a form, or ErrNotFound.
func (s *Book) Form(ctx context.Context, v FormVersion) (*FormText, error) {
	var f FormText
	err := s.view(ctx, func(r *reading) (err error) {
		f, err = readRecord[FormText](r, aliasKey(formPrefix, policy.Alias(v)))
		return err
	})
	if err == nil && f.Form == "" {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading the text of a form: %w", err)
	}
	return &f, nil
}
