// Package sealing encrypts backups to the recipients of age, and opens them again. What
// is sealed is compressed first; so age and zstd can open it, too.
package sealing

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"filippo.io/age/plugin"
	"github.com/klauspost/compress/zstd"
)

// Recipients reads recipients as they are given one by one, and those in files, one a
// line. Plugins, which are programs of their own, are run when something is sealed.
func Recipients(single, files []string, ui *plugin.ClientUI) (all []age.Recipient, err error) {
	add := func(s, where string) error {
		r, err := recipient(s, ui)
		if err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
		all = append(all, r)
		return nil
	}
	for _, s := range single {
		if err := add(s, "--recipient"); err != nil {
			return nil, err
		}
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the recipients: %w", err)
		}
		before, line := len(all), 0
		for text := range strings.Lines(string(content)) {
			line++
			if text = strings.TrimSpace(text); text == "" || strings.HasPrefix(text, "#") {
				continue
			}
			if err := add(text, fmt.Sprintf("%s, line %d", name, line)); err != nil {
				return nil, err
			}
		}
		if len(all) == before {
			return nil, fmt.Errorf("there is no recipient in %s: write one a line, as age-keygen -y prints it", name)
		}
	}
	if hybrid, classic := kinds(all); hybrid && classic {
		return nil, errors.New("recipients that withstand quantum computers (age1pq1...) can't be mixed with others: whoever breaks the others reads it all the same; use recipients of one kind")
	}
	return all, nil
}

// recipient reads one.
func recipient(s string, ui *plugin.ClientUI) (age.Recipient, error) {
	switch {
	case strings.HasPrefix(s, "AGE-SECRET-KEY-"), strings.HasPrefix(s, "AGE-PLUGIN-"):
		return nil, errors.New("that is an identity, which decrypts: keep it away from this machine, and name the recipient that age-keygen -y prints for it") // it isn't quoted
	case strings.HasPrefix(s, "age1pq1"):
		return age.ParseHybridRecipient(s)
	case strings.HasPrefix(s, "age1") && strings.Count(s, "1") == 1:
		r, err := age.ParseX25519Recipient(s)
		if err != nil {
			return nil, fmt.Errorf("%q is no recipient of age: %w", s, err)
		}
		return r, nil
	case strings.HasPrefix(s, "age1"):
		r, err := plugin.NewRecipient(s, ui)
		if err != nil {
			return nil, fmt.Errorf("%q is no recipient of age: %w", s, err)
		}
		return r, nil
	case strings.HasPrefix(s, "ssh-"):
		r, err := agessh.ParseRecipient(s)
		if err != nil {
			return nil, fmt.Errorf("%q is no public key of ssh that age can encrypt to: %w", s, err)
		}
		return r, nil
	}
	return nil, fmt.Errorf("%q is no recipient of age: it begins with age1, as age-keygen prints it, or is a public key of ssh", s)
}

func kinds(all []age.Recipient) (hybrid, classic bool) {
	for _, r := range all {
		if _, ok := r.(*age.HybridRecipient); ok {
			hybrid = true
		} else if _, ok := r.(*plugin.Recipient); !ok { // which says itself what it is
			classic = true
		}
	}
	return hybrid, classic
}

// Identities reads files of identities, as age-keygen writes them or private keys of
// ssh without a passphrase.
func Identities(files []string, ui *plugin.ClientUI) (all []age.Identity, err error) {
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the identity: %w", err)
		}
		found, err := identities(content, ui)
		if err != nil {
			return nil, fmt.Errorf("the identity file %s: %w", name, err) // nothing of it is quoted
		}
		all = append(all, found...)
	}
	return all, nil
}

func identities(content []byte, ui *plugin.ClientUI) (all []age.Identity, err error) {
	if bytes.Contains(content, []byte("-----BEGIN")) && bytes.Contains(content, []byte("PRIVATE KEY-----")) {
		i, err := agessh.ParseIdentity(content)
		if err != nil {
			return nil, errors.New("the private key of ssh can't be used: it must have no passphrase, and be an Ed25519 or RSA key")
		}
		return []age.Identity{i}, nil
	}
	line := 0
	for text := range strings.Lines(string(content)) {
		line++
		if text = strings.TrimSpace(text); text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if strings.HasPrefix(text, "age1") || strings.HasPrefix(text, "ssh-") {
			return nil, fmt.Errorf("line %d is a recipient, which only encrypts: name the file with the identity (AGE-SECRET-KEY-1...)", line)
		}
		if strings.HasPrefix(text, "AGE-PLUGIN-") {
			i, err := plugin.NewIdentity(text, ui)
			if err != nil {
				return nil, fmt.Errorf("line %d is no identity of age", line)
			}
			all = append(all, i)
			continue
		}
		some, err := age.ParseIdentities(strings.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("line %d is no identity of age: it begins with AGE-SECRET-KEY-1, as age-keygen writes it", line)
		}
		all = append(all, some...)
	}
	if len(all) == 0 {
		return nil, errors.New("there is no identity in it")
	}
	return all, nil
}

// Seal seals what is written. Only when Close returns without an error it is whole.
func Seal(w io.Writer, to []age.Recipient) (io.WriteCloser, error) {
	sealed, err := age.Encrypt(w, to...)
	if err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	z, err := zstd.NewWriter(sealed, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return &sealer{z, sealed}, nil
}

type sealer struct {
	*zstd.Encoder
	sealed io.WriteCloser
}

func (s *sealer) Close() error {
	if err := s.Encoder.Close(); err != nil {
		return err
	}
	return s.sealed.Close()
}

// beginning is how a sealed file begins, and armored how one that is text.
const (
	beginning = "age-encryption.org/"
	armored   = armor.Header
)

// ErrSealed: a file is sealed, and no identity was given.
var ErrSealed = errors.New("the backup is encrypted: name the file with the identity it was encrypted to by --identity")

// Open reads a backup, which is sealed or not. Of one that is sealed everything is
// authenticated before it is handed out; that it is whole is known at its end.
func Open(r io.Reader, with []age.Identity) (io.ReadCloser, error) {
	in := bufio.NewReader(r)
	begins, err := in.Peek(len(armored))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the backup: %w", err)
	}
	var src io.Reader = in
	switch {
	case string(begins) == armored:
		src = armor.NewReader(in)
	case bytes.HasPrefix(begins, []byte(beginning)):
	default:
		return io.NopCloser(in), nil
	}
	if len(with) == 0 {
		return nil, ErrSealed
	}
	plain, err := age.Decrypt(src, with...)
	if none, ok := errors.AsType[*age.NoIdentityMatchError](err); ok && len(none.Errors) > 0 {
		return nil, errors.New("the backup was encrypted to others: none of the identities given opens it")
	}
	if err != nil {
		return nil, fmt.Errorf("the backup can't be decrypted, it is damaged or was cut short: %w", err)
	}
	z, err := zstd.NewReader(&whole{plain}, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
	if err != nil {
		return nil, err
	}
	return opened{z}, nil
}

// whole says in our words that what is sealed isn't whole.
type whole struct{ io.Reader }

func (w *whole) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("the backup is damaged or was cut short: %w", err)
	}
	return n, err
}

type opened struct{ *zstd.Decoder }

func (o opened) Close() error {
	o.Decoder.Close()
	return nil
}
