package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"time"

	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/badger/v4/y"
	"github.com/dgraph-io/ristretto/v2/z"
	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
)

// Check verifies a store that no gateway uses: all files, and all records with
// what joins them. It changes nothing. A store the witness outside of the
// directory (see [Options.Witness]) or any file speaks against is not sound; an
// error is for what kept it from being checked.
func Check(ctx context.Context, dir, outside string) (*store.CheckReport, error) {
	return Place{Dir: dir, Witness: outside}.Check(ctx)
}

// Place is a store that no gateway uses.
type Place struct {
	// Dir is its directory, Witness where its witness is, if it isn't beside it.
	Dir, Witness string
	// EncryptionKey is the key it is encrypted with; none where it isn't.
	EncryptionKey []byte
}

// visit opens the directory to read it, and finds its witnesses.
func (p Place) visit() (*home, *witnesses, error) {
	outside := p.Witness
	if outside == "" {
		outside = filepath.Clean(p.Dir) + witnessSuffix
	}
	h, err := visitHome(p.Dir)
	if err != nil {
		return nil, nil, explain(p.Dir, err)
	}
	if err := h.halfCopied(); err != nil {
		return nil, nil, errors.Join(err, h.close())
	}
	known, err := findWitnesses(h, outside, zap.NewNop())
	if err == nil {
		err = h.unlock(p.EncryptionKey)
	}
	if err != nil {
		return nil, nil, errors.Join(explain(p.Dir, err), h.close())
	}
	return h, known, nil
}

// Check is [Check], of a store that may be encrypted.
func (p Place) Check(ctx context.Context) (*store.CheckReport, error) {
	dir := p.Dir
	h, known, err := p.visit()
	if err != nil {
		return nil, err
	}
	defer h.close()
	r := &store.CheckReport{Counts: make(map[string]int)}
	f, err := known.look(h)
	if err != nil {
		return nil, explain(dir, err)
	}
	r.Notes = append(known.notes, f.notes...)
	for _, name := range f.remove {
		r.Notes = append(r.Notes, name+" is damaged or was not finished; it holds nothing, and is made anew when the store is opened")
	}
	if loss := f.judge(h); loss != nil {
		r.Problem("%v", loss)
	}
	if f.empty {
		r.Problem("there is no store in %s", dir)
	}
	if len(f.damaged) > 0 || f.empty {
		return r, nil
	}
	raw, err := openRaw(h.at, f.survey)
	if err != nil {
		return nil, explain(dir, err)
	}
	defer raw.close()
	r.Tables, r.Logs, r.Bytes = len(f.tables), len(f.logs), h.size(raw.names)
	c := checker{ctx: ctx, records: raw, CheckReport: r}
	return r, c.run()
}

// visitHome opens a directory to read it. It keeps gateways out meanwhile.
func visitHome(dir string) (*home, error) {
	handle, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	h := &home{dir: dir, at: dir, handle: handle}
	if h.info, err = handle.Stat(); err == nil && !h.info.IsDir() {
		err = errors.New("it is a file, not a directory")
	}
	if err == nil {
		h.locked, err = lock(handle)
	}
	if err != nil {
		return nil, errors.Join(err, handle.Close())
	}
	return h, nil
}

// size is how many bytes files take.
func (h *home) size(names []string) (n int64) {
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(h.at, name)); err == nil {
			n += info.Size()
		}
	}
	return n
}

// raw are the records in the files of a store, without Badger, which could not
// open them without changing them.
type raw struct {
	tables []*table.Table
	logged logged
	names  []string
}

