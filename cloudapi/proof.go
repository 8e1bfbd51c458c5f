package cloudapi

import (
	"net/http"
	"regexp"
)

// CodeTokenInvalid is Meta's error code for an access token that it doesn't take.
const CodeTokenInvalid = 190

// proofPath is a business phone number, or its media.
var proofPath = regexp.MustCompile(`^(?:/v[0-9]+\.[0-9]+)?/([0-9]+)(/media)?/?$`)

// ProvesAccess tells whether Meta answers a call with success only to whom it lets
// at a business phone number, and which: reading the number, or uploading a file
// to it. Its answer has an id; see [ReadSendAnswer] for that to a send.
func ProvesAccess(method, path string) (phoneNumberID string, ok bool) {
	m := proofPath.FindStringSubmatch(path)
	if m == nil {
		return "", false
	}
	upload := m[2] != ""
	return m[1], method == http.MethodGet && !upload || method == http.MethodPost && upload
}
