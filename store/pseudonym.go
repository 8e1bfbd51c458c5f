package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"strings"
	"sync"

	"github.com/waguard/waguard/policy"
)

// Domains keep the pseudonyms of different kinds of names apart. Those of
// identities are their policy.IdentityKind.
const (
	wamidDomain   = 'w'
	opaqueDomain  = 'o'
	tokenDomain   = 't'
	digitsDomain  = 'd'
	attemptDomain = 'a'
	callerDomain  = 'c'
)

// pseudonyms makes keyed pseudonyms: the first 16 bytes of HMAC-SHA256 over a
// domain byte and the name.
type pseudonyms struct {
	// hashers holds *hasher: keyed states are costly to make.
	hashers sync.Pool
}

type hasher struct {
	mac hash.Hash
	buf []byte
}

func newPseudonyms(key []byte) *pseudonyms {
	return &pseudonyms{sync.Pool{New: func() any { return &hasher{mac: hmac.New(sha256.New, key)} }}}
}

func (p *pseudonyms) of(domain byte, parts ...string) (a policy.Alias) {
	h := p.hashers.Get().(*hasher)
	defer p.hashers.Put(h)
	h.buf = append(h.buf[:0], domain)
	for i, part := range parts {
		if i > 0 {
			h.buf = append(h.buf, 0)
		}
		h.buf = append(h.buf, part...)
	}
	h.mac.Reset()
	h.mac.Write(h.buf)
	h.buf = h.mac.Sum(h.buf[:0])
	copy(a[:], h.buf)
	return a
}

// Pseudonym is the name under which the store knows an identity.
func (s *Book) Pseudonym(who policy.Identity) policy.Alias {
	if who.Kind == policy.Pseudonymous {
		var a policy.Alias
		if a.UnmarshalText([]byte(who.Value)) == nil {
			return a
		}
	}
	return s.names.of(byte(who.Kind), who.Value)
}

// OpaquePseudonym is the name under which the store knows the
// biz_opaque_callback_data of a send from a business phone number.
func (s *Book) OpaquePseudonym(phoneNumberID, opaque string) policy.Alias {
	return s.names.of(opaqueDomain, phoneNumberID, opaque)
}

// fingerprintDigits is how long a fingerprint is: enough for the few tokens of a
// company.
const fingerprintDigits = 10

// Fingerprint tells access tokens apart without revealing them.
func (s *Book) Fingerprint(token string) string {
	if token == "" {
		return ""
	}
	return s.names.of(tokenDomain, token).String()[:fingerprintDigits]
}

// AttemptPseudonym is the name under which the store knows an idempotency key,
// or a request that came with one.
func (s *Book) AttemptPseudonym(parts ...string) policy.Alias {
	return s.names.of(attemptDomain, parts...)
}

// wamidPseudonym is the name under which the store knows a message of a business
// phone number.
func (s *Book) wamidPseudonym(phoneNumberID, wamid string) policy.Alias {
	return s.names.of(wamidDomain, phoneNumberID, wamid)
}

// MessagePseudonym is the name under which the store knows a message of a business phone
// number.
func (s *Book) MessagePseudonym(phoneNumberID, wamid string) policy.Alias {
	return s.wamidPseudonym(phoneNumberID, wamid)
}

// digitsPseudonym is the name under which the store knows the digits of a number
// that was written without plus sign, to a send from a business phone number.
func (s *Book) digitsPseudonym(phoneNumberID, digits string) policy.Alias {
	return s.names.of(digitsDomain, phoneNumberID, digits)
}

// evidence is ref as it may be kept: a wamid contains the person's number.
func (s *Book) evidence(phoneNumberID, ref string) string {
	if strings.HasPrefix(ref, "wamid.") {
		return s.wamidPseudonym(phoneNumberID, ref).String()
	}
	return ref
}

// aliases are the pseudonyms of the identities that are any, sorted and each
// once, so that the order in which a webhook names them makes no difference.
func (s *Book) aliases(who []policy.Identity) []policy.Alias {
	var names []policy.Alias
	for _, i := range who {
		if !i.IsZero() {
			names = append(names, s.Pseudonym(i))
		}
	}
	return policy.SortAliases(names)
}
