package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// OpeningSchema is the layout of an opening.
const OpeningSchema = "waguard.opening/1"

// Opening is what a leaf's commitment is over: with it the leaf leads to a record.
// Without it, as after an erasure, the leaf is a number that nobody can open.
type Opening struct {
	// Schema is [OpeningSchema].
	Schema string `json:"schema"`
	// Salt, and keys and values of the parts, are in hexadecimal digits.
	Salt  string       `json:"salt"`
	Parts []OpenedPart `json:"parts"`
}

// OpenedPart is a [Part] in an opening.
type OpenedPart struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// NewOpening is the opening of a commitment made by [Commit].
func NewOpening(salt []byte, parts []Part) *Opening {
	o := &Opening{Schema: OpeningSchema, Salt: hex.EncodeToString(salt)}
	for _, p := range parts {
		o.Parts = append(o.Parts, OpenedPart{hex.EncodeToString(p.Key), hex.EncodeToString(p.Value)})
	}
	return o
}

// ParseOpening reads an opening from JSON: one object and nothing behind it.
func ParseOpening(text []byte) (*Opening, error) {
	o := new(Opening)
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(o); err != nil {
		return nil, fmt.Errorf("the opening can't be read: %w", err)
	}
	if dec.More() {
		return nil, errors.New("something follows the end of the opening")
	}
	if o.Schema != OpeningSchema {
		return nil, fmt.Errorf("the schema of the opening is %q, not %s", o.Schema, OpeningSchema)
	}
	if _, _, err := o.Open(); err != nil {
		return nil, err
	}
	return o, nil
}

// Open is the salt and the parts.
func (o *Opening) Open() (salt []byte, parts []Part, err error) {
	if salt, err = hex.DecodeString(o.Salt); err != nil || len(salt) != SaltSize {
		return nil, nil, fmt.Errorf("the salt of the opening has not %d bytes in hexadecimal digits", SaltSize)
	}
	if len(o.Parts) == 0 {
		return nil, nil, errors.New("the opening has no part")
	}
	for _, p := range o.Parts {
		key, err := hex.DecodeString(p.Key)
		if err != nil {
			return nil, nil, errors.New("a key in the opening is not in hexadecimal digits")
		}
		value, err := hex.DecodeString(p.Value)
		if err != nil {
			return nil, nil, errors.New("a value in the opening is not in hexadecimal digits")
		}
		parts = append(parts, Part{key, value})
	}
	return salt, parts, nil
}

// Committed are the bytes whose SHA-256 is the commitment: whoever has them in a file
// opens the leaf with sha256sum alone.
func (o *Opening) Committed() ([]byte, error) {
	salt, parts, err := o.Open()
	if err != nil {
		return nil, err
	}
	return committed(salt, parts), nil
}

// committed are the bytes that a commitment is the hash of.
func committed(salt []byte, parts []Part) []byte {
	b := append([]byte(commitDomain), salt...)
	for _, p := range parts {
		for _, piece := range [][]byte{p.Key, p.Value} {
			b = binary.BigEndian.AppendUint32(b, uint32(len(piece)))
			b = append(b, piece...)
		}
	}
	return b
}

// CheckOpening verifies that an opening is that of a leaf: that the leaf commits to what
// is in it.
func CheckOpening(leaf []byte, o *Opening) error {
	var l Leaf
	if err := json.Unmarshal(leaf, &l); err != nil {
		return fmt.Errorf("the leaf can't be read: %w", err)
	}
	if l.Schema != ConsentSchema {
		return fmt.Errorf("the leaf is none of a consent record: its schema is %q", l.Schema)
	}
	b, err := o.Committed()
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != l.Commitment {
		return errors.New("the leaf commits to something else than the opening has")
	}
	return nil
}
