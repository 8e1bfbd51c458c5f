package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/policy"
)

// LogRecords are the records of a store, as far as verifying its log needs them. They
// are of one moment.
type LogRecords interface {
	// Get and Scan are those of [Records].
	Get(keys ...[]byte) ([][]byte, error)
	Scan(prefix []byte, visit func(key, value []byte) (enough bool, err error)) error
}

// VerifyLog computes the log again from the history, leaf by leaf up to the root, and
// compares what it gets with all that is kept of the log and with every signed
// checkpoint. kept is a checkpoint that was kept elsewhere, nil for none.
func (s *Book) VerifyLog(ctx context.Context, kept []byte) (report *audit.Report, err error) {
	s.erasing.Lock() // while somebody is being erased, records go before the log says so
	defer s.erasing.Unlock()
	for range verifyTries {
		calm := false
		err = s.view(ctx, func(r *reading) error {
			before, err := r.get(logHeadKey)
			if err != nil {
				return err
			}
			if report, err = VerifyLog(ctx, r.Records, kept); err != nil {
				return err
			}
			after, err := r.get(logHeadKey)
			calm = bytes.Equal(before, after)
			return err
		})
		if err != nil || report.Sound() || calm {
			return report, err
		}
	}
	return nil, ErrLogBusy
}

// verifyTries is how often a log is verified that is written to meanwhile: its newest records
// are not of one moment then, and what doesn't fit says nothing.
const verifyTries = 5

// ErrLogBusy: the log was written to each time it was verified.
var ErrLogBusy = errors.New("consent was recorded each time the log was verified, so that nothing is known of it: verify it when less is recorded, or verify a backup")

// VerifyLog does so for the records of a store that no gateway uses. Its error is what
// kept it from verifying; what it found is in the report.
func VerifyLog(ctx context.Context, r LogRecords, kept []byte) (*audit.Report, error) {
	v := &logVerifier{ctx: ctx, LogRecords: r, Report: new(audit.Report), trees: make(map[uint32]*tree), gone: make(map[leafName]bool), erased: make(map[leafName]bool)}
	if err := v.run(); err != nil {
		return nil, err
	}
	return v.Report, v.compareKept(kept)
}

// logVerifier verifies a log.
type logVerifier struct {
	ctx context.Context
	LogRecords
	*audit.Report
	head  logHead
	key   *audit.Key
	trees map[uint32]*tree // by epoch
	// leaves and consents are how many there are in all trees.
	leaves, consents uint64
	// gone are leaves of consent records that lead to none, and erased those of which the
	// log says that their records were erased.
	gone, erased map[leafName]bool
}

// leafName is where a leaf is.
type leafName struct {
	epoch uint32
	index uint64
}

// found is a finding about no leaf.
func (v *logVerifier) found(format string, args ...any) {
	v.Add(audit.Finding{What: fmt.Sprintf(format, args...)})
}

