package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// SignatureHeader is the header in which Meta signs webhooks. Its older
// neighbour X-Hub-Signature (SHA-1) proves nothing any more.
const SignatureHeader = "X-Hub-Signature-256"

// Reasons why a webhook's signature is not accepted.
var (
	ErrSignatureMissing   = errors.New("the webhook has no " + SignatureHeader + " header")
	ErrSignatureMalformed = errors.New("the " + SignatureHeader + " header is not sha256= and 64 lower-case hexadecimal digits")
	ErrSignatureMismatch  = errors.New("the webhook was not signed with this app's secret")
)

const signaturePrefix = "sha256="

// VerifySignature checks that one of secrets signed body, the bytes as they came
// over the wire. There are several where several apps deliver to one callback,
// and while an app's secret is being replaced. An empty secret signs nothing, so without secrets nothing is accepted. The
// time taken doesn't depend on where the signature differs.
func VerifySignature(header string, body []byte, secrets ...[]byte) error {
	signature, err := readSignature(header)
	if err != nil {
		return err
	}
	if !signed(signature, body, secrets) {
		return ErrSignatureMismatch
	}
	return nil
}

// CheckSignature is the part of [VerifySignature] that needs no body: it reports
// a header that is the signature of none.
func CheckSignature(header string) error {
	_, err := readSignature(header)
	return err
}

func readSignature(header string) ([]byte, error) {
	if header == "" {
		return nil, ErrSignatureMissing
	}
	digits, ok := strings.CutPrefix(header, signaturePrefix)
	if !ok || len(digits) != 2*sha256.Size || strings.ToLower(digits) != digits {
		return nil, ErrSignatureMalformed
	}
	signature, err := hex.DecodeString(digits)
	if err != nil {
		return nil, ErrSignatureMalformed
	}
	return signature, nil
}

// signed reports whether one of secrets signed body. All are tried.
func signed(signature, body []byte, secrets [][]byte) (valid bool) {
	for _, secret := range secrets {
		if len(secret) > 0 && hmac.Equal(signature, mac(body, secret)) {
			valid = true
		}
	}
	return valid
}

// TurnSignatureHeader is the header in which Turn.io signs the webhooks it
// delivers.
const TurnSignatureHeader = "X-Turn-Hook-Signature"

// VerifyTurnSignature is like [VerifySignature] for webhooks of Turn.io, which
// signs with HMAC-SHA256 in base64.
func VerifyTurnSignature(header string, body []byte, secrets ...[]byte) bool {
	signature, ok := readTurnSignature(header)
	return ok && signed(signature, body, secrets)
}

// IsTurnSignature is the part of [VerifyTurnSignature] that needs no body.
func IsTurnSignature(header string) bool {
	_, ok := readTurnSignature(header)
	return ok
}

func readTurnSignature(header string) ([]byte, bool) {
	signature, err := base64.StdEncoding.Strict().DecodeString(header)
	return signature, err == nil && len(header) == base64.StdEncoding.EncodedLen(sha256.Size)
}

// SignTurn is the header value with which Turn.io signs body.
func SignTurn(body, secret []byte) string {
	return base64.StdEncoding.EncodeToString(mac(body, secret))
}

// Sign is the header value with which Meta signs body.
func Sign(body, secret []byte) string {
	return signaturePrefix + hex.EncodeToString(mac(body, secret))
}

func mac(body, secret []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write(body)
	return h.Sum(nil)
}
