package badger

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"os"
	"strconv"

	"github.com/waguard/waguard/store"
)

// The newest transactions are in logs, *.mem, until they are in tables. Badger
// reads a log up to the first byte it can't make sense of, and takes that for
// the end: what is behind it is gone, without a word. So waguard reads the logs
// first, without changing anything, and in the same way.
//
// A log begins with the number of the key it is encrypted with, which is zero for none,
// and twelve random bytes. Then come records: header, key, value, checksum. A
// transaction's records carry a flag, and a last one ends it, with its version.
// The rest of the file, which has its full size from the start, is zero.

const (
	logHeader = 20
	// Flags in the first byte of a record.
	flagPointer = 1 << 1
	flagTxn     = 1 << 6
	flagEnd     = 1 << 7
)

// endKey is the key of a transaction's last record, without its version.
var endKey = []byte("!badger!txn")

// logFile is what a log holds.
type logFile struct {
	name string
	id   string // from its header
	size int64
	// first and last are the numbers of its transactions, zero where they have
	// none: an older waguard wrote them.
	first, last head
	txns        int
	// minVersion and maxVersion are Badger's numbers of the same.
	minVersion, maxVersion uint64
	// gap: the numbers don't follow one another.
	gap bool
	// end is where reading stopped, rest how many bytes that aren't zero come behind
	// it.
	end, rest int64
	// later are the versions of transactions that end behind it, and could be read
	// but for what is in front of them.
	later []uint64
	// strange: it is encrypted with a key that is none of ours.
	strange bool
	// pointers: it holds values that are in a *.vlog file.
	pointers bool
}

// readLog reads a log. each is called with every record of it, unless it is nil.
func readLog(path, name string, keys *dataKeys, each func(logRecord)) (*logFile, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	l := &logFile{name: name, size: int64(len(content))}
	if len(content) < logHeader {
		l.rest = nonZero(content)
		return l, nil
	}
	l.id = hex.EncodeToString(content[:logHeader])
	l.end = logHeader
	cipher, err := keys.logCipherOf(content)
	if err != nil {
		l.strange = true
		return l, nil
	}
	l.replay(content, cipher, each)
	l.rest = nonZero(content[l.end:])
	if l.rest > 0 {
		l.later = endsIn(content, int(l.end), cipher)
	}
	return l, nil
}

// replay reads as Badger does.
func (l *logFile) replay(content []byte, cipher *logCipher, each func(logRecord)) {
	var version uint64 // of the transaction begun
	var number head
	var begun []logRecord
	for at := logHeader; ; {
		r, n := readLogRecord(content, at, cipher)
		if n == 0 {
			return
		}
		at += n
		switch {
		case r.meta&flagTxn != 0:
			if version == 0 {
				version = r.version()
			}
			if r.version() != version {
				return
			}
			if h, ok := readCommit(r.key, r.value); ok {
				number = h
			}
			if each != nil {
				begun = append(begun, r)
			}
		case r.meta&flagEnd != 0:
			ended, err := strconv.ParseUint(string(r.value), 10, 64)
			if err != nil || ended != version {
				return
			}
			l.committed(version, number)
			for _, r := range begun {
				each(r)
			}
			version, number, begun = 0, head{}, begun[:0]
			l.end = int64(at)
		default: // by a backup that was being restored
			if version != 0 {
				return
			}
			l.maxVersion = max(l.maxVersion, r.version())
			l.end = int64(at)
			if each != nil {
				each(r)
			}
		}
		l.pointers = l.pointers || r.meta&flagPointer != 0
	}
}

func (l *logFile) committed(version uint64, number head) {
	if l.txns++; l.txns == 1 {
		l.minVersion = version
	}
	l.maxVersion = max(l.maxVersion, version)
	if number.Seq == 0 {
		return
	}
	if l.first.Seq == 0 {
		l.first = number
	} else if number.Seq != l.last.Seq+1 {
		l.gap = true
	}
	l.last = number
}

// logRecord is one of a log.
type logRecord struct {
	meta       byte
	key, value []byte
	expires    uint64
}

// version is that of a key, which ends with it.
func (r logRecord) version() uint64 { return versionOf(r.key) }

func versionOf(key []byte) uint64 {
	if len(key) < 8 {
		return 0
	}
	return ^binary.BigEndian.Uint64(key[len(key)-8:])
}

// readLogRecord reads the record at a place, and gives its length; zero where there is
// none.
func readLogRecord(content []byte, at int, cipher *logCipher) (r logRecord, n int) {
	const largestKey = 1 << 16
	b := content[at:]
	if len(b) < 2 {
		return r, 0
	}
	r.meta, n = b[0], 2
	var lengths [3]uint64 // of key and value; when it expires
	for i := range lengths {
		v, k := binary.Uvarint(b[n:])
		if k <= 0 {
			return r, 0
		}
		lengths[i], n = v, n+k
	}
	key, value := lengths[0], lengths[1]
	r.expires = lengths[2]
	if key == 0 || key > largestKey || value > uint64(len(b)) || uint64(n)+key+value+crc32.Size > uint64(len(b)) {
		return r, 0
	}
	begin := n
	n += int(key + value)
	if binary.BigEndian.Uint32(b[n:]) != checksum(b[:n]) {
		return r, 0
	}
	plain := cipher.open(at, b[begin:n])
	r.key, r.value = plain[:key], plain[key:]
	return r, n + crc32.Size
}

// endsIn are the versions of the transactions whose last record is somewhere behind a
// place.
func endsIn(content []byte, at int, cipher *logCipher) (versions []uint64) {
	const version = 8
	begins := []byte{flagEnd, 0, byte(len(endKey) + version)} // flags, and the length of its key
	for ; ; at++ {
		i := bytes.Index(content[at:], begins)
		if i < 0 {
			return versions
		}
		at += i
		if r, n := readLogRecord(content, at, cipher); n > 0 && bytes.HasPrefix(r.key, endKey) {
			versions = append(versions, r.version())
		}
	}
}

func nonZero(b []byte) (n int64) {
	for _, c := range b {
		if c != 0 {
			n++
		}
	}
	return n
}

// Every transaction writes this record: its number, the newest entry of the ledger,
// and the newest change in the log of changes that it holds. It is never deleted, so the newest of all tables tells what they hold.
var commitKey = []byte{commitPrefix}

func (h head) commit() []byte {
	return binary.BigEndian.AppendUint64(append(binary.BigEndian.AppendUint64(nil, h.Seq), h.Entry[:]...), h.Frame)
}

// readCommit reads a record with its versioned key, if it is this one.
func readCommit(versionedKey, value []byte) (h head, ok bool) {
	if len(versionedKey) != len(commitKey)+8 || versionedKey[0] != commitPrefix {
		return h, false
	}
	return decodeCommit(value)
}

func decodeCommit(value []byte) (h head, ok bool) {
	const short = 8 + len(store.ID{}) // as it was while there was no log of changes
	if len(value) != short && len(value) != short+8 {
		return h, false
	}
	h.Seq = binary.BigEndian.Uint64(value)
	copy(h.Entry[:], value[8:])
	if len(value) > short {
		h.Frame = binary.BigEndian.Uint64(value[short:])
	}
	return h, true
}