func (v *logVerifier) one(key []byte) ([]byte, error) {
	values, err := v.Get(key)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// exact decodes a record that must be written as it is written today: no byte of it may
// mean nothing.
func exact(value []byte, record any) bool {
	if value == nil || decode(value, record) != nil {
		return false
	}
	again, err := encode(record)
	return err == nil && bytes.Equal(again, value)
}

func (v *logVerifier) run() error {
	value, err := v.one(logHeadKey)
	if err != nil {
		return err
	}
	if value == nil {
		return v.withoutHead()
	}
	if !exact(value, &v.head) || v.head.Epoch == 0 {
		v.found("the head of the log can't be read: it has been changed")
		return nil
	}
	v.Origin, v.Epochs = v.head.Origin, v.head.Epoch
	if value, err = v.one(logSeedKey); err != nil {
		return err
	}
	var seed []byte
	if exact(value, &seed) {
		v.key, err = audit.NewKey(seed)
	}
	if v.key == nil || err != nil {
		v.found("the key that signs checkpoints is missing or has been changed")
	} else if v.Verifier, err = v.key.Verifier(v.head.Origin); err != nil {
		return err
	}
	if !v.head.Complete {
		v.found("not every record that is older than the log has been entered: that is done when the gateway starts")
	}
	for epoch := uint32(1); epoch <= v.head.Epoch; epoch++ {
		if err := v.verifyTree(epoch); err != nil {
			return err
		}
	}
	v.compareErased()
	v.compareHead()
	if err := v.strays(); err != nil {
		return err
	}
	return v.history()
}

// withoutHead says what it means that there is none.
func (v *logVerifier) withoutHead() error {
	var what string
	for prefix, said := range map[byte]string{
		logPrefix:     "the head of the log is missing",
		historyPrefix: "the store has no log of its consent records yet: the gateway makes it when it opens the store",
	} {
		err := v.Scan([]byte{prefix}, func([]byte, []byte) (bool, error) {
			if what == "" || prefix == logPrefix {
				what = said
			}
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	if what != "" {
		v.found("%s", what)
	}
	return nil
}

// compareHead compares the newest tree with what is kept to add to it.
func (v *logVerifier) compareHead() {
	t := v.trees[v.head.Epoch]
	root := t.edge.Root()
	v.Leaves, v.Root = t.edge.Size, hex.EncodeToString(root[:])
	if v.head.Size != t.edge.Size {
		v.found("the log says it has %d leaves, and there are %d", v.head.Size, t.edge.Size)
	} else if !bytes.Equal(v.head.Edge, t.edge.Bytes()) {
		v.found("the leaves don't give the tree they were entered in: a leaf has been changed, or the log's head")
	}
	if v.head.Signed != t.signed {
		v.found("the log says its newest checkpoint is of %d leaves, and that is of %d", v.head.Signed, t.signed)
	}
	if t.first == nil || t.first.Origin != v.head.Origin || t.first.History != hex.EncodeToString(v.head.History) {
		v.found("the head of the log names another origin or history than its first leaf")
	}
}

// strays looks for records of the log that nothing leads to.
func (v *logVerifier) strays() error {
	counts := make(map[byte]uint64)
	err := v.Scan([]byte{logPrefix}, func(key, value []byte) (bool, error) {
		if err := v.ctx.Err(); err != nil {
			return true, err
		}
		if len(key) < 2 {
			v.found("a record has the key %x, which is none of the log's", key)
			return false, nil
		}
		counts[key[1]]++
		switch key[1] {
		case logHeadKind, logSeedKind:
			if len(key) != 2 {
				v.found("a record has the key %x, which is none of the log's", key)
			}
		case leafKind, openingKind, tileKind, checkpointKind:
			if len(key) < 6 || v.trees[binary.BigEndian.Uint32(key[2:])] == nil {
				v.found("a record of the log belongs to no tree: %x", key)
			}
		case placeKind:
			return false, v.place(key, value)
		case subjectKind:
			return false, v.subject(key, value)
		default:
			v.found("a record has the key %x, which is none of the log's", key)
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	tiles, checkpoints := uint64(0), uint64(0)
	for _, t := range v.trees {
		tiles, checkpoints = tiles+t.tiles, checkpoints+uint64(t.checkpoints)
	}
	for _, c := range []struct {
		kind byte
		want uint64
		what string
	}{
		{openingKind, v.leaves, "openings of leaves"},
		{placeKind, v.consents - uint64(len(v.erased)), "places of records"},
		{tileKind, tiles, "tiles"},
		{leafKind, v.leaves, "leaves"},
		{checkpointKind, checkpoints, "checkpoints"},
	} {
		if counts[c.kind] != c.want {
			v.found("there are %d %s, and the log has %d", counts[c.kind], c.what, c.want)
		}
	}
	return nil
}

// place verifies that a record's place is that of a leaf which is about it.
func (v *logVerifier) place(key, value []byte) error {
	var p placeRecord
	if len(key) != 18 || !exact(value, &p) {
		v.found("the place of a record can't be read: it has been changed")
		return nil
	}
	id, at := RecordID(key[2:10]), policy.Moment(binary.BigEndian.Uint64(key[10:]))
	var o openingRecord
	value, err := v.one(openingKey(p.Epoch, p.Index))
	if err == nil && (value == nil || decode(value, &o) != nil || o.ID != id || max(o.At, 0) != at) {
		v.record(id, at, "the place noted for it in the log is another record's")
	}
	return err
}

// subject verifies that somebody has the name which leaves have another for.
func (v *logVerifier) subject(key, value []byte) error {
	var subject []byte
	if len(key) != 18 || !exact(value, &subject) || len(subject) != 16 {
		v.found("the random name of a person can't be read: it has been changed")
		return nil
	}
	known := false
	err := v.Scan(aliasKey(historyPrefix, policy.Alias(key[2:])), func([]byte, []byte) (bool, error) {
		known = true
		return true, nil
	})
	if err == nil && !known {
		v.found("the log has a random name for somebody of whom there is no record")
	}
	return err
}

// record is a finding about a record that no leaf is known for.
func (v *logVerifier) record(id RecordID, at policy.Moment, format string, args ...any) {
	given := at.Time().UTC()
	v.Add(audit.Finding{Record: id.String(), Time: &given, What: fmt.Sprintf(format, args...)})
}

// history verifies that each record of the history is one that was entered.
func (v *logVerifier) history() error {
	return v.Scan([]byte{historyPrefix}, func(key, _ []byte) (bool, error) {
		if err := v.ctx.Err(); err != nil {
			return true, err
		}
		h, ok := olderOf(key)
		if !ok {
			v.found("a record of the history has a key that is none")
			return false, nil
		}
		value, err := v.one(placeKey(h.id, h.at))
		if err != nil {
			return true, err
		}
		var p placeRecord
		if value == nil || decode(value, &p) != nil {
			v.record(h.id, h.at, "the record is not in the log: it has been added by hand, or its time or id changed")
			return false, nil
		}
		if value, err = v.one(openingKey(p.Epoch, p.Index)); err != nil {
			return true, err
		}
		var o openingRecord
		if value == nil || decode(value, &o) != nil || !slices.Contains(o.Names, h.name) || max(o.At, 0) != h.at || o.ID != h.id {
			v.record(h.id, h.at, "the record is not in the log under this name of the person: it has been added by hand")
		}
		return false, nil
	})
}

// compareKept compares the log with a checkpoint that was kept elsewhere.
func (v *logVerifier) compareKept(kept []byte) error {
	if kept == nil {
		return nil
	}
	signed, key := splitKept(kept)
	origin := audit.OriginIn(signed)
	var t *tree
	for _, tree := range v.trees {
		if tree.first != nil && tree.first.Origin == origin {
			t = tree
		}
	}
	if t == nil || v.key == nil {
		v.found("the kept checkpoint is of the log %q, which this store doesn't have", origin)
		return nil
	}
	verifier, err := v.key.Verifier(origin)
	if err != nil {
		return err
	}
	if key != "" && key != verifier {
		v.found("the log's key is another one than was kept with the checkpoint")
		verifier = key
	}
	c, err := audit.Open(signed, verifier)
	if err != nil {
		v.found("the kept checkpoint was not signed by this log's key, or has been changed: %v", err)
		return nil
	}
	if c.Size > t.edge.Size {
		v.found("the log had %d leaves when the kept checkpoint was signed, and has %d: an older backup was restored, or records have been dropped", c.Size, t.edge.Size)
		return nil
	}
	if err := audit.CheckConsistent(c, t.edge.Size, t.edge.Root(), tilesOf(v.Get, t.epoch)); err != nil {
		v.found("the log doesn't continue the kept checkpoint of %d leaves: what was in it then has been changed (%v)", c.Size, err)
		return nil
	}
	v.Kept = fmt.Sprintf("the first %d leaves of %s are those of the kept checkpoint", c.Size, origin)
	return nil
}

// splitKept takes a checkpoint apart from the verifier key that may stand below it.
func splitKept(kept []byte) (signed []byte, verifier string) {
	text := strings.ReplaceAll(string(kept), "\r\n", "\n")
	i := strings.LastIndex(text, "\n\u2014 ")
	if i < 0 {
		return kept, ""
	}
	end := strings.IndexByte(text[i+1:], '\n')
	if end < 0 {
		return []byte(text + "\n"), ""
	}
	end += i + 2
	return []byte(text[:end]), strings.TrimSpace(text[end:])
}

// errNoRecord is that no consent record has the id.
var errNoRecord = fmt.Errorf("the log has no consent record of that id; waguard consent history shows the ids: %w", ErrNotFound)

// ProveRecord is the proof that a record is in the log, with what opens its leaf.
func (s *Book) ProveRecord(ctx context.Context, id RecordID) (*audit.Proof, error) {
	if _, err := s.Checkpoint(ctx); err != nil {
		return nil, err
	}
	var proof *audit.Proof
	err := s.view(ctx, func(r *reading) (err error) {
		proof, err = ProveRecord(r.Records, id)
		return err
	})
	return proof, err
}

// ProveRecord is the same for the records of a store that no gateway uses.
func ProveRecord(r LogRecords, id RecordID) (*audit.Proof, error) {
	var place *placeRecord
	err := r.Scan(logKey(placeKind, id[:]), func(_, value []byte) (bool, error) {
		place = new(placeRecord)
		return true, decode(value, place)
	})
	if err == nil && place == nil {
		err = errNoRecord
	}
	if err != nil {
		return nil, err
	}
	return proveAt(r, place, nil)
}

// NewestCheckpoint is the newest signed checkpoint of a store that no gateway uses.
func NewestCheckpoint(r LogRecords) (*audit.Signed, error) {
	values, err := r.Get(logHeadKey)
	if err != nil {
		return nil, err
	}
	var head logHead
	if values[0] == nil {
		return nil, errors.New("the store has no log of its consent records yet: the gateway makes it when it opens the store")
	}
	if err := decode(values[0], &head); err != nil {
		return nil, err
	}
	return newestCheckpoint(r, head.Epoch)
}

// newestCheckpoint is that of an epoch.
func newestCheckpoint(r LogRecords, epoch uint32) (*audit.Signed, error) {
	var signed []byte
	err := r.Scan(logKey(checkpointKind, number32(epoch)), func(_, value []byte) (bool, error) {
		return false, decode(value, &signed)
	})
	if err != nil {
		return nil, err
	}
	if signed == nil {
		return nil, errors.New("the log has no signed checkpoint yet; the gateway signs one while it runs")
	}
	values, err := r.Get(logSeedKey)
	if err != nil {
		return nil, err
	}
	var seed []byte
	if err := decode(values[0], &seed); err != nil {
		return nil, err
	}
	key, err := audit.NewKey(seed)
	if err != nil {
		return nil, err
	}
	verifier, err := key.Verifier(audit.OriginIn(signed))
	return &audit.Signed{Checkpoint: string(signed), Verifier: verifier}, err
}

// schemaIn is the layout a leaf names, empty where it can't be read.
func schemaIn(leaf []byte) string {
	var l struct {
		Schema string `json:"schema"`
	}
	if json.Unmarshal(leaf, &l) != nil {
		return ""
	}
	return l.Schema
}