func openRaw(at string, s *survey) (r *raw, err error) {
	r = new(raw)
	defer func(opened *raw) {
		if err != nil {
			opened.close()
		}
	}(r)
	for _, t := range s.tables {
		file, err := z.OpenMmapFile(filepath.Join(at, t.name), os.O_RDONLY, 0)
		if err != nil {
			return nil, err
		}
		dataKey, err := s.keys.key(t.key)
		if err != nil {
			return nil, err
		}
		opened, err := table.OpenTable(file, table.Options{ReadOnly: true, Compression: t.compression, DataKey: dataKey, IndexCache: s.keys.indexes})
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", t.name, err)
		}
		r.tables, r.names = append(r.tables, opened), append(r.names, t.name)
	}
	for _, l := range s.logs {
		_, err := readLog(filepath.Join(at, l.name), l.name, s.keys, func(record logRecord) { r.logged = append(r.logged, record) })
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		r.names = append(r.names, l.name)
	}
	if err := r.readChanges(s); err != nil {
		return nil, err
	}
	slices.SortStableFunc(r.logged, func(a, b logRecord) int { return y.CompareKeys(a.key, b.key) })
	return r, nil
}

// readChanges takes the changes that are in their log alone for what they will be in
// Badger, which is newer than anything there.
func (r *raw) readChanges(s *survey) error {
	newest := newRecent()
	err := s.changes.Changes(func(number uint64, changes []byte) error {
		changes, err := s.cipher.open(number, changes)
		if err == nil {
			_, err = newest.replay(number, changes)
		}
		return err
	})
	if err != nil || newest.empty() {
		return err
	}
	records, err := newest.records(s.reached.join(newest.at), 0)
	for _, k := range records {
		record := logRecord{key: y.KeyWithTs([]byte(k.key), math.MaxUint64-1), value: k.value, expires: k.expires}
		if k.deleted {
			record.meta = deletedRecord
		}
		r.logged = append(r.logged, record)
	}
	return err
}

func (r *raw) close() {
	for _, t := range r.tables {
		t.Close(-1) // was only read
	}
}

// iterator goes through all versions of all records.
func (r *raw) iterator() y.Iterator {
	iterators := []y.Iterator{&loggedIterator{records: r.logged}}
	for _, t := range r.tables {
		iterators = append(iterators, t.NewIterator(table.NOCACHE))
	}
	return table.NewMergeIterator(iterators, false)
}

func (r *raw) all(prefix byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		it := r.iterator()
		defer it.Close()
		var last []byte
		for it.Seek(y.KeyWithTs([]byte{prefix}, ^uint64(0))); it.Valid() && it.Key()[0] == prefix; it.Next() {
			key := y.ParseKey(it.Key())
			if bytes.Equal(key, last) {
				continue // an older version
			}
			last = append(last[:0], key...)
			if v := it.Value(); !gone(v.Meta, v.ExpiresAt) && !yield(last, v.Value) {
				return
			}
		}
	}
}

// Get is the values of keys.
func (r *raw) Get(keys ...[]byte) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		values[i] = r.get(key)
	}
	return values, nil
}

func (r *raw) get(key []byte) []byte {
	it := r.iterator()
	defer it.Close()
	it.Seek(y.KeyWithTs(key, ^uint64(0)))
	if !it.Valid() || !bytes.Equal(y.ParseKey(it.Key()), key) {
		return nil
	}
	v := it.Value()
	if gone(v.Meta, v.ExpiresAt) {
		return nil
	}
	return bytes.Clone(v.Value)
}

// deletedRecord marks a record that was deleted.
const deletedRecord = 1

// gone reports a record that was deleted, or that Badger has let expire.
func gone(meta byte, expires uint64) bool {
	return meta&deletedRecord != 0 || expires != 0 && int64(expires) <= time.Now().Unix()
}

// logged are records of logs, sorted by key.
type logged []logRecord

// loggedIterator goes through them.
type loggedIterator struct {
	records logged
	at      int
}

func (i *loggedIterator) Next()       { i.at++ }
func (i *loggedIterator) Rewind()     { i.at = 0 }
func (i *loggedIterator) Key() []byte { return i.records[i.at].key }
func (i *loggedIterator) Valid() bool { return i.at < len(i.records) }
func (*loggedIterator) Close() error  { return nil }
func (i *loggedIterator) Seek(k []byte) {
	i.at = sort.Search(len(i.records), func(n int) bool { return y.CompareKeys(i.records[n].key, k) >= 0 })
}

func (i *loggedIterator) Value() y.ValueStruct {
	r := i.records[i.at]
	return y.ValueStruct{Value: r.value, Meta: r.meta, ExpiresAt: r.expires}
}
