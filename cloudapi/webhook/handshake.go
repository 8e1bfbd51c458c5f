package webhook

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/url"
)

// Reasons why a verification request is not answered.
var (
	ErrHandshakeMode  = errors.New("the request does not ask to verify a webhook: hub.mode must be subscribe, and hub.challenge be there once")
	ErrHandshakeToken = errors.New("hub.verify_token is not the verify token of this webhook")
)

// maxChallenge bounds what is echoed, in bytes. Meta's challenges are numbers.
const maxChallenge = 256

// Challenge is the text that answers Meta's verification of a callback URL: a
// GET with hub.mode, hub.verify_token and hub.challenge. An empty verifyToken
// matches nothing.
func Challenge(query url.Values, verifyToken string) (string, error) {
	mode, token, challenge := query["hub.mode"], query["hub.verify_token"], query["hub.challenge"]
	if len(mode) != 1 || mode[0] != "subscribe" || len(challenge) != 1 || !plain(challenge[0]) {
		return "", ErrHandshakeMode
	}
	if len(token) != 1 || verifyToken == "" || !SameSecret(token[0], verifyToken) {
		return "", ErrHandshakeToken
	}
	return challenge[0], nil
}

// SameSecret compares two secrets in a time that tells neither the place of a difference nor
// the length.
func SameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// plain reports whether a challenge can be echoed without anybody taking it for
// markup.
func plain(s string) bool {
	if s == "" || len(s) > maxChallenge {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-', c == '_', c == '.', c == '=', c == '+', c == '/':
		default:
			return false
		}
	}
	return true
}
