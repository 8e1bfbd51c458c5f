package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Secret is the key that messages to an endpoint are signed with.
type Secret []byte

const (
	secretPrefix = "whsec_"
	// As Standard Webhooks has it.
	shortestSecret = 24
	longestSecret  = 64
)

// ParseSecret reads a secret as Standard Webhooks writes it. Its error says nothing of the
// secret.
func ParseSecret(s string) (Secret, error) {
	written, ok := strings.CutPrefix(strings.TrimSpace(s), secretPrefix)
	if !ok {
		return nil, errors.New("a secret begins with whsec_; make one with `printf whsec_; openssl rand -base64 32`")
	}
	key, err := base64.StdEncoding.DecodeString(written)
	switch {
	case err != nil:
		return nil, errors.New("what follows whsec_ in a secret is base64; make one with `printf whsec_; openssl rand -base64 32`")
	case len(key) < shortestSecret || len(key) > longestSecret:
		return nil, fmt.Errorf("a secret has %d to %d bytes behind whsec_, in base64, and this one has %d", shortestSecret, longestSecret, len(key))
	}
	return key, nil
}

// sign is what webhook-signature says of a message: one signature for each secret, so that
// a receiver that knows either takes it.
func sign(secrets []Secret, id string, at time.Time, body []byte) (timestamp, signature string) {
	timestamp = strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return timestamp, strings.Join(signatures, " ")
}
