package memory

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/waguard/waguard/store"
)

// maxChange is about how many bytes a transaction has room for.
const maxChange = 2 << 20

// Engine is a [store.Engine] that reckons with others over its space: a change
// that has read what another one has written since is run again.
type Engine struct {
	space  *Space
	now    func() time.Time
	start  uint64 // zero: it has company
	closed atomic.Bool
	// Reruns counts changes that were run again.
	Reruns atomic.Int64
}

// Close closes the engine, and leaves the space as it is.
func (e *Engine) Close() error {
	e.closed.Store(true)
	return nil
}

// Description is the key that was made with the space.
func (e *Engine) Description() store.Description {
	return store.Description{Key: e.space.key, Start: e.start}
}

// Serving says why the engine can't serve, if so.
func (e *Engine) serving(ctx context.Context) error {
	if e.closed.Load() {
		return store.ErrClosed
	}
	return ctx.Err()
}

// View runs read on what is committed.
func (e *Engine) View(ctx context.Context, read func(store.Records) error) error {
	if err := e.serving(ctx); err != nil {
		return err
	}
	return read(records{e})
}

// Update runs change and commits it, again and again until nothing it has read
// was written by others meanwhile.
func (e *Engine) Update(ctx context.Context, change func(store.Tx) error) error {
	for {
		if err := e.serving(ctx); err != nil {
			return err
		}
		t := newTx(e)
		err := change(t)
		holds := t.commit(err == nil)
		if holds {
			return err
		}
		e.Reruns.Add(1)
	}
}

// Redact lets redact change lines.
func (e *Engine) Redact(ctx context.Context, j store.Journal, ids []store.ID, redact func(*store.Line) error) error {
	if err := e.serving(ctx); err != nil {
		return err
	}
	s := e.space
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := make(map[store.ID]line)
	for _, id := range ids {
		l, ok := s.journals[j][id]
		if !ok {
			continue
		}
		if err := redact(&l.Line); err != nil {
			return err
		}
		l.version = s.version + 1
		changed[id] = l
	}
	s.version++
	maps.Copy(s.journals[j], changed)
	return nil
}

// records are those of the space, each read at its own moment.
type records struct{ *Engine }

func (r records) Get(keys ...[]byte) ([][]byte, error) {
	r.space.mu.RLock()
	defer r.space.mu.RUnlock()
	values := make([][]byte, len(keys))
	for i, key := range keys {
		values[i] = r.space.records[string(key)].value
	}
	return values, nil
}

func (r records) Scan(prefix []byte, visit func(key, value []byte) (bool, error)) error {
	return r.visit(prefix, func([]string) {}, visit)
}

func (r records) ScanBack(prefix, from []byte, visit func(key, value []byte) (bool, error)) error {
	return r.visit(prefix, slices.Reverse[[]string], func(key, value []byte) (bool, error) {
		if bytes.Compare(key, from) > 0 {
			return false, nil
		}
		return visit(key, value)
	})
}

func (r records) visit(prefix []byte, order func([]string), visit func(key, value []byte) (bool, error)) error {
	r.space.mu.RLock()
	keys := r.space.keys(prefix)
	r.space.mu.RUnlock()
	order(keys)
	for _, key := range keys {
		values, err := r.Get([]byte(key))
		if err != nil || values[0] == nil {
			return err
		}
		if enough, err := visit([]byte(key), values[0]); enough || err != nil {
			return err
		}
	}
	return nil
}

func (r records) Find(j store.Journal, id store.ID) (*store.Line, error) {
	r.space.mu.RLock()
	defer r.space.mu.RUnlock()
	return r.line(j, id), nil
}

// line is a copy of the line; nil where there is none. The caller holds the
// space's mu.
func (e *Engine) line(j store.Journal, id store.ID) *store.Line {
	l, ok := e.space.journals[j][id]
	if !ok {
		return nil
	}
	l.Left = l.start != e.start
	return &l.Line
}

func (r records) Walk(w store.Walk, visit func(*store.Line) (bool, error)) error {
	r.space.mu.RLock()
	var lines []*store.Line
	for id, l := range r.space.journals[w.Journal] {
		if compare(id, w.From) >= 0 && compare(id, w.Before) < 0 && l.Columns.Match(&w.Wanted) {
			lines = append(lines, r.line(w.Journal, id))
		}
	}
	r.space.mu.RUnlock()
	slices.SortFunc(lines, func(a, b *store.Line) int { return compare(b.ID, a.ID) })
	for _, l := range lines {
		if enough, err := visit(l); enough || err != nil {
			return err
		}
	}
	return nil
}

func compare(a, b store.ID) int { return bytes.Compare(a[:], b[:]) }

// Alone is an engine that has its space for itself. It runs one change after the
// other.
type Alone struct {
	Engine
	turn sync.Mutex
}

// Serving says why the engine can't serve, if so.
func (e *Alone) Serving(ctx context.Context) error { return e.serving(ctx) }

// Update runs change and commits it.
func (e *Alone) Update(ctx context.Context, change func(store.Tx) error) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	return e.Engine.Update(ctx, change)
}

// Interface guards
var (
	_ store.Engine    = (*Engine)(nil)
	_ store.Described = (*Engine)(nil)
	_ store.Engine    = (*Alone)(nil)
	_ store.Sole      = (*Alone)(nil)
	_ store.Redacting = (*Engine)(nil)
	_ store.SoleTx    = (*tx)(nil)
)
