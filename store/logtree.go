package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/waguard/waguard/audit"
)

// tree is a tree of the log as it was computed again.
type tree struct {
	epoch uint32
	edge  audit.Edge
	first *audit.Epoch // nil where its first leaf can't be read
	// tiles and checkpoints are how many it must have, and has; signed is the size of
	// the newest checkpoint.
	tiles       uint64
	checkpoints int
	signed      uint64
	// block and upper are what the tiles hold that aren't whole: upper by level, from
	// level 1 on.
	block []audit.Hash
	upper [][]audit.Hash
	// awaited are those of sizes that are to come, by size.
	awaited []awaited
}

// mostMissing is how many leaves in a row are looked for that are not there.
const mostMissing = 1000

// awaited is a checkpoint of a size that is to come.
type awaited struct {
	size   uint64
	signed []byte
}

// verifyTree computes the tree of an epoch from its leaves, and these from the
// history.
func (v *logVerifier) verifyTree(epoch uint32) error {
	t := &tree{epoch: epoch}
	v.trees[epoch] = t
	err := v.Scan(logKey(checkpointKind, number32(epoch)), func(key, value []byte) (bool, error) {
		var signed []byte
		if len(key) != 14 || !exact(value, &signed) {
			v.found("a checkpoint of epoch %d can't be read: it has been changed", epoch)
			return false, nil
		}
		t.awaited = append(t.awaited, awaited{binary.BigEndian.Uint64(key[6:]), signed})
		return false, nil
	})
	if err != nil {
		return err
	}
	t.checkpoints = len(t.awaited)
	if t.checkpoints > 0 {
		t.signed = t.awaited[t.checkpoints-1].size
	}
	err = v.Scan(logKey(leafKind, number32(epoch)), func(key, value []byte) (bool, error) {
		if err := v.ctx.Err(); err != nil {
			return true, err
		}
		if len(key) != 14 {
			v.found("a leaf of epoch %d has a key that is none", epoch)
			return false, nil
		}
		index := binary.BigEndian.Uint64(key[6:])
		if index < t.edge.Size || v.head.Epoch == epoch && index >= v.head.Size {
			v.at(t, index, nil, "the leaf has been added by hand: it is behind the end of the log")
			return false, nil
		}
		if index-t.edge.Size > mostMissing {
			v.at(t, index, nil, "the leaf is far behind the one before: it has been added by hand, or those between are gone")
			return false, nil
		}
		for index > t.edge.Size {
			if err := v.missing(t); err != nil {
				return true, err
			}
		}
		return false, v.leaf(t, value)
	})
	for err == nil && v.head.Epoch == epoch && t.edge.Size < v.head.Size && v.More == 0 {
		err = v.missing(t)
	}
	if err != nil {
		return err
	}
	for _, c := range t.awaited {
		v.at(t, c.size-1, nil, "a checkpoint was signed of a log with this leaf, and the log ends before it")
	}
	return v.closeTiles(t)
}

// at is a finding about a leaf, and the record it is about where that is known.
func (v *logVerifier) at(t *tree, index uint64, o *openingRecord, what string) {
	f := audit.Finding{Epoch: t.epoch, Index: &index, What: what}
	if o != nil && o.Salt != nil {
		given := o.At.Time().UTC()
		f.Record, f.Time = o.ID.String(), &given
	}
	v.Add(f)
}

// opening is that of the next leaf.
func (v *logVerifier) opening(t *tree) (o openingRecord, ok bool, err error) {
	value, err := v.one(openingKey(t.epoch, t.edge.Size))
	if err != nil {
		return o, false, err
	}
	return o, exact(value, &o), nil
}

// missing goes on behind a leaf that is missing.
func (v *logVerifier) missing(t *tree) error {
	o, ok, err := v.opening(t)
	if err != nil {
		return err
	}
	if !ok {
		o = openingRecord{}
	}
	v.at(t, t.edge.Size, &o, "the leaf is missing")
	if o.Salt != nil {
		v.consents++
		if err := v.compareRecord(t, nil, &o); err != nil {
			return err
		}
	}
	return v.add(t, o.Leaf)
}

