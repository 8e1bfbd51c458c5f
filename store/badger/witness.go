package badger

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/waguard/waguard/internal/durable"
	"github.com/waguard/waguard/store"
)

// A witness is a small file that says how far a store had got, apart from the
// store. It is what tells a store that lost something from one that never had
// it: Badger takes a log that was cut, a table list that is a week old, or an
// empty directory, for all there is.
//
// There are two. One lies in the directory, knows every file there and is
// written with each commit. The other lies beside the directory, or where the
// operator says, and knows a second later how far it is: it notices when the
// whole directory is replaced by an older one, another one or none.
//
// A witness begins with two slots of 512 bytes, which are written in turn and in
// place; each holds a line with a head and its checksum. Then come a line of
// JSON and one with its checksum, which are only ever replaced together with
// the file. It holds nothing about anybody.
type witness struct {
	Version int `json:"version"`
	// Installation is that of the key of the pseudonyms: stores without it in
	// common know nobody in common.
	Installation string `json:"installation"`
	// Lineage is new whenever a backup is restored. Two stores of a lineage are one
	// at two times.
	Lineage string `json:"lineage"`
	// Restored is when the store was restored from a backup, until it is opened for
	// the first time.
	Restored string `json:"restored,omitempty"`
	// Backup is when the store was as that backup has it.
	Backup string `json:"backup,omitempty"`
	// Copied is when it was copied from another store, until it is opened for the first
	// time.
	Copied string `json:"copied,omitempty"`
	Schema uint64 `json:"schema"`
	Start  uint64 `json:"start"`
	// Logs are the *.mem files there are, by name, with what makes each unique. One
	// that is missing was written to tables, or the store has lost it.
	Logs map[string]string `json:"logs,omitempty"`
	// Tables are the *.sst files, by name, with what makes each unique.
	Tables map[string]string `json:"tables,omitempty"`
}

const (
	witnessVersion = 1
	// witnessName is that of the witness inside the directory.
	witnessName = "WITNESS"
	// witnessSuffix makes the path of the one beside it.
	witnessSuffix = ".witness"
	slotSize      = 512
	slotsSize     = 2 * slotSize
)

// head is how far a store had got.
type head struct {
	// Seq is the number of Badger's newest transaction.
	Seq uint64
	// Entry is the newest ledger entry, by its time.
	Entry store.ID
	// Frame is the number of the newest change that was acknowledged; see package wal.
	Frame uint64
}

// join is how far a store had got by two words on it.
func (h head) join(other head) head {
	if compareIDs(other.Entry, h.Entry) > 0 {
		h.Entry = other.Entry
	}
	h.Seq, h.Frame = max(h.Seq, other.Seq), max(h.Frame, other.Frame)
	return h
}

// errWitness: a witness is there and can't be read.
var errWitness = errors.New("the file is damaged")

// slot is a head as it stands in a slot: its numbers and a checksum in hexadecimal
// digits, and a line feed. Those of older stores have no number of a change.
func (h head) slot() []byte {
	line := make([]byte, 0, 80)
	line = hex.AppendEncode(line, binary.BigEndian.AppendUint64(nil, h.Seq))
	line = append(hex.AppendEncode(append(line, ' '), h.Entry[:]), ' ')
	line = append(hex.AppendEncode(line, binary.BigEndian.AppendUint64(nil, h.Frame)), ' ')
	line = hex.AppendEncode(line, binary.BigEndian.AppendUint32(nil, checksum(line)))
	return append(line, '\n')
}

func readSlot(b []byte) (h head, ok bool) {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	i := bytes.LastIndexByte(line, ' ')
	if i < 0 || string(line[i+1:]) != fmt.Sprintf("%08x", checksum(line[:i+1])) {
		return h, false
	}
	fields := strings.Fields(string(line))
	if len(fields) == 4 {
		var err error
		if h.Frame, err = strconv.ParseUint(fields[2], 16, 64); err != nil {
			return h, false
		}
	} else if len(fields) != 3 {
		return h, false
	}
	entry, err := hex.DecodeString(fields[1])
	if err != nil || len(entry) != len(h.Entry) {
		return h, false
	}
	copy(h.Entry[:], entry)
	h.Seq, err = strconv.ParseUint(fields[0], 16, 64)
	return h, err == nil
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// readWitness reads a witness. Where there is none the error is fs.ErrNotExist.
func readWitness(path string) (*witness, head, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, head{}, err
	}
	if len(content) < slotsSize {
		return nil, head{}, errWitness
	}
	body, sum, _ := bytes.Cut(content[slotsSize:], []byte("\n"))
	if strings.TrimSpace(string(sum)) != fmt.Sprintf("%08x", checksum(body)) {
		return nil, head{}, errWitness
	}
	w := new(witness)
	if err := json.Unmarshal(body, w); err != nil {
		return nil, head{}, errWitness
	}
	if w.Version != witnessVersion {
		return nil, head{}, fmt.Errorf("its version is %d, and this waguard knows %d", w.Version, witnessVersion)
	}
	first, ok := readSlot(content[:slotSize])
	second, ok2 := readSlot(content[slotSize:slotsSize])
	if !ok && !ok2 {
		return nil, head{}, errWitness
	}
	return w, first.join(second), nil // neither is ahead of the store
}

// writeWitness puts a witness in the place of the one at path, durably.
func writeWitness(path string, w *witness, h head) error {
	part, err := prepareWitness(path, w, h)
	if err != nil {
		return err
	}
	if err := errors.Join(part.Close(), os.Rename(part.Name(), path)); err != nil {
		return err
	}
	return durable.Names(filepath.Dir(path))
}

// prepareWitness writes a witness beside path, durably.
func prepareWitness(path string, w *witness, h head) (part *os.File, err error) {
	w.Version = witnessVersion
	body, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	content := bytes.Repeat([]byte(" "), slotsSize)
	copy(content, h.slot())
	copy(content[slotSize:], h.slot())
	content[slotSize-1], content[slotsSize-1] = '\n', '\n'
	content = fmt.Appendf(content, "%s\n%08x\n", body, checksum(body))
	if part, err = os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	if _, err = part.Write(content); err == nil {
		err = part.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, part.Close(), os.Remove(part.Name()))
	}
	return part, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
