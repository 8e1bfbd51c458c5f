package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Sums are those of files, one a line as sha256sum writes them, signed by the key of a
// log. Such a text can't be taken for a checkpoint: the name of a log has no space.
type Sums struct {
	// Note is the text as a signed note.
	Note []byte
	// Signature is the bare one over the text, PublicKey the key in DER: what openssl
	// takes.
	Signature, PublicKey []byte
	Verifier             string
}

// SignSums signs the sums of files under the name of a log.
func (k *Key) SignSums(origin string, text []byte) (*Sums, error) {
	if err := checkSums(text); err != nil {
		return nil, err
	}
	signed, err := k.signNote(origin, string(text))
	if err != nil {
		return nil, err
	}
	verifier, err := k.Verifier(origin)
	if err != nil {
		return nil, err
	}
	return &Sums{signed, ed25519.Sign(k.private, text), derOf(k.private.Public().(ed25519.PublicKey)), verifier}, nil
}

// OpenSums verifies sums that [Key.SignSums] has signed, and gives their text.
func OpenSums(signed []byte, verifier string) ([]byte, error) {
	text, _, err := openNote(signed, verifier, "signed sums")
	if err != nil {
		return nil, err
	}
	return []byte(text), checkSums([]byte(text))
}

// CheckSignature verifies a bare signature over a text.
func CheckSignature(text, signature []byte, verifier string) error {
	public, err := publicKey(verifier)
	if err != nil {
		return err
	}
	if len(signature) != ed25519.SignatureSize || !ed25519.Verify(public, text, signature) {
		return errors.New("the signature is not one of the key over the text")
	}
	return nil
}

// PublicKeyDER is the public key of a verifier key in DER, as openssl takes it.
func PublicKeyDER(verifier string) ([]byte, error) {
	public, err := publicKey(verifier)
	if err != nil {
		return nil, err
	}
	return derOf(public), nil
}

// VerifierFor is the same public key under the name of another tree: those of one log
// have one key.
func VerifierFor(verifier, origin string) (string, error) {
	public, err := publicKey(verifier)
	if err != nil {
		return "", err
	}
	return note.NewEd25519VerifierKey(origin, public)
}

func publicKey(verifier string) (ed25519.PublicKey, error) {
	if _, err := note.NewVerifier(verifier); err != nil {
		return nil, fmt.Errorf("reading the verifier key: %w", err)
	}
	parts := strings.SplitN(verifier, "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algorithm {
		return nil, errors.New("reading the verifier key: it is none of Ed25519")
	}
	return raw[1:], nil
}

// derOf is an Ed25519 key in DER: RFC 8410 leaves one way to write it.
func derOf(public ed25519.PublicKey) []byte {
	return append([]byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}, public...)
}

// checkSums verifies that each line is a sum and the name of a file.
func checkSums(text []byte) error {
	if len(text) == 0 || text[len(text)-1] != '\n' {
		return errors.New("the sums have no line, or the last one has no end")
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		sum, name, ok := bytes.Cut(line, []byte("  "))
		if !ok || len(sum) != 2*sha256.Size || bytes.Trim(sum, "0123456789abcdef") != nil || len(name) == 0 {
			return errors.New("a line of the sums is none as sha256sum writes them")
		}
	}
	return nil
}
