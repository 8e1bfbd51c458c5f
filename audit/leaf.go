// Package audit makes a history provable: a Merkle tree over its records, signed
// checkpoints of the tree, and proofs that one record is in it or that one tree
// continues another. Its hashes are those of RFC 9162, its checkpoints and proofs the
// formats of C2SP (tlog-checkpoint, signed-note, tlog-proof), so that others can verify
// them. It keeps nothing itself.
package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// The layouts of leaves.
const (
	ConsentSchema = "waguard.consent/1"
	EpochSchema   = "waguard.log/1"
)

// Leaf is what everybody may read of a record: nothing in it leads to a person. The
// bytes that Encode gives are what is hashed.
type Leaf struct {
	// Schema is [ConsentSchema].
	Schema string `json:"schema"`
	// Subjects are random names of the person's names, which nobody can compute.
	Subjects      []string   `json:"subjects"`
	PhoneNumberID string     `json:"phone_number_id,omitempty"`
	State         string     `json:"state,omitempty"`
	Handover      string     `json:"handover,omitempty"`
	Scopes        []string   `json:"scopes,omitempty"`
	Source        string     `json:"source,omitempty"`
	Given         time.Time  `json:"given"`
	Recorded      *time.Time `json:"recorded,omitempty"`
	General       bool       `json:"general,omitempty"`
	// BeforeLog marks a record that is older than the log and was entered later.
	BeforeLog bool `json:"before_log,omitempty"`
	// Commitment binds the whole record, personal data and all: see [Commit].
	Commitment string `json:"commitment"`
}

// Epoch is the first leaf of a tree: whose it is, and what came before it.
type Epoch struct {
	// Schema is [EpochSchema].
	Schema string `json:"schema"`
	Origin string `json:"origin"`
	Number uint32 `json:"epoch"`
	// History names the history of the store: a restored backup has another one.
	History string `json:"history"`
	// Previous is the tree that ended, nil where this is the first.
	Previous *Ended `json:"previous,omitempty"`
}

// Ended is a tree that another one follows.
type Ended struct {
	Origin string `json:"origin"`
	Size   uint64 `json:"size"`
	Root   string `json:"root"`
	// Checkpoint is the last signed one, empty where there was none.
	Checkpoint string `json:"checkpoint,omitempty"`
}

// Encode is the bytes of a [Leaf] or an [Epoch]: one line of JSON without its end.
func Encode(leaf any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(leaf); err != nil {
		return nil, fmt.Errorf("encoding a leaf: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// SchemaOf is the layout of a leaf.
func SchemaOf(leaf []byte) (string, error) {
	var l struct {
		Schema string `json:"schema"`
	}
	err := json.Unmarshal(leaf, &l)
	return l.Schema, err
}

// SaltSize is how many random bytes keep a commitment from being guessed.
const SaltSize = 32

// commitDomain keeps commitments apart from all other hashes.
const commitDomain = "waguard.consent/1 commitment\n"

// Part is one piece of what a commitment is over: a record as it is stored.
type Part struct{ Key, Value []byte }

// Commit is SHA-256 over a domain, the salt, and of each part the key and the value,
// both behind their lengths in four bytes. Without the salt nobody can tell what it is
// over, though there are few phone numbers.
func Commit(salt []byte, parts []Part) string {
	sum := sha256.Sum256(committed(salt, parts))
	return hex.EncodeToString(sum[:])
}
