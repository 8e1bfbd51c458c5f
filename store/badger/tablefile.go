package badger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/dgraph-io/badger/v4"
	boptions "github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/badger/v4/y"
	"google.golang.org/protobuf/proto"
)

// tableFile is what a table holds.
type tableFile struct {
	name        string
	id          string // from its end
	compression boptions.CompressionType
	key         uint64 // the number of the data key, zero where it isn't encrypted
	minVersion  uint64
	maxVersion  uint64
	commit      head // the newest
	dropped     bool // MANIFEST named it once, and says that it is no longer needed
	pointers    bool // it holds values that are in a *.vlog file
}

// largestFooter is more than the checksum of a table's index takes.
const largestFooter = 64

// tableID tells a table from every other one by its size and the checksum of its
// index, which lists all of its blocks.
func tableID(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	end := make([]byte, min(largestFooter, info.Size()))
	read := func() (string, error) {
		if _, err := file.ReadAt(end, info.Size()-int64(len(end))); err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		return identify(info.Size(), end)
	}
	// Badger writes the length of the checksum last. One reading can meet it behind a
	// checksum that wasn't there yet when its own bytes were read; the next one can't.
	if id, err := read(); err != nil {
		return id, err
	}
	return read()
}

func identify(size int64, end []byte) (string, error) {
	if len(end) < 4 {
		return "", errors.New("it is too short")
	}
	sum := int64(binary.BigEndian.Uint32(end[len(end)-4:]))
	if sum > int64(len(end)-4) || sum == 0 {
		return "", errors.New("its end is damaged")
	}
	return fmt.Sprintf("%d-%x", size, end[int64(len(end)-4)-sum:len(end)-4]), nil
}

// readTable reads all of a table and verifies it. It reads the file instead of
// mapping it: a mapped file that is cut while it is read ends the process.
func readTable(path, name string, listed badger.TableManifest, keys *dataKeys) (t *tableFile, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	dataKey, err := keys.key(listed.KeyID)
	if err != nil {
		return nil, err
	}
	t = &tableFile{name: name, compression: listed.Compression, key: listed.KeyID}
	if t.id, err = identify(int64(len(content)), content[max(0, len(content)-largestFooter):]); err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, errors.New("it can't be read")
		}
	}()
	opened, err := table.OpenInMemoryTable(content, uint64(numberOf(name)), &table.Options{ChkMode: boptions.OnBlockRead, Compression: listed.Compression, DataKey: dataKey, IndexCache: keys.indexes})
	if err != nil {
		return nil, errors.New("its index is damaged")
	}
	t.minVersion, t.maxVersion = math.MaxUint64, opened.MaxVersion()
	it := opened.NewIterator(table.NOCACHE)
	defer it.Close()
	count := uint32(0)
	for it.Rewind(); it.Valid(); it.Next() {
		count++
		t.minVersion = min(t.minVersion, y.ParseTs(it.Key()))
		if it.Key()[0] == commitPrefix {
			if h, ok := readCommit(it.Key(), it.Value().Value); ok && h.Seq > t.commit.Seq {
				t.commit = h
			}
		}
		t.pointers = t.pointers || it.Value().Meta&flagPointer != 0
	}
	// A block that is damaged ends the iteration like the end of the table.
	if count != opened.KeyCount() {
		return nil, fmt.Errorf("a block is damaged: %d of its %d records can be read up to there", count, opened.KeyCount())
	}
	return t, nil
}

// manifestFile is the list of tables.
type manifestFile struct {
	badger.Manifest
	// dropped are the tables that it once named, and says are no longer needed.
	dropped map[uint64]bool
	// torn is how many bytes at its end are none of it.
	torn int64
}

// readManifest reads the list of tables.
func readManifest(path string) (*manifestFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	m := &manifestFile{dropped: make(map[uint64]bool)}
	var end int64
	if m.Manifest, end, err = badger.ReplayManifestFile(file, 0, badger.DefaultOptions("").WithLogger(nil)); err != nil {
		return nil, err
	}
	m.torn = info.Size() - end
	// Badger has read and checked it up to there, and says which tables there are. The
	// changes say which there were.
	content := make([]byte, end)
	if _, err := file.ReadAt(content, 0); err != nil {
		return nil, err
	}
	const magic, header = 8, 8 // a change set has its length and its checksum before it
	for rest := content[magic:]; len(rest) > 0; {
		length := binary.BigEndian.Uint32(rest)
		var changes pb.ManifestChangeSet
		if err := proto.Unmarshal(rest[header:header+length], &changes); err != nil {
			return nil, err
		}
		for _, c := range changes.Changes {
			m.dropped[c.Id] = c.Op == pb.ManifestChange_DELETE
		}
		rest = rest[header+length:]
	}
	return m, nil
}
