package memory

import (
	"time"

	"github.com/waguard/waguard/store"
)

// tx collects what a change leaves, and which versions of what it has read.
type tx struct {
	engine *Engine
	writes map[string]record
	lines  map[lineName]*store.Line
	// settled are those of lines that others entered.
	settled map[lineName][]byte
	read    map[string]uint64
	found   map[lineName]uint64
	after   []func()
	size    int
}

type lineName struct {
	journal store.Journal
	id      store.ID
}

func newTx(e *Engine) *tx {
	return &tx{
		engine: e, writes: make(map[string]record), lines: make(map[lineName]*store.Line),
		settled: make(map[lineName][]byte), read: make(map[string]uint64), found: make(map[lineName]uint64),
	}
}

func (t *tx) Get(keys ...[]byte) ([][]byte, error) {
	s := t.engine.space
	s.mu.RLock()
	defer s.mu.RUnlock()
	values := make([][]byte, len(keys))
	for i, key := range keys {
		if w, ok := t.writes[string(key)]; ok {
			values[i] = w.value
			continue
		}
		r := s.records[string(key)]
		if _, again := t.read[string(key)]; !again {
			t.read[string(key)] = r.version
		}
		values[i] = r.value
	}
	return values, nil
}

// Pending is what the transaction has left under key.
func (t *tx) Pending(key []byte) ([]byte, bool) {
	w, ok := t.writes[string(key)]
	return w.value, ok
}

func (t *tx) Find(j store.Journal, id store.ID) (*store.Line, error) {
	name := lineName{j, id}
	if l, ok := t.lines[name]; ok {
		return l, nil
	}
	s := t.engine.space
	s.mu.RLock()
	defer s.mu.RUnlock()
	if _, again := t.found[name]; !again {
		t.found[name] = s.journals[j][id].version
	}
	l := t.engine.line(j, id)
	if settled, ok := t.settled[name]; ok && l != nil {
		l.Settled = settled
	}
	return l, nil
}

func (t *tx) Put(key, value []byte, keep time.Duration) error {
	w := record{value: value}
	if keep > 0 {
		w.until = t.engine.now().Add(keep)
	}
	t.writes[string(key)] = w
	return t.grow(len(key) + len(value))
}

func (t *tx) Delete(key []byte) error {
	t.writes[string(key)] = record{}
	return t.grow(len(key))
}

func (t *tx) Append(j store.Journal, l *store.Line) error {
	entered := *l
	t.lines[lineName{j, l.ID}] = &entered
	return t.grow(len(l.Data))
}

func (t *tx) Settle(j store.Journal, id store.ID, settled []byte, _ string) error {
	name := lineName{j, id}
	if l, ok := t.lines[name]; ok {
		l.Settled = settled
	} else {
		t.settled[name] = settled
	}
	return t.grow(len(settled))
}

func (t *tx) Committed(f func()) { t.after = append(t.after, f) }

func (t *tx) grow(n int) error {
	if t.size += n; t.size > maxChange {
		return store.ErrTooBig
	}
	return nil
}

// commit puts what the change has left into the space, if it is to be kept. It
// reports false, and does nothing, where what the change has read no longer holds.
func (t *tx) commit(keep bool) bool {
	s := t.engine.space
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, version := range t.read {
		if s.records[key].version != version {
			return false
		}
	}
	for name, version := range t.found {
		if s.journals[name.journal][name.id].version != version {
			return false
		}
	}
	if !keep {
		return true
	}
	s.version++
	for key, w := range t.writes {
		w.version = s.version
		s.records[key] = w
	}
	for name, l := range t.lines {
		s.journals[name.journal][name.id] = line{*l, s.version, t.engine.start}
	}
	for name, settled := range t.settled {
		if l, ok := s.journals[name.journal][name.id]; ok {
			l.Settled, l.version = settled, s.version
			s.journals[name.journal][name.id] = l
		}
	}
	for _, f := range t.after {
		f()
	}
	return true
}
