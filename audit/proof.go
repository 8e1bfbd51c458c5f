package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// proofHeader is the first line of a proof.
const proofHeader = "c2sp.org/tlog-proof@v1"

// Prove is a file, as c2sp.org/tlog-proof lays it down, that shows the leaf index to be
// in the tree of a signed checkpoint of that size.
func Prove(index, size uint64, tiles TileReader, signed []byte) ([]byte, error) {
	if index >= size {
		return nil, fmt.Errorf("the leaf %d is in no tree of %d", index, size)
	}
	hashes, err := tlog.ProveRecord(int64(size), int64(index), tiles)
	if err != nil {
		return nil, fmt.Errorf("proving leaf %d: %w", index, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nindex %d\n", proofHeader, index)
	for _, h := range hashes {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	b.WriteString("\n")
	b.Write(signed)
	return []byte(b.String()), nil
}

// CheckProof verifies that proof shows leaf to be in a tree that the verifier's key has
// signed, and gives its index and the checkpoint.
func CheckProof(proof, leaf []byte, verifier string) (index uint64, c *Checkpoint, err error) {
	head, signed, ok := strings.Cut(string(proof), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || lines[0] != proofHeader {
		return 0, nil, fmt.Errorf("it is no proof: the first line must be %s", proofHeader)
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return 0, nil, errors.New("the proof names no index")
	}
	number, ok := strings.CutPrefix(lines[0], "index ")
	if index, err = strconv.ParseUint(number, 10, 62); !ok || err != nil {
		return 0, nil, errors.New("the proof names no index")
	}
	var hashes tlog.RecordProof
	for _, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return 0, nil, errors.New("a line of the proof is no hash")
		}
		hashes = append(hashes, h)
	}
	if c, err = Open([]byte(signed), verifier); err != nil {
		return 0, nil, err
	}
	if index >= c.Size {
		return 0, nil, fmt.Errorf("the leaf %d is in no tree of %d", index, c.Size)
	}
	if err := tlog.CheckRecord(hashes, int64(c.Size), c.Root, int64(index), HashLeaf(leaf)); err != nil {
		return 0, nil, fmt.Errorf("leaf %d: %w", index, err)
	}
	return index, c, nil
}

// ProveContinues is the proof that the tree of these tiles, of that size, continues an
// older one; see [CheckContinues].
func ProveContinues(older, size uint64, tiles TileReader) ([]Hash, error) {
	if older == 0 || older > size {
		return nil, fmt.Errorf("a tree of %d leaves continues none of %d", size, older)
	}
	return tlog.ProveTree(int64(size), int64(older), tiles)
}

// CheckContinues verifies the proof that the tree of a checkpoint continues that of an
// older one.
func CheckContinues(older, newer *Checkpoint, proof []Hash) error {
	if older.Origin != newer.Origin {
		return fmt.Errorf("it is %s, and was %s", newer.Origin, older.Origin)
	}
	if older.Size == 0 || older.Size > newer.Size {
		return fmt.Errorf("it had %d leaves, and has %d", older.Size, newer.Size)
	}
	return tlog.CheckTree(proof, int64(newer.Size), newer.Root, int64(older.Size), older.Root)
}

// CheckConsistent verifies that the tree of these tiles, of that size, continues an
// older one.
func CheckConsistent(older *Checkpoint, size uint64, root Hash, tiles TileReader) error {
	if older.Size > size {
		return fmt.Errorf("it had %d leaves, and has %d", older.Size, size)
	}
	if older.Size == 0 {
		return errors.New("it has no leaf")
	}
	proof, err := tlog.ProveTree(int64(size), int64(older.Size), tiles)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, int64(size), root, int64(older.Size), older.Root)
}
