package identity

import (
	"strings"
	"testing"

	"github.com/waguard/waguard/policy"
)

func TestUserID(t *testing.T) {
	for s, want := range map[string]policy.IdentityKind{
		"US.40817726355190042":               policy.BSUID,
		"DE.aB9":                             policy.BSUID,
		"US.ENT.1182":                        policy.ParentBSUID,
		"DE." + strings.Repeat("1", 128):     policy.BSUID,
		"DE." + strings.Repeat("1", 129):     0,
		"DE.ENT." + strings.Repeat("1", 128): policy.ParentBSUID,
		"us.40817726355190042":               0,
		"US.ent.1182":                        0,
		"USA.123":                            0,
		"US.":                                0,
		"US.ENT.":                            0,
		"US.12 34":                           0,
		"US.12.34":                           0,
		"US.１２":                              0,
		" US.123":                            0,
		"4915112345678":                      0,
		"":                                   0,
	} {
		got, err := UserID(s)
		if got.Kind != want || (err == nil) != (want != 0) {
			t.Errorf("UserID(%q) = kind %d, %v, want kind %d", s, got.Kind, err, want)
		}
	}
	if got := Country(policy.Identity{Kind: policy.ParentBSUID, Value: "BR.ENT.1"}); got != "BR" {
		t.Errorf("country of a parent user id = %q, want BR", got)
	}
	if got := Country(policy.Identity{Kind: policy.Phone, Value: "4915112345678"}); got != "" {
		t.Errorf("country of a phone number = %q, want none", got)
	}
}

// What is read as a user id is kept as it was written, and names a country.
func FuzzUserID(f *testing.F) {
	f.Add("DE.55667788990011")
	f.Add("US.ENT.1182")
	f.Add("us.1182")
	f.Add("+4915112345678")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := UserID(s); err == nil && (id.Value != s || len(Country(id)) != 2) {
			t.Errorf("UserID(%q) = %q of country %q", s, id.Value, Country(id))
		}
	})
}
