package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/policy"
)

// ConsentKeyID names an API key for consent.
type ConsentKeyID [8]byte

// String is the id in hexadecimal digits.
func (id ConsentKeyID) String() string { return hex.EncodeToString(id[:]) }

// ParseConsentKeyID reads what String wrote.
func ParseConsentKeyID(s string) (id ConsentKeyID, err error) {
	if n, err := hex.Decode(id[:], []byte(s)); len(s) != 2*len(id) || err != nil || n != len(id) {
		return id, errors.New("the id of a key has 16 hexadecimal digits")
	}
	return id, nil
}

// ConsentKey is an API key for consent, without what proves it.
type ConsentKey struct {
	ID ConsentKeyID `cbor:"1,keyasint"`
	// Name is who has it.
	Name string `cbor:"2,keyasint"`
	// Hash is the SHA-256 of the key, which is as random as that.
	Hash [32]byte `cbor:"3,keyasint"`
	// Rights are words of the gateway's.
	Rights []string `cbor:"4,keyasint"`
	// Businesses are the ids of business phone numbers it is for; none for all.
	Businesses []string      `cbor:"5,keyasint,omitempty"`
	Created    policy.Moment `cbor:"6,keyasint"`
	Actor      string        `cbor:"7,keyasint,omitempty"`
	// Revoked is when it was taken back; zero where it is good.
	Revoked policy.Moment `cbor:"8,keyasint,omitempty"`
}

func consentKeyKey(id ConsentKeyID) []byte { return append([]byte{consentKeyPrefix}, id[:]...) }

// PutConsentKey makes a key, or changes one.
func (s *Book) PutConsentKey(ctx context.Context, k *ConsentKey) error {
	err := s.update(ctx, func(t *tx) error { return t.put(consentKeyKey(k.ID), k, 0) })
	if err != nil {
		return fmt.Errorf("recording the key %s: %w", k.ID, err)
	}
	return nil
}

// ConsentKey is the key of that id, or ErrNotFound.
func (s *Book) ConsentKey(ctx context.Context, id ConsentKeyID) (*ConsentKey, error) {
	var k ConsentKey
	err := s.view(ctx, func(r *reading) (err error) {
		k, err = readRecord[ConsentKey](r, consentKeyKey(id))
		return err
	})
	if err == nil && k.Created == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key %s: %w", id, err)
	}
	return &k, nil
}

// ConsentKeys are all keys, by name.
func (s *Book) ConsentKeys(ctx context.Context) (keys []*ConsentKey, err error) {
	err = s.view(ctx, func(r *reading) error {
		return r.Scan([]byte{consentKeyPrefix}, func(_, value []byte) (bool, error) {
			k := new(ConsentKey)
			keys = append(keys, k)
			return false, decode(value, k)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading the keys: %w", err)
	}
	slices.SortFunc(keys, func(a, b *ConsentKey) int {
		if d := strings.Compare(a.Name, b.Name); d != 0 {
			return d
		}
		return int(a.Created - b.Created)
	})
	return keys, nil
}

// Remembered is an answer that is given again to who asks for the same again.
type Remembered struct {
	// Digest is that of the request.
	Digest [32]byte `cbor:"1,keyasint"`
	Status int      `cbor:"2,keyasint"`
	Answer []byte   `cbor:"3,keyasint"`
	// Names are of those whom the request names, so that it can be forgotten with them.
	Names []policy.Alias `cbor:"4,keyasint,omitempty"`
}

// Remember keeps an answer for a time, under a name that [Book.AttemptPseudonym] made.
func (s *Book) Remember(ctx context.Context, name policy.Alias, r *Remembered, keep time.Duration) error {
	err := s.update(ctx, func(t *tx) error { return t.put(aliasKey(rememberedPrefix, name), r, keep) })
	if err != nil {
		return fmt.Errorf("keeping an answer: %w", err)
	}
	return nil
}

// Remembered is the answer under that name; nil for none.
func (s *Book) Remembered(ctx context.Context, name policy.Alias) (*Remembered, error) {
	var known Remembered
	err := s.view(ctx, func(r *reading) (err error) {
		known, err = readRecord[Remembered](r, aliasKey(rememberedPrefix, name))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading an answer: %w", err)
	}
	if known.Status == 0 {
		return nil, nil
	}
	return &known, nil
}
