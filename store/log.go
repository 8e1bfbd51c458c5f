package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/policy"
)

// Each record of the history has its leaf in a Merkle tree, which is written in the
// transaction that writes the record. The records of the log have keys of their own,
// by the letter behind logPrefix:
//
//	t                         logHead: the newest tree, as far as it must be known to add to it
//	k                         the seed of the key that signs checkpoints
//	l epoch(4) index(8)       a leaf, as it was hashed
//	o epoch(4) index(8)       openingRecord: what the leaf is about, and its hash
//	r id(8) time(8)           placeRecord: where the record's leaf is
//	s alias(16)               the random name leaves have for a person's name
//	h epoch(4) level(1) n(8)  a tile: 256 hashes, or fewer above the leaves
//	c epoch(4) size(8)        a signed checkpoint
//
// The last tile of level 0 is not kept while it isn't whole: its hashes are beside
// their leaves.
const (
	logHeadKind    = 't'
	logSeedKind    = 'k'
	leafKind       = 'l'
	openingKind    = 'o'
	placeKind      = 'r'
	subjectKind    = 's'
	tileKind       = 'h'
	checkpointKind = 'c'
)

func logKey(kind byte, parts ...[]byte) []byte {
	key := append(make([]byte, 0, 24), logPrefix, kind)
	for _, p := range parts {
		key = append(key, p...)
	}
	return key
}

func number32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
func number64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

var (
	logHeadKey = logKey(logHeadKind)
	logSeedKey = logKey(logSeedKind)
)

func leafKey(epoch uint32, index uint64) []byte {
	return logKey(leafKind, number32(epoch), number64(index))
}

func openingKey(epoch uint32, index uint64) []byte {
	return logKey(openingKind, number32(epoch), number64(index))
}

func placeKey(id RecordID, at policy.Moment) []byte {
	return logKey(placeKind, id[:], number64(uint64(max(at, 0))))
}

func subjectKey(a policy.Alias) []byte { return logKey(subjectKind, a[:]) }

func tileKey(epoch uint32, level int, n uint64) []byte {
	return logKey(tileKind, number32(epoch), []byte{byte(level)}, number64(n))
}

func checkpointKey(epoch uint32, size uint64) []byte {
	return logKey(checkpointKind, number32(epoch), number64(size))
}

// logHead is what must be known of the newest tree to add to it.
type logHead struct {
	Epoch uint32 `cbor:"1,keyasint"`
	Size  uint64 `cbor:"2,keyasint"`
	Edge  []byte `cbor:"3,keyasint"`
	// Signed is the size of the newest checkpoint, zero where there is none.
	Signed uint64 `cbor:"4,keyasint,omitempty"`
	// Complete: every record that is older than the log has been entered.
	Complete bool `cbor:"5,keyasint,omitempty"`
	// Origin and History are those of the tree's first leaf.
	Origin  string `cbor:"6,keyasint"`
	History []byte `cbor:"7,keyasint"`
}

// openingRecord is what a leaf is about. It is beside the leaf, so that it can go when
// the person's data goes.
type openingRecord struct {
	// Leaf is the hash of the leaf.
	Leaf audit.Hash `cbor:"1,keyasint"`
	// Salt is that of the commitment.
	Salt []byte `cbor:"2,keyasint,omitempty"`
	// The record is in the history under these names, with this time and id.
	Names []policy.Alias `cbor:"3,keyasint,omitempty"`
	At    policy.Moment  `cbor:"4,keyasint,omitempty"`
	ID    RecordID       `cbor:"5,keyasint,omitempty"`
}

// placeRecord is where the leaf of a record is.
type placeRecord struct {
	Epoch uint32 `cbor:"1,keyasint"`
	Index uint64 `cbor:"2,keyasint"`
}

// Installation is a name of the key of the pseudonyms that doesn't give it away.
func Installation(key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("installation"))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// historyOf names the history of a store, which is another one after a restore.
func historyOf(lineage string) []byte {
	sum := sha256.Sum256([]byte("waguard log history\n" + lineage))
	return sum[:16]
}

// tail is the newest tree as a change that is being made leaves it.
type tail struct {
	logHead
	edge audit.Edge
	// block are the hashes of the last run of leaves that isn't whole; nil where they
	// have not been read.
	block   []audit.Hash
	changed bool
}

