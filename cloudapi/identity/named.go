package identity

import (
	"regexp"

	"github.com/waguard/waguard/phone"
	"github.com/waguard/waguard/policy"
)

// mayName is what a text may name somebody by: a number of seven digits or more, as
// people write them, or a user id.
var mayName = regexp.MustCompile(`\+?[0-9][0-9 ()./-]{5,28}[0-9]|[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]+`)

// Named are those whom a text may name, by number or user id: some of what it takes for a
// number may be another one. It is for texts that the gateway has written or Meta, in which
// numbers have their country code.
func Named(text []byte) (who []policy.Identity) {
	for _, found := range mayName.FindAllString(string(text), -1) {
		if found[0] >= 'A' {
			if id, err := UserID(found); err == nil {
				who = append(who, id)
				if other, ok := id.OtherUserID(); ok {
					who = append(who, other)
				}
			}
			continue
		}
		if found[0] == '+' {
			if n, err := phone.Parse(found, ""); err == nil {
				who = append(who, Phone(n.Number))
			}
			continue
		}
		if id, err := WaID(found); err == nil {
			who = append(who, id)
		}
	}
	return who
}