// leaf verifies the next leaf and adds it.
func (v *logVerifier) leaf(t *tree, value []byte) error {
	o, ok, err := v.opening(t)
	if err != nil {
		return err
	}
	if !ok {
		v.at(t, t.edge.Size, nil, "what the leaf is about is missing or has been changed")
		o = openingRecord{}
	}
	var leaf []byte
	if !exact(value, &leaf) {
		v.at(t, t.edge.Size, &o, "the leaf can't be read: it has been changed")
	} else if ok && o.Leaf != audit.HashLeaf(leaf) {
		v.at(t, t.edge.Size, &o, "the leaf has been changed, or its hash")
	}
	v.leaves++
	switch {
	case t.edge.Size == 0:
		err = v.firstLeaf(t, leaf)
	case schemaIn(leaf) == audit.ErasedSchema:
		v.erasedLeaf(t, leaf)
	case schemaIn(leaf) != audit.ConsentSchema:
		v.at(t, t.edge.Size, &o, "the leaf is none of a consent record")
	case o.Salt == nil:
		v.consents++
		if ok && o.Names == nil && o.At == 0 && o.ID == (RecordID{}) {
			v.gone[leafName{t.epoch, t.edge.Size}] = true
		} else if ok {
			v.at(t, t.edge.Size, nil, "what the leaf is about has been taken away in part")
		}
	default:
		v.consents++
		err = v.compareRecord(t, leaf, &o)
	}
	if err != nil {
		return err
	}
	return v.add(t, audit.HashLeaf(leaf))
}

// firstLeaf verifies that the tree continues the one before.
func (v *logVerifier) firstLeaf(t *tree, leaf []byte) error {
	first := new(audit.Epoch)
	if json.Unmarshal(leaf, first) != nil || first.Schema != audit.EpochSchema || first.Number != t.epoch {
		v.at(t, 0, nil, "the first leaf doesn't say whose log it is")
		return nil
	}
	t.first = first
	before, ended := v.trees[t.epoch-1], first.Previous
	switch {
	case t.epoch == 1:
	case ended == nil:
		v.at(t, 0, nil, "the first leaf names no log before it: its head had been lost")
	default:
		root := before.edge.Root()
		if ended.Size != before.edge.Size || ended.Root != hex.EncodeToString(root[:]) || before.first != nil && ended.Origin != before.first.Origin {
			v.at(t, 0, nil, "the log before is not the one that this one was to continue: records have been changed or dropped")
		}
		if ended.Checkpoint != "" {
			values, err := v.Get(checkpointKey(before.epoch, before.signed))
			if err != nil {
				return err
			}
			var signed []byte
			if values[0] == nil || decode(values[0], &signed) != nil || string(signed) != ended.Checkpoint {
				v.at(t, 0, nil, "the last checkpoint of the log before is not the one that was signed")
			}
		}
	}
	return nil
}

// compareRecord compares a record with what its leaf commits to.
func (v *logVerifier) compareRecord(t *tree, leaf []byte, o *openingRecord) error {
	index := t.edge.Size
	keys := make([][]byte, 0, 2*len(o.Names)+1)
	for _, name := range o.Names {
		keys = append(keys, historyKey(name, o.At, o.ID))
	}
	for _, name := range o.Names {
		keys = append(keys, subjectKey(name))
	}
	keys = append(keys, placeKey(o.ID, o.At))
	values, err := v.Get(keys...)
	if err != nil {
		return err
	}
	v.Records++
	n := len(o.Names)
	parts := make([]audit.Part, n)
	for i := range parts {
		if values[i] == nil {
			v.at(t, index, o, "the record is gone from the history")
			return nil
		}
		parts[i] = audit.Part{Key: keys[i], Value: values[i]}
	}
	var place placeRecord
	if values[2*n] == nil || !exact(values[2*n], &place) || place != (placeRecord{t.epoch, index}) {
		v.at(t, index, o, "the place noted for the record is another one, or none")
	}
	if leaf == nil {
		return nil
	}
	var l audit.Leaf
	if json.Unmarshal(leaf, &l) != nil {
		v.at(t, index, o, "the leaf can't be read: it has been changed")
		return nil
	}
	if l.Commitment != audit.Commit(o.Salt, parts) {
		v.at(t, index, o, "the record in the history is not the one that was entered: it has been changed")
	}
	var subjects []string
	for _, value := range values[n : 2*n] {
		var subject []byte
		if value != nil && decode(value, &subject) == nil {
			subjects = append(subjects, hex.EncodeToString(subject))
		}
	}
	if !slices.Equal(subjects, l.Subjects) {
		v.at(t, index, o, "the random name of a person is not the one in the leaf")
	}
	return nil
}

