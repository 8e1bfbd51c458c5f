package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// Checkpoint is a tree somebody has signed.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   Hash
}

// text is what is signed.
func (c *Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// CheckOrigin says why a name can't be that of a log.
func CheckOrigin(origin string) error {
	switch {
	case origin == "":
		return errors.New("the name of a log must not be empty")
	case len(origin) > 200:
		return errors.New("the name of a log has 200 bytes at most")
	case !utf8.ValidString(origin), strings.ContainsFunc(origin, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '+' }):
		return errors.New("the name of a log has no space, no plus sign and no control character")
	}
	return nil
}

// OriginOf is the name of an epoch's tree.
func OriginOf(origin string, epoch uint32) string {
	if epoch <= 1 {
		return origin
	}
	return origin + "/" + strconv.FormatUint(uint64(epoch), 10)
}

// algorithm is that of Ed25519 in signed notes.
const algorithm = 1

// Key signs checkpoints, under the name of each tree.
type Key struct{ private ed25519.PrivateKey }

// SeedSize is how many random bytes make a key.
const SeedSize = ed25519.SeedSize

// NewKey is the key of a seed.
func NewKey(seed []byte) (*Key, error) {
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("the seed of the log's key has %d bytes, not %d", len(seed), SeedSize)
	}
	return &Key{ed25519.NewKeyFromSeed(seed)}, nil
}

// Verifier is the public key, as verifiers of notes take it.
func (k *Key) Verifier(origin string) (string, error) {
	return note.NewEd25519VerifierKey(origin, k.private.Public().(ed25519.PublicKey))
}

// signer is the key under a name, for package note.
type signer struct {
	name    string
	hash    uint32
	private ed25519.PrivateKey
}

func (s *signer) Name() string                    { return s.name }
func (s *signer) KeyHash() uint32                 { return s.hash }
func (s *signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.private, msg), nil }

// Sign signs a checkpoint. Whoever calls it makes sure that what was signed before for
// this origin is continued.
func (k *Key) Sign(c Checkpoint) ([]byte, error) {
	return k.signNote(c.Origin, c.text())
}

// signNote signs a text under the name of a log.
func (k *Key) signNote(origin, text string) ([]byte, error) {
	public := append([]byte{algorithm}, k.private.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(origin+"\n"), public...))
	return note.Sign(&note.Note{Text: text}, &signer{origin, binary.BigEndian.Uint32(sum[:]), k.private})
}

// openNote verifies a signed text, which what names in an error, and gives it with the name
// of the log whose key it is.
func openNote(signed []byte, verifier, what string) (text, origin string, err error) {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return "", "", fmt.Errorf("reading the verifier key: %w", err)
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return "", "", fmt.Errorf("the %s: %w", what, err)
	}
	return n.Text, v.Name(), nil
}

// Open verifies a signed checkpoint.
func Open(signed []byte, verifier string) (*Checkpoint, error) {
	text, origin, err := openNote(signed, verifier, "checkpoint")
	if err != nil {
		return nil, err
	}
	c, err := parse(text)
	if err != nil {
		return nil, err
	}
	if c.Origin != origin {
		return nil, fmt.Errorf("the checkpoint is of %q, and the key of %q", c.Origin, origin)
	}
	return c, nil
}

// OriginIn is the origin a checkpoint names, signed or not.
func OriginIn(signed []byte) string {
	origin, _, _ := strings.Cut(string(signed), "\n")
	return origin
}

// parse reads the text of a checkpoint. It takes one spelling of each alone.
func parse(text string) (*Checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) != 4 {
		return nil, errors.New("the checkpoint has too few lines")
	}
	size, err := strconv.ParseUint(lines[1], 10, 62)
	if err != nil {
		return nil, errors.New("the checkpoint's second line is no size")
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != len(Hash{}) {
		return nil, errors.New("the checkpoint's third line is no hash")
	}
	c := &Checkpoint{lines[0], size, Hash(root)}
	if !strings.HasPrefix(text, c.text()) {
		return nil, errors.New("the checkpoint is not written as checkpoints are")
	}
	return c, nil
}
