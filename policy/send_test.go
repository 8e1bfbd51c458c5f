package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestIdentities(t *testing.T) {
	for _, tc := range []struct {
		name string
		send Send
		want []Identity
	}{
		{"nobody", Send{}, nil},
		{"phone", Send{To: []Identity{phone}}, []Identity{phone}},
		{"two-readings", Send{To: []Identity{phone, otherPhone}}, []Identity{phone, otherPhone}},
		{"user", Send{Recipient: user}, []Identity{user}},
		{"readings-then-user", Send{To: []Identity{phone, otherPhone}, Recipient: user}, []Identity{phone, otherPhone, user}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.send.Identities(); !slices.Equal(got, tc.want) || tc.send.names() != len(tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
	// To may have room left that belongs to somebody else.
	to := []Identity{phone, otherPhone}
	s := Send{To: to[:1], Recipient: user}
	s.Identities()
	if to[1] != otherPhone {
		t.Errorf("Identities wrote %v over the caller's slice", to[1])
	}
}

// The ledger's JSON names what it means and nobody it is about.
func TestSendJSON(t *testing.T) {
	s := template().with(throughMarketing).with(toPhoneAndUser)
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(data), `{"edge":"marketing_messages","phone_number_id":"1","kind":"template","type":"template","template":{"name":"order_update","language":"en"}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if strings.Contains(string(data), phone.Value) {
		t.Error("the JSON holds the phone number")
	}
	var got Send
	if err := json.Unmarshal(data, &got); err != nil || got.Kind != TemplateMessage || got.Edge != EdgeMarketing {
		t.Errorf("read back as %+v (%v)", got, err)
	}
}