// log is the tail of the log. It begins a tree where there is none, or where the last
// one is of another origin, or of the history from which this one was restored.
func (t *tx) log() (*tail, error) {
	if t.tail != nil {
		return t.tail, nil
	}
	head, err := readRecord[logHead](t, logHeadKey)
	if err != nil {
		return nil, err
	}
	edge, err := audit.EdgeOf(head.Size, head.Edge)
	if err != nil {
		return nil, fmt.Errorf("%w: the log of consent records: %w", ErrUnreadable, err)
	}
	t.tail = &tail{logHead: head, edge: edge}
	if head.Epoch == 0 || head.Origin != audit.OriginOf(t.s.origin, head.Epoch) || string(head.History) != string(t.s.lineage) {
		if err := t.beginEpoch(); err != nil {
			t.tail = nil
			return nil, err
		}
	}
	return t.tail, nil
}

// beginEpoch begins a tree, whose first leaf names the one before.
func (t *tx) beginEpoch() error {
	l := t.tail
	if _, err := t.signingKey(); err != nil {
		return err
	}
	var previous *audit.Ended
	if l.Epoch > 0 {
		root := l.edge.Root()
		previous = &audit.Ended{Origin: l.Origin, Size: l.Size, Root: hex.EncodeToString(root[:])}
		if l.Signed > 0 {
			signed, err := readRecord[[]byte](t, checkpointKey(l.Epoch, l.Signed))
			if err != nil {
				return err
			}
			previous.Checkpoint = string(signed)
		}
	}
	epoch := l.Epoch + 1
	for { // where the head was lost, its trees are still there
		first, err := t.get(leafKey(epoch, 0))
		if err != nil {
			return err
		}
		if first == nil {
			break
		}
		epoch++
	}
	l.logHead = logHead{Epoch: epoch, Complete: l.Complete || l.Epoch == 0 && t.s.nothingOlder, Origin: audit.OriginOf(t.s.origin, epoch), History: t.s.lineage}
	l.edge, l.block = audit.Edge{}, []audit.Hash{}
	leaf, err := audit.Encode(&audit.Epoch{Schema: audit.EpochSchema, Origin: l.Origin, Number: epoch, History: hex.EncodeToString(l.History), Previous: previous})
	if err != nil {
		return err
	}
	return t.addLeaf(leaf, openingRecord{})
}

// copied is a record of the history as it was put there, under one name.
type copied struct {
	name       policy.Alias
	key, value []byte
}

// enter gives a record of the history its leaf. beforeLog marks one that is older than
// the log.
func (t *tx) enter(copies []copied, record *ConsentRecord, id RecordID, beforeLog bool) error {
	l, err := t.log()
	if err != nil {
		return err
	}
	opening := openingRecord{Salt: make([]byte, audit.SaltSize), At: record.At, ID: id}
	rand.Read(opening.Salt)
	parts := make([]audit.Part, len(copies))
	leaf := leafOf(record)
	leaf.BeforeLog = beforeLog
	for i, c := range copies {
		parts[i] = audit.Part{Key: c.key, Value: c.value}
		opening.Names = append(opening.Names, c.name)
		subject, err := t.subject(c.name)
		if err != nil {
			return err
		}
		leaf.Subjects = append(leaf.Subjects, subject)
	}
	leaf.Commitment = audit.Commit(opening.Salt, parts)
	text, err := audit.Encode(leaf)
	if err != nil {
		return err
	}
	if err := t.put(placeKey(id, record.At), placeRecord{l.Epoch, l.Size}, 0); err != nil {
		return err
	}
	return t.addLeaf(text, opening)
}

// leafOf is what a leaf says of a record. What a source says beyond its kind may be
// about a person.
func leafOf(r *ConsentRecord) *audit.Leaf {
	kind, _, _ := strings.Cut(string(r.Source), ":")
	leaf := &audit.Leaf{
		Schema: audit.ConsentSchema, PhoneNumberID: r.PhoneNumberID, Handover: string(r.Handover), Source: kind,
		Given: r.At.Time().UTC(), General: r.General,
	}
	if r.Handover == "" {
		leaf.State = r.State.String()
	}
	for _, scope := range r.Scopes {
		leaf.Scopes = append(leaf.Scopes, scope.String())
	}
	if r.Recorded != 0 {
		recorded := r.Recorded.Time().UTC()
		leaf.Recorded = &recorded
	}
	return leaf
}

