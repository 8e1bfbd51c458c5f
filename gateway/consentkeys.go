package gateway

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/waguard/waguard/store"
)

// Programs that record consent come with keys of their own: each has a name, and may do
// what its rights say, for the business phone numbers it is for. The store keeps a hash.

// Rights of keys.
const (
	RightRead   = "read"    // what holds for a person, the history, and whether a send would pass
	RightRecord = "record"  // opt-ins, questions and their answers
	RightOptOut = "opt-out" // opt-outs
	RightErase  = "erase"   // the erasure of a person's data, with all businesses
)

// Rights are all of them.
var Rights = []string{RightRead, RightRecord, RightOptOut, RightErase}

// keyPrefix begins keys, so that one that is where it doesn't belong is recognised.
const keyPrefix = "wgc_"

// ConsentKey is a key, and whether it may do something.
type ConsentKey struct{ *store.ConsentKey }

// May reports that the key has a right.
func (k ConsentKey) May(right string) bool { return slices.Contains(k.Rights, right) }

// For reports that the key is for a business phone number.
func (k ConsentKey) For(phoneNumberID string) bool {
	return len(k.Businesses) == 0 || slices.Contains(k.Businesses, phoneNumberID)
}

// AddConsentKey makes a key. The text is what its holder shows; nobody can find it out
// later.
func (g *Gateway) AddConsentKey(ctx context.Context, k *store.ConsentKey) (text string, err error) {
	switch k.Name = strings.TrimSpace(k.Name); {
	case k.Name == "" || len(k.Name) > 100:
		return "", misasked(errors.New("name is missing or longer than 100 characters: say who gets the key, such as web-shop"))
	case len(k.Rights) == 0:
		return "", misasked(fmt.Errorf("rights is missing: one or more of %s", enumerate(Rights)))
	}
	for _, right := range k.Rights {
		if !slices.Contains(Rights, right) {
			return "", misasked(fmt.Errorf("rights has %q; there are %s", right, enumerate(Rights)))
		}
	}
	for i, id := range k.Businesses {
		if strings.Trim(id, "0123456789") != "" {
			if k.Businesses[i], err = g.businessNamed(ctx, id); err != nil {
				return "", err
			}
		}
		if _, ok := g.Businesses.Of(k.Businesses[i]); !ok {
			return "", &Problem{Kind: NotServed, Err: errors.New("this gateway does not serve one of the business phone numbers")}
		}
	}
	st, err := g.Open()
	if err != nil {
		return "", err
	}
	var secret [32]byte
	rand.Read(secret[:]) // neither ever fails
	rand.Read(k.ID[:])
	text = keyPrefix + k.ID.String() + "_" + base64.RawURLEncoding.EncodeToString(secret[:])
	k.Hash, k.Created = sha256.Sum256([]byte(text)), g.now()
	if err := st.PutConsentKey(lasting(ctx), k); err != nil {
		return "", unrecorded(err)
	}
	return text, nil
}

// ConsentKeys are all keys, by name.
func (g *Gateway) ConsentKeys(ctx context.Context) ([]*store.ConsentKey, error) {
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	return st.ConsentKeys(ctx)
}

// RevokeConsentKey takes a key back, at once and for ever.
func (g *Gateway) RevokeConsentKey(ctx context.Context, id string) (*store.ConsentKey, error) {
	named, err := store.ParseConsentKeyID(id)
	if err != nil {
		return nil, misasked(err)
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	k, err := st.ConsentKey(ctx, named)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &Problem{Kind: Unknown, Err: errors.New("there is no key of that id")}
	}
	if err != nil || k.Revoked != 0 {
		return k, err
	}
	k.Revoked = g.now()
	if err := st.PutConsentKey(lasting(ctx), k); err != nil {
		return nil, unrecorded(err)
	}
	return k, nil
}

// ConsentKeyOf is the key that somebody shows; false where it is none, or is revoked.
func (g *Gateway) ConsentKeyOf(ctx context.Context, text string) (k ConsentKey, ok bool, err error) {
	rest, isKey := strings.CutPrefix(text, keyPrefix)
	name, _, _ := strings.Cut(rest, "_")
	id, err := store.ParseConsentKeyID(name)
	if !isKey || err != nil {
		return k, false, nil
	}
	st, err := g.Open()
	if err != nil {
		return k, false, err
	}
	known, err := st.ConsentKey(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return k, false, nil
	}
	if err != nil {
		return k, false, err
	}
	hash := sha256.Sum256([]byte(text))
	good := subtle.ConstantTimeCompare(hash[:], known.Hash[:]) == 1 && known.Revoked == 0
	return ConsentKey{known}, good, nil
}
