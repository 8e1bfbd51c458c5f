package policy

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// IdentityKind says what an [Identity] is made of.
type IdentityKind uint8

const (
	// Phone is a phone number: country code and national number in digits, in
	// the canonical form of its equivalence class.
	Phone IdentityKind = iota + 1
	// BSUID is a business-scoped user id such as US.1349…, valid for one
	// business portfolio.
	BSUID
	// ParentBSUID is a user id shared by several enrolled portfolios, such as
	// US.ENT.1182….
	ParentBSUID
	// Group is a WhatsApp group id.
	Group
	// Pseudonymous is the [Alias] of an identity, where nothing else is known of it, as
	// in an export.
	Pseudonymous
)

// Identity is one name under which WhatsApp knows a person (or a group). The
// same person usually has several.
//
// Identity prints masked, so that it can't reach a log or an error in clear by
// accident; use Value where the clear form is meant.
type Identity struct {
	Kind  IdentityKind
	Value string
}

// IsZero reports that i names nobody.
func (i Identity) IsZero() bool { return i.Kind == 0 }

// OtherUserID is the user id of the other kind with the same spelling, where i is
// a user id. It is another name, perhaps of somebody else: where a text doesn't
// say which kind it is, both may be meant.
func (i Identity) OtherUserID() (Identity, bool) {
	switch i.Kind {
	case BSUID:
		return Identity{ParentBSUID, i.Value}, true
	case ParentBSUID:
		return Identity{BSUID, i.Value}, true
	}
	return Identity{}, false
}

// String masks i: the country and the last two characters stay.
func (i Identity) String() string {
	switch {
	case i.IsZero():
		return "nobody"
	case i.Kind == Phone && len(i.Value) > 6:
		return "+" + i.Value[:2] + strings.Repeat("*", len(i.Value)-4) + i.Value[len(i.Value)-2:]
	case i.Kind != Phone && len(i.Value) > 8:
		return i.Value[:3] + "***" + i.Value[len(i.Value)-2:]
	}
	return "***"
}

// GoString masks i for %#v as well.
func (i Identity) GoString() string { return fmt.Sprintf("policy.Identity(%s)", i) }

// Alias is the keyed pseudonym of an [Identity]: what records and logs hold in
// place of a phone number. Only the store that made it can relate the two.
type Alias [16]byte

// IsZero reports that a is no pseudonym.
func (a Alias) IsZero() bool { return a == Alias{} }

// String is a in lower-case hexadecimal.
func (a Alias) String() string { return hex.EncodeToString(a[:]) }

// Identity names whoever a is the pseudonym of.
func (a Alias) Identity() Identity { return Identity{Pseudonymous, a.String()} }

// MarshalText writes a as String does.
func (a Alias) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (a *Alias) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(a) {
		return fmt.Errorf("a contact pseudonym has %d hexadecimal digits, not %d", 2*len(a), len(text))
	}
	_, err := hex.Decode(a[:], text)
	return err
}

// ContactID is the pseudonym under which a person appears in logs, the ledger
// and reports: the smallest [Alias] of the person's identities. It can become
// smaller when two identities turn out to be one person; the older value stays
// a valid name of the same person.
type ContactID = Alias