// subject is the name that leaves have for a name of a person.
func (t *tx) subject(a policy.Alias) (string, error) {
	subject, err := readRecord[[]byte](t, subjectKey(a))
	if err != nil {
		return "", err
	}
	if subject == nil {
		subject = make([]byte, 16)
		rand.Read(subject)
		if err := t.put(subjectKey(a), subject, 0); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(subject), nil
}

// addLeaf adds a leaf to the tree, and writes the tiles that become whole.
func (t *tx) addLeaf(leaf []byte, opening openingRecord) error {
	l := t.tail
	index := l.edge.Size
	opening.Leaf = audit.HashLeaf(leaf)
	if err := t.put(leafKey(l.Epoch, index), leaf, 0); err != nil {
		return err
	}
	if err := t.put(openingKey(l.Epoch, index), opening, 0); err != nil {
		return err
	}
	whole := l.edge.Add(opening.Leaf)
	if l.block != nil {
		l.block = append(l.block, opening.Leaf)
	}
	l.Size, l.changed = l.edge.Size, true
	for _, run := range whole {
		if err := t.putTiles(run); err != nil {
			return err
		}
	}
	return nil
}

// putTiles writes what a run that became whole adds to tiles.
func (t *tx) putTiles(run audit.Whole) error {
	l := t.tail
	if run.Level == 1 {
		if l.block == nil {
			var err error
			if l.block, err = readBlock(t.Get, l.Epoch, run.N); err != nil {
				return err
			}
		}
		if err := t.put(tileKey(l.Epoch, 0, run.N), audit.Join(l.block), 0); err != nil {
			return err
		}
		l.block = []audit.Hash{}
	}
	key := tileKey(l.Epoch, run.Level, run.N/audit.TileWidth)
	tile, err := readRecord[[]byte](t, key)
	if err != nil {
		return err
	}
	return t.put(key, append(tile, run.Hash[:]...), 0)
}

// flushLog writes the head of the log as the change leaves it.
func (t *tx) flushLog() error {
	if t.tail == nil || !t.tail.changed {
		return nil
	}
	l := t.tail
	l.Edge = l.edge.Bytes()
	if err := t.put(logHeadKey, l.logHead, 0); err != nil {
		return err
	}
	if l.Signed < l.Size {
		t.Committed(t.s.signing.wake)
	}
	return nil
}

// readBlock reads the hashes of run n of 256 leaves, as many as there are.
func readBlock(get func(keys ...[]byte) ([][]byte, error), epoch uint32, n uint64) ([]audit.Hash, error) {
	keys := make([][]byte, audit.TileWidth)
	for i := range keys {
		keys[i] = openingKey(epoch, n*audit.TileWidth+uint64(i))
	}
	values, err := get(keys...)
	if err != nil {
		return nil, err
	}
	hashes := make([]audit.Hash, 0, len(values))
	for _, value := range values {
		if value == nil {
			break
		}
		var o openingRecord
		if err := decode(value, &o); err != nil {
			return nil, err
		}
		hashes = append(hashes, o.Leaf)
	}
	return hashes, nil
}

// tilesOf reads the tiles of an epoch.
func tilesOf(get func(keys ...[]byte) ([][]byte, error), epoch uint32) audit.TileReader {
	return func(level int, n uint64) ([]byte, error) {
		values, err := get(tileKey(epoch, level, n))
		if err != nil {
			return nil, err
		}
		if values[0] == nil && level == 0 {
			block, err := readBlock(get, epoch, n)
			return audit.Join(block), err
		}
		var tile []byte
		if values[0] == nil {
			return nil, nil
		}
		return tile, decode(values[0], &tile)
	}
}

// openLog makes sure that every record is in the log, which begins with the first of
// them. What fails is tried again when the store is opened next: a gateway that can't
// write still refuses sends and hears who opts out.
func (s *Book) openLog(ctx context.Context, lossy bool) error {
	anything := false
	err := s.view(ctx, func(r *reading) error {
		for _, prefix := range []byte{logPrefix, historyPrefix} {
			err := r.Scan([]byte{prefix}, func([]byte, []byte) (bool, error) {
				anything = true
				return true, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if s.nothingOlder = err == nil && !anything; err != nil || s.nothingOlder {
		return err
	}
	complete := false
	err = s.update(ctx, func(t *tx) error {
		l, err := t.log()
		if err != nil {
			return err
		}
		if lossy && !l.changed { // records that had leaves may be gone
			if err := t.beginEpoch(); err != nil {
				return err
			}
		}
		complete = l.Complete
		return nil
	})
	if err != nil || complete {
		return err
	}
	few, err := s.fewOlder(ctx)
	if err != nil {
		return err
	}
	if few {
		return s.enterOlder(ctx)
	}
	s.entering.begin(func(ctx context.Context) {
		if err := s.enterOlder(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, ErrClosed) {
			s.log.Error("the log that proves consent records can't be completed now; it is tried again at the next start", zap.Error(err))
		}
	})
	return nil
}

// checkpointEvery is the least time between two checkpoints.
const checkpointEvery = time.Second
