package store

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/policy"
)

// proveAt is the proof of the leaf at a place, with what opens it. Signed are the newest
// checkpoints of the epochs that were read before; nil where one proof is made alone.
func proveAt(r LogRecords, place *placeRecord, signed map[uint32]*audit.Signed) (*audit.Proof, error) {
	values, err := r.Get(leafKey(place.Epoch, place.Index), openingKey(place.Epoch, place.Index))
	if err != nil {
		return nil, err
	}
	var leaf []byte
	if err := decode(values[0], &leaf); err != nil {
		return nil, err
	}
	newest := signed[place.Epoch]
	if newest == nil {
		if newest, err = newestCheckpoint(r, place.Epoch); err != nil {
			return nil, err
		}
		if signed != nil {
			signed[place.Epoch] = newest
		}
	}
	c, err := audit.Open([]byte(newest.Checkpoint), newest.Verifier)
	if err != nil {
		return nil, err
	}
	if place.Index >= c.Size {
		return nil, fmt.Errorf("no signed checkpoint has the record's leaf %d; start the gateway, which signs one", place.Index)
	}
	file, err := audit.Prove(place.Index, c.Size, tilesOf(r.Get, place.Epoch), []byte(newest.Checkpoint))
	if err != nil {
		return nil, err
	}
	if _, _, err := audit.CheckProof(file, leaf, newest.Verifier); err != nil {
		return nil, fmt.Errorf("the log doesn't prove the record; run waguard audit verify: %w", err)
	}
	proof := &audit.Proof{Epoch: place.Epoch, Index: place.Index, Verifier: newest.Verifier, Leaf: string(leaf), Proof: string(file)}
	proof.Opening, err = openAt(r, leaf, values[1])
	return proof, err
}

// openAt is what opens a leaf; nil where that is gone, or is no longer what the leaf
// commits to.
func openAt(r LogRecords, leaf, value []byte) (*audit.Opening, error) {
	var o openingRecord
	if value == nil || !exact(value, &o) || len(o.Salt) != audit.SaltSize || len(o.Names) == 0 {
		return nil, nil
	}
	parts := make([]audit.Part, len(o.Names))
	keys := make([][]byte, len(o.Names))
	for i, name := range o.Names {
		keys[i] = historyKey(name, o.At, o.ID)
	}
	values, err := r.Get(keys...)
	if err != nil {
		return nil, err
	}
	for i := range parts {
		if values[i] == nil {
			return nil, nil
		}
		parts[i] = audit.Part{Key: keys[i], Value: values[i]}
	}
	opening := audit.NewOpening(o.Salt, parts)
	if audit.CheckOpening(leaf, opening) != nil {
		return nil, nil // the proof of the leaf stands; audit verify says what was changed
	}
	return opening, nil
}

// ProveRecords are the proofs of several records at one moment, in their order: nil for
// one that has no leaf, as while those are entered that are older than the log.
func (s *Book) ProveRecords(ctx context.Context, records []*ConsentRecord) (proofs []*audit.Proof, newest *audit.Signed, err error) {
	if newest, err = s.Checkpoint(ctx); err != nil {
		return nil, nil, err
	}
	proofs = make([]*audit.Proof, len(records))
	err = s.view(ctx, func(r *reading) error {
		signed := make(map[uint32]*audit.Signed)
		for i, record := range records {
			values, err := r.Records.Get(placeKey(record.ID, record.At))
			if err != nil {
				return err
			}
			if values[0] == nil {
				continue
			}
			place := new(placeRecord)
			if err := decode(values[0], place); err != nil {
				return err
			}
			if proofs[i], err = proveAt(r.Records, place, signed); err != nil {
				return fmt.Errorf("proving record %s: %w", record.ID, err)
			}
		}
		return nil
	})
	return proofs, newest, err
}

// SignSums signs the sums of files with the key of the log, under the name of its newest
// tree.
func (s *Book) SignSums(ctx context.Context, text []byte) (*audit.Sums, error) {
	var sums *audit.Sums
	err := s.update(ctx, func(t *tx) error {
		l, err := t.log()
		if err != nil {
			return err
		}
		key, err := t.signingKey()
		if err != nil {
			return err
		}
		sums, err = key.SignSums(l.Origin, text)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("signing with the key of the log: %w", err)
	}
	return sums, nil
}

// OpenedRecord is the record that a part of an opening holds.
func OpenedRecord(p audit.Part) (*ConsentRecord, error) {
	w := new(ConsentRecord)
	if err := decode(p.Value, w); err != nil {
		return nil, err
	}
	const length = 1 + len(w.Alias) + 8 + len(w.ID)
	if len(p.Key) != length || p.Key[0] != historyPrefix || policy.Alias(p.Key[1:17]) != w.Alias ||
		binary.BigEndian.Uint64(p.Key[17:25]) != uint64(max(w.At, 0)) {
		return nil, fmt.Errorf("%w: the key of the opened record is not the record's", ErrUnreadable)
	}
	w.ID = RecordID(p.Key[25:])
	return w, nil
}
