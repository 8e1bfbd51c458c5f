package identity

import "strings"

// IsNode reports the id of an object of the Graph API, such as a business phone
// number, an account or a template: digits without a leading zero. A reader of
// numbers would drop one, and judge by another id than it sends from.
func IsNode(s string) bool {
	if s == "" || len(s) > maxNode || s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

const maxNode = 32 // digits; those seen have fewer than 20

// Language is a language code as sends write it. Meta's webhooks have been seen
// with en-US as well as en_US.
func Language(s string) string { return strings.ReplaceAll(s, "-", "_") }
