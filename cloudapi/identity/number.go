package identity

import (
	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
)

// Phone is the identity of whoever has a phone number.
func Phone(n phone.Number) policy.Identity {
	return policy.Identity{Kind: policy.Phone, Value: string(n)}
}

// Phones are the identities of whom a written phone number can mean, the likelier
// first.
func Phones(r phone.Reading) []policy.Identity { return AppendPhones(nil, r) }

// AppendPhones appends the [Phones] to dst.
func AppendPhones(dst []policy.Identity, r phone.Reading) []policy.Identity {
	dst = append(dst, Phone(r.Number))
	if r.Second != "" {
		dst = append(dst, Phone(r.Second))
	}
	return dst
}

// WaID reads a phone number as webhooks and answers write it.
func WaID(s string) (policy.Identity, error) {
	n, err := phone.ParseWaID(s)
	if err != nil {
		return policy.Identity{}, err
	}
	return Phone(n), nil
}

// Former is the identity under which a person was known before the keys of
// numbers became what they are, and whether it is another one; see
// [phone.Number.Former].
func Former(who policy.Identity) (policy.Identity, bool) {
	if who.Kind != policy.Phone {
		return policy.Identity{}, false
	}
	n, changed := phone.Number(who.Value).Former()
	if !changed {
		return policy.Identity{}, false
	}
	return Phone(n), true
}