// add adds a leaf to the tree, and compares tiles and checkpoints as they come.
func (v *logVerifier) add(t *tree, h audit.Hash) error {
	t.block = append(t.block, h)
	for _, run := range t.edge.Add(h) {
		if run.Level == 1 {
			if err := v.tile(t, 0, run.N, t.block); err != nil {
				return err
			}
			t.block = t.block[:0]
		}
		for len(t.upper) < run.Level {
			t.upper = append(t.upper, nil)
		}
		u := &t.upper[run.Level-1]
		*u = append(*u, run.Hash)
		if len(*u) == audit.TileWidth {
			if err := v.tile(t, run.Level, run.N/audit.TileWidth, *u); err != nil {
				return err
			}
			*u = (*u)[:0]
		}
	}
	for len(t.awaited) > 0 && t.awaited[0].size <= t.edge.Size {
		c := t.awaited[0]
		t.awaited = t.awaited[1:]
		v.checkpoint(t, c)
	}
	return nil
}

// checkpoint compares the tree with one that was signed when it had this size.
func (v *logVerifier) checkpoint(t *tree, signed awaited) {
	v.Checkpoints++
	if v.key == nil || t.first == nil {
		return
	}
	verifier, err := v.key.Verifier(t.first.Origin)
	if err != nil {
		v.at(t, 0, nil, "the first leaf names a log that can't be signed for")
		return
	}
	c, err := audit.Open(signed.signed, verifier)
	switch {
	case err != nil:
		v.found("the checkpoint of %d leaves is not as it was signed: %v", signed.size, err)
	case c.Size != signed.size || c.Size != t.edge.Size:
		v.found("the checkpoint of %d leaves stands at %d", c.Size, signed.size)
	case c.Root != t.edge.Root():
		v.at(t, c.Size-1, nil, "up to this leaf the log is not the one whose checkpoint was signed: a record has been changed, dropped, swapped or added")
	}
}

// tile compares one with what it must hold.
func (v *logVerifier) tile(t *tree, level int, n uint64, want []audit.Hash) error {
	t.tiles++
	value, err := v.one(tileKey(t.epoch, level, n))
	if err != nil {
		return err
	}
	var tile []byte
	if value == nil || !exact(value, &tile) {
		v.found("tile %d of level %d is missing or has been changed", n, level)
		return nil
	}
	if bytes.Equal(tile, audit.Join(want)) {
		return nil
	}
	got, err := audit.Split(tile)
	if err != nil || level > 0 || len(got) != len(want) {
		v.found("tile %d of level %d doesn't hold the hashes of the leaves", n, level)
		return nil
	}
	for i := range want {
		if got[i] != want[i] {
			v.at(t, n*audit.TileWidth+uint64(i), nil, "the leaf is not the one in the tree")
		}
	}
	return nil
}

// closeTiles compares the tiles that aren't whole.
func (v *logVerifier) closeTiles(t *tree) error {
	for i, hashes := range t.upper {
		if len(hashes) == 0 {
			continue
		}
		level := i + 1
		if err := v.tile(t, level, t.edge.Size>>(audit.TileHeight*(level+1)), hashes); err != nil {
			return err
		}
	}
	return nil
}
