package policy

import (
	"fmt"
	"strings"
	"testing"
)

// A phone number or user id can't reach a log or an error by being printed (A8).
func TestIdentityPrintsMasked(t *testing.T) {
	send := Send{To: []Identity{phone}, Recipient: user}
	for _, who := range []Identity{phone, user, {ParentBSUID, "US.ENT.11824466135790"}, {Group, "Y2FwaV9ncm91cDox"}, {Phone, "12345"}, {BSUID, "US.1"}, {Phone, ""}} {
		for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q"} {
			if got := fmt.Sprintf(verb, who); who.Value != "" && strings.Contains(got, who.Value) {
				t.Errorf("%s prints %s", verb, got)
			}
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if got := fmt.Sprintf(verb, send); strings.Contains(got, phone.Value) || strings.Contains(got, user.Value) {
			t.Errorf("%s prints the send as %s", verb, got)
		}
	}
	for who, want := range map[Identity]string{phone: "+12*******47", user: "US.***42", {}: "nobody", {Phone, "123456"}: "***"} {
		if got := who.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestAliasText(t *testing.T) {
	want := Alias{0xde, 0xad, 15: 0xff}
	text, err := want.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var got Alias
	if err := got.UnmarshalText(text); err != nil || got != want {
		t.Errorf("%s is read as %s (%v)", text, got, err)
	}
	for _, bad := range []string{"", "dead", strings.Repeat("g", 32), strings.Repeat("0", 34)} {
		if err := new(Alias).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is taken for a pseudonym", bad)
		}
	}
	if !(Alias{}).IsZero() || want.IsZero() {
		t.Error("IsZero is wrong")
	}
}
