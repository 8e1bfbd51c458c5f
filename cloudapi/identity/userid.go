package identity

import (
	"errors"
	"fmt"

	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
)

var (
	errUserID  = errors.New("a user id is a country in two capital letters, a dot and up to 128 letters and digits, or the same with ENT. before the letters and digits")
	errGroupID = errors.New("a group id is 1 to 512 printable ASCII characters without spaces")
)

// BSUID reads a business-scoped user id such as US.40817726355190042 from a
// field that holds one.
func BSUID(s string) (policy.Identity, error) { return readUserID(policy.BSUID, s) }

// ParentBSUID reads a parent BSUID such as US.ENT.1182 from a field that
// holds one. Not all of them have the ENT.
func ParentBSUID(s string) (policy.Identity, error) { return readUserID(policy.ParentBSUID, s) }

// UserID reads a user id from a place that takes both kinds and doesn't say
// which, as the recipient of a send. Only there the spelling must tell, as far as
// it does; [policy.Identity.OtherUserID] is what the same spelling can be as well.
func UserID(s string) (policy.Identity, error) {
	if len(s) > 7 && s[2:7] == ".ENT." {
		return ParentBSUID(s)
	}
	return BSUID(s)
}

// readUserID reads a user id of a kind. Meta writes the country in capitals;
// other spellings are refused rather than guessed, since nobody has documented
// that they name the same person.
func readUserID(kind policy.IdentityKind, s string) (policy.Identity, error) {
	if len(s) < 4 || !isUpper(s[0]) || !isUpper(s[1]) || s[2] != '.' {
		return policy.Identity{}, errUserID
	}
	rest := s[3:]
	if len(rest) > 4 && rest[:4] == "ENT." {
		rest = rest[4:]
	}
	if len(rest) > maxUserID {
		return policy.Identity{}, errUserID
	}
	for i := range len(rest) {
		if c := rest[i]; !isUpper(c) && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') {
			return policy.Identity{}, fmt.Errorf("it holds %s, and %w", phone.CharacterName(rest[i:]), errUserID)
		}
	}
	return policy.Identity{Kind: kind, Value: s}, nil
}

const maxUserID = 128 // characters after the country

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

// Group reads the id of a WhatsApp group. Meta documents no format; the
// ids look like Base64, and case matters.
func Group(s string) (policy.Identity, error) {
	if s == "" || len(s) > maxGroupID {
		return policy.Identity{}, errGroupID
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return policy.Identity{}, fmt.Errorf("it holds %s, and %w", phone.CharacterName(s[i:]), errGroupID)
		}
	}
	return policy.Identity{Kind: policy.Group, Value: s}, nil
}

const maxGroupID = 512 // characters; those seen have fewer than 100

// Country is the ISO country that a user id begins with, "" for other
// identities. For people known by user id alone it is all there is to estimate a
// price by.
func Country(id policy.Identity) string {
	if (id.Kind != policy.BSUID && id.Kind != policy.ParentBSUID) || len(id.Value) < 2 {
		return ""
	}
	return id.Value[:2]
}
