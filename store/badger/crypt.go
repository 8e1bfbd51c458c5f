package badger

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/ristretto/v2"
)

// A store may be encrypted. Its key encrypts the keys in KEYREGISTRY, with which Badger
// encrypts tables and logs; and, by a key made of it, the frames of the log of changes.
// MANIFEST and the witnesses hold nothing of any record.

// KeySize is how long the key of an encrypted store is.
const KeySize = 32

// ParseKey reads a key as people write it: 64 hexadecimal digits or 44 characters of
// base64. Its errors quote nothing of it.
func ParseKey(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	for _, read := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString} {
		if key, err := read(text); err == nil && len(key) == KeySize {
			return key, nil
		}
	}
	return nil, errors.New("it is no key of 32 bytes: write 64 hexadecimal digits, as openssl rand -hex 32 makes them, or base64")
}

var (
	errEncrypted  = errors.New("it is encrypted: name its key by encryption_key {file.<path>} in the store's block, or --encryption-key <file> on the command line")
	errOtherKey   = errors.New("it is encrypted with another key than encryption_key has, or KEYREGISTRY in its directory is damaged: name the key it was written with, or restore a backup")
	errPlain      = errors.New("it is not encrypted, and encryption_key names a key: make a backup, and restore it into a new directory with --encryption-key")
	errNoRegistry = errors.New("KEYREGISTRY is missing in its directory, without which its key opens nothing: put the file back, or restore a backup")
)

// dataKeys are the keys that the files of a store are encrypted with.
type dataKeys struct {
	registry *badger.KeyRegistry // nil for none
	indexes  *ristretto.Cache[uint64, *fb.TableIndex]
}

// openKeys reads the keys of a directory, and says why its key isn't the right one. It
// changes nothing.
func openKeys(at string, key []byte) (*dataKeys, error) {
	encrypted, any, err := encryptedFiles(at)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(filepath.Join(at, badger.KeyRegistryFileName))
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case err != nil && !missing:
		return nil, err
	case len(key) == 0 && encrypted:
		return nil, errEncrypted
	case len(key) == 0:
		return new(dataKeys), nil
	case any && !encrypted && (missing || plainRegistry(content)):
		return nil, errPlain
	case missing && any:
		return nil, errNoRegistry
	case missing:
		return new(dataKeys), nil // there is no store yet
	}
	registry, err := badger.OpenKeyRegistry(badger.KeyRegistryOptions{Dir: at, ReadOnly: true, EncryptionKey: key})
	if err != nil {
		return nil, errOtherKey
	}
	indexes, err := ristretto.NewCache(&ristretto.Config[uint64, *fb.TableIndex]{NumCounters: 10_000, MaxCost: 4 << 20, BufferItems: 64})
	if err != nil {
		return nil, err
	}
	return &dataKeys{registry, indexes}, nil
}

func plainRegistry(content []byte) bool {
	const random = 16
	return len(content) >= random && bytes.HasPrefix(content[random:], registryContent)
}

// encryptedFiles reports whether a file of a store says that it is encrypted, and whether
// there are any.
func encryptedFiles(at string) (encrypted, any bool, err error) {
	l, err := list(at)
	if err != nil {
		return false, false, ignoreMissing(err)
	}
	if l.manifest {
		if m, err := readManifest(filepath.Join(at, badger.ManifestFilename)); err == nil {
			for _, t := range m.Tables {
				any, encrypted = true, encrypted || t.KeyID != 0
			}
		}
	}
	for _, name := range l.logs {
		file, err := os.Open(filepath.Join(at, name))
		if err != nil {
			return false, false, err
		}
		var id [8]byte
		n, _ := file.Read(id[:])
		if err := file.Close(); err != nil {
			return false, false, err
		}
		// A number that is no key's is damage.
		if v := binary.BigEndian.Uint64(id[:]); n == len(id) {
			any, encrypted = true, encrypted || v != 0 && v < mostKeys
		}
	}
	return encrypted, any, nil
}

// mostKeys is more than there are of data keys: Badger makes one each ten days.
const mostKeys = 1 << 16

func (k *dataKeys) close() {
	if k != nil && k.indexes != nil {
		k.indexes.Close()
	}
}

// key is the data key with a number; zero is that of none.
func (k *dataKeys) key(id uint64) (*pb.DataKey, error) {
	if id == 0 {
		return nil, nil
	}
	if k == nil || k.registry == nil {
		return nil, errors.New("it is encrypted, and the store is not")
	}
	return k.registry.DataKey(id)
}

// any calls read with each data key, the newest first, until it returns no error.
func (k *dataKeys) any(read func(id uint64) error) error {
	ids := []uint64{0}
	for id := uint64(1); k != nil && k.registry != nil; id++ {
		if _, err := k.registry.DataKey(id); err != nil {
			break
		}
		ids = append(ids, id)
	}
	var err error
	for _, id := range slices.Backward(ids) {
		if err = read(id); err == nil {
			return nil
		}
	}
	return err
}

// logCipher decrypts the records of a log, whose places are part of how they were
// encrypted.
type logCipher struct {
	block cipher.Block
	base  []byte
}

// open decrypts what is behind the header of a record at a place; nil decrypts nothing.
func (c *logCipher) open(at int, b []byte) []byte {
	if c == nil {
		return b
	}
	iv := binary.BigEndian.AppendUint32(bytes.Clone(c.base), uint32(at))
	plain := make([]byte, len(b))
	cipher.NewCTR(c.block, iv).XORKeyStream(plain, b)
	return plain
}

// logCipherOf is that of a log by its header, nil for one that isn't encrypted.
func (k *dataKeys) logCipherOf(header []byte) (*logCipher, error) {
	dataKey, err := k.key(binary.BigEndian.Uint64(header))
	if dataKey == nil || err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(dataKey.Data)
	if err != nil {
		return nil, err
	}
	return &logCipher{block, bytes.Clone(header[8:logHeader])}, nil
}

// changeCipher encrypts frames of the log of changes; nil encrypts none. No frame can
// take the place of another one.
type changeCipher struct{ cipher.AEAD }

func newChangeCipher(key []byte) (*changeCipher, error) {
	if len(key) == 0 {
		return nil, nil
	}
	own, err := hkdf.Key(sha256.New, key, nil, "waguard log of changes", KeySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(own)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &changeCipher{aead}, nil
}

// overhead is how much longer a frame gets.
func (c *changeCipher) overhead() int {
	if c == nil {
		return 0
	}
	return c.Overhead()
}

func (c *changeCipher) seal(number uint64, changes []byte) []byte {
	if c == nil {
		return changes
	}
	return c.Seal(nil, nil, changes, binary.BigEndian.AppendUint64(nil, number)) // #nosec G407 -- NewGCMWithRandomNonce makes the nonce
}

func (c *changeCipher) open(number uint64, sealed []byte) ([]byte, error) {
	if c == nil {
		return sealed, nil
	}
	changes, err := c.Open(nil, nil, sealed, binary.BigEndian.AppendUint64(nil, number))
	if err != nil {
		return nil, fmt.Errorf("change %d can't be decrypted", number)
	}
	return changes, nil
}
